//! Looking again, from time to time, at what stands in files.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};
use tracing::field::display;

use super::knowledge::{Knowledge, log_unmatched};
use super::metrics::Metrics;
use super::policies::Policies;
use super::tls::Tls;

/// What came of looking again.
#[derive(Debug)]
pub(crate) enum Reload<E> {
    /// The contents are the same, and in use.
    Unchanged,
    /// The contents are new, and in use from now on.
    Loaded,
    /// The contents are new and cannot be used: what was in use stays.
    Failed(E),
    /// The contents are those that could not be used before.
    StillFailing,
}

impl<E> Reload<E> {
    /// Without the error.
    fn map<F>(self, change: impl FnOnce(E) -> F) -> Reload<F> {
        match self {
            Self::Unchanged => Reload::Unchanged,
            Self::Loaded => Reload::Loaded,
            Self::Failed(error) => Reload::Failed(change(error)),
            Self::StillFailing => Reload::StillFailing,
        }
    }
}

/// Looks at certificates and policy every so often, for ever.
pub(crate) async fn keep_looking(
    tls: Arc<Tls>,
    policies: Arc<Policies>,
    knowledge: Arc<Knowledge>,
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
            Reload::Loaded => {
                let expiry = files.expiry();
                metrics.tls_in_use(expiry, Timestamp::now());
                let until = expiry.map(until).map(display);
                tracing::info!(until, "certificates loaded anew");
            }
            Reload::Failed(problem) => {
                tracing::error!(problem, "certificates cannot be loaded: those loaded before stay in use");
            }
            Reload::Unchanged | Reload::StillFailing => {}
        }
        validity.look(&files);
        metrics.policy_reloaded(&policy);
        match policy {
            Reload::Loaded => {
                let now = in_use.now();
                metrics.policy_in_use(&now);
                let mode = now.policy.mode.as_str();
                tracing::info!(policy = now.policy.name, mode, hash = now.hash, "policy loaded anew");
                log_unmatched(&now.policy, &knowledge.namespaces());
            }
            Reload::Failed(problem) => {
                tracing::error!(problem, "the policy cannot be loaded: the one loaded before stays in use");
            }
            Reload::Unchanged | Reload::StillFailing => {}
        }
    }
}

/// A certificate's end, for people.
pub(crate) fn until(expiry: i64) -> Timestamp {
    Timestamp::from_second(expiry).unwrap_or(Timestamp::MAX)
}

/// Whether the certificate is one that clients accept by its time, as was told last.
#[derive(Debug, Default)]
struct Validity(Option<String>);

impl Validity {
    /// Tells what has changed.
    fn look(&mut self, tls: &Tls) {
        // Whoever manages certificates tells of them, too.
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
