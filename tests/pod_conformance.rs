//! Agreement with a real API server on the spec of Pod templates in Jobs and CronJobs.
//!
//! Only what lies below `template.spec` is compared here, as sets of field and cause, and of that not the
//! `restartPolicy`, which is the Job's own. The vectors are explained in `tests/conformance/README.md`;
//! `CONFORMANCE_DIR` names another folder to read.

#![expect(clippy::print_stdout, reason = "the numbers are the point")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jobguard::batch::{
    Decoded, Kind, apply_defaults, decode, prepare_for_create, reset_system_fields, validate_create,
};
use jobguard::manifest::Tree;
use serde_json::Value;

/// How many disagreements of a file are shown.
const SHOWN: usize = 20;

#[test]
fn podtemplate() {
    agree("podtemplate.jsonl");
}

#[test]
fn combined() {
    agree("combined.jsonl");
}

fn folder() -> PathBuf {
    std::env::var_os("CONFORMANCE_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("conformance"),
        PathBuf::from,
    )
}

fn agree(name: &str) {
    let Ok(text) = std::fs::read_to_string(folder().join(name)) else {
        println!("{name}: absent");
        return;
    };
    let (mut cases, mut faults) = (0, Vec::new());
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let vector: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}: {error}"));
        // An object that the server cannot read is not validated.
        if vector["reason"] == "BadRequest" {
            continue;
        }
        cases += 1;
        let (theirs, ours) = (theirs(&vector), ours(&vector));
        if theirs != ours {
            let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
                a.difference(b).map(String::as_str).collect::<Vec<_>>().join(", ")
            };
            faults.push(format!(
                "{}: only the server [{}], only we [{}]",
                vector["id"],
                only(&theirs, &ours),
                only(&ours, &theirs)
            ));
        }
    }
    println!("{name}: cases {cases}, agree {}, disagree {}", cases - faults.len(), faults.len());
    let shown = faults.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(faults.is_empty(), "{name}: {} of {cases} disagree\n{shown}", faults.len());
}

/// The path of a cause and its name, when it lies in the Pod's spec.
fn in_pod_spec(path: &str, cause: &str) -> Option<String> {
    let below_job = path.strip_prefix("spec.jobTemplate.").unwrap_or(path);
    let below_spec = below_job.strip_prefix("spec.template.spec")?;
    (below_spec != ".restartPolicy").then(|| format!("{below_spec} {cause}"))
}

fn theirs(vector: &Value) -> BTreeSet<String> {
    let causes = vector["causes"].as_array().into_iter().flatten();
    causes.filter_map(|cause| in_pod_spec(cause[0].as_str()?, cause[1].as_str()?)).collect()
}

fn ours(vector: &Value) -> BTreeSet<String> {
    let kind = if vector["kind"] == "Job" { Kind::Job } else { Kind::CronJob };
    let tree = Tree::from_value(&vector["object"]);
    let Decoded { workload: Some(mut workload), .. } = decode(&tree, tree.root(), kind) else {
        return BTreeSet::from(["cannot be decoded".to_owned()]);
    };
    reset_system_fields(&mut workload);
    let defaulted = apply_defaults(&mut workload);
    prepare_for_create(&mut workload, defaulted);
    let errors = validate_create(&workload);
    errors.iter().filter_map(|error| in_pod_spec(&error.path.to_string(), error.cause.as_str())).collect()
}
