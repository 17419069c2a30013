use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::{load_zone, zone_words};

const NEXT: usize = 2;

fn told(expression: &str) -> String {
    let from: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
    let readings = translate(expression);
    let mut lines = vec![expression.to_owned()];
    for reading in &readings {
        let times: Vec<String> = reading
            .next(from, &TimeZone::UTC, NEXT)
            .into_iter()
            .map(|time| time.strftime("%a %F %T").to_string())
            .collect();
        let zone =
            reading.zone.as_deref().map(|zone| format!(", {}", zone_words(Some(zone)))).unwrap_or_default();
        let schedule = reading.schedule.as_deref().unwrap_or("-");
        lines.push(format!("  {}: {}{zone}", reading.dialect, reading.meaning));
        lines.push(format!("    {schedule}   {}", times.join(", ")));
    }
    if let Some(schedule) = agreed(&readings) {
        lines.push(format!("  write {schedule}"));
    }
    lines.join("\n")
}

#[test]
fn readings() {
    let expressions = [
        // Seconds and years.
        "0 30 2 * * *",
        "0 0 12 * * ?",
        "0 0/15 9-17 ? * MON-FRI",
        "0 0 12 ? * 2",
        "0 0 12 ? * 2-6",
        "0 0 12 ? * 1-7",
        "0 0 12 * * 2",
        "0 0 12 * * 0",
        "0 0 12 * * */2",
        "0 0 22-2 * * ?",
        "0 0 2 13 * FRI",
        "0 0 2 13 * ?",
        "*/10 * * * * *",
        "* * * * * *",
        "30 0 0 * * *",
        "*/20 0 12 * * *",
        "0 0 12 ? * MON 2027",
        "0 0 12 1 1 ? 2020",
        "0 0 12 1 1 ? 2027-2029",
        "0 0 12 ? * MON *",
        "0 0 0 30 2 ?",
        // Days of Quartz.
        "0 0 12 L * ?",
        "0 0 12 LW * ?",
        "0 0 12 L-3 * ?",
        "0 0 12 15W * ?",
        "0 0 12 ? * 6L",
        "0 0 12 ? * 6#3",
        "0 0 12 ? * FRI#3",
        "0 0 12 ? * L",
        "0 0 12 ? * 0#1",
        "0 0 L * *",
        "0 0 15W * *",
        "0 0 * * 5#2",
        "0 0 * * FRI#2",
        "0 0 * * 5L",
        "0 0 1 * 5L",
        // AWS.
        "cron(0 12 * * ? *)",
        "cron(0 10 ? * 2-6 *)",
        "cron(0 10 ? * MON-FRI 2027)",
        "cron(0 10 * * * *)",
        "0 10 ? * MON-FRI *",
        "cron(0 12 L * ? *)",
        "rate(5 minutes)",
        "rate(1 hour)",
        "rate(7 days)",
        "rate(0 minutes)",
        "rate(5 weeks)",
        // systemd.
        "Mon..Fri 02:30",
        "Sat,Sun *-*-* 10:00:00",
        "*-*-* 02:30:00 Europe/Berlin",
        "*:0/15",
        "*-*-01 03:00",
        "*-1,7-01 03:00",
        "12-24..26 18:00",
        "*-*-* *:*:00",
        "*-*-* *:*:0/10",
        "2027-05-01 12:00",
        "daily",
        "weekly",
        "quarterly",
        "hourly",
        "*-*-*/2 00:00",
        "*-02~03",
        "02:30",
        "Mon",
        // Crontabs and their relatives.
        "0 5 * * 1 /bin/backup --all",
        "0 5 * * 7 root /usr/bin/backup",
        "0 5 * * * backup.sh",
        "@daily /bin/backup",
        "@reboot",
        "@reboot /bin/warm-up",
        "0 0 * * 7",
        "0 0 * * 1-7",
        "0 0 13 * 0-7",
        "0 0 */2 * MON",
        "0 0 */2 * 7",
        "0 0 1 * */2",
        "0 0 */2 * */2",
        "0 0 13 * 5",
        "0 0 */2 * *",
        "CRON_TZ=Europe/Berlin 0 5 * * *",
        "TZ=Nowhere/X 0 5 * * *",
        "H 3 * * *",
        "H(0-29)/10 9-17 * * 1-5",
        "H H(0-7) * * 7",
        "H(0-99) * * * *",
        "0~59 3 * * *",
        "~ 3 * * *",
        "70~80 3 * * *",
        // Nothing to anybody.
        "0 25 * * *",
        "every other day",
        "{{ .Values.schedule }}",
        "",
        "\"0 5 * * *\"",
        "60 * * * * *",
    ];
    insta::assert_snapshot!(expressions.map(told).join("\n\n"));
}

#[test]
fn a_zone_of_its_own() {
    let from: Timestamp = "2027-07-01T00:00:00Z".parse().unwrap();
    let tokyo = load_zone("Asia/Tokyo").unwrap();
    let first = |expression: &str| translate(expression)[0].next(from, &tokyo, 1)[0].to_string();
    assert_eq!(first("CRON_TZ=Europe/Berlin 0 5 * * *"), "2027-07-01T03:00:00Z");
    assert_eq!(first("*-*-* 05:00 Europe/Berlin"), "2027-07-01T03:00:00Z");
    assert_eq!(first("0 0 5 * * *"), "2027-07-01T20:00:00Z");
    assert_eq!(first("cron(0 5 * * ? *)"), "2027-07-01T20:00:00Z");
}

/// Quartz's days on dates that its documentation and a calendar give.
#[test]
fn days_of_quartz_fall_on_dates() {
    let dates = |expression: &str, count: usize| -> Vec<String> {
        let readings = translate(expression);
        let quartz = readings.iter().find(|reading| reading.dialect == Dialect::Quartz).unwrap();
        let from = "2027-01-01T00:00:00Z".parse().unwrap();
        let times = quartz.next(from, &TimeZone::UTC, count).into_iter();
        times.map(|time| time.strftime("%m-%d").to_string()).collect()
    };
    assert_eq!(dates("0 0 12 L * ?", 4), ["01-31", "02-28", "03-31", "04-30"]);
    assert_eq!(dates("0 0 12 LW * ?", 4), ["01-29", "02-26", "03-31", "04-30"]);
    assert_eq!(dates("0 0 12 1W * ?", 5), ["01-01", "02-01", "03-01", "04-01", "05-03"]);
    assert_eq!(dates("0 0 12 ? * 6L", 3), ["01-29", "02-26", "03-26"]);
    assert_eq!(dates("0 0 12 ? * 6#5", 3), ["01-29", "04-30", "07-30"]);
}

#[test]
fn the_search_for_a_day_ends() {
    let never = translate("* * * 31W 2 ?");
    assert_eq!(never.len(), 2, "{never:?}");
    assert_eq!(never[0].next("2027-01-01T00:00:00Z".parse().unwrap(), &TimeZone::UTC, 1), []);
    let late = date(9999, 12, 30).to_zoned(TimeZone::UTC).unwrap().timestamp();
    for expression in ["* * * L * ?", "* * * * * *", "rate(5 minutes)", "0 0 * * 7"] {
        for reading in translate(expression) {
            reading.next(late, &TimeZone::UTC, 100_000);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn never_panics(text in "\\PC*", near in "[-*/,?0-9A-Za-z#~.:()@=_ ]{0,40}") {
        translate(&text);
        translate(&near);
    }

    /// What is offered fires when the reading does, in whatever zone without changes of the clock.
    #[test]
    fn what_is_offered_fires_alike(
        second in prop_oneof![Just("0"), Just("0,30"), Just("*/20")],
        minute in "(\\*|\\*/[1-9]|[1-5]?[0-9]|5-20)(,[1-5]?[0-9])?",
        hour in "(\\*|\\*/[1-9]|1?[0-9]|9-17/2|22-2)",
        day in "(\\*|\\?|[12]?[1-9]|L|\\*/3)",
        month in "(\\*|[1-9]|JAN|3-5|\\*/4)",
        weekday in "(\\?|\\*|[0-7]|MON-FRI|1-5|\\*/2|6-2|SUN,3|FRI#2)",
        year in "( \\*| 2028)?",
        from in 1_767_225_600_i64..1_900_000_000,
    ) {
        let text = format!("{second} {minute} {hour} {day} {month} {weekday}{year}");
        let from = Timestamp::from_second(from).unwrap();
        for reading in translate(&text) {
            prop_assert!(reading.meaning.len() < 700 && !reading.meaning.is_empty());
            if let Some(schedule) = &reading.schedule {
                let ours = Schedule::parse(schedule).unwrap();
                let ours: Vec<_> = ours.upcoming(from, &TimeZone::UTC).take(20).collect();
                prop_assert_eq!(ours, reading.next(from, &TimeZone::UTC, 20), "{} {:?}", text, reading.dialect);
            }
        }
    }
}
