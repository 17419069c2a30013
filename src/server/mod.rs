//! The HTTPS admission webhook.
//!
//! [`Server::bind`] loads the certificate and takes the port; [`Server::run`] serves until a signal ends it. What is
//! answered is decided in [`Admission`], which knows nothing of HTTP.

mod admission;
#[cfg_attr(
    not(feature = "cluster"),
    allow(dead_code, unreachable_pub, reason = "nothing reads summaries without a cluster")
)]
mod audit_summary;
mod cluster_tasks;
mod http;
mod listener;
mod log;
mod metrics;
mod options;
mod reload_result;
mod state;
#[cfg(test)]
mod testing;
mod tls;
#[cfg(test)]
mod wire_tests;

use std::error::Error;
use std::fmt;
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
#[cfg(feature = "cluster")]
pub(crate) use audit_summary::{
    AuditSummary, BadSummary, KEY as SUMMARY_KEY, MAX_COUNTS, NamespaceCount, RuleCount, ShownSummary,
};
pub use cluster_tasks::{BoxFuture, ClusterHandles, ClusterTasks, StartTasks};
pub use listener::ports::ListenError;
pub use listener::timeouts::Timeouts;
pub use log::{LogFormat, start as start_log};
pub use options::ServeOptions;
pub use state::cluster_cache::Watches;
pub use state::policies::PolicySource;
pub use tls::{Certificate, ClientAuth, TlsError};
pub use tracing::level_filters::LevelFilter;

#[cfg(feature = "cluster")]
pub(crate) use admission::controllers::{CronJobs, KnownCronJob, Run};
pub(crate) use admission::explain::{Asked, explain};
pub(crate) use admission::intake::MAX_BODY;
#[cfg(feature = "cluster")]
pub(crate) use admission::namespaces::{Labels, Namespaces};
#[cfg(feature = "cluster")]
pub(crate) use cluster_tasks::{AuditMetrics, ManagedCertificate};
pub(crate) use http::deadline::parse as parse_duration;
#[cfg(feature = "cluster")]
pub(crate) use state::cluster_cache::ClusterCache;
#[cfg(feature = "cluster")]
pub(crate) use tls::{Identity, facts as certificate_facts};

#[cfg(not(feature = "cluster"))]
use cluster_tasks::{AuditMetrics, ManagedCertificate};
use http::admin;
use http::app::App;
use http::body::Memory;
use http::handler::Handler;
use http::weight::Heavy;
use listener::connections::Connections;
use listener::file_limit::ConnectionLimits;
use listener::ports;
use listener::shutdown::{Lifecycle, Phase, Signals};
use listener::table::Table;
use log::SighupListener;
use metrics::Metrics;
use reload_result::ReloadResult;
#[cfg(not(feature = "cluster"))]
use state::cluster_cache::ClusterCache;
use state::policies::Policies;
use state::{cluster_cache, reload};
use tls::Tls;

use crate::policy::PolicyErrors;

/// Why a server cannot be run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Certificate or key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The policy.
    #[error("cannot use the policy:\n{0}")]
    Policy(PolicyErrors),
    /// The cluster.
    #[error(transparent)]
    Cluster(Box<dyn Error + Send + Sync>),
    /// A port.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Threads or signals.
    #[error("cannot start: {0}")]
    Start(io::Error),
}

impl From<PolicyErrors> for ServeError {
    // The message has all of it: as a source too, it would be printed twice.
    fn from(errors: PolicyErrors) -> Self {
        Self::Policy(errors)
    }
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Every request that was open got its answer.
    Drained,
    /// Connections were cut: the drain took too long, or a second signal came.
    Cut,
}

/// A server that has its ports and its certificate.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    metrics_listener: Option<TcpListener>,
    metrics_address: Option<SocketAddr>,
    connections: Connections<Handler>,
    app: App,
    namespace: Option<String>,
    reload_every: Duration,
    shutdown_delay: Duration,
    signals: Signals,
    sighup: SighupListener,
    cluster: Option<StartTasks>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Server {
    /// Loads the certificate and the policy, and takes the ports.
    ///
    /// # Errors
    /// When any of it fails.
    pub async fn bind(options: ServeOptions) -> Result<Self, ServeError> {
        // Before the server can be reached: a signal without a listener ends the process.
        let signals = Signals::listen().map_err(ServeError::Start)?;
        let sighup = SighupListener::listen().map_err(ServeError::Start)?;
        let now = Timestamp::now();
        let watches = options.cluster.as_ref().map(|tasks| tasks.watches()).unwrap_or_default();
        let cluster = match options.cluster {
            Some(tasks) => Some(tasks.connect().await.map_err(ServeError::Cluster)?),
            None => None,
        };
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
        policies.now().measure(&metrics);
        if let Some(problem) = policies.problem() {
            metrics.policy_reloaded(&ReloadResult::Failed(()));
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
            cluster_cache: Arc::new(ClusterCache::new(watches)),
            metrics: Arc::clone(&metrics),
            tls: Arc::clone(&tls),
            lifecycle: Lifecycle::new(),
            excluded: excluded.into(),
            review_permits: Arc::new(Semaphore::new(options.max_concurrent as usize)),
            default_timeout: options.timeouts.request,
            body_timeout: options.timeouts.body,
            memory: Memory::default(),
            heavy: Heavy::default(),
        };
        let limits = ConnectionLimits::open(ConnectionLimits {
            reviews: options.max_connections as usize,
            operators: options.metrics_listen.map_or(0, |_| admin::MAX_CONNECTIONS),
        });
        let connections = Connections {
            tls,
            handler: Handler::new(&app),
            lifecycle: app.lifecycle.clone(),
            timeouts: options.timeouts,
            table: Arc::new(Table::new(limits.reviews)),
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
            sighup,
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
    /// None so far: what can fail does so in [`Server::bind`].
    pub async fn run(self) -> Result<Ended, ServeError> {
        let app = self.app;
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(self.signals.drive_shutdown(app.lifecycle.clone(), self.shutdown_delay));
        tasks.spawn(self.sighup.switch_level());
        tasks.spawn(log::report_left_out());
        tasks.spawn(reload::poll_files(
            Arc::clone(&app.tls),
            Arc::clone(&app.policies),
            Arc::clone(&app.cluster_cache),
            Arc::clone(&app.metrics),
            self.reload_every,
        ));
        if let Some(listener) = self.metrics_listener {
            tasks.spawn(admin::serve(listener, app.clone()));
        }
        if let Some(start) = self.cluster {
            let certificate =
                ManagedCertificate { tls: Arc::clone(&app.tls), metrics: Arc::clone(&app.metrics) };
            let audit = AuditMetrics(Arc::clone(&app.metrics));
            let handles = ClusterHandles { cache: Arc::clone(&app.cluster_cache), certificate, audit };
            start(handles).into_iter().for_each(|task| drop(tasks.spawn(task)));
        }
        let drained = self.connections.serve(self.listener).await;
        app.lifecycle.advance(Phase::Ended);
        tasks.shutdown().await;
        log::report_left_out_at_last();
        if drained {
            tracing::info!("all open requests are answered, exiting");
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
    // What is still being evaluated has no client any more.
    runtime.shutdown_background();
    ended
}
