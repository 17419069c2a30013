//! Pods, or Jobs, that the API server does not let be made.

use super::answer::{Certainty, Evidence, Reason, State};
use super::facts::{EventFacts, JobFacts};
use super::known::Kind;
use super::refusal::{Refusal, said};
use super::view::{View, of_event, of_job};

/// Why the Pods of a Job are not made, by the newest event about it that nothing has overtaken.
pub(super) fn pods(job: &JobFacts, view: &View<'_>) -> Option<Reason> {
    let event = view.event("Job", &job.meta, &["FailedCreate"])?;
    // A Pod that was made since says that it is over.
    let made = view.pods_of(job).iter().filter_map(|pod| pod.meta.created).max();
    if event.last.zip(made).is_some_and(|(event, made)| made > event) {
        return None;
    }
    let refusal = Refusal::of(&event.message);
    let field = refusal.field().map(|field| job.field(field));
    let text = format!("no Pod of Job {} is made: {} it", job.meta.name, refusal.what());
    let text = of_message(text, event);
    Some(
        Reason::new(refusal.id(true), State::NotRunning, Refusal::CERTAINTY, text)
            .because([of_event(event)])
            .change(refusal.change())
            .at(field),
    )
}

/// The sentence with the API server's own words behind it.
pub(super) fn of_message(text: String, event: &EventFacts) -> String {
    let said = said(&event.message);
    if said.is_empty() { text } else { format!("{text}: {said}") }
}

/// What keeps the Pods of a Job from being made where no event is left that says so.
pub(super) fn foreseen(job: &JobFacts, view: &View<'_>) -> Option<Reason> {
    let name = &job.meta.name;
    let account = (job.meta.namespace.clone(), job.service_account.clone());
    if view.knows(Kind::ServiceAccount) && !view.known.service_accounts.contains(&account) {
        let text =
            format!("no Pod of Job {name} is made: there is no service account {}", job.service_account);
        let evidence = Evidence::field(
            of_job(job),
            "spec.template.spec.serviceAccountName",
            job.service_account.clone(),
            None,
        );
        return Some(
            Reason::new(Refusal::ServiceAccount.id(true), State::NotRunning, Certainty::Likely, text)
                .because([evidence])
                .change(Refusal::ServiceAccount.change())
                .at(Some(job.field("spec.template.spec.serviceAccountName"))),
        );
    }
    let (quota, resource) = used_up(view, &["pods", "count/pods"])?;
    let text =
        format!("no Pod of Job {name} is made: ResourceQuota {} allows no more {resource}", quota.meta.name);
    Some(
        Reason::new(Refusal::Quota.id(true), State::NotRunning, Certainty::Likely, text)
            .because([of_quota(quota, resource)])
            .change(Refusal::Quota.change()),
    )
}

/// A quota of which nothing is left.
pub(super) fn used_up<'k>(
    view: &View<'k>,
    resources: &[&'static str],
) -> Option<(&'k super::facts::QuotaFacts, &'static str)> {
    view.quotas().find_map(|quota| {
        let resource = resources.iter().find(|resource| quota.is_used_up(resource))?;
        Some((quota, *resource))
    })
}

/// What a quota says of a resource.
pub(super) fn of_quota(quota: &super::facts::QuotaFacts, resource: &str) -> Evidence {
    let (used, hard) = (quota.used.get(resource), quota.hard.get(resource));
    let text = format!(
        "{} of {} used",
        used.map(String::as_str).unwrap_or_default(),
        hard.map(String::as_str).unwrap_or_default()
    );
    Evidence::field(("ResourceQuota", &quota.meta.name), format!("status.used[{resource}]"), text, None)
}
