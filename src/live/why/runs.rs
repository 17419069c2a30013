//! The last runs as they went: when each was due, when it was started, what its Pods did.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::answer::{Outcome, Run, Try};
use super::clock::Clock;
use super::facts::{CronJobFacts, JobFacts};
use super::known::Kind;
use super::pod_facts::{PodFacts, State};
use super::view::View;
use super::words::{pods as pods_in_words, times};

/// How many runs are shown.
const MOST: usize = 10;

/// How many runs are shown of which none has a Job.
const FEW: usize = 3;

/// How many Pods of a run are shown: the last ones.
const MOST_TRIES: usize = 12;

/// The last runs of a CronJob, the oldest first: those that were due, and those that somebody started by hand.
pub(super) fn of_cron_job(
    clock: Option<&Clock>,
    cron_job: &CronJobFacts,
    jobs: &[&JobFacts],
    view: &View<'_>,
) -> Vec<Run> {
    let mut runs: BTreeMap<(Timestamp, String), Run> = BTreeMap::new();
    let due = clock.map(|clock| {
        let oldest = jobs.iter().filter_map(|job| job.due().or(job.meta.created)).min();
        // What was before the oldest Job, history limits have removed. Without any, the last few tell enough.
        let (from, most) = match oldest {
            Some(oldest) => (oldest.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(oldest), MOST),
            None => (cron_job.meta.created.unwrap_or(view.now), FEW),
        };
        clock.last(from, view.now, most)
    });
    for time in due.into_iter().flatten() {
        if !jobs.iter().any(|job| job.due() == Some(time)) {
            let was_started = cron_job.last_schedule == Some(time);
            let (outcome, words) = match (view.knows(Kind::Job), was_started) {
                (true, false) => (Outcome::NoJob, "no Job: not started, or removed"),
                (true, true) => (Outcome::NoJob, "no Job any more: started, and removed"),
                (false, false) => (Outcome::Unknown, "not known: no Jobs were read"),
                (false, true) => (Outcome::Unknown, "started; how it went is not known: no Jobs were read"),
            };
            let run = Run {
                due: Some(time),
                job: None,
                created: None,
                started: None,
                tries: Vec::new(),
                more_tries: 0,
                ended: None,
                outcome,
                words: words.to_owned(),
            };
            runs.insert((time, String::new()), run);
        }
    }
    for job in jobs {
        let at = job.due().or(job.meta.created).unwrap_or(Timestamp::UNIX_EPOCH);
        runs.insert((at, job.meta.name.clone()), of_job(job, view));
    }
    let skip = runs.len().saturating_sub(MOST);
    runs.into_values().skip(skip).collect()
}

/// The run of one Job.
pub(super) fn of_job(job: &JobFacts, view: &View<'_>) -> Run {
    let pods = view.pods_of(job);
    let more = pods.len().saturating_sub(MOST_TRIES);
    let (outcome, words) = match (job.condition("Failed"), job.condition("Complete")) {
        (Some(condition), _) => (Outcome::Failed, condition.reason.clone()),
        (None, Some(_)) => (Outcome::Succeeded, "succeeded".to_owned()),
        (None, None) if job.suspend => (Outcome::Waiting, "suspended".to_owned()),
        (None, None) if pods.iter().any(|pod| pod.phase == "Running") => {
            (Outcome::Running, "running".to_owned())
        }
        (None, None) if !view.knows(Kind::Pod) && job.active > 0 => {
            (Outcome::Unknown, format!("{} active, by its own status", pods_in_words(job.active)))
        }
        (None, None) => (Outcome::Waiting, "waiting".to_owned()),
    };
    Run {
        due: job.due(),
        job: Some(job.meta.name.clone()),
        created: job.meta.created,
        started: job.started,
        tries: pods.iter().skip(more).map(|pod| try_of(pod)).collect(),
        more_tries: more,
        ended: job.ended(),
        outcome,
        words: if job.by_hand { format!("{words}, by hand") } else { words },
    }
}

fn try_of(pod: &PodFacts) -> Try {
    let code = pod.containers.iter().find_map(|container| match &container.state {
        State::Ended(ended) if ended.code != 0 => Some(ended),
        _ => None,
    });
    let waiting = pod.containers.iter().find_map(|container| match &container.state {
        State::Waiting { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    let (outcome, words) = match (pod.phase.as_str(), &pod.disruption, code) {
        ("Succeeded", ..) => (Outcome::Succeeded, "exit code 0".to_owned()),
        ("Failed", Some(condition), _) => (Outcome::Failed, condition.reason.clone()),
        ("Failed", None, Some(ended)) if ended.reason == "OOMKilled" => {
            (Outcome::Failed, "OOMKilled".to_owned())
        }
        ("Failed", None, Some(ended)) => (Outcome::Failed, format!("exit code {}", ended.code)),
        ("Failed", None, None) if !pod.reason.is_empty() => (Outcome::Failed, pod.reason.clone()),
        ("Failed", None, None) => (Outcome::Failed, "failed".to_owned()),
        ("Running", ..) => (Outcome::Running, waiting.unwrap_or_else(|| "running".to_owned())),
        _ => (Outcome::Waiting, waiting.unwrap_or_else(|| "not started".to_owned())),
    };
    let restarts = pod.containers.iter().map(|container| container.restarts).max().unwrap_or(0);
    let words = if restarts > 0 { format!("{words}, restarted {}", times(restarts)) } else { words };
    Try {
        pod: pod.meta.name.clone(),
        started: pod.started.or(pod.meta.created),
        ended: pod.ended().filter(|_| pod.is_finished()),
        outcome,
        words,
    }
}
