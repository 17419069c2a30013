//! Agreement with answers recorded from a real API server and the programs it is built on.
//!
//! The vectors are explained in `tests/conformance/README.md`. `CONFORMANCE_DIR` names another folder to read them from: a
//! file that it does not have is reported as absent, where one that the repository's own folder does not have fails the
//! suite. There is no list of exceptions.

#![allow(clippy::expect_used, clippy::print_stderr, clippy::unwrap_used, reason = "tests fail by panicking")]

mod against;
mod apply;
mod cron;
#[path = "../integration/support/recordings.rs"]
mod recordings;
mod verdict;
mod versions;
#[cfg(all(feature = "serve", unix))]
mod webhook;
mod yaml;

use std::fmt::Write as _;
use std::io::Write as _;

use recordings::CONFORMANCE;
use serde_json::Value;

/// Compares one vector; says what differs.
type Compare = fn(&Value) -> Result<(), String>;
/// Reads one line.
type Read = fn(&str) -> Result<Value, String>;

/// A comparison, the file it is made on, and what is compared.
const SUITES: &[(&str, &str, Read, Compare)] = &[
    ("yaml.jsonl", "documents", yaml::case, yaml::read_as_kubectl),
    ("cron.jsonl", "fire times", json, cron::fires),
    ("job.jsonl", "verdict", json, verdict::create),
    ("cronjob.jsonl", "verdict", json, verdict::create),
    ("podtemplate.jsonl", "verdict", json, verdict::create),
    ("combined.jsonl", "verdict", json, verdict::create),
    ("update.jsonl", "verdict", json, verdict::changed),
    ("update.jsonl", "against", json, against::replaced),
    ("children.jsonl", "verdict", json, verdict::child),
    ("apply.jsonl", "merge", json, apply::merged),
    ("apply-server-side.jsonl", "merge", json, apply::merged_by_server),
    #[cfg(all(feature = "serve", unix))]
    ("job.jsonl", "webhook", json, webhook::create),
    #[cfg(all(feature = "serve", unix))]
    ("cronjob.jsonl", "webhook", json, webhook::create),
    #[cfg(all(feature = "serve", unix))]
    ("podtemplate.jsonl", "webhook", json, webhook::create),
    #[cfg(all(feature = "serve", unix))]
    ("combined.jsonl", "webhook", json, webhook::create),
    #[cfg(all(feature = "serve", unix))]
    ("update.jsonl", "webhook", json, webhook::changed),
];

/// How many disagreements of a file are shown.
pub(crate) const SHOWN: usize = 20;

#[test]
fn agrees_with_what_was_recorded() {
    let mut table =
        format!("\n{:20} {:10} {:>6} {:>6} {:>9}\n", "file", "compared", "cases", "agree", "disagree");
    let (mut faults, mut compared) = (String::new(), 0);
    for (file, what, read, compare) in SUITES {
        let Some(text) = CONFORMANCE.find(file) else {
            let _ = writeln!(table, "{file:20} {what:10} absent");
            continue;
        };
        let (mut cases, mut disagree) = (0, 0);
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let result = read(line).and_then(|vector| {
                compare(&vector).map_err(|why| {
                    let text = |key: &str| vector[key].as_str().unwrap_or_default().to_owned();
                    format!("{} {}: {why}", text("id"), text("what"))
                })
            });
            cases += 1;
            if let Err(why) = result {
                disagree += 1;
                if disagree <= SHOWN {
                    let _ = writeln!(faults, "{file}:{} {what}: {why}", number + 1);
                }
            }
        }
        compared += cases;
        let _ = writeln!(table, "{file:20} {what:10} {cases:>6} {:>6} {disagree:>9}", cases - disagree);
    }
    // Written past the test harness, which would keep the table of a test that passes to itself.
    let _ = std::io::stderr().lock().write_all(table.as_bytes());
    assert!(faults.is_empty(), "\n{faults}");
    assert!(compared > 0, "none of the files is there");
}

fn json(line: &str) -> Result<Value, String> {
    serde_json::from_str(line).map_err(|error| error.to_string())
}
