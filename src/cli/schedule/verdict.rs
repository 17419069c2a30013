//! What the rules say about a schedule: those that a CronJob with it would meet under the policy `recommended`.

use anyhow::Result;
use jiff::Timestamp;
use serde_json::json;

use crate::cli::policy_source;
use crate::engine::{Author, Context, Finding, Input, Neighbours, Object, check};
use crate::policy::Preset;
use crate::rules::{api_schedule, registry};
use jobguard_apiserver::Workload;

/// The findings about the schedule and its time zone, most severe first.
pub(super) fn findings(expression: &str, zone: &str, now: Timestamp) -> Result<Vec<Finding>> {
    // Whatever else could be said of a CronJob is no matter of its schedule: it skips what overlaps, and its Jobs end soon.
    let cron_job = serde_json::from_value(json!({
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "schedule"},
        "spec": {
            "schedule": expression,
            "timeZone": zone,
            "concurrencyPolicy": "Forbid",
            "jobTemplate": {"spec": {"activeDeadlineSeconds": 30, "template": {"spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "main", "image": "registry.example/main:1.0"}],
            }}}},
        },
    }))?;
    let policy = policy_source::built_in(Preset::Recommended)?;
    let context = Context {
        registry: registry(),
        policy: &policy,
        neighbours: &Neighbours::default(),
        file: None,
        input: Input::Alone,
        now,
        namespace_labels: None,
        cancellation: None,
        author: Author::default(),
    };
    let object = Object::created(&policy.server, Workload::CronJob(Box::new(cron_job)), |_| false);
    let mut findings = check(&object, &context).findings;
    findings.retain(|finding| {
        let id = finding.rule.id();
        let is_ours = id == api_schedule::RULE.id() || id.starts_with("cron/");
        let path = finding.path.to_string();
        is_ours && (path == "spec.schedule" || path == "spec.timeZone")
    });
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Ok(findings)
}
