use std::collections::HashMap;

use proptest::prelude::*;

use crate::{FieldKind, Schedule};

/// No words are longer.
const LONGEST: usize = 560;

fn schedule(expression: &str) -> Schedule {
    Schedule::parse(expression).unwrap_or_else(|error| panic!("{expression}: {error}"))
}

#[test]
fn as_a_person_says_it() {
    let expressions = [
        "* * * * *",
        "*/5 * * * *",
        "*/2 * * * *",
        "*/15 9-17 * * MON-FRI",
        "0/15 9-17 * * 1-5",
        "7/15 * * * *",
        "7/15 8-18 * * *",
        "2/5 * * * *",
        "*/40 * * * *",
        "*/7 * * * *",
        "*/30 * * * *",
        "0,1,2,30 * * * *",
        "0-29 * * * *",
        "0-29 9 * * *",
        "1,2,4,7,11,16,22,29,37,46,56 * * * *",
        "17 * * * *",
        "0 * * * *",
        "@hourly",
        "30 2 * * *",
        "30 2 * * 1-5",
        "0 0,12 * * *",
        "0 0,12 1,15 * *",
        "0 3 * 1,7 SUN",
        "0 3 * * 0,6",
        "0 3 * * 0-4",
        "0 3 * * 5,6,0",
        "0 3 * * 1,3,5",
        "0 3 * 6-8 1-5",
        "0 */2 * * *",
        "15 1-23/2 * * *",
        "0 */5 * * *",
        "0 */6 * * *",
        "0 */7 * * *",
        "0 9-17 * * *",
        "0 1,2,3,5,8,13,21 * * *",
        "0 0-4,7,9-12,20 * * *",
        "*/10 8-10,20 * * *",
        "*/15 */2 * * *",
        "*/15 0,3,5,9,11 * * *",
        "* 9 * * *",
        "* 9-17 * * *",
        "0,40 9-17 * * *",
        "0,7,13,22,31,44,50 9 * * *",
        "5,10,25 */3 * * *",
        "0 6 1 * *",
        "0 6 1-7 * *",
        "0 6 */2 * *",
        "0 6 1,5-9,20-22,31 * *",
        "0 6 1,3,4,6,8,9,11,15,20,22,27 * *",
        "0 6 1,15 1,7 *",
        "0 6 1 6-8 *",
        "0 6 1 11,12,1,2 *",
        "0 6 1 */3 *",
        "@yearly",
        "@weekly",
        "0 0 * 6-8 *",
        "*/5 * * 1 *",
        "0 0 13 * 5",
        "0 6 1-7 * MON",
        "0 6 1-7 1,7 1-5",
        "0 0 */2 * 1,4",
        "0 0 1-31 * MON",
        "0 0 13 * 0-6",
        "0 0 30 2 *",
        "0 0 29 2 *",
        ", * * * *",
        "* , * * *",
        "0 0 , * MON",
        "0 0 * , *",
        "0 0 * * ,",
        "@every 90m",
        "@every 1h",
        "@every 24h",
        "@every 1m",
        "@every 100h30m15s",
        "@every 1s",
    ];
    let table: Vec<String> =
        expressions.iter().map(|text| format!("{text:40} {}", schedule(text).words())).collect();
    insta::assert_snapshot!(table.join("\n"));
}

/// The values of the fields, and whether either of the days is enough.
fn sets(schedule: &Schedule) -> (Vec<u64>, Option<u64>) {
    (schedule.fields().iter().map(|field| field.set().bits()).collect(), schedule.every())
}

/// Whether the two day fields go together differently, so that equal sets fire differently.
fn is_either(schedule: &Schedule) -> bool {
    let field = |kind| schedule.field(kind).is_some_and(|field| !field.is_star());
    field(FieldKind::DayOfMonth) && field(FieldKind::Weekday)
}

fn field(least: u8, most: u8) -> impl Strategy<Value = String> {
    let range = (least..=most, least..=most).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b)));
    let element = prop_oneof![
        3 => (least..=most).prop_map(|number| number.to_string()),
        1 => range.clone(),
        1 => (range, 1..=most).prop_map(|(range, step)| format!("{range}/{step}")),
        1 => (1..=most).prop_map(|step| format!("*/{step}")),
        1 => (least..=most, 1..=most).prop_map(|(start, step)| format!("{start}/{step}")),
    ];
    prop_oneof![
        2 => Just("*".to_owned()),
        1 => Just(",".to_owned()),
        12 => prop::collection::vec(element, 1..=12).prop_map(|elements| elements.join(",")),
    ]
}

fn expression() -> impl Strategy<Value = String> {
    (field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6))
        .prop_map(|(minute, hour, day, month, weekday)| format!("{minute} {hour} {day} {month} {weekday}"))
}

#[test]
fn the_longest_words() {
    let text = "0,2,3,5,7,8,10,12,13,15,17,18,20,22,23,25,27,28,30,32,33,35,37,38,40,42,43,45,47,48,50,52,53,55,57,58 \
                0,2,3,5,7,8,10,12,13,15,17,18,20,22,23 1,3,4,6,8,9,11,13,14,16,18,19,21,23,24,26,28,29,31 \
                1,3,4,6,8,9,11,12 0,2,3,5,6";
    let words = schedule(text).words();
    assert!((LONGEST - 120..LONGEST).contains(&words.len()), "{} {words}", words.len());
}

/// One field at a time, every set of hours, months and weekdays that there is, and many of minutes and days.
#[test]
fn each_set_has_words_of_its_own() {
    let mut said: HashMap<String, String> = HashMap::new();
    let list = |bits: u64, least: u8| -> String {
        let values: Vec<String> =
            (0..60).filter(|bit| bits >> bit & 1 == 1).map(|bit| (bit + least).to_string()).collect();
        values.join(",")
    };
    let mut check = |text: String| {
        let words = schedule(&text).words();
        assert!(words.len() < LONGEST && !words.contains("  "), "{text}: {words}");
        if let Some(other) = said.insert(words, text.clone()) {
            assert_eq!(sets(&schedule(&text)), sets(&schedule(&other)));
        }
    };
    for bits in 1..1_u64 << 12 {
        check(format!("0 0 * {} *", list(bits, 1)));
        check(format!("0 0 1 {} *", list(bits, 1)));
        check(format!("0 {} * * *", list(bits, 6)));
        check(format!("*/15 {} * * *", list(bits, 6)));
        check(format!("0,7,40 {} * * *", list(bits, 6)));
        check(format!("{} * * * *", list(bits * 0x9_1411, 0)));
        check(format!("{} 9 * * *", list(bits, 20)));
        check(format!("{} 9-17 * * *", list(bits, 48)));
        check(format!("0 0 {} * *", list(bits, 3)));
    }
    for bits in 1..1_u64 << 7 {
        check(format!("0 0 * * {}", list(bits, 0)));
        check(format!("0 0 13 * {}", list(bits, 0)));
        check(format!("0 0 * 1 {}", list(bits, 0)));
    }
    for step in 1..60 {
        for start in 0..60 {
            for hours in ["*", "9", "9-17", "*/2", "1,5,9,10,20"] {
                check(format!("{start}/{step} {hours} * * *"));
            }
        }
    }
    assert!(said.len() > 30_000, "{}", said.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn words_are_short(text in expression()) {
        let words = schedule(&text).words();
        prop_assert!(words.len() < LONGEST, "{} {}", words.len(), words);
        prop_assert!(words.is_ascii() && !words.ends_with(['.', ' ', ',']) && !words.contains("  "));
    }

    /// A schedule beside another that differs in one field, or in none by what its fields name.
    #[test]
    fn equal_words_are_equal_times(
        text in expression(), other in expression(), position in 0..5_usize,
    ) {
        let mut fields: Vec<&str> = text.split(' ').collect();
        fields[position] = other.split(' ').nth(position).unwrap();
        let (one, two) = (schedule(&text), schedule(&fields.join(" ")));
        if one.words() == two.words() {
            prop_assert_eq!(sets(&one), sets(&two));
        } else {
            prop_assert!(sets(&one) != sets(&two) || is_either(&one) != is_either(&two));
        }
    }

    #[test]
    fn distances_have_words_of_their_own(one in 1..400_000_u64, two in 1..400_000_u64, unit in 0..3_usize) {
        let unit = ["s", "m", "h"][unit];
        let words = |count: u64| schedule(&format!("@every {count}{unit}")).words();
        prop_assert_eq!(words(one) == words(two), one == two);
        prop_assert!(words(one).len() < LONGEST);
    }
}
