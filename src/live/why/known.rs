//! What is known of a cluster: the objects that were read, and what could not be.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use thiserror::Error;

use super::facts::{CronJobFacts, EventFacts, JobFacts, Meta, QuotaFacts};
use super::pod_facts::PodFacts;
use super::target::{TargetKind, TargetRef};
use super::value::text;
use super::words::time;
use jobguard_text::{MAX_SLIP, distance_within, plain_within};

/// The kinds that an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The CronJobs.
    CronJob,
    /// Their Jobs, and others.
    Job,
    /// The Jobs' Pods.
    Pod,
    /// What is reported of all of them.
    Event,
    /// What may be used in the namespace.
    ResourceQuota,
    /// What each Pod there may ask for.
    LimitRange,
    /// Whom its Pods run as.
    ServiceAccount,
    /// The namespace itself.
    Namespace,
}

impl Kind {
    /// All of them, in the order in which they are read and written.
    pub const ALL: [Self; 8] = [
        Self::CronJob,
        Self::Job,
        Self::Pod,
        Self::Event,
        Self::ResourceQuota,
        Self::LimitRange,
        Self::ServiceAccount,
        Self::Namespace,
    ];

    /// The name in manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CronJob => "CronJob",
            Self::Job => "Job",
            Self::Pod => "Pod",
            Self::Event => "Event",
            Self::ResourceQuota => "ResourceQuota",
            Self::LimitRange => "LimitRange",
            Self::ServiceAccount => "ServiceAccount",
            Self::Namespace => "Namespace",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

/// What is known of a cluster.
#[derive(Debug, Default)]
pub struct Known {
    wanted: String,
    pub(super) cron_jobs: Vec<CronJobFacts>,
    pub(super) jobs: Vec<JobFacts>,
    pub(super) pods: Vec<PodFacts>,
    pub(super) events: Vec<EventFacts>,
    pub(super) quotas: Vec<QuotaFacts>,
    pub(super) service_accounts: BTreeSet<(String, String)>,
    pub(super) namespaces: Vec<Meta>,
    pub(super) has_limit_ranges: bool,
    /// What could not be read, and why.
    pub(super) unread: BTreeMap<Kind, String>,
    /// What has been asked for, whether or not there was any.
    pub(super) read: BTreeSet<Kind>,
    newest: Option<Timestamp>,
    /// Where the objects stand that there can be but one of, by kind, namespace and name.
    places: BTreeMap<(Kind, String, String), usize>,
}

/// Why there is nothing to answer about.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotFound {
    /// There is no such object.
    #[error("there is no {wanted} in {place}{near}")]
    Missing {
        /// What was asked about.
        wanted: String,
        /// Where it was sought.
        place: String,
        /// Names that are near, as the end of the sentence.
        near: String,
    },
    /// There are several.
    #[error(
        "{name} is the name of several objects: {choices}; name one of them, with --namespace if need be"
    )]
    Ambiguous {
        /// The name.
        name: String,
        /// The objects.
        choices: String,
    },
}

/// The object that is asked about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target<'k> {
    CronJob(&'k CronJobFacts),
    Job(&'k JobFacts),
}

impl Known {
    /// Nothing yet, for an answer about `target`.
    pub fn about(target: &TargetRef) -> Self {
        Self { wanted: target.name.clone(), ..Self::default() }
    }

    /// Adds an object of a kind; of one that is given twice, the last counts. An item of a list that an API server sends does not name its kind itself.
    pub fn add(&mut self, kind: Kind, object: &Value) {
        self.read.insert(kind);
        newest(object, "", 0, &mut self.newest);
        let name = text(object, "metadata.name").unwrap_or_default();
        let is_wanted = name == self.wanted;
        let namespace = text(object, "metadata.namespace").unwrap_or_default();
        let key = || (kind, namespace.to_owned(), name.to_owned());
        match kind {
            Kind::CronJob => {
                put(&mut self.cron_jobs, CronJobFacts::of(object, is_wanted), self.places.entry(key()));
            }
            Kind::Job => put(&mut self.jobs, JobFacts::of(object, is_wanted), self.places.entry(key())),
            Kind::Pod => put(&mut self.pods, PodFacts::of(object), self.places.entry(key())),
            Kind::Event => self.events.push(EventFacts::of(object)),
            Kind::ResourceQuota => self.quotas.push(QuotaFacts::of(object)),
            Kind::LimitRange => self.has_limit_ranges = true,
            Kind::ServiceAccount => {
                let meta = Meta::of(object);
                self.service_accounts.insert((meta.namespace, meta.name));
            }
            Kind::Namespace => self.namespaces.push(Meta::of(object)),
        }
    }

    /// Notes that a kind was asked for: where none is known, there is none.
    pub fn was_read(&mut self, kind: Kind) {
        self.read.insert(kind);
    }

    /// Notes that a kind could not be read, and why.
    pub fn could_not_read(&mut self, kind: Kind, why: impl Into<String>) {
        self.unread.insert(kind, why.into());
    }

    /// Why what is asked about cannot be found, where that is for want of rights alone.
    pub fn why_unfindable(&self, wanted: &TargetRef) -> Option<String> {
        let is_there =
            |kind, name: &str| wanted.kind.is_none_or(|asked| asked == kind) && name == wanted.name;
        let found = self.cron_jobs.iter().any(|one| is_there(TargetKind::CronJob, &one.meta.name))
            || self.jobs.iter().any(|one| is_there(TargetKind::Job, &one.meta.name));
        let kinds = match wanted.kind {
            Some(TargetKind::CronJob) => &[Kind::CronJob][..],
            Some(TargetKind::Job) => &[Kind::Job],
            None => &[Kind::CronJob, Kind::Job],
        };
        let why: Vec<&str> =
            kinds.iter().filter_map(|kind| self.unread.get(kind)).map(String::as_str).collect();
        (!found && !why.is_empty()).then(|| why.join("; "))
    }

    /// The newest time that an object tells of.
    pub fn newest_time(&self) -> Option<Timestamp> {
        self.newest
    }

    /// Finds what is asked about.
    ///
    /// # Errors
    ///
    /// If there is no such object, or more than one.
    pub(super) fn find(&self, wanted: &TargetRef, namespace: Option<&str>) -> Result<Target<'_>, NotFound> {
        let is_asked = |kind, meta: &Meta| {
            wanted.kind.is_none_or(|asked| asked == kind)
                && meta.name == wanted.name
                && namespace.is_none_or(|namespace| meta.namespace == namespace)
        };
        let cron_jobs = self.cron_jobs.iter().filter(|one| is_asked(TargetKind::CronJob, &one.meta));
        let jobs = self.jobs.iter().filter(|one| is_asked(TargetKind::Job, &one.meta));
        let found: Vec<Target<'_>> = cron_jobs.map(Target::CronJob).chain(jobs.map(Target::Job)).collect();
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(NotFound::Missing {
                wanted: wanted.to_string(),
                place: namespace.map_or("what was read".to_owned(), |name| format!("namespace {name}")),
                near: self.near(wanted, namespace),
            }),
            several => {
                let choices = several.iter().take(5).map(|target| {
                    let meta = target.meta();
                    let kind = target.kind().as_str().to_ascii_lowercase();
                    plain_within(&format!("{kind}/{} in namespace {}", meta.name, meta.namespace), 300)
                });
                let choices = choices.collect::<Vec<_>>().join(", ");
                Err(NotFound::Ambiguous { name: wanted.name.clone(), choices })
            }
        }
    }

    /// What may have become of a Job that is not there, as a sentence; nothing of what is known to be no Job.
    fn removed(&self, wanted: &TargetRef, namespace: Option<&str>) -> String {
        const WHY: &str = "a Job that has ended is removed by its ttlSecondsAfterFinished, its CronJob's history \
                           limits or somebody's hand";
        let about = self.events.iter().filter(|event| {
            event.kind == "Job"
                && event.name == wanted.name
                && namespace.is_none_or(|namespace| namespace == event.namespace)
        });
        let newest = about.max_by(|a, b| (a.last, &a.reason).cmp(&(b.last, &b.reason)));
        match (wanted.kind, newest) {
            (Some(TargetKind::CronJob), _) | (None, None) => String::new(),
            (_, Some(event)) => {
                let reason = plain_within(&event.reason, 100);
                let at = event.last.map(|last| format!(" at {}", time(last))).unwrap_or_default();
                format!("There was a Job of that name (event {reason}{at}): {WHY}")
            }
            (Some(TargetKind::Job), None) => format!("It may have been there before: {WHY}"),
        }
    }

    /// The names that are nearest to the one that is not there: misspelt by a little, or longer.
    fn near(&self, wanted: &TargetRef, namespace: Option<&str>) -> String {
        const NAMED: usize = 5;
        let cron_jobs = self.cron_jobs.iter().map(|one| ("cronjob", TargetKind::CronJob, &one.meta));
        let jobs = self.jobs.iter().map(|one| ("job", TargetKind::Job, &one.meta));
        let mut near: Vec<(usize, String)> = cron_jobs
            .chain(jobs)
            .filter(|(_, kind, meta)| {
                wanted.kind.is_none_or(|asked| asked == *kind) || meta.name == wanted.name
            })
            .filter_map(|(word, _, meta)| {
                let elsewhere = namespace.is_some_and(|namespace| namespace != meta.namespace);
                let slip = (wanted.name.chars().count() / 3).clamp(1, MAX_SLIP);
                let distance = match distance_within(&wanted.name, &meta.name, slip) {
                    Some(distance) => distance,
                    None if is_part(&meta.name, &wanted.name) || is_part(&wanted.name, &meta.name) => {
                        MAX_SLIP + 1
                    }
                    None => return None,
                };
                let place =
                    if elsewhere { format!(" in namespace {}", meta.namespace) } else { String::new() };
                let name = plain_within(&format!("{word}/{}{place}", meta.name), 300);
                Some((distance + usize::from(elsewhere), name))
            })
            .collect();
        near.sort();
        near.dedup();
        let names: Vec<&str> = near.iter().take(NAMED).map(|(_, name)| name.as_str()).collect();
        let gone = self.cron_jobs.iter().find(|one| {
            let minutes = wanted.name.strip_prefix(&one.meta.name).and_then(|rest| rest.strip_prefix('-'));
            wanted.kind != Some(TargetKind::CronJob)
                && namespace.is_none_or(|namespace| namespace == one.meta.namespace)
                && minutes
                    .is_some_and(|minutes| minutes.len() > 6 && minutes.bytes().all(|c| c.is_ascii_digit()))
        });
        if let Some(cron_job) = gone {
            // A name like this is that of a run.
            let ttl = cron_job.ttl.map(|ttl| {
                format!(
                    ", and ttlSecondsAfterFinished ({ttl}) removes all \
                     of them"
                )
            });
            return format!(
                "; if it was a run of cronjob/{}, it may have been removed: that keeps {} succeeded \
                 Jobs and {} failed ones{}",
                plain_within(&cron_job.meta.name, 300),
                cron_job.successful_limit.unwrap_or(3),
                cron_job.failed_limit.unwrap_or(1),
                ttl.unwrap_or_default()
            );
        }
        let removed = self.removed(wanted, namespace);
        match names.is_empty() {
            false => format!("; is it {}?{}", names.join(", "), sentence(&removed)),
            true if !removed.is_empty() => format!(". {removed}"),
            true if self.cron_jobs.is_empty() && self.jobs.is_empty() => {
                ", nor any other CronJob or Job".to_owned()
            }
            true => String::new(),
        }
    }
}

/// Whether one name is a part of another that is worth naming.
fn is_part(name: &str, of: &str) -> bool {
    const SHORTEST: usize = 3;
    name.len() >= SHORTEST && of.contains(name)
}

fn sentence(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" {text}") }
}

impl<'k> Target<'k> {
    pub(super) fn kind(self) -> TargetKind {
        match self {
            Self::CronJob(_) => TargetKind::CronJob,
            Self::Job(_) => TargetKind::Job,
        }
    }

    pub(super) fn meta(self) -> &'k Meta {
        match self {
            Self::CronJob(cron_job) => &cron_job.meta,
            Self::Job(job) => &job.meta,
        }
    }
}

/// Adds an object, or puts it in the place of the one that was given before.
fn put<T>(objects: &mut Vec<T>, object: T, place: Entry<'_, (Kind, String, String), usize>) {
    match place {
        // Without a name, each is another.
        Entry::Occupied(place) if !place.key().2.is_empty() => match objects.get_mut(*place.get()) {
            Some(before) => *before = object,
            None => objects.push(object),
        },
        Entry::Occupied(_) => objects.push(object),
        Entry::Vacant(place) => {
            place.insert(objects.len());
            objects.push(object);
        }
    }
}

/// The newest of the times that an object tells of. The end of a grace period may be yet to come, and is none.
fn newest(value: &Value, key: &str, depth: usize, newest_time: &mut Option<Timestamp>) {
    /// Objects of the API are not that deep.
    const DEEPEST: usize = 12;
    match value {
        Value::Object(map) if depth < DEEPEST && key != "spec" && key != "annotations" && key != "labels" => {
            for (key, value) in map {
                newest(value, key, depth + 1, newest_time);
            }
        }
        Value::Array(list) if depth < DEEPEST => {
            for value in list {
                newest(value, key, depth + 1, newest_time);
            }
        }
        Value::String(text) => {
            let is_time = key.ends_with("Time")
                || key.ends_with("Timestamp")
                || matches!(key, "startedAt" | "finishedAt");
            if is_time && key != "deletionTimestamp" && text.starts_with(|c: char| c.is_ascii_digit()) {
                *newest_time = (*newest_time).max(text.parse().ok());
            }
        }
        _ => {}
    }
}
