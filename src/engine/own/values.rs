//! What expressions ask of an object, as values: made once for an object, and only if an own rule is on.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use jobguard_apiserver::{Form, Wanted, Workload, sent_form};
use jobguard_cel::{Key, Map, Value, duration, string};
use k8s_openapi::api::batch::v1::JobSpec;

use crate::forecast::job::bound;

/// The values of an object, each filled in when the first expression asks.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Values {
    /// As far as the expressions of the policy look at it that asked first.
    part: OnceLock<(Arc<Wanted>, Value)>,
    /// For other policies.
    whole: OnceLock<Value>,
    worst_case: OnceLock<Value>,
}

impl Values {
    /// The object, with those of the fields that the API server's has that are wanted, if not more.
    pub(super) fn object(&self, workload: &Workload, wanted: &Arc<Wanted>) -> &Value {
        let part = || (Arc::clone(wanted), sent_form::<Cel>(workload, wanted));
        let (of, value) = self.part.get_or_init(part);
        if Arc::ptr_eq(of, wanted) || of == wanted {
            return value;
        }
        self.whole.get_or_init(|| sent_form::<Cel>(workload, &Wanted::everything()))
    }

    /// How long the Job takes at most; null where nothing ends it.
    pub(super) fn worst_case(&self, job: Option<&JobSpec>) -> Value {
        let of = || job.and_then(|job| bound(job).latest_seconds).map_or(Value::Null, duration);
        self.worst_case.get_or_init(of).clone()
    }
}

/// The values of expressions.
enum Cel {}

impl Form for Cel {
    type Value = Value;

    fn null() -> Value {
        Value::Null
    }

    fn bool(value: bool) -> Value {
        Value::Bool(value)
    }

    fn int(value: i64) -> Value {
        Value::Int(value)
    }

    fn float(value: f64) -> Value {
        Value::Float(value)
    }

    fn text(text: String) -> Value {
        string(text)
    }

    fn list(items: Vec<Value>) -> Value {
        Value::List(Arc::new(items))
    }

    fn map(entries: Vec<(Cow<'static, str>, Value)>) -> Value {
        let entries =
            entries.into_iter().map(|(key, value)| (Key::String(Arc::new(key.into_owned())), value));
        Value::Map(Map { map: Arc::new(entries.collect::<HashMap<Key, Value>>()) })
    }
}
