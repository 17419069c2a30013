//! Many Pods of one Job in few sentences: the same of several is said once.

use std::collections::BTreeMap;

use super::answer::Reason;
use super::facts::JobFacts;
use super::pod_facts::PodFacts;
use super::pods;
use super::view::View;
use super::words::names;

/// How many Pods are looked at: of more, most are alike.
const MOST_PODS: usize = 2_000;

/// How many ways in which Pods have ended are told each by itself.
const MOST_ENDS: usize = 4;

/// What Pods have in common: the reason, the field to change, and how a container ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Cause {
    id: &'static str,
    field: Option<String>,
    ended: Option<String>,
}

impl Cause {
    fn of(reason: &Reason) -> Self {
        // Pods that have ended otherwise have not failed of the same.
        let ended = reason.evidence.iter().find(|one| one.source.ends_with(".terminated"));
        Self {
            id: reason.id,
            field: reason.field.as_ref().map(|field| field.path.clone()),
            ended: ended.and_then(|one| one.text.split(':').next()).map(str::to_owned),
        }
    }

    /// Whether no more than the end is another.
    fn is_like(&self, other: &Self) -> bool {
        self.id == other.id && self.field == other.field
    }
}

/// Why Pods are as they are: the same of several is said once, of the one that was made last.
pub(super) fn of_pods(pods: &[&PodFacts], job: &JobFacts, view: &View<'_>) -> Vec<Reason> {
    let mut by_cause: BTreeMap<Cause, (Reason, i64)> = BTreeMap::new();
    let mut order: Vec<Cause> = Vec::new();
    for pod in pods.iter().rev().take(MOST_PODS) {
        for reason in pods::reasons(pod, job, view) {
            let cause = Cause::of(&reason);
            match by_cause.get_mut(&cause) {
                Some((_, count)) => *count += 1,
                None => {
                    order.push(cause.clone());
                    by_cause.insert(cause, (reason, 1));
                }
            }
        }
    }
    let at_least = if pods.len() > MOST_PODS { "at least " } else { "" };
    let mut found = Vec::new();
    for (at, cause) in order.iter().enumerate() {
        let before = order[..at].iter().filter(|other| other.is_like(cause)).count();
        let Some((mut reason, count)) = by_cause.remove(cause).filter(|_| before < MOST_ENDS) else {
            continue;
        };
        if count > 1 {
            let others =
                if count == 2 { "1 more Pod".to_owned() } else { format!("{} more Pods", count - 1) };
            reason.text = format!("{}; the same of {at_least}{others}", reason.text);
        }
        if before + 1 == MOST_ENDS {
            let left = order[at + 1..].iter().filter(|other| other.is_like(cause));
            let left: Vec<&str> = left.filter_map(|other| other.ended.as_deref()).collect();
            if !left.is_empty() {
                reason.text = format!("{}; other Pods ended otherwise ({})", reason.text, names(&left));
            }
        }
        found.push(reason);
    }
    found
}
