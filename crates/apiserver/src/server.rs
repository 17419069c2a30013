//! The API server that is asked: a minor version of Kubernetes with its feature gates.

use std::collections::BTreeMap;

use super::feature_gates::{GROUPS, versions_of};
use super::schema::{Field, Schema};
use super::tables::{Gate, OLDEST_MINOR};
use super::{Change, FeatureGates, GateError, KubernetesVersion};

/// An API server of one minor version. Everything that it decides is a method of it: see `operations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    version: KubernetesVersion,
    /// The gates that are set otherwise than the version has them.
    set: Vec<(Gate, bool)>,
    /// What was asked for, for servers of other versions, too.
    asked: FeatureGates,
}

impl Server {
    /// The server of a version with the feature gates that it has by default.
    pub const fn of(version: KubernetesVersion) -> Self {
        Self { version, set: Vec::new(), asked: FeatureGates::NONE }
    }

    /// The server of a version with some gates set otherwise, which the version has and lets be set: those of `asked`.
    pub(crate) const fn with(
        version: KubernetesVersion,
        set: Vec<(Gate, bool)>,
        asked: FeatureGates,
    ) -> Self {
        Self { version, set, asked }
    }

    /// The same server, where more was asked for than its version has.
    pub(crate) fn asked_for(self, asked: FeatureGates) -> Self {
        Self { asked, ..self }
    }

    /// The servers of later versions, with the same gates asked for as far as each has them.
    pub fn later(&self) -> impl Iterator<Item = Self> {
        let later = KubernetesVersion::all().filter(|version| *version > self.version);
        later.map(|version| self.asked.where_possible(version))
    }

    /// Whether somebody has switched a gate off, in this version or another.
    pub fn is_switched_off(&self, gate: Gate) -> bool {
        self.asked.sets(gate) == Some(false)
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

impl FeatureGates {
    /// The server of a version with these gates.
    ///
    /// # Errors
    ///
    /// A gate that the version does not have, or has locked to another value: such a server does not start.
    pub fn on(&self, version: KubernetesVersion) -> Result<Server, GateError> {
        let mut set = BTreeMap::new();
        for (group, stage) in GROUPS {
            let Some(on) = self.groups.get(group) else { continue };
            let of_stage = Gate::all()
                .filter(|gate| gate.state(version.minor()).is_some_and(|state| state.stage == stage));
            set.extend(of_stage.map(|gate| (gate, *on)));
        }
        for (gate, on) in &self.gates {
            let (gate, on) = (*gate, *on);
            match gate.state(version.minor()) {
                None => {
                    return Err(GateError::OfOtherVersions { gate, version, versions: versions_of(gate) });
                }
                Some(state) if state.locked && state.on != on => {
                    return Err(GateError::Locked { gate, version, locked: state.on });
                }
                Some(_) => {
                    set.insert(gate, on);
                }
            }
        }
        Ok(Server::with(version, set.into_iter().collect(), self.clone()))
    }

    /// The servers of several versions with these gates: each has those that it knows and lets be set.
    ///
    /// # Errors
    ///
    /// A gate that none of them lets be set.
    pub fn on_each(&self, versions: &[KubernetesVersion]) -> Result<Vec<Server>, GateError> {
        for (gate, on) in &self.gates {
            let alone = Self { gates: [(*gate, *on)].into(), groups: BTreeMap::new() };
            let mut refused = versions.iter().map(|version| alone.on(*version));
            if let Some(Err(error)) = refused.clone().next()
                && refused.all(|server| server.is_err())
            {
                return Err(error);
            }
        }
        Ok(versions.iter().map(|version| self.where_possible(*version)).collect())
    }

    /// The server of a version with those of these gates that it has and lets be set.
    pub fn where_possible(&self, version: KubernetesVersion) -> Server {
        let takes = |(gate, on): &(&Gate, &bool)| {
            gate.state(version.minor()).is_some_and(|state| !state.locked || state.on == **on)
        };
        let gates = self.gates.iter().filter(takes).map(|(gate, on)| (*gate, *on)).collect();
        // What is left is what the version takes.
        let possible = Self { gates, groups: self.groups.clone() };
        possible.on(version).unwrap_or_else(|_| Server::of(version)).asked_for(self.clone())
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
