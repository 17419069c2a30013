//! Schedules that are no cron at all: those of AWS, calendar expressions of systemd, and intervals in words. Each is
//! recognised, and written in five fields where these say the same for certain.

use super::expression;
use super::scheduler::Scheduler;
use super::six_fields;
use jobguard_text::duration;

const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const WHOLE_WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// Whose schedule it is, and the same as Kubernetes writes it; that is none where it cannot be said, or not for certain.
pub(super) fn recognise(text: &str) -> Option<(Scheduler, Option<String>)> {
    let lower = text.to_ascii_lowercase();
    let (scheduler, equivalent) = if let Some(call) = lower.strip_prefix("cron(") {
        (Scheduler::Aws, call.strip_suffix(')').and_then(aws_cron))
    } else if let Some(call) = lower.strip_prefix("rate(") {
        (Scheduler::Aws, call.strip_suffix(')').and_then(interval))
    } else if let Some(rest) = lower.strip_prefix("every ") {
        (Scheduler::Interval, interval(rest).or_else(|| weekly(rest)))
    } else if is_duration(&lower) {
        (Scheduler::Interval, Some(format!("@every {lower}")))
    } else {
        (Scheduler::Systemd, calendar(&lower)?)
    };
    // What is offered is a schedule, whatever went in.
    Some((scheduler, equivalent.filter(|same| expression::read(same, 0).is_ok())))
}

/// `5m`, `1h30m`: what `@every` takes.
fn is_duration(text: &str) -> bool {
    let is_made_of = |c: char| c.is_ascii_digit() || matches!(c, 'h' | 'm' | 's');
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(is_made_of)
        && duration::parse(text).is_ok_and(|length| length > 0)
}

/// Six fields from the minute to the year. The zone is UTC there, unless it is set elsewhere.
fn aws_cron(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day, month, weekday, year] = words[..] else { return None };
    // Years cannot be said, and are not to be lost without a word.
    if !matches!(year, "*" | "?") {
        return None;
    }
    let weekday = weekday.split(',').map(aws_weekdays).collect::<Option<Vec<_>>>()?.join(",");
    // With a second in front these are the fields of Quartz, from which AWS has them.
    let seven = ["0", minute, hour, day, month, &weekday, year].map(|word| (word, 0));
    let same = six_fields::as_five(&seven)?;
    Some(same.replace('?', "*").to_ascii_uppercase())
}

/// An element of the weekdays, by their names: AWS counts from 1, which is Sunday.
fn aws_weekdays(element: &str) -> Option<String> {
    let name = |end: &str| {
        let Ok(number) = end.parse::<usize>() else { return Some(end.to_owned()) };
        Some((*WEEKDAYS.get(number.checked_sub(1)?)?).to_owned())
    };
    match element.split_once('-') {
        Some((first, last)) => Some(format!("{}-{}", name(first)?, name(last)?)),
        None => name(element),
    }
}

/// `5 minutes`, `2h`, `hour`.
fn interval(text: &str) -> Option<String> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: u32 = if number.is_empty() { 1 } else { number.parse().ok().filter(|number| *number > 0)? };
    // Where the parts of an hour or a day are all alike, the clock can tell them.
    Some(match (unit.trim(), number) {
        ("m" | "min" | "mins" | "minute" | "minutes", 1) => "* * * * *".to_owned(),
        ("m" | "min" | "mins" | "minute" | "minutes", 60) => "0 * * * *".to_owned(),
        ("m" | "min" | "mins" | "minute" | "minutes", _) if number < 60 && 60 % number == 0 => {
            format!("*/{number} * * * *")
        }
        ("m" | "min" | "mins" | "minute" | "minutes", _) => format!("@every {number}m"),
        ("h" | "hr" | "hrs" | "hour" | "hours", 1) => "0 * * * *".to_owned(),
        ("h" | "hr" | "hrs" | "hour" | "hours", 24) | ("d" | "day" | "days", 1) => "0 0 * * *".to_owned(),
        ("h" | "hr" | "hrs" | "hour" | "hours", _) if number < 24 && 24 % number == 0 => {
            format!("0 */{number} * * *")
        }
        ("h" | "hr" | "hrs" | "hour" | "hours", _) => format!("@every {number}h"),
        ("d" | "day" | "days", _) => format!("@every {}h", number.checked_mul(24)?),
        _ if is_duration(text) => format!("@every {text}"),
        _ => return None,
    })
}

/// `day at 3:00`, `monday 09:30`.
fn weekly(text: &str) -> Option<String> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    words.retain(|word| *word != "at");
    let [day, time] = words[..] else { return None };
    let weekday = match day {
        "day" => "*",
        _ => weekday_name(day)?,
    };
    let (hour, minute) = time.split_once(':')?;
    Some(format!("{} {} * * {weekday}", number(minute)?, number(hour)?))
}

fn weekday_name(word: &str) -> Option<&'static str> {
    let position = WHOLE_WEEKDAYS.iter().position(|whole| *whole == word || whole[..3] == *word)?;
    Some(WEEKDAYS[position])
}

/// A number of two digits at most, without leading zeros.
fn number(text: &str) -> Option<u32> {
    let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// `Mon..Fri *-*-01 03:00:00`: weekdays, a date and a time, of which some may be left out; none where it is no such
/// expression.
fn calendar(text: &str) -> Option<Option<String>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_weekdays =
        |word: &str| word.split([',', '.']).all(|name| name.is_empty() || weekday_name(name).is_some());
    let is_chain = |c: char| c.is_ascii_digit() || matches!(c, '*' | ',' | '.' | '/' | '~');
    let is_date = |word: &str| {
        matches!(word.split('-').count(), 2 | 3)
            && word.split('-').all(|part| !part.is_empty() && part.chars().all(is_chain))
            // A range of numbers is not one.
            && (word.starts_with('*') || word.split('-').count() == 3)
    };
    let is_time = |word: &str| {
        matches!(word.split(':').count(), 2 | 3)
            && word.split(':').all(|part| !part.is_empty() && part.chars().all(is_chain))
    };
    let mut rest = &words[..];
    let mut take = |is_it: &dyn Fn(&str) -> bool| {
        let (first, others) = rest.split_first().filter(|(first, _)| is_it(first))?;
        rest = others;
        Some(*first)
    };
    let weekdays = take(&is_weekdays);
    let date = take(&is_date);
    let time = take(&is_time);
    let zone = take(&|word| word == "utc" || word.contains('/'));
    if !rest.is_empty() || (date.is_none() && time.is_none()) {
        return None;
    }
    Some(as_fields(weekdays, date, time).filter(|_| zone.is_none()))
}

fn as_fields(weekdays: Option<&str>, date: Option<&str>, time: Option<&str>) -> Option<String> {
    let weekdays = match weekdays {
        Some(written) => {
            let part = |part: &str| match part.split_once("..") {
                Some((first, last)) => Some(format!("{}-{}", weekday_name(first)?, weekday_name(last)?)),
                None => weekday_name(part).map(str::to_owned),
            };
            written.split(',').map(part).collect::<Option<Vec<_>>>()?.join(",")
        }
        None => "*".to_owned(),
    };
    let parts: Vec<&str> = date.unwrap_or("*-*-*").split('-').collect();
    let (month, day) = match parts[..] {
        ["*", month, day] | [month, day] => (chain(month)?, chain(day)?),
        _ => return None,
    };
    // Both have to fit there, and here either does.
    if weekdays != "*" && day != "*" {
        return None;
    }
    let parts: Vec<&str> = time.unwrap_or("0:0").split(':').collect();
    let (hour, minute) = match parts[..] {
        [hour, minute] => (hour, minute),
        [hour, minute, second] if number(second) == Some(0) => (hour, minute),
        _ => return None,
    };
    Some(format!("{} {} {day} {month} {weekdays}", chain(minute)?, chain(hour)?))
}

/// A part of a date or a time: `*`, numbers, ranges with two dots, and steps from a number on.
fn chain(text: &str) -> Option<String> {
    if text == "*" {
        return Some(text.to_owned());
    }
    let element = |element: &str| {
        let (start, step) = match element.split_once('/') {
            Some((start, step)) => (start, Some(number(step)?)),
            None => (element, None),
        };
        let start = match start.split_once("..") {
            Some((first, last)) => format!("{}-{}", number(first)?, number(last)?),
            None => number(start)?.to_string(),
        };
        Some(step.map_or_else(|| start.clone(), |step| format!("{start}/{step}")))
    };
    Some(text.split(',').map(element).collect::<Option<Vec<_>>>()?.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(text: &str) -> Option<String> {
        recognise(text).and_then(|(_, same)| same)
    }

    #[test]
    fn schedules_of_aws() {
        for (text, expected) in [
            ("cron(0 12 * * ? *)", Some("0 12 * * *")),
            ("cron(15 10 ? * MON-FRI *)", Some("15 10 * * MON-FRI")),
            // 1 is Sunday there.
            ("cron(0 18 ? * 2-6 *)", Some("0 18 * * MON-FRI")),
            ("cron(0 8 ? * 1,7 *)", Some("0 8 * * SUN,SAT")),
            ("cron(0/15 * * * ? *)", Some("0/15 * * * *")),
            ("cron(0 9 1 * ? *)", Some("0 9 1 * *")),
            ("cron(0 9 L * ? *)", None),
            ("cron(0 9 ? * 6#3 *)", None),
            ("cron(0 9 ? * 0 *)", None),
            ("cron(0 9 1 1 ? 2027)", None),
            ("cron(0 12 * * ? 2026-2030)", None),
            ("cron(0 9)", None),
            ("rate(5 minutes)", Some("*/5 * * * *")),
            ("rate(1 minute)", Some("* * * * *")),
            ("rate(1 hour)", Some("0 * * * *")),
            ("rate(1 day)", Some("0 0 * * *")),
            ("rate(7 days)", Some("@every 168h")),
            ("rate(7 minutes)", Some("@every 7m")),
            ("rate(0 minutes)", None),
            ("rate(x)", None),
        ] {
            assert_eq!(recognise(text).map(|(scheduler, _)| scheduler), Some(Scheduler::Aws), "{text}");
            assert_eq!(same(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn intervals() {
        for (text, expected) in [
            ("every 5 minutes", Some("*/5 * * * *")),
            ("Every 2 Hours", Some("0 */2 * * *")),
            ("every 5h", Some("@every 5h")),
            ("every minute", Some("* * * * *")),
            ("every 1h30m", Some("@every 1h30m")),
            ("every day at 3:00", Some("0 3 * * *")),
            ("every monday 09:30", Some("30 9 * * MON")),
            ("every second monday", None),
            ("every week", None),
            ("every 30 seconds", None),
            ("every day at 25:00", None),
            ("5m", Some("@every 5m")),
            ("1h30m", Some("@every 1h30m")),
        ] {
            assert_eq!(recognise(text).map(|(scheduler, _)| scheduler), Some(Scheduler::Interval), "{text}");
            assert_eq!(same(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn calendars_of_systemd() {
        for (text, expected) in [
            ("*-*-* 03:00:00", Some("0 3 * * *")),
            ("03:00", Some("0 3 * * *")),
            ("Mon..Fri 10:30", Some("30 10 * * MON-FRI")),
            ("Mon,Thu *-*-* 00:00:00", Some("0 0 * * MON,THU")),
            ("*:0/15", Some("0/15 * * * *")),
            ("*-*-01 04:00:00", Some("0 4 1 * *")),
            ("*-01,07-01", Some("0 0 1 1,7 *")),
            ("*-*-1..7 8..18:00", Some("0 8-18 1-7 * *")),
            // The first Monday: both have to fit.
            ("Mon *-*-1..7 00:00", None),
            ("*-*-* *:*:30", None),
            ("2027-01-01 00:00:00", None),
            ("*-*~01 00:00", None),
            ("*-*-* 03:00:00 Europe/Berlin", None),
        ] {
            assert_eq!(recognise(text).map(|(scheduler, _)| scheduler), Some(Scheduler::Systemd), "{text}");
            assert_eq!(same(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_none_of_them() {
        for text in [
            "",
            "*",
            "1-5",
            "1-5 * * * *",
            "MON",
            "mon fri",
            "0 3 * *",
            "5",
            "x y",
            "0:30 3 * * *",
            "0m",
            "*/5",
        ] {
            assert_eq!(recognise(text), None, "{text}");
        }
    }
}
