//! The API server that is asked: a minor version of Kubernetes with its feature gates.

use super::schema::{Field, Schema};
use super::tables::{Gate, OLDEST_MINOR};
use super::{Change, KubernetesVersion};

/// An API server of one minor version. Everything that it decides is a method of it: see `operations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    version: KubernetesVersion,
    /// The gates that are set otherwise than the version has them.
    set: Vec<(Gate, bool)>,
}

impl Server {
    /// The server of a version with the feature gates that it has by default.
    pub const fn of(version: KubernetesVersion) -> Self {
        Self { version, set: Vec::new() }
    }

    /// The server of a version with some gates set otherwise, which the version has and lets be set.
    pub(crate) const fn with(version: KubernetesVersion, set: Vec<(Gate, bool)>) -> Self {
        Self { version, set }
    }

    /// Its version.
    pub const fn version(&self) -> KubernetesVersion {
        self.version
    }

    /// Whether a feature gate is on.
    pub fn on(&self, gate: Gate) -> bool {
        let set = self.set.iter().find(|(of, _)| *of == gate);
        set.map_or_else(|| gate.is_on_by_default(self.version.minor()), |(_, on)| *on)
    }

    /// Whether it is new enough for a change that no feature gate controls.
    pub fn has(&self, change: Change) -> bool {
        self.version.minor() >= change.since()
    }
}

impl Server {
    /// Whether it knows a feature gate that is off: then it leaves out the fields behind it. A version that does not
    /// know the gate does not know the fields either, or treats them otherwise.
    pub(crate) fn is_off(&self, gate: Gate) -> bool {
        !self.on(gate) && self.knows(gate)
    }

    /// Whether its version or an earlier one has a feature gate: a gate goes when there is no way back.
    pub(crate) fn knows(&self, gate: Gate) -> bool {
        (OLDEST_MINOR..=self.version.minor()).any(|minor| gate.state(minor).is_some())
    }

    /// The gate that makes it leave out a field which later versions have replaced. The types of the newest version do not
    /// have such a field, so that it is left out as early as in decoding.
    pub(crate) fn drops_replaced(&self, field: &Field) -> Option<Gate> {
        field.until?;
        field.gates.iter().copied().find(|gate| self.is_off(*gate))
    }

    /// Whether its version has a field of a type.
    pub(crate) fn knows_field(&self, ty: &str, field: &str) -> bool {
        let schema = self.schema();
        schema.named(ty).is_some_and(|id| schema.field(id, field).is_some())
    }

    pub(crate) const fn schema(&self) -> Schema {
        Schema::of(self.version.minor())
    }
}
