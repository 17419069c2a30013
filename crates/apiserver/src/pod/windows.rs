//! Operating systems: what Windows and Linux Pods can have, and the options of Windows containers.

use k8s_openapi::api::core::v1::{PodSpec, WindowsSecurityContextOptions};

use super::any_container::{AnyContainer, each_container};
use crate::errors::{Errors, quote};
use crate::names;
use jobguard_manifest::At;

/// Checks `os`, and what the named system rules out.
pub(super) fn os(spec: &PodSpec, at: &At<'_>, report: &mut Errors<'_>) {
    let Some(os) = &spec.os else { return };
    let here = at.field("os");
    match os.name.as_str() {
        "" => report.required(&here.field("name"), "name the operating system: linux or windows"),
        "linux" => linux(spec, at, report),
        "windows" => windows(spec, at, report),
        other => report.not_supported((&here, &here.field("name")), other, &["linux", "windows"]),
    }
}

fn linux(spec: &PodSpec, at: &At<'_>, report: &mut Errors<'_>) {
    const MESSAGE: &str = "a Linux Pod has no Windows options: remove this";
    if spec.security_context.as_ref().is_some_and(|context| context.windows_options.is_some()) {
        report.forbidden(&at.field("securityContext").field("windowsOptions"), MESSAGE);
    }
    each_container(spec, at, |container, at| {
        if container.security_context.is_some_and(|context| context.windows_options.is_some()) {
            report.forbidden(&at.field("securityContext").field("windowsOptions"), MESSAGE);
        }
    });
}

fn windows(spec: &PodSpec, at: &At<'_>, report: &mut Errors<'_>) {
    const MESSAGE: &str = "a Windows Pod cannot have this: remove it";
    for (name, set) in [
        ("hostUsers", spec.host_users.is_some()),
        ("hostPID", spec.host_pid == Some(true)),
        ("hostIPC", spec.host_ipc == Some(true)),
        ("shareProcessNamespace", spec.share_process_namespace.is_some()),
    ] {
        if set {
            report.forbidden(&at.field(name), MESSAGE);
        }
    }
    if let Some(context) = &spec.security_context {
        let at = at.field("securityContext");
        for (name, set) in [
            ("appArmorProfile", context.app_armor_profile.is_some()),
            ("seLinuxOptions", context.se_linux_options.is_some()),
            ("seccompProfile", context.seccomp_profile.is_some()),
            ("fsGroup", context.fs_group.is_some()),
            ("fsGroupChangePolicy", context.fs_group_change_policy.is_some()),
            ("sysctls", context.sysctls.as_ref().is_some_and(|sysctls| !sysctls.is_empty())),
            ("runAsUser", context.run_as_user.is_some()),
            ("runAsGroup", context.run_as_group.is_some()),
            ("supplementalGroups", context.supplemental_groups.is_some()),
            ("supplementalGroupsPolicy", context.supplemental_groups_policy.is_some()),
            ("seLinuxChangePolicy", context.se_linux_change_policy.is_some()),
        ] {
            if set {
                report.forbidden(&at.field(name), MESSAGE);
            }
        }
    }
    each_container(spec, at, |container, at| {
        let Some(context) = container.security_context else { return };
        let at = at.field("securityContext");
        for (name, set) in [
            ("appArmorProfile", context.app_armor_profile.is_some()),
            ("seLinuxOptions", context.se_linux_options.is_some()),
            ("seccompProfile", context.seccomp_profile.is_some()),
            ("capabilities", context.capabilities.is_some()),
            ("readOnlyRootFilesystem", context.read_only_root_filesystem.is_some()),
            ("privileged", context.privileged.is_some()),
            ("allowPrivilegeEscalation", context.allow_privilege_escalation.is_some()),
            ("procMount", context.proc_mount.is_some()),
            ("runAsUser", context.run_as_user.is_some()),
            ("runAsGroup", context.run_as_group.is_some()),
        ] {
            if set {
                report.forbidden(&at.field(name), MESSAGE);
            }
        }
    });
}

/// Checks that host process containers are all or none, and on the host's network.
pub(super) fn host_process(spec: &PodSpec, at: &At<'_>, report: &mut Errors<'_>) {
    let options = spec.security_context.as_ref().and_then(|context| context.windows_options.as_ref());
    let of_pod = options.and_then(|options| options.host_process);
    let of_container =
        |container: AnyContainer<'_>| container.security_context?.windows_options.as_ref()?.host_process;
    let (mut all, mut host_processes) = (0_usize, 0_usize);
    each_container(spec, at, |container, at| {
        all += 1;
        let own = of_container(container);
        if let (Some(own), Some(of_pod)) = (own, of_pod)
            && own != of_pod
        {
            report.invalid(
                &at.field("securityContext").field("windowsOptions").field("hostProcess"),
                format!("the Pod says {of_pod}: say the same, or leave this out"),
            );
        }
        host_processes += usize::from(own.or(of_pod) == Some(true));
    });
    if host_processes == 0 {
        return;
    }
    if host_processes != all {
        report.invalid(at, "all containers of a Pod are host processes or none: set hostProcess for the Pod");
    }
    if spec.host_network != Some(true) {
        report.invalid(
            &at.field("hostNetwork"),
            "host processes use the host's network: set hostNetwork: true",
        );
    }
}

/// Checks `windowsOptions` of a Pod or a container.
pub(super) fn options(options: Option<&WindowsSecurityContextOptions>, at: &At<'_>, report: &mut Errors<'_>) {
    /// The largest credential spec, in bytes.
    const LARGEST_SPEC: usize = 64 * 1024;
    let Some(options) = options else { return };
    if let Some(name) = &options.gmsa_credential_spec_name {
        report.name(&at.field("gmsaCredentialSpecName"), name, names::dns_subdomain(name));
    }
    if let Some(spec) = &options.gmsa_credential_spec {
        let at = at.field("gmsaCredentialSpec");
        if spec.is_empty() {
            report.invalid(&at, "an empty credential spec means nothing: remove it");
        } else if spec.len() > LARGEST_SPEC {
            report.invalid(&at, "the credential spec is too large: use at most 64 KiB");
        }
    }
    if let Some(name) = &options.run_as_user_name {
        user_name(name, &at.field("runAsUserName"), report);
    }
}

/// Checks the name of a Windows user, `DOMAIN\user` or `user`.
fn user_name(name: &str, at: &At<'_>, report: &mut Errors<'_>) {
    const LONGEST_DOMAIN: usize = 255;
    const LONGEST_USER: usize = 104;
    if name.is_empty() {
        return report.invalid(at, "an empty user name means nothing: remove it");
    }
    if name.bytes().any(|byte| byte.is_ascii_control()) {
        return report.invalid(at, format!("{} has control characters: remove them", quote(name)));
    }
    let (domain, user) = match name.split_once('\\') {
        Some((_, user)) if user.contains('\\') => {
            return report
                .invalid(at, format!("{} has more than one backslash: use DOMAIN\\user", quote(name)));
        }
        Some((domain, user)) => (Some(domain), user),
        None => (None, name),
    };
    if let Some(domain) = domain {
        if domain.len() > LONGEST_DOMAIN {
            report.invalid(at, format!("the domain is too long: use at most {LONGEST_DOMAIN} characters"));
        }
        if !is_net_bios_name(domain) && !is_windows_domain(domain) {
            report.invalid(
                at,
                format!("{} is neither a NetBIOS name nor a DNS name: name a domain", quote(domain)),
            );
        }
    }
    if user.is_empty() {
        report.invalid(at, "there is no user after the domain: name one");
    } else if user.len() > LONGEST_USER {
        report.invalid(at, format!("the user name is too long: use at most {LONGEST_USER} characters"));
    }
    if !user.is_empty() && user.chars().all(|character| matches!(character, '.' | ' ')) {
        report.invalid(at, "a user name cannot have dots and spaces only");
    }
    if user.contains(['"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']']) {
        report.invalid(
            at,
            format!("{} has characters that a user name cannot have: {}", quote(user), r#""/\:;|=,+*?<>@[]"#),
        );
    }
}

fn is_net_bios_name(name: &str) -> bool {
    !name.starts_with('.')
        && (1..=15).contains(&name.chars().count())
        && !name.contains(['\\', '/', ':', '*', '?', '"', '<', '>', '|'])
}

fn is_windows_domain(name: &str) -> bool {
    name.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}
