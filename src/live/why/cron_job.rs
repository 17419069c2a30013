//! Why a CronJob did not start a run.

use jiff::{SignedDuration, Timestamp};

use super::answer::{Certainty, Evidence, Field, Reason, State};
use super::clock::{Clock, NoClock};
use super::facts::{CronJobFacts, JobFacts};
use super::known::Kind;
use super::refusal::Refusal;
use super::refused::{of_message, of_quota, used_up};
use super::target::TargetKind;
use super::view::{View, of_event};
use super::words::{about, names, pods, time};

/// How long the controller may take to start a run, in seconds.
const SOON: i64 = 15;

/// How far the clocks of machines may be apart, in seconds.
const MAX_SKEW: i64 = 60;

/// From how many missed runs on the controller warns.
const MANY: u64 = 100;

/// The shortest startingDeadlineSeconds that a controller keeps for certain.
const SHORT_DEADLINE: i64 = 10;

pub(super) fn of_cron_job(cron_job: &CronJobFacts) -> (&'static str, &str) {
    ("CronJob", &cron_job.meta.name)
}

pub(super) fn field(cron_job: &CronJobFacts, path: &str) -> Option<Field> {
    Some(Field::of(TargetKind::CronJob, &cron_job.meta.name, path))
}

fn says(cron_job: &CronJobFacts, path: &str, text: impl Into<String>, at: Option<Timestamp>) -> Evidence {
    Evidence::field(of_cron_job(cron_job), path, text, at)
}

/// Why the run that was due last was not started; none where it was.
pub(super) fn reasons(
    cron_job: &CronJobFacts,
    clock: &Result<Clock, NoClock>,
    jobs: &[&JobFacts],
    view: &View<'_>,
) -> Vec<Reason> {
    let name = &cron_job.meta.name;
    let certain = |id, text: String| Reason::new(id, State::NotRunning, Certainty::Certain, text);
    if let Some(deleted) = cron_job.meta.deleted {
        let text = format!("CronJob {name} is being deleted, and starts nothing any more");
        let finalizers = says(cron_job, "metadata.finalizers", cron_job.meta.finalizers.join(", "), None);
        return vec![
            certain("cron-terminating", text)
                .because([
                    says(cron_job, "metadata.deletionTimestamp", deleted.to_string(), Some(deleted)),
                    finalizers,
                ])
                .change("See what holds it: its finalizers, and the Jobs that have to go first"),
        ];
    }
    let clock = match clock {
        Ok(clock) => clock,
        Err(NoClock::Zone(why)) => {
            let zone = cron_job.time_zone.as_deref().unwrap_or_default();
            let text = format!("the timeZone of CronJob {name} is not valid: {why}");
            return vec![
                certain("cron-invalid-time-zone", text)
                    .because([says(cron_job, "spec.timeZone", zone, None)])
                    .because(view.event("CronJob", &cron_job.meta, &["UnknownTimeZone"]).map(of_event))
                    .change("Name a zone of the IANA database, such as Europe/Berlin")
                    .at(field(cron_job, "spec.timeZone")),
            ];
        }
        Err(NoClock::Schedule(why)) => {
            let text = format!("CronJob {name} has no valid schedule: {why}");
            return vec![
                certain("cron-invalid-schedule", text)
                    .because([says(cron_job, "spec.schedule", cron_job.schedule.clone(), None)])
                    .because(
                        view.event(
                            "CronJob",
                            &cron_job.meta,
                            &["UnparseableSchedule", "UnParseableCronJobSchedule", "InvalidSchedule"],
                        )
                        .map(of_event),
                    )
                    .change("Correct the schedule")
                    .at(field(cron_job, "spec.schedule")),
            ];
        }
        Err(NoClock::Never) => {
            let text = format!("the schedule of CronJob {name} names a date that never comes");
            return vec![
                certain("cron-never-fires", text)
                    .because([says(cron_job, "spec.schedule", cron_job.schedule.clone(), None)])
                    .change("Correct the day or the month of the schedule")
                    .at(field(cron_job, "spec.schedule")),
            ];
        }
    };
    if cron_job.suspend {
        let text = format!("CronJob {name} is suspended: no run is started until somebody resumes it");
        return vec![
            certain("cron-suspended", text)
                .because([says(cron_job, "spec.suspend", "true", None)])
                .because(cron_job.last_schedule.map(|last| says(cron_job, "status.lastScheduleTime", last.to_string(), Some(last))))
                .change("Set suspend to false. The run that was due last is started at once then, unless startingDeadlineSeconds is over")
                .at(field(cron_job, "spec.suspend")),
        ];
    }
    start(cron_job, clock, jobs, view)
}

/// The run that is due, and not started.
struct Unmet<'a> {
    cron_job: &'a CronJobFacts,
    due: Timestamp,
    /// How many were due since the last that was started.
    count: u64,
    /// How long ago it was due, in seconds.
    late: i64,
}

fn start(cron_job: &CronJobFacts, clock: &Clock, jobs: &[&JobFacts], view: &View<'_>) -> Vec<Reason> {
    let Some(since) = cron_job.last_schedule.or(cron_job.meta.created) else { return Vec::new() };
    if let Some(reason) = ahead(cron_job, clock, view) {
        return vec![reason];
    }
    let due = clock.due(since, view.now, 1);
    let Some(last) = due.last.back().copied() else { return Vec::new() };
    // The status lags behind the Job by a moment.
    if jobs.iter().any(|job| job.due() == Some(last)) {
        return Vec::new();
    }
    let late = view.now.as_second().saturating_sub(last.as_second());
    let unmet = Unmet { cron_job, due: last, count: due.count, late };
    let mut found = Vec::new();
    found.extend(refused(&unmet, jobs, view));
    if found.is_empty() {
        found.extend(given_up(&unmet, jobs, view));
    }
    if found.is_empty() {
        found.extend(blocked(&unmet, jobs, view));
    }
    if found.is_empty() {
        found.push(nothing_in_the_way(&unmet, view));
    }
    found.extend(many_missed(&unmet, view));
    found
}

/// The controller counts from a run that is yet to come: a clock was ahead when it was started.
fn ahead(cron_job: &CronJobFacts, clock: &Clock, view: &View<'_>) -> Option<Reason> {
    let last = cron_job.last_schedule?;
    let left = last.as_second().saturating_sub(view.now.as_second());
    if left <= MAX_SKEW {
        return None;
    }
    let name = &cron_job.meta.name;
    let first = clock.next(last).map_or("then".to_owned(), time);
    let text = format!(
        "status.lastScheduleTime of CronJob {name} is yet to come, in {}: the controller starts nothing \
         before the first run after it, which is due at {first}",
        about(left)
    );
    Some(
        Reason::new("cron-last-run-ahead", State::NotRunning, Certainty::Certain, text)
            .because([says(cron_job, "status.lastScheduleTime", last.to_string(), Some(last))])
            .change(
                "If a clock was ahead when that run was started, make the CronJob anew, or correct the time in its \
                 status (kubectl edit --subresource=status)",
            ),
    )
}

impl Unmet<'_> {
    /// When it was due, as evidence.
    fn evidence(&self) -> [Evidence; 2] {
        let last = self.cron_job.last_schedule;
        [
            says(
                self.cron_job,
                "spec.schedule",
                format!("{}: due at {}", self.cron_job.schedule, time(self.due)),
                Some(self.due),
            ),
            says(
                self.cron_job,
                "status.lastScheduleTime",
                last.map_or("not set: no run has been started yet".to_owned(), |last| last.to_string()),
                last,
            ),
        ]
    }

    /// The end of its startingDeadlineSeconds.
    fn deadline(&self) -> Option<(i64, Timestamp)> {
        let seconds = self.cron_job.starting_deadline?;
        Some((seconds, self.due.checked_add(SignedDuration::from_secs(seconds)).ok()?))
    }
}

/// The API server refuses the Job.
fn refused(unmet: &Unmet<'_>, jobs: &[&JobFacts], view: &View<'_>) -> Option<Reason> {
    let cron_job = unmet.cron_job;
    let event = view.event("CronJob", &cron_job.meta, &["FailedCreate"])?;
    // An older one is of another run, which was made after all.
    let made = jobs.iter().filter(|job| !job.by_hand).filter_map(|job| job.meta.created).max();
    let made = made.max(cron_job.last_schedule);
    if event.last.zip(made).is_some_and(|(event, made)| event <= made) {
        return None;
    }
    let refusal = Refusal::of(&event.message);
    let text = format!("the run due at {} was not started: {} its Job", time(unmet.due), refusal.what());
    let path = match refusal {
        Refusal::Invalid => Some("spec.jobTemplate".to_owned()),
        Refusal::Quota => None,
        _ => refusal.field().map(|field| format!("spec.jobTemplate.{field}")),
    };
    Some(
        Reason::new(refusal.id(false), State::NotRunning, Refusal::CERTAINTY, of_message(text, event))
            .because([of_event(event)])
            .because(unmet.evidence())
            .change(refusal.change())
            .at(path.and_then(|path| field(cron_job, &path))),
    )
}

/// Its startingDeadlineSeconds is over.
fn given_up(unmet: &Unmet<'_>, jobs: &[&JobFacts], view: &View<'_>) -> Option<Reason> {
    let cron_job = unmet.cron_job;
    let (seconds, deadline) = unmet.deadline()?;
    if deadline >= view.now {
        return None;
    }
    let evidence = says(
        cron_job,
        "spec.startingDeadlineSeconds",
        format!("{seconds}: over at {}", time(deadline)),
        None,
    );
    let missed = view.event("CronJob", &cron_job.meta, &["MissSchedule"]).map(of_event);
    let due = time(unmet.due);
    // A run of before was in the way for as long as this one could have been started.
    let in_the_way = |job: &&&JobFacts| {
        cron_job.counts(job)
            && job.meta.created.is_some_and(|created| created < unmet.due)
            && job.ended().is_none_or(|end| end > deadline)
    };
    let running: Vec<&JobFacts> = jobs.iter().filter(in_the_way).copied().collect();
    let at = field(cron_job, "spec.startingDeadlineSeconds");
    if let (Some(job), "Forbid") = (running.last(), cron_job.policy.as_str()) {
        let text = format!(
            "the run due at {due} was given up after startingDeadlineSeconds ({seconds}): \
             concurrencyPolicy is Forbid, and Job {} of an earlier run had not ended",
            job.meta.name
        );
        return Some(
            Reason::new("cron-missed-deadline", State::NotRunning, Certainty::Certain, text)
                .because([evidence, says(cron_job, "spec.concurrencyPolicy", "Forbid", None)])
                .because([job_runs(job)])
                .because(missed)
                .because(unmet.evidence())
                .change("Let an earlier run end sooner (activeDeadlineSeconds), or allow a later start")
                .at(at),
        );
    }
    let (why, change) = match seconds {
        ..SHORT_DEADLINE => (
            "so short that a busy controller may always come too late",
            "Raise startingDeadlineSeconds: a minute at least, or as long as a late run is still of use",
        ),
        _ => (
            "the controller came to it too late: it was away or busy, the CronJob was suspended, or the \
             Job was refused until then",
            "Raise startingDeadlineSeconds to as long as a late run is still of use",
        ),
    };
    let certainty =
        if missed.is_some() || seconds < SHORT_DEADLINE { Certainty::Certain } else { Certainty::Likely };
    let text = format!("the run due at {due} was given up after startingDeadlineSeconds ({seconds}): {why}");
    Some(
        Reason::new("cron-missed-deadline", State::NotRunning, certainty, text)
            .because([evidence])
            .because(missed)
            .because(unmet.evidence())
            .change(change)
            .at(at),
    )
}

/// That a Job has not ended, as evidence.
fn job_runs(job: &JobFacts) -> Evidence {
    let text = match job.ended() {
        Some(end) => format!("ended at {}", time(end)),
        None => format!("{} active, not ended", pods(job.active)),
    };
    Evidence::field(("Job", &job.meta.name), "status", text, job.started.or(job.meta.created))
}

/// Another run is in the way.
fn blocked(unmet: &Unmet<'_>, jobs: &[&JobFacts], view: &View<'_>) -> Option<Reason> {
    let cron_job = unmet.cron_job;
    if cron_job.policy != "Forbid" {
        return None;
    }
    let is_run = |job: &&JobFacts| !job.is_finished() && cron_job.counts(job);
    let running: Vec<&JobFacts> = jobs.iter().copied().filter(is_run).collect();
    // The controller's own list is what it goes by; it lags behind the Jobs by a moment.
    let counted: Vec<&JobFacts> =
        running.iter().copied().filter(|job| cron_job.active.contains(&job.meta.name)).collect();
    let (in_the_way, certainty) = match (counted.is_empty(), running.is_empty(), cron_job.active.as_slice()) {
        (false, ..) => {
            (counted.iter().map(|job| job.meta.name.as_str()).collect::<Vec<_>>(), Certainty::Certain)
        }
        (true, false, _) => (running.iter().map(|job| job.meta.name.as_str()).collect(), Certainty::Likely),
        (true, true, []) => return None,
        // The controller's own list names Jobs that were not read.
        (true, true, active) => (active.iter().map(String::as_str).collect(), Certainty::Likely),
    };
    let event = view.event("CronJob", &cron_job.meta, &["JobAlreadyActive"]).map(of_event);
    let until = match unmet.deadline() {
        Some((_, deadline)) => format!("it is given up if that lasts until {}", time(deadline)),
        None => "it starts once that has".to_owned(),
    };
    let text = format!(
        "the run due at {} waits: concurrencyPolicy is Forbid, and Job {} of an earlier run has not \
         ended; {until}",
        time(unmet.due),
        names(&in_the_way)
    );
    let active = says(cron_job, "status.active", cron_job.active.join(", "), None);
    let limit = running.iter().all(|job| job.deadline.is_none());
    let change = match limit {
        true => {
            "End the old run (below is why it goes on), and give the Jobs an activeDeadlineSeconds so \
             that a hung run cannot block all later ones"
        }
        false => "End the old run: below is why it goes on",
    };
    Some(
        Reason::new("cron-blocked", State::NotRunning, certainty, text)
            .because([says(cron_job, "spec.concurrencyPolicy", "Forbid", None), active])
            .because(running.iter().take(3).map(|job| job_runs(job)))
            .because(event)
            .because(unmet.evidence())
            .change(change)
            .at(field(
                cron_job,
                if limit { "spec.jobTemplate.spec.activeDeadlineSeconds" } else { "spec.concurrencyPolicy" },
            )),
    )
}

/// It could be started, and is not.
fn nothing_in_the_way(unmet: &Unmet<'_>, view: &View<'_>) -> Reason {
    let cron_job = unmet.cron_job;
    let due = time(unmet.due);
    if unmet.late < SOON {
        let text = format!("the run due at {due} is about to be started");
        return Reason::new("cron-about-to-start", State::NotRunning, Certainty::Likely, text)
            .because(unmet.evidence());
    }
    if !view.knows(Kind::Job) {
        let text = format!("the run due at {due} was not started, by the CronJob's own status");
        return Reason::new("cron-not-started", State::NotRunning, Certainty::Likely, text)
            .because(unmet.evidence())
            .change("Read its Jobs and events as well");
    }
    if let Some((quota, resource)) = used_up(view, &["count/jobs.batch"]) {
        let text = format!(
            "the run due at {due} was not started: ResourceQuota {} allows no more Jobs",
            quota.meta.name
        );
        return Reason::new(Refusal::Quota.id(false), State::NotRunning, Certainty::Likely, text)
            .because([of_quota(quota, resource)])
            .because(unmet.evidence())
            .change(
                "Remove finished Jobs (ttlSecondsAfterFinished, the history limits), or have the \
                 quota raised",
            )
            .at(field(cron_job, "spec.successfulJobsHistoryLimit"));
    }
    let text = format!(
        "the run due at {due} was not started, and nothing that is known stands in its way: the CronJob \
         controller may be away, or behind by more than {}",
        about(unmet.late)
    );
    let certainty = if unmet.late > 120 { Certainty::Likely } else { Certainty::Possible };
    Reason::new("cron-controller-away", State::NotRunning, certainty, text).because(unmet.evidence()).change(
        "See whether the controller manager runs and is leader, and its log (kube-system, or \
         ask who runs the control plane)",
    )
}

/// So many were missed that the controller warns.
fn many_missed(unmet: &Unmet<'_>, view: &View<'_>) -> Option<Reason> {
    let cron_job = unmet.cron_job;
    let event = view.event("CronJob", &cron_job.meta, &["TooManyMissedTimes"]);
    if event.is_none() && (unmet.count <= MANY || cron_job.starting_deadline.is_some()) {
        return None;
    }
    let since = cron_job.last_schedule.or(cron_job.meta.created);
    let age = view.age(since).map(|age| format!(" in the last {}", about(age))).unwrap_or_default();
    let text = format!(
        "more than {MANY} runs were missed{age}: the controller warns of it, and starts only the latest of \
         them once nothing is in its way"
    );
    let certainty = if event.is_some() { Certainty::Certain } else { Certainty::Likely };
    let count =
        says(cron_job, "status.lastScheduleTime", format!("{} runs were due since", unmet.count), since);
    Some(
        Reason::new("cron-many-missed", State::NotRunning, certainty, text)
            .because(event.map(of_event))
            .because([count])
            .change(
                "See to what kept it from starting; startingDeadlineSeconds bounds how far back the \
                 controller looks",
            )
            .at(field(cron_job, "spec.startingDeadlineSeconds")),
    )
}
