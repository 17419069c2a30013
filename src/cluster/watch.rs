//! Watches: what the cluster has, as far as rules and policies ask for it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use jiff::Timestamp;
use kube::runtime::watcher::{Config, Event};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client};
use tokio::time::timeout;

use super::seen::{NamespaceParts, Seen, ServiceParts};
use crate::engine::{Knowledge as Source, ServiceFacts, ServiceIndex, Services};
use crate::server::{ClusterCache, Labels, Namespaces};

/// How long one watch lasts, in seconds. A connection that died in silence is noticed no later than that.
const WATCH_SECONDS: u32 = 120;

/// After how long without another failure a watch that failed counts as recovered, where no event arrives that would
/// show it. Attempts come every 30 seconds at least, and each fails within 30 seconds.
pub(super) const WATCH_RECOVERY: Duration = Duration::from_secs(90);

/// Keeps the Services known.
pub(super) async fn services(client: Client, cluster_cache: Arc<ClusterCache>) {
    let events = watcher(Api::<Seen<ServiceParts>>::all(client), config()).default_backoff();
    let cache = ServiceCache { cluster_cache, index: ServiceIndex::default() };
    follow("services", Box::pin(events), cache, WATCH_RECOVERY).await;
}

/// Keeps the namespaces' labels known.
pub(super) async fn namespaces(client: Client, cluster_cache: Arc<ClusterCache>) {
    let events = watcher(Api::<Seen<NamespaceParts>>::all(client), config()).default_backoff();
    let cache = NamespaceCache { cluster_cache, labels: BTreeMap::new() };
    follow("namespaces", Box::pin(events), cache, WATCH_RECOVERY).await;
}

pub(super) fn config() -> Config {
    Config::default().timeout(WATCH_SECONDS)
}

/// A cache that a watch fills.
pub(super) trait Cache: Sized {
    type Object;
    /// The cache as it is before anything is known.
    fn emptied(&self) -> Self;
    /// An object is there, in this form.
    fn put(&mut self, object: Self::Object);
    /// An object is gone.
    fn remove(&mut self, object: &Self::Object);
    /// Makes the contents visible to reviews.
    fn publish(&self, lost: Option<Timestamp>);
}

/// Follows a watch for ever. During failures the last known objects stay in the cache, with the time of the failure.
pub(super) async fn follow<C, E>(
    what: &'static str,
    mut events: impl Stream<Item = Result<Event<C::Object>, E>> + Unpin,
    mut cache: C,
    recovery: Duration,
) where
    C: Cache,
    E: Display,
{
    let mut listed: Option<C> = None;
    let mut complete = false;
    let mut lost: Option<Timestamp> = None;
    loop {
        let next = match lost {
            Some(_) => timeout(recovery, events.next()).await.ok(),
            None => Some(events.next().await),
        };
        match next {
            // No failure for long: it stands again, and there was just no news.
            None => {}
            Some(None) => return,
            Some(Some(Err(error))) => {
                if lost.is_none() {
                    match complete {
                        true => {
                            tracing::warn!(what, %error, "the watch is broken: going on with what was known")
                        }
                        false => {
                            tracing::warn!(what, %error, "cannot be listed: nothing is known of them yet")
                        }
                    }
                    lost = Some(Timestamp::now());
                    if complete {
                        cache.publish(lost);
                    }
                }
                continue;
            }
            Some(Some(Ok(Event::Init))) => {
                listed = Some(cache.emptied());
                continue;
            }
            Some(Some(Ok(Event::InitApply(object)))) => {
                listed.get_or_insert_with(|| cache.emptied()).put(object);
                continue;
            }
            Some(Some(Ok(Event::InitDone))) => {
                cache = listed.take().unwrap_or_else(|| cache.emptied());
                complete = true;
            }
            Some(Some(Ok(Event::Apply(object)))) => cache.put(object),
            Some(Some(Ok(Event::Delete(object)))) => cache.remove(&object),
        }
        if lost.take().is_some() {
            tracing::info!(what, "watched again");
        }
        if complete {
            cache.publish(None);
        }
    }
}

struct ServiceCache {
    cluster_cache: Arc<ClusterCache>,
    index: ServiceIndex,
}

impl Cache for ServiceCache {
    type Object = Seen<ServiceParts>;

    fn emptied(&self) -> Self {
        Self { cluster_cache: Arc::clone(&self.cluster_cache), index: ServiceIndex::default() }
    }

    fn put(&mut self, Seen { metadata, kept }: Self::Object) {
        let ServiceParts { headless, external, selector } = kept;
        let name = metadata.name.unwrap_or_default();
        self.index.replace(ServiceFacts {
            namespace: metadata.namespace,
            name,
            headless,
            external,
            selector,
        });
    }

    fn remove(&mut self, service: &Self::Object) {
        let metadata = &service.metadata;
        self.index.remove(metadata.namespace.as_deref(), metadata.name.as_deref().unwrap_or_default());
    }

    fn publish(&self, lost: Option<Timestamp>) {
        let index = self.index.clone();
        self.cluster_cache.set_services(Services::Known { source: Source::Cluster, index, lost });
    }
}

struct NamespaceCache {
    cluster_cache: Arc<ClusterCache>,
    labels: BTreeMap<Arc<str>, Arc<Labels>>,
}

impl Cache for NamespaceCache {
    type Object = Seen<NamespaceParts>;

    fn emptied(&self) -> Self {
        Self { cluster_cache: Arc::clone(&self.cluster_cache), labels: BTreeMap::new() }
    }

    fn put(&mut self, namespace: Self::Object) {
        let name: Arc<str> = namespace.metadata.name.unwrap_or_default().into();
        self.labels.insert(name, Arc::new(namespace.metadata.labels.unwrap_or_default()));
    }

    fn remove(&mut self, namespace: &Self::Object) {
        self.labels.remove(namespace.metadata.name.as_deref().unwrap_or_default());
    }

    fn publish(&self, lost: Option<Timestamp>) {
        self.cluster_cache.set_namespaces(Namespaces::Known { labels: self.labels.clone(), lost });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use serde_json::json;

    use super::*;
    use crate::server::Watches;

    fn service(name: &str, cluster_ip: &str) -> Seen<ServiceParts> {
        let service = json!({
            "metadata": {"name": name, "namespace": "ns", "annotations": {"a": "b"}},
            "spec": {"clusterIP": cluster_ip, "selector": {"app": name}},
        });
        serde_json::from_str(&service.to_string()).unwrap()
    }

    /// What is known after these events.
    async fn after(
        events: Vec<Result<Event<Seen<ServiceParts>>, &'static str>>,
        recovery: Duration,
    ) -> Services {
        let cluster_cache = Arc::new(ClusterCache::new(Watches { services: true, ..Watches::default() }));
        let cache =
            ServiceCache { cluster_cache: Arc::clone(&cluster_cache), index: ServiceIndex::default() };
        let events = stream::iter(events).chain(stream::pending());
        let _ =
            timeout(Duration::from_millis(200), follow("services", Box::pin(events), cache, recovery)).await;
        (*cluster_cache.services()).clone()
    }

    fn names(services: &Services) -> (Vec<String>, bool) {
        match services {
            Services::Known { index, lost, .. } => {
                let find = |name: &&str| index.find(name, Some("ns")).next().is_some();
                (
                    ["a", "b", "c"].iter().filter(|n| find(n)).map(|n| (*n).to_owned()).collect(),
                    lost.is_some(),
                )
            }
            other => panic!("{other:?}"),
        }
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn nothing_is_known_until_everything_is() {
        let events = vec![Ok(Event::Init), Ok(Event::InitApply(service("a", "None")))];
        assert_eq!(after(events, LONG).await, Services::Unknown);
        assert_eq!(after(vec![Err("no")], LONG).await, Services::Unknown);
    }

    #[tokio::test]
    async fn follows_what_happens() {
        let events = vec![
            Ok(Event::Init),
            Ok(Event::InitApply(service("a", "None"))),
            Ok(Event::InitApply(service("b", "10.0.0.1"))),
            Ok(Event::InitDone),
            Ok(Event::Apply(service("c", "None"))),
            Ok(Event::Delete(service("a", "None"))),
        ];
        assert_eq!(names(&after(events, LONG).await), (vec!["b".to_owned(), "c".to_owned()], false));
    }

    #[tokio::test]
    async fn failures_keep_the_last_knowledge() {
        let listed = || {
            vec![
                Ok(Event::Init),
                Ok(Event::InitApply(service("a", "None"))),
                Ok(Event::InitDone),
                Err("gone"),
            ]
        };
        let a = vec!["a".to_owned()];
        assert_eq!(names(&after(listed(), LONG).await), (a.clone(), true));
        // Listing anew replaces nothing before it is complete.
        let mut events = listed();
        events.extend([Ok(Event::Init), Ok(Event::InitApply(service("b", "None")))]);
        assert_eq!(names(&after(events.split_off(0), LONG).await), (a.clone(), true));
        let mut events = listed();
        events.extend([Ok(Event::Init), Ok(Event::InitApply(service("b", "None"))), Ok(Event::InitDone)]);
        assert_eq!(names(&after(events, LONG).await), (vec!["b".to_owned()], false));
        // A watch without another failure has recovered.
        assert_eq!(names(&after(listed(), Duration::from_millis(20)).await), (a, false));
    }
}
