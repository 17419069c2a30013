//! `suppression/unknown-rule`

use super::shared::annotated;
use super::{everywhere, quoted_name};
use crate::engine::{Check, Docs, Example, Rule, SuppressionCheck, Symptom, UnknownNames, Wording};
use crate::policy::{Level, RuleSpec};

/// An annotation that ignores a rule which does not exist.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "suppression/unknown-rule",
        summary: "the annotation jobguard.dev/ignore names a rule that does not exist",
        since: "0.1.0",
        renamed_from: &[],
        levels: everywhere(Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Checks],
        what: "The annotation `jobguard.dev/ignore` names rules by their ids, or by their category (`cron/*`). \
               One of the names is neither.",
        why: "A misspelt name silences nothing, although its author believes that it does.",
        examples: &[
            Example::bad("misspelt", annotated!("job/pause-by-parallelism", 0)),
            Example::good("a rule's id", annotated!("job/paused-by-parallelism", 0)),
        ],
        sources: &[],
    },
    check: Check::Suppression(SuppressionCheck::Unknown(word)),
    precedence: &[],
    cel: None,
};

fn word(names: &UnknownNames<'_>) -> Wording {
    let all = || "`jobguard rules` lists all rules".to_owned();
    match *names {
        UnknownNames::One { name, is_category, near, of_other_policy } => {
            let what = if is_category { "not a category of rules" } else { "not a rule" };
            Wording {
                message: format!("the annotation ignores {}, which is {what}", quoted_name(name)),
                help: match near {
                    Some(near) => format!("did you mean {near}?"),
                    None if of_other_policy => {
                        "if a policy of your own has it, use that policy: `--policy FILE`; \
                                                `jobguard rules --policy FILE` lists its rules"
                            .to_owned()
                    }
                    None => all(),
                },
            }
        }
        UnknownNames::More(more) => Wording {
            message: format!("the annotation ignores {more} more names that are not rules"),
            help: all(),
        },
    }
}
