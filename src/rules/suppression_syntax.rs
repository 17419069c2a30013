//! `suppression/syntax`

use super::shared::annotated;
use super::{everywhere, quoted_name};
use crate::engine::{AnnotationFault, Check, Docs, Example, Rule, SuppressionCheck, Symptom, Wording};
use crate::policy::{Level, RuleSpec, date};

/// An annotation that does not fit its grammar.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "suppression/syntax",
        summary: "the annotation jobguard.dev/ignore contains something that cannot be parsed",
        since: "0.1.0",
        renamed_from: &[],
        levels: everywhere(Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Checks],
        what: "The annotation `jobguard.dev/ignore` is written `rule, rule until=YYYY-MM-DD (reason)`, with `;` \
               between several of these. The date and the reason are optional, and white space and line breaks \
               are allowed anywhere in between. Something in it does not fit: a reason that is not in \
               parentheses, parentheses that do not match or are nested, a date that has another format or does \
               not exist, a second date or reason for the same rules, two rules without a comma between them. \
               The entry that contains it, from semicolon to semicolon, silences nothing; other entries count. \
               The date is the last day, in UTC, on which the entry counts.",
        why: "What cannot be parsed has no effect, although its author believes that it has.",
        examples: &[
            Example::bad(
                "a reason without parentheses",
                annotated!("job/paused-by-parallelism started by hand", 0),
            ),
            Example::good(
                "with a date and a reason",
                annotated!("job/paused-by-parallelism until=2027-06-30 (started by hand)", 0),
            ),
        ],
        sources: &[],
    },
    check: Check::Suppression(SuppressionCheck::Syntax(word)),
    precedence: &[],
    cel: None,
};

const GRAMMAR: &str = "write `rule, rule until=YYYY-MM-DD (reason)`, and `;` between several of these";

fn word(fault: &AnnotationFault<'_>) -> Wording {
    let (message, help) = match fault {
        AnnotationFault::Parenthesis => (
            "the parentheses in the annotation do not match: their content is ignored".to_owned(),
            "put the reason in one pair of parentheses, with none inside".to_owned(),
        ),
        AnnotationFault::Text { text, .. } => (
            format!("the annotation contains {}, which is not a rule and is ignored", quoted_name(text)),
            format!("put the reason in parentheses: {GRAMMAR}"),
        ),
        AnnotationFault::Date { text, corrected } => (
            match *text {
                "" => "a date is missing after `until` in the annotation".to_owned(),
                text if corrected.is_some() || date::parse(text).is_some() => {
                    format!("the date {text} in the annotation has no `until=` before it")
                }
                text => format!("{} in the annotation is not a date", quoted_name(text)),
            },
            "write a valid date as until=YYYY-MM-DD, such as until=2027-01-31".to_owned(),
        ),
        AnnotationFault::Twice => (
            "the annotation has a second date or reason for the same rules".to_owned(),
            format!("keep one of them, or name the rules again: {GRAMMAR}"),
        ),
        AnnotationFault::NoSemicolon { name, .. } => (
            format!(
                "{} follows a date or a reason in the annotation, with no semicolon between them",
                quoted_name(name)
            ),
            GRAMMAR.to_owned(),
        ),
        AnnotationFault::NoComma { name, .. } => (
            format!("{} follows a rule in the annotation, with no comma between them", quoted_name(name)),
            GRAMMAR.to_owned(),
        ),
        AnnotationFault::NoRule => {
            ("the annotation has a date or a reason without a rule before it".to_owned(), GRAMMAR.to_owned())
        }
    };
    Wording { message, help }
}
