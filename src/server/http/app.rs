//! What the handlers of requests share.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::body::Memory;
use super::weight::Heavy;
use crate::server::admission::decide::Admission;
use crate::server::listener::shutdown::{Lifecycle, Phase};
use crate::server::metrics::Metrics;
use crate::server::state::cluster_cache::ClusterCache;
use crate::server::state::policies::Policies;
use crate::server::tls::Tls;

/// What the handlers share.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) policies: Arc<Policies>,
    pub(crate) cluster_cache: Arc<ClusterCache>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) tls: Arc<Tls>,
    pub(crate) lifecycle: Lifecycle,
    /// Namespaces that are not judged.
    pub(crate) excluded: Arc<[String]>,
    /// One permit for each review that is being judged.
    pub(crate) review_permits: Arc<Semaphore>,
    /// For requests that do not say how long their client waits.
    pub(crate) default_timeout: Duration,
    /// For the body of a request; large ones get more.
    pub(crate) body_timeout: Duration,
    /// Room for bodies.
    pub(crate) memory: Memory,
    /// Room for evaluations on threads of their own.
    pub(crate) heavy: Heavy,
}

impl App {
    /// What answers the next review.
    pub(crate) fn admission(&self) -> Admission {
        Admission::with(
            Arc::clone(&self.policies.now().policy),
            self.cluster_cache.neighbours(),
            self.cluster_cache.namespaces(),
            Arc::clone(&self.excluded),
        )
        .knowing(self.cluster_cache.cron_jobs())
    }

    /// Why no requests should be sent here.
    pub(crate) fn not_ready(&self) -> Option<String> {
        if self.lifecycle.phase() > Phase::Serving {
            return Some("shutting down".to_owned());
        }
        self.tls.problem(Timestamp::now())
    }
}
