//! A CronJob: its schedule, its limits, and the Job template.

use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, JobSpec, JobTemplateSpec};

use super::job::validate_job_spec;
use super::numbers::validate_not_negative;
use super::{Errors, quote};
use crate::{Cause, Topic};
use jobguard_manifest::At;

/// The longest name of a CronJob: each of its Jobs has its name with a dash and ten digits, and 63 at most.
const NAME_MAX: usize = 52;
/// What a time zone in a schedule begins with, or ends with: `TZ=`, `CRON_TZ=`.
const ZONE: &str = "TZ";

pub(super) fn validate_cron_job(cron_job: &CronJob, errors: &mut Errors<'_>) {
    validate_cron_job_spec(&cron_job.spec, None, errors);
    let name = cron_job.metadata.name.as_deref().unwrap_or_default();
    if name.len() > NAME_MAX {
        let root = At::root();
        let at = root.field("metadata");
        let message = format!("a CronJob's name has at most {NAME_MAX} characters, not {}", name.len());
        errors
            .add(&at.field("name"), Cause::Invalid, Topic::Name, message)
            .help("shorten it: its Jobs are named after it, with 11 more characters");
    }
}

/// The spec of a CronJob. `stored` is the spec so far, on update.
pub(crate) fn validate_cron_job_spec(
    spec: &CronJobSpec,
    stored: Option<&CronJobSpec>,
    errors: &mut Errors<'_>,
) {
    let root = At::root();
    let at = root.field("spec");
    validate_schedule(spec, stored, &at.field("schedule"), errors);
    validate_not_negative(
        spec.starting_deadline_seconds,
        &at.field("startingDeadlineSeconds"),
        Topic::Counts,
        errors,
    );
    if stored.is_none_or(|stored| stored.time_zone != spec.time_zone) {
        validate_time_zone(spec.time_zone.as_deref(), &at.field("timeZone"), errors);
    }
    validate_concurrency(spec.concurrency_policy.as_deref(), &at.field("concurrencyPolicy"), errors);
    validate_job_template(&spec.job_template, &at.field("jobTemplate"), errors);
    for (field, value) in [
        ("successfulJobsHistoryLimit", spec.successful_jobs_history_limit),
        ("failedJobsHistoryLimit", spec.failed_jobs_history_limit),
    ] {
        validate_not_negative(value.map(i64::from), &at.field(field), Topic::Counts, errors);
    }
}

/// The schedule. A time zone in it is refused, except where the stored schedule has one already.
fn validate_schedule(spec: &CronJobSpec, stored: Option<&CronJobSpec>, at: &At<'_>, errors: &mut Errors<'_>) {
    let schedule = spec.schedule.as_str();
    if schedule.is_empty() {
        errors
            .add(at, Cause::Required, Topic::Schedule, "a CronJob needs a schedule")
            .help("set five fields: minute, hour, day of month, month, day of week, such as \"*/5 * * * *\"");
        return;
    }
    let may_have_zone = stored.is_some_and(|stored| stored.schedule.contains(ZONE));
    let parsed = if may_have_zone {
        if schedule.contains(ZONE) && spec.time_zone.is_some() {
            let message = "the schedule names a time zone, and timeZone is set too";
            let help = "remove TZ= or CRON_TZ= from the schedule";
            errors.add(at, Cause::Invalid, Topic::Schedule, message).help(help);
        }
        jobguard_cron::Schedule::parse_tolerating_tz(schedule).map(drop)
    } else {
        // No schedule with these letters can be read.
        jobguard_cron::Schedule::parse(schedule).map(drop)
    };
    if let Err(error) = parsed {
        errors.add(at, Cause::Invalid, Topic::Schedule, error.problem()).help(error.remedy());
    }
}

fn validate_time_zone(time_zone: Option<&str>, at: &At<'_>, errors: &mut Errors<'_>) {
    // What some hosts have is a matter of a warning (`cron/host-zone`): the API server there takes it.
    let checked = time_zone.filter(|name| jobguard_cron::host_zone(name).is_none());
    if let Some(Err(error)) = checked.map(jobguard_cron::load_zone) {
        errors.add(at, Cause::Invalid, Topic::TimeZone, error.problem()).help(error.remedy());
    }
}

fn validate_concurrency(policy: Option<&str>, at: &At<'_>, errors: &mut Errors<'_>) {
    const HELP: &str = "set concurrencyPolicy: Allow, Forbid or Replace";
    match policy {
        Some("Allow" | "Forbid" | "Replace") => {}
        None | Some("") => {
            errors
                .add(at, Cause::Required, Topic::ConcurrencyPolicy, "concurrencyPolicy is empty")
                .help(HELP);
        }
        Some(other) => {
            let message = format!("{} is not a valid concurrencyPolicy", quote(other));
            errors.add(at, Cause::NotSupported, Topic::ConcurrencyPolicy, message).help(HELP);
        }
    }
}

fn validate_job_template(template: &JobTemplateSpec, at: &At<'_>, errors: &mut Errors<'_>) {
    let empty = JobSpec::default();
    let spec = template.spec.as_ref().unwrap_or(&empty);
    let at = at.field("spec");
    validate_job_spec(spec, &at, errors);
    const HELP: &str = "remove it: each Job of the CronJob gets a selector of its own";
    if spec.selector.is_some() {
        let message = "the selector in a CronJob's template would be shared by all its Jobs";
        errors.add(&at.field("selector"), Cause::Invalid, Topic::Selector, message).help(HELP);
    }
    if spec.manual_selector == Some(true) {
        let message = "manualSelector cannot be true in a CronJob's template";
        errors.add(&at.field("manualSelector"), Cause::NotSupported, Topic::Selector, message).help(HELP);
    }
}
