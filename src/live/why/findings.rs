//! What the rules say of the object that goes with a reason.

use serde_json::Value;

use super::answer::{Certainty, Evidence, Reason, RuleSaying, State};
use super::facts::{CronJobFacts, JobFacts};
use super::view::View;
use super::words::capital;
use crate::engine::{Author, Context, Finding, Input, Neighbours, Object, Rule, check};
use crate::policy::Policy;
use crate::rules::{self, registry_of};
use jobguard_apiserver::Kind;
use jobguard_manifest::Tree;

/// The rules that go with reasons: each by the beginning of a reason's id.
static RULES: &[(&str, &[&Rule])] = &[
    ("cron-suspended", &[&rules::cron_suspended::RULE]),
    (
        "cron-invalid",
        &[&rules::api_schedule::RULE, &rules::api_time_zone::RULE, &rules::cron_host_zone::RULE],
    ),
    ("cron-never-fires", &[&rules::cron_never_fires::RULE]),
    (
        "cron-no-run-due",
        &[
            &rules::cron_short_months::RULE,
            &rules::cron_dst_skip::RULE,
            &rules::cron_dom_or_dow::RULE,
            &rules::cron_step_beyond_range::RULE,
            &rules::cron_uneven_step::RULE,
            &rules::cron_zone_missing::RULE,
            &rules::cron_zone_sign::RULE,
            &rules::cron_zone_no_dst::RULE,
            &rules::cron_host_zone::RULE,
        ],
    ),
    ("cron-missed-deadline", &[&rules::cron_deadline_short::RULE]),
    (
        "cron-blocked",
        &[
            &rules::cron_forbid_no_deadline::RULE,
            &rules::job_command_never_ends::RULE,
            &rules::job_sidecar_never_ends::RULE,
            &rules::job_no_deadline::RULE,
        ],
    ),
    ("cron-skipped-while-running", &[&rules::cron_forbid_no_deadline::RULE, &rules::cron_overlap::RULE]),
    ("cron-replaced", &[&rules::cron_replace_starves::RULE, &rules::cron_overlap::RULE]),
    (
        "cron-run-without-job",
        &[&rules::cron_replace_starves::RULE, &rules::cron_deadline_short::RULE, &rules::cron_dst_skip::RULE],
    ),
    (
        "job-removed",
        &[&rules::cron_history_zero::RULE, &rules::cron_ttl_vs_history::RULE, &rules::job_ttl_short::RULE],
    ),
    ("job-refused", &[&rules::job_child_rejected::RULE]),
    ("job-paused-by-parallelism", &[&rules::job_paused_by_parallelism::RULE]),
    (
        "job-deadline-exceeded",
        &[
            &rules::job_deadline_before_retries::RULE,
            &rules::job_command_never_ends::RULE,
            &rules::job_sidecar_never_ends::RULE,
        ],
    ),
    (
        "job-backoff-limit",
        &[
            &rules::job_exit_codes_hidden::RULE,
            &rules::job_failure_rule_unreachable::RULE,
            &rules::job_onfailure_logs::RULE,
            &rules::job_per_index_onfailure::RULE,
        ],
    ),
    ("job-pod-failure-policy", &[&rules::job_failure_rule_unreachable::RULE]),
    (
        "container-failed",
        &[
            &rules::pod_command_in_one_string::RULE,
            &rules::pod_shell_arguments_ignored::RULE,
            &rules::pod_shell_syntax::RULE,
            &rules::pod_variable_undefined::RULE,
            &rules::pod_variable_order::RULE,
            &rules::job_command_never_ends::RULE,
        ],
    ),
    (
        "container-cannot-start",
        &[&rules::pod_command_in_one_string::RULE, &rules::pod_script_not_executable::RULE],
    ),
    (
        "container-crash-loop",
        &[
            &rules::pod_command_in_one_string::RULE,
            &rules::pod_shell_arguments_ignored::RULE,
            &rules::pod_shell_syntax::RULE,
            &rules::pod_variable_undefined::RULE,
        ],
    ),
    ("container-out-of-memory", &[&rules::pod_resources::RULE]),
    ("container-probe-failed", &[&rules::job_pointless_probe::RULE]),
    ("container-restarts", &[&rules::job_container_restart_always::RULE, &rules::job_pointless_probe::RULE]),
    ("sidecar-runs-on", &[&rules::job_sidecar_never_ends::RULE]),
    (
        "pod-running",
        &[
            &rules::job_command_never_ends::RULE,
            &rules::job_no_deadline::RULE,
            &rules::job_container_restart_always::RULE,
        ],
    ),
    (
        "pod-evicted",
        &[
            &rules::job_disruptions_count::RULE,
            &rules::job_disruption_ignored_late::RULE,
            &rules::pod_resources::RULE,
        ],
    ),
    ("pod-drained", &[&rules::job_disruptions_count::RULE, &rules::job_disruption_ignored_late::RULE]),
    ("pod-preempted", &[&rules::job_disruptions_count::RULE, &rules::job_disruption_ignored_late::RULE]),
    ("pod-node", &[&rules::job_disruptions_count::RULE, &rules::job_disruption_ignored_late::RULE]),
    ("image-not-pulled", &[&rules::pod_image_tag::RULE]),
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
    let rejected = findings.iter().find(|finding| finding.rule.id() == rules::job_child_rejected::RULE.id());
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
            for finding in findings.iter().filter(|finding| finding.rule.id() == rule.id()) {
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
    // What is suppressed at admission still explains a failure.
    verdict.findings.into_iter().chain(verdict.folded).chain(verdict.suppressed).collect()
}
