//! `manifest/octal-number`

use super::levels;
use crate::engine::{Check, Docs, Example, RemarkSink, Rule, Symptom, Written};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::{At, NodeKind, Style};

/// A number that YAML reads in base eight.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "manifest/octal-number",
        summary: "a number with a leading zero is read as octal",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Warn, Level::Deny),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoEffect],
        what: "A number written with a leading zero, such as `010`, is octal to the YAML parser of Kubernetes \
               tools: it means 8. File modes (`defaultMode`, `mode`) are meant to be octal and are not reported.",
        why: "Nothing warns about it: the manifest is accepted, and the Job runs with another number than \
              intended.",
        examples: &[
            Example::bad(
                "means eight Pods, not ten",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: resize-images
spec:
  parallelism: 010
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: resize
        image: example.com/resize:1.4
"#,
            ),
            Example::good(
                "ten Pods",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: resize-images
spec:
  parallelism: 10
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: resize
        image: example.com/resize:1.4
"#,
            ),
        ],
        sources: &["https://yaml.org/type/int.html"],
    },
    check: Check::Written(check),
    precedence: &[],
    cel: None,
};

/// Fields whose numbers are meant to be octal.
const FILE_MODES: [&str; 2] = ["mode", "defaultMode"];

fn check(written: Written<'_>, sink: &mut RemarkSink) {
    if written.tree.may_have_leading_zero() {
        look(written, &At::root(), sink);
    }
}

fn look(written: Written<'_>, at: &At<'_>, sink: &mut RemarkSink) {
    let Written { tree, node, text } = written;
    match &tree[node].kind {
        NodeKind::Map(entries) => {
            for entry in entries.iter().filter(|entry| !FILE_MODES.contains(&entry.key.as_ref())) {
                look(Written { node: entry.value, ..written }, &at.field(&entry.key), sink);
            }
        }
        NodeKind::Seq(items) => {
            for (index, item) in items.iter().enumerate() {
                look(Written { node: *item, ..written }, &at.index(index), sink);
            }
        }
        NodeKind::Int(value) if tree.style(node) == Style::Plain => {
            let span = tree[node].span;
            let written_as = text.get(span.start..span.end).unwrap_or_default();
            let digits = written_as.trim_start_matches(['+', '-']);
            let is_octal =
                digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
            // Where both readings give the same number the author is not misled: 07, and 09, which is no octal number.
            if is_octal && digits.parse() != Ok(value.unsigned_abs()) {
                sink.report(
                    at.to_path(),
                    format!("{written_as} is read as {value}: a number with a leading zero is octal"),
                    format!(
                        "write {} if you mean the decimal number, {value} if you mean the octal one",
                        written_as.replace(digits, digits.trim_start_matches('0'))
                    ),
                );
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::remarks;
    use crate::rules::registry;
    use jobguard_manifest as manifest;

    fn found(text: &str) -> Vec<String> {
        let documents = manifest::read(text);
        let tree = documents[0].content.as_ref().unwrap();
        remarks(Written { tree, node: tree.root(), text }, registry())
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
