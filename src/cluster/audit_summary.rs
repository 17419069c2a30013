//! Watches the ConfigMap in which an audit leaves its summary, by its name: no other one is asked for.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, Resource};
use serde::{Deserialize, Deserializer};

use super::resource::ObjectName;
use super::watch::{Cache, WATCH_RECOVERY, config, follow};
use crate::server::{AuditMetrics, BadSummary, ShownSummary};

/// Keeps the metrics those of the last summary.
pub(super) async fn watch(client: Client, place: ObjectName, metrics: AuditMetrics) {
    let api: Api<Sent> = Api::namespaced(client, &place.namespace);
    let by_name = config().fields(&format!("metadata.name={}", place.name));
    let cache = SummaryCache { metrics, shown: None, is_there: false, problem: None };
    follow("the audit's summary", Box::pin(watcher(api, by_name).default_backoff()), cache, WATCH_RECOVERY)
        .await;
}

/// A ConfigMap, read leniently: what cannot be read would stop the watch.
#[derive(Debug, Clone)]
struct Sent {
    metadata: ObjectMeta,
    summary: Option<String>,
}

impl<'de> Deserialize<'de> for Sent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Metadata {
            name: Option<String>,
            namespace: Option<String>,
            uid: Option<String>,
            resource_version: Option<String>,
        }
        #[derive(Default, Deserialize)]
        struct Data {
            #[serde(rename = "summary.json")]
            summary: Option<String>,
        }
        #[derive(Deserialize)]
        struct Parts {
            metadata: Metadata,
            data: Option<Data>,
        }
        let Parts { metadata, data } = Parts::deserialize(deserializer)?;
        let Metadata { name, namespace, uid, resource_version } = metadata;
        let metadata = ObjectMeta { name, namespace, uid, resource_version, ..ObjectMeta::default() };
        Ok(Self { metadata, summary: data.unwrap_or_default().summary })
    }
}

impl Resource for Sent {
    type DynamicType = ();
    type Scope = kube::core::NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "ConfigMap".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "configmaps".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[derive(Debug)]
struct SummaryCache {
    metrics: AuditMetrics,
    /// The last good one.
    shown: Option<Arc<ShownSummary>>,
    /// Whether there is a ConfigMap.
    is_there: bool,
    /// What was wrong with the last one, as it was logged.
    problem: Option<String>,
}

impl Cache for SummaryCache {
    type Object = Sent;

    /// What is wrong is not news again when everything is listed once more, and what was good before it is shown on.
    fn emptied(&self) -> Self {
        let Self { metrics, shown, problem, .. } = self;
        Self { metrics: metrics.clone(), shown: shown.clone(), is_there: false, problem: problem.clone() }
    }

    fn put(&mut self, sent: Sent) {
        self.is_there = true;
        match ShownSummary::read(sent.summary.as_deref()) {
            Ok(summary) => {
                self.shown = Some(Arc::new(summary));
                self.problem = None;
            }
            Err(error) => {
                let problem = error.to_string();
                if self.problem.as_ref() != Some(&problem) {
                    match error {
                        BadSummary::Missing => tracing::info!(problem, "there is no summary of an audit yet"),
                        _ => tracing::warn!(problem, "the audit's summary is not shown"),
                    }
                    self.problem = Some(problem);
                }
            }
        }
    }

    fn remove(&mut self, _: &Sent) {
        (self.shown, self.is_there, self.problem) = (None, false, None);
    }

    fn publish(&self, _: Option<Timestamp>) {
        self.metrics.show(self.shown.as_deref().filter(|_| self.is_there));
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, stream};
    use kube::runtime::watcher::Event;
    use serde_json::json;

    use super::*;
    use crate::server::{AuditSummary, SUMMARY_KEY};

    fn sent(summary: Option<&str>) -> Sent {
        let data = summary.map(|text| json!({SUMMARY_KEY: text, "other": "x"}));
        let sent = json!({
            "kind": "ConfigMap", "apiVersion": "v1", "data": data,
            "metadata": {"name": "a", "namespace": "ns", "managedFields": [{"time": "9999-12-31T23:59:59-01:00"}]},
        });
        serde_json::from_value(sent).unwrap()
    }

    fn good(objects: u64) -> String {
        let time = "2026-11-28T06:00:00Z".to_owned();
        AuditSummary { schema_version: 1, time, objects, ..AuditSummary::default() }.to_json()
    }

    /// How many objects the metrics show after these events.
    async fn after(events: Vec<Event<Sent>>) -> u64 {
        let metrics = AuditMetrics::for_tests();
        let cache = SummaryCache { metrics: metrics.clone(), shown: None, is_there: false, problem: None };
        let events = stream::iter(events.into_iter().map(Ok::<_, &str>));
        follow("summary", Box::pin(events.boxed_local()), cache, WATCH_RECOVERY).await;
        let text = metrics.text();
        let line = text.lines().find_map(|line| line.strip_prefix("jobguard_audit_objects "));
        line.unwrap().parse().unwrap()
    }

    #[tokio::test]
    async fn what_is_good_is_shown_and_the_rest_changes_nothing() {
        let listed = |text: Option<&str>| vec![Event::Init, Event::InitApply(sent(text)), Event::InitDone];
        assert_eq!(after(vec![Event::Init, Event::InitDone]).await, 0);
        assert_eq!(after(listed(None)).await, 0);
        assert_eq!(after(listed(Some("{"))).await, 0);
        assert_eq!(after(listed(Some(&good(7)))).await, 7);
        let mut events = listed(Some(&good(7)));
        events.push(Event::Apply(sent(Some(&good(8)))));
        assert_eq!(after(events.clone()).await, 8);
        // Bad content, then the same listed again: what was good is shown.
        events.push(Event::Apply(sent(Some("bad"))));
        events.extend(listed(Some("bad")));
        assert_eq!(after(events.clone()).await, 8);
        events.push(Event::Apply(sent(Some(&good(9)))));
        assert_eq!(after(events.clone()).await, 9);
        events.extend([Event::Init, Event::InitDone]);
        assert_eq!(after(events.clone()).await, 0);
        events.extend(listed(Some(&good(9))));
        events.push(Event::Delete(sent(None)));
        assert_eq!(after(events).await, 0);
    }
}
