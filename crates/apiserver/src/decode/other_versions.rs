//! Fields that a version does not have and others have: what is wrong with one, and what to do.
//!
//! Which version to go to is not looked up but asked: each later server is given the whole object. A field can be known
//! and left out for a gate of what it is in, or be refused for its value.

use jobguard_manifest::{FieldPath, NodeId, NodeKind, Tree};

use crate::schema::{Field, Schema, TypeId};
use crate::{Dropped, FieldError, Gate, KubernetesVersion, Server, Topic, Workload, ranges};

/// What is wrong with a field of other versions: in the same words for all versions that do not have it.
pub(super) fn message(ty: &str, field: &Field) -> String {
    let Field { name, since, until, .. } = field;
    match until {
        None => format!("{ty} has no field {name} before Kubernetes 1.{since}"),
        Some(until) if *since == KubernetesVersion::OLDEST.minor() => {
            format!("{ty} has no field {name} after Kubernetes 1.{until}")
        }
        Some(until) if until == since => format!("{ty} has a field {name} in Kubernetes 1.{until} only"),
        Some(until) => format!("{ty} has a field {name} in Kubernetes 1.{since} to 1.{until} only"),
    }
}

/// What to do about a field whose place later versions have changed: what is in it stands beside it today. The name of
/// what is to be there then comes first.
pub(super) fn moved(
    schema: Schema,
    id: TypeId,
    field: &Field,
    tree: &Tree<'_>,
    value: NodeId,
) -> Option<(&'static str, String)> {
    let until = field.until?;
    let NodeKind::Map(entries) = &tree[value].kind else { return None };
    let beside = |name: &str| schema.field(id, name).filter(|beside| beside.since > until);
    let names: Vec<&'static str> =
        entries.iter().map(|entry| beside(&entry.key).map(|field| field.name)).collect::<Option<_>>()?;
    let first = names.first()?;
    Some((first, format!("move {} up, in place of {}", names.join(" and "), field.name)))
}

/// What a server reads: the object where it can, its complaints, and what it leaves out as it reads.
pub(super) type Read = (Option<Workload>, Vec<FieldError>, Vec<Dropped>);

/// What a server makes of a field.
enum Treatment {
    Unknown,
    Dropped(Gate),
    Kept,
    /// It refuses the field's value, or nothing can be said, because it cannot read the object.
    Refused,
}

/// Says what to do about the fields of other versions among the complaints, each with its position, where nothing has been
/// said yet. `read` is how another server reads the object.
pub(super) fn help(
    server: &Server,
    complaints: &mut [FieldError],
    of_other_versions: &[(usize, &'static Field)],
    read: impl Fn(&Server) -> Read,
) {
    let open = of_other_versions.iter().filter(|(at, _)| complaints[*at].help.is_none());
    let (old, new): (Vec<_>, Vec<_>) = open.copied().partition(|(_, field)| field.until.is_some());
    for (at, field) in old {
        complaints[at].help = Some(only_in(field));
    }
    if new.is_empty() {
        return;
    }
    let paths: Vec<&FieldPath> = new.iter().map(|(at, _)| &complaints[*at].path).collect();
    let mut found: Vec<Vec<(KubernetesVersion, Treatment)>> = paths.iter().map(|_| Vec::new()).collect();
    for later in server.later() {
        let treatments = treatments(&later, read(&later), &paths);
        for (found, treatment) in found.iter_mut().zip(treatments) {
            found.push((later.version(), treatment));
        }
    }
    for ((at, _), treatments) in new.into_iter().zip(found) {
        complaints[at].help = Some(advice(&treatments));
    }
}

/// What to do about a field that only older versions have.
fn only_in(field: &Field) -> String {
    match field.until {
        Some(until) if until == field.since => format!("remove it; only Kubernetes 1.{until} knows it"),
        Some(until) => format!("remove it; only Kubernetes 1.{} to 1.{until} know it", field.since),
        None => "remove it".to_owned(),
    }
}

/// What to do about a field, by what later versions make of it, oldest first.
fn advice(treatments: &[(KubernetesVersion, Treatment)]) -> String {
    let versions = |is: fn(&Treatment) -> bool| -> Vec<KubernetesVersion> {
        treatments.iter().filter(|(_, of)| is(of)).map(|(version, _)| *version).collect()
    };
    let kept = versions(|of| matches!(of, Treatment::Kept));
    if !kept.is_empty() {
        return format!("remove it, or use Kubernetes {}", from(&kept));
    }
    // What is refused once its gate is on is not helped by the gate.
    if treatments.iter().any(|(_, of)| matches!(of, Treatment::Refused)) {
        return "remove it".to_owned();
    }
    let dropped = versions(|of| matches!(of, Treatment::Dropped(_)));
    let gate = treatments.iter().rev().find_map(|(_, of)| match of {
        Treatment::Dropped(gate) => Some(gate),
        _ => None,
    });
    match gate {
        Some(gate) => {
            format!("remove it; Kubernetes {} drops it, unless the feature gate {gate} is on", from(&dropped))
        }
        None => "remove it".to_owned(),
    }
}

/// Versions in words: `1.34 or later` where no newer one is left out.
fn from(versions: &[KubernetesVersion]) -> String {
    match (versions, ranges(versions).as_slice()) {
        ([first, ..], [_]) if versions.last() == Some(&KubernetesVersion::NEWEST) => {
            format!("{first} or later")
        }
        (_, ranges) => ranges.join(", "),
    }
}

/// What a server makes of the fields at `paths`, none of which is below another.
fn treatments(
    server: &Server,
    (workload, complaints, dropped): Read,
    paths: &[&FieldPath],
) -> Vec<Treatment> {
    let is_unknown = |path: &FieldPath| {
        let mut unknown = complaints.iter().filter(|error| error.topic == Topic::UnknownField);
        unknown.any(|error| path.starts_with(&error.path))
    };
    let Some(workload) = workload else {
        let of = |path: &&FieldPath| if is_unknown(path) { Treatment::Unknown } else { Treatment::Refused };
        return paths.iter().map(of).collect();
    };
    let prepared = server.created(workload).prepare_for_create();
    let errors = server.validate_create(&prepared);
    let treatment = |path: &&FieldPath| {
        let mut dropped = dropped.iter().chain(prepared.dropped());
        if is_unknown(path) {
            Treatment::Unknown
        } else if let Some(dropped) = dropped.find(|dropped| path.starts_with(&dropped.path)) {
            Treatment::Dropped(dropped.gate)
        } else if errors.iter().any(|error| error.at.as_ref().unwrap_or(&error.path).starts_with(path)) {
            Treatment::Refused
        } else {
            Treatment::Kept
        }
    };
    paths.iter().map(treatment).collect()
}
