//! `suppression/not-allowed`

use super::everywhere;
use crate::engine::{Check, Docs, Example, NotAllowed, Rule, SuppressionCheck, Symptom, Wording};
use crate::policy::{Level, RuleSpec};

/// An annotation that ignores what may not be ignored.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "suppression/not-allowed",
        summary: "the annotation jobguard.dev/ignore names a rule that may not be ignored",
        since: "0.1.0",
        renamed_from: &[],
        levels: everywhere(Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Checks],
        what: "The annotation `jobguard.dev/ignore` names a rule that the policy does not allow annotations to \
               silence, a category although the policy allows only single rules (`suppressions.categories: \
               false`), all rules at once (`*`), an `api/*` rule (the API server does not read the annotation), \
               a `suppression/*` rule (it is about the annotation itself), or a rule about a file rather than an object, such as `manifest/not-judged`.",
        why: "The finding is still reported, although the author of the annotation believes that it is silenced.",
        examples: &[
            Example::bad(
                "the API server does not read this annotation",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: backfill
  annotations:
    jobguard.dev/ignore: api/restart-policy
spec:
  template:
    spec:
      containers:
      - name: backfill
        image: example.com/backfill:2.0
"#,
            ),
            Example::good(
                "corrected instead",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: backfill
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: backfill
        image: example.com/backfill:2.0
"#,
            ),
        ],
        sources: &[],
    },
    check: Check::Suppression(SuppressionCheck::NotAllowed(word)),
    precedence: &[],
    cel: None,
};

/// What to do where the API server's own verdict is named.
const SERVERS: &str = "the API server itself refuses or warns about this: correct the object";

/// What is said where a rule about the annotation is named.
const ITSELF: &str = "the rule is about the annotation itself";

/// What to do where the policy says no.
const CORRECT: &str = "correct the finding, or ask the owner of the policy for an exception";

fn word(what: &NotAllowed<'_>) -> Wording {
    let (message, help) = match what {
        NotAllowed::Everything => (
            "an annotation cannot ignore all rules at once".to_owned(),
            "name the rules, or categories such as `job/*`".to_owned(),
        ),
        NotAllowed::FixedCategory { name, is_about_suppression } => {
            let help = if *is_about_suppression { ITSELF } else { SERVERS };
            (format!("{name} cannot be ignored"), help.to_owned())
        }
        NotAllowed::Category { name, allowed } => (
            format!("the policy does not let an annotation ignore a category ({name})"),
            match allowed {
                [] => CORRECT.to_owned(),
                ids => format!("name the rules: {}", ids.join(", ")),
            },
        ),
        NotAllowed::Rule { name, rule, is_about_text: true } => {
            let mut help = "the rule is about a file, not about one object".to_owned();
            if rule.spec.is_settable() {
                help.push_str(&format!(": set its level in the policy (rules: {{{}: off}})", rule.id()));
            }
            (format!("{name} cannot be ignored"), help)
        }
        NotAllowed::Rule { name, rule, .. } if matches!(rule.check, Check::Suppression(_)) => {
            (format!("{name} cannot be ignored"), ITSELF.to_owned())
        }
        NotAllowed::Rule { name, rule, .. } if rule.spec.is_settable() => {
            (format!("the policy does not let an annotation ignore {name}"), CORRECT.to_owned())
        }
        NotAllowed::Rule { name, .. } => (format!("{name} cannot be ignored"), SERVERS.to_owned()),
    };
    Wording { message, help }
}
