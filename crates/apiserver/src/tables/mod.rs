//! What each Kubernetes version knows: the fields of a Job and of a CronJob, and the feature gates.
//!
//! The tables are generated from Kubernetes' own sources by `cargo xtask kubernetes`. Nothing else in the program lists
//! fields, gates or versions: code asks a table, or asks a gate for its [`State`].

mod field;
mod fields;
mod gate_info;
mod gates;
mod states;

use std::fmt;

pub(crate) use field::{Field, Shape, Type, TypeId};
pub(crate) use fields::{CRON_JOB, JOB, TYPES};
use gate_info::{GateInfo, VERSIONS};
pub use gate_info::{Stage, State};
pub use gates::Gate;
pub(crate) use gates::{NEWEST_MINOR, OLDEST_MINOR};
use states::GATES;

/// A type.
pub(crate) fn ty(id: TypeId) -> &'static Type {
    &TYPES[usize::from(id.0)]
}

/// The type of a short name, such as `PodSpec`.
pub(crate) fn named(name: &str) -> Option<TypeId> {
    let at = TYPES.binary_search_by(|ty| ty.name.cmp(name)).ok()?;
    u16::try_from(at).ok().map(TypeId)
}

/// The name of a field's type, or of a part of it where `shape` is one, as the API server writes it in a message:
/// `int32`, `[]string`, `v1.PodTemplateSpec`, `v1.RestartPolicy`.
pub(crate) fn go_name(field: &Field, shape: &Shape) -> String {
    match shape {
        Shape::Object(id) => {
            let ty = ty(*id);
            format!("{}.{}", ty.package, ty.name)
        }
        Shape::List(element) => format!("[]{}", go_name(field, element)),
        Shape::Map(Shape::Quantity) => "v1.ResourceList".to_owned(),
        Shape::Map(element) => format!("map[string]{}", go_name(field, element)),
        // An int-or-string that is neither is read as a number, and the message is about that.
        Shape::Int32 | Shape::IntOrString => "int32".to_owned(),
        Shape::Int64 => "int64".to_owned(),
        Shape::Bool => "bool".to_owned(),
        Shape::Str => field.named.unwrap_or("string").to_owned(),
        Shape::Time => "v1.Time".to_owned(),
        Shape::Quantity => "quantity".to_owned(),
        Shape::Opaque => "v1.FieldsV1".to_owned(),
    }
}

impl Gate {
    /// All gates, by name.
    pub fn all() -> impl Iterator<Item = Self> {
        GATES.iter().map(|info| info.gate)
    }

    /// The gate of that name, of any version.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let at = GATES.binary_search_by(|info| info.name.cmp(name)).ok()?;
        Some(GATES[at].gate)
    }

    /// Its name, as `--feature-gates` takes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// Its state in a minor version; none where the version does not know it, or the tables not the version.
    #[must_use]
    pub fn state(self, minor: u8) -> Option<State> {
        let at = minor.checked_sub(OLDEST_MINOR)?;
        *self.info().states.get(usize::from(at))?
    }

    /// Whether what the gate switches is on in a minor version where the gate is not set. That has an answer in versions
    /// without the gate too: a feature stays when its gate goes, and is not there before its gate comes. A gate that
    /// comes as a deprecated one is there to switch back to what was before.
    #[must_use]
    pub fn is_on_by_default(self, minor: u8) -> bool {
        let states = &self.info().states;
        let at = usize::from(minor.saturating_sub(OLDEST_MINOR)).min(VERSIONS - 1);
        if let Some(state) = states[..=at].iter().rev().flatten().next() {
            return state.on;
        }
        states.iter().flatten().next().is_some_and(|first| match first.stage {
            Stage::Alpha | Stage::Beta => false,
            Stage::Ga => first.on,
            Stage::Deprecated => !first.on,
        })
    }

    /// The gates stand in the table in the order of the enum.
    fn info(self) -> &'static GateInfo {
        &GATES[self as usize]
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(path: &str) -> &'static Field {
        let mut id = CRON_JOB;
        let mut steps = path.split('.').peekable();
        loop {
            let step = steps.next().unwrap();
            let field = ty(id).field(step).unwrap_or_else(|| panic!("{path}: no {step}"));
            if steps.peek().is_none() {
                return field;
            }
            let mut shape = &field.shape;
            while let Shape::List(inner) | Shape::Map(inner) = shape {
                shape = inner;
            }
            let Shape::Object(next) = shape else { panic!("{path}: {step} has no fields") };
            id = *next;
        }
    }

    #[test]
    fn names_types_as_the_server_does() {
        for (path, expected) in [
            ("spec", "v1.CronJobSpec"),
            ("metadata.labels", "map[string]string"),
            ("metadata.uid", "types.UID"),
            ("metadata.managedFields.fieldsV1", "v1.FieldsV1"),
            ("spec.schedule", "string"),
            ("spec.startingDeadlineSeconds", "int64"),
            ("spec.failedJobsHistoryLimit", "int32"),
            ("spec.concurrencyPolicy", "v1.ConcurrencyPolicy"),
            ("spec.jobTemplate.spec.template", "v1.PodTemplateSpec"),
            ("spec.jobTemplate.spec.completionMode", "v1.CompletionMode"),
            ("spec.jobTemplate.spec.scheduling.resourceClaims", "[]v1alpha3.WorkloadPodGroupResourceClaim"),
            ("spec.jobTemplate.spec.template.spec.containers", "[]v1.Container"),
            ("spec.jobTemplate.spec.template.spec.containers.command", "[]string"),
            ("spec.jobTemplate.spec.template.spec.containers.resources.limits", "v1.ResourceList"),
            ("spec.jobTemplate.spec.template.spec.containers.restartPolicy", "v1.ContainerRestartPolicy"),
            (
                "spec.jobTemplate.spec.template.spec.containers.securityContext.capabilities.add",
                "[]v1.Capability",
            ),
            ("spec.jobTemplate.spec.template.spec.containers.livenessProbe.httpGet.port", "int32"),
            ("spec.jobTemplate.spec.template.spec.restartPolicy", "v1.RestartPolicy"),
            ("spec.jobTemplate.spec.template.spec.volumes.emptyDir.sizeLimit", "quantity"),
            ("status.lastScheduleTime", "v1.Time"),
        ] {
            let field = field(path);
            assert_eq!(go_name(field, &field.shape), expected, "{path}");
        }
    }

    #[test]
    fn knows_what_zero_is() {
        let pod = "spec.jobTemplate.spec.template.spec";
        let zero_is_unset = |path: &str| field(&format!("{pod}.{path}")).zero_is_unset();
        assert!(zero_is_unset("hostNetwork") && zero_is_unset("nodeName") && zero_is_unset("restartPolicy"));
        assert!(
            !zero_is_unset("hostUsers") && !zero_is_unset("runtimeClassName") && !zero_is_unset("containers")
        );
        let is_always_there = |path: &str| field(&format!("{pod}.{path}")).is_always_there();
        assert!(is_always_there("containers.resources"));
        assert!(
            !is_always_there("resources") && !is_always_there("affinity") && !is_always_there("containers")
        );
    }

    #[test]
    fn knows_fields_by_version() {
        let pod = "spec.jobTemplate.spec.template.spec";
        let known = |path: &str| -> Vec<u8> {
            let field = field(&format!("{pod}.{path}"));
            (OLDEST_MINOR..=NEWEST_MINOR).filter(|minor| field.known_in(*minor)).collect()
        };
        assert_eq!(known("workloadRef"), [35]);
        assert_eq!(known("resourceClaims.source"), [29, 30]);
        assert_eq!(known("resourceClaims.resourceClaimName")[0], 31);
        assert_eq!(known("containers").len(), VERSIONS);
        assert_eq!(field(&format!("{pod}.hostnameOverride")).gates, [Gate::HostnameOverride]);
    }

    #[test]
    fn the_table_of_types_is_in_order() {
        assert_eq!((ty(JOB).name, ty(CRON_JOB).name), ("Job", "CronJob"));
        assert!(TYPES.is_sorted_by(|a, b| a.name < b.name));
        let mut reached = vec![false; TYPES.len()];
        let mut open = vec![JOB, CRON_JOB];
        while let Some(id) = open.pop() {
            if std::mem::replace(&mut reached[usize::from(id.0)], true) {
                continue;
            }
            for field in ty(id).fields {
                let mut shape = &field.shape;
                while let Shape::List(inner) | Shape::Map(inner) = shape {
                    shape = inner;
                }
                if let Shape::Object(next) = shape {
                    open.push(*next);
                }
            }
        }
        for (ty, reached) in TYPES.iter().zip(reached) {
            assert!(reached, "nothing leads to {}", ty.name);
            assert_eq!(named(ty.name).map(super::ty).map(|found| found.name), Some(ty.name));
            assert!(ty.fields.is_sorted_by(|a, b| a.name < b.name), "{}", ty.name);
            for field in ty.fields {
                assert_eq!(ty.field(field.name), Some(field));
                assert!(field.since >= OLDEST_MINOR && field.since <= NEWEST_MINOR);
                assert!(field.until.is_none_or(|until| until >= field.since && until < NEWEST_MINOR));
            }
        }
        assert_eq!(named("Deployment"), None);
        for unknown in ["", "s", "spec.template", "Spec", "specs"] {
            assert_eq!(ty(JOB).field(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn the_table_of_gates_is_in_order() {
        assert!(GATES.is_sorted_by(|a, b| a.name < b.name));
        for (at, gate) in Gate::all().enumerate() {
            assert_eq!(gate as usize, at, "{gate}");
            assert_eq!(format!("{gate:?}"), gate.name());
            assert_eq!(Gate::named(gate.name()), Some(gate));
            assert!((OLDEST_MINOR..=NEWEST_MINOR).any(|minor| gate.state(minor).is_some()), "{gate}");
        }
        assert_eq!(Gate::named("PodLevelResource"), None);
    }

    #[test]
    fn knows_gates_by_version() {
        let state = |on, stage, locked| Some(State { on, stage, locked });
        let gate = Gate::PodLevelResources;
        assert_eq!(gate.state(31), None);
        assert_eq!(gate.state(32), state(false, Stage::Alpha, false));
        assert_eq!(gate.state(34), state(true, Stage::Beta, false));
        assert_eq!(Gate::JobManagedBy.state(36), state(true, Stage::Ga, true));
        assert_eq!(Gate::PodHostIPs.state(31), state(true, Stage::Ga, true));
        assert_eq!(Gate::PodHostIPs.state(32), None);
        assert_eq!(gate.state(OLDEST_MINOR - 1), None);
        assert_eq!(gate.state(NEWEST_MINOR + 1), None);
        assert_eq!(gate.to_string(), "PodLevelResources");
    }

    #[test]
    fn knows_what_is_on_where_there_is_no_gate() {
        let on = |gate: Gate| -> Vec<u8> {
            (OLDEST_MINOR..=NEWEST_MINOR).filter(|minor| gate.is_on_by_default(*minor)).collect()
        };
        assert_eq!(on(Gate::PodHostIPs), Vec::from_iter(OLDEST_MINOR..=NEWEST_MINOR));
        assert_eq!(on(Gate::PodLevelResources), Vec::from_iter(34..=NEWEST_MINOR));
        assert_eq!(on(Gate::GitRepoVolumeDriver), Vec::from_iter(OLDEST_MINOR..=32));
        assert!(on(Gate::WorkloadAwarePreemption).is_empty());
    }
}
