//! Answers of real API servers of several versions to the same objects.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use jobguard::apiserver::{KubernetesVersion, Server, VersionSet};
use serde_json::Value;

use crate::SHOWN;
use crate::against;
use crate::recordings::CONFORMANCE_VERSIONS;
use crate::verdict;

type Compare = fn(&Server, &Value) -> Result<(), String>;

/// The files, and what is compared.
const FILES: [(&str, &str, Compare); 4] = [
    ("create.jsonl", "verdict", verdict::create_on),
    ("update.jsonl", "verdict", verdict::changed_on),
    ("update.jsonl", "against", against::replaced_on),
    ("children.jsonl", "verdict", verdict::child_on),
];

#[test]
fn every_version_agrees() {
    let mut counts: BTreeMap<(KubernetesVersion, &str, &str), (usize, usize)> = BTreeMap::new();
    let mut absent = String::new();
    let mut faults = String::new();
    for (file, what, compare) in FILES {
        let Some(text) = CONFORMANCE_VERSIONS.find(file) else {
            let _ = writeln!(absent, "{file} absent");
            continue;
        };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let record: Value = serde_json::from_str(line).unwrap();
            for (versions, answer) in record["answers"].as_object().unwrap() {
                let versions: VersionSet = versions.parse().unwrap();
                for version in versions.versions() {
                    let result = compare(&Server::of(*version), &with(&record, answer));
                    let (cases, disagree) = counts.entry((*version, file, what)).or_default();
                    *cases += 1;
                    if let Err(why) = result {
                        *disagree += 1;
                        if *disagree <= SHOWN {
                            let _ = writeln!(
                                faults,
                                "{version} {file} {what} {} {}: {why}",
                                record["id"], record["what"]
                            );
                        }
                    }
                }
            }
        }
    }
    let mut table = format!(
        "\n{:8} {:16} {:8} {:>6} {:>6} {:>9}\n",
        "version", "file", "compared", "cases", "agree", "disagree"
    );
    for ((version, file, what), (cases, disagree)) in &counts {
        let _ = writeln!(
            table,
            "{:8} {file:16} {what:8} {cases:>6} {:>6} {disagree:>9}",
            version.to_string(),
            cases - disagree
        );
    }
    table += &absent;
    let _ = std::io::stderr().lock().write_all(table.as_bytes());
    assert!(faults.is_empty(), "\n{faults}");
    assert!(!counts.is_empty(), "none of the files is there");
}

/// A record with one of its answers, as the vectors of a single version are.
fn with(record: &Value, answer: &Value) -> Value {
    let mut vector = record.clone();
    if let (Some(vector), Some(answer)) = (vector.as_object_mut(), answer.as_object()) {
        vector.remove("answers");
        vector.extend(answer.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    vector
}
