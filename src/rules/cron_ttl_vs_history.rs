//! `cron/ttl-vs-history`

use super::levels;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom, Weight};
use crate::policy::{Level, RuleSpec};
use jobguard_text::duration;

/// History limits that a lifetime overrules.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/ttl-vs-history",
        summary: "ttlSecondsAfterFinished removes Jobs that the history limits would keep",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Info),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::LogsGone, Symptom::NoEffect],
        what: "The Job template has a `ttlSecondsAfterFinished` that is shorter than the time over which \
               `successfulJobsHistoryLimit` (3 by default) or `failedJobsHistoryLimit` (1 by default) would keep \
               Jobs. For a limit left at its default this is reported only if the TTL is below a minute.",
        why: "Both remove finished Jobs, and whichever comes first wins. The history that the limits promise is \
              missing when it is needed, the failed Job above all.",
        examples: &[
            Example::bad(
                "the last failure is gone after an hour",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-report
spec:
  schedule: "0 6 * * *"
  failedJobsHistoryLimit: 5
  jobTemplate:
    spec:
      ttlSecondsAfterFinished: 3600
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: example.com/nightly-report:1.4
"#,
            ),
            Example::good(
                "the limits alone",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-report
spec:
  schedule: "0 6 * * *"
  failedJobsHistoryLimit: 5
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
                "a week, which is more than three days",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-report
spec:
  schedule: "0 6 * * *"
  jobTemplate:
    spec:
      ttlSecondsAfterFinished: 604800
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
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#jobs-history-limits",
            "https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// What the API server fills in.
const DEFAULT_SUCCESSFUL: i32 = 3;
/// What the API server fills in.
const DEFAULT_FAILED: i32 = 1;

/// Below how many seconds a TTL leaves no time to look at what has ended.
const AT_ONCE: u64 = 60;

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let (Some(cron), Some(job)) = (object.cron(), object.job()) else { return };
    let Some(ttl) = job.spec.ttl_seconds_after_finished.and_then(|ttl| u64::try_from(ttl).ok()) else {
        return;
    };
    let Some(interval) = cron.timetable.and_then(|timetable| timetable.shortest_interval()) else { return };
    let limits = [
        (
            "successfulJobsHistoryLimit",
            "successful",
            cron.spec.successful_jobs_history_limit,
            DEFAULT_SUCCESSFUL,
        ),
        ("failedJobsHistoryLimit", "failed", cron.spec.failed_jobs_history_limit, DEFAULT_FAILED),
    ];
    let overruled = limits
        .into_iter()
        // Nobody has asked for the default, unless logs are gone before anybody can look.
        .filter(|(_, _, limit, default)| limit.is_some_and(|limit| limit != *default) || ttl < AT_ONCE)
        .filter_map(|(field, word, limit, default)| {
            let limit = u64::try_from(limit.unwrap_or(default)).ok()?;
            (ttl < interval.saturating_mul(limit)).then_some((limit, field, word))
        })
        .max_by_key(|(limit, _, _)| *limit);
    let Some((limit, field, word)) = overruled else { return };
    let span = interval.saturating_mul(limit);
    let gone = if ttl == 0 {
        "at once".to_owned()
    } else {
        format!("{} after it has finished", duration::words(ttl))
    };
    let these =
        if limit == 1 { format!("the last {word} Job") } else { format!("the last {limit} {word} Jobs") };
    sink.report(
        job.path("ttlSecondsAfterFinished"),
        format!("each Job is removed {gone}, so {field} does not keep {these}"),
    )
    .weight(Weight::of_least(ttl))
    .help(format!(
        "remove ttlSecondsAfterFinished, since the history limits already remove old Jobs, or set it to at least \
         {span} ({})",
        duration::words(span)
    ));
}
