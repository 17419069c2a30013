//! Agreement with the recorded answers about schedules and their fire times.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use jobguard::cron::{Schedule, load_zone};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    schedule: String,
    #[serde(rename = "timeZone")]
    time_zone: String,
    from: Timestamp,
    valid: bool,
    next: Vec<Timestamp>,
}

/// How many fire times a vector lists at most.
const LISTED: usize = 6;

/// The validity and the fire times that we find for a vector. The vectors are the schedule parser's own answers,
/// so a time zone prefix counts as valid, and goes before the zone given.
fn answer(vector: &Vector) -> (bool, Vec<Timestamp>) {
    let nothing = (false, Vec::new());
    let Ok((prefix, schedule)) = Schedule::parse_tolerating_tz(&vector.schedule) else { return nothing };
    let zone = match prefix {
        Some("") => Ok(TimeZone::UTC),
        Some(zone) => load_zone(zone),
        None => load_zone(&vector.time_zone),
    };
    let Ok(zone) = zone else { return nothing };
    (true, schedule.upcoming(vector.from, &zone).take(LISTED).collect())
}

#[test]
fn cron() {
    let folder =
        std::env::var_os("CONFORMANCE_DIR").map_or_else(|| "tests/conformance".into(), PathBuf::from);
    let Ok(text) = std::fs::read_to_string(folder.join("cron.jsonl")) else {
        println!("cron.jsonl absent");
        return;
    };
    let (mut cases, mut disagreements) = (0, Vec::new());
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let vector: Vector = serde_json::from_str(line).expect("a vector");
        cases += 1;
        let (valid, next) = answer(&vector);
        if (valid, &next) != (vector.valid, &vector.next) {
            disagreements.push(format!("{line}\n  ours: {valid} {next:?}"));
        }
    }
    println!("cron.jsonl cases {cases} agree {}", cases - disagreements.len());
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}
