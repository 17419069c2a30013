//! `cron/pile-up`

use super::{cron_deadline_missing, cron_overlap, job_no_deadline, levels};
use crate::engine::{Check, Docs, Example, Object, Precedence, Rule, RuleContext, Sink, Symptom, Weight};
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};
use jobguard_cron::{FieldKind, Schedule};
use jobguard_manifest::FieldPath;
use jobguard_text::duration;

/// Runs that start every few minutes, and nothing that ends one.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/pile-up",
        summary: "runs start every few minutes, may overlap, and have no deadline",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[OptionSpec {
            name: "maxInterval",
            summary: "The longest time between two runs that counts as short.",
            kind: OptionKind::Seconds { default: 3599, min: 60, max: 31_536_000 },
        }],
    },
    docs: Docs {
        symptoms: &[Symptom::Overlap, Symptom::TooMuch],
        what: "A CronJob whose runs are less than an hour apart (`maxInterval`), whose `concurrencyPolicy` is \
               `Allow` (the default), and whose runs nothing ends: neither the Job nor its Pods have \
               `activeDeadlineSeconds`. With longer intervals, or a deadline longer than the interval, \
               cron/overlap reports it.",
        why: "If a run hangs, or takes longer as its data grows, the next one starts beside it within minutes, \
              and there are hundreds within a day. They hold memory and connections until nothing else can \
              start.",
        examples: &[
            Example::bad(
                "every five minutes, without a deadline",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: sync-orders
spec:
  schedule: "*/5 * * * *"
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
            Example::good(
                "twice a day, though half an hour apart",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: remind
spec:
  schedule: "0,30 9 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: remind
            image: example.com/remind:1.4
"#,
            ),
            Example::good(
                "one at a time, with a deadline",
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
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/cronjob/cronjob_controllerv2.go",
        ],
    },
    check: Check::Object(check),
    // How late a run may start does not matter where the next is minutes away.
    precedence: &[Precedence::OverRules(&[
        &cron_deadline_missing::RULE,
        &cron_overlap::RULE,
        &job_no_deadline::RULE,
    ])],
    cel: None,
};

/// Whether the runs of a day are so many that each finds others going on: two that are close once a day do not pile up.
fn is_frequent(schedule: &Schedule) -> bool {
    const A_DAY: usize = 12;
    let values = |kind| schedule.field(kind).map_or(0, |field| field.set().iter().count());
    schedule.every().is_some() || values(FieldKind::Minute) * values(FieldKind::Hour) >= A_DAY
}

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(cron) = object.cron() else { return };
    let Some(timetable) = cron.timetable else { return };
    let Some(interval) = timetable.shortest_interval() else { return };
    if !is_frequent(timetable.schedule()) {
        return;
    }
    let longest = u64::try_from(context.int("maxInterval")).unwrap_or(0);
    if interval > longest || cron.is_suspended() || !cron.allows_overlap() || cron.deadline().is_some() {
        return;
    }
    let apart = if interval == 60 { "minute".to_owned() } else { duration::words(interval) };
    sink.report(
        FieldPath::root().field("spec").field("concurrencyPolicy"),
        format!("a new run starts every {apart} beside those still going on, and nothing ends them: they pile up"),
    )
    .weight(Weight::of_least(i64::try_from(interval).unwrap_or(i64::MAX)))
    .help("set concurrencyPolicy: Forbid, and activeDeadlineSeconds in the Job template to the longest time that \
           a run may take")
    .related(FieldPath::root().field("spec").field("schedule"), "how often it runs");
}
