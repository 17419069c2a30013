//! The log: what happens, on standard error, and never what stands in an object.

use std::io::{self, IsTerminal as _};
use std::panic;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts the log of this process. The first call counts.
///
/// Panics are logged by their place alone: their message can quote what was being worked on.
pub fn start(format: LogFormat, level: LevelFilter) {
    // Libraries speak of what matters to their authors; of theirs, warnings are enough.
    let others = level.min(LevelFilter::WARN);
    let filter = EnvFilter::new(format!("{others},jobguard={level}"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    let _ = match format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).try_init(),
        LogFormat::Json => {
            log.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
        }
    };
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "internal error: please report it");
    }));
}
