//! What the checks of a container know of its Pod.

use std::collections::BTreeSet;

use super::volumes::Volumes;
use crate::names;

/// What the checks of a container must know of its Pod.
pub(super) struct PodContext<'p> {
    /// The volumes that are well formed.
    pub(super) volumes: Volumes<'p>,
    /// The names in `resourceClaims`.
    pub(super) claims: BTreeSet<&'p str>,
    /// `terminationGracePeriodSeconds`.
    pub(super) grace_period: Option<i64>,
    /// The operating system that the Pod names.
    pub(super) os: Option<&'p str>,
    /// Whether the Pod shares the user namespace of its host.
    pub(super) host_users: bool,
    /// Whether the Pod's `restartPolicy` is `Never`.
    pub(super) never_restarts: bool,
    /// Whether variables may have any printable name.
    pub(super) relaxed_env_names: bool,
}

impl PodContext<'_> {
    /// What is wrong with the name of a variable, or with a prefix of such names.
    pub(super) fn env_name(&self, name: &str) -> Vec<&'static str> {
        if self.relaxed_env_names { names::env_name(name) } else { names::strict_env_name(name) }
    }
}
