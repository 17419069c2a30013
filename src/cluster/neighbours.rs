//! Watches of the objects beside Jobs: of each, no more than rules need.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::header::ACCEPT;
use axum::http::{HeaderValue, Request};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::client::{Body, ClientBuilder};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client};
use serde_json::value::RawValue;
use tower::util::MapRequestLayer;

use super::seen::{Kept, Seen};
use super::watch::{Cache, WATCH_RECOVERY, config, follow, publish};
use crate::engine::{Facts, Neighbour, NeighbourIndex, NeighbourKind, Origin};
use crate::server::ClusterCache;

/// The longest field of a spec that is read, in bytes: reading one takes many times that.
const MAX_FIELD: usize = 64 * 1024;

/// How many objects are listed at a time: their texts are in memory together.
const PAGE: u32 = 100;

/// Keeps the objects of a kind known. Of some, `client` is to ask for nothing but metadata.
pub(super) async fn watch(client: Client, kind: NeighbourKind, cluster_cache: Arc<ClusterCache>) {
    let events = watcher(Api::<Sent>::all_with(client, &kind), config().page_size(PAGE)).default_backoff();
    follow(kind.plural(), Box::pin(events), NeighbourCache::new(cluster_cache, kind), WATCH_RECOVERY).await;
}

/// A client that gets nothing but metadata, whatever is listed or watched: neither what Secrets hold nor what may be large
/// ever reaches this process.
pub(super) fn metadata_client(config: kube::Config) -> Result<Client, kube::Error> {
    Ok(ClientBuilder::try_from(config)?.with_layer(&MapRequestLayer::new(as_metadata)).build())
}

fn as_metadata(mut request: Request<Body>) -> Request<Body> {
    const OF_EACH: HeaderValue =
        HeaderValue::from_static("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
    const OF_LIST: HeaderValue =
        HeaderValue::from_static("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
    let query = request.uri().query().unwrap_or_default();
    let is_watch = query.split('&').any(|parameter| parameter == "watch=true");
    request.headers_mut().insert(ACCEPT, if is_watch { OF_EACH } else { OF_LIST });
    request
}

/// The spec of a neighbour, as it was sent.
#[derive(Debug, Clone)]
struct Spec(Option<Box<RawValue>>);

impl Kept for Spec {
    type Type = NeighbourKind;

    fn names(of: &NeighbourKind) -> [&'static str; 4] {
        [of.group(), of.version(), of.as_str(), of.plural()]
    }

    fn keep(spec: Option<&str>) -> Self {
        Self(spec.and_then(|spec| RawValue::from_string(spec.to_owned()).ok()))
    }
}

type Sent = Seen<Spec>;

/// What rules need of an object.
fn neighbour(kind: NeighbourKind, Seen { metadata, kept: Spec(spec) }: Sent) -> Neighbour {
    let fields: BTreeMap<&str, &RawValue> =
        spec.as_deref().and_then(|spec| serde_json::from_str(spec.get()).ok()).unwrap_or_default();
    let read = |name: &&'static str| {
        let field = fields.get(name).filter(|field| field.get().len() <= MAX_FIELD)?;
        Some(((*name).to_owned(), serde_json::from_str(field.get()).ok()?))
    };
    if kind == NeighbourKind::Namespace {
        // Its labels are all that is known of it.
        let facts = Facts::Namespace(metadata.labels.unwrap_or_default());
        let name = metadata.name.unwrap_or_default();
        return Neighbour { kind, namespace: None, name, origin: Origin::default(), facts };
    }
    Neighbour {
        kind,
        namespace: metadata.namespace,
        name: metadata.name.unwrap_or_default(),
        origin: Origin::default(),
        facts: Facts::of(kind, &kind.fields().iter().filter_map(read).collect()),
    }
}

/// What rules need of an object of a list, as the API server wrote it; none where it cannot be read.
pub fn read_neighbour(kind: NeighbourKind, json: &str) -> Option<Neighbour> {
    serde_json::from_str(json).ok().map(|sent| neighbour(kind, sent))
}

struct NeighbourCache {
    cluster_cache: Arc<ClusterCache>,
    kind: NeighbourKind,
    index: NeighbourIndex,
    /// What was published last, so that a change of what nobody asks for is no news.
    published: Cell<Option<Option<Timestamp>>>,
}

impl NeighbourCache {
    fn new(cluster_cache: Arc<ClusterCache>, kind: NeighbourKind) -> Self {
        Self { cluster_cache, kind, index: NeighbourIndex::default(), published: Cell::new(None) }
    }
}

impl Cache for NeighbourCache {
    type Object = Sent;

    fn emptied(&self) -> Self {
        Self::new(Arc::clone(&self.cluster_cache), self.kind)
    }

    fn put(&mut self, sent: Sent) {
        let neighbour = neighbour(self.kind, sent);
        let namespace = neighbour.namespace.as_deref();
        if self.index.find(&neighbour.name, namespace).next() != Some(&neighbour) {
            self.published.set(None);
            self.index.replace(neighbour);
        }
    }

    fn remove(&mut self, sent: &Sent) {
        let ObjectMeta { namespace, name, .. } = &sent.metadata;
        self.published.set(None);
        self.index.remove(namespace.as_deref(), name.as_deref().unwrap_or_default());
    }

    fn publish(&self, lost: Option<Timestamp>) {
        if self.published.replace(Some(lost)) != Some(lost) {
            publish(&self.cluster_cache, self.kind, &self.index, lost);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::{StreamExt as _, stream};
    use kube::runtime::watcher::Event;
    use serde_json::json;
    use tokio::time::timeout;

    use super::*;
    use crate::engine::{Known, Listing};
    use crate::server::Watches;

    fn service(name: &str, cluster_ip: &str) -> Sent {
        let service = json!({
            "metadata": {"name": name, "namespace": "ns", "annotations": {"a": "b"}},
            "spec": {"clusterIP": cluster_ip, "selector": {"app": name}},
        });
        serde_json::from_str(&service.to_string()).unwrap()
    }

    /// What is known after these events.
    async fn after(events: Vec<Result<Event<Sent>, &'static str>>, recovery: Duration) -> Listing {
        let cluster_cache = Arc::new(ClusterCache::new(Watches {
            neighbours: [NeighbourKind::Service].into_iter().collect(),
            ..Watches::default()
        }));
        let cache = NeighbourCache::new(Arc::clone(&cluster_cache), NeighbourKind::Service);
        let events = stream::iter(events).chain(stream::pending());
        let _ =
            timeout(Duration::from_millis(200), follow("services", Box::pin(events), cache, recovery)).await;
        cluster_cache.neighbours().of(NeighbourKind::Service).clone()
    }

    fn names(listing: &Listing) -> (Vec<String>, bool) {
        match listing {
            Listing::Known(Known { index, lost, .. }) => {
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
        assert_eq!(after(events, LONG).await, Listing::Unknown);
        assert_eq!(after(vec![Err("no")], LONG).await, Listing::Unknown);
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

    #[test]
    fn what_is_kept_of_each_kind() {
        let keep = |kind, spec: serde_json::Value| {
            let sent = json!({"metadata": {"name": "a", "namespace": "ns"}, "spec": spec, "data": {"password": "x"}});
            neighbour(kind, serde_json::from_str(&sent.to_string()).unwrap()).facts
        };
        let service = keep(NeighbourKind::Service, json!({"clusterIP": "None", "ports": 1}));
        assert!(service.service().is_some_and(|service| service.headless));
        let claim = keep(NeighbourKind::PersistentVolumeClaim, json!({"accessModes": ["ReadWriteOnce"]}));
        assert_eq!(claim.access_modes(), ["ReadWriteOnce"]);
        let template = json!({"containers": vec![json!({"name": "x"}); 10_000]});
        let deployment = json!({"selector": {"matchLabels": {"app": "a"}}, "template": template});
        assert!(keep(NeighbourKind::Deployment, deployment).selector().is_some());
        let large = json!({"selector": {"matchLabels": {"app": "a".repeat(MAX_FIELD)}}});
        assert_eq!(keep(NeighbourKind::Deployment, large).selector(), None);
        assert_eq!(keep(NeighbourKind::Secret, json!(null)).keys(), None);
        // Nor does a spec of another type stop the watch.
        assert_eq!(keep(NeighbourKind::Deployment, json!([1])).selector(), None);
    }

    #[test]
    fn what_has_not_changed_is_no_news() {
        let mut cache = NeighbourCache::new(Arc::default(), NeighbourKind::Service);
        cache.put(service("a", "None"));
        cache.publish(None);
        let before = cache.cluster_cache.neighbours();
        cache.put(service("a", "None"));
        cache.publish(None);
        assert!(Arc::ptr_eq(&before, &cache.cluster_cache.neighbours()));
        cache.put(service("a", "10.0.0.1"));
        cache.publish(None);
        assert!(!Arc::ptr_eq(&before, &cache.cluster_cache.neighbours()));
    }

    #[test]
    fn only_metadata_is_asked_for() {
        for (query, list) in [("limit=100", true), ("limit=100&watch=true&timeoutSeconds=120", false)] {
            let request = Request::get(format!("/api/v1/secrets?{query}")).body(Body::empty()).unwrap();
            let accepted = as_metadata(request);
            let accepted = accepted.headers()[ACCEPT].to_str().unwrap().to_owned();
            assert_eq!(accepted.contains("PartialObjectMetadataList"), list, "{accepted}");
            assert!(accepted.contains("as=PartialObjectMetadata"), "{accepted}");
        }
    }
}
