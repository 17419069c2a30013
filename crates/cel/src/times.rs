//! Durations and timestamps, as `cel-go` reads, takes apart and writes them.

use chrono::{DateTime, Datelike, FixedOffset, TimeDelta, Timelike};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::functions::DatePart;
use crate::value::{moment, type_name};
use crate::{EvalError, Value};

type Result<T> = std::result::Result<T, EvalError>;

const NANOSECONDS: i64 = 1_000_000_000;
/// The longest text that can be a time or a duration, in bytes.
const LONGEST: usize = 100;

/// `duration(text)`
pub(crate) fn duration(text: &str) -> Result<Value> {
    let parsed = (text.len() <= LONGEST).then(|| jobguard_text::duration::parse(text).ok()).flatten();
    match parsed {
        Some(nanoseconds) => Ok(Value::Duration(TimeDelta::nanoseconds(nanoseconds))),
        None => Err(EvalError::failed("not a duration such as 90s, 5m or 1h30m")),
    }
}

/// `timestamp(text)`, in the form of RFC 3339.
pub(crate) fn timestamp(text: &str) -> Result<Value> {
    let wrong = || EvalError::failed("not a timestamp such as 2027-01-31T02:00:00Z");
    // chrono reads more than that.
    if text.len() > LONGEST || text.as_bytes().get(10) != Some(&b'T') || text.contains(['t', 'z', ' ']) {
        return Err(wrong());
    }
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| wrong())?;
    if (1..=9999).contains(&time.year()) { Ok(Value::Timestamp(time)) } else { Err(wrong()) }
}

/// `timestamp(seconds)`
pub(crate) fn from_seconds(seconds: i64) -> Result<Value> {
    let time = moment(seconds, 0).filter(|time| (1..=9999).contains(&time.year()));
    time.map(Value::Timestamp).ok_or_else(|| EvalError::failed("the timestamp is out of range"))
}

/// A duration as text: seconds, with as many digits behind the point as it takes.
pub(crate) fn duration_text(duration: &TimeDelta) -> String {
    let Some(nanoseconds) = duration.num_nanoseconds() else { return format!("{}s", duration.num_seconds()) };
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let (whole, rest) = (
        nanoseconds.unsigned_abs() / NANOSECONDS.unsigned_abs(),
        nanoseconds.unsigned_abs() % NANOSECONDS.unsigned_abs(),
    );
    match rest {
        0 => format!("{sign}{whole}s"),
        rest => format!("{sign}{whole}.{}s", format!("{rest:09}").trim_end_matches('0')),
    }
}

/// A timestamp as text.
pub(crate) fn timestamp_text(time: &DateTime<FixedOffset>) -> String {
    let mut text = time.format("%Y-%m-%dT%H:%M:%S").to_string();
    if time.timestamp_subsec_nanos() > 0 {
        let digits = format!("{:09}", time.timestamp_subsec_nanos());
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    let offset = time.offset().local_minus_utc();
    match offset {
        0 => text.push('Z'),
        offset => text.push_str(&format!(
            "{}{:02}:{:02}",
            if offset < 0 { '-' } else { '+' },
            offset.abs() / 3600,
            offset.abs() / 60 % 60
        )),
    }
    text
}

/// A part of a timestamp, in UTC or the zone that is named, or of a duration.
pub(crate) fn part(part: DatePart, of: &Value, zone: Option<&Value>) -> Result<Value> {
    let time = match (of, zone) {
        (Value::Duration(duration), None) => {
            return match part {
                DatePart::Hours => Ok(Value::Int(duration.num_hours())),
                DatePart::Minutes => Ok(Value::Int(duration.num_minutes())),
                DatePart::Seconds => Ok(Value::Int(duration.num_seconds())),
                DatePart::Milliseconds => Ok(Value::Int(duration.num_milliseconds())),
                _ => Err(EvalError::no_overload("a duration has hours, minutes, seconds and milliseconds")),
            };
        }
        (Value::Timestamp(time), None) => time.naive_utc(),
        (Value::Timestamp(time), Some(Value::String(zone))) => local(time, zone)?,
        (other, _) => return Err(EvalError::no_overload(&format!("{} is no timestamp", type_name(other)))),
    };
    let number = match part {
        DatePart::Date => time.day(),
        DatePart::DayOfMonth => time.day0(),
        DatePart::DayOfWeek => time.weekday().num_days_from_sunday(),
        DatePart::DayOfYear => time.ordinal0(),
        DatePart::FullYear => return Ok(Value::Int(i64::from(time.year()))),
        DatePart::Hours => time.hour(),
        DatePart::Milliseconds => time.nanosecond() / 1_000_000,
        DatePart::Minutes => time.minute(),
        DatePart::Month => time.month0(),
        DatePart::Seconds => time.second(),
    };
    Ok(Value::Int(i64::from(number)))
}

/// The time that a clock in `zone` shows: a name, or a distance from UTC such as `-02:00`.
fn local(time: &DateTime<FixedOffset>, zone: &str) -> Result<chrono::NaiveDateTime> {
    let unknown = || EvalError::failed("there is no such time zone");
    let seconds = match zone.split_once(':') {
        Some((hours, minutes)) => {
            let negative = hours.starts_with('-');
            let (hours, minutes): (i32, i32) =
                (hours.parse().map_err(|_| unknown())?, minutes.parse().map_err(|_| unknown())?);
            if !(-24..=24).contains(&hours) || !(0..60).contains(&minutes) {
                return Err(unknown());
            }
            hours * 3600 + if negative { -minutes } else { minutes } * 60
        }
        None if zone.len() > LONGEST => return Err(unknown()),
        None => {
            let zone = match zone {
                "" | "UTC" => TimeZone::fixed(Offset::UTC),
                name => jobguard_cron::known_zone(name).ok_or_else(unknown)?,
            };
            let at = Timestamp::from_second(time.timestamp()).map_err(|_| unknown())?;
            zone.to_offset(at).seconds()
        }
    };
    time.naive_utc().checked_add_signed(TimeDelta::seconds(i64::from(seconds))).ok_or_else(unknown)
}
