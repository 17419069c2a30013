//! `suppression/unused`

use super::levels;
use super::shared::annotated;
use crate::engine::{Check, Docs, Example, Rule, SuppressionCheck, Symptom, Wording};
use crate::policy::{Level, RuleSpec};

/// An annotation that ignores a finding that does not occur.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "suppression/unused",
        summary: "the annotation jobguard.dev/ignore names a rule that finds nothing here",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Info, Level::Info, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Checks],
        what: "The annotation `jobguard.dev/ignore` names a rule that has no findings for this object.",
        why: "The problem was fixed, but the exception is still there. If the problem comes back, nobody sees \
              it.",
        examples: &[
            Example::bad("nothing to ignore any more", annotated!("job/paused-by-parallelism", 2)),
            Example::good("the rule has a finding", annotated!("job/paused-by-parallelism", 0)),
        ],
        sources: &[],
    },
    check: Check::Suppression(SuppressionCheck::Unused(word)),
    precedence: &[],
    cel: None,
};

fn word(name: &str) -> Wording {
    Wording {
        message: format!("the annotation ignores {name}, which finds nothing here"),
        help: format!("remove {name} from the annotation"),
    }
}
