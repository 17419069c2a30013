//! The ResourceQuotas of a namespace, and what its CronJobs make of them.

use super::model::QuotaView;
use crate::engine::{Neighbour, QuotaFacts};
use crate::forecast::Peak;
use jobguard_apiserver::quantity_in_milli;

/// The limits of the namespace's quotas on what is forecast: Pods, and their requests. Quotas of some Pods only, by scope or
/// priority class, are left out.
pub(super) fn of(namespace: Option<&str>, peak: &Peak, neighbours: &[Neighbour]) -> Vec<QuotaView> {
    let in_namespace = neighbours.iter().filter(|neighbour| neighbour.namespace.as_deref() == namespace);
    let quotas = in_namespace.filter_map(|neighbour| Some((neighbour, neighbour.facts.quota()?)));
    let counts_all = |quota: &QuotaFacts| quota.scopes.is_empty() && quota.scope_expressions.is_empty();
    let mut views: Vec<QuotaView> = quotas
        .filter(|(_, quota)| counts_all(quota))
        .flat_map(|(neighbour, quota)| {
            quota.hard.iter().filter_map(|(resource, hard)| limit(&neighbour.name, resource, hard, peak))
        })
        .collect();
    views.sort_by(|a, b| (&a.name, &a.resource).cmp(&(&b.name, &b.resource)));
    views
}

fn limit(name: &str, resource: &str, hard: &str, peak: &Peak) -> Option<QuotaView> {
    let milli = quantity_in_milli(hard)?;
    let whole = milli.div_euclid(1_000);
    let (limit, peak) = match resource {
        "pods" | "count/pods" => (whole, peak.pods.0),
        "cpu" | "requests.cpu" => (milli, peak.cpu.0),
        "memory" | "requests.memory" => (whole, peak.memory.0),
        _ => return None,
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (name, resource, hard) = (name.to_owned(), resource.to_owned(), hard.to_owned());
    Some(QuotaView { name, resource, hard, limit, peak, exceeded: peak > limit })
}
