//! `cron/collision`

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::levels;
use crate::engine::{
    Check, CronPart, Docs, Example, Fact, Fix, InputCheck, InputSink, Object, Rule, RuleContext, Safety,
    Seen, Symptom,
};
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};
use jobguard_cron::{FieldKind, Schedule, known_zone, spread, spread_descriptor};
use jobguard_manifest::FieldPath;

/// Many CronJobs at the same minute.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/collision",
        summary: "many CronJobs in the input fire in the same minute",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[OptionSpec {
            name: "max",
            summary: "How many CronJobs may fire in the same minute.",
            kind: OptionKind::Int { default: 10, min: 1, max: 10_000 },
        }],
    },
    docs: Docs {
        symptoms: &[Symptom::TooMuch, Symptom::WrongTime],
        what: "More than `max` CronJobs in the input fire in the same minute, at some time within the next 24 \
               hours. Only the linter can find this, because it needs all manifests at once; the webhook skips \
               the rule.\n\n\
               Each group of CronJobs that collide gets one finding, at its first CronJob by name and for its fullest \
               minute; CronJobs named in one finding are not counted again. Not counted are suspended CronJobs, \
               `@every` schedules (it is not known when they start to count), and CronJobs for which the rule is \
               off. A schedule without a time zone is taken as UTC.\n\n\
               `--unsafe-fixes` moves those CronJobs that run at the full hour (`0 2 * * *`, `@daily`) or every N \
               minutes from it (`*/5 * * * *`) to a minute that the [hash of their namespace and name](../../fixes.md#a-minute-of-its-own) \
               gives, if that makes the group smaller and no other as large. The hour stays, and so does every other \
               minute: somebody chose it. Names that are still to be generated give no minute.",
        why: "`0 * * * *` and `0 0 * * *` are what everybody writes. At midnight all those Pods are created at \
              once, and the scheduler, the image registry and the database get within a minute the load that \
              could be spread over an hour.",
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
    precedence: &[],
    cel: None,
};

/// How far ahead is looked, in minutes: a day.
const HORIZON: u32 = 24 * 60;
/// How many of the others are named.
const NAMED: usize = 3;
/// The longest name that an object can have, in characters; more is not shown.
const NAME: usize = 253;

/// What says when a CronJob fires, and how many may at once.
struct Fires {
    name: String,
    times: Times,
    /// The minute that the count starts with.
    start: Timestamp,
    /// More than so many are too many.
    max: usize,
    /// Its own minute, where it runs at the one that everybody writes.
    own: Option<OwnMinute>,
    /// Whether an annotation of its own ignores the rule, so that a finding about it would be nobody's.
    is_ignored: bool,
}

/// The schedule with a minute by the name's hash.
struct OwnMinute {
    schedule: String,
    /// How many minutes later that is, less than 60.
    later: u32,
    /// The minutes between two runs within an hour, if there are several.
    every: Option<u32>,
}

impl OwnMinute {
    fn of(cron: &CronPart<'_>, metadata: &ObjectMeta) -> Option<Self> {
        let (namespace, name) = (metadata.namespace.as_deref(), metadata.name.as_deref()?);
        let written = &cron.spec.schedule;
        let schedule =
            spread(written, namespace, name).or_else(|| spread_descriptor(written, namespace, name))?;
        let (_, read) = Schedule::accepted(&schedule)?;
        let minutes = read.field(FieldKind::Minute)?.set();
        let later = minutes.iter().next().map(u32::from)?;
        let every = (minutes.len() > 1).then(|| 60 / minutes.len());
        Some(Self { schedule, later, every })
    }

    fn fix(&self) -> Fix {
        let Self { schedule, later, every } = self;
        let minutes = match every {
            Some(every) => format!("every {every} minutes from minute {later} of the hour on"),
            None => format!("at minute {later} of the hour"),
        };
        let title = format!("start {minutes}, by the name's hash");
        Fix::set(Safety::Unsafe, title, schedule_path(), schedule.clone())
    }
}

fn schedule_path() -> FieldPath {
    FieldPath::root().field("spec").field("schedule")
}

/// A schedule in its zone, as they are written: the same for many.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Times {
    schedule: String,
    zone: Option<String>,
}

impl Times {
    /// A bit for each minute of the day after `start`, and the zone.
    fn minutes(&self, start: Timestamp) -> Option<(Bits, TimeZone)> {
        let (_, schedule) = Schedule::accepted(&self.schedule)?;
        let zone = self.zone.as_deref().and_then(known_zone).unwrap_or(TimeZone::UTC);
        let mut bits = [0; BLOCKS];
        for minute in schedule.minutes_after(start, HORIZON, &zone) {
            bits[minute as usize / 64] |= 1 << (minute % 64);
        }
        Some((bits, zone))
    }
}

type Bits = [u64; BLOCKS];
const BLOCKS: usize = HORIZON.div_ceil(64) as usize;

/// CronJobs that fire at the same times.
struct Group<'a> {
    times: &'a Times,
    bits: Bits,
    zone: TimeZone,
    /// Their positions, in the order of their names.
    members: Vec<usize>,
    reported: bool,
}

impl Group<'_> {
    fn at(&self, minute: u32) -> bool {
        self.bits[minute as usize / 64] & 1 << (minute % 64) != 0
    }
}

fn keep(object: &Object, context: &RuleContext<'_>) -> Option<Fact> {
    let cron = object.cron().filter(|cron| !cron.is_suspended())?;
    let timetable = cron.timetable.filter(|timetable| timetable.schedule().every().is_none())?;
    let next_minute = (context.now().as_second().div_euclid(60) + 1).checked_mul(60)?;
    let metadata = object.metadata();
    let name = metadata.name.as_deref().or(metadata.generate_name.as_deref()).unwrap_or_default();
    Some(Box::new(Fires {
        name: match name.char_indices().nth(NAME) {
            Some((end, _)) => name[..end].to_owned(),
            None => name.to_owned(),
        },
        times: Times {
            schedule: cron.spec.schedule.clone(),
            zone: timetable.zone().and(timetable.zone_name()).map(str::to_owned),
        },
        start: Timestamp::from_second(next_minute).ok()?,
        max: usize::try_from(context.int("max")).unwrap_or(usize::MAX),
        own: OwnMinute::of(&cron, metadata),
        is_ignored: context.ignores(object),
    }))
}

/// Brings together what fires at the same times, each worked out once.
fn groups<'a>(all: &[(&Seen<'_>, &'a Fires)]) -> Vec<Group<'a>> {
    let mut members: BTreeMap<&Times, Vec<usize>> = BTreeMap::new();
    for (position, (_, fires)) in all.iter().enumerate() {
        members.entry(&fires.times).or_default().push(position);
    }
    members
        .into_iter()
        .filter_map(|(times, members)| {
            let (bits, zone) = times.minutes(all[*members.first()?].1.start)?;
            Some(Group { times, bits, zone, members, reported: false })
        })
        .collect()
}

/// More CronJobs at one minute than may be.
struct Crowd {
    /// How many, those included that have been named already.
    count: usize,
    minute: u32,
    /// The groups that have not been named.
    fresh: Vec<usize>,
}

/// The crowds, the largest first.
fn crowds(all: &[(&Seen<'_>, &Fires)], groups: &mut [Group<'_>]) -> Vec<Crowd> {
    let mut fullest: Vec<(usize, u32)> = counts(groups).into_iter().zip(0..).collect();
    fullest.retain(|(count, _)| *count > 1);
    fullest.sort_by_key(|(count, minute)| (std::cmp::Reverse(*count), *minute));
    let mut crowds = Vec::new();
    for (count, minute) in fullest {
        let fresh: Vec<usize> =
            (0..groups.len()).filter(|group| groups[*group].at(minute) && !groups[*group].reported).collect();
        let first = fresh.iter().filter_map(|group| groups[*group].members.first()).min();
        let crowd: usize = fresh.iter().map(|group| groups[*group].members.len()).sum();
        if first.is_some_and(|first| crowd > all[*first].1.max) {
            fresh.iter().for_each(|group| groups[*group].reported = true);
            crowds.push(Crowd { count, minute, fresh });
        }
    }
    crowds
}

/// How many CronJobs fire in each minute.
fn counts(groups: &[Group<'_>]) -> Vec<usize> {
    let count = |minute| {
        let here = groups.iter().filter(|group| group.at(minute));
        here.map(|group| group.members.len()).sum()
    };
    (0..HORIZON).map(count).collect()
}

/// How many would fire in each minute if all in the crowds had their own minutes that can have them.
fn counts_afterwards(
    all: &[(&Seen<'_>, &Fires)],
    groups: &[Group<'_>],
    crowds: &[Crowd],
    before: &[usize],
) -> Vec<usize> {
    let mut after = before.to_vec();
    for group in crowds.iter().flat_map(|crowd| &crowd.fresh).map(|group| &groups[*group]) {
        let mut by_minute: BTreeMap<u32, usize> = BTreeMap::new();
        for own in group.members.iter().filter_map(|member| all[*member].1.own.as_ref()) {
            *by_minute.entry(own.later).or_default() += 1;
        }
        for minute in (0..HORIZON).filter(|minute| group.at(*minute)) {
            for (later, count) in &by_minute {
                after[minute as usize] -= count;
                // What has fired already just before the day began fires once more at its end.
                after[((minute + later) % HORIZON) as usize] += count;
            }
        }
    }
    after
}

fn judge(seen: &[Seen<'_>], sink: &mut InputSink<'_>) {
    let mut all: Vec<(&Seen<'_>, &Fires)> = seen
        .iter()
        .filter(|seen| seen.is_on())
        .filter_map(|seen| Some((seen, seen.fact::<Fires>()?)))
        .collect();
    // By their names, so that the finding stays at the same one when documents move within the input.
    all.sort_by(|(_, one), (_, other)| one.name.cmp(&other.name));
    let mut groups = groups(&all);
    let crowds = crowds(&all, &mut groups);
    let before = counts(&groups);
    let after = counts_afterwards(&all, &groups, &crowds, &before);
    // The largest of those that would be larger than they are.
    let grown = before.iter().zip(&after).filter(|(before, after)| after > before);
    let grown = grown.map(|(_, after)| *after).max().unwrap_or_default();
    for crowd in &crowds {
        if report(&all, &groups, crowd, sink)
            && grown < crowd.count
            && after[crowd.minute as usize] < crowd.count
        {
            let members = crowd.fresh.iter().flat_map(|group| &groups[*group].members);
            for (seen, fires) in members.map(|member| all[*member]) {
                if let Some(own) = &fires.own {
                    sink.fix(seen, schedule_path(), own.fix());
                }
            }
        }
    }
}

/// Reports a crowd at its first CronJob that has not been named.
fn report(
    all: &[(&Seen<'_>, &Fires)],
    groups: &[Group<'_>],
    crowd: &Crowd,
    sink: &mut InputSink<'_>,
) -> bool {
    let mut first_few: Vec<(usize, usize)> = crowd
        .fresh
        .iter()
        .flat_map(|group| groups[*group].members.iter().take(NAMED + 1).map(|member| (*member, *group)))
        .collect();
    first_few.sort_unstable();
    // The finding is about all of them; one that ignores it does not silence it for the others.
    if let Some(heard) = first_few.iter().position(|(member, _)| !all[*member].1.is_ignored) {
        first_few[..=heard].rotate_right(1);
    }
    let Some(((first, group), others)) = first_few.split_first() else { return false };
    let ((seen, fires), group) = (all[*first], &groups[*group]);
    let others: Vec<&str> =
        others.iter().take(NAMED).map(|(member, _)| all[*member].1.name.as_str()).collect();
    let rest = crowd.count - 1 - others.len();
    let and_more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    let time = fires
        .start
        .checked_add(SignedDuration::from_mins(i64::from(crowd.minute)))
        .map(|time| group.zone.to_datetime(time).strftime("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default();
    let zone = group.times.zone.as_deref().unwrap_or("UTC");
    let message = format!(
        "{} CronJobs fire in the same minute, {time} {zone}: this one, {}{and_more}",
        crowd.count,
        others.join(", ")
    );
    let Some(reported) = sink.report(seen, schedule_path(), message) else { return false };
    reported.help(format!(
        "spread the schedules over different minutes; up to {} CronJobs in one minute are allowed (option max)",
        fires.max
    ));
    true
}
