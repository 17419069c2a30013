//! What a preview of a cluster is made of: its CronJobs, the Jobs that have not ended, its quotas, and how long runs took.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Deserialize;

use super::kinds;
use super::object::LiveObject;
use super::rights::{Gaps, nothing_read};
use super::scope::{Asked, Resolved, resolve};
use crate::cluster::{Answer, ReadError, Reader, Resource, read_neighbour};
use crate::diagnostic::FileError;
use crate::engine::NeighbourKind;
use crate::forecast::{AboutRun, BadRunTime, Measured, RunTime, RunTimes, Stated};
use crate::policy::Policy;
use crate::preview::{Collected, collect_text};

/// How many durations of one CronJob are kept: a history is rarely that long.
const MOST_RUNS: usize = 10_000;

/// What to preview of a cluster.
#[derive(Clone, Copy)]
pub struct LivePreview<'a> {
    /// In which namespaces.
    pub asked: &'a Asked,
    /// Which objects, by their labels.
    pub selector: Option<&'a str>,
    /// By which policy's kinds and limits, and for which server.
    pub policy: &'a Policy,
    /// Whether the policy's defaults are filled in.
    pub fills: bool,
}

/// What a cluster has.
#[derive(Debug, Default)]
pub struct LiveCollected {
    /// The objects.
    pub collected: Collected,
    /// How long the runs of CronJobs took.
    pub run_times: MeasuredRunTimes,
    /// What may not be read, a sentence each.
    pub gaps: Vec<String>,
}

/// How long the runs of CronJobs took, and what is stated of the others.
#[derive(Debug, Clone, Default)]
pub struct MeasuredRunTimes {
    measured: BTreeMap<(String, String), Measured>,
    stated: Stated,
}

impl MeasuredRunTimes {
    /// The same with a time for all of which nothing else is known, in seconds.
    #[must_use]
    pub fn with_default(self, default: Option<u64>) -> Self {
        Self { stated: Stated { default }, ..self }
    }

    /// Of how many CronJobs there are measurements.
    pub fn len(&self) -> usize {
        self.measured.len()
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.measured.is_empty()
    }
}

impl RunTimes for MeasuredRunTimes {
    /// What people say of the object comes before what was measured, and that before what is stated of all.
    fn of(&self, about: AboutRun<'_>) -> Result<Option<RunTime>, BadRunTime> {
        let of_cron_job = |(namespace, name): (&str, &str)| {
            self.measured.get(&(namespace.to_owned(), name.to_owned())).copied()
        };
        match about.cron_job.filter(|_| about.annotation.is_none()).and_then(of_cron_job) {
            Some(measured) => Ok(Some(RunTime::measured(measured))),
            None => self.stated.of(about),
        }
    }
}

/// What is asked of a Job beside what a preview shows of it.
#[derive(Deserialize)]
struct JobHead {
    metadata: Metadata,
    #[serde(default)]
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    owner_references: Option<Vec<Owner>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owner {
    #[serde(default)]
    api_version: String,
    kind: String,
    name: String,
    #[serde(default)]
    controller: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    start_time: Option<String>,
    completion_time: Option<String>,
    conditions: Option<Vec<Condition>>,
}

#[derive(Deserialize)]
struct Condition {
    r#type: String,
    status: String,
}

impl JobHead {
    /// The CronJob that made it.
    fn cron_job(&self) -> Option<&str> {
        let owners = self.metadata.owner_references.iter().flatten();
        let is_cron_job = |owner: &&Owner| {
            owner.controller == Some(true)
                && owner.kind == "CronJob"
                && owner.api_version.starts_with("batch/")
        };
        owners.into_iter().find(is_cron_job).map(|owner| owner.name.as_str())
    }

    /// Whether it has ended, well or not.
    fn has_ended(&self) -> bool {
        let conditions = self.status.iter().flat_map(|status| status.conditions.iter().flatten());
        conditions
            .into_iter()
            .any(|one| matches!(one.r#type.as_str(), "Complete" | "Failed") && one.status == "True")
    }

    /// How many seconds it took, where it has ended well.
    fn seconds(&self) -> Option<u64> {
        let status = self.status.as_ref()?;
        let start: jiff::Timestamp = status.start_time.as_ref()?.parse().ok()?;
        let end: jiff::Timestamp = status.completion_time.as_ref()?.parse().ok()?;
        u64::try_from(end.as_second().checked_sub(start.as_second())?).ok()
    }
}

/// Collects what a preview needs.
///
/// # Errors
///
/// The API server cannot be reached, or answers in no way that is known. A right that is missing is none.
pub async fn collect_live(reader: &Reader, what: LivePreview<'_>) -> Result<LiveCollected, ReadError> {
    let (mut gaps, mut errors) = (Gaps::default(), Vec::new());
    let Resolved { scope, .. } = resolve(reader, what.asked, (&mut gaps, &mut errors)).await?;
    let mut collected = Collected { errors, ..Collected::default() };
    let cluster = reader.connection().name();
    for kind in [NeighbourKind::ResourceQuota, NeighbourKind::LimitRange] {
        let resource = Resource::from(kind);
        for selection in scope.selections(&resource, None) {
            let mut pages = reader.list(resource.clone(), selection);
            while let Some(answer) = pages.next().await? {
                match answer {
                    Answer::Given(page) => collected
                        .neighbours
                        .extend(page.objects().filter_map(|object| read_neighbour(kind, object))),
                    Answer::Forbidden(right) => gaps.beside(&right),
                    Answer::NotServed(_) => {}
                }
            }
        }
    }
    let mut seconds: BTreeMap<(String, String), Vec<u64>> = BTreeMap::new();
    let mut is_anything_read = false;
    for resource in kinds::judged(reader, &what.policy.outer_kinds, &mut gaps).await? {
        // Jobs do not have the labels of their CronJobs: how long they took is asked of all.
        let labels = what.selector.filter(|_| resource != Resource::JOBS);
        for selection in scope.selections(&resource, labels) {
            let mut pages = reader.list(resource.clone(), selection);
            while let Some(answer) = pages.next().await? {
                let page = match answer {
                    Answer::Given(page) => {
                        is_anything_read = true;
                        page
                    }
                    Answer::Forbidden(right) if *what.asked == Asked::Allowed => {
                        gaps.judged(&right);
                        continue;
                    }
                    Answer::Forbidden(right) => {
                        let message = format!("missing right: {right}");
                        collected.errors.push(FileError { name: format!("cluster {cluster}"), message });
                        continue;
                    }
                    Answer::NotServed(_) => continue,
                };
                let texts: Vec<&str> = page
                    .objects()
                    .filter(|text| resource != Resource::JOBS || has_yet_to_run(text, &mut seconds))
                    .collect();
                let read = |text: &&str| -> Option<Collected> {
                    let object = LiveObject::read(&resource, text, cluster)?;
                    Some(collect_text(&object.stored.text, &object.stored.name, what.policy, what.fills))
                };
                let all: Vec<Option<Collected>> = texts.par_iter().map(read).collect();
                for one in all.into_iter().flatten() {
                    collected.inputs.extend(one.inputs);
                    collected.errors.extend(one.errors);
                }
            }
        }
    }
    if !is_anything_read && collected.errors.is_empty() {
        collected.errors.push(nothing_read(cluster));
    }
    let measured =
        seconds.into_iter().filter_map(|(cron_job, seconds)| Some((cron_job, Measured::of(seconds)?)));
    let run_times = MeasuredRunTimes { measured: measured.collect(), stated: Stated::default() };
    Ok(LiveCollected { collected, run_times, gaps: gaps.into_sentences() })
}

/// Whether a Job is one by itself and has not ended; takes note of how long it took, of a run that has ended well.
fn has_yet_to_run(text: &str, seconds: &mut BTreeMap<(String, String), Vec<u64>>) -> bool {
    let Ok(job) = serde_json::from_str::<JobHead>(text) else { return false };
    let Some(cron_job) = job.cron_job() else { return !job.has_ended() };
    if let Some(took) = job.seconds() {
        let of = seconds.entry((job.metadata.namespace.clone(), cron_job.to_owned())).or_default();
        if of.len() < MOST_RUNS {
            of.push(took);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::forecast::RunTimeSource;

    fn job(owner: &Value, status: &Value) -> String {
        json!({"metadata": {"name": "a-1", "namespace": "ns", "ownerReferences": owner}, "status": status})
            .to_string()
    }

    #[test]
    fn runs_that_ended_well_are_measured() {
        let owner = json!([{"apiVersion": "batch/v1", "kind": "CronJob", "name": "a", "controller": true}]);
        let mut seconds = BTreeMap::new();
        for (start, end) in [("00:00:00", "00:00:30"), ("01:00:00", "01:01:00")] {
            let status = json!({"startTime": format!("2026-01-01T{start}Z"), "completionTime": format!("2026-01-01T{end}Z")});
            assert!(!has_yet_to_run(&job(&owner, &status), &mut seconds));
        }
        for status in [json!({"startTime": "2026-01-01T00:00:00Z"}), json!({}), json!(null)] {
            assert!(!has_yet_to_run(&job(&owner, &status), &mut seconds));
        }
        let key = ("ns".to_owned(), "a".to_owned());
        assert_eq!(seconds, [(key.clone(), vec![30, 60])].into());
        let measured = [(key, Measured::of(vec![30, 60]).unwrap())].into();
        let times = MeasuredRunTimes { measured, stated: Stated { default: Some(7) } };
        let of = |cron_job, annotation| {
            let about = AboutRun { cron_job, annotation, deadline: None };
            times.of(about).unwrap().map(|time| (time.seconds, time.source))
        };
        assert_eq!(of(Some(("ns", "a")), None), Some((60, RunTimeSource::Measured)));
        assert_eq!(of(Some(("ns", "a")), Some("5s")), Some((5, RunTimeSource::Annotation)));
        assert_eq!(of(Some(("ns", "b")), None), Some((7, RunTimeSource::Option)));
    }

    #[test]
    fn what_has_ended_does_not_run_again() {
        let mut seconds = BTreeMap::new();
        let ended = json!({"conditions": [{"type": "Failed", "status": "True"}]});
        assert!(!has_yet_to_run(&job(&json!(null), &ended), &mut seconds));
        let running = json!({"conditions": [{"type": "Suspended", "status": "True"}]});
        assert!(has_yet_to_run(&job(&json!(null), &running), &mut seconds));
        assert!(seconds.is_empty());
    }
}
