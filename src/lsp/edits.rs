//! Changes of a document, as an editor applies them: of the text that they were made for, and of no other.

use std::collections::HashMap;

use lsp_types::{
    DocumentChanges, OneOf, OptionalVersionedTextDocumentIdentifier, Range, TextDocumentEdit, TextEdit,
    WorkspaceEdit,
};

use super::position::Places;
use super::shared::Snapshot;
use crate::diagnostic::Change;
use jobguard_manifest::Span;
use jobguard_manifest::edit::TextEdit as ByteEdit;

/// A change of one document.
pub(super) fn edit(snapshot: &Snapshot, edits: Vec<TextEdit>) -> WorkspaceEdit {
    let (uri, version) = (snapshot.document.uri.clone(), snapshot.document.version);
    if !snapshot.client.versioned_edits {
        // The protocol has it so: a URI is a key there, and is not changed.
        #[expect(clippy::mutable_key_type, reason = "the protocol's own type")]
        let changes = HashMap::from([(uri, edits)]);
        return WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() };
    }
    let text_document = OptionalVersionedTextDocumentIdentifier { uri, version: Some(version) };
    let edits = edits.into_iter().map(OneOf::Left).collect();
    let changes = DocumentChanges::Edits(vec![TextDocumentEdit { text_document, edits }]);
    WorkspaceEdit { document_changes: Some(changes), ..WorkspaceEdit::default() }
}

/// What a fix changes.
pub(super) fn of_change(places: &Places<'_>, change: &Change) -> Vec<TextEdit> {
    let edit = |range: Range, with: &str| TextEdit { range, new_text: with.to_owned() };
    change.replacements.iter().map(|one| edit(places.of_region(one.region), &one.with)).collect()
}

/// Some bytes replaced.
pub(super) fn of_bytes(places: &Places<'_>, edits: &[ByteEdit]) -> Vec<TextEdit> {
    edits
        .iter()
        .map(|edit| TextEdit { range: places.range(edit.span), new_text: edit.with.clone() })
        .collect()
}

/// One replacement that makes another text of it: of the lines between those that both texts begin and end with, so that
/// the cursor stays where it is.
pub(super) fn between(places: &Places<'_>, after: &str) -> TextEdit {
    let before = places.text();
    let common = |(a, b): &(&str, &str)| a == b;
    let (old, new) = (before.split_inclusive('\n'), after.split_inclusive('\n'));
    let start: usize = old.zip(new).take_while(common).map(|(line, _)| line.len()).sum();
    let (old, new) =
        (before[start..].split_inclusive('\n').rev(), after[start..].split_inclusive('\n').rev());
    let end: usize = old.zip(new).take_while(common).map(|(line, _)| line.len()).sum();
    let span = Span::new(start, before.len() - end);
    TextEdit { range: places.range(span), new_text: after[start..after.len() - end].to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::position::Encoding;
    use super::*;

    #[test]
    fn one_replacement_makes_the_other_text() {
        let texts = ["", "a\n", "a\nb\n", "a\nb\nc\n", "b\nc\n", "a\r\nc", "é\nb\n", "a\na\na\n", "a\na\n"];
        for before in texts {
            for after in texts {
                let places = Places::new(before, Encoding::Utf16);
                let edit = between(&places, after);
                let span = places.span(edit.range);
                let mut text = before.to_owned();
                text.replace_range(span.start..span.end, &edit.new_text);
                assert_eq!(text, after, "from {before:?}");
            }
        }
        let places = Places::new("a\nb\nc\n", Encoding::Utf16);
        assert_eq!(between(&places, "a\nx\nc\n").new_text, "x\n");
    }
}
