//! The HTTPS admission webhook.
//!
//! [`Server::bind`] loads the certificate and takes the port; [`Server::run`] serves until a signal ends it. What is
//! answered is decided in [`Admission`], which knows nothing of HTTP.

mod admission;
mod http;
mod listener;
mod log;
mod metrics;
mod reload_result;
mod state;
#[cfg(test)]
mod testing;
mod tls;
#[cfg(test)]
mod wire_tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

pub use admission::decide::Admission;
pub use admission::request::Endpoint;
pub use admission::response::ReviewAnswer;
pub use admission::review::ReviewError;
pub use listener::accept::Timeouts;
pub use listener::ports::ListenError;
pub use log::{LogFormat, start as start_log};
pub use state::policies::PolicySource;
pub use tls::{Certificate, ClientAuth, TlsError};
pub use tracing::level_filters::LevelFilter;

#[cfg(feature = "cluster")]
pub(crate) use admission::controllers::{CronJobs, KnownCronJob, Run};
pub(crate) use admission::intake::MAX_BODY;
#[cfg(feature = "cluster")]
pub(crate) use admission::namespaces::{Labels, Namespaces};
#[cfg(feature = "cluster")]
pub(crate) use http::App;
pub(crate) use http::deadline::parse as parse_duration;
pub(crate) use state::cluster_cache::ClusterCache;
#[cfg(feature = "cluster")]
pub(crate) use tls::{Identity, facts as certificate_facts};

#[cfg(not(feature = "cluster"))]
use http::App;
use listener::accept::Connections;
use listener::file_limit::Account;
use listener::ports;
use listener::shutdown::{Lifecycle, Phase, Signals};
use listener::table::Table;
use log::Hangups;
use metrics::Metrics;
use state::policies::Policies;
use state::{cluster_cache, reload};
use tls::Tls;

use crate::policy::{PolicyErrors, Preset};

/// How a server is run.
#[derive(Debug)]
pub struct ServeOptions {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The server's certificate.
    pub certificate: Certificate,
    /// Who may send reviews; anybody where nothing is said.
    pub clients: Option<ClientAuth>,
    /// What is judged, and how.
    pub policy: PolicySource,
    /// What is judged by if the policy cannot be used at the start; nothing, so that the server does not start, if not
    /// given.
    pub policy_fallback: Option<Preset>,
    /// Where metrics are shown, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// The namespace that this runs in, if any: not judged.
    pub namespace: Option<String>,
    /// Other namespaces that are not judged.
    pub excluded_namespaces: Vec<String>,
    /// How often files are looked at again.
    pub reload_every: Duration,
    /// How long requests are still served after `SIGTERM`.
    pub shutdown_delay: Duration,
    /// How many connections there may be at a time.
    pub max_connections: u32,
    /// How many reviews there may be at a time.
    pub max_concurrent: u32,
    /// How long clients may take.
    pub timeouts: Timeouts,
    /// What is asked of the cluster.
    #[cfg(feature = "cluster")]
    pub cluster: crate::cluster::Options,
}

/// Why a server cannot be run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Certificate or key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The policy.
    #[error("the policy is not usable:\n{0}")]
    Policy(PolicyErrors),
    /// The cluster.
    #[cfg(feature = "cluster")]
    #[error(transparent)]
    Cluster(#[from] crate::cluster::ClusterError),
    /// A port.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Threads or signals.
    #[error("cannot start: {0}")]
    Start(io::Error),
}

impl From<PolicyErrors> for ServeError {
    // Told whole by the message: were they its source too, they would be told twice.
    fn from(errors: PolicyErrors) -> Self {
        Self::Policy(errors)
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

/// A server that has its ports and its certificate.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    metrics_listener: Option<TcpListener>,
    metrics_address: Option<SocketAddr>,
    connections: Connections,
    app: App,
    namespace: Option<String>,
    reload_every: Duration,
    shutdown_delay: Duration,
    signals: Signals,
    hangups: Hangups,
    #[cfg(feature = "cluster")]
    cluster: crate::cluster::Cluster,
}

impl Server {
    /// Loads the certificate and the policy, and takes the ports.
    ///
    /// # Errors
    /// When any of it fails.
    pub async fn bind(options: ServeOptions) -> Result<Self, ServeError> {
        // Before anybody learns that the server is there: a signal that nobody takes ends the process.
        let signals = Signals::listen().map_err(ServeError::Start)?;
        let hangups = Hangups::listen().map_err(ServeError::Start)?;
        let now = Timestamp::now();
        #[cfg(feature = "cluster")]
        let watched = &options.cluster;
        #[cfg(feature = "cluster")]
        let cluster_cache =
            ClusterCache::new(watched.watch_services, watched.watch_namespaces, watched.watch_cron_jobs);
        #[cfg(not(feature = "cluster"))]
        let cluster_cache = ClusterCache::new(false, false, false);
        #[cfg(feature = "cluster")]
        let cluster = crate::cluster::Cluster::connect(options.cluster).await?;
        let tls = Arc::new(Tls::new(options.certificate, options.clients, options.listen.ip())?);
        let policies = Arc::new(Policies::new(options.policy, options.policy_fallback, now)?);
        let ((listener, address), metrics_port) = ports::listen(options.listen, options.metrics_listen)?;
        let (metrics_listener, metrics_address) = metrics_port.unzip();
        let mut excluded = options.excluded_namespaces;
        excluded.extend(options.namespace.clone());
        excluded.sort();
        excluded.dedup();
        let metrics = Arc::new(Metrics::new());
        metrics.tls_in_use(tls.expiry(), now);
        metrics.policy_in_use(&policies.now());
        if let Some(problem) = policies.problem() {
            metrics.policy_reloaded(&reload_result::ReloadResult::Failed(()));
            let now = policies.now();
            tracing::error!(
                problem = problem.replace('\n', "; "),
                fallback = now.policy.name,
                mode = now.policy.mode.as_str(),
                "the policy cannot be loaded: starting with the fallback"
            );
        }
        let app = App {
            policies,
            cluster_cache: Arc::new(cluster_cache),
            metrics: Arc::clone(&metrics),
            tls: Arc::clone(&tls),
            lifecycle: Lifecycle::new(),
            excluded: excluded.into(),
            room: Arc::new(Semaphore::new(options.max_concurrent as usize)),
            default_timeout: options.timeouts.request,
            body_timeout: options.timeouts.body,
            memory: http::Memory::default(),
            heavy: http::Heavy::default(),
        };
        let account = Account::open(Account {
            reviews: options.max_connections as usize,
            operators: options.metrics_listen.map_or(0, |_| http::admin::MAX_CONNECTIONS),
        });
        let connections = Connections {
            tls,
            handler: http::Handler::new(&app),
            lifecycle: app.lifecycle.clone(),
            timeouts: options.timeouts,
            table: Arc::new(Table::new(account.reviews)),
            metrics,
        };
        Ok(Self {
            listener,
            address,
            metrics_listener,
            metrics_address,
            connections,
            app,
            namespace: options.namespace,
            reload_every: options.reload_every,
            shutdown_delay: options.shutdown_delay,
            signals,
            hangups,
            #[cfg(feature = "cluster")]
            cluster,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it shows its metrics.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// Serves until signals end it: `SIGTERM` with the grace that API servers need, `SIGINT` at once but for open
    /// requests, a second signal entirely at once.
    ///
    /// # Errors
    /// None any more, so far: what can fail does so before.
    pub async fn run(self) -> Result<Ended, ServeError> {
        let app = self.app;
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(self.signals.rule(app.lifecycle.clone(), self.shutdown_delay));
        tasks.spawn(self.hangups.switch_level());
        tasks.spawn(log::report_left_out());
        tasks.spawn(reload::keep_looking(
            Arc::clone(&app.tls),
            Arc::clone(&app.policies),
            Arc::clone(&app.cluster_cache),
            Arc::clone(&app.metrics),
            self.reload_every,
        ));
        if let Some(listener) = self.metrics_listener {
            tasks.spawn(http::admin::serve(listener, app.clone()));
        }
        #[cfg(feature = "cluster")]
        self.cluster.start(&app, &mut tasks);
        let drained = self.connections.serve(self.listener).await;
        app.lifecycle.advance(Phase::Ended);
        tasks.shutdown().await;
        log::report_left_out_at_last();
        if drained {
            tracing::info!("every open request is answered: ending");
        } else {
            tracing::warn!("connections were cut at the end");
        }
        Ok(if drained { Ended::Drained } else { Ended::Cut })
    }
}

/// How many threads there are for what never waits, at most. Each judges one ordinary review at a time, in memory of its
/// own, and two of them answer more than the API servers of any cluster ask.
const MAX_WORKERS: usize = 8;

/// How many threads there are for what takes longer, at most. Reviews have a bound of their own, below this one.
const MAX_BLOCKING: usize = 16;

/// Runs a server on threads of its own until a signal ends it. `started` is called once it listens.
///
/// # Errors
/// When certificate, port, threads or signals cannot be had.
pub fn run(options: ServeOptions, started: impl FnOnce(SocketAddr)) -> Result<Ended, ServeError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_WORKERS);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("jobguard")
        .worker_threads(threads)
        .max_blocking_threads(MAX_BLOCKING)
        .enable_all()
        .build()
        .map_err(ServeError::Start)?;
    let ended = runtime.block_on(async {
        let server = Server::bind(options).await?;
        let policy = server.app.policies.now();
        tracing::info!(
            address = %server.address(),
            metrics = server.metrics_address().map(tracing::field::display),
            policy = policy.policy.name,
            mode = policy.policy.mode.as_str(),
            certificate_until = server.app.tls.expiry().map(reload::until).map(tracing::field::display),
            namespace = server.namespace,
            excluded_namespaces = server.app.excluded.join(","),
            version = env!("CARGO_PKG_VERSION"),
            "listening"
        );
        cluster_cache::log_unmatched(&policy.policy, &server.app.cluster_cache.namespaces());
        started(server.address());
        server.run().await
    });
    // Whatever still computes has nobody left to answer to.
    runtime.shutdown_background();
    ended
}
