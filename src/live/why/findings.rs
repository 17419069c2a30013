//! What the rules say of the object that goes with a reason.

use serde_json::Value;

use super::answer::{Certainty, Evidence, Reason, RuleSaying, State};
use super::facts::{CronJobFacts, JobFacts};
use super::view::View;
use super::words::capital;
use crate::engine::{Author, Context, Finding, Input, Neighbours, Object, check};
use crate::policy::Policy;
use crate::rules::registry_of;
use jobguard_apiserver::Kind;
use jobguard_manifest::Tree;

/// The rules that go with reasons: each by the beginning of a reason's id. A rule's id may end in `/`, for all of its category.
const RULES: &[(&str, &[&str])] = &[
    ("cron-suspended", &["cron/suspended"]),
    ("cron-invalid", &["api/schedule", "api/time-zone", "cron/host-zone"]),
    ("cron-never-fires", &["cron/never-fires"]),
    (
        "cron-no-run-due",
        &[
            "cron/short-months",
            "cron/dst-skip",
            "cron/dom-or-dow",
            "cron/step-beyond-range",
            "cron/uneven-step",
            "cron/zone-missing",
            "cron/zone-sign",
            "cron/zone-no-dst",
            "cron/host-zone",
        ],
    ),
    ("cron-missed-deadline", &["cron/deadline-short"]),
    (
        "cron-blocked",
        &["cron/forbid-no-deadline", "job/command-never-ends", "job/sidecar-never-ends", "job/no-deadline"],
    ),
    ("cron-skipped-while-running", &["cron/forbid-no-deadline", "cron/overlap"]),
    ("cron-replaced", &["cron/replace-starves", "cron/overlap"]),
    ("cron-run-without-job", &["cron/replace-starves", "cron/deadline-short", "cron/dst-skip"]),
    ("job-removed", &["cron/history-zero", "cron/ttl-vs-history", "job/ttl-short"]),
    ("job-refused", &["job/child-rejected"]),
    ("job-paused-by-parallelism", &["job/paused-by-parallelism"]),
    (
        "job-deadline-exceeded",
        &["job/deadline-before-retries", "job/command-never-ends", "job/sidecar-never-ends"],
    ),
    (
        "job-backoff-limit",
        &[
            "job/exit-codes-hidden",
            "job/failure-rule-unreachable",
            "job/onfailure-logs",
            "job/per-index-onfailure",
        ],
    ),
    ("job-pod-failure-policy", &["job/failure-rule-unreachable"]),
    (
        "container-failed",
        &[
            "pod/command-in-one-string",
            "pod/shell-arguments-ignored",
            "pod/shell-syntax",
            "pod/variable-undefined",
            "pod/variable-order",
            "job/command-never-ends",
        ],
    ),
    ("container-cannot-start", &["pod/command-in-one-string", "pod/script-not-executable"]),
    (
        "container-crash-loop",
        &[
            "pod/command-in-one-string",
            "pod/shell-arguments-ignored",
            "pod/shell-syntax",
            "pod/variable-undefined",
        ],
    ),
    ("container-out-of-memory", &["pod/resources"]),
    ("container-probe-failed", &["job/pointless-probe"]),
    ("container-restarts", &["job/container-restart-always", "job/pointless-probe"]),
    ("sidecar-runs-on", &["job/sidecar-never-ends"]),
    ("pod-running", &["job/command-never-ends", "job/no-deadline", "job/container-restart-always"]),
    ("pod-evicted", &["job/disruptions-count", "job/disruption-ignored-late", "pod/resources"]),
    ("pod-drained", &["job/disruptions-count", "job/disruption-ignored-late"]),
    ("pod-preempted", &["job/disruptions-count", "job/disruption-ignored-late"]),
    ("pod-node", &["job/disruptions-count", "job/disruption-ignored-late"]),
    ("image-not-pulled", &["pod/image-tag"]),
];

/// How many findings stand with one reason.
const MOST: usize = 3;

/// Adds what the rules say of a CronJob, and the Job that it would make.
pub(super) fn of_cron_job(
    cron_job: &CronJobFacts,
    view: &View<'_>,
    policy: &Policy,
    reasons: &mut Vec<Reason>,
) {
    let Some(value) = &cron_job.value else { return };
    let findings = judged(value, Kind::CronJob, view, policy);
    add(&findings, reasons);
    let rejected = findings.iter().find(|finding| finding.rule.id() == "job/child-rejected");
    let is_known = reasons.iter().any(|reason| reason.id.starts_with("job-refused"));
    // Without an event that says so: the controller tries again and again, and events go.
    let waits = reasons
        .iter()
        .any(|reason| matches!(reason.id, "cron-controller-away" | "cron-not-started" | "cron-many-missed"));
    if let (Some(finding), false, true) = (rejected, is_known, waits) {
        let text = finding.message.clone();
        let path = finding.path.to_string();
        reasons.insert(
            0,
            Reason::new("job-refused-invalid", State::NotRunning, Certainty::Likely, text)
                .because([Evidence::field(
                    ("CronJob", &cron_job.meta.name),
                    path.clone(),
                    finding.message.clone(),
                    None,
                )])
                .change(capital(finding.help.as_deref().unwrap_or("correct the field")))
                .at(super::cron_job::field(cron_job, &path)),
        );
        add(&findings, reasons);
        reasons.retain(|reason| !matches!(reason.id, "cron-controller-away" | "cron-not-started"));
    }
}

/// Adds what the rules say of a Job.
pub(super) fn of_job(job: &JobFacts, view: &View<'_>, policy: &Policy, reasons: &mut [Reason]) {
    if let Some(value) = &job.value {
        add(&judged(value, Kind::Job, view, policy), reasons);
    }
}

fn add(findings: &[Finding], reasons: &mut [Reason]) {
    for reason in reasons {
        let rules =
            RULES.iter().filter(|(id, _)| reason.id.starts_with(id)).flat_map(|(_, rules)| rules.iter());
        let mut sayings: Vec<RuleSaying> = Vec::new();
        for rule in rules {
            for finding in findings.iter().filter(|finding| finding.rule.id() == *rule) {
                let saying = RuleSaying {
                    rule: finding.rule.id().to_owned(),
                    message: finding.message.clone(),
                    path: finding.path.to_string(),
                };
                if !sayings.contains(&saying) && sayings.len() < MOST {
                    sayings.push(saying);
                }
            }
        }
        reason.rules = sayings;
    }
}

/// The findings on an object as it is stored; none where it cannot be read as one.
fn judged(value: &Value, kind: Kind, view: &View<'_>, policy: &Policy) -> Vec<Finding> {
    let tree = Tree::from_value(value);
    let Some(workload) = policy.server.decode(&tree, tree.root(), kind).workload else { return Vec::new() };
    let labels =
        view.known.namespaces.iter().find(|meta| meta.name == view.namespace).map(|meta| &meta.labels);
    let object = Object::received(&policy.server, workload);
    let context = Context {
        registry: registry_of(policy),
        policy,
        neighbours: &Neighbours::default(),
        file: None,
        input: Input::Alone,
        now: view.now,
        namespace_labels: labels,
        cancellation: None,
        author: Author::default(),
    };
    let verdict = check(&object, &context);
    // What somebody has asked not to be told at admission is told to who asks why.
    verdict.findings.into_iter().chain(verdict.folded).chain(verdict.suppressed).collect()
}
