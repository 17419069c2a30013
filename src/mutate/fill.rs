//! Which default goes where.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{
    CronJob, CronJobSpec, Job, JobSpec, PodFailurePolicy, PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use super::{Change, ChangeKind};
use crate::deploy_tool::DeployTool;
use crate::policy::{Defaults, RestartPolicy};
use jobguard_apiserver::Workload;
use jobguard_cron::spread_descriptor;
use jobguard_manifest::FieldPath;

type Map = BTreeMap<String, String>;

/// On an update of a Job, what the stored Job has there. None where anything may be filled in.
type Stored<'o, T> = Option<Option<&'o T>>;

/// The most that all annotations of an object may hold, keys and values, in bytes: the API server's limit.
pub const MAX_ANNOTATIONS: usize = 256 * 1024;

/// Fills in what a policy asks for, in an object that is being created or in a manifest. The object may be as
/// written or have the API's own defaults. Returns what was changed, in an order in which it can be applied.
///
/// Nothing that is set is touched, except a `restartPolicy` of `Always`, and a schedule's descriptor, which names no
/// minute. A second call changes nothing.
pub fn fill(workload: &mut Workload, defaults: &Defaults) -> Vec<Change> {
    match workload {
        Workload::Job(job) => fill_job(job, None, defaults),
        Workload::CronJob(cron_job) => fill_cron_job(cron_job, None, defaults),
    }
}

/// Fills in what a policy asks for, in an update of `old`.
///
/// * A Job gets back only what the stored Job has and the update leaves out: its template and podFailurePolicy can
///   no longer change, and a new deadline or lifetime would act on work that is under way or done.
/// * A CronJob is filled in like a new one if its spec changes; otherwise only its labels and annotations are. A
///   descriptor that is stored stays even then: another change is none of when the CronJob runs.
/// * An object that is being deleted is left alone.
///
/// Not for the status subresource.
pub fn fill_update(workload: &mut Workload, old: &Workload, defaults: &Defaults) -> Vec<Change> {
    match (workload, old) {
        (Workload::Job(job), Workload::Job(old)) => fill_job(job, Some(old), defaults),
        (Workload::CronJob(cron_job), Workload::CronJob(old)) => {
            fill_cron_job(cron_job, Some(&old.spec), defaults)
        }
        _ => Vec::new(),
    }
}

fn fill_job(job: &mut Job, old: Option<&Job>, defaults: &Defaults) -> Vec<Change> {
    let mut filler = Filler::default();
    if job.metadata.deletion_timestamp.is_some() {
        return filler.changes;
    }
    let path = FieldPath::root().field("spec");
    // Read before anything is filled in, so that a label from the policy decides nothing.
    let may_expire = may_expire(&job.metadata);
    let copied = copied_labels(job);
    filler.metadata(&mut job.metadata, old.map(|old| Some(&old.metadata)), defaults, &copied);
    if let Some(spec) = &mut job.spec {
        let old = old.map(|old| old.spec.as_ref());
        filler.job_spec(spec, old, defaults, &path, spec_allows_failed_only);
        if let (true, Some(seconds)) = (may_expire, &defaults.ttl_seconds_after_finished) {
            filler.value(
                &mut spec.ttl_seconds_after_finished,
                seconds,
                old.map(|old| old.and_then(|old| old.ttl_seconds_after_finished.as_ref())),
                || path.clone().field("ttlSecondsAfterFinished"),
                "without it a finished Job and its Pods stay until somebody deletes them",
            );
        }
    }
    filler.changes
}

fn fill_cron_job(cron_job: &mut CronJob, old: Option<&CronJobSpec>, defaults: &Defaults) -> Vec<Change> {
    let mut filler = Filler::default();
    if cron_job.metadata.deletion_timestamp.is_some() {
        return filler.changes;
    }
    filler.metadata(&mut cron_job.metadata, None, defaults, &Map::new());
    let spec = &mut cron_job.spec;
    // An empty spec may be one that is not there at all, with nothing to add to.
    if old == Some(&*spec) || *spec == CronJobSpec::default() {
        return filler.changes;
    }
    let path = FieldPath::root().field("spec");
    if defaults.spread_minutes && old.is_none_or(|old| old.schedule != spec.schedule) {
        filler.minute(&mut spec.schedule, &cron_job.metadata, &path);
    }
    if let Some(seconds) = &defaults.starting_deadline_seconds {
        filler.value(
            &mut spec.starting_deadline_seconds,
            seconds,
            None,
            || path.clone().field("startingDeadlineSeconds"),
            "without it a missed run is started however late it is",
        );
    }
    // A schedule that brings its own zone cannot have this field beside it.
    if let (Some(zone), false) = (&defaults.time_zone, spec.schedule.contains("TZ")) {
        filler.value(
            &mut spec.time_zone,
            zone,
            None,
            || path.clone().field("timeZone"),
            "without it the schedule is read in the controller manager's zone",
        );
    }
    if let Some(spec) = &mut spec.job_template.spec {
        let path = path.field("jobTemplate").field("spec");
        filler.job_spec(spec, None, defaults, &path, spec_allows_failed);
    }
    filler.changes
}

/// Whether a podFailurePolicy may be added to a Job: the API asks for `podReplacementPolicy: Failed` beside it, and
/// fills in another value where none is set, before a webhook is asked.
fn spec_allows_failed_only(spec: &JobSpec) -> bool {
    spec.pod_replacement_policy.as_deref() == Some("Failed")
}

/// The same for a CronJob's template, whose podReplacementPolicy is filled in only in the Jobs made from it.
fn spec_allows_failed(spec: &JobSpec) -> bool {
    spec.pod_replacement_policy.as_deref().is_none_or(|value| value == "Failed")
}

/// Whether a Job may be removed some time after it has finished: it has no owner (a CronJob has its history limits,
/// other controllers count their Jobs), and no tool keeps it in place, which would run it again.
fn may_expire(metadata: &ObjectMeta) -> bool {
    metadata.owner_references.as_ref().is_none_or(Vec::is_empty) && DeployTool::of(metadata).is_none()
}

/// The labels that the API server would give a Job without any: those of its template. It no longer does once the
/// policy has added one, hence they go in together.
fn copied_labels(job: &Job) -> Map {
    if job.metadata.labels.as_ref().is_some_and(|labels| !labels.is_empty()) {
        return Map::new();
    }
    let template = job.spec.as_ref().and_then(|spec| spec.template.metadata.as_ref());
    template.and_then(|metadata| metadata.labels.clone()).unwrap_or_default()
}

#[derive(Default)]
struct Filler {
    changes: Vec<Change>,
}

impl Filler {
    fn push(&mut self, path: FieldPath, value: &impl Serialize, kind: ChangeKind, why: &'static str) {
        // Strings, numbers and maps with string keys always serialize.
        if let Ok(value) = serde_json::to_value(value) {
            self.changes.push(Change { path, value, kind, why });
        }
    }

    fn value<T: Clone + PartialEq + Serialize>(
        &mut self,
        slot: &mut Option<T>,
        value: &T,
        stored: Stored<'_, T>,
        path: impl FnOnce() -> FieldPath,
        why: &'static str,
    ) {
        if slot.is_some() || stored.is_some_and(|stored| stored != Some(value)) {
            return;
        }
        *slot = Some(value.clone());
        self.push(path(), value, ChangeKind::Add, why);
    }

    /// Gives a minute to a schedule that names none. A name that the API server is yet to generate gives none.
    fn minute(&mut self, schedule: &mut String, metadata: &ObjectMeta, path: &FieldPath) {
        let Some(name) = &metadata.name else { return };
        let Some(spread) = spread_descriptor(schedule, metadata.namespace.as_deref(), name) else { return };
        self.push(path.clone().field("schedule"), &spread, ChangeKind::Replace, MINUTE);
        *schedule = spread;
    }

    fn metadata(
        &mut self,
        metadata: &mut ObjectMeta,
        stored: Stored<'_, ObjectMeta>,
        defaults: &Defaults,
        copied: &Map,
    ) {
        // The type does not say whether there is a metadata to add to; where it holds nothing, the object has no
        // name and is refused anyway.
        if *metadata == ObjectMeta::default() {
            return;
        }
        let path = FieldPath::root().field("metadata");
        let old = stored.map(|old| old.and_then(|old| old.labels.as_ref()));
        let mut labels = missing(&defaults.labels, metadata.labels.as_ref(), old);
        if !labels.is_empty() && stored.is_none() {
            labels.extend(copied.clone());
        }
        self.map(&mut metadata.labels, labels, || path.clone().field("labels"), LABEL);
        let old = stored.map(|old| old.and_then(|old| old.annotations.as_ref()));
        let annotations = missing(&defaults.annotations, metadata.annotations.as_ref(), old);
        let annotations = fitting(annotations, metadata.annotations.as_ref());
        self.map(&mut metadata.annotations, annotations, || path.clone().field("annotations"), ANNOTATION);
    }

    /// Adds entries to a map, or the whole map where there is none.
    fn map(&mut self, slot: &mut Option<Map>, added: Map, path: impl Fn() -> FieldPath, why: &'static str) {
        if added.is_empty() {
            return;
        }
        match slot {
            None => {
                self.push(path(), &added, ChangeKind::Add, why);
                *slot = Some(added);
            }
            Some(map) => {
                for (key, value) in added {
                    self.push(path().key(key.clone()), &value, ChangeKind::Add, why);
                    map.insert(key, value);
                }
            }
        }
    }

    fn job_spec(
        &mut self,
        spec: &mut JobSpec,
        stored: Stored<'_, JobSpec>,
        defaults: &Defaults,
        path: &FieldPath,
        allows_failure_policy: fn(&JobSpec) -> bool,
    ) {
        if let Some(seconds) = &defaults.active_deadline_seconds {
            self.value(
                &mut spec.active_deadline_seconds,
                seconds,
                stored.map(|old| old.and_then(|old| old.active_deadline_seconds.as_ref())),
                || path.clone().field("activeDeadlineSeconds"),
                "without it nothing ends a Job that hangs",
            );
        }
        self.restart_policy(spec, stored, defaults, path);
        self.template_metadata(spec, stored, defaults, path);
        let never =
            spec.template.spec.as_ref().and_then(|pod| pod.restart_policy.as_deref()) == Some("Never");
        if defaults.ignore_disruptions && never && allows_failure_policy(spec) {
            self.value(
                &mut spec.pod_failure_policy,
                &ignore_disruptions(),
                stored.map(|old| old.and_then(|old| old.pod_failure_policy.as_ref())),
                || path.clone().field("podFailurePolicy"),
                "without it Pods lost to a drain or a preemption count as failures",
            );
        }
    }

    fn restart_policy(
        &mut self,
        spec: &mut JobSpec,
        stored: Stored<'_, JobSpec>,
        defaults: &Defaults,
        path: &FieldPath,
    ) {
        let (Some(wanted), Some(pod)) = (defaults.restart_policy, spec.template.spec.as_mut()) else {
            return;
        };
        // A podFailurePolicy can stand beside Never only.
        let wanted = if spec.pod_failure_policy.is_some() { RestartPolicy::Never } else { wanted };
        // A container that is restarted forever would keep the Job from completing: better that it is refused.
        if pod.containers.iter().any(|container| container.restart_policy.as_deref() == Some("Always")) {
            return;
        }
        let kind = match pod.restart_policy.as_deref() {
            None => ChangeKind::Add,
            Some("" | "Always") => ChangeKind::Replace,
            Some(_) => return,
        };
        if let Some(old) = stored {
            let old =
                old.and_then(|old| old.template.spec.as_ref()).and_then(|pod| pod.restart_policy.as_deref());
            if old != Some(wanted.as_str()) {
                return;
            }
        }
        pod.restart_policy = Some(wanted.as_str().to_owned());
        let path = path.clone().field("template").field("spec").field("restartPolicy");
        self.push(path, &wanted.as_str(), kind, "a Job must say Never or OnFailure");
    }

    fn template_metadata(
        &mut self,
        spec: &mut JobSpec,
        stored: Stored<'_, JobSpec>,
        defaults: &Defaults,
        path: &FieldPath,
    ) {
        if spec.template.spec.is_none() {
            return;
        }
        let old = stored.map(|old| old.and_then(|old| old.template.metadata.as_ref()));
        let now = spec.template.metadata.as_ref();
        let mut labels = missing(
            &defaults.template_labels,
            now.and_then(|metadata| metadata.labels.as_ref()),
            old.map(|old| old.and_then(|old| old.labels.as_ref())),
        );
        // A selector that the user wrote may require that a label be absent.
        let expressions =
            spec.selector.iter().flat_map(|selector| selector.match_expressions.iter().flatten());
        for expression in expressions {
            labels.remove(&expression.key);
        }
        let annotations = now.and_then(|metadata| metadata.annotations.as_ref());
        let annotations = fitting(
            missing(
                &defaults.template_annotations,
                annotations,
                old.map(|old| old.and_then(|old| old.annotations.as_ref())),
            ),
            annotations,
        );
        let path = path.clone().field("template").field("metadata");
        match &mut spec.template.metadata {
            Some(metadata) => {
                self.map(&mut metadata.labels, labels, || path.clone().field("labels"), LABEL);
                self.map(
                    &mut metadata.annotations,
                    annotations,
                    || path.clone().field("annotations"),
                    ANNOTATION,
                );
            }
            None if labels.is_empty() && annotations.is_empty() => {}
            slot => {
                let some = |map: Map| (!map.is_empty()).then_some(map);
                let metadata = ObjectMeta {
                    labels: some(labels),
                    annotations: some(annotations),
                    ..ObjectMeta::default()
                };
                self.push(path, &metadata, ChangeKind::Add, LABEL);
                *slot = Some(metadata);
            }
        }
    }
}

const MINUTE: &str = "a descriptor names no minute, and most would start in the same one";
const LABEL: &str = "every object under this policy has this label";
const ANNOTATION: &str = "every object under this policy has this annotation";

/// The entries of `wanted` whose keys are not there; on an update of a Job, those alone that the stored one has.
fn missing(wanted: &Map, there: Option<&Map>, stored: Stored<'_, Map>) -> Map {
    wanted
        .iter()
        .filter(|(key, _)| there.is_none_or(|there| !there.contains_key(*key)))
        .filter(|(key, value)| match stored {
            None => true,
            Some(stored) => stored.and_then(|stored| stored.get(*key)) == Some(*value),
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Those of the annotations that fit beside the ones that are there.
fn fitting(mut added: Map, there: Option<&Map>) -> Map {
    let size = |(key, value): (&String, &String)| key.len().saturating_add(value.len());
    let mut total = there.into_iter().flatten().map(size).fold(0usize, usize::saturating_add);
    added.retain(|key, value| {
        let with = total.saturating_add(size((key, value)));
        let fits = with <= MAX_ANNOTATIONS;
        if fits {
            total = with;
        }
        fits
    });
    added
}

/// The podFailurePolicy that is filled in, as JSON; none where the policy asks for none.
pub fn ignored_disruptions(defaults: &Defaults) -> Option<serde_json::Value> {
    serde_json::to_value(defaults.ignore_disruptions.then(ignore_disruptions)?).ok()
}

fn ignore_disruptions() -> PodFailurePolicy {
    PodFailurePolicy {
        rules: vec![PodFailurePolicyRule {
            action: "Ignore".to_owned(),
            on_exit_codes: None,
            on_pod_conditions: Some(vec![PodFailurePolicyOnPodConditionsPattern {
                status: Some("True".to_owned()),
                type_: "DisruptionTarget".to_owned(),
            }]),
        }],
    }
}
