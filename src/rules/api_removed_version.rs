//! `api/removed-version`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Finding, Fix, Rule, Safety, Severity, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::Kind;
use jobguard_manifest::FieldPath;
use jobguard_text::{is_slip, quote};

/// An API version that does not serve this kind (any more).
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/removed-version",
        summary: "apiVersion no longer serves this kind, or never did",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "The manifest's `apiVersion` does not serve this kind in any supported Kubernetes version. \
               `batch/v1beta1` CronJobs were removed in Kubernetes 1.25, `batch/v2alpha1` CronJobs in 1.21. Jobs \
               started in `extensions/v1beta1`, have been in `batch/v1` since 1.2, and nowhere else since 1.6.",
        why: "`kubectl` fails with `no matches for kind`, and nothing is created. The rest of the manifest is \
              checked as `batch/v1`, so that all mistakes can be corrected at once.",
        examples: &[
            Example::bad(
                "gone since 1.25",
                r#"apiVersion: batch/v1beta1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: main
            image: example.com/app:1.0
"#,
            ),
            Example::good(
                "the version that is served",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: main
            image: example.com/app:1.0
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/reference/using-api/deprecation-guide/#cronjob-v125",
            "https://github.com/kubernetes/kubernetes/blob/master/CHANGELOG/CHANGELOG-1.6.md",
        ],
    },
    check: Check::Reader,
    precedence: &[],
    cel: None,
};

/// The version that Jobs and CronJobs have.
pub const SERVED: &str = "batch/v1";

/// A Job or CronJob whose type no current server knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misplaced {
    /// What it is meant to be.
    pub kind: Kind,
    /// The field to blame.
    pub field: &'static str,
    message: String,
    help: String,
    /// What the field must say, and how certain that is.
    fix: (&'static str, Safety),
}

impl Misplaced {
    /// What an object of this type is meant to be; none where it is served, and where it may be of another group's kind.
    pub fn of(api_version: Option<&str>, kind: &str) -> Option<Self> {
        let group = api_version.map(|version| version.split_once('/').map_or("", |(group, _)| group));
        // Names of groups are in lower case and without blanks, so that no other can be meant.
        let is_batch = group.is_some_and(is_batch);
        let known = match kind {
            "Job" => Kind::Job,
            "CronJob" => Kind::CronJob,
            // Only within the batch group is another spelling certainly meant to be one of ours.
            other if is_batch => {
                let (meant, safety) = meant_kind(other)?;
                return Some(Self {
                    kind: meant,
                    field: "kind",
                    message: no_kind_of_batch(other),
                    help: format!("did you mean {0}? write kind: {0}", meant.as_str()),
                    fix: (meant.as_str(), safety),
                });
            }
            _ => return None,
        };
        let version = |message, help, safety| {
            Some(Self { kind: known, field: "apiVersion", message, help, fix: (SERVED, safety) })
        };
        match api_version {
            Some(SERVED) => None,
            // Other groups have Jobs of their own.
            None => version(
                format!("the {kind} has no apiVersion"),
                format!("add apiVersion: {SERVED}"),
                Safety::Unsafe,
            ),
            // Other groups may have a Job of their own (Volcano's, say), which is not ours.
            Some(written) if is_batch || matches!(group, Some("" | "apps" | "extensions")) => version(
                match (written, known) {
                    ("batch/v1beta1", Kind::CronJob) => {
                        "batch/v1beta1 CronJobs are no longer served since Kubernetes 1.25".to_owned()
                    }
                    ("batch/v2alpha1", Kind::CronJob) => {
                        "batch/v2alpha1 CronJobs are no longer served since Kubernetes 1.21".to_owned()
                    }
                    _ => format!("no Kubernetes version serves {kind} in {} any more", quote(written)),
                },
                format!("write apiVersion: {SERVED}"),
                if is_batch { Safety::Safe } else { Safety::Unsafe },
            ),
            Some(_) => None,
        }
    }

    /// An object of the batch group that does not say its kind, which its fields tell.
    pub fn without_kind(api_version: &str, kind: Kind) -> Self {
        Self {
            kind,
            field: "kind",
            message: without_kind(api_version),
            help: format!("add kind: {}", kind.as_str()),
            fix: (kind.as_str(), Safety::Unsafe),
        }
    }

    /// The finding about it.
    pub fn finding(&self) -> Finding {
        let path = FieldPath::root().field(self.field);
        let mut finding = RULE.finding(Severity::Error, path.clone(), self.message.clone());
        finding.help = Some(self.help.clone());
        let (value, safety) = self.fix;
        finding.fix = Some(Fix::set(safety, format!("set {} to {value}", self.field), path, value));
        finding
    }
}

/// Whether a group is batch, however its letters and the blanks around it are.
pub fn is_batch(group: &str) -> bool {
    group.trim().eq_ignore_ascii_case("batch")
}

/// The kind that a misspelt one of the batch group stands for, and how certain that is.
fn meant_kind(written: &str) -> Option<(Kind, Safety)> {
    /// No kind of ours is longer by more than a slip.
    const LONGEST: usize = 16;
    let written = Some(written.trim()).filter(|kind| kind.len() <= LONGEST)?.to_ascii_lowercase();
    Some(match written.as_str() {
        "job" | "jobs" => (Kind::Job, Safety::Safe),
        "cronjob" | "cronjobs" | "cron-job" => (Kind::CronJob, Safety::Safe),
        // One letter of three, and two of seven: more may be a kind of somebody's own.
        other if is_slip(other, "job", 1) => (Kind::Job, Safety::Unsafe),
        other if is_slip(other, "cronjob", 2) => (Kind::CronJob, Safety::Unsafe),
        _ => return None,
    })
}

/// What is wrong with a kind that the batch group has not.
pub(super) fn no_kind_of_batch(kind: &str) -> String {
    format!("the API group batch has no kind {}: its kinds are Job and CronJob", quote(kind))
}

/// What is wrong with an object of the batch group without a kind.
pub(super) fn without_kind(api_version: &str) -> String {
    format!("this {api_version} object has no kind, and kubectl refuses it")
}
