//! What needs a running cluster: caches of namespaces, CronJobs and other objects that rules know, and certificates that the server manages itself.
//!
//! Reviews never wait for any of this, and never cause a call to the API server: watches and the certificate manager
//! are tasks beside the server, which write to its cache.

mod audit_summary;
mod ca;
mod connect;
mod cron_jobs;
mod neighbours;
mod reader;
mod resource;
mod seen;
mod watch;

use std::error::Error;

use axum::http::HeaderValue;
use axum::http::header::USER_AGENT;
use kube::Client;
use thiserror::Error;

pub use ca::{Lifetimes, LifetimesError, SelfManaged};
pub use connect::{ConnectError, Connection, Target};
pub use neighbours::read_neighbour;
pub use reader::{
    Answer, Cause, PAGE, Page, Pages, ReadError, Reader, Selection, Served, ServerVersion, Writer, Written,
};
pub use resource::{MissingRight, ObjectName, Resource};

pub(crate) use crate::server::{AuditSummary, MAX_COUNTS, NamespaceCount, RuleCount, SUMMARY_KEY};

use crate::engine::{NeighbourKind, NeighbourKinds};
use crate::server::{BoxFuture, ClusterHandles, ClusterTasks, StartTasks, Watches};

/// The user agent, in the API server's audit log and metrics.
const AGENT: &str = concat!("jobguard/", env!("CARGO_PKG_VERSION"));

/// What is asked of the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Which objects beside Jobs to know, for the rules that ask. Namespaces have a field of their own.
    pub watch_neighbours: NeighbourKinds,
    /// Whether to know the namespaces' labels, for policies that match on them.
    pub watch_namespaces: bool,
    /// Whether to know the CronJobs, so that their runs by hand count as runs.
    pub watch_cron_jobs: bool,
    /// Where an audit leaves its summary, if the server is to show it.
    pub audit_summary: Option<ObjectName>,
    /// Whether the server makes its own certificates, and where they go.
    pub self_managed: Option<SelfManaged>,
}

impl Options {
    /// Whether nothing is asked of the cluster.
    pub fn is_idle(&self) -> bool {
        self.watch_neighbours.is_empty()
            && !self.watch_namespaces
            && !self.watch_cron_jobs
            && self.audit_summary.is_none()
            && self.self_managed.is_none()
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
            neighbours: self.watch_neighbours,
            namespaces: self.watch_namespaces,
            cron_jobs: self.watch_cron_jobs,
        }
    }

    /// Whether the API server answers is not asked here: watches retry.
    fn connect(self: Box<Self>) -> BoxFuture<Result<StartTasks, Box<dyn Error + Send + Sync>>> {
        Box::pin(async move {
            let config = client_config(&self.flags()).await?;
            let clients = Clients {
                metadata: neighbours::metadata_client(config.clone()).map_err(ClusterError::Client)?,
                all: Client::try_from(config).map_err(ClusterError::Client)?,
            };
            let start: StartTasks = Box::new(move |handles| self.tasks(&clients, &handles));
            Ok(start)
        })
    }
}

/// Clients of one cluster.
struct Clients {
    /// For whole objects.
    all: Client,
    /// For nothing but metadata.
    metadata: Client,
}

/// How to reach the cluster that this Pod or the kubeconfig belongs to.
async fn client_config(asked: &[&str]) -> Result<kube::Config, ClusterError> {
    let mut config = kube::Config::infer().await.map_err(|error| ClusterError::Config {
        asked: asked.join(", "),
        // Of the two places, it names the kubeconfig as its source.
        cause: error.source().map_or_else(|| error.to_string(), ToString::to_string),
    })?;
    config.headers.push((USER_AGENT, HeaderValue::from_static(AGENT)));
    Ok(config)
}

impl Options {
    /// The flags of `jobguard serve` that ask for something.
    fn flags(&self) -> Vec<&'static str> {
        let flags = [
            (self.watch_namespaces, "--watch-namespaces"),
            (self.watch_cron_jobs, "--watch-cron-jobs"),
            (self.audit_summary.is_some(), "--audit-summary"),
            (self.self_managed.is_some(), "--self-managed"),
        ];
        let watched = self.watch_neighbours.iter().map(watch_flag);
        watched.chain(flags.into_iter().filter_map(|(asked, flag)| asked.then_some(flag))).collect()
    }

    fn tasks(self, clients: &Clients, handles: &ClusterHandles) -> Vec<BoxFuture<()>> {
        let mut tasks: Vec<BoxFuture<()>> = Vec::new();
        for kind in self.watch_neighbours.iter() {
            let client = if kind.is_metadata_only() { &clients.metadata } else { &clients.all };
            tasks.push(Box::pin(neighbours::watch(client.clone(), kind, handles.cache.clone())));
        }
        if self.watch_namespaces {
            tasks.push(Box::pin(watch::namespaces(clients.all.clone(), handles.cache.clone())));
        }
        if self.watch_cron_jobs {
            tasks.push(Box::pin(cron_jobs::watch(clients.all.clone(), handles.cache.clone())));
        }
        if let Some(place) = self.audit_summary {
            let metrics = handles.audit.clone();
            tasks.push(Box::pin(audit_summary::watch(clients.all.clone(), place, metrics)));
        }
        if let Some(managed) = self.self_managed {
            tasks.push(Box::pin(ca::keep(clients.all.clone(), managed, handles.certificate.clone())));
        }
        tasks
    }
}

/// The flag of `jobguard serve` that asks for a kind of objects beside Jobs.
pub fn watch_flag(kind: NeighbourKind) -> &'static str {
    match kind {
        NeighbourKind::ConfigMap => "--watch-config-maps",
        NeighbourKind::Deployment => "--watch-deployments",
        NeighbourKind::HorizontalPodAutoscaler => "--watch-horizontal-pod-autoscalers",
        NeighbourKind::LimitRange => "--watch-limit-ranges",
        NeighbourKind::Namespace => "--watch-namespaces",
        NeighbourKind::PersistentVolumeClaim => "--watch-persistent-volume-claims",
        NeighbourKind::PodDisruptionBudget => "--watch-pod-disruption-budgets",
        NeighbourKind::ReplicaSet => "--watch-replica-sets",
        NeighbourKind::ResourceQuota => "--watch-resource-quotas",
        NeighbourKind::Secret => "--watch-secrets",
        NeighbourKind::Service => "--watch-services",
        NeighbourKind::ServiceAccount => "--watch-service-accounts",
        NeighbourKind::StatefulSet => "--watch-stateful-sets",
    }
}
