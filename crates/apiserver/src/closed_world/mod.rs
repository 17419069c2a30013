//! Every field that not all versions have, or that a feature gate guards, is classified: with the gate off, the server
//! leaves it out; or one of these lists says why not. A new field that is not classified fails here.

mod asked;
mod lists;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::lists::{MORE_GATES, NOT_DROPPED, UNGATED, VALUES};
use crate::tables::{Field, Gate, JOB, OLDEST_MINOR, Shape, TYPES, TypeId, ty};
use crate::{FeatureGates, Kind, KubernetesVersion, Server};
use jobguard_manifest::Tree;

/// A way from a Job to a field: the types on it with the field of each.
type Route = Vec<(TypeId, &'static Field)>;

/// What to do about a field that is not classified.
const WHAT_TO_DO: &str = "leave it out in src/gated/ where the gate is off, with what comes of it in words; or say in \
                          src/closed_world/lists.rs why it stays (xtask/README.md, Adding a Kubernetes version)";

/// All ways to all fields below a Job.
fn routes() -> Vec<Route> {
    fn walk(id: TypeId, route: &mut Route, found: &mut Vec<Route>) {
        for field in ty(id).fields {
            if route.iter().any(|(passed, _)| *passed == id) {
                continue;
            }
            route.push((id, field));
            found.push(route.clone());
            if let Shape::Object(next) = field.shape.innermost() {
                walk(*next, route, found);
            }
            route.pop();
        }
    }
    let mut found = Vec::new();
    walk(JOB, &mut Vec::new(), &mut found);
    found
}

fn last(route: &Route) -> (&'static str, &'static Field) {
    let (id, field) = route.last().expect("a route has a field");
    (ty(*id).name, field)
}

/// The gates that the API's comments name, and those that are known otherwise.
fn gates(ty: &str, field: &Field) -> BTreeSet<Gate> {
    let more = MORE_GATES.iter().filter(|(of, name, _)| (*of, *name) == (ty, field.name));
    field.gates.iter().copied().chain(more.map(|(_, _, gate)| *gate)).collect()
}

/// A value of a shape; `text` is what a text says.
fn value(shape: &Shape, text: &str) -> Value {
    match shape {
        Shape::Object(_) => json!({}),
        Shape::List(element) => json!([value(element, text)]),
        Shape::Map(element) => json!({"a": value(element, text)}),
        Shape::Int32 | Shape::Int64 | Shape::IntOrString => json!(1),
        Shape::Bool => json!(true),
        Shape::Str => json!(text),
        Shape::Time => json!("2026-01-01T00:00:00Z"),
        Shape::Quantity => json!("1"),
        Shape::Opaque => json!({}),
    }
}

/// Sets the field at the end of a route, and all that leads to it, and says where it is.
fn set(object: &mut Value, route: &[(TypeId, &'static Field)], path: &mut String) {
    let [(id, field), rest @ ..] = route else { return };
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(field.name);
    if rest.is_empty() {
        let known = VALUES.iter().find(|(of, name, _)| (*of, *name) == (ty(*id).name, field.name));
        object[field.name] = value(&field.shape, known.map_or("a", |(_, _, text)| text));
        return;
    }
    if object[field.name].is_null() {
        object[field.name] = value(&field.shape, "a");
    }
    let (mut next, mut shape) = (&mut object[field.name], &field.shape);
    loop {
        match shape {
            Shape::List(element) => {
                path.push_str("[0]");
                (next, shape) = (&mut next[0], element);
            }
            Shape::Map(element) => {
                path.push_str("[a]");
                (next, shape) = (&mut next["a"], element);
            }
            _ => break,
        }
    }
    set(next, rest, path);
}

/// Whether a server leaves out the field at the end of a route because of the gate, or something that the field is in.
fn drops(server: &Server, kind: Kind, route: &Route, gate: Gate) -> Result<(), String> {
    let mut job = json!({
        "metadata": {"name": "a"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "a"}]}}},
    });
    let mut path = String::new();
    set(&mut job, route, &mut path);
    if kind == Kind::CronJob {
        path = format!("spec.jobTemplate.{path}");
        job = json!({"metadata": {"name": "a"}, "spec": {"schedule": "@daily", "jobTemplate": job}});
    }
    let tree = Tree::from_value(&job);
    let decoded = server.decode(&tree, tree.root(), kind);
    let written = decoded.workload.unwrap_or_else(|| panic!("{path}: {:?}", decoded.complaints));
    let prepared = server.created(written).prepare_for_create();
    let is_in = |dropped: &str| {
        path.strip_prefix(dropped).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let mut dropped = decoded.dropped.iter().chain(prepared.dropped());
    let found = dropped.find(|dropped| dropped.gate == gate && is_in(&dropped.path.to_string()));
    match found {
        None => return Err(path),
        // The CronJob keeps it, and validates it.
        Some(dropped) if dropped.by_jobs_only => return Ok(()),
        Some(_) => {}
    }
    // What is left out is not looked at, only what is left around it.
    for error in server.validate_create(&prepared) {
        let named = error.path.to_string();
        let is_below =
            named.strip_prefix(&path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        assert!(!is_below, "{path} is left out, and refused: {error:?}");
    }
    Ok(())
}

#[test]
fn a_field_that_stays_is_found() {
    let server = Server::of(KubernetesVersion::NEWEST_COMPARED);
    let limits = routes().into_iter().filter(|route| last(route).1.name == "backoffLimit");
    for route in limits {
        let kept = drops(&server, Kind::Job, &route, Gate::GenericWorkload);
        assert_eq!(kept, Err("spec.backoffLimit".to_owned()));
    }
}

#[test]
fn what_a_closed_gate_guards_is_left_out() {
    let (mut unclassified, mut used, mut runs) = (BTreeSet::new(), BTreeSet::new(), 0);
    for route in routes() {
        let (ty, field) = last(&route);
        for gate in gates(ty, field) {
            for version in KubernetesVersion::all() {
                let mut off = FeatureGates::default();
                off.set(gate.name(), false).expect("a gate of the tables");
                let is_known = route.iter().all(|(_, field)| field.known_in(version.minor()));
                let Some(server) = off.on(version).ok().filter(|_| is_known) else { continue };
                for kind in [Kind::Job, Kind::CronJob] {
                    runs += 1;
                    let Err(path) = drops(&server, kind, &route, gate) else { continue };
                    let reason = NOT_DROPPED.iter().position(|known| {
                        (known.ty, known.field, known.gate) == (ty, field.name, gate)
                            && path.contains(known.within)
                    });
                    match reason {
                        Some(reason) => _ = used.insert(reason),
                        None => {
                            unclassified.insert(format!(
                                "{ty}.{}: with the feature gate {gate} off, Kubernetes {version} keeps {path}",
                                field.name
                            ));
                        }
                    }
                }
            }
        }
    }
    assert!(runs > 500, "only {runs} objects were tried");
    assert!(unclassified.is_empty(), "{unclassified:#?}\n{WHAT_TO_DO}");
    let unused: Vec<_> =
        (0..NOT_DROPPED.len()).filter(|at| !used.contains(at)).map(|at| &NOT_DROPPED[at]).collect();
    assert!(unused.is_empty(), "explained, and never found: {unused:#?}");
}

#[test]
fn what_is_new_without_a_gate_is_looked_at() {
    // A type that came or went with the fields that lead to it needs no word of its own.
    let spans = |id: TypeId| -> BTreeSet<(u8, Option<u8>)> {
        let leads_here = |field: &&'static Field| *field.shape.innermost() == Shape::Object(id);
        let fields = TYPES.iter().flat_map(|ty| ty.fields).filter(leads_here);
        fields.map(|field| (field.since, field.until)).collect()
    };
    let mut found = BTreeSet::new();
    for route in routes() {
        let (id, field) = *route.last().expect("a route has a field");
        let is_news = field.since > OLDEST_MINOR || field.until.is_some();
        let comes_along = spans(id) == BTreeSet::from([(field.since, field.until)]);
        if is_news && !comes_along && gates(ty(id).name, field).is_empty() {
            found.insert((ty(id).name, field.name));
        }
    }
    let known: BTreeSet<_> = UNGATED.iter().map(|(ty, field, _)| (*ty, *field)).collect();
    let news: Vec<_> = found.difference(&known).collect();
    assert!(
        news.is_empty(),
        "{news:?}: new or gone in some version, and not known to be behind a gate. If the API server's code asks one, \
         add it to MORE_GATES; else say in UNGATED where the field is validated ({WHAT_TO_DO})"
    );
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(gone.is_empty(), "explained, and never found: {gone:?}");
    // The other list holds together, too.
    for (of, name, gate) in MORE_GATES {
        let field = crate::tables::named(of).and_then(|id| ty(id).field(name));
        let field = field.unwrap_or_else(|| panic!("there is no {of}.{name}"));
        assert!(!field.gates.contains(gate), "{of}.{name}: its comment names {gate} by now");
    }
}
