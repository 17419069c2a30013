//! `jobguard policy export`

use anyhow::Result;

use super::super::policy_source::Origin;
use crate::export;
use crate::rules::registry;

/// What API servers judge by themselves, as ValidatingAdmissionPolicies.
pub(super) fn run(policy: Option<&str>, exclude_namespaces: Vec<String>) -> Result<String> {
    let policy = Origin::of(policy)?.load()?;
    let excluded: Vec<_> = exclude_namespaces.into_iter().filter(|name| !name.is_empty()).collect();
    Ok(export::vap(&policy, registry(), &excluded))
}
