//! The answer, put together: reasons in their order, and what is not known.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::answer::{Answer, Certainty, Evidence, NextRun, Reason, SCHEMA_VERSION, State};
use super::clock::Clock;
use super::facts::{CronJobFacts, JobFacts};
use super::known::{Kind, Known, NotFound, Target};
use super::target::TargetRef;
use super::view::View;
use super::words::{about, pods, time};
use super::{cron_job, cron_past, findings, job, plain, runs};
use crate::policy::Policy;

/// How many Jobs that have not ended are explained.
const MOST_ACTIVE: usize = 3;

/// Answers about one object. `now` is the time to answer for, or else the newest that the objects tell of.
///
/// # Errors
///
/// If what is asked about is not among the objects.
pub fn answer(
    known: &Known,
    wanted: &TargetRef,
    namespace: Option<&str>,
    now: Option<Timestamp>,
    policy: &Policy,
) -> Result<Answer, NotFound> {
    let target = known.find(wanted, namespace)?;
    let meta = target.meta();
    let newest = known.newest_time().unwrap_or(Timestamp::UNIX_EPOCH);
    let view = View::new(known, &meta.namespace, now.unwrap_or(newest));
    let mut answer = Answer {
        schema_version: SCHEMA_VERSION,
        kind: target.kind().as_str(),
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        now: view.now,
        now_is_newest_known: now.is_none(),
        state: State::Fine,
        summary: String::new(),
        reasons: Vec::new(),
        cannot_tell: Vec::new(),
        next_run: None,
        runs: Vec::new(),
    };
    match target {
        Target::CronJob(cron_job) => about_cron_job(cron_job, &view, policy, &mut answer),
        Target::Job(job) => about_job(job, &view, policy, &mut answer),
    }
    // The most certain first; behind what is wrong what only says how it goes. Among that, that no run is missing comes after
    // what is known of the last one.
    answer.reasons.sort_by_key(|reason| {
        let is_no_reason = reason.change.is_none();
        let is_guess = reason.certainty == Certainty::Possible;
        (is_no_reason, is_guess, is_no_reason && reason.state == State::Fine, reason.certainty)
    });
    answer.cannot_tell.extend(cannot_tell(target, &answer.reasons, &view));
    plain::neutralise(&mut answer);
    Ok(answer)
}

fn about_job(job: &JobFacts, view: &View<'_>, policy: &Policy, answer: &mut Answer) {
    answer.reasons = job::reasons(job, view);
    answer.state = state_of(job, &answer.reasons);
    let what = match answer.state {
        State::Fine => "has succeeded",
        State::Running => "is running",
        State::NotRunning if answer.reasons.iter().all(|reason| reason.change.is_none()) => "is about to run",
        State::NotRunning => "does not run",
        State::Failed => "has failed",
    };
    answer.summary = match is_by_status(&answer.reasons) {
        true => format!("Job {} {}", job.meta.name, by_status(job)),
        false => format!("Job {} {what}", job.meta.name),
    };
    answer.runs = vec![runs::of_job(job, view)];
    findings::of_job(job, view, policy, &mut answer.reasons);
}

/// Whether no more is known of a Job than what its own status says: its Pods were not read.
fn is_by_status(reasons: &[Reason]) -> bool {
    reasons.iter().any(|reason| reason.id == "job-running")
}

fn by_status(job: &JobFacts) -> String {
    format!("has {} active by its own status; its Pods are not known", pods(job.active))
}

/// How a Job stands.
fn state_of(job: &JobFacts, reasons: &[Reason]) -> State {
    if job.condition("Failed").is_some() {
        return State::Failed;
    }
    if job.condition("Complete").is_some() {
        return if job.meta.deleted.is_some() { State::NotRunning } else { State::Fine };
    }
    let has = |state| reasons.iter().any(|reason| reason.state == state);
    // One Pod that runs is a Job that runs.
    if has(State::Running) || has(State::Failed) && !has(State::NotRunning) {
        State::Running
    } else {
        State::NotRunning
    }
}

fn about_cron_job(cron_job: &CronJobFacts, view: &View<'_>, policy: &Policy, answer: &mut Answer) {
    let name = &cron_job.meta.name;
    let mut jobs: Vec<&JobFacts> =
        view.known.jobs.iter().filter(|job| job.meta.belongs_to("CronJob", &cron_job.meta)).collect();
    jobs.sort_by(|a, b| (a.meta.created, &a.meta.name).cmp(&(b.meta.created, &b.meta.name)));
    let clock = Clock::of(cron_job);
    let mut found = cron_job::reasons(cron_job, &clock, &jobs, view);
    let is_stopped = !found.is_empty();
    let active: Vec<&JobFacts> = jobs.iter().rev().copied().filter(|job| !job.is_finished()).collect();
    let mut active_state = None;
    for job in active.iter().take(MOST_ACTIVE) {
        let of_job = job::reasons(job, view);
        active_state = active_state.max(Some(state_of(job, &of_job)));
        found.extend(of_job);
    }
    let last = jobs.iter().rev().find(|job| job.is_finished());
    let mut failed = false;
    if let Some(job) = last {
        // An older failure does not matter while the next run goes on as it should.
        failed = job.condition("Failed").is_some();
        if failed || active.is_empty() && !is_stopped {
            found.extend(job::reasons(job, view));
        }
    }
    let removed = cron_past::removed(cron_job, &jobs, view);
    failed |= removed.as_ref().is_some_and(|reason| reason.state == State::Failed) && active.is_empty();
    found.extend(removed);
    if let Ok(clock) = &clock {
        let replaced = cron_past::replaced(cron_job, clock, &jobs, view);
        match replaced {
            Some(reason) => found.push(reason),
            None => found.extend(cron_past::missed(cron_job, clock, &jobs, view)),
        }
        if !is_stopped {
            found.extend(cron_past::skipped(cron_job, clock, view));
            found.push(up_to_date(cron_job, clock, view));
        }
        let runs: Vec<&JobFacts> = active.iter().copied().filter(|job| cron_job.counts(job)).collect();
        answer.next_run = next_run(cron_job, clock, &runs, view);
        if clock.zone_name.is_none() {
            answer.cannot_tell.push(
                "spec.timeZone is not set: when runs are due rests on the controller manager's own \
                 zone, taken to be UTC"
                    .to_owned(),
            );
        }
    }
    answer.state = match (is_stopped, active_state, failed) {
        (true, ..) => State::NotRunning,
        (false, Some(state), _) => state,
        (false, None, true) => State::Failed,
        (false, None, false) => State::Fine,
    };
    answer.summary = match (answer.state, active.first()) {
        (State::Fine, _) if cron_job.last_schedule.is_none() => {
            format!("CronJob {name} has had no run yet, as none was due")
        }
        (State::Fine, _) if found.iter().any(is_problem) => {
            format!("the last run of CronJob {name} went well, but not all before it did")
        }
        (State::Fine, _) => format!("CronJob {name} runs as it should"),
        (State::Running, Some(job)) if is_by_status(&found) => {
            format!("Job {} of CronJob {name} {}", job.meta.name, by_status(job))
        }
        (State::Running, _) => format!("a run of CronJob {name} is running"),
        (State::Failed, _) => format!("the last run of CronJob {name} failed"),
        (State::NotRunning, Some(job)) if !is_stopped => {
            format!("Job {} of CronJob {name} was made, and does not run", job.meta.name)
        }
        (State::NotRunning, _) if found.iter().any(|reason| reason.id == "cron-last-run-ahead") => {
            format!("CronJob {name} starts no run as long as its last one is yet to come")
        }
        (State::NotRunning, _) if has_unmet(&found) => {
            format!("CronJob {name} has not started the run that is due")
        }
        (State::NotRunning, _) => format!("CronJob {name} starts no run"),
    };
    if let (true, Some(State::Running)) = (is_stopped, active_state) {
        answer.summary.push_str(match active.iter().any(|job| cron_job.counts(job)) {
            true => "; an earlier run is still running",
            false => "; a Job that was made by hand is running",
        });
    }
    answer.reasons = found;
    answer.runs = runs::of_cron_job(clock.as_ref().ok(), cron_job, &jobs, view);
    findings::of_cron_job(cron_job, view, policy, &mut answer.reasons);
}

/// Whether a reason says for sure that something is wrong.
fn is_problem(reason: &Reason) -> bool {
    reason.change.is_some() && reason.certainty != Certainty::Possible
}

/// Whether there is a run that is due, and was not started; not so where there are to be none.
fn has_unmet(reasons: &[Reason]) -> bool {
    const NO_RUNS: [&str; 6] = [
        "cron-last-run-ahead",
        "cron-terminating",
        "cron-suspended",
        "cron-never-fires",
        "cron-invalid-schedule",
        "cron-invalid-time-zone",
    ];
    !reasons.iter().any(|reason| NO_RUNS.contains(&reason.id))
}

/// Every run that was due has been started.
fn up_to_date(cron_job: &CronJobFacts, clock: &Clock, view: &View<'_>) -> Reason {
    let of = cron_job::of_cron_job(cron_job);
    let next = after(cron_job, clock, view)
        .map(|next| format!("; the next is due at {}", time(next)))
        .unwrap_or_default();
    let (text, path, at) = match (cron_job.last_schedule, cron_job.meta.created) {
        (Some(last), _) => (
            format!("no run is due that was not started: the last was due at {}{next}", time(last)),
            "status.lastScheduleTime",
            Some(last),
        ),
        (None, Some(created)) => (
            format!("no run has been due since the CronJob was made at {}{next}", time(created)),
            "metadata.creationTimestamp",
            Some(created),
        ),
        (None, None) => {
            (format!("nothing tells of a run that was due{next}"), "status.lastScheduleTime", None)
        }
    };
    let evidence = [
        Evidence::field(of, "spec.schedule", cron_job.schedule.clone(), None),
        Evidence::field(of, path, at.map_or("not set".to_owned(), |at| at.to_string()), at),
    ];
    Reason::new("cron-no-run-due", State::Fine, Certainty::Certain, text).because(evidence)
}

/// The next run; nothing is started before a last one that is yet to come.
fn after(cron_job: &CronJobFacts, clock: &Clock, view: &View<'_>) -> Option<Timestamp> {
    clock.next(cron_job.last_schedule.map_or(view.now, |last| last.max(view.now)))
}

fn next_run(
    cron_job: &CronJobFacts,
    clock: &Clock,
    active: &[&JobFacts],
    view: &View<'_>,
) -> Option<NextRun> {
    if cron_job.meta.deleted.is_some() {
        return None;
    }
    let utc = after(cron_job, clock, view)?;
    let but = if cron_job.suspend {
        Some("the CronJob is suspended: it is not started unless somebody resumes it before".to_owned())
    } else if cron_job.policy == "Forbid" && !active.is_empty() {
        Some(format!("it waits for Job {} if that has not ended by then", active[0].meta.name))
    } else if cron_job.policy == "Replace" && !active.is_empty() {
        Some(format!(
            "Job {} is deleted then if it has not ended (concurrencyPolicy: Replace)",
            active[0].meta.name
        ))
    } else {
        None
    };
    Some(NextRun { utc, local: with_offset(utc, &clock.zone), zone: clock.zone_name.clone(), but })
}

/// What the clock of a zone shows, with its distance from UTC.
fn with_offset(time: Timestamp, zone: &TimeZone) -> String {
    let offset = zone.to_offset(time);
    let local = offset.to_datetime(time).strftime("%Y-%m-%dT%H:%M:%S");
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    format!("{local}{sign}{:02}:{:02}", seconds.abs() / 3_600, seconds.abs() / 60 % 60)
}

/// What an answer would rest on, and could not.
fn cannot_tell(target: Target<'_>, reasons: &[Reason], view: &View<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let is_cron_job = matches!(target, Target::CronJob(_));
    let problems = || reasons.iter().filter(|reason| reason.change.is_some());
    let is_certain = problems().any(|reason| reason.certainty == Certainty::Certain);
    let is_fine = problems().next().is_none();
    let is_of_jobs =
        problems().any(|reason| !reason.id.starts_with("cron-") && !reason.id.starts_with("job-refused"));
    // A bundle may lack kinds that were not asked for: it is said where they could add to what is known.
    let wanted: &[(Kind, bool, &str)] = &[
        (Kind::Job, is_cron_job && has_unmet(reasons), "whether its runs were started, and how they went"),
        (Kind::Pod, is_of_jobs, "what its Pods do, or why they failed"),
        (
            Kind::Event,
            !is_fine && !is_certain,
            "what was refused, which image was not pulled and which volume not mounted, where no status says so",
        ),
        (Kind::ResourceQuota, false, "whether a quota is used up, where no event says so"),
        (Kind::ServiceAccount, false, "whether the service account is there, where no event says so"),
    ];
    for (kind, is_missed, what) in wanted {
        let plural = format!("{}s", kind.as_str());
        match view.known.unread.get(kind) {
            Some(why) => {
                found.push(format!("{plural} could not be read ({why}), so it is not known {what}"));
            }
            None if *is_missed && !view.known.read.contains(kind) => found.push(format!(
                "there are no {plural} in what was read; if they were not asked for, it is not known {what}"
            )),
            None => {}
        }
    }
    if view.knows(Kind::Event) && !is_certain && !is_fine {
        found.push(
            "events expire, after an hour by default: that none tells of something does not prove that \
             it did not happen"
                .to_owned(),
        );
    }
    if let Some(age) = view.age(target.meta().created).filter(|age| *age < 0) {
        found.push(format!("the object is newer than the time that the answer is about, by {}", about(-age)));
    }
    found
}
