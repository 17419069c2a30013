//! Pods that their node's kubelet has evicted: for the node's want of something, or for more than the Pod may use.

use super::answer::{Certainty, Evidence, Reason, State};
use super::facts::JobFacts;
use super::pod_facts::PodFacts;

/// Whether the kubelet's message says why it evicts.
pub(super) fn is_known(message: &str) -> bool {
    low_on(message).is_some() || own_limit(message).is_some()
}

/// Why a Pod was evicted.
pub(super) fn reason(pod: &PodFacts, message: &str, job: &JobFacts) -> Reason {
    let name = &pod.meta.name;
    let (source, said) = match (pod.reason.is_empty(), &pod.disruption) {
        (true, Some(condition)) => ("status.conditions[DisruptionTarget]", condition.reason.as_str()),
        _ => ("status.reason", pod.reason.as_str()),
    };
    let text = if message.is_empty() { said.to_owned() } else { format!("{said}: {}", message.trim()) };
    let evidence = Evidence::field(("Pod", name), source, text, pod.ended());
    let new = |text: String| {
        Reason::new("pod-evicted", State::Failed, Certainty::Certain, text).because([evidence])
    };
    let Some(limit) = own_limit(message) else {
        let what = low_on(message).unwrap_or("something");
        return new(format!("Pod {name} was evicted by its node, which ran short of {what}"))
            .change(
                "Set requests that hold what the Pod really uses (memory, ephemeral-storage), so that \
                 it is not the first to go",
            )
            .at(Some(job.field("spec.template.spec.containers[0].resources.requests")));
    };
    match limit {
        Limit::Volume(volume) => new(format!(
            "Pod {name} was evicted by its node, as it wrote more to emptyDir volume {volume} than the volume's sizeLimit"
        ))
        .change("Raise sizeLimit of the volume, or let the program write less there")
        .at(Some(job.field("spec.template.spec.volumes"))),
        Limit::Container(container) => new(format!(
            "Pod {name} was evicted by its node, as container {container} wrote more than its limit of ephemeral-storage"
        ))
        .change("Raise resources.limits.ephemeral-storage of the container, or let the program write less")
        .at(job.container_field(container, "resources.limits.ephemeral-storage")),
        Limit::Pod => new(format!(
            "Pod {name} was evicted by its node, as it wrote more than the limits of ephemeral-storage of its containers"
        ))
        .change("Raise resources.limits.ephemeral-storage of the containers, or let the programs write less")
        .at(Some(job.field("spec.template.spec.containers[0].resources.limits.ephemeral-storage"))),
    }
}

/// A limit of the Pod's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit<'m> {
    /// Of an emptyDir volume.
    Volume(&'m str),
    /// Of a container.
    Container(&'m str),
    /// Of all containers.
    Pod,
}

/// The limit of its own that a Pod has exceeded, by the kubelet's message.
fn own_limit(message: &str) -> Option<Limit<'_>> {
    if let Some(rest) = message.strip_prefix("Usage of EmptyDir volume \"") {
        return rest.split_once('"').map(|(volume, _)| Limit::Volume(volume));
    }
    if let Some((container, rest)) = message.strip_prefix("Container ").and_then(|rest| rest.split_once(' '))
    {
        return rest
            .starts_with("exceeded its local ephemeral storage limit")
            .then_some(Limit::Container(container));
    }
    message.starts_with("Pod ephemeral local storage usage exceeds").then_some(Limit::Pod)
}

/// What a node was short of: `The node was low on resource: memory. ...`
fn low_on(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("low on resource: ")?;
    let end = rest.find(['.', ' ', ',']).unwrap_or(rest.len());
    rest.get(..end).filter(|resource| !resource.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubelets_say() {
        let limit = "Usage of EmptyDir volume \"cache\" exceeds the limit \"1Gi\". ";
        assert_eq!(own_limit(limit), Some(Limit::Volume("cache")));
        let limit = "Container main exceeded its local ephemeral storage limit \"1Gi\". ";
        assert_eq!(own_limit(limit), Some(Limit::Container("main")));
        let limit = "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ";
        assert_eq!(own_limit(limit), Some(Limit::Pod));
        let low = "The node was low on resource: ephemeral-storage. Threshold quantity: 1, available: 0. Container main ";
        assert_eq!((own_limit(low), low_on(low)), (None, Some("ephemeral-storage")));
        assert!(!is_known("The node was shut down"));
    }
}
