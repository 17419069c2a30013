//! What differs, for programs. `schemaVersion` grows when a field changes its meaning or goes away.

use serde::Serialize;
use serde_json::Value;

use crate::engine::Severity;
use crate::policy_diff::effect::{Effect, Effects};
use crate::policy_diff::input::InputError;
use crate::policy_diff::settings::Change;

/// The version of the format.
const SCHEMA_VERSION: u32 = 1;

/// The document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document<'a> {
    schema_version: u32,
    before: &'a str,
    after: &'a str,
    /// The settings that differ; none where objects were compared.
    settings: Option<Vec<Setting<'a>>>,
    /// The objects to which the change does something; none where settings were compared.
    objects: Option<Vec<Object<'a>>>,
    errors: &'a [InputError],
}

#[derive(Debug, Serialize)]
struct Setting<'a> {
    section: &'a str,
    key: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Object<'a> {
    file: &'a str,
    line: usize,
    object: Option<&'a str>,
    allowed: Sides<bool>,
    findings: Vec<Finding<'a>>,
    filled: Vec<Field<'a>>,
}

#[derive(Debug, Serialize)]
struct Sides<T> {
    before: T,
    after: T,
}

#[derive(Debug, Serialize)]
struct Finding<'a> {
    rule: &'a str,
    path: &'a str,
    message: &'a str,
    before: Option<&'static str>,
    after: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Field<'a> {
    path: &'a str,
    before: Option<&'a Value>,
    after: Option<&'a Value>,
}

/// The document about settings.
pub fn settings<'a>((before, after): (&'a str, &'a str), changes: &'a [Change]) -> Document<'a> {
    let settings = changes.iter().map(|Change { section, key, before, after }| Setting {
        section,
        key,
        before: before.as_deref(),
        after: after.as_deref(),
    });
    let settings = Some(settings.collect());
    Document { schema_version: SCHEMA_VERSION, before, after, settings, objects: None, errors: &[] }
}

/// The document about objects.
pub fn effects<'a>((before, after): (&'a str, &'a str), effects: &'a Effects) -> Document<'a> {
    let objects = Some(effects.changed.iter().map(object).collect());
    let errors = &effects.errors;
    Document { schema_version: SCHEMA_VERSION, before, after, settings: None, objects, errors }
}

fn object(effect: &Effect) -> Object<'_> {
    let Effect { file, line, object, allowed: (before, after), findings, filled } = effect;
    Object {
        file,
        line: *line,
        object: Some(object.as_str()).filter(|object| !object.is_empty()),
        allowed: Sides { before: *before, after: *after },
        findings: (findings.iter())
            .map(|finding| Finding {
                rule: finding.rule,
                path: &finding.path,
                message: &finding.message,
                before: finding.before.map(Severity::as_str),
                after: finding.after.map(Severity::as_str),
            })
            .collect(),
        filled: (filled.iter())
            .map(|field| Field {
                path: &field.path,
                before: field.before.as_ref(),
                after: field.after.as_ref(),
            })
            .collect(),
    }
}
