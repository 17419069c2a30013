//! Ending an evaluation whose verdict is of no use any more.

use std::sync::atomic::{AtomicBool, Ordering};

/// Set by the caller that has asked for a verdict, checked by the evaluation: between rules, and within loops that can be
/// long. There is no clock in it.
#[derive(Debug, Default)]
pub struct Cancellation(AtomicBool);

impl Cancellation {
    /// Ends the evaluation soon. It then has no verdict.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the evaluation is to end.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::{Author, Context, Input, Neighbours, Object, check, check_update};
    use crate::policy::{Preset, load};
    use crate::rules::registry;
    use jobguard_apiserver::Workload;

    #[test]
    fn a_cancelled_evaluation_has_no_findings() {
        let policy = load::preset(Preset::Strict, registry().catalog()).unwrap();
        let job = || {
            let job = json!({"spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}});
            Workload::Job(Box::new(serde_json::from_value(job).unwrap()))
        };
        let (old, new) = (
            Object::created(&policy.server, job(), |_| false),
            Object::created(&policy.server, job(), |_| false),
        );
        let cancellation = Cancellation::default();
        let context = Context {
            registry: registry(),
            policy: &policy,
            neighbours: &Neighbours::default(),
            file: None,
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
