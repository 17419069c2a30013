//! What is measured of the caches of the cluster.

use crate::engine::NeighbourKind;

/// Which part of the cluster is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watched {
    /// Objects of a kind beside Jobs.
    Neighbours(NeighbourKind),
    /// Namespaces and their labels.
    Namespaces,
    /// CronJobs and what they run.
    CronJobs,
}

impl Watched {
    /// The resource's name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Neighbours(kind) => kind.plural(),
            Self::Namespaces => "namespaces",
            Self::CronJobs => "cronjobs",
        }
    }
}

/// How far a cache is behind the cluster, as it is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CacheState {
    /// Which one.
    pub(crate) watched: Watched,
    /// Whether it has been filled once.
    pub(crate) synced: bool,
    /// For how long nothing has been heard, in seconds; 0 while the watch stands.
    pub(crate) age: f64,
    /// How many objects it holds.
    pub(crate) objects: usize,
}
