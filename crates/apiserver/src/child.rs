//! The Jobs that a CronJob makes.
//!
//! The server does not judge a CronJob's template as it judges a Job: host names, labels that the server sets and
//! the like are looked at only when the controller creates a Job from it. A CronJob can therefore be accepted and
//! never run.

use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use k8s_openapi::jiff::Timestamp;
use k8s_openapi::jiff::tz::TimeZone;

use super::validate::validate_known_child;
use super::{CONTROLLER_UID_LABELS, FieldError, JOB_NAME_LABELS, Prepared, Server, UNKNOWN_UID, Workload};

/// The annotation that says for when a Job was scheduled.
const SCHEDULED_ANNOTATION: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// What the name of a CronJob's Job has behind the CronJob's name, as an example: a dash and the minute of its run,
/// counted from 1970.
pub const CRON_JOB_CHILD_SUFFIX: &str = "-00000000";

/// The Job that the CronJob controller creates for the run at `scheduled`, as it sends it to the server. The CronJob
/// has its defaults.
pub fn child_job(cron_job: &CronJob, scheduled: Timestamp) -> Job {
    child_with(cron_job.spec.job_template.spec.clone(), cron_job, scheduled)
}

fn child_with(spec: Option<JobSpec>, cron_job: &CronJob, scheduled: Timestamp) -> Job {
    let metadata = cron_job.spec.job_template.metadata.clone().unwrap_or_default();
    let name = cron_job.metadata.name.as_deref().unwrap_or_default();
    let uid = cron_job.metadata.uid.as_deref().filter(|uid| !uid.is_empty());
    let mut annotations = metadata.annotations.unwrap_or_default();
    annotations.insert(SCHEDULED_ANNOTATION.to_owned(), local_time(cron_job, scheduled));
    Job {
        metadata: ObjectMeta {
            name: Some(format!("{name}-{}", scheduled.as_second().div_euclid(60))),
            namespace: cron_job.metadata.namespace.clone(),
            labels: metadata.labels.filter(|labels| !labels.is_empty()),
            annotations: Some(annotations),
            owner_references: Some(vec![OwnerReference {
                api_version: "batch/v1".to_owned(),
                kind: "CronJob".to_owned(),
                name: name.to_owned(),
                uid: uid.unwrap_or(UNKNOWN_UID).to_owned(),
                controller: Some(true),
                block_owner_deletion: Some(true),
            }]),
            ..ObjectMeta::default()
        },
        spec,
        status: None,
    }
}

/// A Job's spec without what tells it from the template of its CronJob: with the server's defaults, and without the
/// selector and labels that the server makes. Two specs are equal in this form where one was made from the other, and
/// nothing was changed in between but `suspend`, which queues set and take back.
pub(super) fn run_spec(server: &Server, spec: JobSpec) -> JobSpec {
    let mut job = Workload::Job(Box::new(Job { spec: Some(spec), ..Job::default() }));
    server.apply_defaults(&mut job);
    let Workload::Job(job) = job else { return JobSpec::default() };
    let mut spec = job.spec.unwrap_or_default();
    spec.suspend = None;
    // A selector of its own stays as it was written.
    if spec.manual_selector != Some(true) {
        spec.selector = None;
        if let Some(labels) = spec.template.metadata.as_mut().and_then(|metadata| metadata.labels.as_mut()) {
            labels.retain(|key, _| {
                !JOB_NAME_LABELS.contains(&key.as_str()) && !CONTROLLER_UID_LABELS.contains(&key.as_str())
            });
        }
    }
    // What Pods are given of it.
    let metadata = spec.template.metadata.take().map(|metadata| ObjectMeta {
        labels: metadata.labels.filter(|labels| !labels.is_empty()),
        annotations: metadata.annotations.filter(|annotations| !annotations.is_empty()),
        finalizers: metadata.finalizers.filter(|finalizers| !finalizers.is_empty()),
        ..ObjectMeta::default()
    });
    spec.template.metadata = metadata.filter(|metadata| *metadata != ObjectMeta::default());
    spec
}

/// What the server has to say about the Job of the run at `scheduled`. Paths are those of the Job.
pub(super) fn validate_child(server: &Server, cron_job: &CronJob, scheduled: Timestamp) -> Vec<FieldError> {
    server.validate_create(&prepared(server, child_job(cron_job, scheduled)))
}

/// The same of a CronJob that the server accepts: its template has passed, Pods and all, and what is left to be said
/// is about the name, the labels and the selector that its Jobs are given.
pub(super) fn validate_child_of_accepted(
    server: &Server,
    cron_job: &CronJob,
    scheduled: Timestamp,
) -> Vec<FieldError> {
    if has_nothing_of_its_own(cron_job) {
        return Vec::new();
    }
    let spec = cron_job.spec.job_template.spec.as_ref().map(|spec| JobSpec {
        completions: spec.completions,
        completion_mode: spec.completion_mode.clone(),
        manual_selector: spec.manual_selector,
        parallelism: spec.parallelism,
        selector: spec.selector.clone(),
        template: PodTemplateSpec { metadata: spec.template.metadata.clone(), spec: None },
        ..JobSpec::default()
    });
    validate_known_child(server, prepared(server, child_with(spec, cron_job, scheduled)).workload())
}

/// Whether nothing in the template of an accepted CronJob can clash with what its Jobs are given: it brings no labels
/// or annotations for the Job, none of the labels that the server sets, and no host names made from the Job's name.
/// The name itself is that of the CronJob and eleven more characters, for which there is room.
fn has_nothing_of_its_own(cron_job: &CronJob) -> bool {
    let template = &cron_job.spec.job_template;
    let Some(spec) = &template.spec else { return true };
    let metadata = template.metadata.as_ref();
    let labels = spec.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
    let generated = JOB_NAME_LABELS.iter().chain(&CONTROLLER_UID_LABELS);
    metadata.is_none_or(|metadata| metadata.labels.is_none() && metadata.annotations.is_none())
        && labels.is_none_or(|labels| generated.into_iter().all(|label| !labels.contains_key(*label)))
        && spec.completion_mode.as_deref().unwrap_or("NonIndexed") == "NonIndexed"
        && spec.selector.is_none()
        && cron_job.metadata.name.as_deref().is_some_and(|name| !name.is_empty())
}

/// The Job as it comes before the server's validation.
fn prepared(server: &Server, job: Job) -> Prepared {
    server.updated(Workload::Job(Box::new(job))).prepare_for_create()
}

/// The time of a run as the controller writes it: RFC 3339, in the CronJob's time zone.
fn local_time(cron_job: &CronJob, scheduled: Timestamp) -> String {
    let zone = cron_job.spec.time_zone.as_deref().and_then(jobguard_cron::known_zone);
    let local = scheduled.to_zoned(zone.unwrap_or(TimeZone::UTC));
    let format = if local.offset().is_zero() { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%:z" };
    local.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::server;

    #[test]
    fn the_short_way_comes_to_the_same() {
        let at = "2026-01-31T12:00:30Z".parse().unwrap();
        let uid = "controller-uid: my-own";
        for (name, job, labels) in [
            ("report", "{}", ""),
            ("report.daily", "{completionMode: Indexed, completions: 3}", ""),
            (
                "a-name-that-is-long-and-goes-on-for-fifty-two-chars",
                "{completionMode: Indexed, completions: 99}",
                "",
            ),
            ("report", "{manualSelector: false}", uid),
            ("report", "{parallelism: 2}", "job-name: other"),
            ("report", "{backoffLimitPerIndex: 1, completionMode: Indexed, completions: 2}", uid),
        ] {
            let spec = job.trim_matches(['{', '}']);
            let comma = if spec.is_empty() { "" } else { "," };
            let text = format!(
                "metadata: {{name: {name}}}\nspec: {{schedule: '@daily', jobTemplate: {{spec: {{{spec}{comma} template: \
                 {{metadata: {{labels: {{{labels}}}}}, spec: {{restartPolicy: Never, containers: [{{name: a, image: b}}]}}}}}}}}}}"
            );
            let documents = jobguard_manifest::read(&text);
            let tree = documents[0].content.as_ref().unwrap();
            let server = server();
            let workload = server.decode(tree, tree.root(), crate::Kind::CronJob).workload.unwrap();
            let prepared = server.updated(workload).prepare_for_create();
            assert_eq!(server.validate_create(&prepared), [], "{text}");
            let workload = prepared.into_workload();
            let Workload::CronJob(cron_job) = workload else { panic!() };
            let short = server.validate_child_of_accepted(&cron_job, at);
            assert_eq!(short, server.validate_child(&cron_job, at), "{text}");
        }
    }

    #[test]
    fn named_after_the_minute() {
        let mut cron_job = CronJob::default();
        cron_job.metadata.name = Some("report".to_owned());
        cron_job.spec.time_zone = Some("Europe/Berlin".to_owned());
        let job = child_job(&cron_job, "2026-01-31T12:00:30Z".parse().unwrap());
        assert_eq!(job.metadata.name.as_deref(), Some("report-29497680"));
        assert_eq!(job.metadata.annotations.unwrap()[SCHEDULED_ANNOTATION], "2026-01-31T13:00:30+01:00");
    }
}
