//! Schedules and their fire times.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use jobguard::cron::{Schedule, load_zone};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Vector {
    schedule: String,
    #[serde(rename = "timeZone")]
    time_zone: String,
    from: Timestamp,
    valid: bool,
    next: Vec<Timestamp>,
}

/// How many fire times a vector lists at most.
const LISTED: usize = 6;

/// The validity and the fire times that we find for a vector. The vectors are the schedule parser's own answers,
/// so a time zone prefix counts as valid, and goes before the zone given.
fn answer(vector: &Vector) -> (bool, Vec<Timestamp>) {
    let nothing = (false, Vec::new());
    let Ok((prefix, schedule)) = Schedule::parse_tolerating_tz(&vector.schedule) else { return nothing };
    let zone = match prefix {
        Some("") => Some(TimeZone::UTC),
        Some(zone) => recorded_zone(zone),
        None => recorded_zone(&vector.time_zone),
    };
    let Some(zone) = zone else { return nothing };
    (true, schedule.upcoming(vector.from, &zone).take(LISTED).collect())
}

/// A zone that we accept, with the data that the recorded server carried: since then governments have decided otherwise
/// in some.
fn recorded_zone(name: &str) -> Option<TimeZone> {
    let ours = load_zone(name).ok()?;
    let Some((known, data)) = recorded_tzdb::get(name) else { return Some(ours) };
    TimeZone::tzif(known, data).ok()
}

/// A schedule: whether it is one, and when it fires.
pub(crate) fn fires(vector: &Value) -> Result<(), String> {
    let vector: Vector = Vector::deserialize(vector).map_err(|error| error.to_string())?;
    let (valid, next) = answer(&vector);
    if (valid, &next) == (vector.valid, &vector.next) {
        return Ok(());
    }
    Err(format!(
        "{:?} in {:?}: ours {valid} {next:?}, theirs {} {:?}",
        vector.schedule, vector.time_zone, vector.valid, vector.next
    ))
}
