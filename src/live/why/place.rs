//! Where the field to change stands in a manifest.

use super::answer::{Answer, Place};
use jobguard_manifest::{FieldPath, LineIndex, objects, read};

/// Looks for the objects whose fields are to be changed in a text, and notes the places of those fields. `file` is how the
/// text is named to the reader. Returns whether one of the objects is in it.
pub fn locate(answer: &mut Answer, file: &str, text: &str) -> bool {
    let mut found = false;
    let lines = LineIndex::new(text);
    for document in read(text) {
        let Ok(tree) = &document.content else { continue };
        for object in objects(tree) {
            let node = object.node;
            let of = |path: &[&str]| {
                let node = path.iter().try_fold(node, |node, name| tree.get(node, name))?;
                tree.str(node)
            };
            let (Some(kind), Some(name)) = (of(&["kind"]), of(&["metadata", "name"])) else { continue };
            let namespace = of(&["metadata", "namespace"]).filter(|namespace| !namespace.is_empty());
            if namespace.is_some_and(|namespace| namespace != answer.namespace) {
                continue;
            }
            for field in answer.reasons.iter_mut().filter_map(|reason| reason.field.as_mut()) {
                if field.kind != kind || field.name != name || field.place.is_some() {
                    continue;
                }
                found = true;
                let located = tree.locate(node, &FieldPath::parse(&field.path));
                let position = lines.position(located.key_span.unwrap_or(located.span).start);
                field.place = Some(Place {
                    file: file.to_owned(),
                    line: position.line,
                    column: position.column,
                    exact: located.exact,
                });
            }
            found |= kind == answer.kind && name == answer.name;
        }
    }
    found
}
