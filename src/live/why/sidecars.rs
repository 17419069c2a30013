//! Containers beside the work: one that keeps the Pod from ending, and one that keeps the others from starting.

use super::answer::{Certainty, Evidence, Field, Reason, State};
use super::container_words::{evidence_of_end, log, status};
use super::facts::JobFacts;
use super::pod_facts::{Container, Ended, PodFacts, Role, State as Now};
use super::view::{View, of_event};
use super::words::{ago, names};

/// How long a sidecar may take to end once the others have, in seconds.
const ENDS_WITHIN: i64 = 60;

/// The work is done, or has failed, and another container keeps the Pod from ending.
pub(super) fn runs_on(pod: &PodFacts, job: &JobFacts, view: &View<'_>) -> Option<Reason> {
    let main = || pod.containers.iter().filter(|container| container.holds_pod());
    let done: Vec<(&Container, &Ended)> = main()
        .filter_map(|container| match &container.state {
            Now::Ended(ended) => Some((container, ended)),
            _ => None,
        })
        .collect();
    if pod.is_done() {
        return native(pod, &done, job, view);
    }
    let running: Vec<&Container> =
        main().filter(|container| matches!(container.state, Now::Running { .. })).collect();
    // Of those that are done, the work, and not what helped it; what has failed tells more.
    let (first, ended) = *done.iter().min_by_key(|(one, ended)| (ended.code == 0, one.is_known_sidecar()))?;
    let is_injected = |one: &Container| job.container_field(&one.name, "").is_none();
    // Which of two is the work, nothing says but their names and images: a helper may be done before it.
    let on = *running.iter().find(|one| is_injected(one) || one.is_known_sidecar())?;
    if !running.iter().all(|one| is_injected(one) || one.is_known_sidecar()) {
        return None;
    }
    let others: Vec<&str> = running.iter().map(|container| container.name.as_str()).collect();
    let since = view.age(ended.finished);
    // A sidecar of the work's own making may be about to end.
    let certainty = match since {
        Some(seconds) if seconds < ENDS_WITHIN => Certainty::Possible,
        _ => Certainty::Certain,
    };
    let when = since.map(|seconds| format!(" {}", ago(seconds))).unwrap_or_default();
    let text = format!(
        "container {} of Pod {} {}{when}, but {} still run{}, and a Pod ends only when all its containers have",
        first.name,
        pod.meta.name,
        if ended.code == 0 { "succeeded" } else { "failed" },
        names(&others),
        if others.len() == 1 { "s" } else { "" },
    );
    let known = job.container_field(&on.name, "");
    let change = match known {
        None => {
            "The container was injected: have it injected as a sidecar (an init container with \
             restartPolicy: Always), or not at all"
        }
        Some(_) => {
            "Make it a sidecar: move it to initContainers with restartPolicy: Always, so that it is \
             ended with the others"
        }
    };
    let field: Option<Field> = known.or_else(|| Some(job.field("spec.template.metadata.annotations")));
    Some(
        Reason::new("sidecar-runs-on", State::Running, certainty, text)
            .because([evidence_of_end(pod, first, ended, "state")])
            .because(running.iter().take(3).filter_map(|one| of_running(pod, one)))
            .change(change)
            .at(field),
    )
}

/// A sidecar that its kubelet is to end, and that has not ended.
fn native(pod: &PodFacts, done: &[(&Container, &Ended)], job: &JobFacts, view: &View<'_>) -> Option<Reason> {
    let is_on = |one: &&Container| one.role == Role::Sidecar && matches!(one.state, Now::Running { .. });
    let running: Vec<&Container> = pod.containers.iter().filter(is_on).collect();
    let on = running.first()?;
    let (last, ended) = *done.iter().max_by_key(|(_, ended)| ended.finished)?;
    let since = view.age(ended.finished)?;
    // It is sent SIGTERM, and has its grace period.
    if since < ENDS_WITHIN {
        return None;
    }
    let others: Vec<&str> = running.iter().map(|container| container.name.as_str()).collect();
    let text = format!(
        "the containers of Pod {} have ended, the last one {}, but sidecar {} still run{}, which its node is to end then",
        pod.meta.name,
        ago(since),
        names(&others),
        if others.len() == 1 { "s" } else { "" },
    );
    Some(
        Reason::new("sidecar-runs-on", State::Running, Certainty::Likely, text)
            .because([evidence_of_end(pod, last, ended, "state")])
            .because(running.iter().take(3).filter_map(|one| of_running(pod, one)))
            .change(
                "Let the sidecar end when it is sent SIGTERM, and see that terminationGracePeriodSeconds is not long; where \
                 that is so, look at the node: it may be down, or too old for sidecars",
            )
            .at(job.container_field(&on.name, "")),
    )
}

/// A sidecar runs, and its startup probe does not let the containers after it start.
pub(super) fn starts(pod: &PodFacts, job: &JobFacts, view: &View<'_>) -> Option<Reason> {
    let at = pod.containers.iter().position(|one| {
        let waits = one.is_started != Some(true) && matches!(one.state, Now::Running { .. });
        one.role == Role::Sidecar && waits
    })?;
    let (sidecar, after) = (&pod.containers[at], &pod.containers[at + 1..]);
    let waits = |state: &Now| match state {
        Now::Unknown => true,
        Now::Waiting { reason, .. } => {
            matches!(reason.as_str(), "PodInitializing" | "ContainerCreating" | "")
        }
        Now::Running { .. } | Now::Ended(_) => false,
    };
    if after.is_empty() || !after.iter().all(|one| waits(&one.state)) {
        return None;
    }
    let probe = view
        .events_of("Pod", &pod.meta)
        .find(|event| event.reason == "Unhealthy" && event.message.starts_with("Startup probe "));
    if probe.is_none() && sidecar.is_started.is_none() {
        return None;
    }
    let name = &sidecar.name;
    let text = format!(
        "the containers of Pod {} wait for sidecar {name}, which runs, but whose startup probe has not succeeded yet",
        pod.meta.name
    );
    let certainty = if probe.is_some() { Certainty::Certain } else { Certainty::Likely };
    Some(
        Reason::new("container-probe-failed", State::NotRunning, certainty, text)
            .because(of_running(pod, sidecar))
            .because(probe.map(of_event))
            .change(format!(
                "Correct the sidecar's startupProbe, or what that asks for; its log may tell: {}",
                log(pod, sidecar, "")
            ))
            .at(job.container_field(name, "startupProbe")),
    )
}

fn of_running(pod: &PodFacts, container: &Container) -> Option<Evidence> {
    let Now::Running { since } = &container.state else { return None };
    Some(Evidence::field(
        ("Pod", &pod.meta.name),
        status(container, "state.running"),
        since.map_or("running".to_owned(), |since| format!("since {since}")),
        *since,
    ))
}
