//! The log: what happens, on standard error, and never what stands in an object.

use std::io::{self, IsTerminal as _};
use std::panic;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt};

mod limit;
mod rate_limited;
#[cfg(test)]
mod tests;

use self::limit::Limiter;
use super::admission::span;

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
    format: LogFormat,
    /// The level that it was started with.
    level: LevelFilter,
    /// The way to change it.
    handle: Handle<EnvFilter, Registry>,
    limiter: Arc<Limiter>,
}

static LOG: OnceLock<Log> = OnceLock::new();

/// What is logged at `level`. Libraries speak of what matters to their authors; of theirs, warnings are enough.
fn filter(format: LogFormat, level: LevelFilter) -> EnvFilter {
    let others = level.min(LevelFilter::WARN);
    // What kube's client meets is logged by its users: once, and with what follows from it.
    let mut directives = format!("{others},kube_client=off,jobguard={level}");
    // Lines of text name the review themselves; its span would repeat that at their beginning.
    if format == LogFormat::Text {
        directives = format!("{directives},{}=off", span::TARGET);
    }
    EnvFilter::new(directives)
}

/// Lines for people.
fn text_lines<S, W>(writer: W, ansi: bool) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fmt::layer().with_writer(writer).with_target(false).with_ansi(ansi)
}

/// One JSON object a line: the event's fields, and under `span` the review that it belongs to.
fn json_lines<S, W>(writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fmt::layer()
        .with_writer(writer)
        .with_target(false)
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
}

/// Starts the log of this process. The first call counts.
///
/// Panics are logged by their place alone: their message can quote what was being worked on.
pub fn start(format: LogFormat, level: LevelFilter) {
    let (filter_layer, handle) = reload::Layer::new(filter(format, level));
    let limiter = Arc::<Limiter>::default();
    let log = tracing_subscriber::registry().with(filter_layer).with(Arc::clone(&limiter).layer());
    let started = match format {
        LogFormat::Text => log.with(text_lines(io::stderr, io::stderr().is_terminal())).try_init(),
        LogFormat::Json => log.with(json_lines(io::stderr)).try_init(),
    };
    if started.is_ok() {
        let _ = LOG.set(Log { format, level, handle, limiter });
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

/// Listens for `SIGHUP`.
#[derive(Debug)]
pub(crate) struct SighupListener {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl SighupListener {
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
            let Some(Log { format, level: normal, handle, .. }) = LOG.get() else { continue };
            debug = !debug;
            let level = if debug { LevelFilter::DEBUG } else { *normal };
            // Logged while `debug` is on: after it was switched on, before it is switched off.
            let log_change = || tracing::info!(level_now = %level, "log level changed");
            if debug {
                let _ = handle.reload(filter(*format, level));
                log_change();
            } else {
                log_change();
                let _ = handle.reload(filter(*format, level));
            }
        }
    }

    /// There is no such signal here.
    #[cfg(not(unix))]
    pub(crate) async fn switch_level(self) {}
}
