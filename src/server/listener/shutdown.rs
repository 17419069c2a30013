//! Graceful shutdown, step by step.
//!
//! The API server goes on sending requests for a while after a Pod was marked as terminating. So readiness fails first;
//! for some seconds requests are still served, and every connection is closed after its response; then comes the drain:
//! no new connections, open requests are answered, idle connections are closed.

use std::io;
use std::time::Duration;

use tokio::sync::watch;

/// How far the shutdown has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Normal operation.
    Serving,
    /// Not ready any more, but serving; connections end with their answer.
    Leaving,
    /// No new connections and no further requests on the open ones.
    Draining,
    /// Ended, whatever is still open.
    Ended,
}

/// The phase, shared by all tasks.
#[derive(Debug, Clone)]
pub(crate) struct Lifecycle {
    phase: watch::Sender<Phase>,
}

impl Lifecycle {
    /// A server that serves.
    pub(crate) fn new() -> Self {
        Self { phase: watch::Sender::new(Phase::Serving) }
    }

    /// The phase now.
    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Goes on to `phase`; never back.
    pub(crate) fn advance(&self, phase: Phase) {
        self.phase.send_if_modified(|now| {
            let ahead = *now < phase;
            if ahead {
                *now = phase;
            }
            ahead
        });
    }

    /// Waits until `phase` has come.
    pub(crate) async fn reached(&self, phase: Phase) {
        // The sender is in `self`, so that waiting cannot fail.
        let _ = self.phase.subscribe().wait_for(|now| *now >= phase).await;
    }
}

/// The signal that started the shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// `SIGTERM`: from the kubelet or another process manager.
    Terminate,
    /// `SIGINT`: Ctrl-C at a terminal.
    Interrupt,
}

/// Listens for the signals that end the server.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// Registers the handlers: without them, the signals end the process.
    pub(crate) fn listen() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    async fn next(&mut self) -> Signal {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.interrupt.recv() => Signal::Interrupt,
        }
        #[cfg(not(unix))]
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }

    /// Drives the phases. `SIGTERM` waits for `delay` before the drain; `SIGINT` drains at once, since no API server
    /// sends requests to a server at a terminal; a second signal ends everything.
    pub(crate) async fn drive_shutdown(mut self, lifecycle: Lifecycle, delay: Duration) {
        let signal = self.next().await;
        lifecycle.advance(Phase::Leaving);
        let delay = if signal == Signal::Interrupt { Duration::ZERO } else { delay };
        let name = match signal {
            Signal::Terminate => "SIGTERM",
            Signal::Interrupt => "SIGINT",
        };
        tracing::info!(signal = name, delay_seconds = delay.as_secs_f64(), "shutting down");
        tokio::select! {
            () = tokio::time::sleep(delay) => {
                lifecycle.advance(Phase::Draining);
                self.next().await;
            }
            _ = self.next() => {}
        }
        tracing::warn!("second signal: ending at once");
        lifecycle.advance(Phase::Ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn phases_go_forward_only() {
        let lifecycle = Lifecycle::new();
        assert_eq!(lifecycle.phase(), Phase::Serving);
        lifecycle.advance(Phase::Draining);
        lifecycle.advance(Phase::Leaving);
        assert_eq!(lifecycle.phase(), Phase::Draining);
        lifecycle.reached(Phase::Leaving).await;
        let waits = lifecycle.clone();
        let waiting = tokio::spawn(async move { waits.reached(Phase::Ended).await });
        lifecycle.advance(Phase::Ended);
        waiting.await.unwrap();
    }
}
