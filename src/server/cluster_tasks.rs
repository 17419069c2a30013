//! Work that runs beside the server and keeps what it judges by up to date. The server knows nothing of how: it is
//! handed in with the options.

use std::error::Error;
use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

#[cfg(feature = "cluster")]
use jiff::Timestamp;

use super::metrics::Metrics;
use super::state::cluster_cache::{ClusterCache, Watches};
use super::tls::Tls;
#[cfg(feature = "cluster")]
use super::tls::{Identity, TlsError};

/// A future that is owned and can be moved between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What is run beside the server, given what it may write to. The futures are dropped when the server ends.
pub type StartTasks = Box<dyn FnOnce(ClusterHandles) -> Vec<BoxFuture<()>> + Send>;

/// Tasks that keep the server informed of its cluster.
pub trait ClusterTasks: Debug + Send {
    /// Which caches they fill.
    fn watches(&self) -> Watches;

    /// Finds the cluster, before any port is taken.
    ///
    /// # Errors
    /// The future's output is an error when there is no way to it; the server does not start then.
    fn connect(self: Box<Self>) -> BoxFuture<Result<StartTasks, Box<dyn Error + Send + Sync>>>;
}

/// What tasks may write to.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "nothing writes without a cluster"))]
pub struct ClusterHandles {
    /// What is known of the cluster.
    pub(crate) cache: Arc<ClusterCache>,
    /// The certificate of a server that has [`Certificate::Managed`](super::Certificate::Managed).
    pub(crate) certificate: ManagedCertificate,
}

/// The certificate that is served, where a task makes it.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "nothing writes without a cluster"))]
pub(crate) struct ManagedCertificate {
    pub(crate) tls: Arc<Tls>,
    pub(crate) metrics: Arc<Metrics>,
}

#[cfg(feature = "cluster")]
impl ManagedCertificate {
    /// Serves another certificate, or none.
    ///
    /// # Errors
    /// When it cannot be used; the one before stays.
    pub(crate) fn install(&self, identity: Option<Identity>) -> Result<(), TlsError> {
        let expiry = identity.as_ref().map(|identity| identity.not_after);
        self.tls.install(identity)?;
        self.metrics.tls_in_use(expiry, Timestamp::now());
        Ok(())
    }
}
