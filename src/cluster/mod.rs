//! What needs a running cluster: knowledge of Services, namespaces and CronJobs, and certificates that the server manages itself.
//!
//! Reviews never wait for any of this, and never cause a call to the API server: watches and the certificates' keeper
//! run beside the server and hand it what they know.

mod ca;
mod cron_jobs;
mod seen;
mod watch;

use axum::http::HeaderValue;
use axum::http::header::USER_AGENT;
use kube::Client;
use thiserror::Error;
use tokio::task::JoinSet;

pub use ca::{Lifetimes, LifetimesError, SelfManaged};

use crate::server::App;

/// Who changes objects, in their `managedFields`.
const FIELD_MANAGER: &str = "jobguard";

/// Who asks, in the API server's audit log and metrics.
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
    /// Whether anything is asked.
    fn is_idle(&self) -> bool {
        !self.watch_services && !self.watch_namespaces && !self.watch_cron_jobs && self.self_managed.is_none()
    }
}

/// Why there is no way to the cluster.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// Neither a Pod's service account nor a kubeconfig tells how to reach the API server.
    #[error(
        "cannot tell how to reach the API server, which --watch-services, --watch-namespaces, --watch-cron-jobs and \
         --self-managed need: \
         run in a Pod with a service account, or set KUBECONFIG"
    )]
    Config(#[from] kube::config::InferConfigError),
    /// The client cannot be made.
    #[error("cannot make a client for the API server")]
    Client(#[from] kube::Error),
}

/// A cluster, and what is asked of it.
pub(crate) struct Cluster {
    options: Options,
    /// None where nothing is asked.
    client: Option<Client>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Finds the way to the cluster, if anything is asked of it.
    ///
    /// # Errors
    /// When there is none; whether the API server answers is no part of that.
    pub(crate) async fn connect(options: Options) -> Result<Self, ClusterError> {
        let client = match options.is_idle() {
            true => None,
            false => {
                let mut config = kube::Config::infer().await?;
                config.headers.push((USER_AGENT, HeaderValue::from_static(AGENT)));
                Some(Client::try_from(config)?)
            }
        };
        Ok(Self { options, client })
    }

    /// Starts what is asked for. It ends with `tasks`.
    pub(crate) fn start(self, app: &App, tasks: &mut JoinSet<()>) {
        let Some(client) = self.client else { return };
        if self.options.watch_services {
            tasks.spawn(watch::services(client.clone(), app.cluster_cache.clone()));
        }
        if self.options.watch_namespaces {
            tasks.spawn(watch::namespaces(client.clone(), app.cluster_cache.clone()));
        }
        if self.options.watch_cron_jobs {
            tasks.spawn(cron_jobs::watch(client.clone(), app.cluster_cache.clone()));
        }
        if let Some(managed) = self.options.self_managed {
            tasks.spawn(ca::keep(client, managed, app.clone()));
        }
    }
}
