//! `schedule.firesAt(…)`

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use jobguard_cel::{EvalError, Value, timestamp};
use jobguard_cron::FieldKind;

use crate::engine::Timetable;
use crate::policy::own::{Moment, moment};

/// Whether the schedule fires at a time: at a moment, where it is a timestamp or a text in the form of one; on any day at a time of
/// day in the schedule's zone, where it is a text such as `02:30`.
///
/// A moment is one of a minute: the schedule fires at its beginning. Where the CronJob names no zone, moments are those of UTC.
/// `@every` counts from when the CronJob was made, so its times are not known.
pub(super) fn fires_at(timetable: &Timetable, at: &Value) -> Result<bool, EvalError> {
    match at {
        Value::String(text) => Ok(match moment(text)? {
            Moment::Daily(hour, minute) => fires_daily(timetable, hour, minute),
            Moment::Once(moment) => fires_then(timetable, moment),
        }),
        other => {
            let (seconds, nanoseconds) =
                timestamp(other).ok_or_else(|| EvalError::failed("firesAt takes a text or a timestamp"))?;
            let moment = i32::try_from(nanoseconds).ok().and_then(|rest| Timestamp::new(seconds, rest).ok());
            Ok(moment.is_some_and(|moment| fires_then(timetable, moment)))
        }
    }
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
