//! The field that a rule points at.

use jobguard_apiserver::{Kind, NoSuchPath, find_path};
use jobguard_manifest::{FieldPath, Segment};

/// How a path begins.
const ROOTS: &[&str] = &["metadata", "spec", "job"];

/// What is wrong with a path, and what to do about it.
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) help: String,
}

/// Checks a path: written as findings name fields, reading back as it is written, and one that an object of one of these kinds can
/// have.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(text: &str, kinds: &[Kind]) -> Result<(), Wrong> {
    let quoted = crate::policy::reader::quoted(text);
    let path = FieldPath::parse(text);
    let root = match path.segments().first() {
        Some(Segment::Field(root)) => root.as_ref(),
        _ => "",
    };
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let fits = path.to_string() == text
        && ROOTS.contains(&root)
        && path.segments().iter().all(|segment| match segment {
            Segment::Field(name) => is_name(name),
            Segment::Key(key) => !key.is_empty() && !key.chars().any(|c| c.is_control() || c == '*'),
            Segment::Index(_) => true,
        });
    if !fits {
        let help = "write it as findings do, from metadata, spec or job on: \
                    job.spec.template.spec.containers[0].image, or metadata.labels[owner]";
        return Err(Wrong { message: format!("{quoted} is not a field path"), help: help.to_owned() });
    }
    if root == "job" {
        let below = match path.segments().get(1) {
            Some(Segment::Field(field)) => field.as_ref(),
            _ => "",
        };
        if !["spec", "metadata"].contains(&below) {
            let help =
                "write a field of the manifest, from job.spec or job.metadata on: job.spec.parallelism, say";
            return Err(Wrong { message: format!("{quoted} is not a field path"), help: help.to_owned() });
        }
    }
    let mut first = None;
    for kind in kinds {
        match find_path(*kind, &in_kind(&path, *kind)) {
            Ok(()) => return Ok(()),
            Err(why) => {
                // The one that has a suggestion says more.
                let says_more = matches!(why, NoSuchPath::Unknown { near: Some(_), .. });
                if first.is_none() || says_more {
                    first = Some((*kind, why));
                }
            }
        }
    }
    let Some((kind, why)) = first else { return Ok(()) };
    Err(words(&path, &quoted, kind, why))
}

/// A path of the rule in an object of a kind: `job.` stands for the Job, also in a CronJob.
fn in_kind(path: &FieldPath, kind: Kind) -> FieldPath {
    match path.segments() {
        [Segment::Field(job), rest @ ..] if job == "job" => {
            let root = FieldPath::root();
            let start = if kind == Kind::CronJob { root.fields("spec.jobTemplate") } else { root };
            rest.iter().fold(start, |mut path, segment| {
                path.push(segment.clone());
                path
            })
        }
        _ => path.clone(),
    }
}

fn words(path: &FieldPath, quoted: &str, kind: Kind, why: NoSuchPath) -> Wrong {
    let kind = kind.as_str();
    let is_below =
        |root: &str| matches!(path.segments().first(), Some(Segment::Field(first)) if first == root);
    // As the rule writes it.
    let written = |within: String| {
        let of_job = within.strip_prefix("spec.jobTemplate.").unwrap_or(&within);
        if is_below("job") { format!("job.{of_job}") } else { within }
    };
    match why {
        NoSuchPath::Unknown { within, field, near } => {
            let of = if within.is_empty() { String::new() } else { format!(" in {}", written(within)) };
            let help = match near {
                Some(near) => format!("did you mean {near}?"),
                None => {
                    if is_below("spec") && kind == "CronJob" {
                        "of the Job that it makes, write job.spec".to_owned()
                    } else {
                        "leave path out to point at the object's name".to_owned()
                    }
                }
            };
            Wrong { message: format!("{quoted}: a {kind} has no field `{field}`{of}"), help }
        }
        NoSuchPath::Single { within } => {
            let within = written(within);
            Wrong { message: format!("{quoted}: {within} has no fields"), help: format!("write {within}") }
        }
        NoSuchPath::List { within } => {
            let within = written(within);
            Wrong { message: format!("{quoted}: {within} is a list"), help: format!("write {within}[0]") }
        }
        NoSuchPath::Object { within } => Wrong {
            message: format!("{quoted}: {} is not a list", written(within)),
            help: "write its fields with dots".to_owned(),
        },
    }
}
