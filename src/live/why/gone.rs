//! What events still say of Pods that are there no more: a Job that is ended takes its running Pods along.

use super::answer::{Certainty, Reason, State};
use super::facts::JobFacts;
use super::scheduling;
use super::view::{View, of_event};

/// Why the Pods of a Job that are gone did not get on, as far as events tell.
pub(super) fn reasons(job: &JobFacts, view: &View<'_>) -> Vec<Reason> {
    let events = view.events_of_gone_pods(job);
    let newest = |reasons: &[&str], part: &str| {
        events
            .iter()
            .find(|event| reasons.contains(&event.reason.as_str()) && event.message.contains(part))
            .copied()
    };
    let mut found = Vec::new();
    if let Some(event) = newest(&["FailedScheduling"], "").filter(|_| newest(&["Scheduled"], "").is_none()) {
        let summary = scheduling::summary(&event.message);
        let text = format!("Pod {}, which is gone, was never scheduled: {}", event.name, summary.text);
        let field = match summary.field {
            "" => "spec.template.spec".to_owned(),
            field => format!("spec.template.spec.{field}"),
        };
        found.push(
            Reason::new("pod-unschedulable", State::Failed, Certainty::Certain, text)
                .because([of_event(event)])
                .change(summary.change)
                .at(Some(job.field(field))),
        );
    }
    if let Some(event) = newest(&["Failed"], "Failed to pull image") {
        let text = format!("the image of Pod {}, which is gone, could not be pulled", event.name);
        found.push(
            Reason::new("image-not-pulled", State::Failed, Certainty::Likely, text)
                .because([of_event(event)])
                .change("Correct the image's name, or the credentials that it is pulled with")
                .at(Some(job.field("spec.template.spec.containers[0].image"))),
        );
    }
    if let Some(event) = newest(&["FailedMount", "FailedAttachVolume"], "") {
        let text = format!("a volume of Pod {}, which is gone, could not be mounted", event.name);
        found.push(
            Reason::new("volume-not-mounted", State::Failed, Certainty::Likely, text)
                .because([of_event(event)])
                .change("See what the event says of the volume")
                .at(Some(job.field("spec.template.spec.volumes"))),
        );
    }
    if let Some(event) = newest(&["BackOff"], "restarting failed container") {
        let text = format!("a container of Pod {}, which is gone, failed again and again", event.name);
        found.push(
            Reason::new("container-crash-loop", State::Failed, Certainty::Certain, text)
                .because([of_event(event)])
                .change("Its log went with the Pod: with restartPolicy: Never, failed Pods stay to be read")
                .at(Some(job.field("spec.template.spec.restartPolicy"))),
        );
    }
    found
}
