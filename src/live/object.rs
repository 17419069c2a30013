//! An object of a list: what names it, who controls it, and its text as the linter reads it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::cluster::Resource;
use crate::diagnostic::CLUSTER;
use crate::linter::StoredText;

/// An object as it stands in the cluster.
#[derive(Debug, Clone)]
pub(super) struct LiveObject {
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) labels: BTreeMap<String, String>,
    /// The uid of the object that controls it.
    pub(super) controller: Option<String>,
    /// What the linter reads.
    pub(super) stored: StoredText,
}

type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    namespace: Option<String>,
    uid: String,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    owner_references: Option<Vec<OwnerReference>>,
}

#[derive(Deserialize)]
struct OwnerReference {
    #[serde(default)]
    uid: String,
    #[serde(default)]
    controller: Option<bool>,
}

impl LiveObject {
    /// Reads an object of a list of `resource`, of the cluster of that name; none where it is none that an API server could
    /// have sent.
    ///
    /// Its managed fields are left out: they are about who wrote what, nobody judges them, and they may be larger than
    /// the object. So are those that make the order of a list; `apiVersion` and `kind` are put in, which lists leave out.
    pub(super) fn read(resource: &Resource, json: &str, cluster: &str) -> Option<Self> {
        let mut fields: Fields<'_> = serde_json::from_str(json).ok()?;
        let metadata = fields.remove("metadata")?.get();
        let mut of_metadata: Fields<'_> = serde_json::from_str(metadata).ok()?;
        let Metadata { name, namespace, uid, labels, owner_references } =
            serde_json::from_str(metadata).ok()?;
        of_metadata.remove("managedFields");
        for field in ["apiVersion", "kind"] {
            fields.remove(field);
        }
        let mut text = String::with_capacity(json.len() + 64);
        let head = [("apiVersion", resource.api_version()), ("kind", resource.kind.to_string())];
        text.push('{');
        for (field, value) in head {
            push(&mut text, field, &serde_json::to_string(&value).ok()?);
        }
        let mut inner = String::from("{");
        for (field, value) in &of_metadata {
            push(&mut inner, field, value.get());
        }
        inner.push('}');
        push(&mut text, "metadata", &inner);
        for (field, value) in &fields {
            push(&mut text, field, value.get());
        }
        text.push('}');
        let owner = owner_references.into_iter().flatten().find(|owner| owner.controller == Some(true));
        let place = namespace.as_deref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        Some(Self {
            stored: StoredText {
                name: Arc::from(format!("{CLUSTER}{cluster}/{place}{}/{name}", resource.kind)),
                text,
            },
            namespace,
            name,
            uid,
            labels: labels.unwrap_or_default(),
            controller: owner.map(|owner| owner.uid),
        })
    }
}

/// Adds a field to a JSON object that is being written.
fn push(text: &mut String, field: &str, value: &str) {
    if !text.ends_with('{') {
        text.push(',');
    }
    // A string is always written.
    text.push_str(&serde_json::to_string(field).unwrap_or_default());
    text.push(':');
    text.push_str(value);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_the_linter_reads() {
        let sent = json!({
            "metadata": {
                "name": "a", "namespace": "ns", "uid": "u-1", "labels": {"x": "y"},
                "managedFields": [{"manager": "kubectl", "time": "never"}],
                "ownerReferences": [
                    {"uid": "u-3", "kind": "Other"}, {"uid": "u-2", "kind": "CronJob", "controller": true}
                ],
            },
            "spec": {"suspend": true},
            "status": {},
        });
        let object = LiveObject::read(&Resource::JOBS, &sent.to_string(), "dev").unwrap();
        assert_eq!(&*object.stored.name, "cluster:dev/ns/Job/a");
        assert_eq!((object.uid.as_str(), object.controller.as_deref()), ("u-1", Some("u-2")));
        let mut expected = sent;
        expected["metadata"].as_object_mut().unwrap().remove("managedFields");
        expected["apiVersion"] = json!("batch/v1");
        expected["kind"] = json!("Job");
        assert_eq!(serde_json::from_str::<Value>(&object.stored.text).unwrap(), expected);
    }

    #[test]
    fn what_no_api_server_sends() {
        for odd in ["{}", "[]", r#"{"metadata": {}}"#, r#"{"metadata": {"name": 1, "uid": "u"}}"#] {
            assert!(LiveObject::read(&Resource::JOBS, odd, "dev").is_none(), "{odd}");
        }
    }
}
