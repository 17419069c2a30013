//! One view on the three kinds of containers, which the API keeps in two types.

use k8s_openapi::api::core::v1::{
    Container, ContainerPort, ContainerResizePolicy, ContainerRestartRule, EnvFromSource, EnvVar,
    EphemeralContainer, Lifecycle, PodSpec, Probe, ResourceRequirements, SecurityContext, VolumeDevice,
    VolumeMount,
};

use super::report::{list, text};
use jobguard_manifest::At;

/// What a container and an ephemeral container have in common.
#[derive(Clone, Copy)]
pub(super) struct View<'c> {
    pub(super) name: &'c str,
    pub(super) image: &'c str,
    pub(super) image_pull_policy: &'c str,
    pub(super) termination_message_policy: &'c str,
    pub(super) ports: &'c Option<Vec<ContainerPort>>,
    pub(super) env: &'c [EnvVar],
    pub(super) env_from: &'c [EnvFromSource],
    pub(super) volume_mounts: &'c [VolumeMount],
    pub(super) volume_devices: &'c [VolumeDevice],
    pub(super) resources: Option<&'c ResourceRequirements>,
    pub(super) resize_policy: &'c Option<Vec<ContainerResizePolicy>>,
    pub(super) restart_policy: Option<&'c str>,
    pub(super) restart_policy_rules: &'c Option<Vec<ContainerRestartRule>>,
    pub(super) lifecycle: Option<&'c Lifecycle>,
    pub(super) liveness_probe: Option<&'c Probe>,
    pub(super) readiness_probe: Option<&'c Probe>,
    pub(super) startup_probe: Option<&'c Probe>,
    pub(super) security_context: Option<&'c SecurityContext>,
}

macro_rules! view_of {
    ($container:ty) => {
        impl<'c> From<&'c $container> for View<'c> {
            fn from(container: &'c $container) -> Self {
                Self {
                    name: &container.name,
                    image: text(&container.image),
                    image_pull_policy: text(&container.image_pull_policy),
                    termination_message_policy: text(&container.termination_message_policy),
                    ports: &container.ports,
                    env: list(&container.env),
                    env_from: list(&container.env_from),
                    volume_mounts: list(&container.volume_mounts),
                    volume_devices: list(&container.volume_devices),
                    resources: container.resources.as_ref(),
                    resize_policy: &container.resize_policy,
                    restart_policy: container.restart_policy.as_deref(),
                    restart_policy_rules: &container.restart_policy_rules,
                    lifecycle: effective(container.lifecycle.as_ref()),
                    liveness_probe: container.liveness_probe.as_ref(),
                    readiness_probe: container.readiness_probe.as_ref(),
                    startup_probe: container.startup_probe.as_ref(),
                    security_context: container.security_context.as_ref(),
                }
            }
        }
    };
}

view_of!(Container);
view_of!(EphemeralContainer);

impl View<'_> {
    /// Whether this is a sidecar, given that it is an init container.
    pub(super) fn always_restarts(&self) -> bool {
        self.restart_policy == Some("Always")
    }
}

/// The lifecycle as the server sees it. `stopSignal` belongs to a feature gate that is off by default
/// (ContainerStopSignals), so the server drops it, and with it a lifecycle that says nothing else.
fn effective(lifecycle: Option<&Lifecycle>) -> Option<&Lifecycle> {
    lifecycle.filter(|lifecycle| {
        lifecycle.stop_signal.is_none() || lifecycle.post_start.is_some() || lifecycle.pre_stop.is_some()
    })
}

/// Calls `visit` with every container of the Pod: init containers, containers, ephemeral containers.
pub(super) fn each_container<'s>(spec: &'s PodSpec, at: &At<'_>, mut visit: impl FnMut(View<'s>, &At<'_>)) {
    let field = at.field("initContainers");
    for (index, container) in list(&spec.init_containers).iter().enumerate() {
        visit(container.into(), &field.index(index));
    }
    let field = at.field("containers");
    for (index, container) in spec.containers.iter().enumerate() {
        visit(container.into(), &field.index(index));
    }
    let field = at.field("ephemeralContainers");
    for (index, container) in list(&spec.ephemeral_containers).iter().enumerate() {
        visit(container.into(), &field.index(index));
    }
}
