//! Which version of `admissionregistration.k8s.io` a cluster serves a kind of policy in.

use jobguard_apiserver::{Gate, KubernetesVersion, Stage};
use thiserror::Error;

/// A version of the API, and what an API server has to be started with to serve it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ApiVersion {
    /// As in `apiVersion`, without the group.
    pub(super) name: &'static str,
    /// The feature gate that is off by default, where there is one.
    pub(super) gate: Option<Gate>,
}

/// No API server of that version serves the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "Kubernetes {asked} has no {kind}: the first version that has it is {first}; what a policy fills in is then left to the webhook and \
     to `jobguard lint --fix`"
)]
pub struct NotServed {
    /// The kind.
    pub kind: &'static str,
    /// The version that was asked for.
    pub asked: KubernetesVersion,
    /// The first version that serves it.
    pub first: KubernetesVersion,
}

/// The first minor version whose API has MutatingAdmissionPolicy; its gate was declared before that.
/// Source: KEP-3962, and the API reference of 1.32.
const FIRST_MUTATING: u8 = 32;

/// The version in which API servers of `version` serve MutatingAdmissionPolicy.
///
/// # Errors
/// When they do not.
pub(super) fn of_mutating(version: KubernetesVersion) -> Result<ApiVersion, NotServed> {
    let gate = Gate::MutatingAdmissionPolicy;
    let first = KubernetesVersion::all().find(|each| each.minor() >= FIRST_MUTATING);
    match gate.state(version.minor()).filter(|_| version.minor() >= FIRST_MUTATING) {
        Some(state) => Ok(at(state.stage, (!state.on).then_some(gate))),
        None => Err(NotServed {
            kind: "MutatingAdmissionPolicy",
            asked: version,
            first: first.unwrap_or(KubernetesVersion::NEWEST),
        }),
    }
}

/// The version in which API servers of `version` serve ValidatingAdmissionPolicy.
pub(super) fn of_validating(version: KubernetesVersion) -> ApiVersion {
    let gate = Gate::ValidatingAdmissionPolicy;
    match gate.state(version.minor()) {
        Some(state) => at(state.stage, (!state.on).then_some(gate)),
        // The gate is removed once it cannot be switched off any more.
        None => ApiVersion { name: "v1", gate: None },
    }
}

fn at(stage: Stage, gate: Option<Gate>) -> ApiVersion {
    let name = match stage {
        Stage::Alpha => "v1alpha1",
        Stage::Beta => "v1beta1",
        Stage::Ga | Stage::Deprecated => "v1",
    };
    ApiVersion { name, gate }
}

impl ApiVersion {
    /// `apiVersion` of an object.
    pub(super) fn full(self) -> String {
        format!("admissionregistration.k8s.io/{}", self.name)
    }

    /// A comment about what the API server has to be started with; empty where it serves the version anyway.
    pub(super) fn comment(self, kind: &str) -> String {
        match self.gate {
            None => String::new(),
            Some(gate) => format!(
                "# {kind} is served in this version by API servers that are started with\n\
                 #   --feature-gates={}=true --runtime-config={}=true\n",
                gate.name(),
                self.full()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> KubernetesVersion {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_those_that_api_servers_serve() {
        let names: Vec<_> = KubernetesVersion::all()
            .map(|version| of_mutating(version).map_or("none", |served| served.name))
            .collect();
        assert_eq!(names, ["none", "none", "none", "v1alpha1", "v1alpha1", "v1beta1", "v1beta1", "v1", "v1"]);
        assert_eq!(of_mutating(version("1.34")).unwrap().gate, Some(Gate::MutatingAdmissionPolicy));
        assert_eq!(of_mutating(version("1.36")).unwrap().comment("x"), "");
        let error = of_mutating(version("1.31")).unwrap_err().to_string();
        assert!(error.contains("1.31 has no MutatingAdmissionPolicy: the first version that has it is 1.32"));

        assert_eq!(of_validating(version("1.29")).full(), "admissionregistration.k8s.io/v1beta1");
        let comment = of_validating(version("1.29")).comment("ValidatingAdmissionPolicy");
        assert!(comment.contains("--feature-gates=ValidatingAdmissionPolicy=true"), "{comment}");
        assert_eq!(of_validating(version("1.30")), ApiVersion { name: "v1", gate: None });
        assert_eq!(of_validating(KubernetesVersion::NEWEST).name, "v1");
    }
}
