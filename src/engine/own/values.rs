//! What expressions ask of an object, as values: made once for an object, and only if an own rule is on.

use std::sync::OnceLock;

use jobguard_apiserver::{Workload, sent_form};
use jobguard_cel::{Value, duration, from_json};
use k8s_openapi::api::batch::v1::JobSpec;

use crate::forecast::job::bound;

/// The values of an object, each filled in when the first expression asks.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Values {
    object: OnceLock<Value>,
    worst_case: OnceLock<Value>,
}

impl Values {
    /// The object, with the fields that the API server's has.
    pub(super) fn object(&self, workload: &Workload) -> Value {
        self.object.get_or_init(|| from_json(sent_form(workload))).clone()
    }

    /// How long the Job takes at most; null where nothing ends it.
    pub(super) fn worst_case(&self, job: Option<&JobSpec>) -> Value {
        let of = || job.and_then(|job| bound(job).latest_seconds).map_or(Value::Null, duration);
        self.worst_case.get_or_init(of).clone()
    }
}
