//! The stored versions of objects, for judging manifests as updates.

use std::collections::BTreeMap;

use crate::batch::{self, Kind, Workload};
use crate::engine::Object;
use crate::manifest;

use super::classify::{Class, classify, type_of};
use super::{FileError, Source, files};

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
            let read;
            let bytes = match source {
                Source::File { path, name, .. } => {
                    read = files::read(path, name)?;
                    &read
                }
                Source::Text { bytes, .. } => bytes,
            };
            let text = String::from_utf8_lossy(bytes);
            for tree in manifest::read(&text).into_iter().filter_map(|document| document.content.ok()) {
                for object in manifest::objects(&tree) {
                    let (api_version, kind) = type_of(&tree, &object);
                    let Class::Workload(kind) = classify(api_version, kind) else { continue };
                    let Some(mut workload) = batch::decode(&tree, object.node, kind).workload else {
                        continue;
                    };
                    batch::apply_defaults(&mut workload);
                    objects.insert(key(&workload), Object::prepared(workload));
                }
            }
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

fn key(workload: &Workload) -> (Kind, Option<String>, String) {
    let metadata = workload.metadata();
    // An object without a namespace and one in `default` are the same to kubectl, unless told otherwise.
    let namespace = metadata.namespace.as_deref().filter(|namespace| !matches!(*namespace, "" | "default"));
    (workload.kind(), namespace.map(str::to_owned), metadata.name.clone().unwrap_or_default())
}
