//! On which dates a day of Quartz falls.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use crate::quartz::QuartzDay;

/// Whether a day is a date.
pub(super) fn falls_on(day: QuartzDay, date: Date) -> bool {
    let nth_day = |number: u32| -> Option<Date> {
        let number =
            i8::try_from(number).ok().filter(|number| (1..=date.days_in_month()).contains(number))?;
        date.with().day(number).build().ok()
    };
    let length = u32::from(date.days_in_month().unsigned_abs());
    let is_weekday = |number: u32| date.weekday() == weekday(number);
    match day {
        QuartzDay::Last { before } => length.checked_sub(before).and_then(nth_day) == Some(date),
        QuartzDay::LastWorking { before } => {
            length.checked_sub(before).and_then(nth_day).and_then(working) == Some(date)
        }
        QuartzDay::NearestWorking { day } => nth_day(day).and_then(working) == Some(date),
        QuartzDay::LastWeekday { weekday, .. } => {
            is_weekday(weekday) && date.day() + 7 > date.days_in_month()
        }
        QuartzDay::NthWeekday { weekday, nth, .. } => {
            is_weekday(weekday) && u32::from(date.day().unsigned_abs()).div_ceil(7) == nth
        }
        QuartzDay::Saturday => is_weekday(6),
    }
}

/// The day from Monday to Friday of the same month that is nearest.
fn working(date: Date) -> Option<Date> {
    let days = match date.weekday() {
        Weekday::Saturday if date.day() == 1 => 2,
        Weekday::Saturday => -1,
        Weekday::Sunday if date.day() == date.days_in_month() => -2,
        Weekday::Sunday => 1,
        _ => 0,
    };
    date.checked_add(days.days()).ok()
}

fn weekday(number: u32) -> Weekday {
    let number = i8::try_from(number % 7).unwrap_or(0);
    Weekday::from_sunday_zero_offset(number).unwrap_or(Weekday::Sunday)
}
