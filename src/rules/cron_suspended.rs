//! `cron/suspended`

use super::levels;
use crate::engine::{Cel, Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;

/// A CronJob that does nothing.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/suspended",
        summary: "the CronJob is suspended",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Off, Level::Info),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::DidNotRun],
        what: "`suspend: true`: no run is started until this is changed.",
        why: "A CronJob that was paused for an hour is easily left paused for a year. If the manifest is applied \
              regularly, it stays paused whatever is changed in the cluster.",
        examples: &[
            Example::bad(
                "paused",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-backup
spec:
  schedule: "15 3 * * *"
  suspend: true
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: backup
            image: example.com/nightly-backup:1.4
"#,
            ),
            Example::good(
                "running",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-backup
spec:
  schedule: "15 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: backup
            image: example.com/nightly-backup:1.4
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-suspension",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(Cel::new("variables.cron && has(OBJECT.spec.suspend) && OBJECT.spec.suspend")),
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    if object.cron().is_none_or(|cron| !cron.is_suspended()) {
        return;
    }
    let kind = object.kind_as_written();
    sink.report(
        FieldPath::root().field("spec").field("suspend"),
        format!("the {kind} is suspended: no run is started"),
    )
    .help(format!("remove suspend to let it run again, or delete the {kind} if it is no longer needed"));
}
