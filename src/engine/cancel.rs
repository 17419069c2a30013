//! Ending an evaluation that nobody waits for any more.

use std::sync::atomic::{AtomicBool, Ordering};

/// Asked for by who waits for a verdict, seen by who makes it: between rules, and within loops that can be long. There
/// is no clock in it.
#[derive(Debug, Default)]
pub struct Cancellation(AtomicBool);

impl Cancellation {
    /// Ends the evaluation soon. It then has no verdict.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether nobody waits any more.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::{Author, Context, Input, Object, Services, check, check_update, registry};
    use crate::policy::{Preset, load};
    use jobguard_apiserver::Workload;

    #[test]
    fn what_nobody_waits_for_is_not_evaluated() {
        let policy = load::preset(Preset::Strict, registry().catalog()).unwrap();
        let job = || {
            let job = json!({"spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}});
            Workload::Job(Box::new(serde_json::from_value(job).unwrap()))
        };
        let (old, new) =
            (Object::created(&policy.server, job(), |_| {}), Object::created(&policy.server, job(), |_| {}));
        let cancellation = Cancellation::default();
        let context = Context {
            policy: &policy,
            services: &Services::Unknown,
            input: Input::Alone,
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            namespace_labels: None,
            author: Author::default(),
            cancellation: Some(&cancellation),
        };
        for verdict in [check(&new, &context), check_update(&old, &new, &context)] {
            assert!(!verdict.cancelled && !verdict.findings.is_empty());
        }
        cancellation.cancel();
        for verdict in [check(&new, &context), check_update(&old, &new, &context)] {
            assert!(verdict.cancelled && verdict.findings.is_empty());
        }
    }
}
