//! Why a Pod does not run, still runs or has failed.

use super::answer::{Certainty, Evidence, Reason, State};
use super::containers;
use super::eviction;
use super::facts::JobFacts;
use super::pod_facts::{Container, PodCondition, PodFacts, State as ContainerState};
use super::scheduling;
use super::view::{View, of_event};
use super::volumes;
use super::words::{ago, in_command, time};

/// How long the scheduler or a kubelet may take to say anything, in seconds.
const SOON: i64 = 30;

/// How long a Pod may take to end once its grace period is over, in seconds.
const ENDS_WITHIN: i64 = 30;

/// Why a Pod is as it is; none of one that has succeeded.
pub(super) fn reasons(pod: &PodFacts, job: &JobFacts, view: &View<'_>) -> Vec<Reason> {
    if pod.phase == "Succeeded" {
        return Vec::new();
    }
    if pod.phase == "Failed" {
        return vec![failed(pod, job)];
    }
    if let Some(reason) = stays(pod, view) {
        return vec![reason];
    }
    if pod.node.is_none() {
        return vec![not_scheduled(pod, job, view)];
    }
    if let Some(reason) = volumes::not_mounted(pod, job, view) {
        return vec![reason];
    }
    if let Some(reason) = node_away(pod, view) {
        return vec![reason];
    }
    let found = containers::reasons(pod, job, view);
    if !found.is_empty() {
        return found;
    }
    vec![if pod.is_done() { ending(pod, view) } else { starting(pod, view) }]
}

fn of_pod(pod: &PodFacts) -> (&'static str, &str) {
    ("Pod", &pod.meta.name)
}

/// Why it failed.
fn failed(pod: &PodFacts, job: &JobFacts) -> Reason {
    // What had failed before it was to go, did not fail of that.
    let before =
        pod.disruption.as_ref().and_then(|condition| containers::failed_before(pod, job, condition.since?));
    if let Some(reason) = before {
        return reason;
    }
    if let Some(condition) = &pod.disruption {
        let message = if pod.message.is_empty() { &condition.message } else { &pod.message };
        // The kubelet says more in its message.
        return match (condition.reason.as_str(), pod.reason.as_str()) {
            ("TerminationByKubelet", "Evicted" | "") if eviction::is_known(message) => {
                eviction::reason(pod, message, job)
            }
            _ => disrupted(pod, condition, job),
        };
    }
    let name = &pod.meta.name;
    let by_status = || {
        let text = if pod.message.is_empty() {
            pod.reason.clone()
        } else {
            format!("{}: {}", pod.reason, pod.message)
        };
        Evidence::field(of_pod(pod), "status.reason", text, pod.ended())
    };
    match pod.reason.as_str() {
        "Evicted" => eviction::reason(pod, &pod.message, job),
        "DeadlineExceeded" => Reason::new(
            "pod-deadline-exceeded",
            State::Failed,
            Certainty::Certain,
            format!("Pod {name} was ended by the activeDeadlineSeconds of the Pod itself"),
        )
        .because([by_status()])
        .change("Raise or remove activeDeadlineSeconds in the Pod template, or make the run faster")
        .at(Some(job.field("spec.template.spec.activeDeadlineSeconds"))),
        "Preempting" | "Preempted" => Reason::new(
            "pod-preempted",
            State::Failed,
            Certainty::Certain,
            format!("Pod {name} had to make room for a more important one"),
        )
        .because([by_status()])
        .change(
            "Give it a priorityClassName, or do not count disruptions: a podFailurePolicy rule \
             Ignore on DisruptionTarget",
        )
        .at(Some(job.field("spec.template.spec.priorityClassName"))),
        "Terminated" | "NodeShutdown" | "Shutdown" | "NodeLost" => Reason::new(
            "pod-node-shut-down",
            State::Failed,
            Certainty::Certain,
            format!("Pod {name} ended with its node, which was shut down or lost"),
        )
        .because([by_status()])
        .change("Do not count disruptions: a podFailurePolicy rule Ignore on DisruptionTarget")
        .at(Some(job.field("spec.podFailurePolicy"))),
        _ => containers::failed(pod, job).unwrap_or_else(|| {
            let text = match pod.reason.is_empty() {
                true => format!("Pod {name} failed, and nothing says why"),
                false => format!("Pod {name} was not let run by its node ({})", pod.reason),
            };
            let certainty = if pod.reason.is_empty() { Certainty::Possible } else { Certainty::Certain };
            let evidence = match pod.reason.is_empty() {
                true => Evidence::field(of_pod(pod), "status.phase", "Failed", None),
                false => by_status(),
            };
            Reason::new("pod-failed", State::Failed, certainty, text).because([evidence]).change(format!(
                "See what is left: kubectl describe pod -n {} {1}, and kubectl logs -n {0} {1}",
                in_command(&pod.meta.namespace),
                in_command(name)
            ))
        }),
    }
}

/// What ended it from outside.
fn disrupted(pod: &PodFacts, condition: &PodCondition, job: &JobFacts) -> Reason {
    let name = &pod.meta.name;
    let (id, what) = match condition.reason.as_str() {
        "PreemptionByScheduler" => ("pod-preempted", "had to make room for a Pod of higher priority"),
        "EvictionByEvictionAPI" => {
            ("pod-drained", "was evicted by the eviction API, as a drain of its node does")
        }
        "DeletionByTaintManager" => (
            "pod-node-tainted",
            "was deleted since its node got a taint that it does not tolerate (the node may be down)",
        ),
        "DeletionByPodGC" => ("pod-node-lost", "was removed since its node is no more"),
        "TerminationByKubelet" => (
            "pod-evicted",
            "was ended by its node: for want of a resource, for a more important Pod, or since the node \
             shut down",
        ),
        _ => ("pod-disrupted", "was disrupted"),
    };
    let text = match condition.message.is_empty() {
        true => condition.reason.clone(),
        false => format!("{}: {}", condition.reason, condition.message),
    };
    let source = "status.conditions[DisruptionTarget]";
    let evidence = Evidence::field(of_pod(pod), source, text, condition.since);
    let has_rule = job.rule_actions.iter().any(|action| action == "Ignore");
    let change = match has_rule {
        true => {
            "The Job's podFailurePolicy has a rule that ignores failures: see that it is on \
             DisruptionTarget, and the first"
        }
        false => "Do not count disruptions as failures: a podFailurePolicy rule Ignore on DisruptionTarget",
    };
    Reason::new(id, State::Failed, Certainty::Certain, format!("Pod {name} {what}"))
        .because([evidence])
        .change(change)
        .at(Some(job.field("spec.podFailurePolicy")))
}

/// Why it is being deleted, and still there.
fn stays(pod: &PodFacts, view: &View<'_>) -> Option<Reason> {
    let deleted = pod.meta.deleted?;
    let overdue = view.now.as_second() - deleted.as_second();
    let name = &pod.meta.name;
    let when =
        Evidence::field(of_pod(pod), "metadata.deletionTimestamp", format!("{deleted}"), Some(deleted));
    // The Job controller's own goes by itself once the Pod has ended.
    let foreign: Vec<&str> = pod
        .meta
        .finalizers
        .iter()
        .map(String::as_str)
        .filter(|one| *one != "batch.kubernetes.io/job-tracking")
        .collect();
    let reason =
        |certainty, text: String| Reason::new("pod-stays-terminating", State::Running, certainty, text);
    if overdue <= ENDS_WITHIN {
        let text = format!("Pod {name} is ending: its grace period lasts until {}", time(deleted));
        return Some(
            Reason::new("pod-terminating", State::Running, Certainty::Certain, text).because([when]),
        );
    }
    let is_over = pod.is_finished() || pod.is_done() || pod.node.is_none();
    if let (false, true) = (foreign.is_empty(), is_over) {
        let evidence = Evidence::field(of_pod(pod), "metadata.finalizers", foreign.join(", "), None);
        let text = format!(
            "Pod {name} is deleted but stays, until the controller that set its finalizer removes it"
        );
        let change =
            "See to the controller that the finalizer names; remove it by hand only if that is gone for good";
        return Some(reason(Certainty::Certain, text).because([when, evidence]).change(change));
    }
    let node = pod.node.as_deref().unwrap_or("its node");
    let text =
        format!("Pod {name} should have ended {} and has not: node {node} does not confirm it", ago(overdue));
    let change = "Look at the node: it may be down. If it is gone for good, delete the Node, or taint \
                  it out-of-service";
    Some(reason(Certainty::Likely, text).because([when]).change(change))
}

/// Its node has stopped to report, so that what its status says is old.
fn node_away(pod: &PodFacts, view: &View<'_>) -> Option<Reason> {
    let ready = pod.ready.as_ref();
    // A kubelet that is back says so of the Pod, too.
    if ready.is_some_and(|ready| ready.is_true) {
        return None;
    }
    let event = view.event("Pod", &pod.meta, &["NodeNotReady"]);
    // Without a condition there is no telling whether the event is over.
    let is_away = pod.reason == "NodeLost" || event.is_some() && ready.is_some();
    let is_over = event.is_some_and(|event| view.is_overtaken(event, &pod.meta)) || pod.is_done();
    if !is_away || is_over {
        return None;
    }
    let node = pod.node.as_deref().unwrap_or_default();
    let since = event.and_then(|event| event.last).or(ready.and_then(|ready| ready.since));
    let when = view.age(since).map(|age| format!(" {}", ago(age))).unwrap_or_default();
    let text = format!(
        "node {node} of Pod {} stopped reporting{when}: whether the Pod still runs there is not known",
        pod.meta.name
    );
    let by_status = (pod.reason == "NodeLost")
        .then(|| Evidence::field(of_pod(pod), "status.reason", pod.reason.clone(), since));
    Some(
        Reason::new("pod-node-lost", State::Running, Certainty::Likely, text)
            .because(event.map(of_event))
            .because(by_status)
            .change("Look at the node. If it is gone for good, delete the Node, and the Pod is replaced"),
    )
}

/// Why no node has it.
fn not_scheduled(pod: &PodFacts, job: &JobFacts, view: &View<'_>) -> Reason {
    let name = &pod.meta.name;
    let condition = pod.scheduled.as_ref().filter(|condition| !condition.is_true);
    if !pod.gates.is_empty() {
        let gates =
            Evidence::field(of_pod(pod), "spec.schedulingGates", pod.gates.join(", "), pod.meta.created);
        let text = format!("Pod {name} is held by a scheduling gate, which its owner has to remove");
        let change =
            "See to the controller that the gate names (a queue, often): it decides when the Pod may start";
        return Reason::new("pod-scheduling-gated", State::NotRunning, Certainty::Certain, text)
            .because([gates])
            .change(change);
    }
    let event = view.event("Pod", &pod.meta, &["FailedScheduling"]);
    let message = condition.map(|one| one.message.as_str()).filter(|message| !message.is_empty());
    if let Some(message) = message.or(event.map(|event| event.message.as_str())) {
        let summary = scheduling::summary(message);
        let (id, certainty) = match summary.is_about_volumes {
            true => ("volume-claim", Certainty::Certain),
            false => ("pod-unschedulable", Certainty::Certain),
        };
        let by_condition = condition.map(|one| {
            let source = "status.conditions[PodScheduled]";
            Evidence::field(of_pod(pod), source, format!("{}: {}", one.reason, one.message), one.since)
        });
        let field = match summary.field {
            "" => "spec.template.spec".to_owned(),
            field => format!("spec.template.spec.{field}"),
        };
        return Reason::new(
            id,
            State::NotRunning,
            certainty,
            format!("no node takes Pod {name}: {}", summary.text),
        )
        .because(by_condition.or_else(|| event.map(of_event)))
        .change(summary.change)
        .at(Some(job.field(field)));
    }
    let age = view.age(pod.meta.created).unwrap_or(0);
    let scheduler = pod.scheduler.as_deref().unwrap_or("default-scheduler");
    let made = Evidence::field(of_pod(pod), "spec.nodeName", "not set", pod.meta.created);
    if age < SOON {
        let text = format!("Pod {name} was made {} and waits for the scheduler", ago(age));
        return Reason::new("pod-waits-for-scheduler", State::NotRunning, Certainty::Likely, text)
            .because([made]);
    }
    let text =
        format!("Pod {name} was made {}, and scheduler {scheduler} has said nothing about it", ago(age));
    let change = format!("See whether {scheduler} runs");
    Reason::new("pod-scheduler-silent", State::NotRunning, Certainty::Likely, text)
        .because([made])
        .change(change)
        .at(pod
            .scheduler
            .as_ref()
            .filter(|name| *name != "default-scheduler")
            .map(|_| job.field("spec.template.spec.schedulerName")))
}

/// Its containers have ended, and it has not.
fn ending(pod: &PodFacts, view: &View<'_>) -> Reason {
    let name = &pod.meta.name;
    let ended = pod.ended();
    let age = view.age(ended);
    let when = age.map(|age| format!(" {}", ago(age))).unwrap_or_default();
    let evidence = Evidence::field(of_pod(pod), "status.phase", pod.phase.clone(), ended);
    if age.is_none_or(|age| age <= SOON.saturating_mul(2)) {
        let text = format!("the containers of Pod {name} ended{when}, and the Pod is about to");
        return Reason::new("pod-terminating", State::Running, Certainty::Certain, text).because([evidence]);
    }
    let node = pod.node.as_deref().unwrap_or("its node");
    let text =
        format!("the containers of Pod {name} ended{when}, but node {node} has not said that the Pod has");
    Reason::new("pod-stays-terminating", State::Running, Certainty::Likely, text)
        .because([evidence])
        .change("Look at the node: it may be down, or its kubelet may not reach the API server")
}

/// It has a node, and no container says anything.
fn starting(pod: &PodFacts, view: &View<'_>) -> Reason {
    let name = &pod.meta.name;
    let node = pod.node.as_deref().unwrap_or_default();
    let sandbox = view.event("Pod", &pod.meta, &["FailedCreatePodSandBox"]);
    if let Some(event) = sandbox.filter(|event| !view.is_overtaken(event, &pod.meta)) {
        let text = format!("node {node} cannot set up Pod {name}: its network or its sandbox fails");
        return Reason::new("pod-sandbox", State::NotRunning, Certainty::Certain, text)
            .because([of_event(event)])
            .change("See to the node and its network plugin; this is not of the Job's making");
    }
    let since = pod.scheduled.as_ref().and_then(|one| one.since).or(pod.meta.created);
    let age = view.age(since).unwrap_or(0);
    let states = pod.containers.iter().filter_map(waiting);
    let waiting: Vec<String> = states.collect();
    let what = if waiting.is_empty() { "no container has a state".to_owned() } else { waiting.join(", ") };
    let evidence = Evidence::field(of_pod(pod), "status.containerStatuses", what, since);
    if age <= SOON.saturating_mul(2) {
        let text = format!("Pod {name} is being started on node {node}");
        return Reason::new("pod-starting", State::NotRunning, Certainty::Certain, text).because([evidence]);
    }
    let text = format!(
        "node {node} has had Pod {name} for {}, and has not started its containers",
        jobguard_text::duration::words(age.unsigned_abs())
    );
    // What it did last, where that is known.
    let last = view.event("Pod", &pod.meta, &["Pulling", "Pulled", "Created"]).map(of_event);
    let reason = Reason::new("pod-slow-start", State::NotRunning, Certainty::Possible, text);
    reason.because([evidence]).because(last).change(
        "An image may be large, a volume slow, or the node out of order: see kubectl describe \
         pod and the node",
    )
}

fn waiting(container: &Container) -> Option<String> {
    match &container.state {
        ContainerState::Waiting { reason, .. } => Some(format!("{}: {reason}", container.name)),
        _ => None,
    }
}
