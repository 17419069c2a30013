//! What is kept of the objects that are read: what an answer may rest on, and no more, so that a namespace of fifty thousand
//! Pods fits into memory.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::answer::Field;
use super::target::TargetKind;
use super::value::{get, is_true, list, map, number, string, strings, text, time};

/// The annotation by which the CronJob controller says for when it made a Job.
pub(super) const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// The annotation by which kubectl marks a Job that was made by hand.
const BY_HAND: &str = "cronjob.kubernetes.io/instantiate";

/// What all objects have.
#[derive(Debug, Clone, Default)]
pub(super) struct Meta {
    pub(super) namespace: String,
    pub(super) name: String,
    /// Nothing where it was taken out.
    pub(super) uid: String,
    pub(super) created: Option<Timestamp>,
    /// From when on the object is being deleted: for a Pod, the end of its grace period.
    pub(super) deleted: Option<Timestamp>,
    pub(super) finalizers: Vec<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) owner: Option<Owner>,
}

/// The controller that an object belongs to.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub(super) kind: String,
    pub(super) name: String,
    uid: String,
}

impl Meta {
    pub(super) fn of(value: &Value) -> Self {
        let owner = list(value, "metadata.ownerReferences").iter().find(|owner| is_true(owner, "controller"));
        Self {
            namespace: string(value, "metadata.namespace"),
            name: string(value, "metadata.name"),
            uid: string(value, "metadata.uid"),
            created: time(value, "metadata.creationTimestamp"),
            deleted: time(value, "metadata.deletionTimestamp"),
            finalizers: strings(value, "metadata.finalizers"),
            labels: map(value, "metadata.labels"),
            owner: owner.map(|owner| Owner {
                kind: string(owner, "kind"),
                name: string(owner, "name"),
                uid: string(owner, "uid"),
            }),
        }
    }

    /// Whether `owner` controls this object. Names serve where uids were taken out.
    pub(super) fn belongs_to(&self, kind: &str, owner: &Self) -> bool {
        self.namespace == owner.namespace
            && self.owner.as_ref().is_some_and(|own| {
                own.kind == kind && own.name == owner.name && may_be_same(&own.uid, &owner.uid)
            })
    }
}

/// Whether two uids may be of one object.
fn may_be_same(one: &str, other: &str) -> bool {
    one.is_empty() || other.is_empty() || one == other
}

/// A condition of an object.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub(super) kind: String,
    pub(super) is_true: bool,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) since: Option<Timestamp>,
}

fn conditions(value: &Value) -> Vec<Condition> {
    let of = |condition: &Value| Condition {
        kind: string(condition, "type"),
        is_true: text(condition, "status") == Some("True"),
        reason: string(condition, "reason"),
        message: string(condition, "message"),
        since: time(condition, "lastTransitionTime"),
    };
    list(value, "status.conditions").iter().map(of).collect()
}

/// A CronJob.
#[derive(Debug, Clone)]
pub(super) struct CronJobFacts {
    pub(super) meta: Meta,
    pub(super) schedule: String,
    pub(super) time_zone: Option<String>,
    pub(super) suspend: bool,
    pub(super) policy: String,
    pub(super) starting_deadline: Option<i64>,
    pub(super) successful_limit: Option<i64>,
    pub(super) failed_limit: Option<i64>,
    pub(super) ttl: Option<i64>,
    pub(super) last_schedule: Option<Timestamp>,
    pub(super) last_success: Option<Timestamp>,
    /// The names of the Jobs that the controller takes for running.
    pub(super) active: Vec<String>,
    /// The whole object for the engine, of the one that is asked about.
    pub(super) value: Option<Value>,
}

impl CronJobFacts {
    pub(super) fn of(value: &Value, is_wanted: bool) -> Self {
        Self {
            meta: Meta::of(value),
            schedule: string(value, "spec.schedule"),
            time_zone: text(value, "spec.timeZone").map(str::to_owned),
            suspend: is_true(value, "spec.suspend"),
            policy: text(value, "spec.concurrencyPolicy").unwrap_or("Allow").to_owned(),
            starting_deadline: number(value, "spec.startingDeadlineSeconds"),
            successful_limit: number(value, "spec.successfulJobsHistoryLimit"),
            failed_limit: number(value, "spec.failedJobsHistoryLimit"),
            ttl: number(value, "spec.jobTemplate.spec.ttlSecondsAfterFinished"),
            last_schedule: time(value, "status.lastScheduleTime"),
            last_success: time(value, "status.lastSuccessfulTime"),
            active: list(value, "status.active").iter().map(|one| string(one, "name")).collect(),
            value: is_wanted.then(|| value.clone()),
        }
    }

    /// Whether the controller counts a Job of this CronJob's as one of its runs. A Job that somebody made by hand it only
    /// reports as unexpected: concurrencyPolicy is not about that.
    pub(super) fn counts(&self, job: &JobFacts) -> bool {
        job.due().is_some() && !job.by_hand || self.active.contains(&job.meta.name)
    }
}

/// A Job.
#[derive(Debug, Clone)]
pub(super) struct JobFacts {
    pub(super) meta: Meta,
    pub(super) suspend: bool,
    pub(super) parallelism: i64,
    pub(super) completions: Option<i64>,
    pub(super) is_indexed: bool,
    pub(super) backoff_limit: i64,
    pub(super) per_index_limit: Option<i64>,
    pub(super) max_failed_indexes: Option<i64>,
    pub(super) deadline: Option<i64>,
    pub(super) managed_by: Option<String>,
    pub(super) service_account: String,
    pub(super) restarts_in_place: bool,
    pub(super) rule_actions: Vec<String>,
    /// The containers that the template names, each with its field.
    pub(super) containers: Vec<(String, String)>,
    pub(super) started: Option<Timestamp>,
    pub(super) completed: Option<Timestamp>,
    pub(super) active: i64,
    pub(super) failed: i64,
    pub(super) succeeded: i64,
    pub(super) terminating: i64,
    pub(super) failed_indexes: String,
    pub(super) conditions: Vec<Condition>,
    /// When the run was due that its CronJob made it for.
    pub(super) scheduled: Option<Timestamp>,
    pub(super) by_hand: bool,
    /// The whole object for the engine, of the one that is asked about.
    pub(super) value: Option<Value>,
}

impl JobFacts {
    pub(super) fn of(value: &Value, is_wanted: bool) -> Self {
        let annotations = get(value, "metadata.annotations");
        let annotation = |name: &str| annotations?.get(name)?.as_str();
        let rules = list(value, "spec.podFailurePolicy.rules");
        let containers = ["spec.template.spec.initContainers", "spec.template.spec.containers"];
        let named = |path: &'static str| {
            let of = move |(index, container)| (string(container, "name"), format!("{path}[{index}]"));
            list(value, path).iter().enumerate().map(of)
        };
        Self {
            meta: Meta::of(value),
            suspend: is_true(value, "spec.suspend"),
            parallelism: number(value, "spec.parallelism").unwrap_or(1),
            completions: number(value, "spec.completions"),
            is_indexed: text(value, "spec.completionMode") == Some("Indexed"),
            backoff_limit: number(value, "spec.backoffLimit").unwrap_or(6),
            per_index_limit: number(value, "spec.backoffLimitPerIndex"),
            max_failed_indexes: number(value, "spec.maxFailedIndexes"),
            deadline: number(value, "spec.activeDeadlineSeconds"),
            managed_by: text(value, "spec.managedBy").map(str::to_owned),
            service_account: text(value, "spec.template.spec.serviceAccountName")
                .unwrap_or("default")
                .to_owned(),
            restarts_in_place: text(value, "spec.template.spec.restartPolicy") == Some("OnFailure"),
            rule_actions: rules.iter().map(|rule| string(rule, "action")).collect(),
            containers: containers.into_iter().flat_map(named).collect(),
            started: time(value, "status.startTime"),
            completed: time(value, "status.completionTime"),
            active: number(value, "status.active").unwrap_or(0),
            failed: number(value, "status.failed").unwrap_or(0),
            succeeded: number(value, "status.succeeded").unwrap_or(0),
            terminating: number(value, "status.terminating").unwrap_or(0),
            failed_indexes: string(value, "status.failedIndexes"),
            conditions: conditions(value),
            scheduled: annotation(SCHEDULED).and_then(|time| time.parse().ok()),
            by_hand: annotation(BY_HAND).is_some(),
            value: is_wanted.then(|| value.clone()),
        }
    }

    /// The field of a Job as its author wrote it: in the CronJob, where that made it.
    pub(super) fn field(&self, path: impl AsRef<str>) -> Field {
        let path = path.as_ref();
        match self.meta.owner.as_ref().filter(|owner| owner.kind == "CronJob") {
            Some(owner) => Field::of(TargetKind::CronJob, &owner.name, format!("spec.jobTemplate.{path}")),
            None => Field::of(TargetKind::Job, &self.meta.name, path),
        }
    }

    /// The field of a container; none of one that something else has put into the Pods.
    pub(super) fn container_field(&self, name: &str, path: &str) -> Option<Field> {
        let (_, container) = self.containers.iter().find(|(known, _)| known == name)?;
        Some(self.field(if path.is_empty() { container.clone() } else { format!("{container}.{path}") }))
    }

    /// A condition that is true.
    pub(super) fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind && condition.is_true)
    }

    pub(super) fn is_finished(&self) -> bool {
        self.condition("Complete").is_some() || self.condition("Failed").is_some()
    }

    /// When it ended, well or not.
    pub(super) fn ended(&self) -> Option<Timestamp> {
        let condition = self.condition("Complete").or_else(|| self.condition("Failed"))?;
        self.completed.or(condition.since)
    }

    /// When the run was due: by its annotation, else by its name, which ends in that minute.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let by_name = || {
            let owner = self.meta.owner.as_ref().filter(|owner| owner.kind == "CronJob" && !self.by_hand)?;
            let minutes: i64 = self.meta.name.strip_prefix(&owner.name)?.strip_prefix('-')?.parse().ok()?;
            Timestamp::from_second(minutes.checked_mul(60)?).ok()
        };
        self.scheduled.or_else(by_name)
    }
}

/// What client-go puts before the message of an event that stands for many: the message itself is that of the newest.
const COMBINED: &str = "(combined from similar events): ";

/// An event, as it is reported of one object.
#[derive(Debug, Clone)]
pub(super) struct EventFacts {
    pub(super) namespace: String,
    pub(super) kind: String,
    pub(super) name: String,
    uid: String,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) count: i64,
    pub(super) last: Option<Timestamp>,
}

impl EventFacts {
    /// An event of either API group.
    pub(super) fn of(value: &Value) -> Self {
        let of = if value.get("involvedObject").is_some() { "involvedObject" } else { "regarding" };
        let about = get(value, of).unwrap_or(&Value::Null);
        let message = text(value, "message").or_else(|| text(value, "note")).unwrap_or_default();
        let counts = ["series.count", "count", "deprecatedCount"];
        let times = [
            "series.lastObservedTime",
            "lastTimestamp",
            "deprecatedLastTimestamp",
            "eventTime",
            "firstTimestamp",
            "metadata.creationTimestamp",
        ];
        Self {
            namespace: string(value, "metadata.namespace"),
            kind: string(about, "kind"),
            name: string(about, "name"),
            uid: string(about, "uid"),
            reason: string(value, "reason"),
            message: message.strip_prefix(COMBINED).unwrap_or(message).to_owned(),
            count: counts.iter().find_map(|path| number(value, path)).unwrap_or(1),
            last: times.iter().find_map(|path| time(value, path)),
        }
    }

    /// Whether it is about this object, and not about one that had its name before.
    pub(super) fn is_about(&self, kind: &str, meta: &Meta) -> bool {
        self.kind == kind && self.name == meta.name && may_be_same(&self.uid, &meta.uid)
    }
}

/// A ResourceQuota: its name, and how much of what is used.
#[derive(Debug, Clone)]
pub(super) struct QuotaFacts {
    pub(super) meta: Meta,
    pub(super) hard: BTreeMap<String, String>,
    pub(super) used: BTreeMap<String, String>,
}

impl QuotaFacts {
    pub(super) fn of(value: &Value) -> Self {
        Self { meta: Meta::of(value), hard: map(value, "status.hard"), used: map(value, "status.used") }
    }

    /// A count that is used up: objects of which there may be no more.
    pub(super) fn is_used_up(&self, resource: &str) -> bool {
        let count = |of: &BTreeMap<String, String>| of.get(resource)?.parse::<i64>().ok();
        count(&self.used).zip(count(&self.hard)).is_some_and(|(used, hard)| used >= hard)
    }
}
