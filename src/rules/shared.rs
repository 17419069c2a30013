//! What several rules share.

use std::borrow::Cow;

use jiff::civil::DateTime;

use crate::engine::{Object, RuleContext};
use crate::policy::{Level, PresetLevels};
use jobguard_cron::ClockChange;

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
