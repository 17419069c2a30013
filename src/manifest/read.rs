//! A whole text to documents: a stream of JSON values or of YAML documents, as kubectl tells them apart.

use super::split::{self, Chunk};
use super::tree::{NodeKind, Span};
use super::{SyntaxError, Tree, build, json};

/// One document of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Document<'t> {
    /// The text it was read from, its separator included where that comes first.
    pub span: Span,
    /// Its values, or why it cannot be read. kubectl stops at the first document it cannot read; this does not.
    pub content: Result<Tree<'t>, SyntaxError>,
}

/// How far kubectl looks for the brace that begins a JSON stream.
const JSON_WINDOW: usize = 4096;

/// Reads the documents of a text. Those that hold nothing (or `null`) are left out.
///
/// A text that begins with `{` is read as JSON values after one another. If that fails at the first or second value,
/// the rest is read as YAML, which has braces too.
///
/// ```
/// use jobguard::manifest::read;
/// let documents = read("kind: Job\n---\nkind: [\n---\nkind: CronJob\n");
/// assert_eq!(documents.len(), 3);
/// assert!(documents[1].content.is_err());
/// ```
pub fn read(text: &str) -> Vec<Document<'_>> {
    let mut documents = Vec::new();
    let start = text.len() - text.trim_start().len();
    if start < JSON_WINDOW && text[start..].starts_with('{') {
        read_json(text, &mut documents);
    } else {
        read_yaml(text, 0, &mut documents);
    }
    documents
}

fn read_json<'t>(text: &'t str, documents: &mut Vec<Document<'t>>) {
    let mut at = 0;
    let mut count = 0;
    let error = loop {
        let rest = &text[at..];
        let start = at + (rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len());
        if start == text.len() {
            return;
        }
        match json::read(text, start) {
            Ok((tree, end)) => {
                count += 1;
                at = end;
                if tree[tree.root()].kind != NodeKind::Null {
                    documents.push(Document { span: Span::new(start, end), content: Ok(tree) });
                }
            }
            Err(error) => break error,
        }
    };
    if count > 1 {
        // Surely JSON, and kubectl gives up here. Anything readable starts at a separator.
        let next = text[at..].find("\n---").map(|n| at + n + 1);
        let end = next.unwrap_or(text.len());
        documents.push(Document { span: Span::new(at, end), content: Err(error) });
        if let Some(next) = next {
            read_yaml(text, next, documents);
        }
        return;
    }
    // The blanks after the last value, up to the end of its line, do not belong to the YAML.
    let blanks = text[at..].len() - text[at..].trim_start().len();
    let from = match text[at..at + blanks].find('\n') {
        Some(n) => at + n + 1,
        None => at + blanks,
    };
    let first = documents.len();
    read_yaml(text, from, documents);
    // What is not YAML either, but looks like JSON, is broken JSON.
    if let Some(Document { span, content: content @ Err(_) }) = documents.get_mut(first)
        && looks_like_json(&text[span.start..])
    {
        *content = Err(error);
    }
}

/// Whether a text begins as an object in JSON does and one in YAML rarely: with a brace and a quoted key.
fn looks_like_json(text: &str) -> bool {
    text.trim_start().strip_prefix('{').is_some_and(|inner| inner.trim_start().starts_with('"'))
}

fn read_yaml<'t>(text: &'t str, from: usize, documents: &mut Vec<Document<'t>>) {
    let chunks = split::split(text, from);
    documents.reserve(chunks.len());
    let mut chunks = chunks.into_iter().peekable();
    while let Some(chunk) = chunks.next() {
        match chunk {
            Chunk::Document(span) => read_chunk(text, span, documents),
            Chunk::BadSeparator { before, line, rest } => {
                let mut span = line;
                if rest.is_some() {
                    // The lines that follow belong to what stands on the separator's line.
                    if let Some(Chunk::Document(body)) = chunks.next_if(|c| matches!(c, Chunk::Document(_))) {
                        span.end = body.end;
                    }
                }
                // kubectl loses the document before the line too, so the error comes first.
                let error = SyntaxError::bad_separator(text, line, rest);
                documents.push(Document { span, content: Err(error) });
                read_chunk(text, before, documents);
            }
        }
    }
}

fn read_chunk<'t>(text: &'t str, span: Span, documents: &mut Vec<Document<'t>>) {
    match build::build(text, span) {
        Ok(None) => {}
        Ok(Some(tree)) => documents.push(Document { span, content: Ok(tree) }),
        Err(error) => documents.push(Document { span, content: Err(error) }),
    }
}
