//! Which Kubernetes versions know which fields.
//!
//! The types and the validation are those of the newest version ([`KubernetesVersion::NEWEST`]). For an older cluster,
//! what its API server does not have yet is said besides: a field that its types lack is refused by strict decoding
//! and dropped otherwise; a field whose feature gate is still off there is dropped without a word.

use std::fmt;
use std::str::FromStr;

use k8s_openapi::api::batch::v1::JobSpec;
use k8s_openapi::api::core::v1::{Container, PodSpec};

use super::{Cause, FieldError, Topic, Workload};
use jobguard_manifest::At;

/// A minor version of Kubernetes 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KubernetesVersion {
    minor: u32,
}

impl KubernetesVersion {
    /// The oldest version that can be asked for.
    pub const OLDEST: Self = Self { minor: 29 };
    /// The newest version that is known: the one whose verdict is given.
    pub const NEWEST: Self = Self { minor: 36 };
}

impl KubernetesVersion {
    /// Whether a plain container's own `restartPolicy` counts, unless a feature gate is set by hand.
    pub fn has_container_restart_policies(self) -> bool {
        self.minor >= RESTART_RULES.enabled
    }
}

impl Default for KubernetesVersion {
    fn default() -> Self {
        Self::NEWEST
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

/// A version that is not one of those that are known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a Kubernetes version from {} to {} is needed, such as 1.33",
    KubernetesVersion::OLDEST,
    KubernetesVersion::NEWEST
)]
pub struct UnknownVersion;

impl FromStr for KubernetesVersion {
    type Err = UnknownVersion;

    /// Reads `1.33`, `v1.33` or `1.33.4`.
    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let mut parts = text.split('.');
        let (Some("1"), Some(minor)) = (parts.next(), parts.next()) else { return Err(UnknownVersion) };
        if parts.any(|part| part.is_empty() || !part.starts_with(|c: char| c.is_ascii_digit())) {
            return Err(UnknownVersion);
        }
        let minor = minor.parse().map_err(|_| UnknownVersion)?;
        let version = Self { minor };
        if (Self::OLDEST..=Self::NEWEST).contains(&version) { Ok(version) } else { Err(UnknownVersion) }
    }
}

/// When a field came.
///
/// Source: the feature gates' own history, <https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/>.
struct Since {
    /// The minor version whose types have it first.
    known: u32,
    /// The minor version in which its feature gate is on by default first.
    enabled: u32,
    gate: &'static str,
}

const SUCCESS_POLICY: Since = Since { known: 30, enabled: 31, gate: "JobSuccessPolicy" };
const MANAGED_BY: Since = Since { known: 30, enabled: 32, gate: "JobManagedBy" };
const POD_RESOURCES: Since = Since { known: 32, enabled: 34, gate: "PodLevelResources" };
const HOSTNAME_OVERRIDE: Since = Since { known: 34, enabled: 35, gate: "HostnameOverride" };
const IMAGE_VOLUME: Since = Since { known: 31, enabled: 35, gate: "ImageVolume" };
const SLEEP: Since = Since { known: 29, enabled: 30, gate: "PodLifecycleSleepAction" };
const RESTART_RULES: Since = Since { known: 34, enabled: 35, gate: "ContainerRestartRules" };
const ENV_FILES: Since = Since { known: 34, enabled: 35, gate: "EnvFiles" };

/// The fields of `workload` that `version` does not have, or leaves out by default.
pub fn fields_not_in(workload: &Workload, version: KubernetesVersion) -> Vec<FieldError> {
    let mut found = Found { version, errors: Vec::new() };
    if version == KubernetesVersion::NEWEST {
        return found.errors;
    }
    let root = At::root();
    let (spec, template);
    let at = match workload {
        Workload::Job(_) => root.field("spec"),
        Workload::CronJob(_) => {
            spec = root.field("spec");
            template = spec.field("jobTemplate");
            template.field("spec")
        }
    };
    if let Some(spec) = workload.job_spec() {
        found.job(spec, &at);
    }
    found.errors
}

struct Found {
    version: KubernetesVersion,
    errors: Vec<FieldError>,
}

impl Found {
    fn job(&mut self, spec: &JobSpec, at: &At<'_>) {
        self.check(spec.success_policy.is_some(), &at.field("successPolicy"), &SUCCESS_POLICY);
        self.check(spec.managed_by.is_some(), &at.field("managedBy"), &MANAGED_BY);
        if let Some(pod) = &spec.template.spec {
            self.pod(pod, &at.field("template").field("spec"));
        }
    }

    fn pod(&mut self, pod: &PodSpec, at: &At<'_>) {
        self.check(pod.resources.is_some(), &at.field("resources"), &POD_RESOURCES);
        self.check(pod.hostname_override.is_some(), &at.field("hostnameOverride"), &HOSTNAME_OVERRIDE);
        for (index, volume) in pod.volumes.iter().flatten().enumerate() {
            self.check(
                volume.image.is_some(),
                &at.field("volumes").index(index).field("image"),
                &IMAGE_VOLUME,
            );
        }
        for (index, container) in pod.containers.iter().enumerate() {
            let here = at.field("containers");
            let here = here.index(index);
            self.check(container.restart_policy.is_some(), &here.field("restartPolicy"), &RESTART_RULES);
            // A newer version would take it, and restart the container for ever.
            if container.restart_policy.as_deref() == Some("Always")
                && let Some(error) = self.errors.last_mut()
                && error.path == here.field("restartPolicy").to_path()
            {
                error.help = Some(
                    "move the container to initContainers, where restartPolicy: Always makes it a native sidecar (1.29 \
                     and later); or remove the line"
                        .to_owned(),
                );
            }
            self.container(container, &here);
        }
        for (index, container) in pod.init_containers.iter().flatten().enumerate() {
            self.container(container, &at.field("initContainers").index(index));
        }
    }

    fn container(&mut self, container: &Container, at: &At<'_>) {
        let has_rules = container.restart_policy_rules.as_ref().is_some_and(|rules| !rules.is_empty());
        self.check(has_rules, &at.field("restartPolicyRules"), &RESTART_RULES);
        if let Some(lifecycle) = &container.lifecycle {
            for (field, handler) in [("preStop", &lifecycle.pre_stop), ("postStart", &lifecycle.post_start)] {
                let sleeps = handler.as_ref().is_some_and(|handler| handler.sleep.is_some());
                self.check(sleeps, &at.field("lifecycle").field(field).field("sleep"), &SLEEP);
            }
        }
        for (index, env) in container.env.iter().flatten().enumerate() {
            let of_file = env.value_from.as_ref().is_some_and(|from| from.file_key_ref.is_some());
            let here = at.field("env");
            self.check(of_file, &here.index(index).field("valueFrom").field("fileKeyRef"), &ENV_FILES);
        }
    }

    fn check(&mut self, is_set: bool, at: &At<'_>, since: &Since) {
        let minor = self.version.minor;
        if !is_set || minor >= since.enabled {
            return;
        }
        let path = at.to_path();
        let field = path.segments().last().map(|segment| match segment {
            jobguard_manifest::Segment::Field(name) => name.to_string(),
            other => format!("{other:?}"),
        });
        let field = field.unwrap_or_default();
        let message = if minor < since.known {
            format!("Kubernetes {} has no {field} here: it came with 1.{}", self.version, since.known)
        } else {
            format!(
                "Kubernetes {} drops {field} without a word, unless its feature gate {} is on",
                self.version, since.gate
            )
        };
        self.errors.push(FieldError::new(path, Cause::Forbidden, Topic::Version, message).help(format!(
            "do without it, or use Kubernetes 1.{} or later, where it is on by default",
            since.enabled
        )));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn version(text: &str) -> KubernetesVersion {
        text.parse().unwrap()
    }

    fn said(version_text: &str) -> Vec<String> {
        let job = serde_json::from_value(json!({"spec": {
            "managedBy": "example.com/queue",
            "successPolicy": {"rules": [{"succeededIndexes": "0"}]},
            "template": {"spec": {
                "containers": [{
                    "name": "a",
                    "lifecycle": {"preStop": {"sleep": {"seconds": 1}}},
                    "env": [{"name": "X", "valueFrom": {"fileKeyRef": {"key": "k", "path": "p", "volumeName": "v"}}}],
                }],
                "volumes": [{"name": "v", "image": {"reference": "x"}}],
                "resources": {"limits": {"cpu": "1"}},
            }},
        }}))
        .unwrap();
        fields_not_in(&Workload::Job(Box::new(job)), version(version_text))
            .iter()
            .map(|error| format!("{}: {}", error.path, error.message))
            .collect()
    }

    #[test]
    fn what_came_when() {
        assert_eq!(said("1.36"), [""; 0]);
        assert_eq!(
            said("1.31"),
            [
                "spec.managedBy: Kubernetes 1.31 drops managedBy without a word, unless its feature gate JobManagedBy \
                 is on",
                "spec.template.spec.resources: Kubernetes 1.31 has no resources here: it came with 1.32",
                "spec.template.spec.volumes[0].image: Kubernetes 1.31 drops image without a word, unless its feature \
                 gate ImageVolume is on",
                "spec.template.spec.containers[0].env[0].valueFrom.fileKeyRef: Kubernetes 1.31 has no fileKeyRef here: \
                 it came with 1.34",
            ]
        );
        assert_eq!(said("1.29").len(), 6);
    }

    #[test]
    fn versions_are_read_and_bounded() {
        assert_eq!(version("v1.33").to_string(), "1.33");
        assert_eq!(version("1.30.4").to_string(), "1.30");
        assert_eq!(version("1.30.4-gke.100").to_string(), "1.30");
        for text in ["", "1", "1.28", "1.37", "2.30", "1.x", "1.30.", "1.30.x", "latest"] {
            assert!(text.parse::<KubernetesVersion>().is_err(), "{text}");
        }
        assert_eq!(
            UnknownVersion.to_string(),
            "a Kubernetes version from 1.29 to 1.36 is needed, such as 1.33"
        );
    }
}
