//! One engine, one verdict: what the linter says of a text with `--with-defaults`, the webhook says of the reviews made
//! from it: `/mutate`, its patch applied, `/validate`.
#![cfg(feature = "serve")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use jiff::Timestamp;
use jobguard::apiserver::{Kind, UNKNOWN_UID, Workload};
use jobguard::diagnostic::Diagnostic;
use jobguard::engine::subject;
use jobguard::linter::Linter;
use jobguard::manifest;
use jobguard::mutate::fill;
use jobguard::policy::{Policy, Preset, load};
use jobguard::rules::registry;
use jobguard::server::{Admission, Endpoint};
use jobguard::sources::Source;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::recordings::CONFORMANCE;

/// What only a text can have: the API server has dropped or refused it before it asks a webhook.
const OF_THE_TEXT: [&str; 7] = [
    "api/syntax",
    "api/type",
    "api/unknown-field",
    "api/duplicate-key",
    "api/removed-version",
    // An object that reaches a webhook has a name.
    "deploy/generate-name",
    // The API server says these itself, besides the webhook's answer.
    "api/server-warning",
];

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// A finding, as far as both tell it: the rule, its weight, the field.
type Told = BTreeSet<(String, String, String)>;

/// What the linter says, and the fields that the API does not have where they stand.
fn linted(policy: &Policy, text: &str) -> (Told, BTreeSet<String>) {
    let linter = Linter { with_defaults: true, ..Linter::new(policy, now()) };
    let outcome = linter.lint(&[Source::Text { name: "object".into(), bytes: text.into() }]);
    let told = |diagnostic: &Diagnostic| {
        (diagnostic.rule.id().to_owned(), diagnostic.severity.to_string(), diagnostic.path.to_string())
    };
    let (of_the_text, findings): (Told, Told) = outcome
        .report
        .diagnostics
        .iter()
        .map(told)
        .partition(|(rule, ..)| OF_THE_TEXT.contains(&rule.as_str()));
    let unknown = of_the_text.iter().filter(|(rule, ..)| rule == "api/unknown-field");
    (findings, unknown.map(|(.., path)| last_field(path)).collect())
}

fn last_field(path: &str) -> String {
    path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase()
}

/// What the webhook says; none where the API server does not get as far as asking.
fn admitted(policy: &Policy, text: &str) -> Option<Told> {
    let documents = manifest::read(text);
    let tree = documents.first()?.content.as_ref().ok()?;
    let kind = match tree.get(tree.root(), "kind").and_then(|kind| tree.str(kind))? {
        "Job" => Kind::Job,
        _ => Kind::CronJob,
    };
    let workload = policy.server.decode(tree, tree.root(), kind).workload?;
    let workload = policy.server.created(workload).into_workload();
    let mut object = match &workload {
        Workload::Job(job) => serde_json::to_value(job),
        Workload::CronJob(cron_job) => serde_json::to_value(cron_job),
    }
    .unwrap();

    let admission = Admission::new(policy.clone());
    let ask = |endpoint, object: &Value| -> Value {
        let review = json!({
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": "1",
                "kind": {"group": "batch", "version": "v1", "kind": kind.as_str()},
                "resource": {"group": "batch", "version": "v1", "resource": "jobs"},
                "operation": "CREATE",
                "userInfo": {"username": "somebody"},
                "object": object,
            }
        });
        serde_json::to_value(admission.answer(endpoint, review.to_string().as_bytes(), now()).unwrap())
            .unwrap()
    };
    let mutated = ask(Endpoint::Mutate, &object);
    if let Some(patch) = mutated["response"]["patch"].as_str() {
        let patch = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, patch).unwrap();
        let patch: json_patch::Patch = serde_json::from_slice(&patch).unwrap();
        json_patch::patch(&mut object, &patch).unwrap();
        let again = ask(Endpoint::Mutate, &object);
        assert_eq!(again["response"].get("patch"), None, "filled in twice: {text}");
    }
    let answer = ask(Endpoint::Validate, &object);
    let response = &answer["response"];

    let findings = response["auditAnnotations"]["findings"].as_str().unwrap_or_default();
    let weights: BTreeSet<(&str, &str)> = findings
        .split(',')
        .filter(|entry| !entry.is_empty())
        .map(|entry| entry.split_once('=').unwrap())
        .collect();
    let mut told = Told::new();
    for (rule, severity) in weights {
        if OF_THE_TEXT.contains(&rule) {
            continue;
        }
        let mut paths = BTreeSet::new();
        let mark = format!("({rule})");
        match severity {
            "error" => {
                for cause in response["status"]["details"]["causes"].as_array().into_iter().flatten() {
                    let (field, message) =
                        (cause["field"].as_str().unwrap(), cause["message"].as_str().unwrap());
                    if message.contains(&mark) && listed(&response["status"]["message"], field, &mark) {
                        paths.insert(field.to_owned());
                    }
                }
            }
            "warning" => {
                for warning in response["warnings"].as_array().into_iter().flatten() {
                    let warning = warning.as_str().unwrap();
                    if warning.contains(&mark) {
                        paths.insert(warning.split_once(": ").unwrap().0.to_owned());
                    }
                }
            }
            // Nobody is told but the audit log, and that without the field.
            _ => {
                paths.insert(String::new());
            }
        }
        told.extend(paths.into_iter().map(|path| (rule.to_owned(), severity.to_owned(), path)));
    }
    Some(told)
}

/// What the webhook says of the same object once an API server has prepared and accepted it: rules with their weights.
fn received(policy: &Policy, text: &str) -> Option<BTreeSet<(String, String)>> {
    let documents = manifest::read(text);
    let tree = documents.first()?.content.as_ref().ok()?;
    let kind = match tree.get(tree.root(), "kind").and_then(|kind| tree.str(kind))? {
        "Job" => Kind::Job,
        _ => Kind::CronJob,
    };
    let workload = policy.server.decode(tree, tree.root(), kind).workload?;
    let defaulted = policy.server.created(workload);
    let settings = policy.settings_for(&subject(defaulted.workload(), None)).into_owned();
    let filled = defaulted.filled(|workload| !fill(workload, &settings.defaults).is_empty());
    let workload = filled.prepare_for_create().into_workload();
    let mut object = match &workload {
        Workload::Job(job) => serde_json::to_value(job),
        Workload::CronJob(cron_job) => serde_json::to_value(cron_job),
    }
    .unwrap();
    let named = object["metadata"]["name"].as_str().is_some_and(|name| !name.is_empty());
    if !named || (kind == Kind::Job && object["spec"]["selector"].is_null()) {
        return None;
    }
    object["metadata"]["uid"] = json!(UNKNOWN_UID);
    object["metadata"]["creationTimestamp"] = json!("2026-03-01T12:00:00Z");
    let review = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "1",
            "kind": {"group": "batch", "version": "v1", "kind": kind.as_str()},
            "operation": "CREATE",
            "userInfo": {"username": "somebody"},
            "object": object,
        }
    });
    let admission = Admission::new(policy.clone());
    let answer = admission.answer(Endpoint::Validate, review.to_string().as_bytes(), now()).unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    let findings = answer["response"]["auditAnnotations"]["findings"].as_str().unwrap_or_default();
    let told = findings.split(',').filter_map(|entry| entry.split_once('='));
    Some(told.map(|(rule, level)| (rule.to_owned(), level.to_owned())).collect())
}

/// Whether the denial's message lists a finding, rather than leaving it to the causes alone.
fn listed(message: &Value, field: &str, mark: &str) -> bool {
    message.as_str().unwrap().lines().any(|line| line.contains(&format!("{field}: ")) && line.contains(mark))
}

fn without_info_paths(told: Told) -> Told {
    let told = told.into_iter();
    told.map(
        |(rule, level, path)| {
            if level == "info" { (rule, level, String::new()) } else { (rule, level, path) }
        },
    )
    .collect()
}

/// Holds the two together, where both have something to say of the object; returns whether they have.
fn agree(policy: &Policy, text: &str) -> bool {
    let Some(mut webhook) = admitted(policy, text) else { return false };
    let (linter, misplaced) = linted(policy, text);
    // The fields of a CronJob in a Job never reach the webhook; to what sees them the kind is wrong, and that is all.
    if misplaced.contains("kind") {
        return false;
    }
    let without_paths = without_info_paths(linter.clone());
    // What is missing because it stands in a wrong place, or under a wrong name, or below what does, is one finding to who
    // sees the text.
    let waits = |told: &(String, String, String)| {
        let is_of_policy = !misplaced.is_empty() && !told.0.starts_with("api/");
        let is_below = || told.2.split('.').any(|field| misplaced.contains(&field.to_ascii_lowercase()));
        !without_paths.contains(told) && (is_of_policy || is_below())
    };
    let waiting: BTreeSet<String> =
        webhook.iter().filter(|told| waits(told)).map(|(rule, ..)| rule.clone()).collect();
    if let Some(received) = received(policy, text) {
        // What a policy says of an object does not depend on who has accepted it; what we make of the API then warns.
        let by_policy = |told: BTreeSet<(String, String)>| -> BTreeSet<(String, String)> {
            let is_compared = |rule: &str| !rule.starts_with("api/") && !waiting.contains(rule);
            told.into_iter().filter(|(rule, _)| is_compared(rule)).collect()
        };
        let said = linter.iter().map(|(rule, level, _)| (rule.clone(), level.clone())).collect();
        let heavy = received.iter().find(|(rule, level)| rule.starts_with("api/") && level == "error");
        assert_eq!(heavy, None, "\n{text}");
        assert_eq!(by_policy(said), by_policy(received), "\n{text}");
    }
    webhook.retain(|told| !waits(told));
    assert_eq!(without_paths, webhook, "\n{text}");
    true
}

fn policies() -> Vec<Policy> {
    let catalog = registry().catalog();
    let presets = Preset::ALL.into_iter().map(|preset| load::preset(preset, catalog).unwrap());
    let source = load::Source { name: "exceptions".into(), text: WITH_EXCEPTIONS.into() };
    presets.chain([load::read(&source, catalog, &load::no_files).unwrap(), own_rules()]).collect()
}

/// A policy of own rules alone; without those about the request, about what only a server sets, and about the labels that it makes
/// for a Job which shares its template's: that it does, the reviews made here do not tell.
fn own_rules() -> Policy {
    let name = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/own-rules/kubernetes.yaml");
    let off = ["k8s/r20", "k8s/r21", "k8s/r28", "k8s/r31"].map(|id| format!("\n    {id}: off")).concat();
    let text = std::fs::read_to_string(name).unwrap().replace("\"*\": off", &format!("\"*\": off{off}"));
    let source = load::Source { name: name.to_owned(), text };
    load::read(&source, registry().catalog(), &load::no_files).unwrap()
}

/// Exceptions of every kind: for some objects and all of them, of rules that warn and that deny, ended, ending, and without
/// end.
const WITH_EXCEPTIONS: &str = "
apiVersion: jobguard.dev/v1alpha1
kind: JobPolicy
metadata: {name: exceptions}
spec:
  extends: strict
  rules: {job/*: deny}
  exceptions:
  - {rules: [cron/*, job/ttl-missing], match: {kinds: [CronJob]}, reason: without end}
  - {rules: [job/no-deadline], match: {kinds: [Job]}, reason: ended, until: 2026-02-28}
  - {rules: [pod/*], match: {names: ['*a*']}, reason: its last day, until: 2026-03-01}
  - {rules: ['*'], match: {labels: {app: '*'}}, reason: without end}
";

/// The objects of every vector.
fn objects() -> Vec<Value> {
    ["job", "cronjob", "podtemplate", "combined", "children"]
        .iter()
        .filter_map(|file| CONFORMANCE.find_or_report(&format!("{file}.jsonl")))
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .map(|line| serde_json::from_str::<Value>(&line).unwrap()["object"].take())
        .collect()
}

/// How many verdicts are compared at least on the repository's own recordings.
const COMPARED: usize = 7_800;

#[test]
fn on_every_recorded_object() {
    let (policies, mut compared) = (policies(), 0);
    for object in objects() {
        // As YAML reads it: a text of several lines.
        let text = serde_json::to_string_pretty(&object).unwrap();
        for policy in &policies {
            compared += usize::from(agree(policy, &text));
        }
    }
    assert!(!CONFORMANCE.are_own() || compared >= COMPARED, "{compared} compared, not {COMPARED}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Parts of one recorded object in another: what no recording has.
    #[test]
    fn on_mixtures_of_recorded_objects(pick in any::<[prop::sample::Index; 4]>()) {
        thread_local!(static OBJECTS: Vec<Value> = objects());
        let mixed = OBJECTS.with(|objects| {
            if objects.is_empty() {
                return None;
            }
            let mut base = pick[0].get(objects).clone();
            let donor = pick[1].get(objects);
            let (Some(into), Some(from)) = (base["spec"].as_object_mut(), donor["spec"].as_object()) else { return None };
            let keys: Vec<&String> = from.keys().collect();
            for pick in &pick[2..] {
                let key = pick.get(&keys);
                into.insert((*key).clone(), from[*key].clone());
            }
            Some(serde_json::to_string_pretty(&base).unwrap())
        });
        if let Some(text) = mixed {
            for policy in policies() {
                agree(&policy, &text);
            }
        }
    }
}
