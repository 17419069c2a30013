//! What several rules share.

use std::borrow::Cow;

use jiff::civil::DateTime;

use crate::engine::{Object, RuleContext};
use crate::policy::{Level, PresetLevels};
use jobguard_cron::{ClockChange, Field, FieldKind, Schedule};
use jobguard_manifest::FieldPath;

/// The example of rules about the suppression annotation: a Job with an annotation, and a parallelism, which at 0 is a finding.
macro_rules! annotated {
    ($annotation:literal, $parallelism:literal) => {
        concat!(
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: backfill\n  annotations:\n    jobguard.dev/ignore: ",
            $annotation,
            "\nspec:\n  parallelism: ",
            $parallelism,
            "\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - name: backfill\n        \
             image: example.com/backfill:2.0\n"
        )
    };
}
pub(super) use annotated;

/// The levels of what the API server itself refuses, and of what cannot be judged at all.
pub(super) const ALWAYS: PresetLevels = always(Level::Deny);

/// The same level in every policy: none can set it.
pub(super) const fn always(level: Level) -> PresetLevels {
    PresetLevels { baseline: level, recommended: level, strict: level, fixed: true }
}

/// The same level in every built-in policy.
pub(super) const fn everywhere(level: Level) -> PresetLevels {
    PresetLevels { baseline: level, recommended: level, strict: level, fixed: false }
}

/// Levels for `baseline`, `recommended` and `strict`, in this order.
pub(super) const fn levels(baseline: Level, recommended: Level, strict: Level) -> PresetLevels {
    PresetLevels { baseline, recommended, strict, fixed: false }
}

/// What changes of the clock within the next twelve months do to a CronJob's runs: none where it is suspended, names
/// no zone, or never fires.
pub(super) fn coming_year<'a>(object: &'a Object, context: &RuleContext<'_>) -> Cow<'a, [ClockChange]> {
    let cron = object.cron().filter(|cron| !cron.is_suspended());
    let timetable = cron.and_then(|cron| cron.timetable);
    timetable.map_or(Cow::Borrowed(&[]), |timetable| timetable.coming_year(context.now()))
}

/// A piece of a suppression annotation for a message, with its beginning only.
pub(super) fn quoted_name(text: &str) -> String {
    jobguard_text::quote_within(text, 60)
}

/// A time of day as people write it.
pub(super) fn clock(time: DateTime) -> String {
    time.strftime("%H:%M").to_string()
}

/// Whether every hour of every day has the same runs, so that the time zone does not matter.
pub(super) fn is_the_same_every_hour(schedule: &Schedule) -> bool {
    let is_whole = |field: &Field| {
        let kind = field.kind();
        kind == FieldKind::Minute || field.set().len() == u32::from(kind.max() - kind.min()) + 1
    };
    schedule.fields().iter().all(is_whole)
}

/// The zone that a CronJob's time of day is read in, as it is written, and the field that names it. None where it names
/// none, or every hour has the same runs.
pub(super) fn zone_of_time_of_day(object: &Object) -> Option<(&str, FieldPath)> {
    let cron = object.cron()?;
    let timetable = cron.timetable?;
    let name = timetable.zone_name().filter(|_| !is_the_same_every_hour(timetable.schedule()))?;
    // Old CronJobs may name it in the schedule.
    let field = if cron.spec.time_zone.is_some() { "timeZone" } else { "schedule" };
    Some((name, FieldPath::root().field("spec").field(field)))
}
