//! Work that runs beside the server and keeps what it judges by up to date. The server knows nothing of how: it is
//! handed in with the options.

use std::error::Error;
use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

#[cfg(feature = "cluster")]
use jiff::Timestamp;

#[cfg(feature = "cluster")]
use super::audit_summary::ShownSummary;
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
    /// What is shown of the last audit.
    pub(crate) audit: AuditMetrics,
}

/// The certificate that is served, where a task makes it.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "nothing writes without a cluster"))]
pub(crate) struct ManagedCertificate {
    pub(crate) tls: Arc<Tls>,
    pub(crate) metrics: Arc<Metrics>,
}

/// Shows what the last audit came to.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "nothing writes without a cluster"))]
pub(crate) struct AuditMetrics(pub(super) Arc<Metrics>);

#[cfg(feature = "cluster")]
impl AuditMetrics {
    /// Shows a summary, or that there is none.
    pub(crate) fn show(&self, summary: Option<&ShownSummary>) {
        self.0.audit.show(summary);
    }
}

#[cfg(all(test, feature = "cluster"))]
impl AuditMetrics {
    pub(crate) fn for_tests() -> Self {
        Self(Arc::new(Metrics::new()))
    }

    pub(crate) fn text(&self) -> String {
        self.0.text(super::metrics::exposition::Format::Prometheus)
    }
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

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use tokio::sync::mpsc;
    use tokio::time::timeout;

    use super::*;
    use crate::policy::Preset;
    use crate::server::admission::namespaces::Namespaces;
    use crate::server::listener::shutdown::Phase;
    use crate::server::{Certificate, Ended, PolicySource, ServeError, ServeOptions, Server, Timeouts};

    const LONG: Duration = Duration::from_secs(20);

    /// Reports what happens to its task: that it runs, and that it is dropped.
    #[derive(Debug)]
    struct Fake {
        fails: bool,
        events: mpsc::UnboundedSender<&'static str>,
    }

    struct OnDrop(mpsc::UnboundedSender<&'static str>);

    impl Drop for OnDrop {
        fn drop(&mut self) {
            let _ = self.0.send("dropped");
        }
    }

    impl ClusterTasks for Fake {
        fn watches(&self) -> Watches {
            Watches { namespaces: true, ..Watches::default() }
        }

        fn connect(self: Box<Self>) -> BoxFuture<Result<StartTasks, Box<dyn Error + Send + Sync>>> {
            Box::pin(async move {
                if self.fails {
                    return Err("there is no cluster".into());
                }
                let start: StartTasks = Box::new(move |handles| {
                    let task = async move {
                        let _on_drop = OnDrop(self.events.clone());
                        assert_eq!(*handles.cache.namespaces(), Namespaces::Awaited);
                        let _ = self.events.send("runs");
                        pending::<()>().await;
                    };
                    vec![Box::pin(task)]
                });
                Ok(start)
            })
        }
    }

    async fn bind(fails: bool) -> (Result<Server, ServeError>, mpsc::UnboundedReceiver<&'static str>) {
        let (events, received) = mpsc::unbounded_channel();
        let server = Server::bind(ServeOptions {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            certificate: Certificate::SelfSigned,
            clients: None,
            policy: PolicySource::BuiltIn(Preset::Recommended),
            policy_fallback: None,
            metrics_listen: None,
            namespace: None,
            excluded_namespaces: Vec::new(),
            reload_every: LONG,
            cluster: Some(Box::new(Fake { fails, events })),
            shutdown_delay: Duration::ZERO,
            max_connections: 8,
            max_concurrent: 8,
            timeouts: Timeouts::default(),
        });
        (server.await, received)
    }

    #[tokio::test]
    async fn tasks_run_until_the_server_ends() {
        let (server, mut events) = bind(false).await;
        let server = server.unwrap();
        let lifecycle = server.app.lifecycle.clone();
        let running = tokio::spawn(server.run());
        assert_eq!(timeout(LONG, events.recv()).await.unwrap(), Some("runs"));
        lifecycle.advance(Phase::Draining);
        assert_eq!(timeout(LONG, running).await.unwrap().unwrap().unwrap(), Ended::Drained);
        assert_eq!(events.recv().await, Some("dropped"));
    }

    #[tokio::test]
    async fn without_its_cluster_the_server_does_not_start() {
        let (server, mut events) = bind(true).await;
        assert_eq!(server.unwrap_err().to_string(), "there is no cluster");
        assert_eq!(events.recv().await, None);
    }
}
