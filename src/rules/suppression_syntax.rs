//! `suppression/syntax`

use super::{everywhere, quoted_name};
use crate::engine::{AnnotationFault, Check, Docs, Example, Rule, SuppressionCheck, Symptom, Wording};
use crate::policy::{Level, RuleSpec, date};

/// An annotation that does not fit its grammar.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "suppression/syntax",
        summary: "the annotation jobguard.dev/ignore holds something that is not read",
        since: "0.1.0",
        renamed_from: &[],
        levels: everywhere(Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Checks],
        what: "The annotation `jobguard.dev/ignore` is written `rule, rule until=YYYY-MM-DD (reason)`, with `;` between \
               several of these; the date and the reason may be left out, and white space and line ends may stand \
               anywhere between. Something in it does not fit: a reason that is not in parentheses, parentheses that \
               do not match or stand within others, a date that is written otherwise or does not exist, a second \
               date or reason for the same rules, two rules with no comma between them. The entry that it stands in, \
               from semicolon to semicolon, silences nothing; other entries count. A date is read, and nothing \
               follows from it yet.",
        why: "What is not read means nothing, and its author believes that it does.",
        examples: &[
            Example::bad(
                "a reason without parentheses",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: backfill
  annotations:
    jobguard.dev/ignore: job/paused-by-parallelism started by hand
spec:
  parallelism: 0
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: backfill
        image: example.com/backfill:2.0
"#,
            ),
            Example::good(
                "with a date and a reason",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: backfill
  annotations:
    jobguard.dev/ignore: job/paused-by-parallelism until=2027-06-30 (started by hand)
spec:
  parallelism: 0
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
    check: Check::Suppression(SuppressionCheck::Syntax(word)),
    precedence: &[],
    cel: None,
};

const GRAMMAR: &str = "write `rule, rule until=YYYY-MM-DD (reason)`, and `;` between several of these";

fn word(fault: &AnnotationFault<'_>) -> Wording {
    let (message, help) = match fault {
        AnnotationFault::Parenthesis => (
            "the parentheses in the annotation do not match: what they hold is not read".to_owned(),
            "write the reason in one pair of parentheses, with none inside".to_owned(),
        ),
        AnnotationFault::Text { text, .. } => (
            format!("the annotation holds {}, which is not a rule and is ignored", quoted_name(text)),
            format!("put the reason in parentheses: {GRAMMAR}"),
        ),
        AnnotationFault::Date { text, corrected } => (
            match *text {
                "" => "a date is missing after `until` in the annotation".to_owned(),
                text if corrected.is_some() || date::parse(text).is_some() => {
                    format!("the date {text} in the annotation is not introduced by `until=`")
                }
                text => format!("{} in the annotation is not a date", quoted_name(text)),
            },
            "write a date that exists, as until=YYYY-MM-DD, such as until=2027-01-31".to_owned(),
        ),
        AnnotationFault::Twice => (
            "the annotation gives a second date or reason for the same rules".to_owned(),
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
            ("the annotation gives a date or a reason, and no rule before it".to_owned(), GRAMMAR.to_owned())
        }
    };
    Wording { message, help }
}
