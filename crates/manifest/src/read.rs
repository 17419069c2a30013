//! A whole text to documents: a stream of JSON values or of YAML documents, as kubectl tells them apart.

use super::split::{self, Chunk};
use super::tree::{NodeKind, Span};
use super::{SyntaxError, Tree, Within, json, yaml};

/// One document of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Document<'t> {
    /// The text it was read from, its separator included where that comes first.
    pub span: Span,
    /// Its values, or why it cannot be read. kubectl stops at the first document it cannot read; this does not.
    pub content: Result<Tree<'t>, SyntaxError>,
    /// Text behind the document's value that kubectl never reads and never objects to: what follows `...`, or keys
    /// that are indented less than the first. That is never meant.
    pub ignored: Option<Span>,
}

/// How far kubectl looks for the brace that begins a JSON stream.
const JSON_WINDOW: usize = 4096;

/// How many bytes there must be for kubectl to look for YAML where there is no more JSON.
const LOOKAHEAD: usize = 4;

/// Reads the documents of a text. Those that hold nothing (or `null`) are left out.
///
/// A text that begins with `{` is read as JSON values after one another. If that fails at the first or second value,
/// the rest is read as YAML, which has braces too.
///
/// ```
/// use jobguard_manifest::read;
/// let documents = read("kind: Job\n---\nkind: [\n---\nkind: CronJob\n");
/// assert_eq!(documents.len(), 3);
/// assert!(documents[1].content.is_err());
/// ```
pub fn read(text: &str) -> Vec<Document<'_>> {
    let mut documents = Vec::new();
    read_each(text, |document| documents.push(document));
    documents
}

/// As [`read`], one document at a time: a large text may have millions, and most are of no interest to anybody.
pub fn read_each<'t>(text: &'t str, each: impl FnMut(Document<'t>)) {
    read_each_within(text, None, each);
}

/// As [`read_each`], of objects that are no larger than that. In the place of a document with a larger one, there is an
/// error that says so.
pub fn read_each_within<'t>(text: &'t str, within: Option<&Within<'_>>, mut each: impl FnMut(Document<'t>)) {
    let mark = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    let start = text.len() - text[mark..].trim_start().len();
    if start - mark < JSON_WINDOW && text[start..].starts_with('{') {
        read_json(text, mark, within, &mut each);
    } else {
        read_yaml(text, mark, within, &mut each);
    }
}

/// Where documents go.
type Each<'e, 't> = dyn FnMut(Document<'t>) + 'e;

fn read_json<'t>(text: &'t str, mut at: usize, within: Option<&Within<'_>>, each: &mut Each<'_, 't>) {
    let mut count = 0;
    let error = loop {
        let rest = &text[at..];
        let start = at + (rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len());
        if start == text.len() {
            return;
        }
        match json::read(text, start, within) {
            Ok((tree, end)) => {
                count += 1;
                at = end;
                if tree[tree.root()].kind != NodeKind::Null {
                    each(Document { span: Span::new(start, end), content: Ok(tree), ignored: None });
                }
            }
            Err(unread) => {
                let Some(end) = unread.end else { break unread.error };
                count += 1;
                at = end;
                each(Document { span: Span::new(start, end), content: Err(unread.error), ignored: None });
            }
        }
    };
    if count > 1 {
        // Surely JSON, and kubectl gives up here. Anything readable starts at a separator.
        let next = text[at..].find("\n---").map(|n| at + n + 1);
        let end = next.unwrap_or(text.len());
        each(Document { span: Span::new(at, end), content: Err(error), ignored: None });
        if let Some(next) = next {
            read_yaml(text, next, within, each);
        }
        return;
    }
    // The blanks after the last value, up to the end of its line, do not belong to the YAML.
    let blanks = text[at..].len() - text[at..].trim_start().len();
    let line_end = text[at..at + blanks].find('\n');
    let last = at + line_end.unwrap_or(blanks);
    if text.len() - last < LOOKAHEAD {
        each(Document { span: Span::new(at, text.len()), content: Err(error), ignored: None });
        return;
    }
    let from = if line_end.is_some() { last + 1 } else { last };
    let mut error = Some(error);
    read_yaml(text, from, within, &mut |mut document| {
        // What is not YAML either, but looks like JSON, is broken JSON.
        if let Some(error) = error.take()
            && document.content.is_err()
            && looks_like_json(&text[document.span.start..])
        {
            document.content = Err(error);
        }
        each(document);
    });
}

/// Whether a text begins as an object in JSON does and one in YAML rarely: with a brace and a quoted key.
fn looks_like_json(text: &str) -> bool {
    text.trim_start().strip_prefix('{').is_some_and(|inner| inner.trim_start().starts_with('"'))
}

fn read_yaml<'t>(text: &'t str, from: usize, within: Option<&Within<'_>>, each: &mut Each<'_, 't>) {
    let mut chunks = split::split(text, from).peekable();
    while let Some(chunk) = chunks.next() {
        match chunk {
            Chunk::Document(span) => read_chunk(text, span, within, each),
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
                each(Document { span, content: Err(error), ignored: None });
                read_chunk(text, before, within, each);
            }
        }
    }
}

fn read_chunk<'t>(text: &'t str, span: Span, within: Option<&Within<'_>>, each: &mut Each<'_, 't>) {
    match yaml::read(text, span, within) {
        Ok(None) => {}
        Ok(Some(yaml::Document { tree, ignored })) => each(Document { span, content: Ok(tree), ignored }),
        Err(error) => each(Document { span, content: Err(error), ignored: None }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Vec<String> {
        let documents = read(text);
        let shown = |d: &Document<'_>| match &d.content {
            Ok(tree) => tree.to_value(tree.root()).to_string(),
            Err(error) => format!("{:?} at {}", error.message, error.span.start),
        };
        documents.iter().map(shown).collect()
    }

    #[test]
    fn a_broken_document_hides_no_other() {
        assert_eq!(
            shape("a: 1\n---\nb: [\n---\nc: 3\n"),
            ["{\"a\":1}", "\"the `[` opened here is never closed\" at 12", "{\"c\":3}"]
        );
        // kubectl never gets to the document before a malformed separator, so the error comes first.
        assert_eq!(shape("a: 1\n----\nb: 2\n").len(), 3);
        assert_eq!(shape("a: 1\n--- b: 2\nc: 3\n")[1..], ["{\"a\":1}"]);
        assert_eq!(shape("---\t# x\na: 1\n---\t# x\nb: 2\n"), ["{\"a\":1}", "{\"b\":2}"]);
    }

    #[test]
    fn json_streams_and_what_only_looks_like_one() {
        assert_eq!(shape("{\"a\": 1}\n{\"b\": 2} [3]\n"), ["{\"a\":1}", "{\"b\":2}", "[3]"]);
        assert_eq!(shape("{\"a\": 1}\n---\nb: 2\n---\nc: 3\n"), ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"]);
        assert_eq!(shape("{a: 1}\n---\nb: 2\n"), ["{\"a\":1}", "{\"b\":2}"]);
        assert_eq!(
            shape("{\"a\": 1} {\"b\": 2} x\n---\nc: 3\n"),
            ["{\"a\":1}", "{\"b\":2}", "\"a JSON value is expected here\" at 18", "{\"c\":3}"]
        );
    }

    #[test]
    fn what_kubectl_drops_is_known() {
        let ignored = |text: &str| read(text)[0].ignored.map(|span| text[span.start..span.end].to_owned());
        assert_eq!(ignored("  kind: Job\nspec: {}\n").as_deref(), Some("spec: {}"));
        assert_eq!(ignored("kind: Job\n...\nspec: {}\n").as_deref(), Some("spec: {}"));
        assert_eq!(ignored("kind: Job\n# c\n...\n# d\n"), None);
        assert_eq!(ignored("{kind: Job}\n\n"), None);
    }

    #[test]
    fn an_end_needs_a_beginning() {
        for text in ["...\na: 1\n", "# c\n...\na: 1\n", "\u{feff}...\n"] {
            let shape = shape(text);
            assert!(shape[0].contains("but none has begun"), "{shape:?}");
        }
        assert_eq!(shape("...: 1\n"), ["{\"...\":1}"]);
        assert_eq!(shape("---\n...\na: 1\n"), [""; 0]);
    }

    #[test]
    fn empty_documents_are_left_out() {
        assert_eq!(shape("---\n---\n# c\n---\nnull\n---\na: 1\n---\n"), ["{\"a\":1}"]);
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(512))]

        #[test]
        fn never_panics_and_spans_fit(text in "([a-c0-9:\\-?,#&*!|>'\"%@`{}\\[\\]\\\\\n\r\t <\u{e9}\u{2028}\u{feff}.~=]|: |- |\n  |<<: |--- ?\n|\\\\'){0,60}") {
            let fits = |span: Span| text.get(span.start..span.end).is_some();
            for document in read(&text) {
                proptest::prop_assert!(fits(document.span));
                proptest::prop_assert!(document.ignored.is_none_or(fits));
                match document.content {
                    Err(error) => proptest::prop_assert!(fits(error.span), "{error:?}"),
                    Ok(tree) => {
                        tree.to_value(tree.root());
                        let mut open = vec![tree.root()];
                        while let Some(id) = open.pop() {
                            proptest::prop_assert!(fits(tree[id].span), "{:?}", tree[id]);
                            match &tree[id].kind {
                                NodeKind::Seq(items) => open.extend(items),
                                NodeKind::Map(entries) => {
                                    proptest::prop_assert!(entries.iter().all(|e| fits(e.key_span)), "{entries:?}");
                                    open.extend(entries.iter().map(|e| e.value));
                                }
                                _ => {}
                            }
                        }
                    }
                }
            }
        }

        #[test]
        fn json_goes_round(value in values()) {
            let wrapped = serde_json::json!({ "v": value });
            for text in [wrapped.to_string(), format!("{wrapped:#}")] {
                let documents = read(&text);
                let tree = documents[0].content.as_ref().unwrap();
                proptest::prop_assert_eq!(&tree.to_value(tree.root()), &wrapped);
                let yaml = format!("# comment\n{text}");
                let documents = read(&yaml);
                let tree = documents[0].content.as_ref().unwrap();
                proptest::prop_assert_eq!(&tree.to_value(tree.root()), &wrapped);
            }
        }
    }

    /// JSON values that read the same as YAML: without floating point numbers, which YAML may make whole.
    fn values() -> impl proptest::strategy::Strategy<Value = serde_json::Value> {
        use proptest::prelude::*;
        use serde_json::Value;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            "[a-z\u{e9}\u{1F600}:#,\"\\\\ \n-]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-z0-9 :-]{0,6}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }
}
