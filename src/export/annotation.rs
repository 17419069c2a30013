//! The suppression annotation, as API servers read it: by a regular expression, since CEL has no parser.

//!
//! CEL has no clock. An entry that had ended when the policy was exported has ended for good; one that had not counts until
//! the policy is exported again. So that what is exported is not another text every day, "when" is the first day of that
//! month.

use jiff::civil::Date;

use crate::policy::RuleSpec;

/// What `char::is_whitespace` takes for white space.
const SPACE: &str = r"\s\v\x{85}\p{Z}";

/// A regular expression for each entry of an annotation: what stands between semicolons that are in no reason.
pub(super) const ENTRY: &str = r"(?:[^;(]|\([^)]*\)?)+";

/// What comes before a word of an entry: nothing, or a separator, with no parenthesis left open before it.
fn before() -> String {
    format!(r"^(?:[^(]*(?:[{SPACE},;)]|\([^)]*\)))*")
}

/// The day before which an entry has ended, in what is exported on a day.
pub(super) fn cut_off(today: Date) -> Date {
    today.first_of_month()
}

/// A regular expression for entries of annotations that name the rule, or its category where that counts: at the
/// beginning or after a separator, with no parenthesis left open before it, and with a separator or a reason after it. Of
/// text that does not fit the annotation's grammar it takes more for a rule than the webhook does, never less.
pub(super) fn ignoring(spec: &RuleSpec, categories: bool) -> String {
    let id = spec.id.replace('-', r"\-");
    let names = if categories { format!(r"(?:{id}|{}/\*)", spec.category()) } else { id };
    format!(r"{}{names}(?:[{SPACE},;()]|$)", before())
}

/// A regular expression for entries whose last day is before `day`.
pub(super) fn ended(day: Date) -> String {
    let earlier = earlier_than(&day.to_string()).join("|");
    format!(r"{}until[{SPACE}]*=[{SPACE}]*(?:{earlier})(?:[{SPACE},;()]|$)", before())
}

/// Regular expressions that together match what is written like `text`, digit by digit, and comes before it.
fn earlier_than(text: &str) -> Vec<String> {
    let shape = |rest: &str| -> String {
        rest.chars().map(|c| if c.is_ascii_digit() { "[0-9]".to_owned() } else { format!(r"\{c}") }).collect()
    };
    let digits = text.char_indices().filter_map(|(at, c)| Some((at, c.to_digit(10)?)));
    digits
        .filter(|(_, digit)| *digit > 0)
        .map(|(at, digit)| {
            let same = text[..at].replace('-', r"\-");
            format!("{same}[0-{}]{}", digit - 1, shape(&text[at + 1..]))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::Date;

    use crate::engine::Annotation;
    use crate::rules::registry;

    const TODAY: &str = "2026-11-28";

    /// Reads annotations as what is exported does.
    struct Reader {
        entry: regex::Regex,
        ended: regex::Regex,
        names: regex::Regex,
    }

    impl Reader {
        fn of(names: &str) -> Self {
            let regex = |text: &str| regex::Regex::new(text).unwrap();
            let ended = ended(cut_off(TODAY.parse().unwrap()));
            Self { entry: regex(ENTRY), ended: regex(&ended), names: regex(names) }
        }

        fn is_match(&self, text: &str) -> bool {
            let mut entries = self.entry.find_iter(text).map(|entry| entry.as_str());
            entries.any(|entry| !self.ended.is_match(entry) && self.names.is_match(entry))
        }
    }

    #[test]
    fn an_entry_counts_to_the_end_of_the_month_before() {
        let spec = &registry().get("job/max-completions").unwrap().spec;
        let reader = Reader::of(&ignoring(spec, true));
        for (text, counts) in [
            ("job/max-completions until=2026-11-01", true),
            ("job/max-completions until=2026-10-31", false),
            ("job/max-completions until=2025-12-31 (x)", false),
            ("job/max-completions (x; y) until = 2019-01-01", false),
            ("job/max-completions (until=2019-01-01)", true),
            ("job/max-completions until=2026-12-01; cron/a until=2019-01-01", true),
            ("job/max-completions until=2019-01-01; cron/a until=2027-12-01", false),
            ("job/max-completions until=2019-01-01; job/* until=2027-01-01", true),
            ("job/max-completions until=2030-01-01", true),
            ("job/max-completions until=10000-01-01", true),
        ] {
            assert_eq!(reader.is_match(text), counts, "{text:?}");
            // Never stricter than the webhook.
            let names = Annotation::parse(text).names(TODAY.parse().unwrap());
            assert!(counts || names.iter().all(|name| !name.starts_with("job/")), "{text:?}");
        }
    }

    #[test]
    fn days_are_compared_by_their_digits() {
        let all: Vec<String> = [
            "0000-01-01",
            "1999-12-31",
            "2026-01-31",
            "2026-10-09",
            "2026-10-31",
            "2026-11-01",
            "2027-01-01",
        ]
        .map(str::to_owned)
        .to_vec();
        for day in &all {
            let earlier =
                earlier_than(day).iter().map(|one| format!("^{one}$")).collect::<Vec<_>>().join("|");
            let earlier = regex::Regex::new(&earlier).unwrap();
            for other in &all {
                assert_eq!(earlier.is_match(other), other < day, "{other} {day}");
            }
        }
    }

    #[test]
    fn the_annotation_suppresses_what_the_webhook_takes_it_to_suppress() {
        let spec = &registry().get("job/max-completions").unwrap().spec;
        let (both, ids) = (Reader::of(&ignoring(spec, true)), Reader::of(&ignoring(spec, false)));
        for text in [
            "job/max-completions",
            "job/*",
            "cron/a,job/max-completions",
            " \n job/max-completions\u{a0}until=2027-01-31 (a reason)",
            "job/max-completions(x)",
            "cron/a (job/max-completions, job/*)",
            "cron/a (x); job/max-completions",
            "cron/a (x (job/max-completions)); job/b",
            "cron/a (x (y)); job/max-completions; job/b",
            "cron/a (x; job/max-completions",
            "cron/a x); job/max-completions",
            "cron/a because; job/max-completions",
            "job/max-completions-2",
            "my-job/max-completions",
            "job/max-completions/x",
            "job/max",
            "job/max-completion",
            "(job/max-completions)",
            "job/*/x, cron/job/*",
            "",
        ] {
            let names = Annotation::parse(text).names(Date::MIN);
            let has = |name: &str| names.contains(&name);
            assert_eq!(ids.is_match(text), has("job/max-completions"), "{text:?}");
            assert_eq!(both.is_match(text), has("job/max-completions") || has("job/*"), "{text:?}");
        }
        // Never less, where the grammar is left.
        for text in [
            "cron/a because job/max-completions",
            "cron/a (x)job/max-completions",
            "cron/a job/max-completions",
            "job/max-completions until=2027-02-30",
        ] {
            assert!(both.is_match(text), "{text:?}");
            assert_eq!(Annotation::parse(text).names(Date::MIN), [""; 0], "{text:?}");
        }
    }
}
