//! Security contexts of Pods and containers.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{AppArmorProfile, PodSpec, SeccompProfile, SecurityContext, Sysctl};

use super::any_container::each_container;
use super::{file_paths, windows};
use crate::errors::{Errors, list, quote};
use crate::names;
use crate::{Change, Gate};
use jobguard_manifest::At;

const PROFILE_TYPES: &[&str] = &["Localhost", "RuntimeDefault", "Unconfined"];

/// Checks the Pod's `securityContext`.
pub(super) fn pod(spec: &PodSpec, pod: &At<'_>, report: &mut Errors<'_>) {
    let at = pod.field("securityContext");
    if spec.share_process_namespace == Some(true) && spec.host_pid == Some(true) {
        report.invalid(
            (&at.field("shareProcessNamespace"), &pod.field("shareProcessNamespace")),
            "a Pod with hostPID shares its processes with the host already: remove one of the two",
        );
    }
    let Some(context) = &spec.security_context else { return };
    user_or_group(context.fs_group, &at.field("fsGroup"), report);
    user_or_group(context.run_as_user, &at.field("runAsUser"), report);
    user_or_group(context.run_as_group, &at.field("runAsGroup"), report);
    let groups = at.field("supplementalGroups");
    for (index, group) in list(&context.supplemental_groups).iter().enumerate() {
        user_or_group(Some(*group), &groups.index(index), report);
    }
    sysctls(list(&context.sysctls), spec, &at.field("sysctls"), report);
    let has_policy = |old: &PodSpec| {
        old.security_context.as_ref().is_some_and(|context| context.se_linux_change_policy.is_some())
    };
    let se_linux = if report.allows(Gate::SELinuxMount, has_policy) {
        &["MountOption", "Recursive"][..]
    } else {
        &["Recursive"]
    };
    for (name, value, known) in [
        ("fsGroupChangePolicy", &context.fs_group_change_policy, &["Always", "OnRootMismatch"][..]),
        ("supplementalGroupsPolicy", &context.supplemental_groups_policy, &["Merge", "Strict"]),
        ("seLinuxChangePolicy", &context.se_linux_change_policy, se_linux),
    ] {
        if let Some(value) = value
            && !known.contains(&value.as_str())
        {
            report.not_supported(&at.field(name), value, known);
        }
    }
    seccomp(context.seccomp_profile.as_ref(), &at.field("seccompProfile"), report);
    windows::options(context.windows_options.as_ref(), &at.field("windowsOptions"), report);
    app_armor(context.app_armor_profile.as_ref(), &at.field("appArmorProfile"), report);
}

/// Checks a container's `securityContext`. `host_users` says whether the Pod has no user namespace of its own.
pub(super) fn container(context: &SecurityContext, host_users: bool, at: &At<'_>, report: &mut Errors<'_>) {
    user_or_group(context.run_as_user, &at.field("runAsUser"), report);
    user_or_group(context.run_as_group, &at.field("runAsGroup"), report);
    match context.proc_mount.as_deref() {
        None | Some("Default") => {}
        Some("Unmasked") => {
            if host_users && report.server.has(Change::UnmaskedNeedsOwnUsers) {
                report.invalid(&at.field("procMount"), "Unmasked needs a Pod with hostUsers: false");
            }
        }
        Some(other) => report.not_supported(&at.field("procMount"), other, &["Default", "Unmasked"]),
    }
    seccomp(context.seccomp_profile.as_ref(), &at.field("seccompProfile"), report);
    if context.allow_privilege_escalation == Some(false) {
        let escalation = at.field("allowPrivilegeEscalation");
        if context.privileged == Some(true) {
            report.invalid(
                (at, &escalation),
                "a privileged container can always escalate: remove allowPrivilegeEscalation or privileged",
            );
        }
        let added = context.capabilities.iter().flat_map(|capabilities| list(&capabilities.add));
        for _ in added.filter(|capability| *capability == "CAP_SYS_ADMIN") {
            report.invalid(
                (at, &escalation),
                "a container with CAP_SYS_ADMIN can always escalate: remove allowPrivilegeEscalation or the capability",
            );
        }
    }
    windows::options(context.windows_options.as_ref(), &at.field("windowsOptions"), report);
    app_armor(context.app_armor_profile.as_ref(), &at.field("appArmorProfile"), report);
}

fn user_or_group(id: Option<i64>, at: &At<'_>, report: &mut Errors<'_>) {
    if let Some(id) = id
        && !(0..=i64::from(i32::MAX)).contains(&id)
    {
        report.invalid(at, format!("{id} is not a user or group ID: use a number from 0 to {}", i32::MAX));
    }
}

/// Checks kernel parameters: those of a namespace that the Pod shares with its host cannot be set.
fn sysctls(sysctls: &[Sysctl], spec: &PodSpec, at: &At<'_>, report: &mut Errors<'_>) {
    let mut seen = BTreeSet::new();
    for (index, sysctl) in sysctls.iter().enumerate() {
        let at = at.index(index);
        let at = at.field("name");
        let name = sysctl.name.as_str();
        if name.is_empty() {
            report.required(&at, "name the kernel parameter");
        } else if !names::is_sysctl_name(name) {
            report.invalid(
                &at,
                format!("{} is not the name of a kernel parameter, such as net.core.somaxconn", quote(name)),
            );
        } else if seen.contains(name) {
            report.duplicate(&at, name, "is already set: set each parameter once");
        }
        seen.insert(name);
        if let Some(shared) = shared_namespace(name, spec)
            && !report.kept.host_sysctls
        {
            let message =
                format!("{} would change the host, with {shared}: remove one of the two", quote(name));
            report.invalid(&at, message);
        }
    }
}

/// The field by which the Pod shares the namespace of a kernel parameter with its host, if it does.
fn shared_namespace(name: &str, spec: &PodSpec) -> Option<&'static str> {
    match kernel_namespace(name)? {
        Namespace::Net => (spec.host_network == Some(true)).then_some("hostNetwork"),
        Namespace::Ipc => (spec.host_ipc == Some(true)).then_some("hostIPC"),
    }
}

/// Whether the Pod sets a kernel parameter of a namespace that it shares with its host.
pub(super) fn has_host_sysctl(spec: &PodSpec) -> bool {
    let mut sysctls = spec.security_context.iter().flat_map(|context| list(&context.sysctls));
    sysctls.any(|sysctl| shared_namespace(&sysctl.name, spec).is_some())
}

/// A namespace of the kernel that a parameter belongs to.
#[derive(Debug, PartialEq, Eq)]
enum Namespace {
    Ipc,
    Net,
}

fn kernel_namespace(name: &str) -> Option<Namespace> {
    // Slashes and dots change places when a slash comes first.
    let separator = name.find(['.', '/']).map(|at| name.as_bytes()[at]);
    let name: String = match separator {
        Some(b'/') => name
            .chars()
            .map(|character| match character {
                '.' => '/',
                '/' => '.',
                other => other,
            })
            .collect(),
        _ => name.to_owned(),
    };
    match name.split('*').next().unwrap_or_default() {
        "kernel.sem"
        | "kernel.shmall"
        | "kernel.shmmax"
        | "kernel.shmmni"
        | "kernel.shm_rmid_forced"
        | "kernel.shm"
        | "kernel.msgmax"
        | "kernel.msgmnb"
        | "kernel.msgmni"
        | "kernel.msg" => Some(Namespace::Ipc),
        name if name.starts_with("net.") => Some(Namespace::Net),
        name if name.starts_with("fs.mqueue.") => Some(Namespace::Ipc),
        _ => None,
    }
}

fn seccomp(profile: Option<&SeccompProfile>, at: &At<'_>, report: &mut Errors<'_>) {
    let Some(profile) = profile else { return };
    match profile.type_.as_str() {
        known if PROFILE_TYPES.contains(&known) => {}
        "" => report.required(&at.field("type"), "set Localhost, RuntimeDefault or Unconfined"),
        other => report.not_supported(&at.field("type"), other, PROFILE_TYPES),
    }
    let here = at.field("localhostProfile");
    match &profile.localhost_profile {
        None if profile.type_ == "Localhost" => {
            report.required(&here, "a profile of type Localhost needs the path of its file");
        }
        Some(path) if profile.type_ == "Localhost" => file_paths::descending(path, &here, report),
        Some(_) => report.invalid(&here, "only a profile of type Localhost has a file: remove this"),
        None => {}
    }
}

fn app_armor(profile: Option<&AppArmorProfile>, at: &At<'_>, report: &mut Errors<'_>) {
    /// The longest path that Linux knows, without the end mark.
    const LONGEST: usize = 4095;
    let Some(profile) = profile else { return };
    let here = at.field("localhostProfile");
    match (profile.type_.as_str(), &profile.localhost_profile) {
        ("Localhost", None) => report.required(&here, "a profile of type Localhost needs its name"),
        ("Localhost", Some(name)) => {
            if name.trim() != name {
                report.invalid(&here, format!("{} has space around it: remove it", quote(name)));
            } else if name.is_empty() {
                report.required(&here, "a profile of type Localhost needs its name");
            }
            if name.len() > LONGEST {
                report.too_long(&here, format!("use at most {LONGEST} characters"));
            }
        }
        ("RuntimeDefault" | "Unconfined", Some(_)) => {
            report.invalid(&here, "only a profile of type Localhost has a name: remove this");
        }
        ("RuntimeDefault" | "Unconfined", None) => {}
        ("", _) => report.required(&at.field("type"), "set Localhost, RuntimeDefault or Unconfined"),
        (other, _) => report.not_supported(&at.field("type"), other, PROFILE_TYPES),
    }
}

/// Checks what a user namespace of the Pod's own rules out.
pub(super) fn user_namespace(spec: &PodSpec, at: &At<'_>, report: &mut Errors<'_>) {
    if spec.host_users != Some(false) {
        return;
    }
    let may_share_network = report.allows(Gate::UserNamespacesHostNetworkSupport, |old| {
        old.host_users == Some(false) && old.host_network == Some(true)
    });
    for (set, named, real) in [
        (spec.host_network.filter(|_| !may_share_network), "hostNetwork", "hostNetwork"),
        (spec.host_pid, "HostPID", "hostPID"),
        (spec.host_ipc, "HostIPC", "hostIPC"),
    ] {
        if set == Some(true) {
            report.forbidden(
                (&at.field(named), &at.field(real)),
                "a Pod with its own users (hostUsers: false) cannot share this with the host: remove one of the two",
            );
        }
    }
    if !report.server.has(Change::NoDevicesWithoutHostUsers) || report.kept.devices_of_own_users {
        return;
    }
    each_container(spec, at, |container, at| {
        if !container.volume_devices.is_empty() {
            report.forbidden(
                &at.field("volumeDevices"),
                "a Pod with its own users (hostUsers: false) cannot use block devices: remove one of the two",
            );
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_of_kernel_parameters() {
        assert_eq!(kernel_namespace("net.core.somaxconn"), Some(Namespace::Net));
        assert_eq!(kernel_namespace("net/ipv4/conf/eno2.100/rp_filter"), Some(Namespace::Net));
        assert_eq!(kernel_namespace("kernel.shm*"), Some(Namespace::Ipc));
        assert_eq!(kernel_namespace("fs.mqueue.msg_max"), Some(Namespace::Ipc));
        assert_eq!(kernel_namespace("kernel.pid_max"), None);
        assert_eq!(kernel_namespace("network"), None);
    }
}
