//! What expressions ask of an object, as values: made once for an object, and only if an own rule is on.

use std::cell::Cell;
use std::collections::BTreeMap;

use jobguard_apiserver::{Kind, Workload};
use jobguard_cel::{EvalError, Facts, Value, duration, field, map, string};

use crate::engine::{Object, RequestFacts};
use crate::policy::own::vocabulary::{JOB, NAMESPACE_OBJECT, OBJECT, OLD_OBJECT, REQUEST, SCHEDULE};
use crate::policy::own::{FilledIn, Holder, LookedAt};

use super::schedule;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Everything that an evaluation may ask.
pub(super) struct OwnFacts<'a> {
    pub(super) object: &'a Object,
    /// What the policy's expressions look at, of an object.
    pub(super) looked_at: &'a LookedAt,
    /// The stored version, on UPDATE.
    pub(super) old: Option<&'a Object>,
    pub(super) request: Option<RequestFacts<'a>>,
    pub(super) namespace_labels: Option<&'a BTreeMap<String, String>>,
    /// Which objects an evaluation has asked for.
    pub(super) asked: Asked,
}

/// Which objects an evaluation has asked for: what it does not reach has no influence.
#[derive(Debug, Default)]
pub(super) struct Asked {
    object: Cell<bool>,
    old_object: Cell<bool>,
    job: Cell<bool>,
}

impl Asked {
    fn of(&self, holder: Holder) -> &Cell<bool> {
        match holder {
            Holder::Object => &self.object,
            Holder::OldObject => &self.old_object,
            Holder::Job => &self.job,
        }
    }
}

impl OwnFacts<'_> {
    fn value<'o>(&self, object: &'o Object) -> &'o Value {
        let workload = object.workload();
        object.values().object(workload, self.looked_at.of(workload.kind()))
    }

    /// A field that the evaluation may have read and only the API server knows, of an object that has not been through one.
    pub(super) fn filled_in(&self, looked_at: &[(Holder, FilledIn)]) -> Option<FilledIn> {
        let is_unknown = |(holder, field): &&(Holder, FilledIn)| {
            let object = match holder {
                Holder::Object => Some(self.object),
                Holder::OldObject => self.old,
                Holder::Job => Some(self.object).filter(|object| object.kind() == Kind::Job),
            };
            self.asked.of(*holder).get()
                && object.is_some_and(|object| is_unknown(object, *field, self.request.is_some()))
        };
        looked_at.iter().find(is_unknown).map(|(_, field)| *field)
    }

    /// A field of the Job.
    fn of_job(&self, name: &str) -> Option<&Value> {
        let job = self.object.job()?;
        let steps: &[&str] = if job.of_cron_job { &["spec", "jobTemplate"] } else { &[] };
        let job = steps.iter().try_fold(self.value(self.object), |at, step| field(at, step))?;
        field(job, name)
    }

    fn request(&self) -> Value {
        let Some(request) = self.request else { return Value::Null };
        let (group, version, kind) = request.kind;
        let resource = kind.to_ascii_lowercase() + "s";
        let kinds = || map([("group", string(group)), ("version", string(version)), ("kind", string(kind))]);
        let resources = || {
            map([
                ("group", string(group)),
                ("version", string(version)),
                ("resource", string(resource.as_str())),
            ])
        };
        let groups = request.groups.iter().map(|group| string(group.as_str())).collect::<Vec<_>>();
        let mut user = vec![("username", string(request.user))];
        // Left out where they are empty, as the API server leaves them out.
        if !request.uid.is_empty() {
            user.push(("uid", string(request.uid)));
        }
        if !groups.is_empty() {
            user.push(("groups", Value::from(groups)));
        }
        let mut fields = vec![
            ("kind", kinds()),
            ("requestKind", kinds()),
            ("resource", resources()),
            ("requestResource", resources()),
            ("operation", string(request.operation)),
            ("userInfo", map(user)),
            ("dryRun", Value::Bool(request.dry_run)),
        ];
        for (field, text) in [("name", request.name), ("namespace", request.namespace)] {
            if !text.is_empty() {
                fields.push((field, string(text)));
            }
        }
        map(fields)
    }

    fn namespace_object(&self) -> Value {
        let Some(labels) = self.namespace_labels else { return Value::Null };
        let labels = map(labels.iter().map(|(key, value)| (key.as_str(), string(value.as_str()))));
        let name = string(self.object.namespace().unwrap_or_default());
        map([("metadata", map([("name", name), ("labels", labels)]))])
    }
}

/// Whether a field is one that only the API server knows. It sends all of them with a review.
fn is_unknown(object: &Object, field: FilledIn, in_review: bool) -> bool {
    let metadata = object.metadata();
    let ObjectMeta { uid, name, generate_name, namespace, .. } = metadata;
    let given = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned);
    // An object with a uid is stored, or about to be. Every stored object has these fields, but manifests may lack them, and
    // `kubectl get` leaves out managedFields.
    if given(uid).is_some() {
        return !in_review
            && match field {
                FilledIn::Set("metadata.creationTimestamp") => metadata.creation_timestamp.is_none(),
                FilledIn::Set("metadata.generation") => metadata.generation.is_none(),
                FilledIn::Set("metadata.managedFields") => metadata.managed_fields.is_none(),
                FilledIn::Set("metadata.resourceVersion") => metadata.resource_version.is_none(),
                _ => false,
            };
    }
    match field {
        FilledIn::Set(_) => true,
        FilledIn::Namespace => given(namespace).is_none(),
        // Offline, a placeholder stands for a generated name.
        FilledIn::Name => given(generate_name)
            .is_some_and(|prefix| given(name).is_none_or(|name| name.starts_with(&prefix))),
        FilledIn::Selector => match object.workload() {
            Workload::Job(job) => job.spec.as_ref().is_none_or(|spec| spec.manual_selector != Some(true)),
            Workload::CronJob(_) => false,
        },
    }
}

impl Facts for OwnFacts<'_> {
    fn variable(&self, index: usize) -> Value {
        match index {
            OBJECT => self.asked.object.set(true),
            OLD_OBJECT => self.asked.old_object.set(true),
            _ => {}
        }
        match index {
            OBJECT => self.value(self.object).clone(),
            OLD_OBJECT => self.old.map_or(Value::Null, |old| self.value(old).clone()),
            REQUEST => self.request(),
            NAMESPACE_OBJECT => self.namespace_object(),
            _ => Value::Null,
        }
    }

    fn has_part(&self, part: usize) -> bool {
        match part {
            JOB => self.object.job().is_some(),
            SCHEDULE => self.object.timetable().is_some(),
            _ => false,
        }
    }

    fn field(&self, part: usize, field: usize) -> Result<Value, EvalError> {
        if part == JOB {
            self.asked.job.set(true);
        }
        let within = |name: &str| self.of_job(name).cloned().unwrap_or(Value::Null);
        Ok(match (part, field) {
            (JOB, 0) => within("spec"),
            (JOB, 1) => within("metadata"),
            (JOB, 2) => self.object.values().worst_case(self.object.job().map(|job| job.spec)),
            (JOB, 3) => {
                let pods = self.object.job().map(|job| job.peak_pods());
                pods.map_or(Value::Null, |pods| Value::Int(i64::try_from(pods).unwrap_or(i64::MAX)))
            }
            (SCHEDULE, 0) => {
                let shortest = self.object.timetable().and_then(|timetable| timetable.shortest_interval());
                shortest.and_then(|seconds| i64::try_from(seconds).ok()).map_or(Value::Null, duration)
            }
            (SCHEDULE, 1) => {
                let zone = self.object.timetable().and_then(|timetable| timetable.zone_name());
                zone.map_or(Value::Null, string)
            }
            _ => Value::Null,
        })
    }

    fn call(&self, _part: usize, _function: usize, arguments: &[Value]) -> Result<Value, EvalError> {
        // The only function that there is.
        match (self.object.timetable(), arguments) {
            (Some(timetable), [at]) => schedule::fires_at(timetable, at).map(Value::Bool),
            _ => Ok(Value::Null),
        }
    }
}
