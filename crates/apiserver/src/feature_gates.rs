//! Feature gates that are set otherwise than a version has them, as kube-apiserver takes them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::KubernetesVersion;
use super::tables::{Gate, Stage};

/// Sets every alpha gate, or every beta gate, that is not set itself.
pub(crate) const GROUPS: [(&str, Stage); 2] = [("AllAlpha", Stage::Alpha), ("AllBeta", Stage::Beta)];

/// What a gate of the API server's own may have before its name.
const OF_API_SERVER: &str = "kube:";

/// What `--feature-gates` says: names and values, `AllAlpha` and `AllBeta` among them. Each name is one that some version
/// knows; whether it means something to a certain version, [`FeatureGates::on`] tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeatureGates {
    pub(crate) gates: BTreeMap<Gate, bool>,
    pub(crate) groups: BTreeMap<&'static str, bool>,
}

/// What is wrong with feature gates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// Not of the form `Name=true`.
    #[error("write each gate as Name=true or Name=false, separated by commas")]
    Form,
    /// No version has a gate of this name.
    #[error("no Kubernetes version from {} to {} has a feature gate {}{}", KubernetesVersion::OLDEST, KubernetesVersion::NEWEST, .name.escape_debug(), did_you_mean(.nearest))]
    Unknown {
        /// The name.
        name: String,
        /// The gate with the most similar name.
        nearest: Option<Gate>,
    },
    /// The version does not have it.
    #[error("Kubernetes {version} has no feature gate {gate}: only {versions} have it")]
    OfOtherVersions {
        /// The gate.
        gate: Gate,
        /// The version.
        version: KubernetesVersion,
        /// The versions that have it, in words.
        versions: String,
    },
    /// The version does not let it be set.
    #[error("Kubernetes {version} has the feature gate {gate} locked to {locked}: it cannot be set to {}", !locked)]
    Locked {
        /// The gate.
        gate: Gate,
        /// The version.
        version: KubernetesVersion,
        /// What it is locked to.
        locked: bool,
    },
}

fn did_you_mean(nearest: &Option<Gate>) -> String {
    nearest.map_or_else(String::new, |gate| format!("; did you mean {gate}?"))
}

impl FeatureGates {
    /// Nothing is set.
    pub(crate) const NONE: Self = Self { gates: BTreeMap::new(), groups: BTreeMap::new() };

    /// What a gate is set to by its own name.
    pub(crate) fn sets(&self, gate: Gate) -> Option<bool> {
        self.gates.get(&gate).copied()
    }

    /// Sets one gate, or with `AllAlpha` and `AllBeta` all of a stage.
    ///
    /// # Errors
    ///
    /// A name that no version has.
    pub fn set(&mut self, name: &str, on: bool) -> Result<(), GateError> {
        if let Some((group, _)) = GROUPS.iter().find(|(group, _)| *group == name) {
            self.groups.insert(group, on);
            return Ok(());
        }
        let gate = Gate::named(name)
            .ok_or_else(|| GateError::Unknown { name: name.to_owned(), nearest: nearest(name) })?;
        self.gates.insert(gate, on);
        Ok(())
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.gates.is_empty() && self.groups.is_empty()
    }

    /// Sets what `other` sets, too.
    pub fn extend(&mut self, other: &Self) {
        self.gates.extend(&other.gates);
        self.groups.extend(&other.groups);
    }
}

impl FromStr for FeatureGates {
    type Err = GateError;

    /// Reads `Name=true,Other=false`, and `kube:Name=true`.
    fn from_str(text: &str) -> Result<Self, GateError> {
        let mut gates = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or(GateError::Form)?;
            // As Go's strconv.ParseBool reads them.
            let on = match value.trim() {
                "true" | "True" | "TRUE" | "t" | "T" | "1" => true,
                "false" | "False" | "FALSE" | "f" | "F" | "0" => false,
                _ => return Err(GateError::Form),
            };
            // The flag of a component may say whose gate it is.
            let name = name.trim();
            let name = name.strip_prefix(OF_API_SERVER).unwrap_or(name);
            if name.is_empty() {
                return Err(GateError::Form);
            }
            gates.set(name, on)?;
        }
        Ok(gates)
    }
}

impl fmt::Display for FeatureGates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = self.groups.iter().map(|(group, on)| format!("{group}={on}"));
        let gates = self.gates.iter().map(|(gate, on)| format!("{gate}={on}"));
        f.write_str(&groups.chain(gates).collect::<Vec<_>>().join(","))
    }
}

fn nearest(name: &str) -> Option<Gate> {
    jobguard_text::nearest(name, Gate::all().map(Gate::name)).and_then(Gate::named)
}

/// The versions that have a gate, in words.
pub(crate) fn versions_of(gate: Gate) -> String {
    let mut versions = KubernetesVersion::all().filter(|version| gate.state(version.minor()).is_some());
    match (versions.next(), versions.next_back()) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        (Some(only), None) => only.to_string(),
        _ => "none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Server;

    fn version(text: &str) -> KubernetesVersion {
        text.parse().unwrap()
    }

    fn gates(text: &str) -> FeatureGates {
        text.parse().unwrap()
    }

    #[test]
    fn set_as_kube_apiserver_takes_them() {
        let of = version("1.36");
        let server = gates("ContainerStopSignals=true, SELinuxMount=1").on(of).unwrap();
        assert!(server.on(Gate::ContainerStopSignals) && server.on(Gate::SELinuxMount));
        assert!(!Server::of(of).on(Gate::ContainerStopSignals));
        let all = gates("AllAlpha=true,ContainerStopSignals=false").on(of).unwrap();
        assert!(!all.on(Gate::ContainerStopSignals));
        assert!(gates("").is_empty());
        assert_eq!(
            gates("kube:SELinuxMount=true, EnvFiles=false"),
            gates("SELinuxMount=true,EnvFiles=false")
        );
        assert_eq!(gates("SELinuxMount=true,AllBeta=false").to_string(), "AllBeta=false,SELinuxMount=true");
    }

    #[test]
    fn what_cannot_be_set() {
        let error = |text: &str, of: &str| match text.parse::<FeatureGates>() {
            Ok(gates) => gates.on(version(of)).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(
            error("JobManagedby=true", "1.36"),
            "no Kubernetes version from 1.29 to 1.37 has a feature gate JobManagedby; did you mean JobManagedBy?"
        );
        assert_eq!(
            error("JobManagedBy", "1.36"),
            "write each gate as Name=true or Name=false, separated by commas"
        );
        assert_eq!(
            error("JobManagedBy=on", "1.36"),
            "write each gate as Name=true or Name=false, separated by commas"
        );
        for text in ["=true", " =true", "kube:=true", "SELinuxMount=true,=false"] {
            assert_eq!(error(text, "1.36"), GateError::Form.to_string(), "{text}");
        }
        let other = error("EnvFiles=true", "1.31");
        assert!(other.starts_with("Kubernetes 1.31 has no feature gate EnvFiles: only 1.34 to "), "{other}");
        assert_eq!(
            error("JobSuccessPolicy=false", "1.34"),
            "Kubernetes 1.34 has the feature gate JobSuccessPolicy locked to true: it cannot be set to false"
        );
    }

    #[test]
    fn several_versions_take_what_they_know() {
        let versions = [version("1.31"), version("1.34")];
        let servers = gates("EnvFiles=true").on_each(&versions).unwrap();
        assert_eq!(servers.iter().map(|server| server.on(Gate::EnvFiles)).collect::<Vec<_>>(), [false, true]);
        assert!(gates("EnvFiles=true").on_each(&versions[..1]).is_err());
    }
}
