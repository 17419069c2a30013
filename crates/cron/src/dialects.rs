//! Schedules of other programs: recognised in what is refused, so that the message can say what it is.

use super::descriptors::DESCRIPTORS;
use super::error::{ForeignSyntax, ParseError, ParseErrorKind};
use super::expression::{self, words};
use super::field::Field;
use super::field_kind::FieldKind;
use super::other_schedulers;
use super::quartz::QuartzDay;
use super::six_fields;

/// Bytes of an expression beyond which nothing is looked for.
pub(super) const LONGEST: usize = 512;

/// What a refused expression is, where that says more than the first fault that was found in it.
pub(super) fn recognise(text: &str, at: usize) -> Option<ParseError> {
    if text.len() > LONGEST {
        return None;
    }
    let whole = at..at + text.len();
    let trimmed = text.trim();
    let error = |kind| Some(ParseError::new(whole.clone(), None, trimmed, kind));
    if trimmed.is_empty() {
        return error(ParseErrorKind::Empty);
    }
    if ["{{", "{%", "${", "$(", "<%"].iter().any(|mark| text.contains(mark)) || trimmed.starts_with('$') {
        return error(ParseErrorKind::Template);
    }
    for quote in ['"', '\''] {
        if let Some(inner) = trimmed.strip_prefix(quote) {
            let inner = inner.strip_suffix(quote).unwrap_or(inner).trim().to_owned();
            return error(ParseErrorKind::Quoted { inner });
        }
    }
    if let Some((scheduler, equivalent)) = other_schedulers::recognise(trimmed) {
        return error(ParseErrorKind::OtherScheduler { scheduler, equivalent });
    }
    if ["TZ=", "CRON_TZ="].iter().any(|prefix| starts_with_ignoring_case(trimmed, prefix)) {
        let (zone, schedule) = trimmed.split_once(char::is_whitespace).unwrap_or((trimmed, ""));
        let zone = zone.split_once('=').map_or("", |(_, zone)| zone).to_owned();
        return error(ParseErrorKind::TimeZonePrefix { zone, schedule: schedule.trim().to_owned() });
    }
    if starts_with_ignoring_case(trimmed, "@reboot") {
        return error(ParseErrorKind::Reboot);
    }
    if trimmed.starts_with('@') && trimmed != text && expression::read(trimmed, 0).is_ok() {
        return error(ParseErrorKind::SurroundingSpace { inner: trimmed.to_owned() });
    }
    let bare = trimmed.trim_start_matches('@');
    if let Some((descriptor, _)) = DESCRIPTORS.iter().find(|(name, _)| name[1..].eq_ignore_ascii_case(bare)) {
        return error(ParseErrorKind::DescriptorSpelling { descriptor });
    }
    if let Some((offset, letter)) = text.char_indices().find(|(_, letter)| lookalike(*letter).is_some()) {
        let span = at + offset..at + offset + letter.len_utf8();
        let kind = ParseErrorKind::Lookalike { meant: lookalike(letter).flatten() };
        return Some(ParseError::new(span, None, letter.encode_utf8(&mut [0; 4]), kind));
    }
    foreign_element(text, at)
}

/// The first element of five fields (or six) that is another cron's.
fn foreign_element(text: &str, at: usize) -> Option<ParseError> {
    let words = words(text, at);
    if words.len() != FieldKind::ALL.len() {
        return None;
    }
    for (kind, &(word, start)) in FieldKind::ALL.into_iter().zip(&words) {
        let mut start = start;
        for element in word.split(',') {
            let span = start..start + element.len();
            if let Some(mut syntax) = foreign_syntax(kind, element) {
                if let ForeignSyntax::Quartz { day, schedule } = &mut syntax {
                    let nearest = day.schedule(&words, kind, element);
                    *schedule = nearest.filter(|nearest| expression::read(nearest, 0).is_ok());
                }
                let kind_of_error = ParseErrorKind::Foreign(syntax);
                return Some(ParseError::new(span, Some(kind), element, kind_of_error));
            }
            // The first fault is the one to report; only what comes before it has been looked at.
            Field::parse(kind, element, start).ok()?;
            start = span.end + 1;
        }
    }
    None
}

/// Whether an element of a field is another cron's syntax.
fn foreign_syntax(kind: FieldKind, element: &str) -> Option<ForeignSyntax> {
    let upper = element.to_ascii_uppercase();
    let number = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    if let Some(rest) = upper.strip_prefix('H')
        && (rest.is_empty() || rest.starts_with(['/', '(']))
    {
        return Some(ForeignSyntax::Hashed);
    }
    if let Some((low, high)) = upper.split_once('~')
        && [low, high].iter().all(|end| end.is_empty() || number(end))
    {
        return Some(ForeignSyntax::Random);
    }
    let day = QuartzDay::parse(kind, &upper)?;
    Some(ForeignSyntax::Quartz { day, schedule: None })
}

/// Explains an expression that has not five words.
pub(super) fn wrong_count(text: &str, at: usize, words: &[(&str, usize)]) -> ParseError {
    let found = words.len();
    let error = |span, kind| ParseError::new(span, None, text, kind);
    let whole = match (words.first(), words.last()) {
        (Some((_, first)), Some((word, last))) => *first..*last + word.len(),
        _ => return error(at..at + text.len(), ParseErrorKind::Empty),
    };
    let span_of = |(word, start): &(&str, usize)| *start..*start + word.len();
    let fits = |words: &[(&str, usize)]| {
        FieldKind::ALL.iter().zip(words).all(|(kind, (word, at))| Field::parse(*kind, word, *at).is_ok())
    };
    let join = |words: &[(&str, usize)]| words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" ");
    if text.len() > LONGEST {
        let too_few = ParseErrorKind::TooFewFields { found, completed: None };
        return error(whole, if found < 5 { too_few } else { ParseErrorKind::TooManyFields { found } });
    }
    if found < 5 {
        let completed = fits(words).then(|| join(words) + &" *".repeat(5 - found));
        return error(whole, ParseErrorKind::TooFewFields { found, completed });
    }
    let sixth = &words[5];
    if fits(&words[..5]) && is_command(sixth.0) {
        return error(sixth.1..whole.end, ParseErrorKind::Command { schedule: join(&words[..5]) });
    }
    let seconds = Field::parse(FieldKind::Minute, words[0].0, words[0].1).is_ok();
    match found {
        6 if is_year(sixth.0) => error(span_of(sixth), ParseErrorKind::YearField),
        6 if seconds => {
            error(span_of(&words[0]), ParseErrorKind::SecondsField { equivalent: six_fields::as_five(words) })
        }
        7 if seconds && (is_year(words[6].0) || matches!(words[6].0, "*" | "?")) => {
            error(whole, ParseErrorKind::SecondsAndYear { equivalent: six_fields::as_five(words) })
        }
        _ => error(words[5].1..whole.end, ParseErrorKind::TooManyFields { found }),
    }
}

/// Whether a sixth word looks like a program's name rather than a field.
pub(super) fn is_command(word: &str) -> bool {
    let field = Field::parse(FieldKind::Weekday, word, 0).is_ok();
    let foreign = foreign_syntax(FieldKind::Weekday, word).is_some();
    !field
        && !foreign
        && word.len() > 1
        && word.starts_with(|first: char| first.is_alphabetic() || first == '/')
}

/// Whether a word is a year, or a list, range or step of years.
fn is_year(word: &str) -> bool {
    let first = word.split([',', '-', '/']).next().unwrap_or(word);
    first.len() == 4 && matches!(first.parse(), Ok(1970_u16..=2199))
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|piece| piece.eq_ignore_ascii_case(start))
}

/// For a character that is taken for one of a schedule's: the one that is meant, or none for one that is not seen.
fn lookalike(letter: char) -> Option<Option<char>> {
    match letter {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}' => Some(Some('-')),
        '\u{2217}' | '\u{204e}' | '\u{ff0a}' | '\u{2731}' | '\u{2a2f}' | '\u{d7}' => Some(Some('*')),
        '\u{ff0c}' | '\u{3001}' | '\u{201a}' => Some(Some(',')),
        '\u{ff0f}' | '\u{2044}' | '\u{2215}' => Some(Some('/')),
        '\u{ff1f}' => Some(Some('?')),
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '\0' => {
            Some(None)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::tests::report;
    use crate::schedule::Schedule;

    #[test]
    fn messages() {
        let expressions = [
            "0 0 12 * * ?",
            "0 0 12 * * 2",
            "*/10 * * * * *",
            "0 0 1 1 * 2027",
            "0 0 12 * * ? *",
            "0 0 12 ? * MON 2027",
            "* * * * * * * *",
            "*/5",
            "0 3 * *",
            "x y",
            "0 5 * * 1 /bin/backup --all",
            "@reboot",
            "@Daily",
            "daily",
            " @every 1h",
            "@dayly",
            "@sometimes",
            "@every",
            "@every 1d",
            "@every 5 minutes",
            "@every 10",
            "@every 9999999999999h",
            "rate(5 minutes)",
            "cron(0 12 * * ? *)",
            "cron(0 9 L * ? *)",
            "rate(7 minutes)",
            "every 5 minutes",
            "every second monday",
            "*-*-* 03:00:00",
            "Mon *-*-1..7 00:00",
            "\"0 5 * * *\"",
            "{{ .Values.schedule }}",
            "0 9\u{2013}17 * * *",
            "0 0 L * *",
            "0 0 15W * *",
            "0 0 * * 5#2",
            "0 0 * * FRIL",
            "H 3 * * *",
            "0~59 3 * * *",
            "0 0 * * 7",
            "0 0 * * 1-7",
            "0 0 * * 0-7",
            "0 0 * * 7-7/2",
            "0 0 * * 7-7",
            "0 0 * * SAT-7",
            "0 0 * * 3-7/2",
            "TZ=Europe/Berlin 0 0 * * *",
            "tz=UTC 0 0 * * *",
        ];
        insta::assert_snapshot!(expressions.map(report).join("\n"), @r#"
        0 0 12 * * ?
        ^
        the schedule has six fields, of which the first looks like seconds; write the five fields from the minute on: `0 12 * * ?`

        0 0 12 * * 2
        ^
        the schedule has six fields, of which the first looks like seconds; leave it out: a CronJob starts on the minute (weekdays count from 0, Sunday)

        */10 * * * * *
        ^^^^
        the schedule has six fields, of which the first looks like seconds; leave it out: a CronJob starts on the minute (weekdays count from 0, Sunday)

        0 0 1 1 * 2027
                  ^^^^
        the schedule has six fields, of which the last looks like a year; leave it out: a schedule comes back every year

        0 0 12 * * ? *
        ^^^^^^^^^^^^^^
        the schedule has seven fields, as with seconds and a year; write the five fields from the minute on: `0 12 * * ?`

        0 0 12 ? * MON 2027
        ^^^^^^^^^^^^^^^^^^^
        the schedule has seven fields, as with seconds and a year; leave out the first and the last: Kubernetes has neither (weekdays count from 0, Sunday)

        * * * * * * * *
                  ^^^^^
        the schedule has 8 fields, not five; write minute, hour, day of month, month and weekday, separated by spaces

        */5
        ^^^
        the schedule has one field, not five; put `*` where any value will do: `*/5 * * * *`

        0 3 * *
        ^^^^^^^
        the schedule has 4 fields, not five; put `*` where any value will do: `0 3 * * *`

        x y
        ^^^
        the schedule has 2 fields, not five; write minute, hour, day of month, month and weekday, separated by spaces

        0 5 * * 1 /bin/backup --all
                  ^^^^^^^^^^^^^^^^^
        a command follows the schedule, as in a crontab; write `0 5 * * 1` here, and the command in the container of the jobTemplate

        @reboot
        ^^^^^^^
        Kubernetes has no `@reboot`; use a DaemonSet for what each node start needs, or a Job for what runs once

        @Daily
        ^^^^^^
        `@Daily` is not spelt correctly; write `@daily`

        daily
        ^^^^^
        `daily` is not spelt correctly; write `@daily`

         @every 1h
        ^^^^^^^^^^
        there is white space around the schedule; write `@every 1h` alone

        @dayly
        ^^^^^^
        there is no descriptor `@dayly`; did you mean `@daily`?

        @sometimes
        ^^^^^^^^^^
        there is no descriptor `@sometimes`; write @yearly, @monthly, @weekly, @daily, @hourly, `@every 1h30m`, or five fields

        @every
        ^^^^^^
        `@every` needs a duration after one space; write numbers with units h, m or s, without spaces: `@every 1h30m`

        @every 1d
                ^
        `d` is not a unit of a duration; write a day as 24h, or use `@daily`

        @every 5 minutes
                ^^^^^^^^
        ` minutes` is not a unit of a duration; write numbers with units h, m or s, without spaces: `@every 1h30m`

        @every 10
               ^^
        `10` has no unit in the duration; write numbers with units h, m or s, without spaces: `@every 1h30m`

        @every 9999999999999h
               ^^^^^^^^^^^^^^
        the duration `9999999999999h` is too long; write less than 292 years, in hours at most

        rate(5 minutes)
        ^^^^^^^^^^^^^^^
        this is the syntax of AWS schedules; write `*/5 * * * *`

        cron(0 12 * * ? *)
        ^^^^^^^^^^^^^^^^^^
        this is the syntax of AWS schedules; write `0 12 * * *`; AWS counts in UTC where no zone is set

        cron(0 9 L * ? *)
        ^^^^^^^^^^^^^^^^^
        this is the syntax of AWS schedules; write five fields, such as `0 12 * * *`, or `@every 5m`

        rate(7 minutes)
        ^^^^^^^^^^^^^^^
        this is the syntax of AWS schedules; write `@every 7m`

        every 5 minutes
        ^^^^^^^^^^^^^^^
        a schedule does not name intervals and times in this form; write `*/5 * * * *`

        every second monday
        ^^^^^^^^^^^^^^^^^^^
        a schedule does not name intervals and times in this form; write five fields, such as `0 12 * * *`, or `@every 5m`

        *-*-* 03:00:00
        ^^^^^^^^^^^^^^
        this is a calendar expression of systemd; write `0 3 * * *`

        Mon *-*-1..7 00:00
        ^^^^^^^^^^^^^^^^^^
        this is a calendar expression of systemd; write five fields, such as `0 12 * * *`, or `@every 5m`

        "0 5 * * *"
        ^^^^^^^^^^^
        quotation marks are part of the schedule; write `0 5 * * *` without them

        {{ .Values.schedule }}
        ^^^^^^^^^^^^^^^^^^^^^^
        the schedule contains a placeholder that was not filled in; render the template first

        0 9–17 * * *
           ^
        the character U+2013 cannot be part of a schedule; write `-`

        0 0 L * *
            ^
        `L` (the last day of the month) is syntax of Quartz that Kubernetes does not know; five fields cannot say it: run on days 28-31, `0 0 28-31 * *`, and let the program check whether tomorrow is the 1st

        0 0 15W * *
            ^^^
        `15W` (the working day nearest to the 15th) is syntax of Quartz that Kubernetes does not know; five fields cannot say it: run on days 14-16, `0 0 14-16 * *`, and let the program check whether it is the working day that is meant

        0 0 * * 5#2
                ^^^
        `5#2` (the 2nd Friday of the month) is syntax of Quartz that Kubernetes does not know; five fields cannot say it: run on every Friday, `0 0 * * 5`, and let the program check whether the day of the month is from 8 to 14; Quartz itself counts from Sunday as 1, so that from there it is Thursday

        0 0 * * FRIL
                ^^^^
        `FRIL` (the last Friday of the month) is syntax of Quartz that Kubernetes does not know; five fields cannot say it: run on every Friday, `0 0 * * 5`, and let the program check whether seven days later another month has begun

        H 3 * * *
        ^
        `H` (a time spread by hash) is syntax of Jenkins that Kubernetes does not know; choose a value, another one for each CronJob

        0~59 3 * * *
        ^^^^
        `0~59` (a random time) is syntax of other cron programs that Kubernetes does not know; choose a value, another one for each CronJob

        0 0 * * 7
                ^
        weekday 7 does not exist in Kubernetes; write 0 or SUN for Sunday

        0 0 * * 1-7
                ^^^
        weekday 7 does not exist in Kubernetes; write 0 or SUN for Sunday: `1-6,0`

        0 0 * * 0-7
                ^^^
        weekday 7 does not exist in Kubernetes; write 0 or SUN for Sunday: `0-6`

        0 0 * * 7-7/2
                ^
        weekday 7 does not exist in Kubernetes; write 0 or SUN for Sunday

        0 0 * * 7-7
                ^
        weekday 7 does not exist in Kubernetes; write 0 or SUN for Sunday

        0 0 * * SAT-7
                ^^^^^
        weekday 7 does not exist in Kubernetes; write 0 or SUN for Sunday: `SAT,0`

        0 0 * * 3-7/2
                  ^
        weekday 7 does not exist in Kubernetes; write 0 or SUN for Sunday

        TZ=Europe/Berlin 0 0 * * *
        ^^^^^^^^^^^^^^^^
        the schedule contains a time zone, which Kubernetes refuses there; remove it, and set `timeZone: Europe/Berlin` in the CronJob's spec

        tz=UTC 0 0 * * *
        ^^^^^^^^^^^^^^^^
        the schedule contains a time zone, which Kubernetes refuses there; remove it, and set `timeZone: UTC` in the CronJob's spec
        "#);
    }

    #[test]
    fn characters_that_are_not_seen() {
        let error = Schedule::parse("0 0 * * *\u{200b}").unwrap_err();
        assert_eq!(error.span, 9..12);
        assert_eq!(error.kind, ParseErrorKind::Lookalike { meant: None });
        assert!(error.problem().contains("U+200B"));
    }
}
