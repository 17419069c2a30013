//! The log: what happens, on standard error, and never what stands in an object.

use std::io::{self, IsTerminal as _};
use std::panic;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt};

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The level that this process was started with, and the way to change it.
static LOG: OnceLock<(LevelFilter, Handle<EnvFilter, Registry>)> = OnceLock::new();

/// What is logged at `level`. Libraries speak of what matters to their authors; of theirs, warnings are enough.
fn filter(level: LevelFilter) -> EnvFilter {
    let others = level.min(LevelFilter::WARN);
    // What kube's client meets is told by who uses it: once, and with what follows from it.
    EnvFilter::new(format!("{others},kube_client=off,jobguard={level}"))
}

/// Starts the log of this process. The first call counts.
///
/// Panics are logged by their place alone: their message can quote what was being worked on.
pub fn start(format: LogFormat, level: LevelFilter) {
    let (filter_layer, handle) = reload::Layer::new(filter(level));
    let log = tracing_subscriber::registry().with(filter_layer);
    let lines = fmt::layer().with_writer(io::stderr).with_target(false);
    let started = match format {
        LogFormat::Text => log.with(lines.with_ansi(io::stderr().is_terminal())).try_init(),
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(false).with_span_list(false);
            log.with(lines).try_init()
        }
    };
    if started.is_ok() {
        let _ = LOG.set((level, handle));
    }
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "internal error: please report it");
    }));
}

/// Something that may happen often, and is told once a minute at most.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    /// Whether to tell it now.
    pub(crate) fn now(&self) -> bool {
        const MINUTE: Duration = Duration::from_secs(60);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| last.elapsed() >= MINUTE);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

/// `SIGHUP`, as it comes in.
#[derive(Debug)]
pub(crate) struct Hangups {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Hangups {
    /// Takes the signal over from here on: before that it ends the process.
    ///
    /// # Errors
    /// When it cannot be received.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?,
        })
    }

    /// Switches between `debug` and the level that the log was started with, at every `SIGHUP`.
    #[cfg(unix)]
    pub(crate) async fn switch_level(mut self) {
        let mut debug = false;
        while self.signal.recv().await.is_some() {
            let Some((normal, handle)) = LOG.get() else { continue };
            debug = !debug;
            let level = if debug { LevelFilter::DEBUG } else { *normal };
            // Said while `debug` holds: before it goes, and after it came.
            let tell = || tracing::info!(level_now = %level, "log level changed");
            if debug {
                let _ = handle.reload(filter(level));
                tell();
            } else {
                tell();
                let _ = handle.reload(filter(level));
            }
        }
    }

    /// There is no such signal here.
    #[cfg(not(unix))]
    pub(crate) async fn switch_level(self) {}
}
