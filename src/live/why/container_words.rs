//! What is cited of a container: fields of its status, and the command that shows its log.

use super::answer::Evidence;
use super::pod_facts::{Container, Ended, PodFacts, Role};
use super::words::in_command;

/// How a container ended, as evidence.
pub(super) fn evidence_of_end(pod: &PodFacts, container: &Container, ended: &Ended, state: &str) -> Evidence {
    let mut text = format!("exitCode {}", ended.code);
    if !ended.reason.is_empty() {
        text = format!("{text}, {}", ended.reason);
    }
    if !ended.message.is_empty() {
        text = format!("{text}: {}", ended.message);
    }
    Evidence::field(
        ("Pod", &pod.meta.name),
        status(container, &format!("{state}.terminated")),
        text,
        ended.finished,
    )
}

/// The command that shows a container's log.
pub(super) fn log(pod: &PodFacts, container: &Container, previous: &str) -> String {
    let [namespace, pod, container] =
        [&pod.meta.namespace, &pod.meta.name, &container.name].map(|name| in_command(name));
    format!("kubectl logs -n {namespace} {pod} -c {container}{previous}")
}

/// The field of a container's status.
pub(super) fn status(container: &Container, path: &str) -> String {
    let list = if container.role == Role::Main { "containerStatuses" } else { "initContainerStatuses" };
    format!("status.{list}[{}].{path}", container.name)
}
