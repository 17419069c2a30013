//! Why a Job does not run, still runs or has failed.

use jiff::Timestamp;

use super::alike::of_pods;
use super::answer::{Certainty, Evidence, Reason, State};
use super::facts::{Condition, JobFacts};
use super::gone;
use super::known::Kind;
use super::pod_facts::PodFacts;
use super::refused;
use super::view::{View, of_event, of_job};
use super::words::{about, ago, in_command, names, pods, time};

/// How long the Job controller may take to act, in seconds.
const SOON: i64 = 30;

/// The value of `managedBy` that stands for the Job controller itself.
const OWN_CONTROLLER: &str = "kubernetes.io/job-controller";

/// The label by which Kueue knows the Jobs that wait in its queues.
const QUEUE: &str = "kueue.x-k8s.io/queue-name";

/// A condition as evidence.
fn of_condition(job: &JobFacts, condition: &Condition) -> Evidence {
    let text = match condition.message.is_empty() {
        true => condition.reason.clone(),
        false => format!("{}: {}", condition.reason, condition.message),
    };
    Evidence::field(of_job(job), format!("status.conditions[{}]", condition.kind), text, condition.since)
}

/// Why a Job is as it is.
pub(super) fn reasons(job: &JobFacts, view: &View<'_>) -> Vec<Reason> {
    let name = &job.meta.name;
    let mut found = Vec::new();
    found.extend(terminating(job, view));
    if let Some(condition) = job.condition("Failed") {
        found.extend(failed(job, condition, view));
        return found;
    }
    if let Some(condition) = job.condition("Complete") {
        let how = if condition.reason == "SuccessPolicy" { ": its successPolicy was met" } else { "" };
        let text = match job.ended() {
            Some(end) => format!("Job {name} succeeded at {}{how}", time(end)),
            None => format!("Job {name} succeeded{how}"),
        };
        found.push(
            Reason::new("job-complete", State::Fine, Certainty::Certain, text)
                .because([of_condition(job, condition)]),
        );
        return found;
    }
    if let Some(manager) = job.managed_by.as_deref().filter(|manager| *manager != OWN_CONTROLLER) {
        let text =
            format!("Job {name} is run by another controller, {manager}: Kubernetes' own leaves it alone");
        found.push(
            Reason::new("job-managed-by", State::NotRunning, Certainty::Certain, text)
                .because([Evidence::field(of_job(job), "spec.managedBy", manager, None)])
                .change(format!("See what {manager} says of it; it has to be installed, and may run the Pods in another cluster"))
                .at(Some(job.field("spec.managedBy"))),
        );
    }
    found.extend(ending(job));
    if job.suspend {
        found.push(suspended(job, view));
        return found;
    }
    if !found.is_empty() {
        return found;
    }
    if job.parallelism == 0 {
        let text = format!("Job {name} has parallelism 0, which pauses it");
        let reason = Reason::new("job-paused-by-parallelism", State::NotRunning, Certainty::Certain, text)
            .because([Evidence::field(of_job(job), "spec.parallelism", "0", None)])
            .change("Set parallelism to how many Pods may run at once; to pause a Job, suspend: true says so")
            .at(Some(job.field("spec.parallelism")));
        return vec![reason];
    }
    goes_on(job, view)
}

/// It is being deleted, and still there.
fn terminating(job: &JobFacts, view: &View<'_>) -> Option<Reason> {
    let deleted = job.meta.deleted?;
    let name = &job.meta.name;
    let age = view.age(Some(deleted)).unwrap_or(0);
    let when = Evidence::field(of_job(job), "metadata.deletionTimestamp", deleted.to_string(), Some(deleted));
    let finalizers =
        Evidence::field(of_job(job), "metadata.finalizers", job.meta.finalizers.join(", "), None);
    let own = |one: &&String| !matches!(one.as_str(), "foregroundDeletion" | "orphan");
    let foreign: Vec<&str> = job.meta.finalizers.iter().filter(own).map(String::as_str).collect();
    let (text, change) = match foreign.as_slice() {
        [] => (
            format!("Job {name} was deleted {}, and goes once its Pods have", ago(age)),
            "If it stays, look at its Pods: one that does not end holds it",
        ),
        _ => (
            format!(
                "Job {name} was deleted {}, and stays until the controller of the finalizer {} removes it",
                ago(age),
                names(&foreign)
            ),
            "See to the controller that the finalizer names; remove it by hand only if that is gone for good",
        ),
    };
    let reason = Reason::new("job-terminating", State::NotRunning, Certainty::Certain, text);
    Some(reason.because([when, finalizers]).change(change))
}

/// Its end is decided, and Pods have yet to go.
fn ending(job: &JobFacts) -> Option<Reason> {
    let condition = job.condition("FailureTarget").or_else(|| job.condition("SuccessCriteriaMet"))?;
    let how = if condition.kind == "FailureTarget" { "will fail" } else { "has succeeded" };
    let state = if condition.kind == "FailureTarget" { State::Failed } else { State::Running };
    let text = format!(
        "Job {} {how} ({}), once the Pods that are ending ({}) have ended",
        job.meta.name,
        condition.reason,
        job.terminating.max(job.active).max(1)
    );
    Some(
        Reason::new("job-waits-for-pods-to-end", state, Certainty::Certain, text)
            .because([of_condition(job, condition)])
            .change(
                "If it lasts, look at the Pods that do not end: their grace period, their \
                 finalizers, their node",
            ),
    )
}

fn suspended(job: &JobFacts, view: &View<'_>) -> Reason {
    let name = &job.meta.name;
    let mut evidence = vec![Evidence::field(
        of_job(job),
        "spec.suspend",
        "true",
        job.condition("Suspended").and_then(|one| one.since),
    )];
    let field = Some(job.field("spec.suspend"));
    if let Some(queue) = job.meta.labels.get(QUEUE) {
        evidence.push(Evidence::field(of_job(job), format!("metadata.labels[{QUEUE}]"), queue.clone(), None));
        let text = format!("Job {name} is suspended, and waits in Kueue's queue {queue} to be admitted");
        return Reason::new("job-queued", State::NotRunning, Certainty::Certain, text)
            .because(evidence)
            .change("See its Workload (kubectl get workloads), and what the ClusterQueue has left");
    }
    evidence.extend(view.event("Job", &job.meta, &["Suspended"]).map(of_event));
    Reason::new(
        "job-suspended",
        State::NotRunning,
        Certainty::Certain,
        format!("Job {name} is suspended: no Pods are made until somebody resumes it"),
    )
    .because(evidence)
    .change(format!(
        "Set suspend to false: kubectl patch job/{} -n {} -p '{{\"spec\":{{\"suspend\":false}}}}'",
        in_command(name),
        in_command(&job.meta.namespace)
    ))
    .at(field)
}

/// Why it failed.
fn failed(job: &JobFacts, condition: &Condition, view: &View<'_>) -> Vec<Reason> {
    let name = &job.meta.name;
    let when = condition.since.map(|since| format!(" at {}", time(since))).unwrap_or_default();
    let new = |id, text: String| {
        Reason::new(id, State::Failed, Certainty::Certain, text).because([of_condition(job, condition)])
    };
    let count = |path: &str, value: i64| Evidence::field(of_job(job), path, value.to_string(), None);
    let first = match condition.reason.as_str() {
        "DeadlineExceeded" => {
            let limit = job.deadline.unwrap_or_default();
            new(
                "job-deadline-exceeded",
                format!(
                    "Job {name} was ended{when}: it had run longer than \
                     activeDeadlineSeconds ({limit}), retries included"
                ),
            )
            .because([
                count("spec.activeDeadlineSeconds", limit),
                Evidence::field(
                    of_job(job),
                    "status.startTime",
                    job.started.map_or("not set".to_owned(), |time| time.to_string()),
                    job.started,
                ),
            ])
            .change("Raise activeDeadlineSeconds, or see below what held it up")
            .at(Some(job.field("spec.activeDeadlineSeconds")))
        }
        "BackoffLimitExceeded" => {
            let limit = job.backoff_limit;
            let how = if job.restarts_in_place {
                "restarts and failures of its Pods"
            } else {
                "failures of its Pods"
            };
            new(
                "job-backoff-limit-exceeded",
                format!("Job {name} was given up{when}: more {how} than backoffLimit ({limit}) allows"),
            )
            .because([count("status.failed", job.failed), count("spec.backoffLimit", limit)])
            .change("Correct what makes its Pods fail; raise backoffLimit only if a later try could succeed")
            .at(Some(job.field("spec.backoffLimit")))
        }
        "PodFailurePolicy" => {
            let rule = rule_index(&condition.message);
            let by = rule.map(|index| format!("rule {index} of ")).unwrap_or_default();
            let path = rule.map_or("spec.podFailurePolicy".to_owned(), |index| {
                format!("spec.podFailurePolicy.rules[{index}]")
            });
            new(
                "job-pod-failure-policy",
                format!("Job {name} was ended{when} by {by}its podFailurePolicy, without further tries"),
            )
            .change("Correct what made the Pod fail; if it is to be tried again, change the rule")
            .at(Some(job.field(path)))
        }
        reason @ ("FailedIndexes" | "MaxFailedIndexesExceeded") => {
            let (id, text) = match reason {
                "FailedIndexes" => (
                    "job-failed-indexes",
                    format!("Job {name} ended{when} with failed indexes: {}", job.failed_indexes),
                ),
                _ => {
                    let limit = job.max_failed_indexes.unwrap_or_default();
                    (
                        "job-max-failed-indexes",
                        format!(
                            "Job {name} was ended{when}: more indexes failed ({}) than maxFailedIndexes \
                             ({limit}) allows",
                            job.failed_indexes
                        ),
                    )
                }
            };
            let limit = job.per_index_limit.map(|limit| count("spec.backoffLimitPerIndex", limit));
            new(id, text)
                .because([Evidence::field(
                    of_job(job),
                    "status.failedIndexes",
                    job.failed_indexes.clone(),
                    None,
                )])
                .because(limit)
                .change(
                    "Correct what makes these indexes fail; backoffLimitPerIndex says how often each is tried",
                )
                .at(Some(job.field("spec.backoffLimitPerIndex")))
        }
        other => new("job-failed", format!("Job {name} failed{when} ({other})"))
            .change("See what its condition says"),
    };
    let mut found = vec![first];
    let pods: Vec<&PodFacts> = view.pods_of(job);
    let of_pods = of_pods(&pods, job, view);
    let has_pods = !of_pods.is_empty();
    found.extend(of_pods.into_iter().map(|mut reason| {
        reason.state = State::Failed;
        reason
    }));
    found.extend(refused::pods(job, view));
    if !has_pods {
        found.extend(gone::reasons(job, view));
    }
    found
}

/// The rule of a podFailurePolicy, by the controller's words: `... matching FailJob rule at index 1`.
fn rule_index(message: &str) -> Option<usize> {
    message.rsplit_once("rule at index ")?.1.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Why it has not ended yet.
fn goes_on(job: &JobFacts, view: &View<'_>) -> Vec<Reason> {
    let pods = view.pods_of(job);
    let unfinished: Vec<&PodFacts> = pods.iter().copied().filter(|pod| !pod.is_finished()).collect();
    let mut found = Vec::new();
    if unfinished.is_empty() || (unfinished.len() as i64) < wanted(job) {
        found.extend(refused::pods(job, view));
    }
    if !unfinished.is_empty() {
        found.extend(of_pods(&unfinished, job, view));
        // What failed before says why it takes so long.
        let failed: Vec<&PodFacts> = pods.iter().copied().filter(|pod| pod.phase == "Failed").collect();
        found.extend(of_pods(&failed, job, view));
        found.extend(deadline(job, view));
        return found;
    }
    if !found.is_empty() {
        return found;
    }
    let failed: Vec<&PodFacts> = pods.iter().copied().filter(|pod| pod.phase == "Failed").collect();
    if !failed.is_empty() {
        found.push(retry(job, &failed, view));
        found.extend(of_pods(&failed, job, view));
        return found;
    }
    match pods.iter().filter_map(|pod| pod.ended()).max() {
        Some(end) => vec![between_pods(job, end, view)],
        None => vec![without_pods(job, view)],
    }
}

/// How many Pods it should have at a time.
fn wanted(job: &JobFacts) -> i64 {
    let left = job.completions.map_or(i64::MAX, |completions| completions.saturating_sub(job.succeeded));
    job.parallelism.min(left)
}

/// All its Pods have failed, and the next one is to come.
fn retry(job: &JobFacts, failed: &[&PodFacts], view: &View<'_>) -> Reason {
    let name = &job.meta.name;
    let last = failed.iter().filter_map(|pod| pod.ended()).max();
    let count = job.failed.max(1);
    // 10 seconds, doubled for each failure, ten minutes at most.
    let delay = 10_i64.saturating_mul(1 << (count - 1).clamp(0, 6)).min(600);
    let due = view.age(last).map(|age| delay - age);
    let text = match due {
        Some(left) if left > 0 => format!(
            "Job {name} waits before its next try, which is due in about {}: {} failed",
            about(left),
            pods(count)
        ),
        _ => format!(
            "Job {name} waits before its next try: {} failed, and the controller's delay grows to 10 minutes",
            pods(count)
        ),
    };
    Reason::new("job-retry-delay", State::Running, Certainty::Likely, text)
        .because([
            Evidence::field(of_job(job), "status.failed", job.failed.to_string(), last),
            Evidence::field(of_job(job), "spec.backoffLimit", job.backoff_limit.to_string(), None),
        ])
        .change("Correct what makes its Pods fail")
}

/// All its Pods have succeeded, and it is not done.
fn between_pods(job: &JobFacts, end: Timestamp, view: &View<'_>) -> Reason {
    let name = &job.meta.name;
    let age = view.age(Some(end)).unwrap_or(0);
    let succeeded = Evidence::field(of_job(job), "status.succeeded", job.succeeded.to_string(), Some(end));
    let wanted = job
        .completions
        .map(|completions| Evidence::field(of_job(job), "spec.completions", completions.to_string(), None));
    let reason = |certainty, text: String| {
        Reason::new("job-between-pods", State::Running, certainty, text).because([succeeded]).because(wanted)
    };
    if age <= SOON.saturating_mul(2) {
        let text =
            format!("the last Pods of Job {name} succeeded {}, and it is about to go on or to end", ago(age));
        return reason(Certainty::Likely, text);
    }
    let text = format!(
        "the last Pods of Job {name} succeeded {}, and the Job controller has not taken note of it: it \
         may be away or far behind",
        ago(age)
    );
    reason(Certainty::Likely, text).change("See whether the controller manager runs, and its log")
}

/// There is no Pod, and no event says why.
fn without_pods(job: &JobFacts, view: &View<'_>) -> Reason {
    let name = &job.meta.name;
    let age = view.age(job.meta.created).unwrap_or(0);
    let created = job.meta.created.map_or("not set".to_owned(), |time| time.to_string());
    let made = Evidence::field(of_job(job), "metadata.creationTimestamp", created, job.meta.created);
    if !view.knows(Kind::Pod) {
        let active = Evidence::field(of_job(job), "status.active", job.active.to_string(), None);
        let text = format!("Job {name} has {} active, by its own status", pods(job.active));
        let state = if job.active > 0 { State::Running } else { State::NotRunning };
        return Reason::new("job-running", state, Certainty::Possible, text).because([active, made]);
    }
    if age < SOON {
        let text = format!("Job {name} was made {}: its Pods are about to be made", ago(age));
        return Reason::new("job-starting", State::NotRunning, Certainty::Likely, text).because([made]);
    }
    if let Some(reason) = refused::foreseen(job, view) {
        return reason;
    }
    let untouched = job.started.is_none() && job.conditions.is_empty();
    let (certainty, text) = match untouched {
        true => (
            Certainty::Likely,
            format!(
                "no controller has taken up Job {name}, made {}: the Job controller may be away or far \
                 behind",
                ago(age)
            ),
        ),
        false => (Certainty::Possible, format!("Job {name} has no Pods, and nothing that was read says why")),
    };
    let status = Evidence::field(
        of_job(job),
        "status.startTime",
        job.started.map_or("not set".to_owned(), |time| time.to_string()),
        job.started,
    );
    Reason::new(
        if untouched { "job-controller-away" } else { "job-without-pods" },
        State::NotRunning,
        certainty,
        text,
    )
    .because([status, made])
    .change("See whether the controller manager runs, and its log")
}

/// When it is ended if it goes on.
fn deadline(job: &JobFacts, view: &View<'_>) -> Option<Reason> {
    let (limit, started) = (job.deadline?, job.started?);
    let end = started.checked_add(jiff::SignedDuration::from_secs(limit)).ok()?;
    let left = end.as_second().saturating_sub(view.now.as_second());
    let text = match left > 0 {
        true => format!(
            "Job {} is ended at {} (in {}) by activeDeadlineSeconds if it has not ended by then",
            job.meta.name,
            time(end),
            about(left)
        ),
        false => format!(
            "Job {} should have been ended at {} by activeDeadlineSeconds: the Job controller may be away",
            job.meta.name,
            time(end)
        ),
    };
    let certainty = if left > 0 { Certainty::Certain } else { Certainty::Likely };
    let id = if left > 0 { "job-deadline-ahead" } else { "job-controller-away" };
    let evidence =
        Evidence::field(of_job(job), "spec.activeDeadlineSeconds", limit.to_string(), Some(started));
    Some(Reason::new(id, State::Running, certainty, text).because([evidence]))
}

#[cfg(test)]
mod tests {
    use super::rule_index;

    #[test]
    fn the_rule_of_a_failure_policy() {
        let message =
            "Container main for pod shop/a-x7k2q failed with exit code 42 matching FailJob rule at index 1";
        assert_eq!(rule_index(message), Some(1));
        assert_eq!(rule_index("Container main failed"), None);
    }
}
