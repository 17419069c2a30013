//! Whether an object of a kind can have a field at a path, whatever the version.

use jobguard_manifest::{FieldPath, Segment};

use super::Kind;
use super::schema::{Schema, Shape};

/// Why no object of a kind has a field at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoSuchPath {
    /// There is no such field.
    Unknown {
        /// The path up to the field, which exists; empty for the object itself.
        within: String,
        /// The field.
        field: String,
        /// The field that may be meant.
        near: Option<&'static str>,
    },
    /// The value there has nothing in it: a text, a number.
    Single {
        /// Its path.
        within: String,
    },
    /// The value there is a list, and the path does not say which element.
    List {
        /// Its path.
        within: String,
    },
    /// The value there is an object with fields, and the path asks for an element.
    Object {
        /// Its path.
        within: String,
    },
}

/// Looks for a path in the fields of a kind.
///
/// # Errors
/// Where there is none, why not.
pub fn find_path(kind: Kind, path: &FieldPath) -> Result<(), NoSuchPath> {
    let schema = Schema::newest();
    let mut shape = Schema::root_shape(kind);
    let mut within = FieldPath::root();
    for segment in path.segments() {
        let here = || within.to_string();
        shape = match (shape, segment) {
            (Shape::Object(id), Segment::Field(field)) => match schema.ty(*id).field(field) {
                Some(found) => &found.shape,
                None => {
                    let known = schema.fields(*id).map(|field| field.name);
                    let near = jobguard_text::nearest(field, known);
                    return Err(NoSuchPath::Unknown { within: here(), field: field.to_string(), near });
                }
            },
            (Shape::Object(_), _) => return Err(NoSuchPath::Object { within: here() }),
            (Shape::List(element), Segment::Index(_)) => element,
            (Shape::List(_), _) => return Err(NoSuchPath::List { within: here() }),
            (Shape::Map(value), _) => value,
            // Nothing is known of what is below.
            (Shape::Opaque, _) => return Ok(()),
            _ => return Err(NoSuchPath::Single { within: here() }),
        };
        within.push(segment.clone());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found() {
        let find = |kind, path: &str| find_path(kind, &FieldPath::parse(path));
        for (kind, path) in [
            (Kind::Job, "spec.template.spec.containers[0].image"),
            (Kind::Job, "metadata.labels[a]"),
            (Kind::Job, "spec.template.spec.containers[0].resources.limits[memory]"),
            (Kind::CronJob, "spec.jobTemplate.spec.parallelism"),
            (Kind::CronJob, "spec.jobTemplate.metadata.annotations[a.b/c]"),
            (Kind::CronJob, "spec.schedule"),
        ] {
            assert_eq!(find(kind, path), Ok(()), "{path}");
        }
        let unknown = |within: &str, field: &str, near| {
            Err(NoSuchPath::Unknown { within: within.to_owned(), field: field.to_owned(), near })
        };
        assert_eq!(find(Kind::Job, "spec.paralelism"), unknown("spec", "paralelism", Some("parallelism")));
        assert_eq!(find(Kind::Job, "spec.schedule"), unknown("spec", "schedule", None));
        let within = |within: &str| within.to_owned();
        assert_eq!(
            find(Kind::Job, "spec.parallelism.a"),
            Err(NoSuchPath::Single { within: within("spec.parallelism") })
        );
        assert_eq!(
            find(Kind::Job, "spec.template.spec.containers.image"),
            Err(NoSuchPath::List { within: within("spec.template.spec.containers") })
        );
        assert_eq!(
            find(Kind::Job, "spec.template[0]"),
            Err(NoSuchPath::Object { within: within("spec.template") })
        );
    }
}
