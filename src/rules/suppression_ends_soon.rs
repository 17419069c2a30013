//! `suppression/ends-soon`

use super::levels;
use super::shared::annotated;
use crate::engine::{Check, Docs, Example, Rule, SuppressionCheck, SuppressionEnd, Symptom, Wording};
use crate::policy::{Level, RuleSpec};
use jobguard_text::plural;

/// An annotation that ignores findings until a day in the next two weeks.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "suppression/ends-soon",
        summary: "the annotation jobguard.dev/ignore names a rule until a day in the next two weeks",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Info, Level::Info, Level::Info),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Checks],
        what: "An entry of the annotation `jobguard.dev/ignore` has a last day (`until=YYYY-MM-DD`) that is at most 14 \
               days away, and its rules have findings. They count again once that day is over, in UTC.",
        why: "There is time to correct the object before the finding is reported, and perhaps refuses it.",
        examples: &[
            Example::bad(
                "checked in the last days of 2025",
                annotated!("job/paused-by-parallelism until=2026-01-08 (started by hand)", 0),
            ),
            Example::good(
                "the last day is far away",
                annotated!("job/paused-by-parallelism until=2999-06-30 (started by hand)", 0),
            ),
        ],
        sources: &[],
    },
    check: Check::Suppression(SuppressionCheck::EndsSoon(word)),
    precedence: &[],
    cel: None,
};

fn word(end: &SuppressionEnd<'_>) -> Wording {
    let days = match end.days {
        0 => "which is today".to_owned(),
        1 => "which is tomorrow".to_owned(),
        days => format!("in {}", plural(usize::try_from(days).unwrap_or_default(), "day")),
    };
    Wording {
        message: format!("the annotation ignores {} until {}, {days}", end.names.join(", "), end.until),
        help: "correct the findings by then, or give the annotation a later day".to_owned(),
    }
}
