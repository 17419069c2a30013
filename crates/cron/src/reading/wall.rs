//! Times by the clock on the wall, of fields with seconds and years, as the `cron` crate reads them.

use std::str::FromStr;

use chrono::DateTime as ChronoTime;
use chrono::Utc;
use cron::TimeUnitSpec;
use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;

use super::quartz_day::falls_on;
use super::weekdays::names;
use crate::expression;
use crate::field::{Field, FieldSet};
use crate::field_kind::FieldKind;
use crate::names::and;
use crate::quartz::QuartzDay;
use crate::six_fields;
use crate::words::{Calendar, Days};

/// How many days are passed over in search of a day of Quartz: 29 February comes at least once in as many.
const SEARCHED: usize = 9 * 366;

/// What a program reads: the fields as they are written, and the days of the week as it counts them.
pub(super) struct Written<'t> {
    pub(super) second: &'t str,
    pub(super) minute: &'t str,
    pub(super) hour: &'t str,
    pub(super) day: &'t str,
    pub(super) month: &'t str,
    /// The field, for a rewrite.
    pub(super) weekday: &'t str,
    /// The days that it means.
    pub(super) weekdays: FieldSet,
    pub(super) year: &'t str,
    /// A day that stands in one of the two fields, which is `*` here then.
    pub(super) quartz: Option<QuartzDay>,
}

/// Local times at which something fires.
#[derive(Debug, Clone)]
pub(super) struct WallTimes {
    schedule: cron::Schedule,
    quartz: Option<QuartzDay>,
    seconds: FieldSet,
    minutes: FieldSet,
    hours: FieldSet,
    days: FieldSet,
    months: FieldSet,
    weekdays: FieldSet,
    /// The five fields as they are written, weekdays by name.
    five: String,
}

impl WallTimes {
    /// None for what the `cron` crate does not read, or reads otherwise than we do.
    pub(super) fn of(written: &Written<'_>) -> Option<Self> {
        let set = |kind, text| Some(Field::parse(kind, text, 0).ok()?.set());
        let seconds = set(FieldKind::Minute, written.second)?;
        let minutes = set(FieldKind::Minute, written.minute)?;
        let hours = set(FieldKind::Hour, written.hour)?;
        let days = set(FieldKind::DayOfMonth, written.day)?;
        let months = set(FieldKind::Month, written.month)?;
        let Written { second, minute, hour, day, month, weekday, weekdays, year, quartz } = *written;
        let by_name = names(weekdays);
        let schedule =
            cron::Schedule::from_str(&format!("{second} {minute} {hour} {day} {month} {by_name} {year}"))
                .ok()?;
        let of_weekdays = collect(schedule.days_of_week()).bits() >> 1;
        let agree = collect(schedule.seconds()) == seconds
            && collect(schedule.minutes()) == minutes
            && collect(schedule.hours()) == hours
            && collect(schedule.days_of_month()) == days
            && collect(schedule.months()) == months
            && of_weekdays == weekdays.bits();
        // A name is every program's; a number is rewritten.
        let is_named = !weekday.bytes().any(|byte| byte.is_ascii_digit());
        let kept = is_named
            && Field::parse(FieldKind::Weekday, weekday, 0).is_ok_and(|field| field.set() == weekdays);
        let weekday = if kept { weekday } else { &by_name };
        let five = format!("{minute} {hour} {day} {month} {weekday}");
        let times = Self { schedule, quartz, seconds, minutes, hours, days, months, weekdays, five };
        agree.then_some(times)
    }

    /// The local times after `after`, in order.
    pub(super) fn upcoming(&self, after: DateTime) -> impl Iterator<Item = DateTime> + '_ {
        let mut last = after;
        std::iter::from_fn(move || {
            for _ in 0..SEARCHED {
                let next = self.next(last)?;
                if self.quartz.is_none_or(|day| falls_on(day, next.date())) {
                    last = next;
                    return Some(next);
                }
                last = next.date().to_datetime(Time::constant(23, 59, 59, 0));
            }
            None
        })
    }

    fn next(&self, after: DateTime) -> Option<DateTime> {
        let second = TimeZone::UTC.to_timestamp(after).ok()?.as_second();
        let next = self.schedule.after(&ChronoTime::<Utc>::from_timestamp(second, 0)?).next()?;
        Some(TimeZone::UTC.to_datetime(Timestamp::from_second(next.timestamp()).ok()?))
    }

    /// The five fields that fire at the same times, where that is certain.
    pub(super) fn in_five(&self) -> Option<String> {
        let is_full_minute = self.seconds == FieldSet::range(0, 0, 1);
        // Kubernetes takes two restricted days for either of them.
        let is_one_day = self.days.len() == 31 || self.weekdays.len() == 7;
        if !is_full_minute || !is_one_day || !self.schedule.years().is_all() || self.quartz.is_some() {
            return None;
        }
        let schedule = expression::read(&self.five, 0).ok().filter(|schedule| !schedule.never_fires())?;
        let sets = [self.minutes, self.hours, self.days, self.months, self.weekdays];
        let is_same = schedule.fields().iter().map(Field::set).eq(sets);
        (is_same && six_fields::fire_alike(&self.schedule, &schedule)).then(|| self.five.clone())
    }

    /// When it fires, in words.
    pub(super) fn words(&self) -> String {
        let days = match (self.quartz, self.days.len() == 31, self.weekdays.len() == 7) {
            (Some(day), ..) => Days::Quartz(day),
            (None, true, true) => Days::Every,
            (None, true, false) => Days::OfWeek(self.weekdays),
            (None, false, true) => Days::OfMonth(self.days),
            (None, false, false) => Days::Both(self.days, self.weekdays),
        };
        let calendar = Calendar { minutes: self.minutes, hours: self.hours, days, months: self.months };
        let words = self.with_seconds(calendar.words()) + &self.years();
        if self.has_no_date() { format!("never ({words})") } else { words }
    }

    /// Whether none of the months has one of the days.
    fn has_no_date(&self) -> bool {
        let Some((days, _)) = self.five.rsplit_once(' ') else { return false };
        expression::read(&format!("{days} *"), 0).is_ok_and(|schedule| schedule.never_fires())
    }

    fn with_seconds(&self, words: String) -> String {
        let seconds: Vec<String> = self.seconds.iter().map(|second| second.to_string()).collect();
        if seconds == ["0"] {
            return words;
        }
        let step = 60 / seconds.len().max(1);
        let is_pace = seconds.len() * step == 60
            && self.seconds == FieldSet::range(0, 59, u64::try_from(step).unwrap_or(1));
        if let Some(rest) = words.strip_prefix("every minute").filter(|_| is_pace) {
            let every = if step == 1 { "every second".to_owned() } else { format!("every {step} seconds") };
            return every + rest;
        }
        if is_pace && step == 1 {
            return format!("{words}, each second of the minute");
        }
        let word = if seconds.len() == 1 { "second" } else { "seconds" };
        format!("{words}, at {word} {} of the minute", and(&seconds))
    }

    fn years(&self) -> String {
        if self.schedule.years().is_all() {
            return String::new();
        }
        let mut spans: Vec<(u32, u32)> = Vec::new();
        for year in self.schedule.years().iter() {
            match spans.last_mut() {
                Some((_, last)) if *last + 1 == year => *last = year,
                _ => spans.push((year, year)),
            }
        }
        let span = |&(first, last): &(u32, u32)| {
            if first == last { first.to_string() } else { format!("{first} to {last}") }
        };
        let (named, rest) = spans.split_at(spans.len().min(5));
        let more = if rest.is_empty() { "" } else { " and later years" };
        format!(", only in {}{more}", and(&named.iter().map(span).collect::<Vec<_>>()))
    }
}

/// The values of a field of the `cron` crate.
fn collect(unit: &impl TimeUnitSpec) -> FieldSet {
    FieldSet::from_bits(unit.iter().filter(|value| *value < 64).fold(0, |bits, value| bits | 1 << value))
}
