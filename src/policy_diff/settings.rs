//! What two policies say differently.

use serde_json::Value;

pub use super::change::Change;
use super::own_rules;
use crate::policy::trace::{OverrideTrace, RuleTrace, SettingTrace, Trace};
use crate::policy::{Exception, OptionKind, OptionValue};
use jobguard_text::duration;

/// What differs, by section.
pub fn compare(before: &Trace, after: &Trace) -> Vec<Change> {
    let mut changes = settings("settings", &before.general, &after.general);
    // Rules of their own are not the same ones in both.
    for old in &before.rules {
        if let Some(new) = after.rules.iter().find(|new| new.spec.id == old.spec.id) {
            rule(old, new, &mut changes);
        }
    }
    own_rules::compare(before, after, &mut changes);
    changes.extend(settings("defaults", &before.defaults, &after.defaults));
    overrides(&before.overrides, &after.overrides, &mut changes);
    exceptions(&before.exceptions, &after.exceptions, &mut changes);
    changes
}

/// Exceptions by their names; those without one by their fields.
fn exceptions(
    before: &[(Exception, Option<bool>)],
    after: &[(Exception, Option<bool>)],
    changes: &mut Vec<Change>,
) {
    let texts = |all: &[(Exception, Option<bool>)]| -> Vec<(String, String)> {
        all.iter().map(|(exception, _)| (exception.id.clone(), exception_text(exception))).collect()
    };
    let (old, new) = (texts(before), texts(after));
    let find = |all: &[(String, String)], id: &str| {
        all.iter().find(|(other, _)| other == id).map(|(_, text)| text.clone())
    };
    let mut ids: Vec<&str> = old.iter().map(|(id, _)| id.as_str()).collect();
    ids.extend(new.iter().map(|(id, _)| id.as_str()).filter(|id| find(&old, id).is_none()));
    for id in ids {
        let (before, after) = (find(&old, id), find(&new, id));
        if before != after {
            changes.push(Change { section: "exceptions", key: id.to_owned(), before, after });
        }
    }
}

fn exception_text(exception: &Exception) -> String {
    let until = exception.until.map_or_else(|| "without end".to_owned(), |day| format!("until {day}"));
    format!("{} for {} {until} ({})", exception.rules.join(", "), exception.matching, exception.reason)
}

fn settings(section: &'static str, before: &[SettingTrace], after: &[SettingTrace]) -> Vec<Change> {
    let find = |all: &[SettingTrace], key: &str| {
        let found = all.iter().find(|each| each.key == key).map(|each| each.value().clone());
        found.filter(|value| !value.is_null())
    };
    let mut keys: Vec<&str> = before.iter().chain(after).map(|each| each.key.as_str()).collect();
    let mut seen = Vec::new();
    keys.retain(|key| {
        let is_new = !seen.contains(key);
        seen.push(*key);
        is_new
    });
    keys.into_iter()
        .filter_map(|key| {
            let (old, new) = (find(before, key), find(after, key));
            let shown = |value: Option<Value>| value.as_ref().map(value_text);
            (old != new).then(|| Change {
                section,
                key: key.to_owned(),
                before: shown(old),
                after: shown(new),
            })
        })
        .collect()
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(value_text).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

fn rule(before: &RuleTrace, after: &RuleTrace, changes: &mut Vec<Change>) {
    let id = before.spec.id;
    if before.level() != after.level() {
        changes.push(Change {
            section: "rules",
            key: id.to_owned(),
            before: Some(before.level().to_string()),
            after: Some(after.level().to_string()),
        });
    }
    for option in before.spec.options {
        let of = |rule: &RuleTrace| {
            let set = rule.options.iter().find(|(name, _)| *name == option.name);
            match set.and_then(|(_, steps)| steps.last()) {
                Some(step) => option_text(option.kind, &step.value),
                None => default_text(option.kind),
            }
        };
        let (old, new) = (of(before), of(after));
        if old != new {
            let key = format!("{id} {}", option.name);
            changes.push(Change { section: "rules", key, before: Some(old), after: Some(new) });
        }
    }
}

fn option_text(kind: OptionKind, value: &OptionValue) -> String {
    match (value, kind) {
        (OptionValue::Int(seconds), OptionKind::Seconds { .. }) => duration::short(*seconds),
        (OptionValue::Int(number), _) => number.to_string(),
        (OptionValue::Bool(on), _) => on.to_string(),
        (OptionValue::Strings(items), _) => format!("[{}]", items.join(", ")),
    }
}

fn default_text(kind: OptionKind) -> String {
    match kind {
        OptionKind::Int { default, .. } => default.to_string(),
        OptionKind::Bool { default } => default.to_string(),
        OptionKind::Seconds { default, .. } => duration::short(default),
        OptionKind::Strings { default } => format!("[{}]", default.join(", ")),
    }
}

/// Overrides that only one of them has, and others in their order.
fn overrides(before: &[OverrideTrace], after: &[OverrideTrace], changes: &mut Vec<Change>) {
    let texts = |all: &[OverrideTrace]| -> Vec<(String, String)> {
        all.iter().map(|item| (item.matching.to_string(), item.says.clone())).collect()
    };
    let (old, new) = (texts(before), texts(after));
    // Each once: two that are the same are two.
    let mut left = new.clone();
    let mut gone = Vec::new();
    for item in &old {
        match left.iter().position(|other| other == item) {
            Some(position) => drop(left.remove(position)),
            None => gone.push(item.clone()),
        }
    }
    // Of the same objects, it is a change.
    for (matching, says) in &gone {
        let position = left.iter().position(|(other, _)| other == matching);
        let after = position.map(|position| left.remove(position).1);
        changes.push(Change {
            section: "overrides",
            key: matching.clone(),
            before: Some(says.clone()),
            after,
        });
    }
    let is_other_order = gone.is_empty() && left.is_empty() && old != new;
    changes.extend(left.into_iter().map(|(matching, says)| Change {
        section: "overrides",
        key: matching,
        before: None,
        after: Some(says),
    }));
    if is_other_order {
        let order = |all: &[(String, String)]| {
            let all: Vec<&str> = all.iter().map(|(matching, _)| matching.as_str()).collect();
            Some(all.join("; "))
        };
        let key = "their order".to_owned();
        changes.push(Change { section: "overrides", key, before: order(&old), after: order(&new) });
    }
}
