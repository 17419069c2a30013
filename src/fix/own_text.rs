//! The text of one document by itself.

use std::borrow::Cow;

use jobguard_manifest::Span;

/// What a separator before a document is replaced by. Without one, a document that begins with a brace would be read as
/// JSON.
const SEPARATOR: &str = "---\n";

/// The text of one document by itself, which is read as it is among the others.
pub(super) struct OwnText<'t> {
    text: Cow<'t, str>,
    /// How many bytes of it are not the document's.
    added: usize,
}

impl<'t> OwnText<'t> {
    /// The document at `span` of `text`; none if that is not a piece of it.
    pub(super) fn of(text: &'t str, span: Span) -> Option<Self> {
        let own = text.get(span.start..span.end)?;
        let line_before = text[..span.start].strip_suffix('\n').map(|before| {
            let start = before.rfind('\n').map_or(0, |end| end + 1);
            &before[start..]
        });
        Some(if line_before.is_some_and(|line| line.starts_with("---")) {
            Self { text: format!("{SEPARATOR}{own}").into(), added: SEPARATOR.len() }
        } else {
            Self { text: own.into(), added: 0 }
        })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What the document has become in a changed version of the text; none if the separator is not there any more.
    pub(super) fn changed<'c>(&self, changed: &'c str) -> Option<&'c str> {
        changed.strip_prefix(&self.text[..self.added])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jobguard_manifest::read;

    #[test]
    fn each_document_reads_as_it_does_among_others() {
        for text in [
            "a: 1\n---\n{b: 2}\n--- # c\r\n{\"d\": 'e'}\n",
            "\u{feff}a: 1\n---\nb: [\n---\nc: 3\n",
            "{\"a\": 1}\n{\"b\": 2} [3]\n",
            "a: 1\n--- b: 2\nc: 3\n---\n{d: 4}\n",
            "---\na: 1\n",
        ] {
            for document in read(text) {
                let own = OwnText::of(text, document.span).unwrap();
                let alone = read(own.text());
                assert_eq!(alone.len(), 1, "{:?}", own.text());
                let value = |document: &jobguard_manifest::Document<'_>| {
                    document.content.as_ref().ok().map(|tree| tree.to_value(tree.root()))
                };
                assert_eq!(value(&alone[0]), value(&document), "{:?}", own.text());
                assert_eq!(own.changed(own.text()), text.get(document.span.start..document.span.end));
            }
        }
    }
}
