//! `suppression/ended`

use super::everywhere;
use super::shared::annotated;
use crate::engine::{Check, Docs, Example, Rule, SuppressionCheck, SuppressionEnd, Symptom, Wording};
use crate::policy::{Level, RuleSpec};

/// An annotation that ignores findings until a day that is over.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "suppression/ended",
        summary: "the annotation jobguard.dev/ignore names a rule until a day that has passed",
        since: "0.1.0",
        renamed_from: &[],
        levels: everywhere(Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Checks],
        what: "An entry of the annotation `jobguard.dev/ignore` has a last day (`until=YYYY-MM-DD`), that day is over \
               (in UTC, at its end), and its rules still have findings. These count again. An entry whose rules find \
               nothing any more is reported by `suppression/unused` instead.",
        why: "Somebody wanted to be reminded on that day. Without the report it would look as if the annotation had \
              no effect.",
        examples: &[
            Example::bad(
                "the last day is over",
                annotated!("job/paused-by-parallelism until=2025-06-30 (started by hand)", 0),
            ),
            Example::good(
                "the last day is still to come",
                annotated!("job/paused-by-parallelism until=2999-06-30 (started by hand)", 0),
            ),
        ],
        sources: &[],
    },
    check: Check::Suppression(SuppressionCheck::Ended(word)),
    precedence: &[],
    cel: None,
};

fn word(end: &SuppressionEnd<'_>) -> Wording {
    Wording {
        message: format!(
            "the annotation ignored {} until {}: findings count again",
            end.names.join(", "),
            end.until
        ),
        help: "correct the findings, or give the annotation a later day".to_owned(),
    }
}
