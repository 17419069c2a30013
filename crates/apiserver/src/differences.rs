//! What differs between versions, for people to read: which fields of a Job not every version treats alike, and which
//! feature gates decide something about a Job or CronJob.
//!
//! Nothing is listed here that could be found out: a Job that has every field is shown to each version.

use std::collections::BTreeMap;

use jobguard_manifest::{FieldPath, Segment};
use k8s_openapi::api::batch::v1::Job;
use serde_json::{Map, Value, json};

use super::gated::drop_disabled;
use super::tables::{self, Field, Gate, JOB, Shape, TypeId};
use super::{Cause, KubernetesVersion, Server, Workload, validate};

/// What a version makes of a field, from the least on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Treatment {
    /// It does not know the field: strict decoding refuses it, else it is ignored.
    Unknown,
    /// It knows the field and leaves it out of what it stores, because a feature gate is off.
    Dropped,
    /// It knows the field and refuses an object that has it.
    Refused,
    /// It reads, validates and stores the field.
    Kept,
}

/// A field that not every version treats alike. What is below it is treated as it is, unless it is listed itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDifference {
    /// Where it stands in a Job: `spec.template.spec.containers[].resizePolicy`, with a colon and values where it is about
    /// these alone. Several places where a type is used several times. What `initContainers` share with `containers` is
    /// listed once, below `containers`.
    pub paths: Vec<String>,
    /// The feature gates that decide what becomes of it, by name.
    pub gates: Vec<Gate>,
    /// What each version makes of it with its default gates, oldest first.
    pub treatments: Vec<(KubernetesVersion, Treatment)>,
}

impl FieldDifference {
    /// The versions that treat the field so, oldest first.
    pub fn versions(&self, treatment: Treatment) -> Vec<KubernetesVersion> {
        self.treatments.iter().filter(|(_, of)| *of == treatment).map(|(version, _)| *version).collect()
    }
}

/// The values of `restartPolicy` in a sample of init containers. Versions treat those that make no sidecar otherwise.
const RESTARTS: [&str; 2] = ["Always", "OnFailure, Never"];

/// The fields of a Job that not every version treats alike, by path. A CronJob has the same below `spec.jobTemplate`, and
/// none of its own.
pub fn field_differences() -> Vec<FieldDifference> {
    let (sample, job) = sample();
    let mut treatments: Vec<Vec<Treatment>> = vec![Vec::new(); sample.places.len()];
    // A gate that a field's comment names may be another component's business; one that drops it is not.
    let of_comment = |place: &Place| {
        let named = place.field.gates.iter().copied();
        named.filter(|gate| DECIDING.iter().any(|(decides, _)| decides == gate)).collect()
    };
    let mut gates: Vec<Vec<Gate>> = sample.places.iter().map(of_comment).collect();
    for version in KubernetesVersion::all() {
        let server = Server::of(version);
        let outcome = Outcome::of(&server, job.clone());
        for (index, place) in sample.places.iter().enumerate() {
            let (own, by) = outcome.treatment(place, version);
            gates[index].extend(by);
            // A field goes with what it is in.
            let around = place.parent.and_then(|parent| treatments[parent].last().copied());
            treatments[index].push(around.map_or(own, |around| own.min(around)));
        }
    }
    treatments.iter_mut().for_each(|of| accept_where_newest_does(of));
    let mut found: BTreeMap<(&str, &str, &[Treatment]), FieldDifference> = BTreeMap::new();
    for ((place, gates), of) in sample.places.iter().zip(gates).zip(&treatments) {
        let is_as_its_parent = place.parent.is_some_and(|parent| treatments[parent] == *of);
        if is_as_its_parent || of.windows(2).all(|pair| pair[0] == pair[1]) {
            continue;
        }
        let difference =
            found.entry((tables::ty(place.ty).name, place.field.name, of)).or_insert_with(|| {
                FieldDifference {
                    paths: Vec::new(),
                    gates: Vec::new(),
                    treatments: KubernetesVersion::all().zip(of.iter().copied()).collect(),
                }
            });
        let as_main = place.path.replace(".initContainers[]", ".containers[]");
        if as_main == place.path || !difference.paths.contains(&as_main) {
            difference.paths.push(place.path.clone());
        }
        difference.gates.extend(gates);
        difference.gates.sort_unstable();
        difference.gates.dedup();
    }
    let mut found: Vec<_> = found.into_values().collect();
    found.sort_by(|a, b| a.paths.cmp(&b.paths));
    found
}

/// A refusal that the newest version shares is not about the field, but about what stands beside it in the sample.
fn accept_where_newest_does(treatments: &mut [Treatment]) {
    let newest = treatments.iter().rev().find(|of| matches!(of, Treatment::Refused | Treatment::Kept));
    if newest == Some(&Treatment::Refused) {
        for of in treatments.iter_mut().filter(|of| **of == Treatment::Refused) {
            *of = Treatment::Kept;
        }
    }
}

/// The feature gates that decide something about Jobs and CronJobs, by name, each with what it decides besides fields of
/// its own; empty where that is all.
pub fn deciding_gates() -> Vec<(Gate, &'static str)> {
    let mut gates: BTreeMap<Gate, &'static str> = DECIDING.into();
    for gate in field_differences().into_iter().flat_map(|difference| difference.gates) {
        gates.entry(gate).or_default();
    }
    gates.into_iter().collect()
}

/// What gates decide that is not whether a field is kept.
const DECIDING: [(Gate, &str); 26] = [
    (Gate::AppArmorFields, "a warning for the annotations that `appArmorProfile` has replaced"),
    (
        Gate::JobBackoffLimitPerIndex,
        "whether `backoffLimitPerIndex`, `maxFailedIndexes` and the action `FailIndex` are kept",
    ),
    (Gate::JobPodFailurePolicy, "whether `podFailurePolicy` is kept"),
    (Gate::JobPodReplacementPolicy, "whether `podReplacementPolicy` is kept and has a default"),
    (
        Gate::MatchLabelKeysInPodTopologySpread,
        "whether `matchLabelKeys` of topology spread constraints is kept",
    ),
    (
        Gate::MatchLabelKeysInPodTopologySpreadSelectorMerge,
        "a key of `matchLabelKeys` may also be in the `labelSelector` of its topology spread constraint, once",
    ),
    (
        Gate::MutablePodResourcesForSuspendedJobs,
        "the resources of the containers of a suspended Job can be changed",
    ),
    (
        Gate::MutableSchedulingDirectivesForSuspendedJobs,
        "the scheduling of a suspended Job can be changed though it has been started before",
    ),
    (
        Gate::NodeInclusionPolicyInPodTopologySpread,
        "whether `nodeAffinityPolicy` and `nodeTaintsPolicy` are kept",
    ),
    (Gate::PodLifecycleSleepActionAllowZero, "`sleep.seconds` of a lifecycle hook may be 0"),
    (Gate::RelaxedDNSSearchValidation, "`dnsConfig.searches` may be `.` or have underscores"),
    (
        Gate::RelaxedEnvironmentVariableValidation,
        "names of environment variables, and `envFrom[].prefix`, may have any printable ASCII character except `=`",
    ),
    (
        Gate::RestartAllContainersOnContainerExits,
        "`restartPolicyRules` may have the action `RestartAllContainers`, and sidecars may have such rules",
    ),
    (Gate::SELinuxMount, "`seLinuxChangePolicy` may be `MountOption`"),
    (Gate::SidecarContainers, "whether `restartPolicy: Always` of an init container (a sidecar) is kept"),
    (
        Gate::StrictIPCIDRValidation,
        "IP addresses with leading zeros, and IPv4 addresses written as IPv6, are refused",
    ),
    (Gate::TaintTolerationComparisonOperators, "tolerations may have the operators `Lt` and `Gt`"),
    (Gate::VolumeAttributesClass, "whether the name in `volumeAttributesClassName` is validated"),
    (Gate::AppArmor, "whether `appArmorProfile`, and the annotations that it has replaced, are kept"),
    (
        Gate::DefaultHostNetworkHostPortsInPodTemplates,
        "whether `hostPort` has a default in templates with `hostNetwork`",
    ),
    (Gate::ElasticIndexedJob, "`completions` of an Indexed Job can be changed together with `parallelism`"),
    (Gate::MinDomainsInPodTopologySpread, "whether `minDomains` of topology spread constraints is kept"),
    (
        Gate::PodDeletionCost,
        "whether the annotation `controller.kubernetes.io/pod-deletion-cost` is validated",
    ),
    (Gate::PodHostIPs, "`status.hostIPs` can be the source of an environment variable or a file"),
    (Gate::PodSchedulingReadiness, "whether `schedulingGates` is kept"),
    (Gate::UserNamespacesHostNetworkSupport, "`hostNetwork` is allowed together with `hostUsers: false`"),
];

/// A field of the sample.
struct Place {
    /// The path, with `[]` for the elements of lists.
    path: String,
    /// The path in the sample.
    exact: FieldPath,
    /// The element of a list that has this field alone.
    element: Option<FieldPath>,
    ty: TypeId,
    field: &'static Field,
    /// The place of the field that it is in.
    parent: Option<usize>,
    /// Whether its value in the sample is one that the field has, and not any of its type.
    has_own_value: bool,
}

/// A Job that has every field of any version. A list has an element for each field of its elements, so that what is left
/// out with one of them can be distinguished.
#[derive(Default)]
struct Sample {
    places: Vec<Place>,
}

fn sample() -> (Sample, Job) {
    let mut sample = Sample::default();
    let job = sample.object(JOB, "", &FieldPath::root(), None);
    // Fields that the newest version does not have are passed over here, and looked up in the table. A test holds that
    // nothing else is.
    (sample, serde_json::from_value(job).unwrap_or_default())
}

impl Sample {
    fn object(&mut self, id: TypeId, path: &str, exact: &FieldPath, parent: Option<usize>) -> Value {
        let fields = tables::ty(id).fields.iter().filter(|field| is_read(field));
        let values = fields.map(|field| {
            let exact = exact.clone().field(field.name);
            (field.name.to_owned(), self.field(id, field, path, exact, None, parent))
        });
        Value::Object(values.collect())
    }

    fn field(
        &mut self,
        ty: TypeId,
        field: &'static Field,
        within: &str,
        exact: FieldPath,
        element: Option<FieldPath>,
        parent: Option<usize>,
    ) -> Value {
        let dot = if within.is_empty() { "" } else { "." };
        let path = format!("{within}{dot}{}", field.name);
        let place = Some(self.places.len());
        self.places.push(Place {
            path: path.clone(),
            exact: exact.clone(),
            element,
            ty,
            field,
            parent,
            has_own_value: false,
        });
        self.value(&field.shape, &path, &exact, place)
    }

    /// The first of these values, which the place that was added last is about.
    fn of_value(&mut self, values: &'static str) -> Value {
        if let Some(place) = self.places.last_mut() {
            place.path = format!("{}: {values}", place.path);
            place.has_own_value = true;
        }
        json!(values.split(',').next())
    }

    fn value(
        &mut self,
        shape: &'static Shape,
        path: &str,
        exact: &FieldPath,
        parent: Option<usize>,
    ) -> Value {
        match shape {
            Shape::Object(id) => self.object(*id, path, exact, parent),
            Shape::List(Shape::Object(id)) => {
                let path = format!("{path}[]");
                let fields = tables::ty(*id).fields.iter().filter(|field| is_read(field));
                let mut elements = Vec::new();
                for field in fields {
                    let by_value = path.ends_with("initContainers[]") && field.name == "restartPolicy";
                    for values in if by_value { &RESTARTS[..] } else { &[""] } {
                        let mut element = exact.clone();
                        element.push(Segment::Index(elements.len()));
                        let exact = element.clone().field(field.name);
                        let sample = self.field(*id, field, &path, exact, Some(element), parent);
                        let sample = if by_value { self.of_value(values) } else { sample };
                        elements.push(Value::Object(Map::from_iter([(field.name.to_owned(), sample)])));
                    }
                }
                Value::Array(elements)
            }
            Shape::List(inner) => json!([self.value(inner, path, exact, parent)]),
            Shape::Map(inner) => json!({"x": self.value(inner, path, exact, parent)}),
            Shape::Int32 | Shape::Int64 | Shape::IntOrString => json!(1),
            Shape::Bool => json!(true),
            Shape::Str => json!("x"),
            Shape::Time => json!("2026-01-01T00:00:00Z"),
            Shape::Quantity => json!("1"),
            Shape::Opaque => json!({}),
        }
    }
}

/// Whether a manifest may have it, and versions may differ in it: no status, and no container that is only ever added to a running Pod. The fields of
/// metadata are the same in all versions.
fn is_read(field: &Field) -> bool {
    !matches!(field.name, "apiVersion" | "kind" | "status" | "metadata" | "ephemeralContainers")
}

/// What became of the sample.
struct Outcome<'s> {
    server: &'s Server,
    dropped: BTreeMap<FieldPath, Gate>,
    refused: Vec<(FieldPath, Cause)>,
}

impl<'s> Outcome<'s> {
    fn of(server: &'s Server, job: Job) -> Self {
        let mut workload = Workload::Job(Box::new(job));
        let dropped = drop_disabled(server, &mut workload, None);
        let errors = validate::validate_create(server, &workload).into_iter();
        Self {
            server,
            dropped: dropped.into_iter().map(|dropped| (dropped.path, dropped.gate)).collect(),
            refused: errors.map(|error| (error.path, error.cause)).collect(),
        }
    }

    /// Whether a field is refused for what it is, or for its value where that is one of its own.
    fn refuses(&self, place: &Place) -> bool {
        let mut causes = self.refused.iter().filter(|(path, _)| *path == place.exact).map(|(_, cause)| cause);
        causes.any(|cause| match cause {
            Cause::Forbidden => true,
            Cause::NotSupported => place.has_own_value,
            _ => false,
        })
    }

    /// What becomes of a field, and by which gate.
    fn treatment(&self, place: &Place, version: KubernetesVersion) -> (Treatment, Option<Gate>) {
        let dropped = || {
            let by_path = [Some(&place.exact), place.element.as_ref()].into_iter().flatten();
            by_path.filter_map(|path| self.dropped.get(path)).next().copied()
        };
        if !place.field.known_in(version.minor()) {
            (Treatment::Unknown, None)
        } else if let Some(gate) = dropped().or_else(|| self.server.drops_replaced(place.field)) {
            (Treatment::Dropped, Some(gate))
        } else if self.refuses(place) {
            (Treatment::Refused, None)
        } else {
            (Treatment::Kept, None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(path: &str, treatment: Treatment) -> String {
        let found = field_differences();
        let difference = found.iter().find(|difference| difference.paths.iter().any(|of| of == path));
        let difference = difference.unwrap_or_else(|| panic!("{path}: it is the same in all versions"));
        crate::ranges(&difference.versions(treatment)).join(",")
    }

    #[test]
    fn finds_what_versions_make_of_fields() {
        use Treatment::{Dropped, Kept, Refused, Unknown};
        for (path, unknown, dropped, refused, kept) in [
            ("managedBy", "1.29", "1.30-1.31", "", "1.32-1.37"),
            ("successPolicy", "1.29", "1.30", "", "1.31-1.37"),
            ("template.spec.hostUsers", "", "1.29-1.32", "", "1.33-1.37"),
            ("template.spec.resources", "1.29-1.31", "1.32-1.33", "", "1.34-1.37"),
            ("template.spec.workloadRef", "1.29-1.34,1.36-1.37", "1.35", "", ""),
            ("template.spec.resourceClaims[].source", "1.31-1.37", "1.29-1.30", "", ""),
            ("template.spec.volumes[].image", "1.29-1.30", "1.31-1.34", "", "1.35-1.37"),
            ("template.spec.containers[].restartPolicy", "", "1.34", "1.29-1.33", "1.35-1.37"),
            (
                "template.spec.initContainers[].restartPolicy: OnFailure, Never",
                "",
                "1.34",
                "1.29-1.33",
                "1.35-1.37",
            ),
        ] {
            let path = format!("spec.{path}");
            let of = [Unknown, Dropped, Refused, Kept].map(|treatment| versions(&path, treatment));
            assert_eq!(of, [unknown, dropped, refused, kept], "{path}");
        }
        let all = field_differences();
        assert!(all.iter().all(|difference| !difference.paths.is_empty()));
        // A sidecar is one in every version.
        assert!(all.iter().flat_map(|difference| &difference.paths).all(|path| !path.ends_with("Always")));
        assert!(all.iter().all(|difference| difference.treatments.len() == KubernetesVersion::all().count()));
    }

    #[test]
    fn the_sample_is_read() {
        let (_, job) = sample();
        assert!(job.spec.unwrap().template.spec.unwrap().containers.len() > 20);
    }

    #[test]
    fn a_cron_job_has_no_differences_of_its_own() {
        let spec = tables::named("CronJobSpec").map(tables::ty).unwrap();
        let of_all = |field: &Field| KubernetesVersion::all().all(|version| field.known_in(version.minor()));
        assert!(spec.fields.iter().all(of_all));
    }

    /// Every gate that the code asks for is one that a reader hears of.
    #[test]
    fn every_gate_that_decides_is_listed() {
        fn sources(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let path = entry.path();
                if path.is_dir() && !path.ends_with("tables") && !path.ends_with("closed_world") {
                    sources(&path, found);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    found.push(path);
                }
            }
        }
        let mut files = Vec::new();
        sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
        let listed: Vec<Gate> = deciding_gates().into_iter().map(|(gate, _)| gate).collect();
        let mut missing = std::collections::BTreeSet::new();
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            for rest in text.split("Gate::").skip(1) {
                let name = rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap();
                missing.extend(Gate::named(name).filter(|gate| !listed.contains(gate)));
            }
        }
        assert!(missing.is_empty(), "DECIDING does not say what these decide: {missing:?}");
    }

    #[test]
    fn every_gate_has_its_reason() {
        let mut decide = DECIDING;
        decide.sort_unstable();
        assert!(decide.windows(2).all(|pair| pair[0].0 != pair[1].0));
        let of_fields: Vec<Gate> =
            field_differences().into_iter().flat_map(|difference| difference.gates).collect();
        for (gate, decides) in deciding_gates() {
            assert!(!decides.is_empty() || of_fields.contains(&gate), "{gate}");
        }
    }
}
