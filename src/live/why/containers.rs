//! Why a container does not start, runs on, or has failed.

use jiff::Timestamp;

use super::answer::{Certainty, Evidence, Reason, State};
use super::container_words::{evidence_of_end, log, status};
use super::exit_code;
use super::facts::JobFacts;
use super::pod_facts::{Container, Ended, PodFacts, Role, State as Now};
use super::setup::{config_words, image_words};
use super::sidecars;
use super::view::{View, of_event};
use super::words::{about, times};

/// Why the containers of a Pod that has a node do what they do; none where they have not said anything yet.
pub(super) fn reasons(pod: &PodFacts, job: &JobFacts, view: &View<'_>) -> Vec<Reason> {
    if let Some(reason) = sidecars::starts(pod, job, view) {
        return vec![reason];
    }
    let stuck: Vec<Reason> = pod.containers.iter().filter_map(|one| stuck(pod, one, job, view)).collect();
    if !stuck.is_empty() {
        return stuck;
    }
    let runs_on = sidecars::runs_on(pod, job, view);
    if runs_on.is_some() || pod.is_done() {
        // The Pod is not failed before all its containers have ended, and the failure is what matters.
        let failed = failed(pod, job).map(|reason| Reason { state: State::Running, ..reason });
        return failed.into_iter().chain(runs_on).collect();
    }
    let runs = |container: &&Container| matches!(container.state, Now::Running { .. });
    let init: Vec<&Container> =
        pod.containers.iter().filter(runs).filter(|one| one.role == Role::Init).collect();
    if let Some(container) = init.first() {
        return vec![running(pod, container, "init-container-running", "init container", view)];
    }
    let main: Vec<&Container> = pod.containers.iter().filter(runs).filter(|one| one.holds_pod()).collect();
    let restarted = main.iter().copied().find_map(|one| Some((one, one.last.as_ref()?)));
    if let Some((container, last)) = restarted {
        return vec![restarts(pod, container, last, job, view)];
    }
    main.first().map(|one| running(pod, one, "pod-running", "container", view)).into_iter().collect()
}

/// The first of a failed Pod's containers that says why.
pub(super) fn failed(pod: &PodFacts, job: &JobFacts) -> Option<Reason> {
    let ended = |container: &'_ Container| match &container.state {
        Now::Ended(ended) if ended.code != 0 => Some(ended.clone()),
        _ => None,
    };
    let mut found: Vec<(&Container, Ended)> =
        pod.containers.iter().filter_map(|one| Some((one, ended(one)?))).collect();
    // The one that failed first took the others with it.
    found.sort_by_key(|(container, ended)| (container.role == Role::Sidecar, ended.finished));
    let (container, ended) = found.into_iter().next()?;
    Some(exited(pod, container, &ended, job))
}

/// The first of its containers that had failed before a time, by itself.
pub(super) fn failed_before(pod: &PodFacts, job: &JobFacts, time: Timestamp) -> Option<Reason> {
    let has_failed = |one: &Container| match &one.state {
        Now::Ended(ended) => {
            one.role != Role::Sidecar
                && ended.code != 0
                && ended.finished.is_some_and(|finished| finished < time)
        }
        _ => false,
    };
    pod.containers.iter().any(has_failed).then(|| failed(pod, job)).flatten()
}

/// How a container ended that should not have.
fn exited(pod: &PodFacts, container: &Container, ended: &Ended, job: &JobFacts) -> Reason {
    let id = match (ended.reason.as_str(), ended.code) {
        ("OOMKilled", _) => "container-out-of-memory",
        ("StartError" | "ContainerCannotRun", _) => "container-cannot-start",
        (_, 126 | 127) if !ended.has_run() => "container-cannot-start",
        ("ContainerStatusUnknown", _) => "container-lost",
        _ => "container-failed",
    };
    let (name, words) = (&container.name, exit_code::words(ended));
    let (certainty, text) = match id {
        "container-lost" => (
            Certainty::Likely,
            format!("container {name} of Pod {} was lost with its node, or was removed there", pod.meta.name),
        ),
        _ => (
            Certainty::Certain,
            format!("{} {name} of Pod {} ended with {words}", role(container), pod.meta.name),
        ),
    };
    let field = match id {
        "container-out-of-memory" => memory_field(ended),
        "container-cannot-start" => "command",
        _ => "",
    };
    Reason::new(id, State::Failed, certainty, text)
        .because([evidence_of_end(pod, container, ended, "state")])
        .change(exit_code::advice(ended, &log(pod, container, "")))
        .at(job.container_field(name, field))
}

/// The field that says how much memory a container may use.
fn memory_field(ended: &Ended) -> &'static str {
    if ended.has_memory_limit { "resources.limits.memory" } else { "resources" }
}

fn role(container: &Container) -> &'static str {
    match container.role {
        Role::Init => "init container",
        Role::Sidecar => "sidecar",
        Role::Main => "container",
    }
}

/// A container that waits for something to be put right.
fn stuck(pod: &PodFacts, container: &Container, job: &JobFacts, view: &View<'_>) -> Option<Reason> {
    let Now::Waiting { reason, message } = &container.state else { return None };
    let text = if message.is_empty() { reason.clone() } else { format!("{reason}: {message}") };
    let evidence =
        || Evidence::field(("Pod", &pod.meta.name), status(container, "state.waiting"), text.clone(), None);
    let field = |path: &str| job.container_field(&container.name, path);
    let event = |reasons: &[&str]| view.event("Pod", &pod.meta, reasons).map(of_event);
    let new =
        |id, text: String| Reason::new(id, State::NotRunning, Certainty::Certain, text).because([evidence()]);
    let (name, pod_name, image) = (&container.name, &pod.meta.name, &container.image);
    Some(match reason.as_str() {
        "ErrImagePull"
        | "ImagePullBackOff"
        | "ErrImageNeverPull"
        | "InvalidImageName"
        | "ImageInspectError"
        | "RegistryUnavailable"
        | "SignatureValidationFailed" => {
            // Of a back-off, only the event of the last attempt says what went wrong.
            let failed = view
                .events_of("Pod", &pod.meta)
                .find(|event| event.reason == "Failed" && event.message.contains("Failed to pull image"));
            let words = failed.map_or(message.as_str(), |event| event.message.as_str());
            let (why, change) = image_words(reason, words, image);
            new(
                "image-not-pulled",
                format!(
                    "the image {image} of container {name} of Pod {pod_name} \
                     cannot be pulled: {why}"
                ),
            )
            .because(failed.map(of_event))
            .change(change)
            .at(field("image"))
        }
        "CreateContainerConfigError" => {
            let (why, change, path) = config_words(message);
            new(
                "container-config-error",
                format!("container {name} of Pod {pod_name} cannot be set up: {why}"),
            )
            .change(change)
            .at(field(path))
        }
        "CreateContainerError"
        | "RunContainerError"
        | "PreCreateHookError"
        | "PreStartHookError"
        | "PostStartHookError" => {
            new("container-cannot-start", format!("container {name} of Pod {pod_name} cannot be started"))
                .because(event(&["Failed"]))
                .change(
                    "Correct what the message names: often a command that the image does not have, \
                     or a mount that does not fit",
                )
                .at(field("command"))
        }
        "CrashLoopBackOff" => {
            let last = container.last.as_ref();
            let words = last.map_or("an unknown end".to_owned(), exit_code::words);
            let times = times(container.restarts.saturating_add(1));
            let text = format!(
                "{} {name} of Pod {pod_name} has failed {times}, the last time with {words}, and is to be started again",
                role(container)
            );
            let cause = last.map(|ended| Cause::of(pod, container, ended, "container-crash-loop", view));
            let read = || format!("Read its log: {}", log(pod, container, " --previous"));
            new(cause.as_ref().map_or("container-crash-loop", |cause| cause.id), text)
                .because(last.map(|ended| evidence_of_end(pod, container, ended, "lastState")))
                .because(cause.as_ref().and_then(|cause| cause.event.clone()))
                .change(cause.as_ref().map_or_else(read, |cause| cause.change.clone()))
                .at(field(cause.as_ref().map_or("", |cause| cause.field)))
        }
        _ => return None,
    })
}

fn running(pod: &PodFacts, container: &Container, id: &'static str, what: &str, view: &View<'_>) -> Reason {
    let since = match &container.state {
        Now::Running { since } => *since,
        _ => None,
    };
    let length = view.age(since).map(|seconds| format!(" for {}", about(seconds))).unwrap_or_default();
    let text = format!("{what} {} of Pod {} has been running{length}", container.name, pod.meta.name);
    let evidence = Evidence::field(
        ("Pod", &pod.meta.name),
        status(container, "state.running.startedAt"),
        since.map_or("not known".to_owned(), |since| since.to_string()),
        since,
    );
    Reason::new(id, State::Running, Certainty::Certain, text).because([evidence])
}

/// Why a container was started again.
struct Cause {
    id: &'static str,
    /// The field of the container that is about it.
    field: &'static str,
    change: String,
    event: Option<Evidence>,
}

impl Cause {
    /// By how it ended, and what its kubelet reported; `id` where neither says more.
    fn of(pod: &PodFacts, container: &Container, ended: &Ended, id: &'static str, view: &View<'_>) -> Self {
        let change = exit_code::advice(ended, &log(pod, container, " --previous"));
        if ended.reason == "OOMKilled" {
            return Self { id: "container-out-of-memory", field: memory_field(ended), change, event: None };
        }
        let begin = format!("Container {} failed ", container.name);
        let killed = view.events_of("Pod", &pod.meta).find(|event| {
            event.reason == "Killing" && event.message.starts_with(&begin) && event.message.contains(" probe")
        });
        match killed {
            Some(event) => Self {
                id: "container-probe-failed",
                field: if event.message.contains("startup probe") { "startupProbe" } else { "livenessProbe" },
                change: "Let the probe wait longer (startupProbe, timeoutSeconds, failureThreshold), or do without: \
                         a container that is to end needs no liveness probe"
                    .to_owned(),
                event: Some(of_event(event)),
            },
            None => Self { id, field: "", change, event: None },
        }
    }
}

/// A container that runs, and has failed before.
fn restarts(pod: &PodFacts, container: &Container, last: &Ended, job: &JobFacts, view: &View<'_>) -> Reason {
    let cause = Cause::of(pod, container, last, "container-restarts", view);
    let text = format!(
        "container {} of Pod {} runs, after it has been started again {}; the last time it ended with {}",
        container.name,
        pod.meta.name,
        times(container.restarts),
        exit_code::words(last)
    );
    Reason::new(cause.id, State::Running, Certainty::Certain, text)
        .because([evidence_of_end(pod, container, last, "lastState")])
        .because(cause.event)
        .change(cause.change)
        .at(job.container_field(&container.name, cause.field))
}
