//! Which program this is.

use prometheus_client::encoding::EncodeLabelSet;
use serde::Serialize;

use jobguard_apiserver::KubernetesVersion;

/// The program that runs, for metrics and for people who ask it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet, Serialize)]
pub(crate) struct Build {
    version: &'static str,
    /// The Kubernetes version whose verdict is returned where the policy names none.
    kubernetes: String,
}

impl Build {
    /// This program.
    pub(crate) fn this() -> Self {
        Self { version: env!("CARGO_PKG_VERSION"), kubernetes: KubernetesVersion::default().to_string() }
    }
}
