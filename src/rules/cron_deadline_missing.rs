//! `cron/deadline-missing`

use super::levels;
use crate::engine::{Cel, Check, Docs, Example, LONGEST_LIMIT, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};
use jobguard_manifest::FieldPath;

/// Runs that start however late it is.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/deadline-missing",
        summary: "without startingDeadlineSeconds a missed run starts at any later time",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Off, Level::Warn),
        options: &[OptionSpec {
            name: "maxDeadline",
            summary: "The longest deadline that limits anything.",
            kind: OptionKind::Seconds { default: LONGEST_LIMIT, min: 10, max: i32::MAX as i64 },
        }],
    },
    docs: Docs {
        symptoms: &[Symptom::WrongTime],
        what: "A CronJob without `startingDeadlineSeconds`, or with one above `maxDeadline` (365 days by default), \
               which is none.",
        why: "When the controller was down, or the CronJob was suspended, the last run that was missed is \
              started as soon as possible, however late that is: the nightly load test runs at noon. With \
              `concurrencyPolicy: Forbid` so does the run that was due while another went on, once that one has ended.\n\n\
              Where more than 100 runs were missed, the controller says so in an event (`TooManyMissedTimes`), starts the \
              latest of them and counts anew; the event comes back only while `Forbid`, or a Job that cannot be created, \
              keeps it from starting.",
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
        None => "without startingDeadlineSeconds a run that was missed is still started, however late it is"
            .to_owned(),
        Some(deadline) if deadline > context.int("maxDeadline") => {
            format!("startingDeadlineSeconds {deadline} is no limit on how late a run may start")
        }
        Some(_) => return,
    };
    let late = cron.spec.starting_deadline_seconds.unwrap_or(i64::MAX);
    sink.report(FieldPath::root().field("spec").field("startingDeadlineSeconds"), message).weight(late).help(
        "set it to how late a run may start and still be of use, in seconds, at least 10; 600 is ten minutes",
    );
}
