//! The cluster's CronJobs: of each what distinguishes its runs from other Jobs.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{CronJobSpec, JobSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client};

use super::seen::{Kept, Seen};
use super::watch::{Cache, WATCH_RECOVERY, config, follow};
use crate::server::{ClusterCache, CronJobs, KnownCronJob, Run};

/// The longest spec that is looked at, in bytes: reading one takes many times that. What is longer has no runs that
/// would be known.
const MAX_SPEC: usize = 64 * 1024;

/// The most values in a spec that is looked at. A value takes two bytes in a text, and thousands in memory.
const MAX_VALUES: usize = 10_000;

/// How many CronJobs are listed at a time: their texts are in memory together.
const PAGE: u32 = 20;

/// Keeps the CronJobs known.
pub(super) async fn watch(client: Client, cluster_cache: Arc<ClusterCache>) {
    let events = watcher(Api::<Sent>::all(client), config().page_size(PAGE)).default_backoff();
    follow("cronjobs", Box::pin(events), CronJobCache::new(cluster_cache), WATCH_RECOVERY).await;
}

/// What identifies the runs of a CronJob; none where it is too large to be looked at.
#[derive(Debug, Clone)]
struct RunPart(Option<Run>);

impl Kept for RunPart {
    type Type = ();

    fn names((): &()) -> [&'static str; 4] {
        ["batch", "v1", "CronJob", "cronjobs"]
    }

    fn keep(spec: Option<&str>) -> Self {
        Self(spec.and_then(job_spec).and_then(Run::of))
    }
}

type Sent = Seen<RunPart>;

/// The spec of a CronJob's Jobs.
fn job_spec(spec: &str) -> Option<JobSpec> {
    // Every value but one has a comma, a colon or a bracket before it.
    let values = spec.bytes().filter(|byte| matches!(byte, b',' | b':' | b'[')).count();
    if spec.len() > MAX_SPEC || values > MAX_VALUES {
        return None;
    }
    serde_json::from_str::<CronJobSpec>(spec).ok()?.job_template.spec
}

struct CronJobCache {
    cluster_cache: Arc<ClusterCache>,
    cron_jobs: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Arc<KnownCronJob>>>,
    /// What was published last, so that a run, which changes nothing but a status, is no news.
    published: std::cell::Cell<Option<Option<Timestamp>>>,
}

impl CronJobCache {
    fn new(cluster_cache: Arc<ClusterCache>) -> Self {
        Self { cluster_cache, cron_jobs: BTreeMap::new(), published: std::cell::Cell::new(None) }
    }

    fn take(&mut self, metadata: &ObjectMeta) -> Option<Arc<KnownCronJob>> {
        let namespace = metadata.namespace.as_deref().unwrap_or_default();
        let of_namespace = self.cron_jobs.get_mut(namespace)?;
        let known = of_namespace.remove(metadata.name.as_deref().unwrap_or_default());
        if of_namespace.is_empty() {
            self.cron_jobs.remove(namespace);
        }
        known
    }
}

impl Cache for CronJobCache {
    type Object = Sent;

    fn emptied(&self) -> Self {
        Self::new(Arc::clone(&self.cluster_cache))
    }

    fn put(&mut self, Seen { metadata, kept: RunPart(run) }: Sent) {
        let before = self.take(&metadata);
        let ObjectMeta { name, namespace, uid, labels, .. } = metadata;
        let now = run.map(|run| KnownCronJob {
            uid: uid.unwrap_or_default(),
            labels: labels.unwrap_or_default(),
            run,
        });
        if before.as_deref() != now.as_ref() {
            self.published.set(None);
        }
        let Some(now) = now else { return };
        let of_namespace = self.cron_jobs.entry(namespace.unwrap_or_default().into()).or_default();
        let known = before.filter(|before| **before == now).unwrap_or_else(|| Arc::new(now));
        of_namespace.insert(name.unwrap_or_default().into(), known);
    }

    fn remove(&mut self, cron_job: &Sent) {
        if self.take(&cron_job.metadata).is_some() {
            self.published.set(None);
        }
    }

    fn publish(&self, lost: Option<Timestamp>) {
        if self.published.replace(Some(lost)) != Some(lost) {
            self.cluster_cache.set_cron_jobs(CronJobs::Known { cron_jobs: self.cron_jobs.clone(), lost });
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, stream};
    use kube::core::{ObjectList, WatchEvent};
    use kube::runtime::watcher::Event;
    use serde_json::{Value, json};

    use super::*;
    use crate::server::Watches;

    fn cron_job(name: &str, spec: Value) -> String {
        json!({
            "kind": "CronJob", "apiVersion": "batch/v1",
            "metadata": {
                "name": name, "namespace": "ns", "uid": "u-1", "resourceVersion": "7", "labels": {"a": "b"},
                "creationTimestamp": "9999-12-31T23:59:59-01:00", "managedFields": [{"time": "never"}],
            },
            "spec": spec,
            "status": {"lastScheduleTime": "9999-12-31T23:59:59-01:00"},
        })
        .to_string()
    }

    fn spec(image: &str) -> Value {
        json!({"schedule": "@daily", "jobTemplate": {"spec": {"template": {"spec":
            {"restartPolicy": "Never", "containers": [{"name": "a", "image": image}]}}}}})
    }

    async fn known(events: Vec<Event<Sent>>) -> CronJobs {
        let cluster_cache = Arc::new(ClusterCache::new(Watches { cron_jobs: true, ..Watches::default() }));
        let cache = CronJobCache::new(Arc::clone(&cluster_cache));
        let events = stream::iter(events.into_iter().map(Ok::<_, &str>));
        follow("cronjobs", Box::pin(events.boxed_local()), cache, WATCH_RECOVERY).await;
        (*cluster_cache.cron_jobs()).clone()
    }

    fn run_of(cron_jobs: &CronJobs, name: &str) -> Option<Run> {
        let CronJobs::Known { cron_jobs, .. } = cron_jobs else { panic!("{cron_jobs:?}") };
        Some(cron_jobs.get("ns")?.get(name)?.run.clone())
    }

    #[tokio::test]
    async fn what_is_sent_is_followed() {
        let list = format!(
            r#"{{"kind": "CronJobList", "apiVersion": "batch/v1", "metadata": {{}}, "items": [{}, {}]}}"#,
            cron_job("a", spec("b:1")),
            cron_job("b", spec("b:1"))
        );
        let list: ObjectList<Sent> = serde_json::from_str(&list).unwrap();
        let event = |kind: &str, object: String| {
            serde_json::from_str::<WatchEvent<Sent>>(&format!(r#"{{"type": "{kind}", "object": {object}}}"#))
                .unwrap()
        };
        let changed = event("MODIFIED", cron_job("a", spec("b:2")));
        let gone = event("DELETED", cron_job("b", spec("b:1")));
        let (WatchEvent::Modified(changed), WatchEvent::Deleted(gone)) = (changed, gone) else { panic!() };
        let mut events = vec![Event::Init];
        events.extend(list.items.into_iter().map(Event::InitApply));
        events.push(Event::InitDone);
        let first = known(events.clone()).await;
        assert_eq!(run_of(&first, "a"), run_of(&first, "b"));
        assert!(run_of(&first, "a").is_some());
        events.extend([Event::Apply(changed), Event::Delete(gone)]);
        let then = known(events).await;
        assert!(run_of(&then, "a").is_some() && run_of(&then, "a") != run_of(&first, "a"));
        assert_eq!(run_of(&then, "b"), None);
    }

    #[test]
    fn what_is_too_large_or_unreadable_has_no_runs() {
        let run = |spec: Value| serde_json::from_str::<Sent>(&cron_job("a", spec)).unwrap().kept.0;
        assert!(run(spec("b:1")).is_some());
        assert!(run(spec(&"b".repeat(MAX_SPEC))).is_none());
        let mut volumes = spec("b:1");
        volumes["jobTemplate"]["spec"]["template"]["spec"]["volumes"] = json!(vec![json!({}); MAX_VALUES]);
        assert!(run(volumes).is_none());
        let mut odd = spec("b:1");
        odd["jobTemplate"]["spec"]["template"]["metadata"] =
            json!({"creationTimestamp": "9999-12-31T23:59:59-01:00"});
        assert!(run(odd).is_none());
    }
}
