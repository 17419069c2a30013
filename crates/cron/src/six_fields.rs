//! Expressions of six and seven fields, with seconds and years, as Quartz and its relatives write them.
//!
//! They are read by the `cron` crate, which computes their fire times, so that a rewrite to five fields is offered only
//! where the times agree. That crate counts weekdays as Quartz does (1 is Sunday) and lets both days count where both are
//! given; Kubernetes counts from 0 and lets either do.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::expression;
use super::field_kind::FieldKind;
use super::schedule::Schedule;

/// From where fire times are compared: times of the day, of the month and of the year that differ, before a leap day and at
/// the ends of months among them. A few from each find more differences than many from one, and cost less.
const ANCHORS: [&str; 6] = [
    "2027-01-01T00:00:00Z",
    "2027-05-13T07:31:00Z",
    "2028-02-28T23:58:00Z",
    "2028-08-31T12:00:00Z",
    "2029-10-10T18:45:00Z",
    "2029-12-31T23:58:00Z",
];
/// How many fire times are compared from each.
const COMPARED: usize = 6;
/// Within how many seconds: the controller looks no further than five years ahead.
const WITHIN: i64 = 4 * 366 * 86_400;

/// The five fields that fire at the very times of an expression with seconds in front, and perhaps a year behind; none
/// where no five fields do, or where the programs that write such expressions do not agree on what it means.
pub(super) fn as_five(words: &[(&str, usize)]) -> Option<String> {
    let five = words.get(1..1 + FieldKind::ALL.len())?;
    let (weekday, _) = five.last()?;
    // 2 is Monday to Quartz and Tuesday to Spring.
    if weekday.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let join = |words: &[(&str, usize)]| words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" ");
    let rewritten = join(five);
    let schedule = expression::read(&rewritten, 0).ok()?;
    let original = cron::Schedule::from_str(&join(words)).ok()?;
    fire_alike(&original, &schedule).then_some(rewritten)
}

/// Whether both fire at the same times in UTC.
pub(super) fn fire_alike(original: &cron::Schedule, schedule: &Schedule) -> bool {
    ANCHORS.iter().all(|anchor| fires_alike(original, schedule, anchor))
}

/// The same from `anchor` on.
fn fires_alike(original: &cron::Schedule, schedule: &Schedule, anchor: &str) -> bool {
    let (Ok(theirs), Ok(ours)) = (anchor.parse::<DateTime<Utc>>(), anchor.parse::<Timestamp>()) else {
        return false;
    };
    let end = ours.as_second() + WITHIN;
    let within = |time: &i64| *time < end;
    let zone = TimeZone::UTC;
    let theirs = original.after(&theirs).map(|time| time.timestamp()).take_while(within);
    let ours = schedule.upcoming(ours, &zone).map(Timestamp::as_second).take_while(within);
    theirs.take(COMPARED).eq(ours.take(COMPARED))
}

#[cfg(test)]
mod tests {
    use super::expression::words;
    use super::*;

    #[test]
    fn rewritten_only_where_the_times_agree() {
        let five = |text: &str| as_five(&words(text, 0));
        assert_eq!(five("0 30 2 * * *").as_deref(), Some("30 2 * * *"));
        assert_eq!(five("0 */5 8-17 ? * MON-FRI").as_deref(), Some("*/5 8-17 ? * MON-FRI"));
        assert_eq!(five("0 0 12 1 1 ? *").as_deref(), Some("0 12 1 1 ?"));
        assert_eq!(five("0 0 0 29 2 ?").as_deref(), Some("0 0 29 2 ?"));
        // More than once a minute, or in the middle of it.
        assert_eq!(five("*/10 * * * * *"), None);
        assert_eq!(five("30 0 0 * * *"), None);
        // Whose 2?
        assert_eq!(five("0 0 2 * * 2"), None);
        // Both days at once, or either of them.
        assert_eq!(five("0 0 2 13 * FRI"), None);
        // Some years only, and a day that there never is.
        assert_eq!(five("0 0 0 1 1 ? 2030"), None);
        assert_eq!(five("0 0 12 L * ?"), None);
    }
}
