//! `cron/forbid-no-deadline`

use super::{job_no_deadline, levels};
use crate::engine::{
    Cel, Check, Docs, Endless, Example, LONGEST_LIMIT, Object, Precedence, Rule, RuleContext, Severity, Sink,
    Symptom,
};
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};
use jobguard_manifest::FieldPath;

/// One hung run that stops all others.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/forbid-no-deadline",
        summary: "concurrencyPolicy Forbid without a deadline: one hung run blocks all later ones",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Deny),
        options: &[OptionSpec {
            name: "maxDeadline",
            summary: "The longest deadline or grace period that counts as an end of a run.",
            kind: OptionKind::Seconds { default: LONGEST_LIMIT, min: 1, max: i32::MAX as i64 },
        }],
    },
    docs: Docs {
        symptoms: &[Symptom::DidNotRun, Symptom::NeverCompletes],
        what: "`concurrencyPolicy: Forbid`, and a run that hangs is not ended: the Job template has no \
               `activeDeadlineSeconds`, or one above `maxDeadline` (365 days by default), or Pods that may take \
               longer than that to stop (`terminationGracePeriodSeconds`).\n\n\
               If the Pod has an `activeDeadlineSeconds` of its own, this is an info at most: the kubelet then \
               ends each attempt that hangs, and the failure counts towards `backoffLimit`. That deadline counts \
               from when the kubelet has accepted the Pod; a Pod that is never scheduled is ended only by the \
               Job's deadline.",
        why: "With `Forbid` no run starts while another one is going on. A run that never ends, because it waits \
              for a lock or because its Pod cannot be scheduled, blocks the CronJob until somebody deletes the \
              Job. The only sign is an event, `JobAlreadyActive`.",
        examples: &[
            Example::bad(
                "nothing ends a hung run",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: sync-orders
spec:
  schedule: "*/5 * * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: orders
            image: example.com/sync-orders:1.4
"#,
            ),
            Example::bad(
                "a Pod that is never scheduled is never ended",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: sync-orders
spec:
  schedule: "*/5 * * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      backoffLimit: 0
      template:
        spec:
          activeDeadlineSeconds: 240
          restartPolicy: Never
          containers:
          - name: orders
            image: example.com/sync-orders:1.4
"#,
            ),
            Example::good(
                "ended after an hour",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: sync-orders
spec:
  schedule: "*/5 * * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      activeDeadlineSeconds: 3600
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: orders
            image: example.com/sync-orders:1.4
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#concurrency-policy",
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/cronjob/cronjob_controllerv2.go",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/kubelet/active_deadline.go",
        ],
    },
    check: Check::Object(check),
    precedence: &[Precedence::OverRules(&[&job_no_deadline::RULE])],
    cel: Some(Cel::new(
        "variables.cron && has(OBJECT.spec.concurrencyPolicy) && OBJECT.spec.concurrencyPolicy == 'Forbid' && \
         (!has(JOB.activeDeadlineSeconds) || JOB.activeDeadlineSeconds > {maxDeadline} || \
         has(JOB.template.spec.terminationGracePeriodSeconds) && \
         JOB.template.spec.terminationGracePeriodSeconds > {maxDeadline})",
    )),
};

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let (Some(cron), Some(job)) = (object.cron(), object.job()) else { return };
    if cron.spec.concurrency_policy.as_deref() != Some("Forbid") {
        return;
    }
    let longest = context.int("maxDeadline");
    let Some(endless) = job.endless(longest) else { return };
    let message = match endless {
        Endless::NoDeadline => {
            "with concurrencyPolicy Forbid and no activeDeadlineSeconds, one hung run blocks all later ones"
                .to_owned()
        }
        Endless::Deadline(_) | Endless::GracePeriod(_) => format!(
            "with concurrencyPolicy Forbid one hung run blocks all later ones: {}",
            endless.reason(longest)
        ),
        Endless::Unscheduled(_) => format!(
            "with concurrencyPolicy Forbid one run whose Pod is never scheduled blocks all later ones: {}",
            endless.reason(longest)
        ),
    };
    let help = match endless {
        Endless::NoDeadline | Endless::Deadline(_) => {
            "set activeDeadlineSeconds in the Job template to the longest time that a run may take"
        }
        Endless::GracePeriod(_) => {
            "set terminationGracePeriodSeconds to the time that the program needs to stop; the default is 30"
        }
        Endless::Unscheduled(_) => {
            "set activeDeadlineSeconds in the Job template as well: it counts from the start of the Job, whether \
             or not its Pod is scheduled"
        }
    };
    let report =
        sink.report(job.path(endless.field()), message).weight(endless.seconds()).help(help).related(
            FieldPath::root().field("spec").field("concurrencyPolicy"),
            "no run starts while one is going on",
        );
    if let Endless::Unscheduled(_) = endless {
        report
            .at_most(Severity::Info)
            .related(job.path("template.spec.activeDeadlineSeconds"), "ends each attempt");
    }
}
