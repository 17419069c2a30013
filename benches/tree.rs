//! `jobguard lint` on a tree of 20,000 manifests beside the bare YAML parser on the same bytes, in one run: on one
//! thread and on all, and the memory it takes with ten times the files.
//!
//! `cargo bench --bench tree`, or `cargo bench --bench tree -- FILES` for another number.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use granit_parser::Parser;
use jobguard::linter::Linter;
use jobguard::policy::{Policy, Preset, load};
use jobguard::rules::registry;
use jobguard::sources::{Source, find};
use rayon::prelude::*;

#[path = "support/manifests.rs"]
mod manifests;

use manifests::manifest;

/// The allocator that the program has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many files, where nothing else is asked.
const FILES: usize = 20_000;
/// The best of so many runs counts.
const RUNS: usize = 3;

/// Lints, and says how much there was to say.
fn lint(policy: &Policy, sources: &[Source]) -> usize {
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let outcome = Linter::new(policy, now).lint(sources);
    assert!(outcome.errors.is_empty() && outcome.report.files == sources.len());
    outcome.report.diagnostics.len()
}

fn parse(sources: &[Source]) {
    sources.par_iter().for_each(|source| {
        let Source::File { path, .. } = source else { return };
        let text = fs::read_to_string(path).unwrap();
        for event in Parser::new_from_str(&text) {
            std::hint::black_box(event.unwrap());
        }
    });
}

fn best(run: impl Fn()) -> Duration {
    (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .min()
        .unwrap_or_default()
}

/// The most memory that this process has had since it was last asked, in MiB; nothing where the system does not say.
fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().split(' ').next()?.parse::<u64>().ok());
    // Begins anew (Linux, proc(5)).
    let _ = fs::write("/proc/self/clear_refs", "5");
    peak.map_or_else(|| "unknown".to_owned(), |kib| format!("{} MiB", kib / 1024))
}

fn main() {
    let files = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(FILES);
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = 0;
    for number in 0..files {
        let below = folder.path().join(format!("{:03}", number / 100));
        fs::create_dir_all(&below).unwrap();
        let text = manifest(number);
        bytes += text.len();
        fs::write(below.join(format!("{number}.yaml")), text).unwrap();
    }
    let found = |folder: &Path| find(&[folder.to_owned()]).sources;
    let sources = found(folder.path());
    assert_eq!(sources.len(), files);
    let policy = |preset| load::preset(preset, registry().catalog()).unwrap();
    // What is found is kept until it is told, and for each object the little that rules about all of them need.
    for preset in [Preset::Baseline, Preset::Recommended] {
        let policy = policy(preset);
        for part in [&sources[..files / 10], &sources] {
            let (files, found) = (part.len(), lint(&policy, part));
            println!("{preset:?}: {files} files, {found} findings, peak memory {}", peak_memory());
        }
    }
    let policy = policy(Preset::Recommended);

    let mib = bytes as f64 / f64::from(1 << 20);
    println!("{files} files, {mib:.1} MiB, the best of {RUNS} runs");
    println!("{:8} {:>14} {:>14} {:>7}", "threads", "bare parser", "jobguard", "ratio");
    for threads in [1, std::thread::available_parallelism().map_or(1, usize::from)] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (floor, ours) = pool.install(|| {
            (
                best(|| parse(&sources)),
                best(|| {
                    std::hint::black_box(lint(&policy, &sources));
                }),
            )
        });
        let speed = |time: Duration| format!("{:.0} MiB/s", mib / time.as_secs_f64());
        let ratio = floor.as_secs_f64() / ours.as_secs_f64();
        println!("{threads:<8} {:>14} {:>14} {ratio:>7.2}", speed(floor), speed(ours));
    }
}
