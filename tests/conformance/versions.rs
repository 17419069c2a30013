//! Answers of real API servers of several versions to the same objects.
//!
//! `CONFORMANCE_VERSIONS_DIR` names another folder to read them from.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use jobguard::apiserver::{KubernetesVersion, Server, VersionSet};
use serde_json::Value;

use crate::verdict;
use crate::{SHOWN, folder_or};

type Compare = fn(&Server, &Value) -> Result<(), String>;

/// The files, how many records each has in the repository at least, and what is compared.
const FILES: [(&str, usize, Compare); 3] = [
    ("create.jsonl", 1_300, verdict::create_on),
    ("update.jsonl", 160, verdict::changed_on),
    ("children.jsonl", 50, verdict::child_on),
];

#[test]
fn every_version_agrees() {
    let (folder, is_own) = folder_or("CONFORMANCE_VERSIONS_DIR", "tests/conformance/versions");
    let mut counts: BTreeMap<(KubernetesVersion, &str), (usize, usize)> = BTreeMap::new();
    let mut absent = String::new();
    let mut faults = String::new();
    for (file, least, compare) in FILES {
        let Ok(text) = std::fs::read_to_string(PathBuf::from(&folder).join(file)) else {
            assert!(!is_own, "{file} is missing from the repository");
            let _ = writeln!(absent, "{file} absent");
            continue;
        };
        let records: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        assert!(!is_own || records.len() >= least, "{file} has only {} records", records.len());
        for line in records {
            let record: Value = serde_json::from_str(line).unwrap();
            for (versions, answer) in record["answers"].as_object().unwrap() {
                let versions: VersionSet = versions.parse().unwrap();
                for version in versions.versions() {
                    let result = compare(&Server::of(*version), &with(&record, answer));
                    let (cases, disagree) = counts.entry((*version, file)).or_default();
                    *cases += 1;
                    if let Err(why) = result {
                        *disagree += 1;
                        if *disagree <= SHOWN {
                            let _ = writeln!(
                                faults,
                                "{version} {file} {} {}: {why}",
                                record["id"], record["what"]
                            );
                        }
                    }
                }
            }
        }
    }
    let mut table =
        format!("\n{:8} {:16} {:>6} {:>6} {:>9}\n", "version", "file", "cases", "agree", "disagree");
    for ((version, file), (cases, disagree)) in &counts {
        let _ = writeln!(
            table,
            "{:8} {file:16} {cases:>6} {:>6} {disagree:>9}",
            version.to_string(),
            cases - disagree
        );
    }
    table += &absent;
    let _ = std::io::stderr().lock().write_all(table.as_bytes());
    assert!(faults.is_empty(), "\n{faults}");
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
