//! Objects of a watch, read leniently: one object that cannot be read would stop the watch for all of them. API servers store times that no type of ours holds, in `managedFields` for one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What is kept of the objects of a kind.
pub(super) trait Kept: Clone + Debug + Sized {
    /// What tells the type of an object: nothing, where all that are kept like this are of one type.
    type Type: Send + Sync + 'static;

    /// API group, version, kind and the plural in URLs.
    fn names(of: &Self::Type) -> [&'static str; 4];

    /// What is kept of an object with this `spec`, as it is written.
    fn keep(spec: Option<&str>) -> Self;
}

/// An object of a watch: what names it, its labels, and what is kept of its spec.
#[derive(Debug, Clone)]
pub(super) struct Seen<K> {
    /// Name, namespace, uid, resource version and labels.
    pub(super) metadata: ObjectMeta,
    /// What is kept of the rest.
    pub(super) kept: K,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    labels: Option<BTreeMap<String, String>>,
}

impl<'de, K: Kept> Deserialize<'de> for Seen<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Parts {
            metadata: Metadata,
            spec: Option<Box<RawValue>>,
        }
        let Parts { metadata, spec } = Parts::deserialize(deserializer)?;
        let Metadata { name, namespace, uid, resource_version, labels } = metadata;
        let metadata = ObjectMeta { name, namespace, uid, resource_version, labels, ..ObjectMeta::default() };
        Ok(Self { metadata, kept: K::keep(spec.as_deref().map(RawValue::get)) })
    }
}

impl<K: Kept> Resource for Seen<K> {
    type DynamicType = K::Type;
    // Watched in all namespaces only, for which the two scopes have the same URL.
    type Scope = kube::core::NamespaceResourceScope;

    fn kind(of: &K::Type) -> Cow<'_, str> {
        K::names(of)[2].into()
    }

    fn group(of: &K::Type) -> Cow<'_, str> {
        K::names(of)[0].into()
    }

    fn version(of: &K::Type) -> Cow<'_, str> {
        K::names(of)[1].into()
    }

    fn plural(of: &K::Type) -> Cow<'_, str> {
        K::names(of)[3].into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// A namespace: its labels are all that is asked for.
#[derive(Debug, Clone)]
pub(super) struct NamespaceParts;

impl Kept for NamespaceParts {
    type Type = ();

    fn names((): &()) -> [&'static str; 4] {
        ["", "v1", "Namespace", "namespaces"]
    }

    fn keep(_: Option<&str>) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn odd_times_make_nothing_unreadable() {
        for time in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00", "never", ""] {
            let sent = json!({
                "metadata": {"name": "a", "creationTimestamp": time, "labels": {"team": "x"},
                    "managedFields": [{"time": time}], "deletionTimestamp": time},
                "status": {"conditions": [{"lastTransitionTime": time}]},
            })
            .to_string();
            let namespace = serde_json::from_str::<Seen<NamespaceParts>>(&sent).unwrap();
            assert_eq!(namespace.metadata.labels, Some([("team".to_owned(), "x".to_owned())].into()));
        }
    }
}
