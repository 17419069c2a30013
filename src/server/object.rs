//! The object of a review, without what nobody here looks at.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, CronJobStatus, Job, JobSpec, JobStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::batch::{self, Kind, Workload};
use crate::manifest;

/// An object as it is sent. `managedFields` are passed over: in a stored object they are a third of the text, the
/// server has written them itself, and no rule asks for them.
#[derive(Deserialize)]
#[serde(bound = "S: Deserialize<'de>, T: Deserialize<'de>")]
struct Sent<S, T> {
    metadata: Option<Metadata>,
    spec: Option<S>,
    status: Option<T>,
}

/// [`ObjectMeta`] but for `managedFields`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    annotations: Option<BTreeMap<String, String>>,
    creation_timestamp: Option<Time>,
    deletion_grace_period_seconds: Option<i64>,
    deletion_timestamp: Option<Time>,
    finalizers: Option<Vec<String>>,
    generate_name: Option<String>,
    generation: Option<i64>,
    labels: Option<BTreeMap<String, String>>,
    name: Option<String>,
    namespace: Option<String>,
    owner_references: Option<Vec<OwnerReference>>,
    resource_version: Option<String>,
    self_link: Option<String>,
    uid: Option<String>,
}

impl From<Metadata> for ObjectMeta {
    fn from(metadata: Metadata) -> Self {
        let Metadata {
            annotations,
            creation_timestamp,
            deletion_grace_period_seconds,
            deletion_timestamp,
            finalizers,
            generate_name,
            generation,
            labels,
            name,
            namespace,
            owner_references,
            resource_version,
            self_link,
            uid,
        } = metadata;
        Self {
            annotations,
            creation_timestamp,
            deletion_grace_period_seconds,
            deletion_timestamp,
            finalizers,
            generate_name,
            generation,
            labels,
            managed_fields: None,
            name,
            namespace,
            owner_references,
            resource_version,
            self_link,
            uid,
        }
    }
}

/// The object as the API server writes it; or else, by the API's own rules, as people do (`null` for nothing, a number
/// for a quantity).
pub(super) fn read(raw: &RawValue, kind: Kind) -> serde_json::Result<Workload> {
    as_written(raw, kind).or_else(|error| {
        let documents = manifest::read(raw.get());
        let tree = documents.first().and_then(|document| document.content.as_ref().ok());
        tree.and_then(|tree| batch::decode(tree, tree.root(), kind).workload).ok_or(error)
    })
}

fn as_written(raw: &RawValue, kind: Kind) -> serde_json::Result<Workload> {
    Ok(match kind {
        Kind::Job => {
            let Sent { metadata, spec, status } =
                serde_json::from_str::<Sent<JobSpec, JobStatus>>(raw.get())?;
            let metadata = metadata.unwrap_or_default().into();
            Workload::Job(Box::new(Job { metadata, spec, status }))
        }
        Kind::CronJob => {
            let Sent { metadata, spec, status } =
                serde_json::from_str::<Sent<CronJobSpec, CronJobStatus>>(raw.get())?;
            let (metadata, spec) = (metadata.unwrap_or_default().into(), spec.unwrap_or_default());
            Workload::CronJob(Box::new(CronJob { metadata, spec, status }))
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn all_but_the_managed_fields() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/admission-reviews.jsonl");
        let mut tried = 0;
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let request = &line["review"]["request"];
            for object in [&request["object"], &request["oldObject"]].into_iter().filter(|o| !o.is_null()) {
                let raw = serde_json::value::to_raw_value(object).unwrap();
                let (kind, mut expected) = match object["kind"].as_str() {
                    Some("Job") => {
                        (Kind::Job, Workload::Job(Box::new(serde_json::from_str(raw.get()).unwrap())))
                    }
                    _ => {
                        let cron_job = serde_json::from_str(raw.get()).unwrap();
                        (Kind::CronJob, Workload::CronJob(Box::new(cron_job)))
                    }
                };
                expected.metadata_mut().managed_fields = None;
                assert_eq!(as_written(&raw, kind).unwrap(), expected);
                tried += 1;
            }
        }
        assert!(tried > 20, "{tried}");
    }
}
