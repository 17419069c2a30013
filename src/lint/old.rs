//! The stored versions of objects, for judging manifests as changes of them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostic::FileError;
use crate::embedded::{OuterKind, OuterKinds};
use crate::engine::{Check, Finding, Object};
use crate::sources::Source;
use jobguard_apiserver::{self as apiserver, Applied, Kind, MergedPlaces, Server, Way, Workload};
use jobguard_manifest::{self as manifest, NodeId, Tree};

use super::classify::{Class, classify, text, type_of};

/// How a manifest is sent to update a stored object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Change {
    /// `kubectl apply`: fields that the manifest lacks, and that were not applied before, stay as they are stored.
    #[default]
    Apply,
    /// `kubectl replace`, a PUT: the manifest replaces the stored object.
    Replace,
}

/// Group and kind, namespace and name.
type OuterKey = (String, Option<String>, String);

/// Objects by kind, namespace and name, and how manifests update them.
#[derive(Debug, Default)]
pub struct OldObjects {
    stored: BTreeMap<(Kind, Option<String>, String), StoredObject>,
    /// Those of kinds that hold Jobs, by group and kind, namespace and name: as they are.
    outer: BTreeMap<OuterKey, Tree<'static>>,
    change: Change,
}

impl OldObjects {
    /// Reads the objects in `sources`, which are stored in a cluster with this API server. What does not parse is ignored: it
    /// was never stored.
    ///
    /// # Errors
    ///
    /// The first file that cannot be read.
    pub fn read(sources: &[Source], server: &Server) -> Result<Self, FileError> {
        Self::read_with(sources, server, &OuterKinds::default())
    }

    /// As [`read`](Self::read), where objects of these kinds hold Jobs.
    ///
    /// # Errors
    ///
    /// The first file that cannot be read.
    pub fn read_with(sources: &[Source], server: &Server, kinds: &OuterKinds) -> Result<Self, FileError> {
        let (mut stored, mut outer) = (BTreeMap::new(), BTreeMap::new());
        for source in sources {
            let bytes = source.bytes()?;
            let text = String::from_utf8_lossy(&bytes);
            manifest::read_each(&text, |document| {
                let Ok(tree) = document.content else { return };
                for object in manifest::objects(&tree) {
                    let (api_version, kind) = type_of(&tree, &object);
                    if let Some(kind) = kinds.find(api_version, kind) {
                        let tree_of_its_own = Tree::from_value(&tree.to_value(object.node));
                        outer.insert(outer_key(&tree, object.node, kind), tree_of_its_own);
                    }
                    let Class::Workload(kind) = classify(api_version, kind) else { continue };
                    let Some(workload) = server.decode(&tree, object.node, kind).workload else {
                        continue;
                    };
                    stored.insert(
                        key(&workload),
                        StoredObject::new(server, workload, || tree.to_value(object.node)),
                    );
                }
            });
        }
        Ok(Self { stored, outer, change: Change::default() })
    }

    /// The same objects, updated in another way.
    #[must_use]
    pub fn with_change(self, change: Change) -> Self {
        Self { change, ..self }
    }

    /// The stored version of `new`, if there is one.
    pub fn find(&self, new: &Workload) -> Option<&Object> {
        self.find_stored(new).map(|stored| &stored.object)
    }

    pub(super) fn find_stored(&self, new: &Workload) -> Option<&StoredObject> {
        self.stored.get(&key(new))
    }

    /// The stored version of the object at `node`, which is of a kind that holds Jobs.
    pub(super) fn find_outer(
        &self,
        tree: &Tree<'_>,
        node: NodeId,
        kind: &OuterKind,
    ) -> Option<&Tree<'static>> {
        self.outer.get(&outer_key(tree, node, kind))
    }

    /// How manifests update the objects.
    pub fn change(&self) -> Change {
        self.change
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.stored.is_empty() && self.outer.is_empty()
    }
}

/// An object as it is stored, and what is known to have been applied.
#[derive(Debug)]
pub(super) struct StoredObject {
    pub(super) object: Object,
    applied: Option<Applied>,
    way: Way,
}

impl StoredObject {
    /// A manifest that was never read back from a cluster represents the object that it would become, and is all that was
    /// applied. For an object that was, the annotation holds what was applied, else the managed fields of a server-side
    /// apply. Where there is neither, kubectl removes nothing.
    fn new(server: &Server, mut workload: Workload, written: impl FnOnce() -> Value) -> Self {
        let annotation =
            workload.metadata().annotations.as_ref().and_then(|all| all.get(apiserver::LAST_APPLIED));
        let last_applied =
            annotation.and_then(|text| serde_json::from_str::<Value>(text).ok()).filter(Value::is_object);
        let metadata = workload.metadata();
        let is_stored = metadata.resource_version.is_some() || metadata.uid.is_some();
        if is_stored {
            server.apply_defaults(&mut workload);
        } else {
            workload = Object::created(server, workload, |_| false).into_workload();
        }
        workload.metadata_mut().resource_version.get_or_insert_with(|| "1".to_owned());
        let object = Object::prepared(workload);
        let (applied, way) = match last_applied {
            Some(applied) => (Some(applied.into()), Way::Strategic),
            None if !is_stored => (Some(written().into()), Way::Strategic),
            None => match server.applied_by_server(object.kind(), &written()) {
                Some(applied) => (Some(applied), Way::ServerSide),
                None => (None, Way::Strategic),
            },
        };
        Self { object, applied, way }
    }

    /// The object once `written`, a manifest in JSON, has been applied to it, and where its fields stand in the manifest.
    /// None where the outcome is no object of its kind.
    pub(super) fn apply(&self, server: &Server, written: &Value) -> Option<(Workload, MergedPlaces)> {
        let kind = self.object.kind();
        let current = apiserver::stored_form(self.object.workload());
        let merged = server.merge(kind, self.way, current, self.applied.as_ref(), written);
        let tree = Tree::from_value(&merged.value);
        let mut workload = server.decode(&tree, tree.root(), kind).workload?;
        let (metadata, stored) = (workload.metadata_mut(), self.object.metadata());
        // The patch is sent to the stored object, whatever the manifest lacks of it.
        for (field, kept) in
            [(&mut metadata.name, &stored.name), (&mut metadata.resource_version, &stored.resource_version)]
        {
            if field.is_none() {
                field.clone_from(kept);
            }
        }
        Some((workload, merged.places))
    }

    /// Adds to a manifest that is to replace the object what kubectl adds before it sends it.
    pub(super) fn put(&self, written: &mut Workload) {
        let (metadata, stored) = (written.metadata_mut(), self.object.metadata());
        if metadata.resource_version.is_none() {
            metadata.resource_version.clone_from(&stored.resource_version);
        }
    }
}

/// Maps findings about a merged object to their places in the manifest. A fix is planned for the merged object: where the
/// two differ, it is dropped.
pub(super) fn place_in_manifest(findings: &mut [Finding], places: &MergedPlaces) {
    // Findings about the text have their place in the manifest already.
    for finding in findings
        .iter_mut()
        .filter(|finding| !matches!(finding.rule.check, Check::Written(_) | Check::Reader | Check::Text))
    {
        let there = places.in_manifest(finding.place());
        if there != *finding.place() {
            finding.at = Some(there);
            finding.fix = None;
        }
        for related in &mut finding.related {
            related.path = places.in_manifest(&related.path);
        }
        let is_elsewhere = |target| places.in_manifest(&target) != target;
        if finding.fix.as_ref().is_some_and(|fix| fix.targets().any(is_elsewhere)) {
            finding.fix = None;
        }
    }
}

fn outer_key(tree: &Tree<'_>, node: NodeId, kind: &OuterKind) -> OuterKey {
    let metadata = tree.get(node, "metadata");
    let field = |name| metadata.and_then(|metadata| text(tree, metadata, name));
    let namespace = field("namespace").filter(|namespace| !matches!(*namespace, "" | "default"));
    let name = field("name").unwrap_or_default().to_owned();
    (format!("{}/{}", kind.group, kind.kind), namespace.map(str::to_owned), name)
}

fn key(workload: &Workload) -> (Kind, Option<String>, String) {
    let metadata = workload.metadata();
    // kubectl sends an object without a namespace to `default`, unless its context names another.
    let namespace = metadata.namespace.as_deref().filter(|namespace| !matches!(*namespace, "" | "default"));
    (workload.kind(), namespace.map(str::to_owned), metadata.name.clone().unwrap_or_default())
}
