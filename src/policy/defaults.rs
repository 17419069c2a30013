//! The `defaults` section: what is filled in where nothing is set.
//!
//! Only fields that the API server leaves absent can have a default. Those that it defaults itself
//! (backoffLimit, concurrencyPolicy, the history limits ...) reach a webhook filled in already, and could not be
//! distinguished from a chosen value. `restartPolicy` is the exception: `Always`, which the API server fills
//! in, is not valid for a Job. `spreadMinutes` is for schedules that name no minute: `@daily`, not `0 0 * * *`.

use std::collections::BTreeMap;

use super::names;
use super::reader::{Reader, Value, quoted};
use jobguard_cron as cron;
use jobguard_manifest::At;
use jobguard_manifest::{Entry, NodeKind};

/// What a policy fills in. All values are valid for the API server, whatever the object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Defaults {
    /// `restartPolicy` of the Pod template.
    pub restart_policy: Option<RestartPolicy>,
    /// `activeDeadlineSeconds` of the Job, 1 or more.
    pub active_deadline_seconds: Option<i64>,
    /// `ttlSecondsAfterFinished` of Jobs without an owner that no deployment tool manages, 0 or more.
    pub ttl_seconds_after_finished: Option<i32>,
    /// `startingDeadlineSeconds` of a CronJob, 10 or more.
    pub starting_deadline_seconds: Option<i64>,
    /// `timeZone` of a CronJob.
    pub time_zone: Option<String>,
    /// Whether a CronJob whose `schedule` is a descriptor gets a minute by its name's hash.
    pub spread_minutes: bool,
    /// Labels of the object.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the object.
    pub annotations: BTreeMap<String, String>,
    /// Labels of the Pod template.
    pub template_labels: BTreeMap<String, String>,
    /// Annotations of the Pod template.
    pub template_annotations: BTreeMap<String, String>,
    /// A podFailurePolicy that does not count Pods lost to drains and preemption.
    pub ignore_disruptions: bool,
}

/// The restart policies that a Job may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartPolicy {
    /// A failed Pod is replaced by a new one.
    Never,
    /// The kubelet restarts the container in place.
    OnFailure,
}

impl RestartPolicy {
    /// The value in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "Never",
            Self::OnFailure => "OnFailure",
        }
    }
}

/// What one `defaults` section changes: per field nothing, a value, or (`null`) that nothing is filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DefaultsChange {
    restart_policy: Option<Option<RestartPolicy>>,
    active_deadline_seconds: Option<Option<i64>>,
    ttl_seconds_after_finished: Option<Option<i32>>,
    starting_deadline_seconds: Option<Option<i64>>,
    time_zone: Option<Option<String>>,
    spread_minutes: Option<Option<bool>>,
    labels: MapChange,
    annotations: MapChange,
    template_labels: MapChange,
    template_annotations: MapChange,
    ignore_disruptions: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct MapChange {
    clear: bool,
    entries: BTreeMap<String, Option<String>>,
}

impl MapChange {
    fn apply(&self, map: &mut BTreeMap<String, String>) {
        if self.clear {
            map.clear();
        }
        for (key, value) in &self.entries {
            match value {
                Some(value) => map.insert(key.clone(), value.clone()),
                None => map.remove(key),
            };
        }
    }
}

impl DefaultsChange {
    pub(super) fn apply(&self, defaults: &mut Defaults) {
        fn put<T: Clone>(change: &Option<Option<T>>, value: &mut Option<T>) {
            if let Some(change) = change {
                value.clone_from(change);
            }
        }
        put(&self.restart_policy, &mut defaults.restart_policy);
        put(&self.active_deadline_seconds, &mut defaults.active_deadline_seconds);
        put(&self.ttl_seconds_after_finished, &mut defaults.ttl_seconds_after_finished);
        put(&self.starting_deadline_seconds, &mut defaults.starting_deadline_seconds);
        put(&self.time_zone, &mut defaults.time_zone);
        if let Some(spread) = self.spread_minutes {
            defaults.spread_minutes = spread.unwrap_or_default();
        }
        self.labels.apply(&mut defaults.labels);
        self.annotations.apply(&mut defaults.annotations);
        self.template_labels.apply(&mut defaults.template_labels);
        self.template_annotations.apply(&mut defaults.template_annotations);
        if let Some(ignore) = self.ignore_disruptions {
            defaults.ignore_disruptions = ignore;
        }
    }
}

/// The keys of the section.
const KEYS: &[&str] = &[
    "restartPolicy",
    "activeDeadlineSeconds",
    "ttlSecondsAfterFinished",
    "startingDeadlineSeconds",
    "timeZone",
    "spreadMinutes",
    "labels",
    "annotations",
    "template",
    "podFailurePolicy",
];

const RESTART_POLICIES: &[(&str, RestartPolicy)] =
    &[("Never", RestartPolicy::Never), ("OnFailure", RestartPolicy::OnFailure)];

/// Fields of Jobs and CronJobs that have no default on purpose, and why: for error messages.
const NOT_OFFERED: &[(&[&str], &str)] = &[
    (
        &["schedule"],
        "when a CronJob runs is its owner's to decide; spreadMinutes gives a minute to descriptors such as @daily, which name none",
    ),
    (&["suspend"], "only the owner of the work decides whether it runs"),
    (&["managedBy"], "which controller runs a Job is its owner's to decide"),
    (&["parallelism"], "the number of Pods at work is part of what the Job does"),
    (&["completions", "completionMode"], "it is part of what the Job does"),
    (
        &[
            "backoffLimit",
            "concurrencyPolicy",
            "successfulJobsHistoryLimit",
            "failedJobsHistoryLimit",
            "podReplacementPolicy",
        ],
        "the API server sets its own default before any webhook is called, and that cannot be distinguished from a chosen value",
    ),
];

/// Annotations and labels that mean something to the API server or to jobguard: filled in, they could make a valid
/// object invalid, or do what only its author may do. A trailing `/` or `.` makes it a prefix.
const RESERVED: &[(&str, &str)] = &[
    ("jobguard.dev/", "turn rules off under rules or overrides"),
    ("batch.kubernetes.io/", "the Job and CronJob controllers set it"),
    ("job-name", "the API server sets it"),
    ("controller-uid", "the API server sets it"),
    ("kubectl.kubernetes.io/last-applied-configuration", "kubectl keeps its own record there"),
    ("helm.sh/hook", "it would make a hook of every object"),
    ("kubernetes.io/config.mirror", "the kubelet sets it"),
    ("scheduler.alpha.kubernetes.io/tolerations", "tolerations are a field of the Pod's spec"),
    ("controller.kubernetes.io/pod-deletion-cost", "it means nothing for the Pods of a Job"),
    ("seccomp.security.alpha.kubernetes.io/", "seccompProfile is a field of the Pod's spec"),
    ("container.seccomp.security.alpha.kubernetes.io/", "seccompProfile is a field of the Pod's spec"),
    ("container.apparmor.security.beta.kubernetes.io/", "appArmorProfile is a field of the Pod's spec"),
];

/// Bytes of annotations that a policy may add: far below the 256 KiB that an object may have.
const MAX_ANNOTATION_BYTES: usize = 16 * 1024;

pub(super) fn read(reader: &mut Reader<'_>, section: Value, at: &At<'_>) -> DefaultsChange {
    let mut out = DefaultsChange::default();
    for entry in reader.entries(section, at) {
        let value = reader.value(entry);
        let here = at.field(&entry.key);
        match entry.key.as_ref() {
            "restartPolicy" => {
                out.restart_policy = optional(reader, value, |r| r.word(value, &here, RESTART_POLICIES));
            }
            "activeDeadlineSeconds" => {
                out.active_deadline_seconds =
                    optional(reader, value, |r| r.int(value, &here, 1, MAX_SECONDS));
            }
            "ttlSecondsAfterFinished" => {
                out.ttl_seconds_after_finished = optional(reader, value, |r| {
                    r.int(value, &here, 0, MAX_SECONDS).and_then(|seconds| i32::try_from(seconds).ok())
                });
            }
            "startingDeadlineSeconds" => {
                out.starting_deadline_seconds =
                    optional(reader, value, |r| starting_deadline(r, value, &here));
            }
            "timeZone" => out.time_zone = optional(reader, value, |r| time_zone(r, value, &here)),
            "spreadMinutes" => {
                out.spread_minutes = optional(reader, value, |r| r.bool(value, &here));
            }
            "labels" => out.labels = map(reader, value, &here, MapKind::Labels),
            "annotations" => out.annotations = map(reader, value, &here, MapKind::Annotations),
            "template" => {
                for entry in reader.object(value, &here, &["labels", "annotations"]) {
                    let value = reader.value(entry);
                    let below = here.field(&entry.key);
                    match entry.key.as_ref() {
                        "labels" => out.template_labels = map(reader, value, &below, MapKind::Labels),
                        _ => out.template_annotations = map(reader, value, &below, MapKind::Annotations),
                    }
                }
            }
            "podFailurePolicy" => {
                for entry in reader.object(value, &here, &["ignoreDisruptions"]) {
                    let below = here.field(&entry.key);
                    out.ignore_disruptions = reader.bool(reader.value(entry), &below);
                }
            }
            _ => unknown(reader, entry, at),
        }
    }
    out
}

/// The API allows larger numbers of seconds, but no one intends a run of more than 68 years.
pub(super) const MAX_SECONDS: i64 = i32::MAX as i64;

/// `null` asks for nothing to be filled in, whatever the extended policy says.
fn optional<'t, T>(
    reader: &mut Reader<'t>,
    value: Value,
    read: impl FnOnce(&mut Reader<'t>) -> Option<T>,
) -> Option<Option<T>> {
    match reader.kind(value) {
        NodeKind::Null => Some(None),
        _ => read(reader).map(Some),
    }
}

fn starting_deadline(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Option<i64> {
    if let NodeKind::Int(0..10) = reader.kind(value) {
        let why =
            "the controller looks every 10 seconds, so that runs with a shorter deadline may never start";
        reader.fault(value.span, at, "must be 10 or more", Some(why.to_owned()));
        return None;
    }
    reader.int(value, at, 10, MAX_SECONDS)
}

fn time_zone(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Option<String> {
    let name = reader.string(value, at)?;
    match cron::load_zone(name) {
        Ok(_) => Some(name.to_owned()),
        Err(error) => {
            reader.fault(value.span, at, error.problem(), Some(error.remedy()));
            None
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MapKind {
    Labels,
    Annotations,
}

fn map(reader: &mut Reader<'_>, section: Value, at: &At<'_>, kind: MapKind) -> MapChange {
    let mut out = MapChange { clear: matches!(reader.kind(section), NodeKind::Null), ..MapChange::default() };
    let mut bytes = 0;
    for entry in reader.entries(section, at) {
        let here = at.key(&entry.key);
        if let Some(wrong) = names::check_key(&entry.key) {
            reader.fault(entry.key_span, &here, format!("not a valid key: {wrong}"), None);
            continue;
        }
        if let Some((_, why)) = RESERVED.iter().find(|(reserved, _)| is_reserved(reserved, &entry.key)) {
            let message = "this key cannot be filled in by a policy";
            reader.fault(entry.key_span, &here, message, Some((*why).to_owned()));
            continue;
        }
        let value = reader.value(entry);
        let text = match reader.kind(value) {
            NodeKind::Null => None,
            _ => match reader.string(value, &here) {
                Some(text) => Some(text),
                None => continue,
            },
        };
        if let (MapKind::Labels, Some(wrong)) = (kind, text.and_then(names::check_label_value)) {
            reader.fault(value.span, &here, wrong, None);
            continue;
        }
        bytes += entry.key.len() + text.map_or(0, str::len);
        out.entries.insert(entry.key.to_string(), text.map(str::to_owned));
    }
    if bytes > MAX_ANNOTATION_BYTES {
        reader.fault(section.span, at, format!("more than {MAX_ANNOTATION_BYTES} bytes in all"), None);
    }
    out
}

fn is_reserved(reserved: &str, key: &str) -> bool {
    key == reserved || (reserved.ends_with('/') && key.starts_with(reserved))
}

fn unknown(reader: &mut Reader<'_>, entry: &Entry<'_>, at: &At<'_>) {
    let key = entry.key.as_ref();
    if let Some((_, why)) = NOT_OFFERED.iter().find(|(keys, _)| keys.contains(&key)) {
        let message = format!("{key} cannot be filled in by a policy");
        reader.fault(entry.key_span, at, message, Some((*why).to_owned()));
        return;
    }
    reader.unknown(entry.key_span, at, format!("unknown key {}", quoted(key)), key, KEYS);
}
