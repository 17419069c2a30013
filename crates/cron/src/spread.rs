//! A minute of its own for a schedule that runs at the full hour, as so many others do.
//!
//! The minute comes from a hash of the object's namespace and name, so that it is the same wherever and whenever it is
//! worked out, and no object has to know of another. **The hash never changes**: another version that gave other minutes
//! would move every schedule.
//!
//! 1. The text is `NAMESPACE/NAME` in UTF-8; `/NAME` where the object has no namespace.
//! 2. Its hash is FNV-1a with 64 bits (offset basis `cbf29ce484222325`, prime `100000001b3`).
//! 3. The bits are mixed as at the end of MurmurHash3 (`fmix64`), since the last letters of a text, in which names differ
//!    most, reach too few bits of an FNV hash.
//! 4. The minute is the remainder of a division by 60; by N for a schedule that runs every N minutes.

use super::descriptors::DESCRIPTORS;
use super::field_kind::FieldKind;
use super::schedule::Schedule;

/// The schedule with a minute of its own where its minutes are those that everybody writes: 0, or every Nth from 0 on
/// (`*/N`, N from 2 to 30 and a divisor of 60). All other fields stay as they are written, to the byte.
///
/// None for any other schedule: a list of minutes, a range and any other minute were chosen. None either for a
/// descriptor, which has no minute to replace (see [`spread_descriptor`]), and where nothing would change because the
/// minute is 0 by the hash, too. What has been spread is therefore never changed again.
pub fn spread(expression: &str, namespace: Option<&str>, name: &str) -> Option<String> {
    let hash = hash(namespace, name)?;
    let (_, schedule) = Schedule::accepted(expression)?;
    let span = schedule.field(FieldKind::Minute)?.span();
    let minute = match expression.get(span.clone())? {
        "0" | "00" => Some(hash % 60).filter(|minute| *minute > 0)?.to_string(),
        every => {
            let step = every.strip_prefix("*/")?;
            let number: u64 = step.parse().ok()?;
            if !(2..=30).contains(&number) || 60 % number != 0 {
                return None;
            }
            let first = Some(hash % number).filter(|minute| *minute > 0)?;
            format!("{first}-59/{step}")
        }
    };
    Some(format!("{}{minute}{}", &expression[..span.start], &expression[span.end..]))
}

/// The five fields that a descriptor stands for, with a minute by the hash: `@daily` as `M 0 * * *`.
///
/// None for what is no descriptor of five fields: five fields as such, and `@every`, which has no minute at all.
pub fn spread_descriptor(expression: &str, namespace: Option<&str>, name: &str) -> Option<String> {
    let (_, [_, rest @ ..]) = DESCRIPTORS.iter().find(|(descriptor, _)| *descriptor == expression)?;
    let minute = hash(namespace, name)? % 60;
    Some(rest.iter().fold(minute.to_string(), |text, field| match field {
        Some(value) => format!("{text} {value}"),
        None => text + " *",
    }))
}

/// The hash of an object; none of one without a name.
fn hash(namespace: Option<&str>, name: &str) -> Option<u64> {
    if name.is_empty() {
        return None;
    }
    let bytes = namespace.unwrap_or_default().bytes().chain([b'/']).chain(name.bytes());
    Some(mixed(fnv1a(bytes)))
}

fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Makes each bit depend on every other.
fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;
    use crate::FieldSet;

    /// The published answers of both functions, and minutes that must be the same in every version.
    #[test]
    fn known_answers() {
        for (text, hash) in
            [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)]
        {
            assert_eq!(fnv1a(text.bytes()), hash, "{text}");
        }
        assert_eq!([mixed(0), mixed(1)], [0, 0xb456_bcfc_34c2_cb2c]);
        let minute = |namespace, name| hash(namespace, name).map(|hash| hash % 60);
        assert_eq!(minute(None, "backup"), Some(27));
        assert_eq!(minute(Some(""), "backup"), Some(27));
        assert_eq!(minute(Some("default"), "backup"), Some(8));
        assert_eq!(minute(Some("batch"), "report-01"), Some(57));
        assert_eq!(minute(Some("batch"), "report-02"), Some(12));
        assert_eq!(minute(Some("batch"), "zero-182"), Some(0));
        assert_eq!(minute(Some("batch"), ""), None);
    }

    #[test]
    fn minutes_that_everybody_writes() {
        for (expression, expected) in [
            ("0 * * * *", Some("57 * * * *")),
            ("0 2 * * *", Some("57 2 * * *")),
            ("00 02 * * *", Some("57 02 * * *")),
            (" 0\t1,13  */2 jan-MAR ? ", Some(" 57\t1,13  */2 jan-MAR ? ")),
            ("TZ=Europe/Berlin 0 2 * * *", Some("TZ=Europe/Berlin 57 2 * * *")),
            ("*/2 * * * *", Some("1-59/2 * * * *")),
            ("*/5 8-18 * * 1-5", Some("2-59/5 8-18 * * 1-5")),
            ("*/05 * * * *", Some("2-59/05 * * * *")),
            ("*/30 * * * *", Some("27-59/30 * * * *")),
            // Its first minute is 0 by the hash, too.
            ("*/3 * * * *", None),
            ("* * * * *", None),
            ("*/1 * * * *", None),
            ("*/7 * * * *", None),
            ("*/60 * * * *", None),
            ("*/0 * * * *", None),
            ("0,30 * * * *", None),
            ("0, * * * *", None),
            ("0-0 * * * *", None),
            ("0/5 * * * *", None),
            ("5 * * * *", None),
            ("57 * * * *", None),
            ("2-59/5 * * * *", None),
            ("@daily", None),
            ("TZ=UTC @daily", None),
            ("@every 1h", None),
            ("0 2 * *", None),
            ("0 25 * * *", None),
            ("", None),
        ] {
            assert_eq!(spread(expression, Some("batch"), "report-01").as_deref(), expected, "{expression}");
        }
        assert_eq!(spread("0 * * * *", Some("batch"), "zero-182"), None);
        assert_eq!(spread("0 * * * *", Some("batch"), ""), None);
    }

    #[test]
    fn descriptors() {
        let spread = |expression| spread_descriptor(expression, Some("batch"), "report-01");
        for (expression, expected) in [
            ("@hourly", Some("57 * * * *")),
            ("@daily", Some("57 0 * * *")),
            ("@midnight", Some("57 0 * * *")),
            ("@weekly", Some("57 0 * * 0")),
            ("@monthly", Some("57 0 1 * *")),
            ("@yearly", Some("57 0 1 1 *")),
            ("@annually", Some("57 0 1 1 *")),
            ("@every 1h", None),
            ("@Daily", None),
            ("@daily ", None),
            ("0 0 * * *", None),
            ("", None),
        ] {
            assert_eq!(spread(expression).as_deref(), expected, "{expression}");
        }
        assert_eq!(spread_descriptor("@daily", None, "").as_deref(), None);
        assert_eq!(spread_descriptor("@daily", Some("batch"), "zero-182").as_deref(), Some("0 0 * * *"));
    }

    /// Chi-squared over the 60 minutes: 59 on average, and above 110 once in 50,000 times. The names are as people
    /// number them.
    #[test]
    fn evenly_distributed() {
        let numbered = |prefix: &'static str| move |number: usize| format!("{prefix}{number}");
        let names: [Box<dyn Fn(usize) -> String>; 4] = [
            Box::new(numbered("report-")),
            Box::new(numbered("")),
            Box::new(|number| format!("team-{}-cleanup", number)),
            Box::new(|number| format!("{:04}", number)),
        ];
        for (kind, name) in names.iter().enumerate() {
            for namespace in [None, Some("batch"), Some("team-a")] {
                let mut counts = [0_u32; 60];
                for number in 0..6_000 {
                    counts[usize::try_from(hash(namespace, &name(number)).unwrap() % 60).unwrap()] += 1;
                }
                let chi_squared: f64 =
                    counts.iter().map(|count| (f64::from(*count) - 100.0).powi(2) / 100.0).sum();
                assert!(chi_squared < 110.0, "{kind} {namespace:?}: {chi_squared} {counts:?}");
            }
        }
    }

    /// The runs of three days, each as its hour and its minute.
    fn runs(schedule: &str) -> Vec<(i64, i64)> {
        let start: Timestamp = "2027-02-27T00:00:00Z".parse().unwrap();
        let schedule = Schedule::parse(schedule).unwrap();
        let before = Timestamp::from_second(start.as_second() - 1).unwrap();
        let utc = TimeZone::UTC;
        let minutes = schedule.upcoming(before, &utc).map(|time| time.as_second() / 60);
        let minutes = minutes.map(|minute| minute - start.as_second() / 60);
        minutes.take_while(|minute| *minute < 3 * 24 * 60).map(|minute| (minute / 60, minute % 60)).collect()
    }

    fn hours(runs: &[(i64, i64)]) -> Vec<i64> {
        runs.iter().map(|(hour, _)| *hour).collect()
    }

    proptest! {
        #[test]
        fn as_often_and_in_the_same_hours(
            minute in "(0|00|\\*/(2|3|4|5|6|10|12|15|20|30))",
            blank in "[ \t]{1,3}",
            rest in "(\\*|\\*/[1-9]|1?[0-9](,2[0-3])?) (\\*|[12]?[1-9]) (\\*|[1-3]|FEB) (\\*|[0-6]|MON-FRI)",
            namespace in prop::option::of("[a-z]{1,8}"),
            name in "[a-z]{1,8}(-[0-9]{1,3})?",
        ) {
            let written = format!("{minute}{blank}{rest}");
            prop_assume!(Schedule::parse(&written).is_ok());
            let Some(now) = spread(&written, namespace.as_deref(), &name) else {
                let hash = hash(namespace.as_deref(), &name).unwrap();
                let step = minute.strip_prefix("*/").map_or(60, |step| step.parse().unwrap());
                prop_assert_eq!(hash % step, 0);
                return Ok(());
            };
            prop_assert_eq!(spread(&now, namespace.as_deref(), &name), None, "a second time");
            prop_assert_eq!(spread(&now, Some("another"), &name), None, "under another name");
            let (_, kept) = written.split_at(minute.len());
            prop_assert!(now.ends_with(kept));
            prop_assert_eq!(hours(&runs(&written)), hours(&runs(&now)));
            prop_assert!(runs(&now).iter().all(|(_, minute)| *minute != 0));
            let minutes = |text: &str| Schedule::parse(text).unwrap().field(FieldKind::Minute).unwrap().set();
            prop_assert_eq!(minutes(&written).len(), minutes(&now).len());
        }

        #[test]
        fn a_descriptor_gets_a_minute_and_no_more(index in 0..DESCRIPTORS.len(), name in "[a-z]{1,12}") {
            let (descriptor, _) = DESCRIPTORS[index];
            let now = spread_descriptor(descriptor, None, &name).unwrap();
            let (before, after) = (Schedule::parse(descriptor).unwrap(), Schedule::parse(&now).unwrap());
            let sets = |schedule: &Schedule| schedule.fields().iter().map(|field| (field.set(), field.is_star())).collect::<Vec<_>>();
            let (before, after) = (sets(&before), sets(&after));
            prop_assert_eq!(&before[1..], &after[1..]);
            let minute = u8::try_from(hash(None, &name).unwrap() % 60).unwrap();
            prop_assert_eq!(after[0].0, FieldSet::range(minute, minute, 1));
            prop_assert_eq!(spread_descriptor(&now, None, &name), None);
            prop_assert_eq!(spread(&now, None, &name), None, "stable");
        }
    }
}
