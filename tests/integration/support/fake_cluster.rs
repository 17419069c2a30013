//! An API server for tests, over HTTP: it lists and gets what it was given, in pages, and refuses what it is told to.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;

/// What the server answers with instead of what it has.
#[derive(Clone)]
pub(crate) struct Trouble {
    /// The beginning of the path and query that it is about.
    pub(crate) path: &'static str,
    /// What the query must hold besides.
    pub(crate) with: &'static str,
    /// How often: for ever where there is no number.
    pub(crate) times: Option<usize>,
    pub(crate) status: u16,
    pub(crate) headers: &'static str,
    pub(crate) body: Value,
}

impl Trouble {
    /// 403, as of a user without the right.
    pub(crate) fn forbidden(path: &'static str) -> Self {
        let body = json!({"kind": "Status", "status": "Failure", "code": 403, "reason": "Forbidden",
            "message": "User \"x\" cannot do that"});
        Self { path, with: "", times: None, status: 403, headers: "", body }
    }

    /// Another answer, so often.
    pub(crate) fn of(path: &'static str, with: &'static str, times: usize, status: u16, body: Value) -> Self {
        Self { path, with, times: Some(times), status, headers: "", body }
    }
}

#[derive(Default)]
struct State {
    /// By group and version, and plural: the objects in the order of namespace and name.
    objects: BTreeMap<(String, String), Vec<Value>>,
    kinds: Vec<(String, String, String, bool)>,
    troubles: Vec<Trouble>,
    requests: Vec<String>,
    accepted: Vec<String>,
    version: String,
}

/// A server for the time of a test.
pub(crate) struct FakeCluster {
    state: Arc<Mutex<State>>,
    folder: TempDir,
}

impl FakeCluster {
    /// A server of Kubernetes 1.36 without objects.
    pub(crate) fn start() -> Self {
        let state = Arc::new(Mutex::new(State { version: "v1.36.0".to_owned(), ..State::default() }));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let context = |name: &str, namespace: &str| json!({"name": name, "context": {"cluster": "fake", "user": "fake", "namespace": namespace}});
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "dev",
            "contexts": [context("dev", "default"), context("prod", "shop")],
            "clusters": [{"name": "fake", "cluster": {"server": format!("http://{address}")}}],
            "users": [{"name": "fake", "user": {"token": "t"}}],
        });
        std::fs::write(folder.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
        let cluster = Self { state, folder };
        for (group, kind, plural) in [("batch", "CronJob", "cronjobs"), ("batch", "Job", "jobs")] {
            cluster.serve_kind(group, kind, plural, true);
        }
        cluster
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// Serves a kind of a group's `v1`.
    pub(crate) fn serve_kind(&self, group: &str, kind: &str, plural: &str, namespaced: bool) {
        let (group, kind, plural) = (group.to_owned(), kind.to_owned(), plural.to_owned());
        self.state.lock().unwrap().kinds.push((group, kind, plural, namespaced));
    }

    /// The version that the server says it is.
    pub(crate) fn set_version(&self, version: &str) {
        self.state.lock().unwrap().version = version.to_owned();
    }

    pub(crate) fn trouble(&self, trouble: Trouble) {
        self.state.lock().unwrap().troubles.push(trouble);
    }

    /// Stores an object as an API server would.
    pub(crate) fn store(&self, api_version: &str, plural: &str, mut object: Value) {
        let mut state = self.state.lock().unwrap();
        let number: usize = state.objects.values().map(Vec::len).sum();
        let metadata = object["metadata"].as_object_mut().unwrap();
        metadata.entry("uid").or_insert_with(|| json!(format!("00000000-0000-4000-8000-{number:012}")));
        metadata.entry("creationTimestamp").or_insert_with(|| json!("2026-01-01T00:00:00Z"));
        metadata.insert("resourceVersion".to_owned(), json!("7"));
        let of = state.objects.entry((api_version.to_owned(), plural.to_owned())).or_default();
        of.push(object);
        let key = |object: &Value| {
            let field = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
            (field("namespace"), field("name"))
        };
        of.sort_by_key(key);
    }

    pub(crate) fn namespace(&self, name: &str, labels: Value) {
        self.store("v1", "namespaces", json!({"metadata": {"name": name, "labels": labels}}));
    }

    /// The requests so far: method, path and query.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }

    /// What the requests for objects of a resource accepted.
    pub(crate) fn accepted(&self, path: &str) -> Vec<String> {
        let state = self.state.lock().unwrap();
        let pairs = state.requests.iter().zip(&state.accepted);
        pairs.filter(|(request, _)| request.contains(path)).map(|(_, accepted)| accepted.clone()).collect()
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let (mut request, mut accepted) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if request.is_empty() {
                request = line.trim_end_matches(" HTTP/1.1").to_owned();
            } else if let Some((name, value)) = line.split_once(": ")
                && name.eq_ignore_ascii_case("accept")
            {
                accepted = value.to_owned();
            }
        }
        let (status, headers, body) = answer(&mut state.lock().unwrap(), &request, &accepted);
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).is_err() {
            return;
        }
    }
}

fn answer(state: &mut State, request: &str, accepted: &str) -> (u16, &'static str, String) {
    state.requests.push(request.to_owned());
    state.accepted.push(accepted.to_owned());
    let url = request.strip_prefix("GET ").unwrap_or_default();
    for trouble in &mut state.troubles {
        if url.starts_with(trouble.path) && url.contains(trouble.with) && trouble.times != Some(0) {
            trouble.times = trouble.times.map(|times| times - 1);
            return (trouble.status, trouble.headers, trouble.body.to_string());
        }
    }
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let parameters: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    if path == "/version" {
        let minor = state.version.split('.').nth(1).unwrap();
        return (200, "", json!({"major": "1", "minor": minor, "gitVersion": state.version}).to_string());
    }
    if path == "/apis" {
        let mut groups: Vec<&str> = state.kinds.iter().map(|(group, ..)| group.as_str()).collect();
        groups.dedup();
        let group = |name: &&str| json!({"name": name, "preferredVersion": {"groupVersion": format!("{name}/v1"), "version": "v1"}});
        return (200, "", json!({"groups": groups.iter().map(group).collect::<Vec<_>>()}).to_string());
    }
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (api_version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ((*version).to_owned(), rest),
        ["apis", group, version, rest @ ..] => (format!("{group}/{version}"), rest),
        _ => return not_found(None),
    };
    let (namespace, plural, name) = match rest {
        [] => {
            let of = |(group, ..): &&(String, String, String, bool)| format!("{group}/v1") == api_version;
            let one = |(_, kind, plural, namespaced): &(String, String, String, bool)| json!({"name": plural, "kind": kind, "namespaced": namespaced, "verbs": ["get", "list"]});
            let resources: Vec<Value> = state.kinds.iter().filter(of).map(one).collect();
            return (200, "", json!({ "resources": resources }).to_string());
        }
        ["namespaces", name] => (None, "namespaces", Some(*name)),
        ["namespaces", namespace, plural] => (Some(*namespace), *plural, None),
        ["namespaces", namespace, plural, name] => (Some(*namespace), *plural, Some(*name)),
        [plural] => (None, *plural, None),
        _ => return not_found(None),
    };
    let is_metadata = accepted.contains("PartialObjectMetadata");
    let objects = state.objects.get(&(api_version, plural.to_owned())).map(Vec::as_slice).unwrap_or_default();
    let is_asked_for = |object: &&Value| {
        let metadata = &object["metadata"];
        let field = parameters.get("fieldSelector").and_then(|field| field.strip_prefix("metadata.name%3D"));
        namespace.is_none_or(|namespace| metadata["namespace"] == namespace)
            && field.or(name).is_none_or(|name| metadata["name"] == name)
            && parameters.get("labelSelector").is_none_or(|label| {
                let (key, value) = label.split_once("%3D").unwrap();
                metadata["labels"][key] == value
            })
    };
    let shown = |object: &Value| match is_metadata {
        true => json!({"metadata": object["metadata"]}),
        false => object.clone(),
    };
    let all: Vec<&Value> = objects.iter().filter(is_asked_for).collect();
    if let Some(name) = name {
        return match all.first() {
            Some(object) => (200, "", shown(object).to_string()),
            None => not_found(Some(name)),
        };
    }
    let limit: usize = parameters.get("limit").map_or(usize::MAX, |limit| limit.parse().unwrap());
    let token = parameters.get("continue").copied().unwrap_or("0");
    let start: usize = token.trim_start_matches("inconsistent-").parse().unwrap();
    let end = start.saturating_add(limit).min(all.len());
    let next = if end < all.len() { end.to_string() } else { String::new() };
    let items: Vec<Value> = all[start..end].iter().map(|object| shown(object)).collect();
    (200, "", json!({"kind": "List", "metadata": {"continue": next}, "items": items}).to_string())
}

fn not_found(name: Option<&str>) -> (u16, &'static str, String) {
    let details = name.map(|name| json!({ "name": name })).unwrap_or(json!({}));
    (404, "", json!({"kind": "Status", "code": 404, "message": "not found", "details": details}).to_string())
}
