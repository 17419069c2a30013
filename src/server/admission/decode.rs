//! Decodes the object of a review, without the fields that no rule reads.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use lenient::Lenient;

use jobguard_apiserver::{Kind, KubernetesVersion, Server, Workload};
use jobguard_manifest::limits::Limits;
use jobguard_manifest::{self as manifest, NodeKind, Tree, Within};

mod lenient;

/// The object of a request.
#[derive(Debug, Clone)]
pub(crate) enum Sent<'a> {
    /// As the API server writes it, read along with the request.
    Read(Workload),
    /// Anything else.
    Raw(&'a RawValue),
}

/// A Job or CronJob as the API server writes it: what it is comes first. What no rule asks for is passed over:
/// `managedFields`, which are a third of the text of a stored object, and the status of a CronJob. That of a Job says
/// whether its template may change.
#[derive(Debug)]
pub(super) struct Known(pub(super) Workload);

impl<'de> Deserialize<'de> for Known {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KnownVisitor { kind: None })
    }
}

/// Reads an object, of a kind that is known or that its text says.
struct KnownVisitor {
    kind: Option<Kind>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Key {
    Kind,
    Metadata,
    Spec,
    Status,
    #[serde(other)]
    Other,
}

impl<'de> Visitor<'de> for KnownVisitor {
    type Value = Known;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Job or CronJob")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Known, A::Error> {
        let unexpected = || A::Error::custom("the object does not begin with its kind");
        let mut metadata = None::<Option<ObjectMeta>>;
        let mut workload = None::<Workload>;
        let mut kind = self.kind;
        let is_given = kind.is_some();
        while let Some(key) = map.next_key()? {
            match key {
                Key::Kind if is_given => drop(map.next_value::<IgnoredAny>()?),
                Key::Kind => {
                    kind = match map.next_value::<Cow<'_, str>>()?.as_ref() {
                        "Job" => Some(Kind::Job),
                        "CronJob" => Some(Kind::CronJob),
                        _ => return Err(unexpected()),
                    };
                }
                // What is given twice is for a reader that knows which of the two counts.
                Key::Metadata if metadata.is_some() => return Err(unexpected()),
                Key::Metadata => metadata = Some(next(&mut map)?),
                Key::Spec | Key::Status => {
                    let kind = kind.ok_or_else(unexpected)?;
                    match (workload.get_or_insert_with(|| empty(kind)), key) {
                        (Workload::Job(job), Key::Status) => job.status = next(&mut map)?,
                        (Workload::CronJob(_), Key::Status) => drop(map.next_value::<IgnoredAny>()?),
                        (Workload::Job(job), _) if job.spec.is_none() => job.spec = next(&mut map)?,
                        (Workload::Job(_), _) => return Err(unexpected()),
                        (Workload::CronJob(cron_job), _) => {
                            cron_job.spec = next::<Option<_>, A>(&mut map)?.unwrap_or_default();
                        }
                    }
                }
                Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let mut workload = match workload {
            Some(workload) => workload,
            None => empty(kind.ok_or_else(unexpected)?),
        };
        *workload.metadata_mut() =
            ObjectMeta { managed_fields: None, ..metadata.flatten().unwrap_or_default() };
        Ok(Known(workload))
    }
}

/// Reads a value leniently.
fn next<'de, T: Deserialize<'de>, A: MapAccess<'de>>(map: &mut A) -> Result<T, A::Error> {
    map.next_value_seed(Lenient(PhantomData::<T>))
}

fn empty(kind: Kind) -> Workload {
    match kind {
        Kind::Job => Workload::Job(Box::default()),
        Kind::CronJob => Workload::CronJob(Box::default()),
    }
}

/// How large the objects are that are read as people write them, managed fields and all. An object that an API server
/// has sent is read without.
const CAREFULLY: Within<'static> = Within {
    limits: Limits { max_elements: 5 * Limits::DEFAULT.max_elements, ..Limits::DEFAULT },
    is_asked_for: &|_, _| true,
};

/// The object as the API server writes it; or else, by the API's own rules, as people do (`null` for nothing, a number
/// for a quantity).
pub(super) fn read(sent: Sent<'_>, kind: Kind) -> serde_json::Result<Workload> {
    let raw = match sent {
        Sent::Read(workload) => return Ok(workload),
        Sent::Raw(raw) => raw,
    };
    as_written(raw, kind).or_else(|error| {
        let mut workload = None;
        manifest::read_each_within(raw.get(), Some(&CAREFULLY), |document| {
            let tree = document.content.ok();
            workload = tree.and_then(|tree| {
                Server::of(KubernetesVersion::NEWEST).decode(&tree, tree.root(), kind).workload
            });
        });
        workload.ok_or(error)
    })
}

/// An object as it is written, of a kind that no type is known of; none where it is no JSON object.
pub(super) fn tree(raw: &RawValue) -> Option<Tree<'_>> {
    let mut tree = None;
    manifest::read_each_within(raw.get(), Some(&CAREFULLY), |document| tree = document.content.ok());
    tree.filter(|tree| matches!(tree[tree.root()].kind, NodeKind::Map(_)))
}

fn as_written(raw: &RawValue, kind: Kind) -> serde_json::Result<Workload> {
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    let Known(workload) = deserializer.deserialize_map(KnownVisitor { kind: Some(kind) })?;
    deserializer.end()?;
    Ok(workload)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn all_that_rules_ask_for() {
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
                if let Workload::CronJob(cron_job) = &mut expected {
                    cron_job.status = None;
                }
                assert_eq!(as_written(&raw, kind).unwrap(), expected);
                assert_eq!(serde_json::from_str::<Known>(raw.get()).unwrap().0, expected);
                tried += 1;
            }
        }
        assert!(tried > 20, "{tried}");
    }
}
