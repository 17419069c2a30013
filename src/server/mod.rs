//! The HTTPS admission webhook.
//!
//! [`Server::bind`] loads the certificate and takes the port; [`Server::run`] serves until a signal ends it. What is
//! answered is decided in [`Admission`], which knows nothing of HTTP.

mod accept;
mod admission;
#[cfg(test)]
mod admission_tests;
mod answer;
mod deadline;
mod http;
mod log;
mod patience;
mod review;
mod shutdown;
#[cfg(test)]
mod testing;
mod text;
mod tls;
#[cfg(test)]
mod wire_tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;

pub use accept::Timeouts;
pub use admission::{Admission, Endpoint};
pub use log::{LogFormat, start as start_log};
pub use review::{ReviewAnswer, ReviewError};
pub use tls::{Certificate, TlsError};
pub use tracing::level_filters::LevelFilter;

pub(crate) use deadline::parse as parse_duration;
pub(crate) use http::MAX_BODY;

use accept::Connections;
use shutdown::{Lifecycle, Phase, Signals};
use tls::Tls;

use crate::policy::Policy;

/// How a server is run.
#[derive(Debug)]
pub struct ServeOptions {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The server's certificate.
    pub certificate: Certificate,
    /// What is judged, and how.
    pub policy: Policy,
    /// How long requests are still served after `SIGTERM`.
    pub shutdown_delay: Duration,
    /// How many connections there may be at a time.
    pub max_connections: u32,
    /// How many reviews there may be at a time.
    pub max_concurrent: u32,
    /// How long clients may take.
    pub timeouts: Timeouts,
}

/// Why a server cannot be run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Certificate or key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The port.
    #[error("cannot listen on {address}: {}", explain(.error))]
    Listen {
        /// Where it was tried.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// Threads or signals.
    #[error("cannot start: {0}")]
    Start(io::Error),
}

fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another program has the port; choose one with --listen".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need privileges; choose a higher one with --listen".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => "no network interface here has that address".to_owned(),
        _ => error.to_string(),
    }
}

/// How a server came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Every request that was open got its answer.
    Drained,
    /// Connections were cut: the drain took too long, or a second signal came.
    Cut,
}

/// A server that has its port and its certificate.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    connections: Connections,
    lifecycle: Lifecycle,
    shutdown_delay: Duration,
}

impl Server {
    /// Loads the certificate and takes the port.
    ///
    /// # Errors
    /// When either fails.
    pub async fn bind(options: ServeOptions) -> Result<Self, ServeError> {
        let ServeOptions {
            listen,
            certificate,
            policy,
            shutdown_delay,
            max_connections,
            max_concurrent,
            timeouts,
        } = options;
        let tls = Arc::new(Tls::new(&certificate, listen.ip())?);
        let failed = |error| ServeError::Listen { address: listen, error };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let lifecycle = Lifecycle::new();
        let router = http::router(http::App {
            admission: Arc::new(Admission::new(policy)),
            lifecycle: lifecycle.clone(),
            max_concurrent: max_concurrent as usize,
            default_timeout: timeouts.request,
        });
        let connections =
            Connections { tls, router, lifecycle: lifecycle.clone(), timeouts, max: max_connections };
        Ok(Self { listener, address, connections, lifecycle, shutdown_delay })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until signals end it: `SIGTERM` with the grace that API servers need, `SIGINT` at once but for open
    /// requests, a second signal entirely at once.
    ///
    /// # Errors
    /// When signals cannot be received.
    pub async fn run(self) -> Result<Ended, ServeError> {
        let signals = Signals::listen().map_err(ServeError::Start)?;
        let rule = tokio::spawn(signals.rule(self.lifecycle.clone(), self.shutdown_delay));
        let drained = self.connections.serve(self.listener).await;
        rule.abort();
        self.lifecycle.advance(Phase::Ended);
        if drained {
            tracing::info!("every open request is answered: ending");
        } else {
            tracing::warn!("connections were cut at the end");
        }
        Ok(if drained { Ended::Drained } else { Ended::Cut })
    }
}

/// Runs a server on threads of its own until a signal ends it. `started` is called once it listens.
///
/// # Errors
/// When certificate, port, threads or signals cannot be had.
pub fn run(options: ServeOptions, started: impl FnOnce(SocketAddr)) -> Result<Ended, ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("jobguard")
        .enable_all()
        .build()
        .map_err(ServeError::Start)?;
    let ended = runtime.block_on(async {
        let server = Server::bind(options).await?;
        tracing::info!(address = %server.address(), "listening");
        started(server.address());
        server.run().await
    });
    // Whatever still computes has nobody left to answer to.
    runtime.shutdown_background();
    ended
}
