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

use super::seen::{NamespaceParts, Seen};
use crate::engine::{
    Facts, Known, Listing, Neighbour, NeighbourIndex, NeighbourKind, NeighbourSource, Origin,
};
use crate::server::{ClusterCache, Labels, Namespaces};

/// How long one watch lasts, in seconds. A connection that died in silence is noticed no later than that.
const WATCH_SECONDS: u32 = 120;

/// After how long without another failure a watch that failed counts as recovered, where no event arrives that would
/// show it. Attempts come every 30 seconds at least, and each fails within 30 seconds.
pub(super) const WATCH_RECOVERY: Duration = Duration::from_secs(90);

/// Keeps the namespaces' labels known.
pub(super) async fn namespaces(client: Client, cluster_cache: Arc<ClusterCache>) {
    let events = watcher(Api::<Seen<NamespaceParts>>::all(client), config()).default_backoff();
    let cache = NamespaceCache::new(cluster_cache);
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

struct NamespaceCache {
    cluster_cache: Arc<ClusterCache>,
    labels: BTreeMap<Arc<str>, Arc<Labels>>,
    index: NeighbourIndex,
}

impl NamespaceCache {
    fn new(cluster_cache: Arc<ClusterCache>) -> Self {
        Self { cluster_cache, labels: BTreeMap::new(), index: NeighbourIndex::default() }
    }
}

impl Cache for NamespaceCache {
    type Object = Seen<NamespaceParts>;

    fn emptied(&self) -> Self {
        Self::new(Arc::clone(&self.cluster_cache))
    }

    fn put(&mut self, namespace: Self::Object) {
        let name = namespace.metadata.name.unwrap_or_default();
        let labels = namespace.metadata.labels.unwrap_or_default();
        self.index.replace(Neighbour {
            kind: NeighbourKind::Namespace,
            namespace: None,
            name: name.clone(),
            origin: Origin::default(),
            facts: Facts::Namespace(labels.clone()),
        });
        self.labels.insert(name.into(), Arc::new(labels));
    }

    fn remove(&mut self, namespace: &Self::Object) {
        let name = namespace.metadata.name.as_deref().unwrap_or_default();
        self.index.remove(None, name);
        self.labels.remove(name);
    }

    fn publish(&self, lost: Option<Timestamp>) {
        self.cluster_cache.set_namespaces(Namespaces::Known { labels: self.labels.clone(), lost });
        publish(&self.cluster_cache, NeighbourKind::Namespace, &self.index, lost);
    }
}

/// Makes the objects of a kind visible to reviews.
pub(super) fn publish(
    cluster_cache: &ClusterCache,
    kind: NeighbourKind,
    index: &NeighbourIndex,
    lost: Option<Timestamp>,
) {
    let (source, index) = (NeighbourSource::Cluster, index.clone());
    cluster_cache.set_neighbours(kind, Listing::Known(Known { source, index, partial: false, lost }));
}
