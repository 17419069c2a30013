//! Reload: certificate and policy files are polled, and used where they have changed.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};
use tracing::field::display;

use super::cluster_cache::{ClusterCache, log_unmatched};
use super::policies::Policies;
use crate::server::metrics::Metrics;
use crate::server::reload_result::ReloadResult;
use crate::server::tls::Tls;

/// Polls certificate and policy files, for ever.
pub(crate) async fn poll_files(
    tls: Arc<Tls>,
    policies: Arc<Policies>,
    cluster_cache: Arc<ClusterCache>,
    metrics: Arc<Metrics>,
    every: Duration,
) {
    let mut validity = Validity::default();
    validity.look(&tls);
    let mut ticks = interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first one comes at once.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let (files, in_use) = (Arc::clone(&tls), Arc::clone(&policies));
        let (tls, policies) = (Arc::clone(&tls), Arc::clone(&policies));
        let looked = tokio::task::spawn_blocking(move || {
            let now = Timestamp::now();
            let tls = tls.reload(now).map(|error| error.to_string());
            // A line of the log is one line, whatever is wrong.
            (tls, policies.reload(now).map(|errors| errors.to_string().replace('\n', "; ")))
        });
        let Ok((tls, policy)) = looked.await else { continue };
        metrics.tls_reloaded(&tls);
        match tls {
            ReloadResult::Loaded => {
                let expiry = files.expiry();
                metrics.tls_in_use(expiry, Timestamp::now());
                let until = expiry.map(until).map(display);
                tracing::info!(until, "certificates reloaded");
            }
            ReloadResult::Failed(problem) => {
                tracing::error!(problem, "certificates cannot be loaded: those loaded before stay in use");
            }
            ReloadResult::Unchanged | ReloadResult::StillFailing => {}
        }
        validity.look(&files);
        metrics.policy_reloaded(&policy);
        match policy {
            ReloadResult::Loaded => {
                let now = in_use.now();
                now.measure(&metrics);
                let mode = now.policy.mode.as_str();
                tracing::info!(policy = now.policy.name, mode, hash = now.hash, "policy reloaded");
                log_unmatched(&now.policy, &cluster_cache.namespaces());
            }
            ReloadResult::Failed(problem) => {
                tracing::error!(problem, "the policy cannot be loaded: the one loaded before stays in use");
            }
            ReloadResult::Unchanged | ReloadResult::StillFailing => {}
        }
    }
}

/// A certificate's end, for people.
pub(crate) fn until(expiry: i64) -> Timestamp {
    Timestamp::from_second(expiry).unwrap_or(Timestamp::MAX)
}

/// Whether the certificate in use is valid now, as logged last.
#[derive(Debug, Default)]
struct Validity(Option<String>);

impl Validity {
    /// Logs a change.
    fn look(&mut self, tls: &Tls) {
        // A certificate manager logs problems itself.
        let problem = if tls.is_managed() { None } else { tls.problem(Timestamp::now()) };
        if problem != self.0 {
            match &problem {
                Some(problem) => tracing::error!(problem, "API servers refuse the certificate in use"),
                None => tracing::info!("the certificate in use is valid"),
            }
            self.0 = problem;
        }
    }
}
