//! `manifest/too-large`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Finding, Rule, Severity, Symptom};
use crate::policy::RuleSpec;
use jobguard_manifest::FieldPath;

/// An object that is too large to be judged.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "manifest/too-large",
        summary: "an object is larger than the limit for checks",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Checks, Symptom::Refused],
        what: "An object has more list items and map entries than `limits.maxElements` of the policy (10,000 by \
               default), or is nested more than 100 levels deep. Aliases count as what they expand to. The items \
               of a `List` are objects of their own. An object that embeds Jobs, such as a JobSet, may hold at \
               most 1,000, whatever the policy says. Objects before and after it in the file are still checked.",
        why: "Each element costs memory (a volume takes some kilobytes), and every rule looks at it. The webhook \
              does not check such an object either: with `mode: enforce` it refuses it, since otherwise an \
              object could avoid all checks by its size.",
        examples: &[
            Example::bad(
                "aliases within aliases: a few lines that stand for 11,000 items",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: resize-images
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: resize
        image: example.com/resize:1.4
        x-a: &a [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
          25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46,
          47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59]
        x-b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
        x-c: [*b, *b, *b, *b, *b, *b, *b, *b, *b]
"#,
            ),
            Example::good(
                "large data in a ConfigMap, as a volume",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: resize-images
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: resize
        image: example.com/resize:1.4
        volumeMounts:
        - name: sizes
          mountPath: /etc/resize
      volumes:
      - name: sizes
        configMap:
          name: sizes
"#,
            ),
        ],
        sources: &[],
    },
    check: Check::Text,
    precedence: &[],
    cel: None,
};

/// Of an object that holds more Jobs than are judged.
pub fn too_many_jobs(limit: usize) -> Finding {
    let message =
        format!("the object holds more than {limit} Jobs, so it is not checked: the webhook refuses it");
    let mut finding = RULE.finding(Severity::Error, FieldPath::root(), message);
    finding.help = Some("split it into several objects: this limit cannot be raised".to_owned());
    finding
}

/// Of an object that is not read on; `reached` says which bound it has reached.
pub fn finding(reached: &str) -> Finding {
    let message = format!("{reached}, so it is not checked: the webhook refuses it");
    let mut finding = RULE.finding(Severity::Error, FieldPath::root(), message);
    finding.help = Some(
        "make it smaller; if it has to be this large, raise limits.maxElements in the policy or pass --max-elements"
            .to_owned(),
    );
    finding
}
