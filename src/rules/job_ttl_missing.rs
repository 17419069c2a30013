//! `job/ttl-missing`

use super::levels;
use crate::deploy_tool::Hook;
use crate::engine::{Check, Docs, Example, LONGEST_LIMIT, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};
use jobguard_apiserver::Workload;
use jobguard_manifest::FieldPath;
use jobguard_text::duration;

/// Finished Jobs that are never removed.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/ttl-missing",
        summary: "without ttlSecondsAfterFinished a finished Job is never removed",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Off, Level::Warn),
        options: &[OptionSpec {
            name: "maxTtl",
            summary: "The longest TTL that counts as removing finished Jobs.",
            kind: OptionKind::Seconds { default: LONGEST_LIMIT, min: 0, max: i32::MAX as i64 },
        }],
    },
    docs: Docs {
        symptoms: &[Symptom::TooMuch],
        what: "A Job without `ttlSecondsAfterFinished`, or with one above `maxTtl` (365 days by default), that \
               nothing else removes: it has no `ownerReferences`, is not created by a CronJob (whose history \
               limits remove its Jobs, unless they are above 10,000), and does not belong to a deployment tool, \
               judging by its labels, annotations and field managers: Argo CD, Flux, Config Sync, KubeVela, \
               Fleet, Werf, kapp, Kluctl, Pulumi, Terraform, Timoni, Helm, kubectl's ApplySets. Such a tool \
               creates a Job again that its TTL has removed, and so runs it again; for the same reason a \
               policy's `defaults` do not set `ttlSecondsAfterFinished` on such Jobs.\n\n\
               A Helm hook that runs once (`pre-install`, `post-install`, `pre-delete`, `post-delete`) is \
               reported if its delete policy has neither `hook-succeeded` nor `hook-failed`: \
               `before-hook-creation`, Helm's default, removes the Job only when the hook runs again. Hooks for \
               upgrades and rollbacks, and those of Argo CD, do run again.",
        why: "A finished Job and its Pods stay in the cluster until somebody deletes them. They fill etcd, make \
              every list longer, and block the next Job of the same name.",
        examples: &[
            Example::bad(
                "stays forever",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
spec:
  backoffLimit: 3
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "removed after a day",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
spec:
  backoffLimit: 3
  ttlSecondsAfterFinished: 86400
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "Helm deletes it",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: post-install
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  backoffLimit: 3
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::bad(
                "Helm runs it once and never deletes it",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: post-install
spec:
  backoffLimit: 3
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "kapp would run it again",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  labels:
    kapp.k14s.io/app: "1700000000"
spec:
  backoffLimit: 3
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
            "https://helm.sh/docs/topics/charts_hooks/#hook-deletion-policies",
            "https://argo-cd.readthedocs.io/en/stable/user-guide/resource_hooks/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// From how many Jobs on a history keeps them all: more than the control plane leaves finished Pods (12,500).
const LONGEST_HISTORY: i32 = 10_000;

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    const HELP: &str = "set ttlSecondsAfterFinished to the time that the Job and its logs should be kept; 86400 \
                        is a day";
    let Some(job) = object.job() else { return };
    let longest = context.int("maxTtl");
    let ttl = job.spec.ttl_seconds_after_finished.map(i64::from);
    if ttl.is_some_and(|ttl| ttl <= longest) {
        return;
    }
    if let Workload::CronJob(cron_job) = object.workload() {
        let spec = &cron_job.spec;
        for (field, limit) in [
            ("spec.successfulJobsHistoryLimit", spec.successful_jobs_history_limit),
            ("spec.failedJobsHistoryLimit", spec.failed_jobs_history_limit),
        ] {
            if let Some(limit) = limit.filter(|limit| *limit > LONGEST_HISTORY) {
                sink.report(
                    FieldPath::root().fields(field),
                    format!("nothing removes the Jobs of this {}: its history keeps {limit} of them", object.kind_as_written()),
                )
                .weight(limit)
                .help("keep only as many as you need, such as 3, or set ttlSecondsAfterFinished in the Job template");
            }
        }
        return;
    }
    if object.metadata().owner_references.as_ref().is_some_and(|owners| !owners.is_empty()) {
        return;
    }
    if let Some(hook) = Hook::of(object.metadata()) {
        if hook.stays() {
            let path = FieldPath::root().field("metadata").field("annotations");
            let (event, policy) = (hook.annotation.0, hook.delete_policy_annotation());
            sink.report(
                path.key(hook.delete_policy.map_or(event, |(name, _)| name)),
                "nothing removes the Job of this hook: it runs only once, and its delete policy applies before \
                 the next run",
            )
            .help(format!("write {policy}: before-hook-creation,hook-succeeded; a failed Job is then kept for \
                           debugging"));
        }
        return;
    }
    // Its tool would create the Job again, and so run it again.
    if object.deploy_tool().is_some() {
        return;
    }
    let message = match ttl.and_then(|ttl| u64::try_from(ttl).ok()) {
        None => "nothing removes this Job after it has finished".to_owned(),
        Some(ttl) => {
            format!("nothing removes this Job within {} after it has finished", duration::words(ttl))
        }
    };
    sink.report(job.path("ttlSecondsAfterFinished"), message).weight(ttl.unwrap_or(i64::MAX)).help(HELP);
}
