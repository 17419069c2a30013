//! The log: what happens, on standard error, and never what stands in an object.

use std::io::{self, IsTerminal as _};
use std::panic;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt};

mod limit;
mod rate_limited;

use self::limit::Limiter;

/// How soon after its end a minute's count of lines that were left out is written.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The log of this process.
#[derive(Debug)]
struct Log {
    /// The level that it was started with.
    level: LevelFilter,
    /// The way to change it.
    handle: Handle<EnvFilter, Registry>,
    limiter: Arc<Limiter>,
}

static LOG: OnceLock<Log> = OnceLock::new();

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
    let limiter = Arc::<Limiter>::default();
    let log = tracing_subscriber::registry().with(filter_layer).with(Arc::clone(&limiter).layer());
    let lines = fmt::layer().with_writer(io::stderr).with_target(false);
    let started = match format {
        LogFormat::Text => log.with(lines.with_ansi(io::stderr().is_terminal())).try_init(),
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(false).with_span_list(false);
            log.with(lines).try_init()
        }
    };
    if started.is_ok() {
        let _ = LOG.set(Log { level, handle, limiter });
    }
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "internal error: please report it");
    }));
}

/// Writes how many lines were left out, minute by minute, for ever.
pub(crate) async fn report_left_out() {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Some(log) = LOG.get() {
            log.limiter.report(Some(Instant::now()));
        }
    }
}

/// Writes how many lines were left out until now: at the end.
pub(crate) fn report_left_out_at_last() {
    if let Some(log) = LOG.get() {
        log.limiter.report(None);
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
            let Some(Log { level: normal, handle, .. }) = LOG.get() else { continue };
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
