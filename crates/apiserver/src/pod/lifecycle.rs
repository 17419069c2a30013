//! What a container does when it has started and before it stops.

use k8s_openapi::api::core::v1::Lifecycle;

use super::probes;
use crate::errors::Errors;
use jobguard_manifest::At;

/// Checks a container's `lifecycle`, given the Pod's `terminationGracePeriodSeconds`.
pub(super) fn check(lifecycle: &Lifecycle, grace_period: Option<i64>, at: &At<'_>, report: &mut Errors<'_>) {
    if let Some(hook) = &lifecycle.post_start {
        probes::handler(hook.into(), grace_period, &at.field("postStart"), report);
    }
    if let Some(hook) = &lifecycle.pre_stop {
        probes::handler(hook.into(), grace_period, &at.field("preStop"), report);
    }
}
