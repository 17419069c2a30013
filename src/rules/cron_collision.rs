//! `cron/collision`

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::levels;
use crate::engine::{Check, Docs, Example, Fact, InputCheck, InputSink, Object, Rule, RuleContext, Seen};
use crate::path::FieldPath;
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};

/// Many CronJobs at the same minute.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/collision",
        summary: "many CronJobs of the input fire in the same minute",
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[
            OptionSpec {
                name: "max",
                summary: "How many CronJobs may fire in the same minute.",
                kind: OptionKind::Int { default: 10, min: 1, max: 10_000 },
            },
        ],
    },
    docs: Docs {
        what: "More than `max` CronJobs of the input fire in the same minute, some time within the next \
               24 hours. The linter alone can see this, as it needs all manifests at once; the webhook \
               passes the rule over.\n\n\
               One finding for each crowd, at the first CronJob of it, on its fullest minute; CronJobs \
               that have been named once are not counted again. Not counted are suspended ones, `@every` \
               (nobody knows from when it counts), and those for which the rule is off. A schedule \
               without a zone is taken to be in UTC.",
        why: "Everybody writes `0 * * * *` and `0 0 * * *`. At midnight all Pods are created at once: the \
              scheduler, the image registry and the database get in a minute what could be spread over an \
              hour.",
        examples: &[
            Example::bad(
                "eleven at two o'clock",
                r#"apiVersion: batch/v1
kind: CronJobList
items:
- metadata: {name: report-01}
  spec:
    schedule: "0 2 * * *"
    timeZone: Etc/UTC
    jobTemplate: &job
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
            - name: report
              image: example.com/report:1.4
- metadata: {name: report-02}
  spec: {schedule: "0 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-03}
  spec: {schedule: "0 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-04}
  spec: {schedule: "0 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-05}
  spec: {schedule: "0 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-06}
  spec: {schedule: "0 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-07}
  spec: {schedule: "0 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-08}
  spec: {schedule: "0 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-09}
  spec: {schedule: "0 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-10}
  spec: {schedule: "0 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-11}
  spec: {schedule: "0 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
"#,
            ),
            Example::good(
                "spread over the hour",
                r#"apiVersion: batch/v1
kind: CronJobList
items:
- metadata: {name: report-01}
  spec:
    schedule: "0 2 * * *"
    timeZone: Etc/UTC
    jobTemplate: &job
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
            - name: report
              image: example.com/report:1.4
- metadata: {name: report-02}
  spec: {schedule: "5 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-03}
  spec: {schedule: "10 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-04}
  spec: {schedule: "15 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-05}
  spec: {schedule: "20 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-06}
  spec: {schedule: "25 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-07}
  spec: {schedule: "30 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-08}
  spec: {schedule: "35 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-09}
  spec: {schedule: "40 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-10}
  spec: {schedule: "45 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
- metadata: {name: report-11}
  spec: {schedule: "50 2 * * *", timeZone: Etc/UTC, jobTemplate: *job}
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/cron-job-v1/#CronJobSpec",
        ],
    },
    check: Check::Input(InputCheck { keep, judge }),
};

/// How far ahead is looked, in minutes: a day.
const HORIZON: usize = 24 * 60;
/// How many of the others are named.
const NAMED: usize = 3;
/// The longest name that an object can have, in characters; more is not shown.
const NAME: usize = 253;

/// When a CronJob fires.
struct Fires {
    name: String,
    zone: TimeZone,
    zone_name: String,
    /// The minute that the count starts with.
    start: Timestamp,
    /// A bit for each minute.
    minutes: [u64; HORIZON.div_ceil(64)],
    /// More than so many are too many.
    max: usize,
}

impl Fires {
    fn at(&self, minute: usize) -> bool {
        self.minutes[minute / 64] & 1 << (minute % 64) != 0
    }
}

fn keep(object: &Object, context: &RuleContext<'_>) -> Option<Fact> {
    let cron = object.cron().filter(|cron| !cron.is_suspended())?;
    let timetable = cron.timetable?;
    let zone = timetable.zone().cloned().unwrap_or(TimeZone::UTC);
    let next_minute = (context.now().as_second().div_euclid(60) + 1).checked_mul(60)?;
    let start = Timestamp::from_second(next_minute).ok()?;
    let mut minutes = [0; HORIZON.div_ceil(64)];
    let mut time = start;
    for minute in 0..HORIZON {
        if timetable.schedule().matches(zone.to_datetime(time)) {
            minutes[minute / 64] |= 1 << (minute % 64);
        }
        time = time.checked_add(SignedDuration::from_mins(1)).ok()?;
    }
    let metadata = object.metadata();
    let name = metadata.name.as_deref().or(metadata.generate_name.as_deref()).unwrap_or_default();
    Some(Box::new(Fires {
        name: name.chars().take(NAME).collect(),
        zone,
        zone_name: timetable.zone_name().unwrap_or("UTC").to_owned(),
        start,
        minutes,
        max: usize::try_from(context.int("max")).unwrap_or(usize::MAX),
    }))
}

fn judge(seen: &[Seen<'_>], sink: &mut InputSink<'_>) {
    let all: Vec<(&Seen<'_>, &Fires)> =
        seen.iter().filter(|seen| seen.is_on()).filter_map(|seen| Some((seen, seen.fact()?))).collect();
    let mut fullest: Vec<(usize, usize)> = (0..HORIZON)
        .map(|minute| (all.iter().filter(|(_, fires)| fires.at(minute)).count(), minute))
        .filter(|(count, _)| *count > 1)
        .collect();
    fullest.sort_by_key(|(count, minute)| (std::cmp::Reverse(*count), *minute));
    let mut told = BTreeSet::new();
    for (count, minute) in fullest {
        let fresh: Vec<usize> =
            (0..all.len()).filter(|index| all[*index].1.at(minute) && !told.contains(index)).collect();
        let Some((seen, first)) = fresh.first().map(|index| all[*index]) else { continue };
        if fresh.len() <= first.max {
            continue;
        }
        let others: Vec<&str> = fresh[1..].iter().take(NAMED).map(|index| all[*index].1.name.as_str()).collect();
        let rest = count - 1 - others.len();
        let and_more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
        let minute = first
            .start
            .checked_add(SignedDuration::from_mins(i64::try_from(minute).unwrap_or(0)))
            .map(|time| first.zone.to_datetime(time).strftime("%Y-%m-%d %H:%M").to_string())
            .unwrap_or_default();
        if let Some(reported) = sink.report(
            seen,
            FieldPath::root().field("spec").field("schedule"),
            format!(
                "{count} CronJobs fire in the same minute, {minute} {}: this one, {}{and_more}",
                first.zone_name,
                others.join(", ")
            ),
        ) {
            reported.help(format!(
                "give each a minute of its own within the time that suits; up to {} in one are let pass (max)",
                first.max
            ));
        }
        told.extend(fresh);
    }
}
