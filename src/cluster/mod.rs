//! What needs a running cluster: knowledge of Services and namespaces, and certificates that the server manages itself.
//!
//! Reviews never wait for any of this, and never cause a call to the API server: watches and the certificates' keeper
//! run beside the server and hand it what they know.

mod ca;
mod watch;

use kube::Client;
use thiserror::Error;
use tokio::task::JoinSet;

pub use ca::{Lifetimes, LifetimesError, SelfManaged};

use crate::server::App;

/// What is asked of the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether to know the Services, for the rules that ask.
    pub watch_services: bool,
    /// Whether to know the namespaces' labels, for policies that match on them.
    pub watch_namespaces: bool,
    /// Whether the server makes its own certificates, and where they go.
    pub self_managed: Option<SelfManaged>,
}

impl Options {
    /// Whether anything is asked.
    fn is_idle(&self) -> bool {
        !self.watch_services && !self.watch_namespaces && self.self_managed.is_none()
    }
}

/// Why there is no way to the cluster.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// Neither a Pod's service account nor a kubeconfig tells how to reach the API server.
    #[error(
        "cannot tell how to reach the API server, which --watch-services, --watch-namespaces and --self-managed need: {0}"
    )]
    Config(#[from] kube::config::InferConfigError),
    /// The client cannot be made.
    #[error("cannot make a client for the API server: {0}")]
    Client(#[from] kube::Error),
}

/// Starts what is asked for. It ends with `tasks`.
///
/// # Errors
/// When there is no way to the cluster; whether the API server answers is no part of that.
pub(crate) async fn start(options: &Options, app: &App, tasks: &mut JoinSet<()>) -> Result<(), ClusterError> {
    if options.is_idle() {
        return Ok(());
    }
    let config = kube::Config::infer().await?;
    let client = Client::try_from(config)?;
    if options.watch_services {
        tasks.spawn(watch::services(client.clone(), app.knowledge.clone()));
    }
    if options.watch_namespaces {
        tasks.spawn(watch::namespaces(client.clone(), app.knowledge.clone()));
    }
    if let Some(managed) = &options.self_managed {
        tasks.spawn(ca::keep(client, managed.clone(), app.clone()));
    }
    Ok(())
}
