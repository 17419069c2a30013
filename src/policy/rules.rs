//! The `rules` section: levels and options, by rule id or wildcard.

use super::reader::{Reader, Value, quoted};
use super::settings::{RuleChange, Wildcard};
use super::{Level, OptionKind, OptionSpec, OptionValue, RuleSpec};
use jobguard_manifest::At;
use jobguard_manifest::{NodeKind, Span};
use jobguard_text::duration;

/// What a key of the section names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Everything,
    Category(String),
    Rule(usize),
}

impl Target {
    /// Whether it names the rule at an index of the catalog.
    pub(super) fn names(&self, index: usize, spec: &RuleSpec) -> bool {
        match self {
            Self::Everything => true,
            Self::Category(category) => spec.category() == category,
            Self::Rule(own) => *own == index,
        }
    }
}

/// Reads the section into changes by catalog index, ascending. Within it a rule's own entry goes before its
/// category's, and that before `*`, wherever they stand. A wildcard is kept apart from a rule's own level: whether it
/// counts depends on the level that the rule has below this section ([`RuleChange`]).
pub(super) fn read(
    reader: &mut Reader<'_>,
    section: Value,
    at: &At<'_>,
    catalog: &[&'static RuleSpec],
) -> Vec<(usize, RuleChange)> {
    let mut everything = None;
    let mut categories = Vec::new();
    let mut own: Vec<Option<RuleChange>> = vec![None; catalog.len()];
    for entry in reader.entries(section, at) {
        let here = at.field(&entry.key);
        let key = (entry.key.as_ref(), entry.key_span);
        let Some(target) = target(reader, key, at, catalog, "set") else { continue };
        let value = reader.value(entry);
        match target {
            Target::Everything => everything = wildcard_level(reader, value, &here),
            Target::Category(category) => {
                if let Some(level) = wildcard_level(reader, value, &here) {
                    categories.push((category, level));
                }
            }
            Target::Rule(index) => {
                if let Some(slot) = own.get_mut(index) {
                    *slot = Some(rule_change(reader, value, &here, catalog[index]));
                }
            }
        }
    }
    let mut changes = Vec::new();
    for (index, (spec, own)) in catalog.iter().zip(own).enumerate() {
        if !spec.is_settable() {
            continue;
        }
        let category = categories.iter().find(|(category, _)| category == spec.category());
        let wildcard = category
            .map(|(_, level)| Wildcard { level: *level, everything: false })
            .or(everything.map(|level| Wildcard { level, everything: true }));
        let mut change = own.unwrap_or_default();
        if change.level.is_none() {
            change.wildcard = wildcard;
        }
        if change != RuleChange::default() {
            changes.push((index, change));
        }
    }
    changes
}

/// What `key` names. `done` is what becomes of it, for the message about one that nothing becomes of: it cannot be "set".
pub(super) fn target(
    reader: &mut Reader<'_>,
    (key, span): (&str, Span),
    at: &At<'_>,
    catalog: &[&'static RuleSpec],
    done: &str,
) -> Option<Target> {
    if key == "*" {
        return Some(Target::Everything);
    }
    let (category, name) = key.split_once('/').unwrap_or((key, ""));
    if category == "api" || catalog.iter().any(|spec| spec.is_called(key) && !spec.is_settable()) {
        let (why, help) = if category == "manifest" {
            ("an object that is too large is not checked", "raise limits.maxElements instead")
        } else {
            (
                "the API server decides this",
                "what the API server refuses, drops or warns about does not depend on a policy; remove the line",
            )
        };
        let message = format!("{} cannot be {done}: {why}", quoted(key));
        reader.fault(span, at, message, Some(help.to_owned()));
        return None;
    }
    let settable = || catalog.iter().filter(|spec| spec.is_settable());
    if let Some(index) = catalog.iter().position(|spec| spec.is_called(key)) {
        return Some(Target::Rule(index));
    }
    if name == "*" && settable().any(|spec| spec.category() == category) {
        return Some(Target::Category(category.to_owned()));
    }
    if name == "*" {
        let mut known: Vec<&str> = settable().map(|spec| spec.category()).collect();
        known.sort_unstable();
        known.dedup();
        reader.unknown(span, at, format!("no rules of category {}", quoted(category)), category, &known);
        return None;
    }
    if key.contains('*') {
        let help = "the wildcards are category/* and *";
        reader.fault(span, at, format!("unknown wildcard {}", quoted(key)), Some(help.to_owned()));
        return None;
    }
    let known: Vec<&str> = settable().map(|spec| spec.id).collect();
    reader.unknown(span, at, format!("unknown rule {}", quoted(key)), key, &known);
    None
}

/// A level, written as such or as an object with the level alone.
fn wildcard_level(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Option<Level> {
    if !matches!(reader.kind(value), NodeKind::Map(_)) {
        return level(reader, value, at);
    }
    let mut found = None;
    for entry in reader.entries(value, at) {
        if entry.key == "level" {
            found = level(reader, reader.value(entry), &at.field("level"));
        } else {
            let help = "set options under the rule's own id";
            let message = format!("a wildcard takes a level only, not {}", quoted(&entry.key));
            reader.fault(entry.key_span, at, message, Some(help.to_owned()));
        }
    }
    found
}

/// A level. YAML reads a bare `off` as false, which therefore means the same.
pub(super) fn level(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Option<Level> {
    const WORDS: [(&str, Level); 4] =
        [("deny", Level::Deny), ("warn", Level::Warn), ("info", Level::Info), ("off", Level::Off)];
    match reader.kind(value) {
        NodeKind::Bool(false) => Some(Level::Off),
        _ => reader.word(value, at, &WORDS),
    }
}

fn rule_change(reader: &mut Reader<'_>, value: Value, at: &At<'_>, spec: &'static RuleSpec) -> RuleChange {
    let mut change = RuleChange::default();
    if !matches!(reader.kind(value), NodeKind::Map(_)) {
        change.level = level(reader, value, at);
        return change;
    }
    for entry in reader.entries(value, at) {
        let here = at.field(&entry.key);
        let value = reader.value(entry);
        if entry.key == "level" {
            change.level = level(reader, value, &here);
        } else if let Some(option) = spec.options.iter().find(|option| option.name == entry.key) {
            if let Some(value) = option_value(reader, value, &here, option) {
                change.options.set(option.name, value);
            }
        } else {
            let known: Vec<&str> =
                std::iter::once("level").chain(spec.options.iter().map(|option| option.name)).collect();
            let message = format!("{} has no option {}", spec.id, quoted(&entry.key));
            reader.unknown(entry.key_span, at, message, &entry.key, &known);
        }
    }
    change
}

fn option_value(
    reader: &mut Reader<'_>,
    value: Value,
    at: &At<'_>,
    option: &OptionSpec,
) -> Option<OptionValue> {
    match option.kind {
        OptionKind::Int { min, max, .. } => reader.int(value, at, min, max).map(OptionValue::Int),
        OptionKind::Bool { .. } => reader.bool(value, at).map(OptionValue::Bool),
        OptionKind::Seconds { min, max, .. } => seconds(reader, value, at, min, max).map(OptionValue::Int),
        OptionKind::Strings { .. } => {
            if matches!(reader.kind(value), NodeKind::Null) {
                reader.fault(
                    value.span,
                    at,
                    "must be a list, not nothing",
                    Some("write [] for none".to_owned()),
                );
                return None;
            }
            let items = reader.list(value, at);
            let mut out = Vec::with_capacity(items.len());
            for (index, item) in items.into_iter().enumerate() {
                out.extend(reader.string(item, &at.index(index)).map(str::to_owned));
            }
            Some(OptionValue::Strings(out))
        }
    }
}

fn seconds(reader: &mut Reader<'_>, value: Value, at: &At<'_>, min: i64, max: i64) -> Option<i64> {
    let NodeKind::Str(text) = reader.kind(value) else {
        return reader.int(value, at, min, max);
    };
    match duration::whole_seconds(text) {
        Ok(seconds) if (min..=max).contains(&seconds) => Some(seconds),
        Ok(_) => {
            let (min, max) = (duration::short(min), duration::short(max));
            reader.fault(value.span, at, format!("must be from {min} to {max}"), None);
            None
        }
        Err(wrong) => {
            reader.fault(value.span, at, format!("{} {wrong}", quoted(text)), None);
            None
        }
    }
}
