//! One namespace of what is known, in the order in which it is asked: Pods by their Job, events by what they are about.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::answer::Evidence;
use super::facts::{EventFacts, JobFacts, Meta, QuotaFacts};
use super::known::{Kind, Known};
use super::pod_facts::{PodFacts, may_be_pod_of};

/// One namespace of what is known.
pub(super) struct View<'k> {
    pub(super) known: &'k Known,
    pub(super) namespace: &'k str,
    pub(super) now: Timestamp,
    events: BTreeMap<(&'k str, &'k str), Vec<&'k EventFacts>>,
    pods: BTreeMap<&'k str, Vec<&'k PodFacts>>,
}

impl<'k> View<'k> {
    pub(super) fn new(known: &'k Known, namespace: &'k str, now: Timestamp) -> Self {
        let mut events: BTreeMap<_, Vec<&EventFacts>> = BTreeMap::new();
        for event in known.events.iter().filter(|event| event.namespace == namespace) {
            events.entry((event.kind.as_str(), event.name.as_str())).or_default().push(event);
        }
        for list in events.values_mut() {
            // The newest first; of one time, by what they say.
            list.sort_by(|a, b| (b.last, &a.reason, &a.message).cmp(&(a.last, &b.reason, &b.message)));
        }
        let mut pods: BTreeMap<_, Vec<&PodFacts>> = BTreeMap::new();
        for pod in known.pods.iter().filter(|pod| pod.meta.namespace == namespace) {
            if let Some(owner) = pod.meta.owner.as_ref().filter(|owner| owner.kind == "Job") {
                pods.entry(owner.name.as_str()).or_default().push(pod);
            }
        }
        for list in pods.values_mut() {
            list.sort_by(|a, b| (a.meta.created, &a.meta.name).cmp(&(b.meta.created, &b.meta.name)));
        }
        Self { known, namespace, now, events, pods }
    }

    /// The Pods of a Job, the oldest first.
    pub(super) fn pods_of(&self, job: &JobFacts) -> Vec<&'k PodFacts> {
        let named = self.pods.get(job.meta.name.as_str()).into_iter().flatten();
        named.copied().filter(|pod| pod.meta.belongs_to("Job", &job.meta)).collect()
    }

    /// The events of an object, the newest first.
    pub(super) fn events_of(
        &self,
        kind: &str,
        meta: &Meta,
    ) -> impl Iterator<Item = &'k EventFacts> + use<'k> {
        let found = self.events.get(&(kind, meta.name.as_str())).cloned().unwrap_or_default();
        let (kind, meta) = (kind.to_owned(), meta.clone());
        found.into_iter().filter(move |event| event.is_about(&kind, &meta))
    }

    /// The newest event of an object with one of these reasons.
    pub(super) fn event(&self, kind: &str, meta: &Meta, reasons: &[&str]) -> Option<&'k EventFacts> {
        self.events_of(kind, meta).find(|event| reasons.contains(&event.reason.as_str()))
    }

    /// Whether something happened to a Pod after this event that can only happen once what it reports is over: its images
    /// are pulled, and its containers started, when its volumes and its network are there.
    pub(super) fn is_overtaken(&self, event: &EventFacts, meta: &Meta) -> bool {
        let later = self.event("Pod", meta, &["Pulling", "Pulled", "Created", "Started"]);
        later.and_then(|later| later.last.zip(event.last)).is_some_and(|(later, event)| later > event)
    }

    /// The events of Pods that a Job has had and that are there no more, the newest first.
    pub(super) fn events_of_gone_pods(&self, job: &JobFacts) -> Vec<&'k EventFacts> {
        /// Each Pod says much the same.
        const MOST: usize = 50;
        let there: Vec<&str> = self.pods_of(job).iter().map(|pod| pod.meta.name.as_str()).collect();
        let first: String = job.meta.name.chars().take(50).collect();
        let of_pods = self.events.range(("Pod", first.as_str())..);
        let mut found: Vec<&EventFacts> = of_pods
            .take_while(|((kind, name), _)| *kind == "Pod" && name.starts_with(&first))
            .filter(|((_, name), _)| {
                may_be_pod_of(name, &job.meta.name, job.is_indexed) && !there.contains(name)
            })
            .flat_map(|(_, events)| events.iter().copied())
            .filter(|event| {
                job.meta.created.is_none_or(|created| event.last.is_none_or(|last| last >= created))
            })
            .collect();
        found.sort_by(|a, b| (b.last, &a.name, &a.message).cmp(&(a.last, &b.name, &b.message)));
        found.truncate(MOST);
        found
    }

    /// The ResourceQuotas of the namespace.
    pub(super) fn quotas(&self) -> impl Iterator<Item = &'k QuotaFacts> {
        self.known.quotas.iter().filter(|quota| quota.meta.namespace == self.namespace)
    }

    /// Whether all objects of a kind are known.
    pub(super) fn knows(&self, kind: Kind) -> bool {
        self.known.read.contains(&kind) && !self.known.unread.contains_key(&kind)
    }

    /// The seconds from a time until now; none where the time is not known.
    pub(super) fn age(&self, time: Option<Timestamp>) -> Option<i64> {
        time.map(|time| self.now.as_second().saturating_sub(time.as_second()))
    }
}

/// What an event says.
pub(super) fn of_event(event: &EventFacts) -> Evidence {
    Evidence {
        object: format!("{} {}", event.kind, event.name),
        source: format!("event {}", event.reason),
        text: event.message.clone(),
        time: event.last,
        count: event.count.max(1),
    }
}

/// What evidence calls a Job.
pub(super) fn of_job(job: &JobFacts) -> (&'static str, &str) {
    ("Job", &job.meta.name)
}
