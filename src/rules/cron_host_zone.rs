//! `cron/host-zone`

use super::everywhere;
use crate::engine::{Check, Docs, Example, Fix, Object, Rule, RuleContext, Safety, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_apiserver::Workload;
use jobguard_cron::{HostZone, host_zone};
use jobguard_manifest::FieldPath;

/// A time zone that is a file on some hosts, and not in the database.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/host-zone",
        summary: "timeZone is a name that only some hosts have in their time zone data",
        since: "0.1.0",
        renamed_from: &[],
        levels: everywhere(Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::WrongTime, Symptom::DidNotRun],
        what: "`timeZone` is `localtime`, or a zone below `posix/` or `right/`. These names are not in the IANA \
               database; they are files that many Linux distributions add to it.",
        why: "The API server and the controller manager each look the name up in the time zone data of the host \
              or image that they run on. Where the file is missing, the API server refuses the CronJob, or the \
              controller starts no runs of it. `localtime` is a different zone on each host.",
        examples: &[
            Example::bad(
                "the host's own",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
  timeZone: localtime
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
            Example::bad(
                "with leap seconds",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
  timeZone: right/Europe/Berlin
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
                "a zone of the database",
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
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones",
            "https://pkg.go.dev/time#LoadLocation",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Workload::CronJob(cron_job) = object.workload() else { return };
    let Some(name) = cron_job.spec.time_zone.as_deref() else { return };
    let Some(zone) = host_zone(name) else { return };
    let path = FieldPath::root().field("spec").field("timeZone");
    match zone {
        HostZone::Local => sink
            .report(
                path,
                "`localtime` is the zone of the API server's host, and other API servers refuse the name",
            )
            .help("name the zone that you mean, such as Etc/UTC or Europe/Berlin"),
        HostZone::Same(same) => sink
            .report(
                path.clone(),
                format!("`{name}` is only in the time zone data of some hosts: other API servers refuse it"),
            )
            .help(format!("write `{same}`"))
            .fix(Fix::set(Safety::Unsafe, format!("set timeZone to {same}"), path, same)),
    };
}
