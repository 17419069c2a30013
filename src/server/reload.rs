//! Looking again, from time to time, at what stands in files.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};

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
    metrics: Arc<Metrics>,
    every: Duration,
) {
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
            (tls, policies.reload(now).map(|errors| errors.to_string()))
        });
        let Ok((tls, policy)) = looked.await else { continue };
        tell("certificates", &tls);
        metrics.tls_reloaded(&tls);
        if matches!(tls, Reload::Loaded) {
            metrics.tls_in_use(files.expiry(), Timestamp::now());
        }
        tell("policy", &policy);
        metrics.policy_reloaded(&policy);
        if matches!(policy, Reload::Loaded) {
            metrics.policy_in_use(&in_use.now());
        }
    }
}

fn tell(what: &str, reload: &Reload<impl Display>) {
    match reload {
        Reload::Loaded => tracing::info!(what, "loaded anew"),
        Reload::Failed(problem) => {
            tracing::error!(what, %problem, "cannot be used: keeping what is in use");
        }
        Reload::Unchanged | Reload::StillFailing => {}
    }
}
