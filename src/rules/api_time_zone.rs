//! `api/time-zone`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Fix, Object, Rule, Safety, ServerCheck, Symptom};
use crate::policy::{Defaults, RuleSpec};
use jobguard_apiserver::{FieldError, Topic, Workload};
use jobguard_cron::{ZoneErrorKind, load_zone};

/// TimeZone is not a name of the time zone database.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/time-zone",
        summary: "timeZone is not a name in the IANA time zone database",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused, Symptom::DidNotRun],
        what: "`timeZone` is a name such as `Etc/UTC` or `Europe/Berlin`, spelt exactly like that. Offsets \
               (`UTC+2`) and `Local` are not valid.",
        why: "The API server refuses the object.",
        examples: &[
            Example::bad(
                "an offset is not a name",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
  timeZone: UTC+2
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: main
            image: example.com/app:1.0
"#,
            ),
            Example::good(
                "a name",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
  timeZone: Europe/Berlin
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: main
            image: example.com/app:1.0
"#,
            ),
        ],
        sources: &["https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones"],
    },
    check: Check::Server(ServerCheck::on(Topic::TimeZone).fix(fix)),
    precedence: &[],
    cel: None,
};

fn fix(error: &FieldError, object: &Object, _: &Defaults) -> Option<Fix> {
    let Workload::CronJob(cron_job) = object.workload() else { return None };
    let unknown = load_zone(cron_job.spec.time_zone.as_deref()?).err()?;
    let zone = unknown.suggestion?;
    let safety = match unknown.kind {
        ZoneErrorKind::Case => Safety::Safe,
        ZoneErrorKind::Unknown | ZoneErrorKind::Windows => Safety::Unsafe,
        // A place stands for more than an offset or an abbreviation says.
        _ => return None,
    };
    Some(Fix::set(safety, format!("set timeZone to {zone}"), error.path.clone(), zone))
}
