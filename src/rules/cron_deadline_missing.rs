//! `cron/deadline-missing`

use super::levels;
use crate::engine::{Cel, Check, Docs, Example, LONGEST_LIMIT, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};
use jobguard_manifest::FieldPath;

/// Runs that start however late it is.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/deadline-missing",
        summary: "without startingDeadlineSeconds a missed run is started however late it is",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Off, Level::Warn),
        options: &[OptionSpec {
            name: "maxDeadline",
            summary: "The longest deadline that counts as a limit.",
            kind: OptionKind::Seconds { default: LONGEST_LIMIT, min: 10, max: i32::MAX as i64 },
        }],
    },
    docs: Docs {
        symptoms: &[Symptom::WrongTime],
        what: "A CronJob without `startingDeadlineSeconds`, or with one above `maxDeadline` (365 days by \
               default), which is as good as none.",
        why: "After the controller was down, or the CronJob was suspended, the latest missed run is started as \
              soon as possible, however late that is: the nightly load test runs at noon. With \
              `concurrencyPolicy: Forbid` this also happens to a run that came due while another one was going \
              on: it starts when that one has ended.\n\n\
              If more than 100 runs were missed, the controller records an event (`TooManyMissedTimes`), starts \
              the latest of them and counts anew; the event is repeated only as long as `Forbid`, or a Job that \
              cannot be created, keeps that run from starting.",
        examples: &[
            Example::bad(
                "no deadline",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-report
spec:
  schedule: "0 2 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: example.com/nightly-report:1.4
"#,
            ),
            Example::good(
                "not later than one hour",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-report
spec:
  schedule: "0 2 * * *"
  startingDeadlineSeconds: 3600
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: example.com/nightly-report:1.4
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#starting-deadline",
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-suspension",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/cronjob/cronjob_controllerv2.go",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/cronjob/utils.go",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(Cel::new(
        "variables.cron && (!has(OBJECT.spec.startingDeadlineSeconds) || \
         OBJECT.spec.startingDeadlineSeconds > {maxDeadline})",
    )),
};

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(cron) = object.cron() else { return };
    let message = match cron.spec.starting_deadline_seconds {
        None => "without startingDeadlineSeconds a missed run is still started, however late".to_owned(),
        Some(deadline) if deadline > context.int("maxDeadline") => {
            format!("startingDeadlineSeconds {deadline} is too long to limit how late a run may start")
        }
        Some(_) => return,
    };
    let late = cron.spec.starting_deadline_seconds.unwrap_or(i64::MAX);
    sink.report(FieldPath::root().field("spec").field("startingDeadlineSeconds"), message).weight(late).help(
        "set it to the delay in seconds after which a run is no longer useful, at least 10; 600 is ten minutes",
    );
}
