//! `schedule.firesAt(…)`

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use jobguard_cel::{EvalError, Value, timestamp};
use jobguard_cron::FieldKind;

use crate::engine::Timetable;

/// Whether the schedule fires at a time: at a moment, where it is a timestamp or a text in the form of one; on any day at a time of
/// day in the schedule's zone, where it is a text such as `02:30`.
///
/// A moment is one of a minute: the schedule fires at its beginning. Where the CronJob names no zone, moments are those of UTC.
/// `@every` counts from when the CronJob was made, so its times are not known.
pub(super) fn fires_at(timetable: &Timetable, at: &Value) -> Result<bool, EvalError> {
    match at {
        Value::String(text) => match time_of_day(text) {
            Some((hour, minute)) => Ok(fires_daily(timetable, hour, minute)),
            None => {
                let moment: Timestamp = text.parse().map_err(|_| {
                    EvalError::failed("firesAt takes a timestamp, or a time of day such as 02:30")
                })?;
                Ok(fires_then(timetable, moment))
            }
        },
        other => {
            let (seconds, nanoseconds) = timestamp(other).ok_or_else(|| {
                EvalError::failed("firesAt takes a timestamp, or a time of day such as 02:30")
            })?;
            let moment = i32::try_from(nanoseconds).ok().and_then(|rest| Timestamp::new(seconds, rest).ok());
            Ok(moment.is_some_and(|moment| fires_then(timetable, moment)))
        }
    }
}

/// `HH:MM`
fn time_of_day(text: &str) -> Option<(u8, u8)> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str, most: u8| {
        let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|number| is_number && *number <= most)
    };
    Some((number(hour, 23)?, number(minute, 59)?))
}

/// Whether a run begins at this time of some day.
fn fires_daily(timetable: &Timetable, hour: u8, minute: u8) -> bool {
    let schedule = timetable.schedule();
    let has = |kind, number| schedule.field(kind).is_some_and(|field| field.set().contains(number));
    !timetable.never_fires() && has(FieldKind::Hour, hour) && has(FieldKind::Minute, minute)
}

fn fires_then(timetable: &Timetable, moment: Timestamp) -> bool {
    let schedule = timetable.schedule();
    if schedule.every().is_some() {
        return false;
    }
    let Ok(before) = moment.checked_sub(SignedDuration::from_secs(1)) else { return false };
    let utc = TimeZone::UTC;
    schedule.next_after(before, timetable.zone().unwrap_or(&utc)) == Some(moment)
}
