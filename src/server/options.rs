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
    /// Which clients may send reviews; every client where this is none.
    pub clients: Option<ClientAuth>,
    /// Where the policy comes from.
    pub policy: PolicySource,
    /// The policy to start with if the configured one cannot be used; the server does not start then if this is none.
    pub policy_fallback: Option<Preset>,
    /// The port of metrics and other routes for operators, if any.
    pub metrics_listen: Option<SocketAddr>,
    /// The namespace that this runs in, if any: its objects are not judged.
    pub namespace: Option<String>,
    /// Other namespaces whose objects are not judged.
    pub excluded_namespaces: Vec<String>,
    /// How often files are read again.
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
