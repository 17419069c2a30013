//! Volumes that a node cannot mount.

use super::answer::{Certainty, Reason, State};
use super::facts::JobFacts;
use super::pod_facts::{PodFacts, State as ContainerState};
use super::view::{View, of_event};

/// Why a Pod's volumes are not mounted, where that is so.
pub(super) fn not_mounted(pod: &PodFacts, job: &JobFacts, view: &View<'_>) -> Option<Reason> {
    // Once a container has started, all volumes are there.
    let waits = |state: &ContainerState| match state {
        ContainerState::Unknown => true,
        ContainerState::Waiting { reason, .. } => {
            matches!(reason.as_str(), "ContainerCreating" | "PodInitializing" | "")
        }
        ContainerState::Running { .. } | ContainerState::Ended(_) => false,
    };
    if !pod.containers.iter().all(|container| waits(&container.state)) {
        return None;
    }
    // Of the events about volumes, those that name what is missing say most.
    let events: Vec<_> = view
        .events_of("Pod", &pod.meta)
        .filter(|event| {
            matches!(event.reason.as_str(), "FailedMount" | "FailedAttachVolume" | "FailedMapVolume")
        })
        .filter(|event| !view.is_overtaken(event, &pod.meta))
        .collect();
    let event = events.iter().find(|event| missing(&event.message).is_some()).or(events.first())?;
    let name = &pod.meta.name;
    let volume = quoted_after(&event.message, "for volume ");
    let field = Some(job.field("spec.template.spec.volumes"));
    let reason = match missing(&event.message) {
        Some((kind, missing)) => Reason::new(
            "volume-object-missing",
            State::NotRunning,
            Certainty::Certain,
            format!(
                "Pod {name} waits for {kind} {missing}, which a volume of it mounts and which is not there"
            ),
        )
        .change(format!("Create the {kind}, correct its name, or set optional: true")),
        None => {
            let volume = volume.map_or_else(|| "a volume".to_owned(), |volume| format!("volume {volume}"));
            Reason::new(
                "volume-not-mounted",
                State::NotRunning,
                Certainty::Certain,
                format!("Pod {name} waits for {volume}, which its node cannot attach or mount"),
            )
            .change(
                "See what the event says of the volume; one that is attached to another node must \
                 be given up there first",
            )
        }
    };
    Some(reason.because([of_event(event)]).at(field))
}

/// The object that a volume is made of and that is not there: `configmap "x" not found`.
fn missing(message: &str) -> Option<(&'static str, &str)> {
    let kinds = [
        ("configmap \"", "ConfigMap"),
        ("secret \"", "Secret"),
        ("persistentvolumeclaim \"", "PersistentVolumeClaim"),
    ];
    kinds.into_iter().find_map(|(word, kind)| {
        let (_, rest) = message.split_once(word)?;
        let (name, rest) = rest.split_once('"')?;
        rest.trim_start().starts_with("not found").then_some((kind, name))
    })
}

fn quoted_after<'m>(message: &'m str, words: &str) -> Option<&'m str> {
    let (_, rest) = message.split_once(words)?;
    let (name, _) = rest.strip_prefix('"')?.split_once('"')?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing() {
        assert_eq!(
            missing(r#"MountVolume.SetUp failed for volume "conf" : configmap "app" not found"#),
            Some(("ConfigMap", "app"))
        );
        assert_eq!(
            missing(r#"MountVolume.SetUp failed for volume "conf" : references non-existent secret key: a"#),
            None
        );
        assert_eq!(quoted_after(r#"failed for volume "conf" : x"#, "for volume "), Some("conf"));
    }
}
