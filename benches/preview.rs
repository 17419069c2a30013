//! `jobguard preview` of 10,000 CronJobs over seven days, in one run beside its floor: walking to each of their runs. And
//! the memory that it takes with a hundred times the runs.
//!
//! `cargo bench --bench preview`, or `cargo bench --bench preview -- CRONJOBS` for another number.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use jobguard::cron::{Schedule, load_zone};
use jobguard::forecast::{Stated, Window};
use jobguard::policy::{Policy, Preset, load};
use jobguard::preview::{self, Options, Preview, TextStyle};
use jobguard::rules::registry;
use jobguard::sources::Source;
use rayon::prelude::*;

/// The allocator that the program has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many CronJobs, where nothing else is asked.
const CRON_JOBS: usize = 10_000;
/// The best of so many runs counts.
const RUNS: usize = 3;

/// What people write, from once a month to every five minutes.
const SCHEDULES: [&str; 10] = [
    "0 0 * * *",
    "30 2 * * 1-5",
    "*/15 * * * *",
    "0 * * * *",
    "5 4 * * 0",
    "@daily",
    "0 9-17 * * 1-5",
    "*/5 * * * *",
    "15 3 1 * *",
    "0 */6 * * *",
];
const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"];

/// So many CronJobs in files of a hundred.
fn sources(count: usize, schedules: &[&str]) -> Vec<Source> {
    let numbers: Vec<usize> = (0..count).collect();
    let text = |numbers: &[usize]| {
        let mut text = String::new();
        for number in numbers {
            let (schedule, zone) = (schedules[number % schedules.len()], ZONES[number / 10 % ZONES.len()]);
            let _ = write!(
                text,
                "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: job-{number}\n  namespace: team-{}\nspec:\n  \
                 schedule: \"{schedule}\"\n  timeZone: {zone}\n  concurrencyPolicy: Forbid\n  jobTemplate:\n    spec:\n      \
                 activeDeadlineSeconds: {}\n      template:\n        spec:\n          restartPolicy: Never\n          \
                 containers:\n          - name: main\n            image: example.com/app:1\n            resources:\n              \
                 requests: {{cpu: 250m, memory: 256Mi}}\n---\n",
                number % 50,
                60 + number % 900,
            );
        }
        text
    };
    let texts = numbers.chunks(100).map(text).enumerate();
    texts
        .map(|(number, text)| Source::Text { name: format!("{number}.yaml"), bytes: text.into_bytes() })
        .collect()
}

fn show(sources: &[Source], policy: &Policy) -> Preview {
    let window =
        Window::new("2027-03-24T00:00:00Z".parse().unwrap(), SignedDuration::from_hours(7 * 24)).unwrap();
    let options = Options {
        window,
        zone: &load_zone("Europe/Berlin").unwrap(),
        zone_name: "Europe/Berlin",
        run_times: &Stated::default(),
        runs: 5,
        most_runs: 5,
        what_ifs: &[],
        steps: 168,
    };
    let collected = preview::collect(sources, policy, false);
    assert!(collected.errors.is_empty());
    preview::preview(&collected, &options)
}

/// Each run by the controller's walk, and nothing else.
fn walk(count: usize, schedules: &[&str]) -> usize {
    let from: Timestamp = "2027-03-24T00:00:00Z".parse().unwrap();
    let until = from.checked_add(SignedDuration::from_hours(7 * 24)).unwrap();
    let schedules: Vec<Schedule> = schedules.iter().map(|text| Schedule::parse(text).unwrap()).collect();
    let zones: Vec<TimeZone> = ZONES.iter().map(|name| load_zone(name).unwrap()).collect();
    let of = |number: usize| {
        let (schedule, zone) = (&schedules[number % schedules.len()], &zones[number / 10 % ZONES.len()]);
        schedule.upcoming(from, zone).take_while(|time| *time <= until).count()
    };
    (0..count).into_par_iter().map(of).sum()
}

fn best<T>(run: impl Fn() -> T) -> (Duration, T) {
    let timed = || {
        let start = Instant::now();
        let result = run();
        (start.elapsed(), result)
    };
    (1..RUNS).map(|_| timed()).fold(timed(), |best, other| if other.0 < best.0 { other } else { best })
}

/// The most memory that the process has had so far, in MiB.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: usize = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
    kib >> 10
}

fn main() {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(CRON_JOBS);
    let policy = load::preset(Preset::Recommended, registry().catalog()).unwrap();
    let once = sources(count, &["0 0 * * 1"]);
    let few = show(&once, &policy);
    println!("{count} CronJobs with one run each: {} runs, {} MiB at most so far", few.fleet.runs, peak());
    drop((once, few));
    let sources = sources(count, &SCHEDULES);
    let (took, preview) = best(|| show(&sources, &policy));
    let (floor, runs) = best(|| walk(count, &SCHEDULES));
    println!("{count} CronJobs, {} runs: {took:.0?}, {} MiB at most so far", preview.fleet.runs, peak());
    println!(
        "walking to {runs} runs alone: {floor:.0?}; the preview is {:.2} times that",
        took.as_secs_f64() / floor.as_secs_f64()
    );
    let style = TextStyle { color: false, ascii: false, verbose: false, width: 80 };
    for (name, write) in [
        (
            "text",
            &(|out: &mut dyn io::Write| preview::write_text(&preview, style, out))
                as &dyn Fn(&mut dyn io::Write) -> _,
        ),
        ("json", &|out| preview::write_json(&preview, out)),
    ] {
        let (took, size) = best(|| {
            let mut out = Vec::new();
            write(&mut out).unwrap();
            out.len()
        });
        println!("written as {name}: {took:.0?}, {} KiB", size >> 10);
    }
}
