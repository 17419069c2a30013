//! One cause, one finding, and no cause without one: what the API server refuses is reported, unless it is gone once
//! what is reported has been put right.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use jiff::Timestamp;
use jobguard::apiserver::{Cause, FieldError, Kind, Relation};
use jobguard::diagnostic::Diagnostic;
use jobguard::linter::Linter;
use jobguard::manifest::edit::Edit;
use jobguard::manifest::{Segment, Tree};
use jobguard::policy::{Policy, Preset, load};
use jobguard::rules::registry;
use jobguard::sources::Source;
use serde_json::{Map, Value, json};

use crate::support::recordings::CONFORMANCE;

/// How many damaged objects are made of each recorded one.
const DAMAGED: usize = 2;

/// What tells one objection from another.
type Objection = (String, &'static str);

fn baseline() -> Policy {
    load::preset(Preset::Baseline, registry().catalog()).unwrap()
}

fn linter(policy: &Policy) -> Linter<'_> {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    Linter::new(policy, now)
}

fn source(object: &Value) -> [Source; 1] {
    [Source::Text { name: "object.json".to_owned(), bytes: object.to_string().into_bytes() }]
}

fn kind_of(object: &Value) -> Kind {
    if object["kind"] == "CronJob" { Kind::CronJob } else { Kind::Job }
}

/// What the server's validation objects to; nothing where a value has the wrong type.
fn refused(object: &Value) -> Vec<FieldError> {
    let tree = Tree::from_value(object);
    let server = crate::support::server();
    let Some(workload) = server.decode(&tree, tree.root(), kind_of(object)).workload else {
        return Vec::new();
    };
    server.validate_create(&server.created(workload).prepare_for_create())
}

fn objection(error: &FieldError) -> Objection {
    (error.path.to_string(), error.cause.as_str())
}

/// A pseudo-random number below `end`.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(end).unwrap()).unwrap()
    }
}

/// The pointers to all objects below a value.
fn maps(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.push(at.to_owned());
            for (name, value) in fields {
                maps(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                maps(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// Misspells, misplaces or takes out a field.
fn damage(object: &mut Value, dice: &mut Dice) {
    let mut places = Vec::new();
    maps(&object["spec"], "/spec", &mut places);
    let place = |dice: &mut Dice| places[dice.below(places.len())].clone();
    let from = place(dice);
    let fields = |object: &mut Value, at: &str| -> Option<Map<String, Value>> {
        object.pointer_mut(at)?.as_object_mut().map(std::mem::take)
    };
    let Some(mut map) = fields(object, &from) else { return };
    let names: Vec<String> = map.keys().cloned().collect();
    let mut moved = None;
    if !names.is_empty() {
        let name = &names[dice.below(names.len())];
        let value = map.remove(name).unwrap_or_default();
        match dice.below(5) {
            0 => {
                let mut letters = name.chars();
                let first = letters.next().map(|c| c.to_ascii_uppercase());
                map.insert(first.into_iter().chain(letters).collect(), value);
            }
            1 => {
                map.insert(format!("{name}s"), value);
            }
            2 => {}
            3 => {
                map.insert(name.clone(), value);
                moved = Some(("name".to_owned(), json!("unrelated")));
            }
            _ => moved = Some((name.clone(), value)),
        }
    }
    *object.pointer_mut(&from).unwrap() = Value::Object(map);
    if let Some((name, value)) = moved {
        let to = place(dice);
        if let Some(Value::Object(map)) = object.pointer_mut(&to) {
            map.entry(name).or_insert(value);
        }
    }
}

/// The objections that no finding is about, and that are still there once the findings' fixes have been made.
fn hidden(policy: &Policy, object: &Value) -> Vec<Objection> {
    let report = linter(policy).lint(&source(object)).report;
    let said: BTreeSet<String> = report.diagnostics.iter().map(|found| found.path.to_string()).collect();
    // All there is to say about the spec of a Job of the wrong kind.
    if said.contains("kind") {
        return Vec::new();
    }
    let of_name = |error: &FieldError| match &error.relation {
        Some(Relation::MadeFrom(path)) => said.contains(&path.to_string()),
        _ => false,
    };
    let unsaid: Vec<Objection> = refused(object)
        .iter()
        .filter(|error| !said.contains(&error.path.to_string()) && !of_name(error))
        .map(objection)
        .collect();
    if unsaid.is_empty() {
        return unsaid;
    }
    let left: BTreeSet<Objection> = refused(&put_right(object)).iter().map(objection).collect();
    unsaid.into_iter().filter(|objection| left.contains(objection)).collect()
}

/// The object with what is unknown in it renamed or moved, as the findings say.
fn put_right(object: &Value) -> Value {
    let tree = Tree::from_value(object);
    let mut after = object.clone();
    let mut complaints = crate::support::server().decode(&tree, tree.root(), kind_of(object)).complaints;
    // Objects first: what goes into one of them would otherwise stand in its place.
    complaints
        .sort_by_key(|error| !object.pointer(&error.path.to_json_pointer()).is_some_and(Value::is_object));
    for error in complaints {
        let Some(parent) = error.path.parent() else { continue };
        let Some(Segment::Field(name)) = error.path.segments().last() else { continue };
        let edit = error.suggestion.map(|suggestion| suggestion.edit);
        let (to, value) = match (edit, error.relation) {
            (Some(Edit::RenameKey { to, .. }), _) => (parent.clone().field(to), None),
            (Some(Edit::Move { to, .. }), _) => (to, None),
            // Another value than the one that stands there.
            (None, Some(Relation::Supplies(to))) => (to, Some(json!("Never"))),
            (None, Some(Relation::SuppliesObject(to, _))) => (to, None),
            _ => continue,
        };
        let taken = after.pointer_mut(&parent.to_json_pointer()).and_then(Value::as_object_mut);
        let taken = taken.and_then(|map| map.remove(name.as_ref()));
        let mut at = &mut after;
        for segment in to.segments() {
            at = match segment {
                Segment::Index(index) => &mut at[*index],
                Segment::Field(name) | Segment::Key(name) => &mut at[name.as_ref()],
            };
        }
        if at.is_null() {
            *at = value.or(taken).unwrap_or_default();
        }
    }
    after
}

fn recorded() -> Vec<Value> {
    let read = |name: &str| CONFORMANCE.find_or_report(name).unwrap_or_default();
    let objects = |text: String| {
        let vectors = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        vectors.map(|vector| vector["object"].clone()).collect::<Vec<_>>()
    };
    ["job.jsonl", "cronjob.jsonl", "podtemplate.jsonl"].into_iter().map(read).flat_map(objects).collect()
}

#[test]
fn no_objection_is_hidden_by_an_unrelated_finding() {
    let policy = baseline();
    let mut dice = Dice(7);
    let (mut refusals, mut wrong) = (0, Vec::new());
    for object in recorded().into_iter().filter(|object| object["spec"].is_object()) {
        for _ in 0..DAMAGED {
            let mut damaged = object.clone();
            for _ in 0..=dice.below(3) {
                damage(&mut damaged, &mut dice);
            }
            refusals += usize::from(!refused(&damaged).is_empty());
            let hidden = hidden(&policy, &damaged);
            if !hidden.is_empty() {
                wrong.push((hidden, damaged.to_string()));
            }
        }
    }
    assert!(refusals > 500, "{refusals}");
    assert!(wrong.is_empty(), "{} of them: {:#?}", wrong.len(), &wrong[..wrong.len().min(5)]);
}

fn job(spec: Value) -> Value {
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "n"}, "spec": spec})
}

fn said(object: &Value) -> Vec<String> {
    let line = |found: &Diagnostic| {
        let cause = found.cause.map_or("", Cause::as_str);
        format!("{} {cause}", found.path)
    };
    linter(&baseline()).lint(&source(object)).report.diagnostics.iter().map(line).collect()
}

#[test]
fn a_name_elsewhere_hides_no_container_without_one() {
    let object = job(json!({"name": "my-job", "template": {"spec": {
        "restartPolicy": "Never",
        "containers": [{"image": "a:1"}, {"Name": "b", "image": "b:1"}],
    }}}));
    assert_eq!(
        said(&object),
        [
            "spec.name FieldValueNotSupported",
            "spec.template.spec.containers[0].name FieldValueRequired",
            "spec.template.spec.containers[1].Name FieldValueNotSupported",
        ]
    );
}

#[test]
fn a_misplaced_value_hides_nothing_that_the_right_place_says() {
    let of_policy = |misplaced: Value, written: Option<&str>| {
        let mut pod = json!({"containers": [{"name": "a", "image": "a:1"}]});
        if let Some(written) = written {
            pod["restartPolicy"] = written.into();
        }
        said(&job(json!({"restartPolicy": misplaced, "template": {"spec": pod}})))
    };
    let (unknown, right) =
        ("spec.restartPolicy FieldValueNotSupported", "spec.template.spec.restartPolicy FieldValueRequired");
    // The right place has none: all that is missing is there, if elsewhere.
    assert_eq!(of_policy(json!("Never"), None), [unknown]);
    assert_eq!(of_policy(json!("Always"), None), [unknown]);
    // It has one of its own, or is given nothing.
    for (misplaced, written) in [("Never", Some("Always")), ("Never", Some("")), ("", None)] {
        assert_eq!(of_policy(json!(misplaced), written), [unknown, right], "{misplaced:?} {written:?}");
    }
}

/// A label that the server makes from the name follows from it; one that somebody has written does not.
#[test]
fn a_label_of_ones_own_is_not_the_names_fault() {
    let mut object = job(json!({"template": {"spec": {
        "restartPolicy": "Never", "containers": [{"name": "a", "image": "a:1"}],
    }}}));
    object["metadata"] = json!({"name": "Bad", "labels": {"job-name": "not a label"}});
    let said = said(&object);
    for path in ["metadata.name FieldValueInvalid", "metadata.labels FieldValueInvalid"] {
        assert!(said.contains(&path.to_owned()), "{said:?}");
    }
}
