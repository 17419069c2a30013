//! Findings that only the text of an object shows.

use crate::engine::Remark;
use crate::rules;
use jobguard_manifest::At;
use jobguard_manifest::{NodeId, NodeKind, Style, Tree};

/// Fields whose numbers are meant to be octal.
const FILE_MODES: [&str; 2] = ["mode", "defaultMode"];

/// The remarks about the text of the object at `node`.
pub(super) fn remarks(tree: &Tree<'_>, node: NodeId, text: &str) -> Vec<Remark> {
    let mut found = Vec::new();
    octal_numbers(tree, node, text, &At::root(), &mut found);
    found
}

fn octal_numbers(tree: &Tree<'_>, node: NodeId, text: &str, at: &At<'_>, found: &mut Vec<Remark>) {
    match &tree[node].kind {
        NodeKind::Map(entries) => {
            for entry in entries.iter().filter(|entry| !FILE_MODES.contains(&entry.key.as_ref())) {
                octal_numbers(tree, entry.value, text, &at.field(&entry.key), found);
            }
        }
        NodeKind::Seq(items) => {
            for (index, item) in items.iter().enumerate() {
                octal_numbers(tree, *item, text, &at.index(index), found);
            }
        }
        NodeKind::Int(value) if tree.style(node) == Style::Plain => {
            let span = tree[node].span;
            let written = text.get(span.start..span.end).unwrap_or_default();
            let digits = written.trim_start_matches(['+', '-']);
            let is_octal =
                digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
            // Both readings may give the same number (07), and 09 is no octal number.
            if is_octal && digits.parse() != Ok(value.unsigned_abs()) {
                found.push(Remark {
                    rule: &rules::manifest_octal_number::RULE,
                    path: at.to_path(),
                    message: format!("{written} is read as {value}: a number with a leading zero is octal"),
                    help: format!(
                        "write {} if the decimal number is meant, {value} if the octal one is",
                        written.replace(digits, digits.trim_start_matches('0'))
                    ),
                });
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jobguard_manifest as manifest;

    fn found(text: &str) -> Vec<String> {
        let documents = manifest::read(text);
        let tree = documents[0].content.as_ref().unwrap();
        remarks(tree, tree.root(), text)
            .iter()
            .map(|remark| format!("{} {}", remark.path, remark.message))
            .collect()
    }

    #[test]
    fn only_what_looks_decimal_and_is_not() {
        assert_eq!(
            found("a: 010\nb: [-0100]\n"),
            [
                "a 010 is read as 8: a number with a leading zero is octal",
                "b[0] -0100 is read as -64: a number with a leading zero is octal",
            ]
        );
        for text in [
            "a: 10",
            "a: 0",
            "a: 07",
            "a: 0o10",
            "a: '010'",
            "a: 0x10",
            "a: 09",
            "defaultMode: 0644",
            "a: 0.5",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
