//! `job/ttl-missing`

use super::levels;
use crate::engine::{Check, Docs, Example, Hook, Object, Rule, RuleContext, Sink};
use crate::policy::{Level, RuleSpec};

/// Finished Jobs that nobody removes.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/ttl-missing",
        summary: "without ttlSecondsAfterFinished a finished Job stays for ever",
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[],
    },
    docs: Docs {
        what: "A Job without `ttlSecondsAfterFinished` that belongs to nobody: it has no `ownerReferences`, \
               is not made by a CronJob (whose history limits remove its Jobs) and is no hook of Helm or \
               Argo CD (which remove theirs).",
        why: "A finished Job and its Pods stay in the cluster until somebody deletes them. They fill the \
              store, lengthen every list, and stand in the way of the next Job of the same name. An \
              ordinary Job that Argo CD keeps in sync is the exception: deleted by its TTL it would be made \
              again; make it a hook instead, or ignore this rule for it.",
        examples: &[
            Example::bad(
                "stays for ever",
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
                "gone after a day",
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
        sources: &["https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/"],
    },
    check: Check::Object(check),
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let owned = object.metadata().owner_references.as_ref().is_some_and(|owners| !owners.is_empty());
    if job.of_cron_job || owned || job.spec.ttl_seconds_after_finished.is_some() || Hook::of(object).is_some()
    {
        return;
    }
    sink.report(job.path("ttlSecondsAfterFinished"), "nothing removes this Job once it is finished")
        .help("set ttlSecondsAfterFinished to how long it and its logs should stay, 86400 for a day");
}
