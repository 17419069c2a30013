//! How a server is run.

use std::net::SocketAddr;
use std::time::Duration;

use super::cluster_tasks::ClusterTasks;
use super::listener::timeouts::Timeouts;
use super::state::policies::PolicySource;
use super::tls::{Certificate, ClientAuth};
use crate::policy::Preset;

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
    /// What keeps the server informed of its cluster, if anything.
    pub cluster: Option<Box<dyn ClusterTasks>>,
}
