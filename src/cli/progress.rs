//! The progress bar: on a terminal, and only where there is something to wait for.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A run that is over before this needs no bar.
const SHOW_AFTER: Duration = Duration::from_millis(500);

/// Counts files, and shows how many on standard error once it takes long.
pub(crate) struct Progress {
    bar: ProgressBar,
    started: Instant,
    shown: AtomicBool,
}

impl Progress {
    /// A bar for `files` files; `wanted` says whether it may ever be shown.
    pub(crate) fn new(files: usize, wanted: bool) -> Self {
        let bar = ProgressBar::with_draw_target(u64::try_from(files).ok(), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{bar:30} {pos} of {len} files, {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        let in_ci = std::env::var_os("CI").is_some_and(|ci| !ci.is_empty());
        let never = !wanted || in_ci || !io::stderr().is_terminal();
        Self { bar, started: Instant::now(), shown: AtomicBool::new(never) }
    }

    /// One more file is done.
    pub(crate) fn step(&self) {
        self.bar.inc(1);
        if self.started.elapsed() >= SHOW_AFTER && !self.shown.swap(true, Ordering::Relaxed) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}
