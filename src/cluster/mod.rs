//! What needs a running cluster: caches of Services, namespaces and CronJobs, and certificates that the server manages itself.
//!
//! Reviews never wait for any of this, and never cause a call to the API server: watches and the certificate manager
//! are tasks beside the server, which write to its cache.

mod ca;
mod cron_jobs;
mod seen;
mod watch;

use std::error::Error;

use axum::http::HeaderValue;
use axum::http::header::USER_AGENT;
use kube::Client;
use thiserror::Error;

pub use ca::{Lifetimes, LifetimesError, SelfManaged};

use crate::server::{BoxFuture, ClusterHandles, ClusterTasks, StartTasks, Watches};

/// The user agent, in the API server's audit log and metrics.
const AGENT: &str = concat!("jobguard/", env!("CARGO_PKG_VERSION"));

/// What is asked of the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether to know the Services, for the rules that ask.
    pub watch_services: bool,
    /// Whether to know the namespaces' labels, for policies that match on them.
    pub watch_namespaces: bool,
    /// Whether to know the CronJobs, so that their runs by hand count as runs.
    pub watch_cron_jobs: bool,
    /// Whether the server makes its own certificates, and where they go.
    pub self_managed: Option<SelfManaged>,
}

impl Options {
    /// Whether nothing is asked of the cluster.
    pub fn is_idle(&self) -> bool {
        !self.watch_services && !self.watch_namespaces && !self.watch_cron_jobs && self.self_managed.is_none()
    }
}

/// Why there is no way to the cluster.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// Neither a Pod's service account nor a kubeconfig says how to reach the API server.
    #[error(
        "cannot tell how to reach the API server, for {asked}: {cause}; run in a Pod with a service account, or set \
         KUBECONFIG"
    )]
    Config {
        /// The flags that need it.
        asked: String,
        /// What is wrong with the kubeconfig. Its own causes are part of it.
        cause: String,
    },
    /// The client cannot be made.
    #[error("cannot make a client for the API server")]
    Client(#[from] kube::Error),
}

impl ClusterTasks for Options {
    fn watches(&self) -> Watches {
        Watches {
            services: self.watch_services,
            namespaces: self.watch_namespaces,
            cron_jobs: self.watch_cron_jobs,
        }
    }

    /// Whether the API server answers is not asked here: watches retry.
    fn connect(self: Box<Self>) -> BoxFuture<Result<StartTasks, Box<dyn Error + Send + Sync>>> {
        Box::pin(async move {
            let client = client(&self.flags()).await?;
            let start: StartTasks = Box::new(move |handles| self.tasks(&client, &handles));
            Ok(start)
        })
    }
}

/// A client for the cluster that this Pod or the kubeconfig belongs to.
async fn client(asked: &[&str]) -> Result<Client, ClusterError> {
    let mut config = kube::Config::infer().await.map_err(|error| ClusterError::Config {
        asked: asked.join(", "),
        // Of the two places, it names the kubeconfig as its source.
        cause: error.source().map_or_else(|| error.to_string(), ToString::to_string),
    })?;
    config.headers.push((USER_AGENT, HeaderValue::from_static(AGENT)));
    Ok(Client::try_from(config)?)
}

impl Options {
    /// The flags of `jobguard serve` that ask for something.
    fn flags(&self) -> Vec<&'static str> {
        let flags = [
            (self.watch_services, "--watch-services"),
            (self.watch_namespaces, "--watch-namespaces"),
            (self.watch_cron_jobs, "--watch-cron-jobs"),
            (self.self_managed.is_some(), "--self-managed"),
        ];
        flags.into_iter().filter_map(|(asked, flag)| asked.then_some(flag)).collect()
    }

    fn tasks(self, client: &Client, handles: &ClusterHandles) -> Vec<BoxFuture<()>> {
        let mut tasks: Vec<BoxFuture<()>> = Vec::new();
        if self.watch_services {
            tasks.push(Box::pin(watch::services(client.clone(), handles.cache.clone())));
        }
        if self.watch_namespaces {
            tasks.push(Box::pin(watch::namespaces(client.clone(), handles.cache.clone())));
        }
        if self.watch_cron_jobs {
            tasks.push(Box::pin(cron_jobs::watch(client.clone(), handles.cache.clone())));
        }
        if let Some(managed) = self.self_managed {
            tasks.push(Box::pin(ca::keep(client.clone(), managed, handles.certificate.clone())));
        }
        tasks
    }
}
