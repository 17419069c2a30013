//! The section `embeddedJobs`: further kinds whose objects hold Jobs.

use super::reader::{Reader, Value, quoted};
use crate::embedded::{Controller, JobType, OuterKind, Pattern, Placeholders, Schedule};
use jobguard_apiserver::names as api_names;
use jobguard_manifest::{At, Entry, FieldPath, NodeKind};

/// Beyond this many kinds, the list is not comprehensible any more.
pub(super) const MAX_KINDS: usize = 100;
/// How many paths one kind may have.
pub(super) const MAX_PATHS: usize = 20;

pub(super) const TYPES: &[(&str, JobType)] = &[
    ("JobTemplateSpec", JobType::JobTemplateSpec),
    ("JobSpec", JobType::JobSpec),
    ("PodTemplateSpec", JobType::PodTemplateSpec),
];

/// The keys of an entry.
const KEYS: &[&str] = &["group", "kind", "jobs", "schedule", "timeZone", "placeholders"];

/// Reads the section.
pub(super) fn read(reader: &mut Reader<'_>, section: Value, at: &At<'_>) -> Vec<OuterKind> {
    let items = reader.list(section, at);
    if items.len() > MAX_KINDS {
        reader.fault(section.span, at, format!("more than {MAX_KINDS} kinds"), None);
        return Vec::new();
    }
    let mut kinds: Vec<OuterKind> = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let here = at.index(index);
        let Some(kind) = outer_kind(reader, item, &here) else { continue };
        if kinds.iter().any(|other| other.group == kind.group && other.kind == kind.kind) {
            let help = "put all paths of a kind into one entry";
            let message = format!("{} of {} is listed twice", quoted(&kind.kind), quoted(&kind.group));
            reader.fault(item.span, &here, message, Some(help.to_owned()));
        }
        kinds.push(kind);
    }
    kinds
}

fn outer_kind(reader: &mut Reader<'_>, item: Value, at: &At<'_>) -> Option<OuterKind> {
    let entries = reader.object(item, at, KEYS);
    if !matches!(reader.kind(item), NodeKind::Map(_)) {
        return None;
    }
    let mut kind = OuterKind {
        group: "".into(),
        kind: "".into(),
        jobs: Vec::new(),
        schedule: None,
        controller: Controller::Other,
        structure: None,
        placeholders: None,
    };
    let (mut schedule, mut time_zone) = (None, None);
    for entry in &entries {
        let value = reader.value(entry);
        let here = at.field(&entry.key);
        match entry.key.as_ref() {
            "group" => kind.group = group(reader, value, &here)?.into(),
            "kind" => kind.kind = name(reader, value, &here)?.into(),
            "jobs" => kind.jobs = jobs(reader, value, &here),
            "schedule" => schedule = field(reader, value, &here),
            "timeZone" => time_zone = field(reader, value, &here),
            _ => kind.placeholders = placeholders(reader, value, &here),
        }
    }
    for (key, is_missing) in [("group", kind.group.is_empty()), ("kind", kind.kind.is_empty())] {
        if is_missing {
            reader.fault(item.span, at, format!("{key} is missing"), None);
            return None;
        }
    }
    if let (None, Some(entry)) = (&schedule, entry(&entries, "timeZone")) {
        let help = "say where the schedule stands";
        reader.fault(
            entry.key_span,
            &at.field("timeZone"),
            "has no effect without schedule",
            Some(help.to_owned()),
        );
    }
    kind.schedule = schedule.map(|expression| Schedule { expression, time_zone, fields: &[] });
    Some(kind)
}

fn entry<'e, 't>(entries: &[&'e Entry<'t>], key: &str) -> Option<&'e Entry<'t>> {
    entries.iter().find(|entry| entry.key == key).copied()
}

fn group(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Option<String> {
    let group = reader.string(value, at)?;
    if matches!(group, "batch") {
        reader.fault(value.span, at, "Jobs and CronJobs of batch are judged as they are", None);
        return None;
    }
    if group.is_empty() || !api_names::dns_subdomain(group).is_empty() {
        let help = "write the part of apiVersion before the slash, such as jobset.x-k8s.io";
        reader.fault(value.span, at, format!("{} is no API group", quoted(group)), Some(help.to_owned()));
        return None;
    }
    Some(group.to_owned())
}

fn name(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Option<String> {
    let kind = reader.string(value, at)?;
    let is_kind =
        !kind.is_empty() && kind.len() <= 63 && kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_kind || kind.ends_with("List") {
        let help = "write it as in a manifest, such as JobSet";
        reader.fault(value.span, at, format!("{} is no kind", quoted(kind)), Some(help.to_owned()));
        return None;
    }
    Some(kind.to_owned())
}

fn jobs(reader: &mut Reader<'_>, section: Value, at: &At<'_>) -> Vec<(Pattern, JobType)> {
    let items = reader.list(section, at);
    if items.len() > MAX_PATHS {
        reader.fault(section.span, at, format!("more than {MAX_PATHS} paths"), None);
        return Vec::new();
    }
    let mut jobs = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let here = at.index(index);
        let (mut path, mut of) = (None, None);
        let entries = reader.object(item, &here, &["path", "type"]);
        for entry in &entries {
            let value = reader.value(entry);
            match entry.key.as_ref() {
                "path" => path = pattern(reader, value, &here.field("path")),
                _ => of = reader.word(value, &here.field("type"), TYPES),
            }
        }
        for key in ["path", "type"] {
            if entry(&entries, key).is_none() && matches!(reader.kind(item), NodeKind::Map(_)) {
                reader.fault(item.span, &here, format!("{key} is missing"), None);
            }
        }
        jobs.extend(path.zip(of));
    }
    jobs
}

fn pattern(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Option<Pattern> {
    let text = reader.string(value, at)?;
    match Pattern::parse(text) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let help = "write field names with dots between them, and [*] for every element of a list, such as \
                        spec.replicatedJobs[*].template";
            let message = format!("{} is no path: {error}", quoted(text));
            reader.fault(value.span, at, message, Some(help.to_owned()));
            None
        }
    }
}

/// A path to one field.
fn field(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Option<FieldPath> {
    let pattern = pattern(reader, value, at)?;
    let field = pattern.as_field();
    if field.is_none() {
        reader.fault(value.span, at, "must name one field, without [*]", None);
    }
    field
}

fn placeholders(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Option<Placeholders> {
    let text = reader.string(value, at)?;
    let read = Placeholders::parse(text);
    if read.is_none() {
        let help = "write what a placeholder begins and ends with, and * between, such as \"{{args.*}}\"";
        reader.fault(value.span, at, format!("{} is no placeholder", quoted(text)), Some(help.to_owned()));
    }
    read
}

#[cfg(test)]
mod tests {
    use crate::policy::load::{Source, no_files, read};
    use crate::policy::testing::CATALOG;

    fn faults(entries: &str) -> Vec<String> {
        let text = format!(
            "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {{name: a}}\nspec:\n  embeddedJobs: {entries}\n"
        );
        let source = Source { name: "a.yaml".to_owned(), text };
        match read(&source, CATALOG, &no_files) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.iter().map(|error| format!("{}: {}", error.path, error.message)).collect(),
        }
    }

    #[test]
    fn what_is_read() {
        let path = "{path: 'spec.steps[*].job', type: JobSpec}";
        for entries in [
            "[]".to_owned(),
            format!("[{{group: example.com, kind: Pipeline, jobs: [{path}]}}]"),
            format!("[{{group: a.b, kind: P, jobs: [{path}], schedule: spec.when, timeZone: spec.zone}}]"),
            "[{group: keda.sh, kind: ScaledJob}]".to_owned(),
            "[{group: a.b, kind: P, schedule: spec.when, placeholders: '{{args.*}}'}]".to_owned(),
        ] {
            assert_eq!(faults(&entries), Vec::<String>::new(), "{entries}");
        }
    }

    #[test]
    fn what_is_wrong() {
        for (entry, expected) in [
            ("{kind: P}", "spec.embeddedJobs[0]: group is missing"),
            ("{group: a.b}", "spec.embeddedJobs[0]: kind is missing"),
            (
                "{group: batch, kind: P}",
                "spec.embeddedJobs[0].group: Jobs and CronJobs of batch are judged as they are",
            ),
            ("{group: A, kind: P}", "spec.embeddedJobs[0].group: \"A\" is no API group"),
            ("{group: a.b, kind: PList}", "spec.embeddedJobs[0].kind: \"PList\" is no kind"),
            ("{group: a.b, kind: P, paths: []}", "spec.embeddedJobs[0]: unknown key \"paths\""),
            (
                "{group: a.b, kind: P, jobs: [{path: spec.a}]}",
                "spec.embeddedJobs[0].jobs[0]: type is missing",
            ),
            (
                "{group: a.b, kind: P, jobs: [{path: '$.a', type: JobSpec}]}",
                "spec.embeddedJobs[0].jobs[0].path: \"$.a\" is no path: \"$\" is neither a field name nor [*]",
            ),
            (
                "{group: a.b, kind: P, schedule: 'spec.a[*]'}",
                "spec.embeddedJobs[0].schedule: must name one field, without [*]",
            ),
            (
                "{group: a.b, kind: P, timeZone: spec.a}",
                "spec.embeddedJobs[0].timeZone: has no effect without schedule",
            ),
            (
                "{group: a.b, kind: P, placeholders: '{{'}",
                "spec.embeddedJobs[0].placeholders: \"{{\" is no placeholder",
            ),
        ] {
            assert_eq!(faults(&format!("[{entry}]")), [expected], "{entry}");
        }
        let twice = faults("[{group: a.b, kind: P}, {group: a.b, kind: P}]");
        assert_eq!(twice, ["spec.embeddedJobs[1]: \"P\" of \"a.b\" is listed twice"]);
    }
}
