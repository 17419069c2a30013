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
        summary: "concurrencyPolicy Forbid without a deadline: one hung run stops all others",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Deny),
        options: &[OptionSpec {
            name: "maxDeadline",
            summary: "The longest deadline, and grace period, that ends a run at all.",
            kind: OptionKind::Seconds { default: LONGEST_LIMIT, min: 1, max: i32::MAX as i64 },
        }],
    },
    docs: Docs {
        symptoms: &[Symptom::DidNotRun, Symptom::NeverCompletes],
        what: "`concurrencyPolicy: Forbid`, and no `activeDeadlineSeconds` in the Job template; or one above \
               `maxDeadline` (365 days by default), or Pods that may take longer than that to stop \
               (`terminationGracePeriodSeconds`).\n\n\
               Where the Pod has an `activeDeadlineSeconds` of its own, this is a note at most: the kubelet then ends \
               each try that hangs, and the failure counts towards `backoffLimit`. It does so from when the Pod has \
               reached its node; a Pod that is never scheduled is ended by the Job's deadline alone.",
        why: "With `Forbid` no run starts while one is still going on. A run that \
              never ends, because it waits for a lock or its Pod cannot be scheduled, then stops the \
              CronJob for good; all there is to see is an event, `JobAlreadyActive`.",
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
                "a Pod that finds no node is never ended",
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
            "with concurrencyPolicy Forbid and no activeDeadlineSeconds, one run that hangs stops all later ones"
                .to_owned()
        }
        Endless::Deadline(_) | Endless::GracePeriod(_) => format!(
            "with concurrencyPolicy Forbid one run that hangs stops all later ones: {}",
            endless.reason(longest)
        ),
        Endless::Unscheduled(_) => format!(
            "with concurrencyPolicy Forbid one run whose Pod is never scheduled stops all later ones: {}",
            endless.reason(longest)
        ),
    };
    let help = match endless {
        Endless::NoDeadline | Endless::Deadline(_) => {
            "set activeDeadlineSeconds in the Job template to the longest that a run may take"
        }
        Endless::GracePeriod(_) => {
            "set terminationGracePeriodSeconds to what the program needs to stop; 30 is the default"
        }
        Endless::Unscheduled(_) => {
            "set activeDeadlineSeconds in the Job template as well: it counts from the start of the Job, with or \
             without a node"
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
            .related(job.path("template.spec.activeDeadlineSeconds"), "ends each try");
    }
}
