//! Where an object that a Job names stands in the workspace.

use std::path::Path;

use lsp_types::{Location, Position, Uri};

use super::position::{Encoding, Places};
use super::shared::{Shared, Snapshot};
use super::spot::{self, Spot};
use super::uri::uri_of;
use crate::sources::{Selection, Source, select};
use jobguard_apiserver::Kind;
use jobguard_manifest::{self as manifest, NodeId, Span, Tree};

/// How many files are looked through.
const MAX_FILES: usize = 2_000;
/// The largest of them, in bytes.
const MAX_BYTES: usize = 4 << 20;
/// How many places of one object are told.
const MAX_PLACES: usize = 20;

/// Fields that name an object, by the ends of their paths: elements of lists are left out.
const REFERENCES: &[(&[&str], &str)] = &[
    (&["serviceAccountName"], "ServiceAccount"),
    (&["serviceAccount"], "ServiceAccount"),
    (&["subdomain"], "Service"),
    (&["configMapRef", "name"], "ConfigMap"),
    (&["configMapKeyRef", "name"], "ConfigMap"),
    (&["configMap", "name"], "ConfigMap"),
    (&["secretRef", "name"], "Secret"),
    (&["secretKeyRef", "name"], "Secret"),
    (&["secret", "name"], "Secret"),
    (&["secret", "secretName"], "Secret"),
    (&["imagePullSecrets", "name"], "Secret"),
    (&["persistentVolumeClaim", "claimName"], "PersistentVolumeClaim"),
];

/// An object that is named.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    kind: &'static str,
    name: String,
    namespace: Option<String>,
}

/// Where the object stands that is named at a position: in this document first, then in open ones, then in files.
pub(super) fn definition(shared: &Shared, snapshot: &Snapshot, position: Position) -> Vec<Location> {
    let places = Places::new(&snapshot.document.text, snapshot.client.encoding);
    let offset = places.offset(position);
    let Some(wanted) = spot::at(places.text(), offset, wanted) else { return Vec::new() };
    let encoding = snapshot.client.encoding;
    let mut found = Vec::new();
    add(&mut found, &snapshot.document.uri, &snapshot.document.text, &wanted, encoding);
    let open: Vec<_> = shared.state().open.values().map(|open| open.document.clone()).collect();
    for document in open.iter().filter(|one| one.is_judged() && one.uri != snapshot.document.uri) {
        add(&mut found, &document.uri, &document.text, &wanted, encoding);
    }
    if let Some(root) = &snapshot.root {
        let is_open = |path: &Path| open.iter().any(|document| document.path.as_deref() == Some(path));
        let selection = Selection { ignored_too: false, excludes: &snapshot.policy.excludes };
        for source in select(std::slice::from_ref(root), selection).sources.iter().take(MAX_FILES) {
            let Source::File { path, .. } = source else { continue };
            if is_open(path) || found.len() >= MAX_PLACES {
                continue;
            }
            let Ok(bytes) = source.bytes() else { continue };
            let Some(text) = std::str::from_utf8(&bytes).ok().filter(|text| text.len() <= MAX_BYTES) else {
                continue;
            };
            if let Some(uri) = uri_of(path) {
                add(&mut found, &uri, text, &wanted, encoding);
            }
        }
    }
    found.truncate(MAX_PLACES);
    found
}

fn wanted(tree: &Tree<'_>, spot: &Spot) -> Option<Wanted> {
    spot.kind(tree).filter(|kind| matches!(kind, Kind::Job | Kind::CronJob))?;
    let steps: Vec<&str> = spot.steps().into_iter().filter(|step| step.parse::<usize>().is_err()).collect();
    let (_, kind) = REFERENCES.iter().find(|(end, _)| steps.ends_with(end))?;
    let namespace = tree.get(spot.object, "metadata").and_then(|node| tree.get(node, "namespace"));
    Some(Wanted {
        kind,
        name: tree.str(spot.node).filter(|name| !name.is_empty())?.to_owned(),
        namespace: namespace.and_then(|node| tree.str(node)).map(str::to_owned),
    })
}

fn add(found: &mut Vec<Location>, uri: &Uri, text: &str, wanted: &Wanted, encoding: Encoding) {
    // Most texts name neither, and need not be read.
    if !text.contains(wanted.kind) || !text.contains(&wanted.name) {
        return;
    }
    let mut spans = Vec::new();
    manifest::read_each(text, |document| {
        let Ok(tree) = &document.content else { return };
        let objects = manifest::objects(tree);
        spans.extend(objects.iter().filter_map(|object| name_of(tree, object.node, object, wanted)));
    });
    if spans.is_empty() {
        return;
    }
    let places = Places::new(text, encoding);
    found.extend(spans.into_iter().map(|span| Location { uri: uri.clone(), range: places.range(span) }));
}

/// Where the name of the object stands, if it is the one that is wanted.
fn name_of(tree: &Tree<'_>, node: NodeId, object: &manifest::ObjectRef, wanted: &Wanted) -> Option<Span> {
    let kind = tree.get(node, "kind").and_then(|kind| tree.str(kind));
    let kind = kind.or(object.implied.as_ref().map(|implied| implied.kind.as_str()))?;
    let metadata = tree.get(node, "metadata")?;
    let name = tree.get(metadata, "name").filter(|name| tree.str(*name) == Some(&wanted.name))?;
    let namespace = tree.get(metadata, "namespace").and_then(|node| tree.str(node));
    // Where one of them names none, the client that applies it chooses.
    let is_there = match (namespace, wanted.namespace.as_deref()) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    };
    (kind == wanted.kind && is_there).then(|| tree[name].span)
}
