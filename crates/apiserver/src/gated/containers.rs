//! What is left out of containers.

use k8s_openapi::api::core::v1::{
    Container, ContainerResizePolicy, ContainerRestartRule, EnvVar, EphemeralContainer, HTTPGetAction,
    Lifecycle, LifecycleHandler, PodSpec, Probe, ResourceRequirements, SecurityContext, VolumeMount,
};

use super::found::{Fate, Found, NO_APP_ARMOR, Off, app_armor, uses_claims};
use crate::pod::any_container::{AnyContainer, each_container};
use crate::{Change, Gate};
use jobguard_manifest::At;

/// Which kind of container.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Main,
    Init,
    Ephemeral,
}

/// The parts of a container that a gate can take away; containers and ephemeral containers are two types.
struct Parts<'c> {
    role: Role,
    resize_policy: &'c mut Option<Vec<ContainerResizePolicy>>,
    restart_policy: &'c mut Option<String>,
    restart_policy_rules: &'c mut Option<Vec<ContainerRestartRule>>,
    volume_mounts: &'c mut Option<Vec<VolumeMount>>,
    env: &'c mut Option<Vec<EnvVar>>,
    lifecycle: &'c mut Option<Lifecycle>,
    resources: &'c mut Option<ResourceRequirements>,
    security_context: &'c mut Option<SecurityContext>,
    probes: [(&'static str, &'c mut Option<Probe>); 3],
}

macro_rules! parts {
    ($name:ident, $container:ty) => {
        fn $name(container: &mut $container, role: Role) -> Parts<'_> {
            Parts {
                role,
                resize_policy: &mut container.resize_policy,
                restart_policy: &mut container.restart_policy,
                restart_policy_rules: &mut container.restart_policy_rules,
                volume_mounts: &mut container.volume_mounts,
                env: &mut container.env,
                lifecycle: &mut container.lifecycle,
                resources: &mut container.resources,
                security_context: &mut container.security_context,
                probes: [
                    ("livenessProbe", &mut container.liveness_probe),
                    ("readinessProbe", &mut container.readiness_probe),
                    ("startupProbe", &mut container.startup_probe),
                ],
            }
        }
    };
}

parts!(of_container, Container);
parts!(of_ephemeral, EphemeralContainer);

pub(super) fn drop_of_containers(spec: &mut PodSpec, off: &Off<'_>, at: &At<'_>, found: &mut Found<'_>) {
    let gates = &Closed::of(off, spec);
    if *gates == Closed::default() {
        return;
    }
    let all = at.field("initContainers");
    for (index, container) in spec.init_containers.iter_mut().flatten().enumerate() {
        gates.drop_of(of_container(container, Role::Init), &all.index(index), found);
    }
    let all = at.field("containers");
    for (index, container) in spec.containers.iter_mut().enumerate() {
        gates.drop_of(of_container(container, Role::Main), &all.index(index), found);
    }
    let all = at.field("ephemeralContainers");
    for (index, container) in spec.ephemeral_containers.iter_mut().flatten().enumerate() {
        gates.drop_of(of_ephemeral(container, Role::Ephemeral), &all.index(index), found);
    }
}

/// The gates of containers' fields that are off, looked up once for all containers.
#[derive(Default, PartialEq, Eq)]
struct Closed {
    app_armor: Option<Gate>,
    bind_mounts: bool,
    grpc_modes: bool,
    http_protocols: bool,
    resize_policy: bool,
    sidecars: bool,
    restart_rules: bool,
    recursive_read_only: bool,
    env_files: bool,
    sleep: bool,
    stop_signals: bool,
    proc_mount: bool,
    claims: bool,
    /// Whether the Pod has `resourceClaims`, which are left out along with the containers'.
    pod_claims: bool,
    /// Whether the Pod asks for a user namespace of its own.
    own_users: bool,
}

impl Closed {
    fn of(off: &Off<'_>, spec: &PodSpec) -> Self {
        let claims = off.is(Gate::DynamicResourceAllocation, uses_claims);
        Self {
            app_armor: app_armor(off),
            bind_mounts: off.is(Gate::VolumeBindMountOptions, |old| {
                any(old, |container| {
                    let mut mounts = container.volume_mounts.iter();
                    mounts.any(|mount| mount.bind_mount_options.as_ref().is_some_and(|list| !list.is_empty()))
                })
            }),
            grpc_modes: off.is(Gate::GRPCContainerProbeTLS, |old| {
                any(old, |container| {
                    let mut probes = probes(container).filter_map(|probe| probe.grpc.as_ref());
                    probes.any(|call| call.mode.is_some())
                })
            }),
            http_protocols: off.is(Gate::H2CContainerProbe, |old| {
                any(old, |container| {
                    let of_probes = probes(container).filter_map(|probe| probe.http_get.as_ref());
                    let of_hooks = hooks(container).filter_map(|hook| hook.http_get.as_ref());
                    of_probes.chain(of_hooks).any(|request| request.protocol.is_some())
                })
            }),
            resize_policy: off.is(Gate::InPlacePodVerticalScaling, |old| {
                let mut containers = old.init_containers.iter().flatten().chain(&old.containers);
                containers
                    .any(|container| container.resize_policy.as_ref().is_some_and(|list| !list.is_empty()))
            }),
            sidecars: off.is(Gate::SidecarContainers, |old| {
                let mut containers = old.init_containers.iter().flatten();
                containers.any(|container| container.restart_policy.as_deref() == Some("Always"))
            }),
            // A version that does not know the gate validates the field instead.
            restart_rules: off.is(Gate::ContainerRestartRules, |old| {
                let of_init = old.init_containers.iter().flatten().any(|container| {
                    container.restart_policy.as_deref().is_some_and(|policy| policy != "Always")
                        || container.restart_policy_rules.as_ref().is_some_and(|rules| !rules.is_empty())
                });
                of_init || old.containers.iter().any(|container| container.restart_policy.is_some())
            }),
            recursive_read_only: off.is(Gate::RecursiveReadOnlyMounts, |old| {
                any(old, |container| {
                    container.volume_mounts.iter().any(|mount| mount.recursive_read_only.is_some())
                })
            }),
            env_files: off.is(Gate::EnvFiles, |old| {
                any(old, |container| {
                    let mut sources = container.env.iter().filter_map(|env| env.value_from.as_ref());
                    sources.any(|source| source.file_key_ref.is_some())
                })
            }),
            sleep: off.is(Gate::PodLifecycleSleepAction, |old| {
                any(old, |container| hooks(container).any(|hook| hook.sleep.is_some()))
            }),
            stop_signals: off.is(Gate::ContainerStopSignals, |old| {
                any(old, |container| container.lifecycle.is_some_and(|hooks| hooks.stop_signal.is_some()))
            }),
            proc_mount: off.is(Gate::ProcMountType, |old| {
                any(old, |container| {
                    let mount = container.security_context.and_then(|context| context.proc_mount.as_deref());
                    mount.is_some_and(|mount| mount != "Default")
                })
            }),
            claims,
            pod_claims: claims && uses_claims(spec),
            own_users: off.has_own_users,
        }
    }

    fn drop_of(&self, container: Parts<'_>, at: &At<'_>, found: &mut Found<'_>) {
        if self.resize_policy {
            const EFFECT: &str = "the container's resources cannot be changed while it runs";
            let at = at.field("resizePolicy");
            found.take_list(container.resize_policy, &at, Gate::InPlacePodVerticalScaling, EFFECT);
        }
        if self.sidecars && container.role == Role::Init {
            const EFFECT: &str = "it runs as an ordinary init container, and the Pod waits for it to end";
            found.take(container.restart_policy, &at.field("restartPolicy"), Gate::SidecarContainers, EFFECT);
        }
        if self.restart_rules {
            self.drop_restart_rules(
                container.restart_policy,
                container.restart_policy_rules,
                container.role,
                at,
                found,
            );
        }
        if self.recursive_read_only {
            const EFFECT: &str = "mounts below the volume stay writable";
            let all = at.field("volumeMounts");
            for (index, mount) in container.volume_mounts.iter_mut().flatten().enumerate() {
                let at = all.index(index);
                let at = at.field("recursiveReadOnly");
                found.take(&mut mount.recursive_read_only, &at, Gate::RecursiveReadOnlyMounts, EFFECT);
            }
        }
        if self.env_files {
            const EFFECT: &str = "valueFrom is left empty, which the API server refuses";
            let all = at.field("env");
            for (index, env) in container.env.iter_mut().flatten().enumerate() {
                let Some(source) = &mut env.value_from else { continue };
                let at = all.index(index);
                let at = at.field("valueFrom");
                found.take(&mut source.file_key_ref, &at.field("fileKeyRef"), Gate::EnvFiles, EFFECT);
            }
        }
        self.drop_of_probes(container.probes, at, found);
        self.drop_of_lifecycle(container.lifecycle, &at.field("lifecycle"), found);
        if self.bind_mounts {
            const EFFECT: &str = "the volume is mounted without these options";
            let all = at.field("volumeMounts");
            for (index, mount) in container.volume_mounts.iter_mut().flatten().enumerate() {
                let at = all.index(index);
                let at = at.field("bindMountOptions");
                found.take_list(&mut mount.bind_mount_options, &at, Gate::VolumeBindMountOptions, EFFECT);
            }
        }
        if let Some(gate) = self.app_armor
            && let Some(context) = container.security_context
        {
            let at = at.field("securityContext");
            found.take(&mut context.app_armor_profile, &at.field("appArmorProfile"), gate, NO_APP_ARMOR);
        }
        if self.proc_mount
            && let Some(mount) =
                container.security_context.as_mut().and_then(|context| context.proc_mount.as_mut())
            && mount != "Default"
        {
            // The proc file system can be unmasked in a user namespace alone.
            let fate = if mount == "Unmasked" && self.own_users { Fate::Effect } else { Fate::Refused };
            *mount = "Default".to_owned();
            let at = at.field("securityContext");
            found.add_as(&at.field("procMount"), Gate::ProcMountType, "it becomes Default", fate);
        }
        if self.claims
            && let Some(resources) = container.resources
        {
            const EFFECT: &str = "the container gets no device";
            // They name the Pod's own, whose loss is all that there is to say.
            let fate = if self.pod_claims { Fate::Along } else { Fate::Effect };
            let at = at.field("resources");
            let gate = Gate::DynamicResourceAllocation;
            found.take_list_as(&mut resources.claims, &at.field("claims"), gate, EFFECT, fate);
        }
    }

    fn drop_restart_rules(
        &self,
        policy: &mut Option<String>,
        rules: &mut Option<Vec<ContainerRestartRule>>,
        role: Role,
        at: &At<'_>,
        found: &mut Found<'_>,
    ) {
        const EFFECT: &str = "the Pod's restartPolicy applies to the container";
        let gate = Gate::ContainerRestartRules;
        let is_sidecar = role == Role::Init && policy.as_deref() == Some("Always");
        // Rules need a policy beside them.
        let of_rules = if policy.is_some() && !is_sidecar { Fate::Along } else { Fate::Effect };
        if !is_sidecar {
            let fate = |policy: &String| match policy.as_str() {
                "Always" => Fate::Endless,
                "OnFailure" | "Never" => Fate::Effect,
                _ => Fate::Refused,
            };
            found.take_as(policy, &at.field("restartPolicy"), gate, EFFECT, fate);
        }
        found.take_list_as(rules, &at.field("restartPolicyRules"), gate, EFFECT, of_rules);
    }

    fn drop_of_probes(
        &self,
        probes: [(&'static str, &mut Option<Probe>); 3],
        at: &At<'_>,
        found: &mut Found<'_>,
    ) {
        for (field, probe) in probes {
            let Some(probe) = probe else { continue };
            let at = at.field(field);
            if self.grpc_modes
                && let Some(call) = &mut probe.grpc
            {
                const EFFECT: &str = "the probe connects without TLS";
                let at = at.field("grpc");
                found.take(&mut call.mode, &at.field("mode"), Gate::GRPCContainerProbeTLS, EFFECT);
            }
            self.drop_protocol(&mut probe.http_get, &at, found);
        }
    }

    fn drop_protocol(&self, request: &mut Option<HTTPGetAction>, at: &At<'_>, found: &mut Found<'_>) {
        if self.http_protocols
            && let Some(request) = request
        {
            const EFFECT: &str = "the request is made by HTTP/1.1";
            let at = at.field("httpGet");
            found.take(&mut request.protocol, &at.field("protocol"), Gate::H2CContainerProbe, EFFECT);
        }
    }

    fn drop_of_lifecycle(&self, lifecycle: &mut Option<Lifecycle>, at: &At<'_>, found: &mut Found<'_>) {
        let Some(hooks) = lifecycle else { return };
        for (field, hook) in [("postStart", &mut hooks.post_start), ("preStop", &mut hooks.pre_stop)] {
            if let Some(hook) = hook {
                self.drop_protocol(&mut hook.http_get, &at.field(field), found);
            }
        }
        if self.sleep {
            let takes_hook = found.server.has(Change::HookGoesWithItsSleep);
            let mut drop_sleep = |handler: &mut Option<LifecycleHandler>, at: &At<'_>| {
                let Some(of) = handler else { return };
                let had = of.sleep.is_some();
                let effect = if takes_hook {
                    "the hook, which does nothing else, is dropped with it"
                } else {
                    "the hook is left empty, which the API server refuses"
                };
                found.take(&mut of.sleep, &at.field("sleep"), Gate::PodLifecycleSleepAction, effect);
                if takes_hook && had && *of == LifecycleHandler::default() {
                    *handler = None;
                }
            };
            drop_sleep(&mut hooks.pre_stop, &at.field("preStop"));
            drop_sleep(&mut hooks.post_start, &at.field("postStart"));
            if takes_hook
                && hooks.pre_stop.is_none()
                && hooks.post_start.is_none()
                && hooks.stop_signal.is_none()
            {
                *lifecycle = None;
                return;
            }
        }
        if self.stop_signals && hooks.stop_signal.is_some() {
            const EFFECT: &str =
                "the container is stopped with its image's stop signal (SIGTERM if it has none)";
            found.take(&mut hooks.stop_signal, &at.field("stopSignal"), Gate::ContainerStopSignals, EFFECT);
            if *hooks == Lifecycle::default() {
                *lifecycle = None;
            }
        }
    }
}

fn hooks(container: AnyContainer<'_>) -> impl Iterator<Item = &LifecycleHandler> {
    let hooks = container.lifecycle.map(|hooks| [&hooks.pre_stop, &hooks.post_start]);
    hooks.into_iter().flatten().flatten()
}

fn probes(container: AnyContainer<'_>) -> impl Iterator<Item = &Probe> {
    [container.liveness_probe, container.readiness_probe, container.startup_probe].into_iter().flatten()
}

fn any(pod: &PodSpec, uses: impl Fn(AnyContainer<'_>) -> bool) -> bool {
    let mut found = false;
    each_container(pod, &At::root(), |container, _| found = found || uses(container));
    found
}
