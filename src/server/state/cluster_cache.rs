//! The cache of what is known of the cluster beside the object under review.
//!
//! Watches write to it; a review reads what is there, and never waits.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;

#[cfg(feature = "cluster")]
use crate::engine::{Listing, NeighbourKind};
use crate::engine::{NeighbourKinds, Neighbours};
use crate::policy::Policy;
use crate::server::admission::controllers::CronJobs;
use crate::server::admission::namespaces::Namespaces;
use crate::server::metrics::{CacheState, Metrics, Watched};

/// Writes into the log what of `policy` does not work where namespaces are not watched: overrides and exceptions by
/// `namespaceLabels` match nothing, and own rules have no value for what they ask.
pub(crate) fn log_unmatched(policy: &Policy, namespaces: &Namespaces) {
    if *namespaces != Namespaces::Unwatched {
        return;
    }
    if policy.matches_namespace_labels() {
        tracing::warn!(
            policy = policy.name,
            "the policy's overrides by namespaceLabels match nothing: start with --watch-namespaces (chart: watch.namespaces)"
        );
    }
    let asking = policy.own().rules().iter().filter(|rule| rule.asks_for_namespaces());
    let rules: Vec<&str> = asking.map(|rule| rule.id.as_str()).collect();
    if !rules.is_empty() {
        tracing::warn!(
            policy = policy.name,
            rules = rules.join(", "),
            "these rules ask for namespaces, of which nothing is known, and may refuse every object: start with --watch-namespaces (chart: watch.namespaces)"
        );
    }
}

/// Which resources are watched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watches {
    /// Objects beside Jobs, for the rules that need them.
    pub neighbours: NeighbourKinds,
    /// Namespaces and their labels, for policies that match on them.
    pub namespaces: bool,
    /// CronJobs, so that a Job made from one by hand counts as its run.
    pub cron_jobs: bool,
}

/// The last known state of everything that is watched.
#[derive(Debug, Default)]
pub(crate) struct ClusterCache {
    watched: NeighbourKinds,
    neighbours: ArcSwap<Neighbours>,
    namespaces: ArcSwap<Namespaces>,
    cron_jobs: ArcSwap<CronJobs>,
}

impl ClusterCache {
    /// Holds nothing yet, and awaits what is watched.
    pub(crate) fn new(watches: Watches) -> Self {
        let awaited_cron_jobs = if watches.cron_jobs { CronJobs::Awaited } else { CronJobs::Unwatched };
        let awaited = if watches.namespaces { Namespaces::Awaited } else { Namespaces::Unwatched };
        Self {
            watched: watches.neighbours,
            neighbours: ArcSwap::default(),
            namespaces: ArcSwap::from_pointee(awaited),
            cron_jobs: ArcSwap::from_pointee(awaited_cron_jobs),
        }
    }

    /// The objects beside Jobs.
    pub(crate) fn neighbours(&self) -> Arc<Neighbours> {
        self.neighbours.load_full()
    }

    /// The namespaces.
    pub(crate) fn namespaces(&self) -> Arc<Namespaces> {
        self.namespaces.load_full()
    }

    /// The CronJobs.
    pub(crate) fn cron_jobs(&self) -> Arc<CronJobs> {
        self.cron_jobs.load_full()
    }

    /// Replaces the CronJobs.
    #[cfg(feature = "cluster")]
    pub(crate) fn set_cron_jobs(&self, cron_jobs: CronJobs) {
        self.cron_jobs.store(Arc::new(cron_jobs));
    }

    /// Replaces what is known of the objects of a kind.
    #[cfg(feature = "cluster")]
    pub(crate) fn set_neighbours(&self, kind: NeighbourKind, listing: Listing) {
        let listing = Arc::new(listing);
        self.neighbours.rcu(|neighbours| {
            let mut neighbours = Neighbours::clone(neighbours);
            neighbours.set(kind, Arc::clone(&listing));
            neighbours
        });
    }

    /// Replaces the namespaces.
    #[cfg(feature = "cluster")]
    pub(crate) fn set_namespaces(&self, namespaces: Namespaces) {
        self.namespaces.store(Arc::new(namespaces));
    }

    /// Updates the gauges of size and age.
    pub(crate) fn measure(&self, metrics: &Metrics, now: Timestamp) {
        let report = |watched, known: Option<(usize, Option<Timestamp>)>| {
            let (objects, lost) = known.unwrap_or_default();
            let age = lost.map_or(0.0, |lost| now.duration_since(lost).as_secs_f64().max(0.0));
            metrics.cache(CacheState { watched, synced: known.is_some(), age, objects });
        };
        let neighbours = self.neighbours();
        for kind in self.watched.iter() {
            let known = neighbours.of(kind).known();
            report(Watched::Neighbours(kind), known.map(|known| (known.index.len(), known.lost)));
        }
        match self.namespaces().as_ref() {
            Namespaces::Unwatched => {}
            Namespaces::Awaited => report(Watched::Namespaces, None),
            Namespaces::Known { labels, lost } => report(Watched::Namespaces, Some((labels.len(), *lost))),
        }
        match self.cron_jobs().as_ref() {
            CronJobs::Unwatched => {}
            CronJobs::Awaited => report(Watched::CronJobs, None),
            CronJobs::Known { cron_jobs, lost } => {
                report(Watched::CronJobs, Some((cron_jobs.values().map(BTreeMap::len).sum(), *lost)));
            }
        }
    }
}
