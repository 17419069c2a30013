//! A second opinion on our calendar: the fire times of the `cron` crate, in UTC, for what both dialects mean alike. Of the
//! two days at most one is given, and weekdays by their names.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::str::FromStr;

use chrono::{DateTime, Utc};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use jobguard_cron::Schedule;
use proptest::prelude::*;
use proptest::sample::select;

/// How many fire times are compared.
const COMPARED: usize = 30;

/// A field: `*`, a number, a range, a step, or a list of these.
fn field(least: u32, most: u32) -> impl Strategy<Value = String> {
    let number = least..=most;
    let range = (least..=most, least..=most).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b)));
    let element = prop_oneof![
        number.prop_map(|number| number.to_string()),
        range.clone(),
        (range, 1_u32..=6).prop_map(|(range, step)| format!("{range}/{step}")),
        // The other dialect knows no step that is longer than its field.
        (1_u32..=most.min(15)).prop_map(|step| format!("*/{step}")),
    ];
    prop_oneof![
        2 => Just("*".to_owned()),
        3 => prop::collection::vec(element, 1..=3).prop_map(|elements| elements.join(",")),
    ]
}

fn weekday() -> impl Strategy<Value = String> {
    let name = select(vec!["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]);
    prop::collection::vec(name, 1..=3).prop_map(|names| names.join(","))
}

fn days() -> impl Strategy<Value = (String, String)> {
    prop_oneof![(field(1, 31), Just("*".to_owned())), (Just("*".to_owned()), weekday()),]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn both_find_the_same_times(
        minute in field(0, 59), hour in field(0, 23), (day, weekday) in days(), month in field(1, 12),
        from in 1_767_225_600_i64..1_900_000_000,
    ) {
        let text = format!("{minute} {hour} {day} {month} {weekday}");
        let ours = Schedule::parse(&text).unwrap();
        let theirs = cron::Schedule::from_str(&format!("0 {text}")).unwrap();
        let end = from + 4 * 366 * 86_400;
        let zone = TimeZone::UTC;
        let start = Timestamp::from_second(from).unwrap();
        let ours: Vec<i64> =
            ours.upcoming(start, &zone).map(Timestamp::as_second).take_while(|time| *time < end).take(COMPARED).collect();
        let start = DateTime::<Utc>::from_timestamp(from, 0).unwrap();
        let theirs: Vec<i64> =
            theirs.after(&start).map(|time| time.timestamp()).take_while(|time| *time < end).take(COMPARED).collect();
        prop_assert_eq!(ours, theirs, "{}", text);
    }
}
