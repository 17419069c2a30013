//! One view on the three kinds of containers, which the API keeps in two types.

use k8s_openapi::api::core::v1::{
    Container, ContainerPort, ContainerResizePolicy, ContainerRestartRule, EnvFromSource, EnvVar,
    EphemeralContainer, Lifecycle, PodSpec, Probe, ResourceRequirements, SecurityContext, VolumeDevice,
    VolumeMount,
};

use crate::errors::{list, text};
use jobguard_manifest::At;

/// What a container and an ephemeral container have in common.
#[derive(Clone, Copy)]
pub(crate) struct AnyContainer<'c> {
    pub(crate) name: &'c str,
    pub(crate) image: &'c str,
    pub(crate) image_pull_policy: &'c str,
    pub(crate) termination_message_policy: &'c str,
    pub(crate) ports: &'c Option<Vec<ContainerPort>>,
    pub(crate) env: &'c [EnvVar],
    pub(crate) env_from: &'c [EnvFromSource],
    pub(crate) volume_mounts: &'c [VolumeMount],
    pub(crate) volume_devices: &'c [VolumeDevice],
    pub(crate) resources: Option<&'c ResourceRequirements>,
    pub(crate) resize_policy: &'c Option<Vec<ContainerResizePolicy>>,
    pub(crate) restart_policy: Option<&'c str>,
    pub(crate) restart_policy_rules: &'c Option<Vec<ContainerRestartRule>>,
    pub(crate) lifecycle: Option<&'c Lifecycle>,
    pub(crate) liveness_probe: Option<&'c Probe>,
    pub(crate) readiness_probe: Option<&'c Probe>,
    pub(crate) startup_probe: Option<&'c Probe>,
    pub(crate) security_context: Option<&'c SecurityContext>,
}

macro_rules! any_of {
    ($container:ty) => {
        impl<'c> From<&'c $container> for AnyContainer<'c> {
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
                    lifecycle: container.lifecycle.as_ref(),
                    liveness_probe: container.liveness_probe.as_ref(),
                    readiness_probe: container.readiness_probe.as_ref(),
                    startup_probe: container.startup_probe.as_ref(),
                    security_context: container.security_context.as_ref(),
                }
            }
        }
    };
}

any_of!(Container);
any_of!(EphemeralContainer);

impl AnyContainer<'_> {
    /// Whether this is a sidecar, given that it is an init container.
    pub(crate) fn always_restarts(&self) -> bool {
        self.restart_policy == Some("Always")
    }
}

/// Calls `visit` with every container of the Pod: init containers, containers, ephemeral containers.
pub(crate) fn each_container<'s>(
    spec: &'s PodSpec,
    at: &At<'_>,
    mut visit: impl FnMut(AnyContainer<'s>, &At<'_>),
) {
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
