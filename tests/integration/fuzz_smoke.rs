//! The fuzz targets for some seconds each, with a mutator that does the same in every run: no special compiler, and a
//! failure can be had again. `JOBGUARD_FUZZ_SECONDS` says how long (3).
#![cfg(feature = "serve")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

#[path = "../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::edits::{LONGEST, Numbers, mutated};

fn run(name: &str, target: fn(&[u8]), seeds: &[Vec<u8>]) {
    assert!(!seeds.is_empty(), "no seeds");
    if let Some(corpus) = std::env::var_os("JOBGUARD_FUZZ_CORPUS") {
        let folder = PathBuf::from(corpus).join(name);
        fs::create_dir_all(&folder).unwrap();
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed).unwrap();
        }
    }
    let seconds = std::env::var("JOBGUARD_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let (begin, mut numbers, mut runs) = (Instant::now(), Numbers(0x9e37_79b9_7f4a_7c15), 0_usize);
    while begin.elapsed() < Duration::from_secs(seconds) {
        let data = seeds.get(runs).cloned().unwrap_or_else(|| mutated(seeds, &mut numbers));
        let one = Instant::now();
        if catch_unwind(AssertUnwindSafe(|| target(&data))).is_err() {
            panic!("input {runs} of {name} fails: {:?}", String::from_utf8_lossy(&data));
        }
        assert!(one.elapsed() < Duration::from_secs(5), "input {runs} of {name} takes {:?}", one.elapsed());
        runs += 1;
    }
    eprintln!("{name}: {runs} inputs");
}

fn files(folder: &str) -> Vec<Vec<u8>> {
    let mut paths = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { paths.push(path) }
        }
    }
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).filter(|text| text.len() <= LONGEST).collect()
}

/// The part of each recorded case that `part` takes.
fn recorded(file: &str, part: fn(&Value) -> Option<String>) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(file);
    let text = fs::read_to_string(path).unwrap();
    let cases = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    cases.filter_map(|case| part(&case)).map(String::into_bytes).collect()
}

#[test]
fn manifests() {
    let mut seeds = files("tests/manifests");
    seeds.extend(files("examples"));
    run("manifest", targets::manifest, &seeds);
}

#[test]
fn fixes() {
    let mut seeds = files("tests/fixes");
    seeds.extend(files("tests/manifests/bad"));
    seeds.extend(files("tests/rules/api"));
    seeds.retain(|seed| seed.len() < 4096);
    run("fix", targets::fix, &seeds);
}

#[test]
fn schedules() {
    let mut seeds = vec![b"*/5 * * * *".to_vec(), b"TZ=Europe/Berlin 30 2 * * sun".to_vec()];
    seeds.extend(recorded("cron.jsonl", |case| case["schedule"].as_str().map(str::to_owned)));
    run("cron", targets::cron, &seeds);
}

#[test]
fn reviews() {
    let mut seeds = vec![include_bytes!("../../examples/review.json").to_vec()];
    seeds.extend(recorded("admission-reviews.jsonl", |case| Some(case["review"].to_string())));
    run("review", targets::review, &seeds);
}

#[test]
fn policies() {
    let mut seeds = files("policies");
    seeds.retain(|text| !text.starts_with(b"{"));
    seeds.extend(files("tests/fixes/policy"));
    seeds.push(include_bytes!("../fuzz/policy.yaml").to_vec());
    run("policy", targets::policy, &seeds);
}
