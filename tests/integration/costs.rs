//! What it costs to judge an object grows with its size, and not with the square of it.
//!
//! The schema of the Kubernetes types names every list, every map and every text that a Job or a CronJob can have. Each
//! is filled with so many elements and with eight times as many, alike and different, good and bad; and the processor
//! time of the larger must not be much more than eight times that of the smaller. What grows with the square takes 64
//! times as long.
//!
//! Processor time of the thread is compared, the least of several measurements, and only by ratio.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod pairs;
mod schema;

use jiff::Timestamp;
use jobguard::apiserver::Workload;
use jobguard::engine::{Author, Context, Input, Neighbours, Object, check, check_update};
use jobguard::mutate;
use jobguard::policy::{Policy, load};
use jobguard::rules::registry;
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

use schema::{Filled, Place, Shape};

/// How many elements of each of two lists, and how many times as many.
const FEW: usize = 250;
const TIMES: usize = 8;
/// The same for the length of a text, in bytes.
const SHORT: usize = 2 * 1024;
/// How much more than `TIMES` times as long the larger may take: half of what grows with the square takes.
const MOST: f64 = 3.0;
/// How often a suspicion is measured again.
const AGAIN: usize = 6;

/// Every rule denies, and much is filled in.
fn policy() -> Policy {
    let text = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: test}\nspec:\n  extends: strict\n  \
                rules: {'*': deny}\n  kubernetesVersion: '1.30'\n  defaults: {labels: {team: a}, template: {labels: {team: a}}}\n  \
                overrides:\n  - match: {labels: {app: 'a*b*c'}, names: ['*x*y*']}\n    rules: {'*': warn}\n";
    let source = load::Source { name: "policy.yaml".into(), text: text.to_owned() };
    load::read(&source, registry().catalog(), &load::no_files).unwrap()
}

fn seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Does all that a webhook and the linter do with an object once it is read: created, and changed from one that is the
/// same but suspended.
fn judge(policy: &Policy, value: &Value) -> usize {
    let now: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
    let context = Context {
        registry: registry(),
        policy,
        neighbours: &Neighbours::default(),
        file: None,
        input: Input::Alone,
        now,
        namespace_labels: None,
        cancellation: None,
        author: Author::default(),
    };
    let read = |value: &Value| match value["kind"].as_str() {
        Some("CronJob") => Workload::CronJob(Box::new(serde_json::from_value(value.clone()).unwrap())),
        _ => Workload::Job(Box::new(serde_json::from_value(value.clone()).unwrap())),
    };
    let settings = policy.settings_for(&jobguard::engine::subject(&read(value), None));
    let server = &policy.server;
    let mut changes = Vec::new();
    let created = Object::created(server, read(value), |workload| {
        changes = mutate::fill(workload, &settings.defaults);
        !changes.is_empty()
    });
    let patch = mutate::json_patch(&changes);
    let verdict = check(&created, &context);
    let mut stored = read(value);
    server.apply_defaults(&mut stored);
    let stored = Object::prepared(stored);
    let mut changed = value.clone();
    changed["spec"]["suspend"] = true.into();
    let changed = Object::updated(server, read(&changed), &stored, |_| false);
    let update = check_update(&stored, &changed, &context);
    verdict.findings.len() + update.findings.len() + patch.0.len()
}

fn cost(policy: &Policy, value: &Value) -> f64 {
    let start = seconds();
    std::hint::black_box(judge(policy, value));
    seconds() - start
}

/// What of an object costs too much: of what `make` makes of a number, and of `TIMES` as much. What takes less than
/// `nothing`, in seconds, is not looked at.
fn excess(policy: &Policy, nothing: f64, few: usize, make: impl Fn(usize) -> Value) -> Option<String> {
    let large = make(few * TIMES);
    let mut most = cost(policy, &large);
    // Not worth a comparison.
    if most <= nothing {
        return None;
    }
    let small = make(few);
    let mut least = f64::INFINITY;
    for _ in 0..AGAIN {
        least = least.min(cost(policy, &small));
        if most <= least * TIMES as f64 * MOST {
            return None;
        }
        most = most.min(cost(policy, &large));
    }
    Some(format!("{:.1} ms, and {:.1} ms for {TIMES} times as much", least * 1e3, most * 1e3))
}

/// The cost of an object with nothing much in it, several times over: what costs no more is not compared.
fn nothing(policy: &Policy) -> f64 {
    let object = schema::base("CronJob");
    judge(policy, &object);
    let least = (0..AGAIN).map(|_| cost(policy, &object)).fold(f64::INFINITY, f64::min);
    least * 4.0
}

fn report(excessive: &[String]) {
    assert!(excessive.is_empty(), "{} cost too much:\n{}", excessive.len(), excessive.join("\n"));
}

fn every_list_and_map(filled: Filled) {
    let policy = policy();
    let nothing = nothing(&policy);
    let places = schema::places();
    let lists: Vec<&Place> =
        places.iter().filter(|place| matches!(place.shape, Shape::List | Shape::Map)).collect();
    assert!(lists.len() > 80, "{} lists and maps are few", lists.len());
    let mut excessive = Vec::new();
    for place in lists {
        let few = schema::few(place, filled);
        if let Some(costs) = excess(&policy, nothing, few, |count| schema::object(place, filled, count)) {
            excessive.push(format!("{}: {costs}", place.path()));
        }
    }
    report(&excessive);
}

#[test]
fn every_list_and_map_of_empty_elements_costs_in_proportion() {
    every_list_and_map(Filled::Empty);
}

#[test]
fn every_list_and_map_of_elements_that_are_alike_costs_in_proportion() {
    every_list_and_map(Filled::Alike);
}

#[test]
fn every_list_and_map_of_elements_that_differ_costs_in_proportion() {
    every_list_and_map(Filled::Different);
}

#[test]
fn every_text_costs_in_proportion() {
    let policy = policy();
    let nothing = nothing(&policy);
    let places = schema::places();
    let texts: Vec<&Place> = places.iter().filter(|place| place.shape == Shape::Text).collect();
    assert!(texts.len() > 100, "{} texts are few", texts.len());
    let mut excessive = Vec::new();
    for place in texts {
        for piece in ["a", "1,", "a.", "*/", "$(A", "- "] {
            let make = |length: usize| schema::with_text(place, &piece.repeat(length / piece.len()));
            if let Some(costs) = excess(&policy, nothing, SHORT, make) {
                excessive.push(format!("{} ({piece:?}): {costs}", place.path()));
            }
        }
    }
    report(&excessive);
}

#[test]
fn what_is_looked_up_in_another_list_costs_in_proportion() {
    let policy = policy();
    let nothing = nothing(&policy);
    let excessive: Vec<String> = pairs::ALL
        .iter()
        .filter_map(|(name, make)| {
            excess(&policy, nothing, FEW, make).map(|costs| format!("{name}: {costs}"))
        })
        .collect();
    report(&excessive);
}
