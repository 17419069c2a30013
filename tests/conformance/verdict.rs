//! A real API server's verdict on Jobs and CronJobs: decoding, defaults, validation on create and update, and the
//! Jobs that CronJobs make.

use std::collections::BTreeSet;

use jobguard::apiserver::{
    self, Decoded, Dropped, FieldError, Kind, KubernetesVersion, Mistyped, Server, Topic, UNKNOWN_UID,
    Workload,
};
use jobguard::manifest::Tree;
use jobguard::manifest::{FieldPath, Segment};
use serde_json::Value;

/// A minute at which a CronJob's run may be due: eight digits, as all minutes of this century.
const SCHEDULED: &str = "2026-01-31T12:00:00Z";

/// The server whose answers the vectors are that name no version.
fn newest() -> Server {
    Server::of(KubernetesVersion::NEWEST_COMPARED)
}

/// A vector of op `create`.
pub(crate) fn create(vector: &Value) -> Result<(), String> {
    create_on(&newest(), vector)
}

/// A vector of op `update`.
pub(crate) fn changed(vector: &Value) -> Result<(), String> {
    changed_on(&newest(), vector)
}

/// A CronJob that the server accepts, and its answer to the Job made from it.
pub(crate) fn child(vector: &Value) -> Result<(), String> {
    child_on(&newest(), vector)
}

pub(crate) fn create_on(server: &Server, vector: &Value) -> Result<(), String> {
    let Decoded { workload, complaints, mistyped, dropped } = decoded(server, vector, "object");
    if let Some(expected) = vector.get("type_error").filter(|error| !error.is_null()) {
        if workload.is_some() {
            return Err(format!("the server stops at {expected}, we do not"));
        }
        if !mistyped.iter().any(|ours| is_that_type_error(ours, expected)) {
            return Err(format!("the server's {expected} is not among {mistyped:?}"));
        }
        return Ok(());
    }
    same_set("decoding", &strings(&vector["decode"]), &strict(&complaints))?;
    let Some(mut workload) = workload else {
        return Err(format!("we stop at {mistyped:?}, the server does not"));
    };

    let namespace = &mut workload.metadata_mut().namespace;
    // The namespace of the request.
    namespace.take_if(|name| name.is_empty());
    namespace.get_or_insert_with(|| "default".to_owned());
    let prepared = server.created(workload).prepare_for_create();
    let errors = server.validate_create(&prepared);
    same_verdict(vector, "accepted", "causes", &errors)?;
    if errors.is_empty() {
        let spoken_of: BTreeSet<String> = strings(&vector["warnings"]).iter().map(|w| field_of(w)).collect();
        same_set("warnings", &spoken_of, &prepared.warnings().iter().map(subject).collect())?;
        if vector.get("dropped").is_some() {
            let all = dropped.iter().chain(prepared.dropped());
            same_dropped(vector, all)?;
        }
        if let Some(expected) = vector.get("defaulted").filter(|object| !object.is_null()) {
            // As it is read back.
            let mut workload = prepared.into_workload();
            server.apply_defaults(&mut workload);
            let name = expected["metadata"]["name"].as_str().unwrap_or_default();
            same_stored(&FieldPath::root(), expected, &stored(&workload, name))?;
        }
    }
    Ok(())
}

/// The vectors name what is missing from the stored object, at its top: a list whose only element is gone, an object with
/// nothing left in it. What was empty is not in them, nor is `false`, nor what has its default instead.
fn same_dropped<'d>(vector: &Value, ours: impl Iterator<Item = &'d Dropped>) -> Result<(), String> {
    let had_something = |path: &FieldPath| !is_empty(at(&vector["object"], path));
    let theirs: Vec<FieldPath> =
        strings(&vector["dropped"]).iter().map(|path| FieldPath::parse(path)).collect();
    let theirs: Vec<FieldPath> = theirs.into_iter().filter(had_something).collect();
    let ours: Vec<FieldPath> =
        ours.filter(|dropped| !dropped.by_jobs_only).map(|dropped| dropped.path.clone()).collect();
    if let Some(missing) = theirs.iter().find(|theirs| !ours.iter().any(|ours| ours.starts_with(theirs))) {
        return Err(format!("dropped: only the server {missing}"));
    }
    let is_gone = |path: &FieldPath| at(&vector["defaulted"], path).is_null();
    let extra = ours.iter().find(|ours| {
        had_something(ours) && is_gone(ours) && !theirs.iter().any(|theirs| ours.starts_with(theirs))
    });
    extra.map_or(Ok(()), |extra| Err(format!("dropped: only we {extra}")))
}

/// The value that a path leads to; `null` where there is none.
fn at<'v>(value: &'v Value, path: &FieldPath) -> &'v Value {
    path.segments().iter().fold(value, |value, segment| match segment {
        Segment::Field(name) | Segment::Key(name) => &value[name.as_ref()],
        Segment::Index(index) => &value[*index],
    })
}

pub(crate) fn changed_on(server: &Server, vector: &Value) -> Result<(), String> {
    let [old, new] = ["old", "object"].map(|key| decoded(server, vector, key).workload);
    let (Some(mut old), Some(new)) = (old, new) else { return Err("not decoded".to_owned()) };
    server.apply_defaults(&mut old);
    let new = server.updated(new).prepare_for_update(&old);
    same_verdict(vector, "accepted", "causes", &server.validate_update(&new, &old))
}

pub(crate) fn child_on(server: &Server, vector: &Value) -> Result<(), String> {
    let Some(workload) = decoded(server, vector, "object").workload else {
        return Err("not decoded".to_owned());
    };
    let prepared = server.created(workload).prepare_for_create();
    let Workload::CronJob(cron_job) = prepared.workload() else { return Err("no CronJob".to_owned()) };
    let scheduled = SCHEDULED.parse().map_err(|error| format!("{error}"))?;
    let errors = server.validate_child(cron_job, scheduled);
    // What is asked of a CronJob that has passed is the short way to the same answer.
    let short = server.validate_child_of_accepted(cron_job, scheduled);
    if server.validate_create(&prepared).is_empty() && short != errors {
        return Err(format!("the short way says {short:?}"));
    }
    same_verdict(vector, "child_accepted", "child_causes", &errors)
}

fn decoded(server: &Server, vector: &Value, key: &str) -> Decoded {
    let kind = if vector["kind"] == "Job" { Kind::Job } else { Kind::CronJob };
    let tree = Tree::from_value(&vector[key]);
    server.decode(&tree, tree.root(), kind)
}

fn strings(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What strict decoding objects to, in the server's words.
fn strict(complaints: &[FieldError]) -> BTreeSet<String> {
    let words = |error: &FieldError| match error.topic {
        Topic::UnknownField => Some(format!("unknown field {}", error.path)),
        Topic::DuplicateKey => Some(format!("duplicate field {}", error.path)),
        _ => None,
    };
    complaints.iter().filter_map(words).collect()
}

/// The server names a path without indexes and keys, but with the names of embedded types, which begin with a
/// capital; and no path where the fault lies in a quantity.
fn is_that_type_error(ours: &Mistyped, expected: &Value) -> bool {
    let fields = ours.path.segments().iter().filter_map(|segment| match segment {
        Segment::Field(name) => Some(name.as_ref()),
        _ => None,
    });
    let is_field = |part: &&str| !part.starts_with(|c: char| c.is_ascii_uppercase());
    let same_place =
        expected["field"].as_str().is_none_or(|theirs| theirs.split('.').filter(is_field).eq(fields));
    same_place && expected["expected"] == ours.expected.as_str()
}

fn same_verdict(vector: &Value, accepted: &str, causes: &str, errors: &[FieldError]) -> Result<(), String> {
    let pair =
        |pair: &Value| format!("{} {}", pair[0].as_str().unwrap_or(""), pair[1].as_str().unwrap_or(""));
    let theirs = vector[causes].as_array().into_iter().flatten().map(pair).collect();
    let ours = errors.iter().map(|error| format!("{} {}", error.path, error.cause.as_str())).collect();
    // A schedule such as TZ=UTC, and success rules without completions, make some servers panic: nothing is stored.
    if vector["reason"] == "ServerPanic" {
        return if errors.is_empty() { Err("the server panics, we accept".to_owned()) } else { Ok(()) };
    }
    same_set("causes", &theirs, &ours)?;
    if vector[accepted] != errors.is_empty() {
        return Err(format!("the server says {accepted}: {}", vector[accepted]));
    }
    Ok(())
}

fn same_set(what: &str, theirs: &BTreeSet<String>, ours: &BTreeSet<String>) -> Result<(), String> {
    if theirs == ours {
        return Ok(());
    }
    let list =
        |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>().join(", ");
    Err(format!("{what}: only the server [{}], only we [{}]", list(theirs, ours), list(ours, theirs)))
}

/// The field that a warning of the server begins with. About the files of a volume it says `volume "name"`.
fn field_of(warning: &str) -> String {
    warning
        .split(": ")
        .next()
        .unwrap_or(warning)
        .split(' ')
        .next()
        .unwrap_or("")
        .trim_start_matches('.')
        .to_owned()
}

/// The field that a warning of ours is about, as the server would begin.
fn subject(warning: &FieldError) -> String {
    match warning.path.segments() {
        [.., Segment::Field(list), Segment::Index(_)] if list == "volumes" => "volume".to_owned(),
        _ => warning.path.to_string(),
    }
}

/// The object as it is stored, as far as the vectors show it, with the name that the server has chosen for it.
fn stored(workload: &Workload, name: &str) -> Value {
    let mut text = apiserver::stored_form(workload).to_string().replace(UNKNOWN_UID, "<uid>");
    let ours = workload.metadata().name.as_deref().unwrap_or_default();
    if workload.metadata().generate_name.is_some() && ours.ends_with("xxxxx") {
        text = text.replace(&format!("\"{ours}\""), &format!("\"{name}\""));
    }
    let mut value: Value = serde_json::from_str(&text).unwrap_or_default();
    if let Some(prefix) = &workload.metadata().generate_name {
        value["metadata"]["generateName"] = prefix.as_str().into();
    }
    if let Some(metadata) = value["metadata"].as_object_mut() {
        for key in ["uid", "generation", "creationTimestamp", "resourceVersion", "managedFields"] {
            metadata.remove(key);
        }
    }
    value
}

/// The server writes no empty values, except where a pointer of its own tells nothing from empty, and a few empty
/// objects that we leave out.
fn same_stored(at: &FieldPath, theirs: &Value, ours: &Value) -> Result<(), String> {
    match (theirs, ours) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                let path = at.clone().field(key.clone());
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => same_stored(&path, a, b)?,
                    (None, Some(extra)) if is_empty(extra) => {}
                    (Some(extra), None) if is_empty_object(extra) && key != "securityContext" => {}
                    (a, b) => return Err(format!("stored {path}: the server has {a:?}, we have {b:?}")),
                }
            }
            Ok(())
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().try_for_each(|(i, (a, b))| same_stored(&at.clone().index(i), a, b))
        }
        _ if theirs == ours || (theirs.is_null() && is_empty(ours)) => Ok(()),
        _ => Err(format!("stored {at}: the server has {theirs}, we have {ours}")),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.values().all(is_empty),
    }
}

fn is_empty_object(value: &Value) -> bool {
    value.as_object().is_some_and(serde_json::Map::is_empty)
}
