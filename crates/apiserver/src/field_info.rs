//! What the API has: the fields of a Job and of a CronJob, for those who write one.

use super::schema::{Field, Schema, Shape};
use super::{Gate, Kind, KubernetesVersion, Server, tables};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// An object with known fields.
    Object,
    /// A list of such objects.
    Objects,
    /// A list of values.
    List,
    /// An object with free keys.
    Map,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// Text, a quantity, a time.
    Text,
}

/// A field of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldInfo {
    /// Its name, as written in a manifest.
    pub name: &'static str,
    /// Its type in the API server's own words: `int32`, `[]string`, `v1.PodTemplateSpec`, `v1.RestartPolicy`.
    pub type_name: String,
    /// What it holds.
    pub holds: Holds,
    /// The first version that knows it; none where the oldest that is known does.
    pub since: Option<KubernetesVersion>,
    /// The last version that knows it, unless the newest does.
    pub until: Option<KubernetesVersion>,
    /// The feature gates that the API's own comments name.
    pub gates: &'static [Gate],
}

impl FieldInfo {
    fn of(field: &'static Field) -> Self {
        let version = |minor| KubernetesVersion::all().find(|version| version.minor() == minor);
        Self {
            name: field.name,
            type_name: tables::go_name(field, &field.shape),
            holds: holds(&field.shape),
            since: version(field.since).filter(|version| *version != KubernetesVersion::OLDEST),
            until: field.until.and_then(version),
            gates: field.gates,
        }
    }
}

fn holds(shape: &Shape) -> Holds {
    match shape {
        Shape::Object(_) => Holds::Object,
        Shape::List(Shape::Object(_)) => Holds::Objects,
        Shape::List(_) => Holds::List,
        Shape::Map(_) | Shape::Opaque => Holds::Map,
        Shape::Bool => Holds::Bool,
        Shape::Int32 | Shape::Int64 => Holds::Number,
        Shape::Str | Shape::Time | Shape::Quantity | Shape::IntOrString => Holds::Text,
    }
}

/// The field at `steps` in an object, in whatever version it is; none where there is none. A step is a key, or anything for
/// an element of a list.
pub fn field_info(kind: Kind, steps: &[&str]) -> Option<FieldInfo> {
    let (last, before) = steps.split_last()?;
    match shape_at(kind, before)? {
        Shape::Object(id) => tables::ty(*id).field(last).map(FieldInfo::of),
        _ => None,
    }
}

impl Server {
    /// The fields that the object at `steps` may have in this version, by name; none where there is no object with known fields.
    pub fn fields_at(&self, kind: Kind, steps: &[&str]) -> Vec<FieldInfo> {
        match shape_at(kind, steps) {
            Some(Shape::Object(id)) => self.schema().fields(*id).map(FieldInfo::of).collect(),
            _ => Vec::new(),
        }
    }
}

fn shape_at(kind: Kind, steps: &[&str]) -> Option<&'static Shape> {
    steps.iter().try_fold(Schema::root_shape(kind), |shape, step| match shape {
        Shape::Object(id) => tables::ty(*id).field(step).map(|field| &field.shape),
        Shape::List(inner) | Shape::Map(inner) => Some(*inner),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: [&str; 5] = ["spec", "jobTemplate", "spec", "template", "spec"];

    #[test]
    fn fields_by_their_paths() {
        let of = |steps: &[&str]| field_info(Kind::CronJob, &[&POD[..], steps].concat());
        let policy = of(&["restartPolicy"]).unwrap();
        assert_eq!((policy.type_name.as_str(), policy.holds), ("v1.RestartPolicy", Holds::Text));
        assert_eq!((policy.since, policy.until), (None, None));
        let containers = of(&["containers"]).unwrap();
        assert_eq!((containers.type_name.as_str(), containers.holds), ("[]v1.Container", Holds::Objects));
        assert_eq!(of(&["containers", "0", "image"]).unwrap().type_name, "string");
        assert_eq!(of(&["containers", "0", "resources", "limits"]).unwrap().type_name, "v1.ResourceList");
        assert_eq!(of(&["containers", "0", "imag"]), None);
        assert_eq!(of(&["hostname", "x"]), None);
        assert_eq!(field_info(Kind::Job, &[]), None);
        let profile = of(&["securityContext", "appArmorProfile"]).unwrap();
        assert_eq!(profile.since.unwrap().to_string(), "1.30");
    }

    #[test]
    fn fields_of_a_version() {
        let names = |version: &str| {
            let server = Server::of(version.parse().unwrap());
            let fields = server.fields_at(Kind::Job, &["spec", "template", "spec", "securityContext"]);
            fields.iter().map(|field| field.name).collect::<Vec<_>>()
        };
        assert!(names("1.36").contains(&"appArmorProfile"));
        assert!(!names("1.29").contains(&"appArmorProfile"));
        let server = Server::of(KubernetesVersion::default());
        assert!(server.fields_at(Kind::CronJob, &[]).iter().any(|field| field.name == "spec"));
        assert!(server.fields_at(Kind::Job, &["metadata", "labels"]).is_empty());
    }
}
