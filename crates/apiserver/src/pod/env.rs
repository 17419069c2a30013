//! Environment variables and where their values come from.
//!
//! Messages never show a value, only names.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{EnvFromSource, EnvVar, EnvVarSource, FileKeySelector, PodSpec, Volume};

use super::any_container::each_container;
use super::context::PodContext;
use super::field_refs::{ENV_FIELDS, field_selector, host_ips, resource_selector};
use super::file_paths;
use crate::Cause;
use crate::errors::{Errors, list, one_of, quote, text};
use crate::names;
use crate::tables::Gate;
use jobguard_manifest::At;

/// Checks a container's `env`.
pub(super) fn check(variables: &[EnvVar], pod: &PodContext<'_>, at: &At<'_>, report: &mut Errors<'_>) {
    for (index, variable) in variables.iter().enumerate() {
        let at = at.index(index);
        if variable.name.is_empty() {
            report.required(&at.field("name"), "a variable needs a name");
        } else {
            check_name(&variable.name, pod, &at.field("name"), report);
        }
        if let Some(source) = &variable.value_from {
            value_from(source, !text(&variable.value).is_empty(), &at.field("valueFrom"), report);
        }
    }
}

fn value_from(source: &EnvVarSource, has_value: bool, at: &At<'_>, report: &mut Errors<'_>) {
    let mut sources = 0;
    if let Some(field) = &source.field_ref {
        sources += 1;
        field_selector(field, ENV_FIELDS, &at.field("fieldRef"), report);
        host_ips(field, &at.field("fieldRef"), report);
    }
    if let Some(resource) = &source.resource_field_ref {
        sources += 1;
        resource_selector(resource, false, &at.field("resourceFieldRef"), report);
    }
    if let Some(selector) = &source.config_map_key_ref {
        sources += 1;
        key_selector(&selector.name, &selector.key, &at.field("configMapKeyRef"), report);
    }
    if let Some(selector) = &source.secret_key_ref {
        sources += 1;
        key_selector(&selector.name, &selector.key, &at.field("secretKeyRef"), report);
    }
    if let Some(selector) = &source.file_key_ref {
        sources += 1;
        file_key_selector(selector, &at.field("fileKeyRef"), report);
    }
    if sources == 0 {
        let mut known = vec!["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef"];
        if report.server.knows_field("EnvVarSource", "fileKeyRef") && report.server.on(Gate::EnvFiles) {
            known.push("fileKeyRef");
        }
        let help = format!("use {}", one_of(&known));
        report.empty(Cause::Invalid, at, "say where the value comes from").help(help);
    } else if has_value {
        report.invalid(at, "a variable has either a value or a valueFrom: remove one");
    } else if sources > 1 {
        report.invalid(at, "a value comes from one source only: remove the others");
    }
}

fn key_selector(name: &str, key: &str, at: &At<'_>, report: &mut Errors<'_>) {
    report.name(&at.field("name"), name, names::dns_subdomain(name));
    if key.is_empty() {
        report.required(&at.field("key"), "name the key to take");
    } else {
        report.name(&at.field("key"), key, names::config_key(key));
    }
}

fn file_key_selector(selector: &FileKeySelector, at: &At<'_>, report: &mut Errors<'_>) {
    let FileKeySelector { key, path, volume_name, .. } = selector;
    if key.is_empty() {
        report.required(&at.field("key"), "name the variable to take from the file");
    } else {
        report.name(&at.field("key"), key, names::env_name(key));
    }
    if volume_name.is_empty() {
        report.required(&at.field("volumeName"), "name the emptyDir volume that holds the file");
    } else {
        report.name(&at.field("volumeName"), volume_name, names::dns_label(volume_name));
    }
    if path.is_empty() {
        report.required(&at.field("path"), "give the path of the file in the volume");
    } else {
        file_paths::no_backsteps(path, &at.field("path"), report);
    }
}

/// Checks the name of a variable, or a prefix of such names. Of a name that later versions accept, the help says so.
fn check_name(name: &str, pod: &PodContext<'_>, at: &At<'_>, report: &mut Errors<'_>) {
    let problems = pod.env_name(name);
    if problems.is_empty() {
        return;
    }
    let version = report.server.version();
    let later = version.next_with(Gate::RelaxedEnvironmentVariableValidation);
    let help = later
        .filter(|_| !pod.relaxed_env_names && names::env_name(name).is_empty())
        .map(|later| format!("rename it, or use Kubernetes {later} or later, where such a name is accepted"));
    report.name_with_help(at, name, problems, help.as_deref());
}

/// Whether a Pod has a variable with a name that only relaxed validation allows, and `old` has it too: a Pod that has
/// such names may keep them.
pub(super) fn shares_odd_name(new: &PodSpec, old: &PodSpec) -> bool {
    let odd = |pod: &PodSpec| {
        let mut found = BTreeSet::new();
        each_container(pod, &At::root(), |container, _| {
            let names = container.env.iter().map(|variable| variable.name.as_str());
            let prefixes = container.env_from.iter().map(|source| text(&source.prefix));
            found.extend(
                names
                    .chain(prefixes)
                    .filter(|name| {
                        !names::strict_env_name(name).is_empty() && names::env_name(name).is_empty()
                    })
                    .map(str::to_owned),
            );
        });
        found
    };
    !odd(new).is_disjoint(&odd(old))
}

/// Checks that files which variables are read from lie in volumes of type `emptyDir`.
pub(super) fn file_volumes(spec: &PodSpec, at: &At<'_>, report: &mut Errors<'_>) {
    let volumes: BTreeMap<&str, &Volume> =
        list(&spec.volumes).iter().map(|volume| (volume.name.as_str(), volume)).collect();
    each_container(spec, at, |container, at| {
        let at = at.field("env");
        for (index, variable) in container.env.iter().enumerate() {
            let Some(selector) = variable.value_from.as_ref().and_then(|source| source.file_key_ref.as_ref())
            else {
                continue;
            };
            let name = selector.volume_name.as_str();
            let at = at.index(index);
            let at = at.field("valueFrom");
            let at = at.field("fileKeyRef");
            match volumes.get(name) {
                None => report.not_found(&at.field("volumeName"), name, "is not a volume of this Pod"),
                Some(volume) if volume.empty_dir.is_none() => report.invalid(
                    &at.field("volumeName"),
                    format!("{} is not an emptyDir volume: variables can be read from no other", quote(name)),
                ),
                Some(_) => {}
            }
        }
    });
}

/// Checks a container's `envFrom`.
pub(super) fn check_from(
    sources: &[EnvFromSource],
    pod: &PodContext<'_>,
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    for (index, source) in sources.iter().enumerate() {
        let here = at.index(index);
        let prefix = text(&source.prefix);
        if !prefix.is_empty() {
            check_name(prefix, pod, &here.field("prefix"), report);
        }
        let config_map = source.config_map_ref.as_ref().map(|source| &source.name);
        let secret = source.secret_ref.as_ref().map(|source| &source.name);
        for (field, name) in [("configMapRef", config_map), ("secretRef", secret)] {
            let Some(name) = name else { continue };
            let place = here.field(field);
            if name.is_empty() {
                report.required(&place.field("name"), "name the object that holds the variables");
            } else {
                report.name(&place.field("name"), name, names::dns_subdomain_prefix(name));
            }
        }
        match (config_map, secret) {
            (None, None) => {
                report.invalid((at, &here), "say where variables come from: configMapRef or secretRef")
            }
            (Some(_), Some(_)) => {
                report.invalid(
                    (at, &here),
                    "an entry has one source only: make two of configMapRef and secretRef",
                );
            }
            _ => {}
        }
    }
}
