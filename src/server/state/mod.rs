//! What reviews are judged by, and how it is kept up to date: the policy, and what is known of the cluster.

pub(crate) mod cluster_cache;
pub(crate) mod policies;
pub(crate) mod reload;
