//! What became of the runs of a CronJob that were due before: started and gone, or never started.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

use super::answer::{Certainty, Evidence, Reason, State};
use super::clock::Clock;
use super::cron_job::{field, of_cron_job};
use super::facts::{CronJobFacts, JobFacts};
use super::known::Kind;
use super::view::{View, of_event};
use super::words::{in_command, time};

/// How many of the last runs are looked at.
const LAST: usize = 20;

/// The Job of the last run that was started is not there any more.
pub(super) fn removed(cron_job: &CronJobFacts, jobs: &[&JobFacts], view: &View<'_>) -> Option<Reason> {
    let last = cron_job.last_schedule?;
    if last > view.now || !view.knows(Kind::Job) || jobs.iter().any(|job| job.due() == Some(last)) {
        return None;
    }
    let says = |path: &str, text: String| Evidence::field(of_cron_job(cron_job), path, text, None);
    let how = How::of(cron_job, last, jobs);
    let limits = [
        (cron_job.successful_limit, "spec.successfulJobsHistoryLimit"),
        (cron_job.failed_limit, "spec.failedJobsHistoryLimit"),
    ];
    let (limit, path) = match how {
        How::Succeeded => limits[0],
        How::Unsuccessful => limits[1],
        How::Unknown => limits.into_iter().find(|(limit, _)| *limit == Some(0)).unwrap_or(limits[0]),
    };
    let (certainty, why, at, change) = if limit == Some(0) {
        (
            Certainty::Likely,
            format!("{path} is 0, so that nothing of it is kept"),
            path,
            "Keep at least one Job: its Pods' logs are all that there is to read",
        )
    } else if let Some(ttl) = cron_job.ttl {
        (
            Certainty::Likely,
            format!(
                "ttlSecondsAfterFinished ({ttl}) removes each Job after its end, whatever the history \
                 limits say"
            ),
            "spec.jobTemplate.spec.ttlSecondsAfterFinished",
            "Raise ttlSecondsAfterFinished, or leave it out: the history limits do the same",
        )
    } else {
        (
            Certainty::Possible,
            "somebody may have deleted it".to_owned(),
            path,
            "Read the log of the next run, or keep logs elsewhere",
        )
    };
    let (state, how_it_went) = match how {
        How::Succeeded => (State::Fine, "succeeded and its Job is gone"),
        How::Unsuccessful => (State::Failed, "did not succeed, by the CronJob's status, and its Job is gone"),
        How::Unknown => (State::Fine, "was started, and its Job is gone, so that nothing tells how it went"),
    };
    let text = format!("the run due at {} {how_it_went}: {why}", time(last));
    let mut reason = Reason::new("job-removed", state, certainty, text)
        .because([
            Evidence::field(of_cron_job(cron_job), "status.lastScheduleTime", last.to_string(), Some(last)),
            says(
                "status.lastSuccessfulTime",
                cron_job.last_success.map_or("not set".to_owned(), |time| time.to_string()),
            ),
        ])
        .because(limit.map(|limit| says(path, limit.to_string())))
        .because(view.event("CronJob", &cron_job.meta, &["SuccessfulDelete", "MissingJob"]).map(of_event))
        .at(field(cron_job, at));
    if how == How::Unsuccessful {
        reason = reason.change(change);
    }
    Some(reason)
}

/// How a run went whose Job is gone, by its CronJob's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Succeeded,
    Unsuccessful,
    Unknown,
}

impl How {
    fn of(cron_job: &CronJobFacts, due: Timestamp, jobs: &[&JobFacts]) -> Self {
        match cron_job.last_success {
            Some(success) if success >= due => {
                // Another that is still there explains it: the time is that of the last end, whichever run came to it.
                let is_of_another = jobs.iter().any(|job| job.completed == Some(success));
                if is_of_another { Self::Unknown } else { Self::Succeeded }
            }
            _ => Self::Unsuccessful,
        }
    }
}

/// A run was deleted before it had ended, for the next one.
pub(super) fn replaced(
    cron_job: &CronJobFacts,
    clock: &Clock,
    jobs: &[&JobFacts],
    view: &View<'_>,
) -> Option<Reason> {
    /// How many seconds the controller takes to delete the old Job and to make the new one, at most.
    const SOON: i64 = 3;
    /// The same after the time that the new one was due, where nothing is left that tells when it was made.
    const LATE: i64 = 10;
    if cron_job.policy != "Replace" {
        return None;
    }
    // The history limits delete Jobs with the same event, once they have ended: mostly when the controller sees that the next
    // one has. What it replaces, it deletes right before it makes the next, and never saw ended.
    let ended: BTreeSet<&str> = view
        .events_of("CronJob", &cron_job.meta)
        .filter(|event| event.reason == "SawCompletedJob")
        .filter_map(|event| event.message.strip_prefix("Saw completed job: ")?.split(',').next())
        .collect();
    let made = |due: Timestamp, name: &str| {
        let job = jobs.iter().find(|job| job.due() == Some(due)).and_then(|job| job.meta.created);
        job.or_else(|| {
            let is_it = |message: &str| message.strip_prefix("Created job ") == Some(name);
            view.events_of("CronJob", &cron_job.meta)
                .find(|event| event.reason == "SuccessfulCreate" && is_it(&event.message))
                .and_then(|event| event.last)
        })
    };
    let (event, name, next, certainty) = view.events_of("CronJob", &cron_job.meta).find_map(|event| {
        let name =
            event.message.strip_prefix("Deleted job ").filter(|_| event.reason == "SuccessfulDelete")?;
        if ended.contains(name) {
            return None;
        }
        let minutes: i64 = name.strip_prefix(&cron_job.meta.name)?.strip_prefix('-')?.parse().ok()?;
        let due = Timestamp::from_second(minutes.checked_mul(60)?).ok()?;
        let next = clock.next(due)?;
        let deleted = event.last?;
        // It succeeded in between: with this policy, no other run can have.
        if cron_job.last_success.is_some_and(|success| success > due && success <= deleted) {
            return None;
        }
        let since = |time: Timestamp| deleted.as_second().saturating_sub(time.as_second());
        let follower = format!("{}-{}", cron_job.meta.name, next.as_second().div_euclid(60));
        let certainty = match made(next, &follower) {
            Some(made) => (since(made).abs() <= SOON).then_some(Certainty::Likely),
            None => (0..=LATE).contains(&since(next)).then_some(Certainty::Possible),
        }?;
        Some((event, name, next, certainty))
    })?;
    let follower = jobs.iter().find(|job| job.due() == Some(next)).map(|job| job.meta.name.as_str());
    let was = if certainty == Certainty::Likely { "was" } else { "was perhaps" };
    let text = format!(
        "Job {name} {was} deleted at {}, before it had ended, to make room for the run that was due: \
         concurrencyPolicy is Replace",
        event.last.map(time).unwrap_or_default()
    );
    Some(
        Reason::new("cron-replaced", State::Failed, certainty, text)
            .because([
                of_event(event),
                Evidence::field(of_cron_job(cron_job), "spec.concurrencyPolicy", "Replace", None),
            ])
            .because(follower.map(|name| {
                Evidence::field(
                    ("Job", name),
                    "metadata.name",
                    format!("the run due at {}", time(next)),
                    Some(next),
                )
            }))
            .change(
                "Let a run end before the next is due, start them further apart, or use \
                 concurrencyPolicy: Forbid",
            )
            .at(field(cron_job, "spec.concurrencyPolicy")),
    )
}

/// One of the last runs was due at a time that did not exist.
pub(super) fn skipped(cron_job: &CronJobFacts, clock: &Clock, view: &View<'_>) -> Option<Reason> {
    /// How long ago it still is what somebody may ask about.
    const RECENT: SignedDuration = SignedDuration::from_hours(7 * 24);
    let zone = clock.zone_name.as_deref()?;
    let created = cron_job.meta.created?;
    let since_last = clock.skipped(cron_job.last_schedule.unwrap_or(created), view.now);
    // Of before the last one that was started, the schedule may have been another.
    let (certainty, [named, from, to]) = match since_last {
        Some(skipped) => (Certainty::Certain, skipped),
        None => {
            let since = view.now.checked_sub(RECENT).ok()?.max(created);
            (Certainty::Likely, clock.skipped(since, view.now)?)
        }
    };
    let clock_time = |time: DateTime| time.strftime("%H:%M").to_string();
    let text = format!(
        "the run of {} was left out: the clock in {zone} went from {} to {}, and the controller does not make up for it",
        named.strftime("%Y-%m-%d at %H:%M"),
        clock_time(from),
        clock_time(to)
    );
    let says = |path: &str, text: &str| Evidence::field(of_cron_job(cron_job), path, text, None);
    Some(
        Reason::new("cron-run-skipped-by-clock", State::Fine, certainty, text)
            .because([says("spec.schedule", &cron_job.schedule), says("spec.timeZone", zone)])
            .change(format!(
                "Choose a time that there is on every day, or a zone without daylight saving time, such as \
                 Etc/UTC; to make up for it, kubectl create job -n {} --from=cronjob/{1} {1}-by-hand",
                in_command(&cron_job.meta.namespace),
                in_command(&cron_job.meta.name)
            ))
            .at(field(cron_job, "spec.schedule")),
    )
}

/// Runs of the last ones that have no Job, between others that have, so that history limits cannot have removed it.
pub(super) fn missed(
    cron_job: &CronJobFacts,
    clock: &Clock,
    jobs: &[&JobFacts],
    view: &View<'_>,
) -> Option<Reason> {
    let until = cron_job.last_schedule?;
    if until > view.now || !view.knows(Kind::Job) || cron_job.ttl.is_some() {
        return None;
    }
    let succeeded = |job: &&&JobFacts| job.condition("Complete").is_some();
    let due: Vec<Timestamp> = jobs.iter().filter(succeeded).filter_map(|job| job.due()).collect();
    let oldest = due.iter().min().copied()?;
    let failed = |after: Timestamp| {
        jobs.iter()
            .filter(|job| job.condition("Failed").is_some() && job.due().is_some_and(|due| due > after))
            .count()
    };
    let failed_limit = usize::try_from(cron_job.failed_limit.unwrap_or(1)).unwrap_or(0);
    let gaps: Vec<Timestamp> = clock
        .last(oldest, until, LAST)
        .into_iter()
        // The last one was started, by the status: what became of its Job is told by itself.
        .filter(|time| *time != until && !jobs.iter().any(|job| job.due() == Some(*time)))
        // It may have failed, and been removed for newer failures.
        .filter(|time| failed(*time) < failed_limit)
        .collect();
    let newest = gaps.last().copied()?;
    let in_the_way = jobs.iter().filter(|job| cron_job.counts(job)).find(|job| {
        job.meta.created.is_some_and(|created| created < newest) && job.ended().is_none_or(|end| end > newest)
    });
    let event = view
        .event("CronJob", &cron_job.meta, &["MissSchedule", "FailedCreate", "JobAlreadyActive"])
        .map(of_event);
    let (certainty, why) = match (cron_job.policy.as_str(), in_the_way) {
        ("Forbid", Some(job)) => (
            Certainty::Certain,
            format!("concurrencyPolicy is Forbid, and Job {} had not ended", job.meta.name),
        ),
        ("Replace", _) => (
            Certainty::Possible,
            "its Job may have been replaced by that of the next \
             run, before it had ended"
                .to_owned(),
        ),
        _ => (
            Certainty::Possible,
            "the controller was away, the CronJob was suspended, the Job was refused, somebody has deleted \
             it, or the schedule was another one then"
                .to_owned(),
        ),
    };
    let (verb, nor) = match certainty {
        Certainty::Certain => ("was not started", "nor were"),
        Certainty::Likely | Certainty::Possible => ("has no Job", "nor have"),
    };
    let others = match gaps.len() {
        1 => String::new(),
        count => format!(", {nor} others before it ({})", count - 1),
    };
    let text = format!("the run due at {} {verb}{others}: {why}", time(newest));
    let id =
        if certainty == Certainty::Certain { "cron-skipped-while-running" } else { "cron-run-without-job" };
    let list = gaps.iter().rev().take(5).map(|gap| time(*gap)).collect::<Vec<_>>().join(", ");
    Some(
        Reason::new(id, State::Fine, certainty, text)
            .because([Evidence::field(
                of_cron_job(cron_job),
                "spec.schedule",
                format!("due, and no Job: {list}"),
                Some(newest),
            )])
            .because(in_the_way.map(|job| {
                let text = match job.ended() {
                    Some(end) => {
                        format!("from {} to {}", job.meta.created.map(time).unwrap_or_default(), time(end))
                    }
                    None => "not ended".to_owned(),
                };
                Evidence::field(("Job", &job.meta.name), "status", text, job.meta.created)
            }))
            .because(event)
            .change(match id {
                "cron-skipped-while-running" => {
                    "Let a run end before the next is due, or start them further apart"
                }
                _ => "Events of that time are gone after an hour: look again soon after the next one",
            })
            .at(field(
                cron_job,
                if id == "cron-skipped-while-running" {
                    "spec.concurrencyPolicy"
                } else {
                    "spec.startingDeadlineSeconds"
                },
            )),
    )
}
