//! A report as it stands in the cluster. Both APIs have nearly the same form; what differs is in [`Api`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cluster::Resource;

/// Who the reports are of, in their field `source` and in the label [`MANAGED_BY`].
pub(super) const SOURCE: &str = "jobguard";

/// The label by which reports of ours are found.
pub(super) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// What the names of our reports begin with.
pub(super) const PREFIX: &str = "jobguard-";

/// An API for reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// `openreports.io/v1alpha1`, Report.
    OpenReports,
    /// `wgpolicyk8s.io/v1alpha2`, PolicyReport.
    PolicyReport,
}

impl Api {
    /// All of them, those first that are preferred.
    pub const ALL: [Self; 2] = [Self::OpenReports, Self::PolicyReport];

    /// The resource.
    pub(super) const fn resource(self) -> Resource {
        let (group, plural) = self.group_and_resource();
        match self {
            Self::OpenReports => Resource::known(group, "v1alpha1", "Report", plural),
            Self::PolicyReport => Resource::known(group, "v1alpha2", "PolicyReport", plural),
        }
    }

    /// Its group, and the resource in it.
    pub const fn group_and_resource(self) -> (&'static str, &'static str) {
        match self {
            Self::OpenReports => ("openreports.io", "reports"),
            Self::PolicyReport => ("wgpolicyk8s.io", "policyreports"),
        }
    }

    /// Where the CRD comes from.
    pub(super) const fn home(self) -> &'static str {
        match self {
            Self::OpenReports => "https://openreports.io",
            Self::PolicyReport => "https://github.com/kubernetes-sigs/wg-policy-prototypes",
        }
    }

    /// Whether a report says by itself who it is of; else each of its results does.
    pub(super) const fn has_source(self) -> bool {
        matches!(self, Self::OpenReports)
    }
}

/// A report: everything that we write of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Report {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) metadata: Metadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<ObjectReference>,
    pub(super) summary: Summary,
    pub(super) results: Vec<Entry>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) namespace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resource_version: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) owner_references: Vec<OwnerReference>,
}

/// Who a report is deleted with. The owner does not wait for it, and is not its controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnerReference {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) uid: String,
}

/// What a report is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ObjectReference {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) uid: String,
}

/// How many results there are of each kind, those among them that are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Summary {
    pub(super) pass: u64,
    pub(super) fail: u64,
    pub(super) warn: u64,
    pub(super) error: u64,
    pub(super) skip: u64,
}

/// What a rule came to. The order is that of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    /// It could not be judged.
    Error,
    /// A finding that the policy refuses.
    Fail,
    /// A finding that it does not.
    Warn,
    /// A finding that does not count.
    Skip,
    /// Nothing was found.
    Pass,
}

/// A result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    pub(super) policy: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rule: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) category: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) severity: Option<String>,
    pub(super) result: Outcome,
    #[serde(default)]
    pub(super) scored: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) properties: BTreeMap<String, String>,
    /// When it was found first, as it stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) timestamp: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Time {
    pub(super) seconds: i64,
    pub(super) nanos: i32,
}

impl Report {
    /// Whether `there` is this report already, its times apart, and what others have added to its labels.
    pub(super) fn is(&self, there: &Self) -> bool {
        let labels = &there.metadata.labels;
        self.source == there.source
            && self.scope == there.scope
            && self.summary == there.summary
            && self.metadata.owner_references == there.metadata.owner_references
            && self.metadata.labels.iter().all(|(name, value)| labels.get(name) == Some(value))
            && self.results.len() == there.results.len()
            && self.results.iter().zip(&there.results).all(|(ours, theirs)| ours.is(theirs))
    }

    /// Gives each result its time: what was there already keeps the one that it has.
    pub(super) fn date(&mut self, there: Option<&Self>, now: Time) {
        let mut before: Vec<&Entry> = there.iter().flat_map(|there| &there.results).collect();
        for entry in &mut self.results {
            let same = before.iter().position(|one| entry.is(one));
            let known = same.and_then(|position| before.remove(position).timestamp);
            entry.timestamp = Some(known.unwrap_or(now));
        }
    }
}

impl Entry {
    /// Whether it is the same result, its time apart.
    fn is(&self, other: &Self) -> bool {
        let time = other.timestamp;
        *other == Self { timestamp: time, ..self.clone() }
    }
}

impl Summary {
    /// Counts a result.
    pub(super) fn count(&mut self, outcome: Outcome) {
        let count = match outcome {
            Outcome::Pass => &mut self.pass,
            Outcome::Fail => &mut self.fail,
            Outcome::Warn => &mut self.warn,
            Outcome::Error => &mut self.error,
            Outcome::Skip => &mut self.skip,
        };
        *count += 1;
    }
}
