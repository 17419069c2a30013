//! The texts that are open, as the editor has them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lsp_types::{TextDocumentContentChangeEvent, Uri};

use super::position::{Encoding, Places};
use super::uri::{name_of, path_of};

/// A larger text is no manifest, as in `lint`. In bytes.
const MAX_TEXT: usize = 64 << 20;

/// A text that is open: cheap to copy, and a copy stays as it is.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) uri: Uri,
    /// Its file; none where it was never saved.
    pub(super) path: Option<PathBuf>,
    /// The editor's number of the text.
    pub(super) version: i32,
    /// Ours: no two texts have the same, whatever the editor's numbers do.
    pub(super) edit: u64,
    pub(super) text: Arc<String>,
    /// Whether it is YAML or JSON.
    pub(super) is_ours: bool,
}

impl Document {
    pub(super) fn new(uri: Uri, language: &str, version: i32, text: String) -> Self {
        let path = path_of(uri.as_str());
        let is_ours = is_ours(language, path.as_deref().unwrap_or(Path::new(name_of(uri.as_str()))));
        Self { uri, path, version, edit: 0, text: Arc::new(text), is_ours }
    }

    /// Whether it is looked at: of our languages, and not too large for a manifest.
    pub(super) fn is_judged(&self) -> bool {
        self.is_ours && self.text.len() <= MAX_TEXT
    }

    /// Its file's name, or that of the text.
    pub(super) fn name(&self) -> String {
        match &self.path {
            Some(path) => path.display().to_string(),
            None => name_of(self.uri.as_str()).to_owned(),
        }
    }

    /// Applies changes in their order, each to the text that the one before has left.
    pub(super) fn change(&mut self, changes: Vec<TextDocumentContentChangeEvent>, encoding: Encoding) {
        let text = Arc::make_mut(&mut self.text);
        for TextDocumentContentChangeEvent { range, text: with, .. } in changes {
            match range {
                None => *text = with,
                Some(range) => {
                    let span = Places::new(text, encoding).span(range);
                    text.replace_range(span.start..span.end, &with);
                }
            }
        }
    }
}

/// Templates of charts are a language of their own where the editor knows it.
fn is_ours(language: &str, path: &Path) -> bool {
    let ends = matches!(path.extension().and_then(|end| end.to_str()), Some("yaml" | "yml" | "json"));
    match language.split('.').next().unwrap_or_default() {
        "yaml" | "json" | "jsonc" => true,
        "helm" | "gotmpl" | "jinja" | "jinja-yaml" => false,
        _ => ends,
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use lsp_types::{Position, Range};

    use super::*;

    fn document(language: &str, uri: &str) -> Document {
        Document::new(Uri::from_str(uri).unwrap(), language, 1, "a: 1\n".to_owned())
    }

    #[test]
    fn languages() {
        assert!(document("yaml", "untitled:Untitled-1").is_ours);
        assert!(document("yaml.docker-compose", "file:///a").is_ours);
        assert!(document("plaintext", "file:///a.yml").is_ours);
        assert!(!document("helm", "file:///templates/a.yaml").is_ours);
        assert!(!document("markdown", "file:///a.md").is_ours);
    }

    #[test]
    fn changes_one_after_another() {
        let mut document = document("yaml", "file:///a.yaml");
        let old = document.clone();
        let change = |from: (u32, u32), to: (u32, u32), text: &str| TextDocumentContentChangeEvent {
            range: Some(Range::new(Position::new(from.0, from.1), Position::new(to.0, to.1))),
            range_length: None,
            text: text.to_owned(),
        };
        document.change(
            vec![
                change((0, 3), (0, 4), "😀"),
                change((0, 5), (0, 5), "!"),
                // The wrong way round, and beyond every end.
                change((9, 9), (1, 0), "b: 2\n"),
            ],
            Encoding::Utf16,
        );
        assert_eq!(*document.text, "a: 😀!\nb: 2\n");
        assert_eq!(*old.text, "a: 1\n");
        let whole = TextDocumentContentChangeEvent { range: None, range_length: None, text: "c".to_owned() };
        document.change(vec![whole], Encoding::Utf16);
        assert_eq!(*document.text, "c");
    }
}
