//! `job/no-deadline`

use super::levels;
use crate::engine::{
    Cel, Check, Docs, Endless, Example, LONGEST_LIMIT, Object, Rule, RuleContext, Severity, Sink, Symptom,
};
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};
use jobguard_text::duration;

/// A Job that may run for ever.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/no-deadline",
        summary: "without activeDeadlineSeconds a hung Job never ends",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Off, Level::Warn),
        options: &[OptionSpec {
            name: "maxDeadline",
            summary: "The longest deadline or grace period that counts as an end of a Job.",
            kind: OptionKind::Seconds { default: LONGEST_LIMIT, min: 1, max: i32::MAX as i64 },
        }],
    },
    docs: Docs {
        symptoms: &[Symptom::NeverCompletes],
        what: "A Job without `activeDeadlineSeconds`, or with one above `maxDeadline` (365 days by default), \
               which is as good as none. (Above 292 years it overflows in the controller, which then ends the \
               Job at once or never.) The same goes for any deadline if the Pods may take longer than \
               `maxDeadline` to stop (`terminationGracePeriodSeconds`): the Job is not over until they have.\n\n\
               The field of the same name in the Pod's spec limits one attempt: that long after the Pod was \
               accepted by its node the kubelet fails it (DeadlineExceeded, restarts in place included), which \
               counts towards `backoffLimit` like any failure. Then only a Pod that is never scheduled is never \
               ended, and this is an info at most. With a `backoffLimit` that allows more than a year of \
               attempts, or a `podFailurePolicy` that ignores Pods which were stopped, there is no end to the \
               attempts themselves.\n\n\
               If cron/forbid-no-deadline, cron/pile-up or cron/overlap reports the consequence for a CronJob, \
               this rule reports nothing more.",
        why: "A Pod that hangs (on a lock, a missing peer, a lost connection) neither fails nor succeeds, so \
              `backoffLimit` does not end it. It holds its resources until somebody notices; a CronJob with \
              `concurrencyPolicy: Forbid` does not run again until then.",
        examples: &[
            Example::bad(
                "nothing ends it",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: report
spec:
  backoffLimit: 2
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::bad(
                "a deadline longer than any run",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
spec:
  activeDeadlineSeconds: 9223372036854775807
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
                "each attempt ends, but not the wait for a node",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: report
spec:
  backoffLimit: 2
  template:
    spec:
      activeDeadlineSeconds: 900
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "ended after an hour at the latest",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: report
spec:
  backoffLimit: 2
  activeDeadlineSeconds: 3600
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
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/job/job_controller.go",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/kubelet/active_deadline.go",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(Cel::new(
        "!has(JOB.activeDeadlineSeconds) || JOB.activeDeadlineSeconds > {maxDeadline} || \
         has(JOB.template.spec.terminationGracePeriodSeconds) && \
         JOB.template.spec.terminationGracePeriodSeconds > {maxDeadline}",
    )),
};

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    if sink.is_hint() && object.maker().is_some_and(|maker| maker.decides_end) {
        return;
    }
    let Some(job) = object.job() else { return };
    let longest = context.int("maxDeadline");
    let Some(endless) = job.endless(longest) else { return };
    let subject = match job.of_cron_job {
        true => format!("nothing ends a Job of this {}", object.kind_as_written()),
        false => "nothing ends this Job".to_owned(),
    };
    let most = match endless {
        Endless::NoDeadline | Endless::Unscheduled(_) => String::new(),
        Endless::Deadline(_) | Endless::GracePeriod(_) => {
            format!(", at most {}", duration::words(longest.unsigned_abs()))
        }
    };
    let help = match endless {
        Endless::NoDeadline | Endless::Deadline(_) => {
            format!(
                "set activeDeadlineSeconds to the longest time that all Pods and retries together may take{most}"
            )
        }
        Endless::Unscheduled(_) => {
            "set activeDeadlineSeconds of the Job as well: it counts from the Job's start, whether or not its \
             Pod is scheduled".to_owned()
        }
        Endless::GracePeriod(_) => {
            format!("set terminationGracePeriodSeconds to the time that the program needs to stop{most}; the \
                     default is 30")
        }
    };
    let happens = match endless {
        Endless::Unscheduled(_) => "if its Pod is never scheduled",
        _ => "if a Pod hangs",
    };
    let report = sink
        .report(job.path(endless.field()), format!("{subject} {happens}: {}", endless.reason(longest)))
        .weight(endless.seconds())
        .help(help);
    if let Endless::Unscheduled(_) = endless {
        report.at_most(Severity::Info);
    } else if job.pod().is_some_and(|pod| pod.active_deadline_seconds.is_some()) {
        report.related(
            job.path("template.spec.activeDeadlineSeconds"),
            "this ends a single Pod, and the Job then starts the next one",
        );
    }
}
