//! Bytes a second: the scanner's events and the whole tree, beside those of `granit-parser`, on the manifests of the bench
//! `tree`, on one thread, in one run.
//!
//! `cargo bench -p jobguard-manifest --bench events`

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "../../../benches/support/manifests.rs"]
mod manifests;

use std::hint::black_box;
use std::time::{Duration, Instant};

use jobguard_manifest::scan::{Event, Events};
use jobguard_manifest::{MAX_DEPTH, read_each};

const FILES: usize = 20_000;
/// The best of so many runs counts.
const RUNS: usize = 5;

/// Each document of each file, as kubectl cuts them.
fn documents(texts: &[String]) -> Vec<&str> {
    texts.iter().flat_map(|text| text.split("\n---\n")).collect()
}

fn granit(documents: &[&str]) {
    for document in documents {
        for event in granit_parser::Parser::new_from_str(document) {
            black_box(event.unwrap());
        }
    }
}

fn events(documents: &[&str]) {
    for document in documents {
        let mut events = Events::new(document, 0, MAX_DEPTH);
        while !matches!(black_box(events.next().unwrap()), Event::DocumentEnd) {}
    }
}

fn trees(texts: &[String]) {
    for text in texts {
        read_each(text, |document| {
            black_box(document.content.unwrap());
        });
    }
}

fn main() {
    let texts: Vec<String> = (0..FILES).map(manifests::manifest).collect();
    let documents = documents(&texts);
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut best = [Duration::MAX; 3];
    for _ in 0..RUNS {
        let runs: [&dyn Fn(); 3] = [&|| granit(&documents), &|| events(&documents), &|| trees(&texts)];
        for (best, run) in best.iter_mut().zip(runs) {
            let start = Instant::now();
            run();
            *best = start.elapsed().min(*best);
        }
    }
    let speed = |time: Duration| bytes as f64 / f64::from(1 << 20) / time.as_secs_f64();
    println!("{FILES} files, {:.1} MiB, the best of {RUNS} runs", bytes as f64 / f64::from(1 << 20));
    for (name, time) in ["granit-parser", "events", "trees"].iter().zip(best) {
        println!("{name:14} {:6.0} MiB/s {:6.2}", speed(time), speed(time) / speed(best[0]));
    }
}
