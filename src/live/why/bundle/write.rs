//! Writes a bundle: what belongs to one object, redacted, in an order of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{HEADER, HEADER_VERSION, redact};
use crate::live::why::known::{Kind, Known, NotFound, Target};
use crate::live::why::pod_facts::may_be_pod_of;
use crate::live::why::target::TargetRef;
use crate::live::why::value::string;

/// Objects for a bundle, redacted as they come.
#[derive(Debug, Default)]
pub struct Collected(Vec<(Kind, Value)>);

impl Collected {
    /// Adds an object.
    pub fn add(&mut self, kind: Kind, object: &Value) {
        self.0.push((kind, redact(kind, object)));
    }
}

/// Writes what belongs to one object: itself, its Jobs, their Pods, what is reported of them, and what holds in the namespace.
/// JSON, which is YAML as well.
///
/// # Errors
///
/// Those of the writer; that the object is not there is an answer of its own.
pub fn write(
    collected: &Collected,
    known: &Known,
    (wanted, namespace): (&TargetRef, Option<&str>),
    now: Timestamp,
    out: &mut dyn io::Write,
) -> Result<io::Result<()>, NotFound> {
    let target = known.find(wanted, namespace)?;
    let mut belongs = Belongs::to(target, known);
    belongs.namespace.clone_from(&target.meta().namespace);
    let mut objects: Vec<(Kind, String, &Value)> = collected
        .0
        .iter()
        .filter(|(kind, object)| belongs.holds(*kind, object))
        .map(|(kind, object)| (*kind, string(object, "metadata.name"), object))
        .collect();
    // Of one that was given twice, the last counts.
    objects.reverse();
    objects.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    objects.dedup_by(|other, kept| !kept.1.is_empty() && (other.0, &other.1) == (kept.0, &kept.1));
    let header = json!({
        "apiVersion": HEADER_VERSION,
        "kind": HEADER,
        "about": format!("{}/{}", target.kind().as_str().to_ascii_lowercase(), target.meta().name),
        "namespace": target.meta().namespace,
        "writtenAt": now.to_string(),
        "read": known.read.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
        "unread": known.unread.iter().map(|(kind, why)| (kind.as_str(), why.as_str())).collect::<BTreeMap<_, _>>(),
    });
    let items: Vec<&Value> =
        std::iter::once(&header).chain(objects.iter().map(|(.., object)| *object)).collect();
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
    let written = serde_json::to_writer_pretty(&mut *out, &list).map_err(io::Error::from);
    Ok(written.and_then(|()| out.write_all(b"\n")))
}

/// What belongs to an object.
struct Belongs<'k> {
    namespace: String,
    cron_job: Option<&'k str>,
    jobs: BTreeMap<&'k str, bool>,
    pods: BTreeSet<&'k str>,
    accounts: BTreeSet<&'k str>,
}

impl<'k> Belongs<'k> {
    fn to(target: Target<'k>, known: &'k Known) -> Self {
        let jobs: Vec<_> = match target {
            Target::CronJob(cron_job) => {
                known.jobs.iter().filter(|job| job.meta.belongs_to("CronJob", &cron_job.meta)).collect()
            }
            Target::Job(job) => vec![job],
        };
        let cron_job = match target {
            Target::CronJob(cron_job) => Some(cron_job.meta.name.as_str()),
            Target::Job(job) => job
                .meta
                .owner
                .as_ref()
                .filter(|owner| owner.kind == "CronJob")
                .map(|owner| owner.name.as_str()),
        };
        let by_name: BTreeMap<&str, _> = jobs.iter().map(|job| (job.meta.name.as_str(), *job)).collect();
        let of_jobs = |pod: &&crate::live::why::pod_facts::PodFacts| {
            let owner = pod.meta.owner.as_ref().and_then(|owner| by_name.get(owner.name.as_str()));
            owner.is_some_and(|job| pod.meta.belongs_to("Job", &job.meta))
        };
        Self {
            namespace: String::new(),
            cron_job,
            jobs: jobs.iter().map(|job| (job.meta.name.as_str(), job.is_indexed)).collect(),
            pods: known.pods.iter().filter(of_jobs).map(|pod| pod.meta.name.as_str()).collect(),
            accounts: jobs.iter().map(|job| job.service_account.as_str()).chain(["default"]).collect(),
        }
    }

    fn holds(&self, kind: Kind, object: &Value) -> bool {
        let name = string(object, "metadata.name");
        if kind == Kind::Namespace {
            return name == self.namespace;
        }
        if string(object, "metadata.namespace") != self.namespace {
            return false;
        }
        match kind {
            Kind::CronJob => self.cron_job == Some(&name),
            Kind::Job => self.jobs.contains_key(name.as_str()),
            Kind::Pod => self.pods.contains(name.as_str()),
            Kind::ServiceAccount => self.accounts.contains(name.as_str()),
            Kind::Event => {
                let about = string(object, "involvedObject.name");
                match string(object, "involvedObject.kind").as_str() {
                    "CronJob" => self.cron_job == Some(&about),
                    "Job" => self.jobs.contains_key(about.as_str()),
                    "Pod" => {
                        self.pods.contains(about.as_str())
                            || self
                                .jobs
                                .iter()
                                .any(|(job, is_indexed)| may_be_pod_of(&about, job, *is_indexed))
                    }
                    _ => false,
                }
            }
            Kind::ResourceQuota | Kind::LimitRange | Kind::Namespace => true,
        }
    }
}
