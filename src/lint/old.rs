//! The stored versions of objects, for judging manifests as updates.

use std::collections::BTreeMap;

use crate::batch::{self, Kind, Workload};
use crate::engine::Object;
use crate::manifest;
use crate::report::FileError;

use super::Source;
use super::classify::{Class, classify, type_of};

/// Objects by kind, namespace and name.
#[derive(Debug, Default)]
pub struct OldObjects(BTreeMap<(Kind, Option<String>, String), Object>);

impl OldObjects {
    /// Reads the objects in `sources`. What does not parse is passed over: it was never stored.
    ///
    /// # Errors
    ///
    /// The first file that cannot be read.
    pub fn read(sources: &[Source]) -> Result<Self, FileError> {
        let mut objects = BTreeMap::new();
        for source in sources {
            let bytes = source.bytes()?;
            let text = String::from_utf8_lossy(&bytes);
            manifest::read_each(&text, |document| {
                let Ok(tree) = document.content else { return };
                for object in manifest::objects(&tree) {
                    let (api_version, kind) = type_of(&tree, &object);
                    let Class::Workload(kind) = classify(api_version, kind) else { continue };
                    let Some(workload) = batch::decode(&tree, object.node, kind).workload else { continue };
                    objects.insert(key(&workload), stored(workload));
                }
            });
        }
        Ok(Self(objects))
    }

    /// The stored version of `new`, if there is one.
    pub fn find(&self, new: &Workload) -> Option<&Object> {
        self.0.get(&key(new))
    }

    /// Whether there is none at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The object as it is stored. A manifest that was never read back from a cluster stands for what it would become.
fn stored(mut workload: Workload) -> Object {
    if workload.metadata().resource_version.is_some() {
        batch::apply_defaults(&mut workload);
        return Object::prepared(workload);
    }
    let mut workload = Object::created(workload, |_| {}).into_workload();
    workload.metadata_mut().resource_version = Some("1".to_owned());
    Object::prepared(workload)
}

/// Gives a manifest what `kubectl apply` leaves in the stored object: what the server has made and the manifest does
/// not speak of.
pub(super) fn keep_generated(new: &mut Workload, old: &Workload) {
    let (metadata, stored) = (new.metadata_mut(), old.metadata());
    for (field, kept) in [
        (&mut metadata.uid, &stored.uid),
        (&mut metadata.resource_version, &stored.resource_version),
        (&mut metadata.namespace, &stored.namespace),
    ] {
        if field.is_none() {
            field.clone_from(kept);
        }
    }
    if metadata.creation_timestamp.is_none() {
        metadata.creation_timestamp.clone_from(&stored.creation_timestamp);
    }
    keep_labels(&mut metadata.labels, stored.labels.as_ref());
    let (Workload::Job(new), Workload::Job(old)) = (new, old) else { return };
    let (Some(new), Some(old)) = (&mut new.spec, &old.spec) else { return };
    if new.selector.is_none() {
        new.selector.clone_from(&old.selector);
    }
    if new.manual_selector.is_none() {
        new.manual_selector = old.manual_selector;
    }
    let labels = old.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
    keep_labels(&mut new.template.metadata.get_or_insert_default().labels, labels);
}

/// The labels that the server makes.
fn keep_labels(labels: &mut Option<BTreeMap<String, String>>, stored: Option<&BTreeMap<String, String>>) {
    for (key, value) in stored.into_iter().flatten() {
        if batch::JOB_NAME_LABELS.contains(&key.as_str())
            || batch::CONTROLLER_UID_LABELS.contains(&key.as_str())
        {
            labels.get_or_insert_default().entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

fn key(workload: &Workload) -> (Kind, Option<String>, String) {
    let metadata = workload.metadata();
    // An object without a namespace and one in `default` are the same to kubectl, unless told otherwise.
    let namespace = metadata.namespace.as_deref().filter(|namespace| !matches!(*namespace, "" | "default"));
    (workload.kind(), namespace.map(str::to_owned), metadata.name.clone().unwrap_or_default())
}
