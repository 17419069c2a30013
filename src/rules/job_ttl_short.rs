//! `job/ttl-short`

use super::levels;
use crate::deploy_tool::{CreatesAgain, Hook};
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom, Weight};
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};

/// A Job that is gone before its end has been seen.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/ttl-short",
        summary: "the TTL is so short that anything waiting for the Job may find it gone",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[OptionSpec {
            name: "minTtl",
            summary: "The shortest TTL that leaves time to see the Job's result.",
            kind: OptionKind::Seconds { default: 60, min: 0, max: 86_400 },
        }],
    },
    docs: Docs {
        symptoms: &[Symptom::LogsGone, Symptom::Deployment],
        what: "`ttlSecondsAfterFinished` below `minTtl` (60 s by default), for a Job that no other object owns. \
               Hooks are covered by job/ttl-hook-conflict, CronJobs by cron/ttl-vs-history.",
        why: "The Job is deleted together with its Pods, their logs and its status. Tools that wait for it may \
              look only when it is gone: `helm install --wait-for-jobs` and `kubectl wait` then fail because the \
              Job does not exist, although it has succeeded. And if it failed, nobody can see why.",
        examples: &[
            Example::bad(
                "gone in five seconds",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
spec:
  ttlSecondsAfterFinished: 5
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "gone in ten minutes",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
spec:
  ttlSecondsAfterFinished: 600
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
            "https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/",
            "https://github.com/helm/helm/issues/10576",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/ttlafterfinished/ttlafterfinished_controller.go",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job().filter(|job| !job.of_cron_job) else { return };
    let Some(ttl) = job.spec.ttl_seconds_after_finished else { return };
    let metadata = object.metadata();
    let is_owned = metadata.owner_references.as_ref().is_some_and(|owners| !owners.is_empty());
    if i64::from(ttl) >= context.int("minTtl") || is_owned || Hook::of(metadata).is_some() {
        return;
    }
    let waiting = match object.deploy_tool() {
        // That it runs again is worse, and job/ttl-runs-again says so.
        Some(tool) if tool.creates_again != CreatesAgain::Deploying => return,
        Some(tool) => format!("{} or `kubectl wait`", tool.name),
        None => "`kubectl wait`, or a deployment tool,".to_owned(),
    };
    sink.report(
        job.path("ttlSecondsAfterFinished"),
        format!("the TTL deletes this Job and its logs {ttl} s after it ends: {waiting} may find it gone"),
    )
    .weight(Weight::of_least(ttl))
    .help("set ttlSecondsAfterFinished to 600, so that there is time to see the result");
}
