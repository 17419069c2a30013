//! What holds, for programs. `schemaVersion` grows when a field changes its meaning or goes away.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::super::super::own_rule::OwnRuleDocument;
use super::shown::{Shown, short};
use crate::policy::trace::{Matched, Origin, RuleTrace, SettingTrace, Step};
use crate::policy::{OptionKind, OptionSpec, OptionValue};

/// The version of the format.
const SCHEMA_VERSION: u32 = 1;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    schema_version: u32,
    policy: &'a str,
    files: Vec<String>,
    object: Option<&'a str>,
    settings: BTreeMap<&'a str, Entry>,
    defaults: BTreeMap<&'a str, Entry>,
    rules: BTreeMap<&'a str, Rule<'a>>,
    overrides: Vec<Override>,
    /// What of the policy has no effect, or only under a condition.
    notes: &'a [String],
    exceptions: Vec<Excepted<'a>>,
}

#[derive(Debug, Serialize)]
struct Excepted<'a> {
    id: &'a str,
    rules: &'a [String],
    conditions: String,
    reason: &'a str,
    until: Option<String>,
    state: &'static str,
    origin: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<bool>,
}

/// A value, where it comes from, and what it takes the place of.
#[derive(Debug, Serialize)]
struct Entry {
    value: Value,
    origin: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    overridden: Vec<Replaced>,
}

#[derive(Debug, Serialize)]
struct Replaced {
    value: Value,
    origin: Value,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    level: Entry,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    options: BTreeMap<&'static str, Entry>,
    /// Of a rule of the policy's own: what it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_rule: Option<OwnRuleDocument<'a>>,
    /// The exceptions by which its findings do not count for the object.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exceptions: Vec<&'a str>,
    /// The level for the Jobs that the object makes, where it is stricter.
    #[serde(skip_serializing_if = "Option::is_none")]
    jobs: Option<Entry>,
}

#[derive(Debug, Serialize)]
struct Override {
    origin: Value,
    conditions: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<&'static str>,
}

pub(super) fn document<'a>(shown: &'a Shown<'_>) -> Document<'a> {
    let trace = shown.trace;
    let settings = |traces: &'a [SettingTrace]| -> BTreeMap<&'a str, Entry> {
        traces.iter().map(|each| (each.key.as_str(), entry(&each.steps, Value::clone))).collect()
    };
    Document {
        schema_version: SCHEMA_VERSION,
        policy: &trace.policy.name,
        files: trace.files.iter().map(|file| short(file)).collect(),
        object: shown.object.as_deref(),
        settings: settings(&trace.general),
        defaults: settings(&trace.defaults),
        rules: trace.rules.iter().map(|each| (each.spec.id, rule(shown, each))).collect(),
        overrides: (trace.overrides.iter())
            .map(|item| Override {
                origin: origin(&item.origin),
                conditions: item.matching.to_string(),
                matches: item.matches.map(|matched| match matched {
                    Matched::Own => "yes",
                    Matched::Claimed => "claimed",
                    Matched::Template => "jobs",
                    Matched::Not => "no",
                }),
            })
            .collect(),
        notes: trace.policy.notes(),
        exceptions: (trace.exceptions.iter())
            .map(|(exception, covers)| Excepted {
                id: &exception.id,
                rules: &exception.rules,
                conditions: exception.matching.to_string(),
                reason: &exception.reason,
                until: exception.until.map(|day| day.to_string()),
                state: exception.state(shown.today).as_str(),
                origin: json!({ "file": short(&exception.place.file), "line": exception.place.line }),
                matches: *covers,
            })
            .collect(),
    }
}

fn rule<'a>(shown: &'a Shown<'_>, rule: &'a RuleTrace) -> Rule<'a> {
    let level = |level: &crate::policy::Level| Value::from(level.as_str());
    let options = rule.spec.options.iter().map(|spec| {
        let set = rule.options.iter().find(|(name, _)| *name == spec.name);
        let entry = match set {
            Some((_, steps)) => entry(steps, option),
            None => Entry { value: default(spec), origin: origin(&Origin::BuiltIn), overridden: Vec::new() },
        };
        (spec.name, entry)
    });
    Rule {
        level: entry(&rule.level, level),
        options: options.collect(),
        custom_rule: shown.trace.policy.own().declared_by(rule.spec).map(OwnRuleDocument::of),
        exceptions: shown.excepting(rule.spec.id).map(|exception| exception.id.as_str()).collect(),
        jobs: rule.beside.as_ref().map(|steps| entry(steps, level)),
    }
}

fn entry<T>(steps: &[Step<T>], value: impl Fn(&T) -> Value) -> Entry {
    let Some((last, before)) = steps.split_last() else {
        return Entry { value: Value::Null, origin: origin(&Origin::BuiltIn), overridden: Vec::new() };
    };
    Entry {
        value: value(&last.value),
        origin: origin(&last.origin),
        overridden: (before.iter())
            .map(|step| Replaced { value: value(&step.value), origin: origin(&step.origin) })
            .collect(),
    }
}

fn origin(origin: &Origin) -> Value {
    match origin {
        Origin::BuiltIn => json!({ "builtIn": true }),
        Origin::Preset(preset) => json!({ "preset": preset.as_str() }),
        Origin::File { file, line, key, of_override } => {
            let mut value = json!({ "file": short(file), "line": line });
            if let Some(key) = key {
                value["key"] = key.as_str().into();
            }
            if let Some(number) = of_override {
                value["override"] = (*number).into();
            }
            value
        }
    }
}

fn option(value: &OptionValue) -> Value {
    match value {
        OptionValue::Int(number) => (*number).into(),
        OptionValue::Bool(on) => (*on).into(),
        OptionValue::Strings(items) => items.clone().into(),
    }
}

fn default(spec: &OptionSpec) -> Value {
    match spec.kind {
        OptionKind::Int { default, .. } | OptionKind::Seconds { default, .. } => default.into(),
        OptionKind::Bool { default } => default.into(),
        OptionKind::Strings { default } => default.into(),
    }
}
