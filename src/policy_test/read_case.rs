//! Reads one case.

use std::collections::BTreeMap;

use super::model::{Case, Expected, ExpectedFinding, Field, Input, Review, Select, Spanned, Written};
use super::scalar::{start, text, time};
use crate::engine::Severity;
use crate::policy::reader::{Reader, Value, quoted};
use jobguard_manifest::{At, Entry, NodeKind};

/// The keys of a case.
pub(super) const CASE_KEYS: &[&str] =
    &["name", "object", "file", "select", "review", "withDefaults", "now", "expect"];

/// The keys of a review.
pub(super) const REVIEW_KEYS: &[&str] =
    &["file", "operation", "object", "oldObject", "namespace", "userInfo", "dryRun", "namespaceLabels"];

/// The operations of a review.
pub(super) const OPERATIONS: &[(&str, &str)] =
    &[("CREATE", "CREATE"), ("UPDATE", "UPDATE"), ("DELETE", "DELETE")];

/// The words for the levels of findings: those of reports, and those of policies.
pub(super) const LEVELS: &[(&str, Severity)] = &[
    ("error", Severity::Error),
    ("warning", Severity::Warning),
    ("info", Severity::Info),
    ("deny", Severity::Error),
    ("warn", Severity::Warning),
];

/// The most findings, or fields, that one case may name: each is compared with each.
const MAX_NAMED: usize = 500;

/// Reads a case, with its own faults.
pub(super) fn read(reader: &mut Reader<'_>, section: Value, at: &At<'_>) -> Case {
    let (case, faults) = reader.apart(|reader| case(reader, section, at));
    Case { faults, ..case }
}

fn case(reader: &mut Reader<'_>, section: Value, at: &At<'_>) -> Case {
    let entries = reader.object(section, at, CASE_KEYS);
    let find = |key: &str| entries.iter().copied().find(|entry| entry.key == key);
    let name = match find("name") {
        Some(entry) => text(reader, reader.value(entry), &at.field("name")),
        None => missing(reader, section, at, "name is missing", "say in a few words what the case shows"),
    };
    let input = input(reader, section, at, &find);
    let with_defaults =
        find("withDefaults").and_then(|entry| reader.bool(reader.value(entry), &at.field("withDefaults")));
    let now = find("now").and_then(|entry| time(reader, reader.value(entry), &at.field("now")));
    let expected = match find("expect") {
        Some(entry) => expected(reader, reader.value(entry), &at.field("expect")),
        None => missing(
            reader,
            section,
            at,
            "expect is missing",
            "say what must come out: allowed, findings, absent or patched",
        ),
    };
    let is_named = name.is_some();
    let field = || Spanned { value: at.to_string(), span: start(section.span), path: at.to_string() };
    let name = name.unwrap_or_else(field);
    Case { name, is_named, input, with_defaults, now, expected, faults: Vec::new() }
}

fn missing<T>(reader: &mut Reader<'_>, section: Value, at: &At<'_>, message: &str, help: &str) -> Option<T> {
    // What is no object has been reported as such.
    if matches!(reader.kind(section), NodeKind::Map(_) | NodeKind::Null) {
        reader.fault(start(section.span), at, message, Some(help.to_owned()));
    }
    None
}

fn input<'t>(
    reader: &mut Reader<'t>,
    section: Value,
    at: &At<'_>,
    find: &dyn Fn(&str) -> Option<&'t Entry<'t>>,
) -> Option<Input> {
    let inputs: Vec<&Entry<'_>> = ["object", "file", "review"].into_iter().filter_map(find).collect();
    let [input] = inputs[..] else {
        let message = match inputs.len() {
            0 => "there is nothing to judge",
            _ => "there is more than one thing to judge",
        };
        return missing(reader, section, at, message, "give one of object, file and review");
    };
    let value = reader.value(input);
    let here = at.field(&input.key);
    if let Some(select) = find("select").filter(|_| input.key != "file") {
        let help = "select chooses among the objects of a file";
        let message = format!("has no effect beside {}", input.key);
        reader.fault(select.key_span, &at.field("select"), message, Some(help.to_owned()));
    }
    match input.key.as_ref() {
        "object" => Some(Input::Manifest(inline(reader, value, &here)?)),
        "file" => {
            let path = text(reader, value, &here);
            let select = match find("select") {
                Some(entry) => Some(select(reader, reader.value(entry), &at.field("select"))?),
                None => None,
            };
            Some(Input::Manifest(Written::File { path: path?, select }))
        }
        _ => Some(Input::Review(Box::new(review(reader, value, &here)?))),
    }
}

/// An object that is written in the test file.
fn inline(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Option<Written> {
    if !matches!(reader.kind(value), NodeKind::Map(all) if !all.is_empty()) {
        let help = "write the object here, or name the file that holds it with file";
        reader.fault(value.span, at, "is not an object", Some(help.to_owned()));
        return None;
    }
    Some(Written::Here(value.span, reader.tree().to_value(value.id)))
}

fn select(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Option<Spanned<Select>> {
    let written = text(reader, value, at)?;
    let Some(select) = Select::parse(&written.value) else {
        let help = "write Kind/name or Kind/namespace/name, such as CronJob/nightly";
        let message = format!("{} names no object", quoted(&written.value));
        reader.fault(value.span, at, message, Some(help.to_owned()));
        return None;
    };
    Some(Spanned { value: select, span: written.span, path: written.path })
}

/// An object of a review: written there, or in a file.
fn object(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Option<Written> {
    let tree = reader.tree();
    let is_reference = tree.entry(value.id, "file").is_some() && tree.entry(value.id, "kind").is_none();
    if !is_reference {
        return inline(reader, value, at);
    }
    let (mut path, mut chosen) = (None, None);
    for entry in reader.object(value, at, &["file", "select"]) {
        let (value, here) = (reader.value(entry), at.field(&entry.key));
        match entry.key.as_ref() {
            "file" => path = text(reader, value, &here),
            _ => chosen = Some(select(reader, value, &here)?),
        }
    }
    Some(Written::File { path: path?, select: chosen })
}

fn review(reader: &mut Reader<'_>, section: Value, at: &At<'_>) -> Option<Review> {
    let mut review = Review {
        span: start(section.span),
        path: at.to_string(),
        recorded: None,
        operation: "CREATE",
        object: None,
        old_object: None,
        namespace: None,
        user: None,
        groups: Vec::new(),
        dry_run: false,
        namespace_labels: None,
    };
    let entries = reader.object(section, at, REVIEW_KEYS);
    let mut is_whole = true;
    for entry in &entries {
        let (value, here) = (reader.value(entry), at.field(&entry.key));
        match entry.key.as_ref() {
            "file" => {
                review.recorded = text(reader, value, &here);
                is_whole &= review.recorded.is_some();
            }
            "operation" => match reader.word(value, &here, OPERATIONS) {
                Some(operation) => review.operation = operation,
                None => is_whole = false,
            },
            "object" => {
                review.object = object(reader, value, &here);
                is_whole &= review.object.is_some();
            }
            "oldObject" => {
                review.old_object = object(reader, value, &here);
                is_whole &= review.old_object.is_some();
            }
            "namespace" => review.namespace = text(reader, value, &here),
            "userInfo" => user(reader, value, &here, &mut review),
            "dryRun" => review.dry_run = reader.bool(value, &here).unwrap_or_default(),
            _ => review.namespace_labels = Some(labels(reader, value, &here)),
        }
    }
    if !is_whole || !matches!(reader.kind(section), NodeKind::Map(_) | NodeKind::Null) {
        return None;
    }
    if review.recorded.is_some() {
        for entry in entries.iter().filter(|entry| !matches!(entry.key.as_ref(), "file" | "namespaceLabels"))
        {
            let message = "has no effect beside file: the recorded review says it";
            let help = "remove one of them";
            reader.fault(entry.key_span, &at.field(&entry.key), message, Some(help.to_owned()));
        }
        return Some(review);
    }
    let useless = match review.operation {
        "CREATE" => {
            Some(("oldObject", "an object that is created takes the place of none: is it an UPDATE?"))
        }
        "DELETE" => Some(("object", "what is deleted is the oldObject, and nothing comes in its place")),
        _ => None,
    };
    let at_fault =
        useless.and_then(|(key, help)| Some((entries.iter().find(|entry| entry.key == key)?, help)));
    if let Some((entry, help)) = at_fault {
        let message = format!("a review of {} has none", review.operation);
        reader.fault(entry.key_span, &at.field(&entry.key), message, Some(help.to_owned()));
    }
    let (needed, is_there) = match review.operation {
        "DELETE" => ("oldObject", review.old_object.is_some()),
        _ => ("object", review.object.is_some()),
    };
    if !is_there {
        let help = "write the object here, or {file: manifest.yaml, select: CronJob/nightly}";
        return missing(reader, section, at, &format!("{needed} is missing"), help);
    }
    if review.operation == "UPDATE" && review.old_object.is_none() {
        let help = "an update replaces a stored object: write that one here";
        return missing(reader, section, at, "oldObject is missing", help);
    }
    Some(review)
}

fn user(reader: &mut Reader<'_>, section: Value, at: &At<'_>, review: &mut Review) {
    for entry in reader.object(section, at, &["username", "groups"]) {
        let (value, here) = (reader.value(entry), at.field(&entry.key));
        match entry.key.as_ref() {
            "username" => review.user = text(reader, value, &here).map(|user| user.value),
            _ => {
                for (index, item) in reader.list(value, &here).into_iter().enumerate() {
                    review.groups.extend(reader.string(item, &here.index(index)).map(str::to_owned));
                }
            }
        }
    }
}

fn labels(reader: &mut Reader<'_>, section: Value, at: &At<'_>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for entry in reader.entries(section, at) {
        if let Some(value) = reader.string(reader.value(entry), &at.key(&entry.key)) {
            labels.insert(entry.key.to_string(), value.to_owned());
        }
    }
    labels
}

fn expected(reader: &mut Reader<'_>, section: Value, at: &At<'_>) -> Option<Expected> {
    let mut expected = Expected::default();
    let before = reader.count();
    let entries = reader.object(section, at, &["allowed", "findings", "absent", "patched", "others"]);
    for entry in &entries {
        let (value, here) = (reader.value(entry), at.field(&entry.key));
        match entry.key.as_ref() {
            "allowed" => expected.allowed = reader.bool(value, &here),
            "findings" => expected.findings = Some(findings(reader, value, &here)),
            "absent" => expected.absent = findings(reader, value, &here),
            "patched" => expected.patched = Some(patched(reader, value, &here)),
            _ => {
                const OTHERS: &[(&str, bool)] = &[("fail", false), ("ignore", true)];
                expected.others_too = reader.word(value, &here, OTHERS).unwrap_or_default();
            }
        }
    }
    let is_empty = |list: &Option<usize>| list.is_none_or(|count| expected.others_too && count == 0);
    let findings = expected.findings.as_ref().map(Vec::len);
    let patched = expected.patched.as_ref().map(Vec::len);
    if expected.allowed.is_none() && expected.absent.is_empty() && is_empty(&findings) && is_empty(&patched) {
        // A faulty expectation is left out; that is not a second mistake.
        if reader.count() > before {
            return None;
        }
        let help = "give allowed, findings, absent or patched; `findings: []` means none at all";
        return missing(reader, section, at, "expects nothing, so that the case cannot fail", help);
    }
    Some(expected)
}

fn findings(reader: &mut Reader<'_>, section: Value, at: &At<'_>) -> Vec<ExpectedFinding> {
    let items = reader.list(section, at);
    if items.len() > MAX_NAMED {
        reader.fault(section.span, at, format!("more than {MAX_NAMED} findings"), None);
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        found.extend(finding(reader, item, &at.index(index)));
    }
    found
}

/// A finding: the rule alone, or an object. Which rules there are depends on the policy.
fn finding(reader: &mut Reader<'_>, item: Value, at: &At<'_>) -> Option<ExpectedFinding> {
    let of_rule = |rule: Spanned<String>| ExpectedFinding {
        rule: rule.value,
        place: rule.span,
        field: rule.path,
        path: None,
        severity: None,
        message: None,
    };
    if let NodeKind::Str(_) = reader.kind(item) {
        return text(reader, item, at).map(of_rule);
    }
    let entries = reader.object(item, at, &["rule", "path", "level", "message"]);
    let (mut rule, mut path, mut severity, mut message) = (None, None, None, None);
    for entry in &entries {
        let (value, here) = (reader.value(entry), at.field(&entry.key));
        match entry.key.as_ref() {
            "rule" => rule = text(reader, value, &here),
            "path" => path = reader.string(value, &here).map(Field::parse),
            "level" => severity = reader.word(value, &here, LEVELS),
            _ => message = text(reader, value, &here).map(|message| message.value),
        }
    }
    if !entries.iter().any(|entry| entry.key == "rule") {
        return missing(
            reader,
            item,
            at,
            "rule is missing",
            "name the rule that finds it, such as cron/overlap",
        );
    }
    Some(ExpectedFinding { path, severity, message, ..of_rule(rule?) })
}

fn patched(reader: &mut Reader<'_>, section: Value, at: &At<'_>) -> Vec<(Field, serde_json::Value)> {
    let entries = reader.entries(section, at);
    if entries.len() > MAX_NAMED {
        reader.fault(section.span, at, format!("more than {MAX_NAMED} fields"), None);
        return Vec::new();
    }
    entries
        .into_iter()
        .flat_map(|entry| leaves(&Field::parse(&entry.key), reader.tree().to_value(entry.value)))
        .collect()
}

/// The fields of a value that hold no others, so that it does not matter how much of an object one change adds.
pub(super) fn leaves(field: &Field, value: serde_json::Value) -> Vec<(Field, serde_json::Value)> {
    use serde_json::Value;
    match value {
        Value::Object(map) if !map.is_empty() => map
            .into_iter()
            .flat_map(|(key, value)| {
                // As the API server writes the keys of maps whose keys users choose.
                let is_key = field.text.ends_with("labels") || field.text.ends_with("annotations");
                let text = match is_key || key.contains(['.', '/', '[']) {
                    true => format!("{}[{key}]", field.text),
                    false => format!("{}.{key}", field.text),
                };
                leaves(&Field::parse(&text), value)
            })
            .collect(),
        Value::Array(items) if !items.is_empty() => items
            .into_iter()
            .enumerate()
            .flat_map(|(index, value)| leaves(&Field::parse(&format!("{}[{index}]", field.text)), value))
            .collect(),
        value => vec![(field.clone(), value)],
    }
}
