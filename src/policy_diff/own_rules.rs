//! Differences between the own rules of two policies: which exist, and what they say.

use super::change::Change;
use crate::policy::trace::Trace;
use crate::policy::{Level, OwnRule};

/// Compares the own rules of two policies by id. The levels of rules that both have are compared like those of all rules.
pub(super) fn compare(before: &Trace, after: &Trace, changes: &mut Vec<Change>) {
    let rules = |trace: &Trace| trace.policy.own().rules().to_vec();
    let (old, new) = (rules(before), rules(after));
    let mut ids: Vec<&str> = old.iter().chain(&new).map(|rule| rule.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let of = |all: &'_ [OwnRule]| all.iter().position(|rule| rule.id == id);
        let pair = (of(&old).map(|at| &old[at]), of(&new).map(|at| &new[at]));
        let mut put = |key: String, before, after| {
            changes.push(Change { section: "customRules", key, before, after });
        };
        if let (Some(old), Some(new)) = pair {
            for ((field, old), (_, new)) in fields(old).into_iter().zip(fields(new)) {
                if old != new {
                    let (old, new) = on_one_line(old, new);
                    put(format!("{id} {field}"), old, new);
                }
            }
        } else {
            let (old, new) = pair;
            put(id.to_owned(), old.map(|rule| whole(rule, before)), new.map(|rule| whole(rule, after)));
        }
    }
}

/// What a rule says, by the keys of a policy file.
fn fields(rule: &OwnRule) -> [(&'static str, Option<String>); 8] {
    [
        ("match", rule.matching.as_ref().map(ToString::to_string)),
        ("expression", Some(rule.expression.clone())),
        ("message", rule.message.clone()),
        ("messageExpression", rule.message_expression.clone()),
        ("path", rule.path.clone()),
        ("help", rule.help.clone()),
        ("docs", rule.docs.clone()),
        ("onError", Some(rule.on_error.as_str().to_owned())),
    ]
}

/// A rule that only one of the policies has.
fn whole(rule: &OwnRule, of: &Trace) -> String {
    let level =
        of.rules.iter().find(|other| other.spec.id == rule.id).map_or(Level::Off, |rule| rule.level());
    let matching = rule.matching.as_ref().map(|matching| format!(" for {matching}")).unwrap_or_default();
    format!("{level}{matching}: {}", joined(&rule.expression))
}

fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Two texts that differ, each on one line. If they differ only in white space, they are quoted: white space matters in the
/// strings of an expression.
fn on_one_line(before: Option<String>, after: Option<String>) -> (Option<String>, Option<String>) {
    let lines = (before.as_deref().map(joined), after.as_deref().map(joined));
    if lines.0 != lines.1 {
        return lines;
    }
    let escaped = |text: Option<String>| text.map(|text| format!("{text:?}"));
    (escaped(before), escaped(after))
}
