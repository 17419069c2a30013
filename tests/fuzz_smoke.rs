//! The fuzz targets for some seconds each, with a mutator that does the same in every run: no special compiler, and a
//! failure can be had again. `JOBGUARD_FUZZ_SECONDS` says how long (3).
#![cfg(feature = "serve")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

#[path = "fuzz/targets.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The largest input, in bytes.
const LONGEST: usize = 16 << 10;

/// Xorshift: a source of numbers that is the same everywhere.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap()
    }
}

/// Pieces that parsers have opinions on.
const PIECES: &[&str] = &[
    "null",
    "true",
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    "- ",
    "---\n",
    "...\n",
    "\n",
    "\r\n",
    "\t",
    "\"",
    "'",
    "|",
    ">-",
    "&a ",
    "*a",
    "<<: *a",
    "!!str ",
    "# ",
    ",",
    "0x10",
    "1e400",
    "-1",
    "9223372036854775808",
    "*/",
    "0-59/61",
    "L",
    "@every 1s",
    "TZ=Europe/Berlin ",
    "@reboot",
    "é",
    "\u{0}",
    "\u{feff}",
    "\u{2028}",
    "😀",
    "\\u0000",
    "\\ud800",
    "spec",
    "Always",
    "deny",
    "*",
    "?",
    "60",
    "00",
    "JAN",
    "sun",
];

fn mutated(seeds: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut data = seeds[numbers.below(seeds.len())].clone();
    for _ in 0..=numbers.below(6) {
        let at = numbers.below(data.len() + 1);
        let to = (at + numbers.below(40)).min(data.len());
        match numbers.below(7) {
            0 if at < data.len() => data[at] ^= 1 << numbers.below(8),
            1 => drop(data.splice(at..at, PIECES[numbers.below(PIECES.len())].bytes())),
            2 => drop(data.drain(at..to)),
            3 => {
                let piece = data[at..to].to_vec();
                let times = 1 + numbers.below(3);
                drop(data.splice(at..at, piece.repeat(times)));
            }
            4 => {
                let other = &seeds[numbers.below(seeds.len())];
                let from = numbers.below(other.len() + 1);
                let end = (from + numbers.below(200)).min(other.len());
                drop(data.splice(at..to, other[from..end].iter().copied()));
            }
            5 => data.truncate(at.max(1)),
            _ => drop(data.splice(at..to, PIECES[numbers.below(PIECES.len())].bytes())),
        }
        data.truncate(LONGEST);
    }
    data
}

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
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
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
    let text = fs::read_to_string(path).unwrap_or_default();
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
    let mut seeds = vec![include_bytes!("../examples/review.json").to_vec()];
    seeds.extend(recorded("admission-reviews.jsonl", |case| Some(case["review"].to_string())));
    run("review", targets::review, &seeds);
}

#[test]
fn policies() {
    let mut seeds = files("policies");
    seeds.retain(|text| !text.starts_with(b"{"));
    seeds.extend(files("tests/fixes/policy"));
    seeds.push(include_bytes!("fuzz/policy.yaml").to_vec());
    run("policy", targets::policy, &seeds);
}
