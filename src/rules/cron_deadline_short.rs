//! `cron/deadline-short`

use super::levels;
use crate::engine::{Cel, Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom, Weight};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;

/// Runs that are given up before they can start.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/deadline-short",
        summary: "startingDeadlineSeconds is so short that runs may never start",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Warn, Level::Deny),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::DidNotRun],
        what: "`startingDeadlineSeconds` is below 10, or so large (above 292 years) that it overflows in the \
               controller, which counts in nanoseconds, and becomes less than 10: with 9223372036854775807 no \
               run ever starts.",
        why: "A run that cannot be started within that time is skipped, without a retry. The controller looks at \
              a CronJob 100 milliseconds after a run is due, provided that one of its workers is free (5 by \
              default, for all CronJobs) and that the API server answers. On the full hour, when many runs are \
              due, and while the controller manager restarts or hands over its leader lease, this can take \
              seconds. The polling interval of 10 seconds that documentation still mentions was that of \
              Kubernetes 1.20 and earlier. With 0 no run ever starts: the deadline has always passed by the time \
              the controller looks.",
        examples: &[
            Example::bad(
                "five seconds to start",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-report
spec:
  schedule: "0 6 * * *"
  startingDeadlineSeconds: 5
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
                "ten minutes to start",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-report
spec:
  schedule: "0 6 * * *"
  startingDeadlineSeconds: 600
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
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/cronjob/cronjob_controllerv2.go",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/cronjob/utils.go",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(Cel::new("variables.cron && has(OBJECT.spec.startingDeadlineSeconds) && (OBJECT.spec.startingDeadlineSeconds < 10 || \
         OBJECT.spec.startingDeadlineSeconds == 9223372036854775807)").in_part("other deadlines that the controller cannot count").weight("OBJECT.spec.startingDeadlineSeconds < 10 ? 0 - OBJECT.spec.startingDeadlineSeconds : 1")),
};

/// The shortest deadline that leaves a busy controller time, in seconds.
const SHORTEST: i64 = 10;

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(cron) = object.cron() else { return };
    let (Some(written), Some(deadline)) = (cron.spec.starting_deadline_seconds, cron.starting_deadline())
    else {
        return;
    };
    let message = match deadline {
        ..SHORTEST if written >= SHORTEST => {
            format!("startingDeadlineSeconds {written} overflows in the controller: no run is ever started")
        }
        0 => "startingDeadlineSeconds is 0: every run is too late, and none is ever started".to_owned(),
        1..SHORTEST => format!(
            "a run that cannot start within {deadline} second{} is skipped, and a busy or restarting controller \
             can take longer than that",
            if deadline == 1 { "" } else { "s" }
        ),
        _ => return,
    };
    sink.report(FieldPath::root().field("spec").field("startingDeadlineSeconds"), message)
        .weight(Weight::of_least(deadline))
        .help("set it to the delay in seconds after which a run is no longer useful, at least 10; 600 is ten minutes");
}
