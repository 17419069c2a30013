//! An API server of the size of a test: it keeps objects, lists them page by page, and refuses what it is told to refuse.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::cluster::{Connection, Reader, Target};

/// What a request is answered with instead of being done.
#[derive(Clone)]
pub(super) struct Refusal {
    /// Method and beginning of the path.
    pub(super) of: (Method, &'static str),
    pub(super) code: u16,
    pub(super) message: &'static str,
    /// How often; for ever where this is none.
    pub(super) times: Option<usize>,
}

#[derive(Default)]
pub(super) struct Cluster {
    /// Objects by their paths.
    pub(super) objects: BTreeMap<String, Value>,
    /// Versions of groups that are served, with the resources.
    pub(super) served: BTreeMap<&'static str, &'static str>,
    pub(super) refusals: Vec<Refusal>,
    /// Method and path of all requests.
    pub(super) log: Vec<String>,
    version: u64,
}

#[derive(Clone, Default)]
pub(super) struct FakeApi(Arc<Mutex<Cluster>>);

impl FakeApi {
    /// One that serves these reports.
    pub(super) fn serving(served: &[(&'static str, &'static str)]) -> Self {
        let cluster = Cluster { served: served.iter().copied().collect(), ..Cluster::default() };
        Self(Arc::new(Mutex::new(cluster)))
    }

    pub(super) fn cluster(&self) -> MutexGuard<'_, Cluster> {
        self.0.lock().unwrap()
    }

    /// The writes since the last call.
    pub(super) fn writes(&self) -> Vec<String> {
        let log = std::mem::take(&mut self.cluster().log);
        log.into_iter().filter(|line| !line.starts_with("GET")).collect()
    }

    /// Starts it, and connects to it as the program does. It ends with the test's runtime.
    pub(super) async fn reader(&self) -> Reader {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "dev",
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": "dev", "context": {"cluster": "c", "user": "u"}}],
        });
        fs::write(&kubeconfig, text.to_string()).unwrap();
        let target = Target { kubeconfig: Some(kubeconfig), context: None };
        // Small pages, so that there is more than one.
        Reader::new(Connection::open(&target).await.unwrap()).with_page(2)
    }
}

fn status(code: u16, message: &str, name: Option<&str>) -> Response {
    let details = name.map(|name| json!({"name": name}));
    let body =
        json!({"kind": "Status", "status": "Failure", "code": code, "message": message, "details": details});
    let code = StatusCode::from_u16(code).unwrap();
    // A client that may retry may do so at once.
    (code, [("retry-after", "0")], body.to_string()).into_response()
}

async fn answer(
    State(api): State<FakeApi>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut cluster = api.cluster();
    let path = uri.path().to_owned();
    cluster.log.push(format!("{method} {path}"));
    let refused = cluster
        .refusals
        .iter_mut()
        .find(|refusal| refusal.of.0 == method && path.starts_with(refusal.of.1) && refusal.times != Some(0));
    if let Some(refusal) = refused {
        refusal.times = refusal.times.map(|times| times - 1);
        return status(refusal.code, refusal.message, path.rsplit('/').next());
    }
    if let Some(resource) = cluster.served.get(path.as_str()) {
        let resources = [json!({"name": resource, "kind": "R", "namespaced": true, "verbs": ["list"]})];
        return json!({"resources": resources}).to_string().into_response();
    }
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    if method == Method::POST {
        let mut object: Value = serde_json::from_slice(&body).unwrap();
        let place = format!("{path}/{}", object["metadata"]["name"].as_str().unwrap());
        return match cluster.objects.contains_key(&place) {
            true => status(409, "already exists", Some(&name)),
            false => {
                cluster.version += 1;
                object["metadata"]["uid"] = json!(format!("report-{}", cluster.version));
                object["metadata"]["resourceVersion"] = json!(cluster.version.to_string());
                cluster.objects.insert(place, object.clone());
                object.to_string().into_response()
            }
        };
    }
    if method == Method::GET && ["reports", "policyreports"].contains(&name.as_str()) {
        return list(&cluster, &path, uri.query().unwrap_or_default());
    }
    let Some(there) = cluster.objects.get(&path).cloned() else {
        return status(404, "not found", Some(&name));
    };
    if method == Method::PATCH {
        assert_eq!(headers["content-type"], "application/merge-patch+json");
        let patch: Value = serde_json::from_slice(&body).unwrap();
        let version = &patch["metadata"]["resourceVersion"];
        if !version.is_null() && *version != there["metadata"]["resourceVersion"] {
            return status(409, "the object has been modified", Some(&name));
        }
        let mut merged = there;
        json_patch::merge(&mut merged, &patch);
        cluster.version += 1;
        merged["metadata"]["resourceVersion"] = json!(cluster.version.to_string());
        cluster.objects.insert(path, merged.clone());
        return merged.to_string().into_response();
    }
    if method == Method::DELETE {
        let options: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(options["preconditions"]["uid"], there["metadata"]["uid"]);
        cluster.objects.remove(&path);
    }
    there.to_string().into_response()
}

/// A page of the objects that have the label that is asked for.
fn list(cluster: &Cluster, path: &str, query: &str) -> Response {
    let parameter = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    };
    assert_eq!(
        parameter("labelSelector").as_deref(),
        Some("app.kubernetes.io%2Fmanaged-by%3Djobguard"),
        "{query}"
    );
    let (group, resource) = path.rsplit_once('/').unwrap();
    // Behind the last one of the page before, whatever has been deleted meanwhile.
    let after = parameter("continue").unwrap_or_default().replace("%2F", "/");
    let limit: usize = parameter("limit").unwrap().parse().unwrap();
    let mut items = cluster.objects.iter().filter(|(place, object)| {
        **place > after
            && place.starts_with(group)
            && place.contains(&format!("/{resource}/"))
            && object["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "jobguard"
    });
    let page: Vec<(&String, &Value)> = items.by_ref().take(limit).collect();
    let more = page.last().filter(|_| items.next().is_some());
    let token = more.map(|(place, _)| place.as_str()).unwrap_or_default();
    let items: Vec<&Value> = page.iter().map(|(_, object)| *object).collect();
    json!({"metadata": {"continue": token}, "items": items}).to_string().into_response()
}
