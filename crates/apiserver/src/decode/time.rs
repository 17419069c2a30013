//! Times, as the API server reads them: RFC 3339 by Go's rules, in any year of four digits and any offset.

use k8s_openapi::jiff::Timestamp;

/// Stands for a time that the API server holds, and our own type does not: its years end a day earlier.
const UNHELD: &str = "9999-12-30T22:00:00Z";

/// Whether the text is a time such as `2026-01-31T12:00:00.5+01:00`.
pub(super) fn is_time(text: &str) -> bool {
    parts(text.as_bytes()).is_some()
}

/// A text that our own type reads, for a text that [`is_time`].
pub(super) fn held(text: &str) -> &str {
    if text.parse::<Timestamp>().is_ok() { text } else { UNHELD }
}

fn parts(text: &[u8]) -> Option<()> {
    let (year, rest) = number(text, 4)?;
    let (month, rest) = number(mark(rest, b"-")?, 2)?;
    let (day, rest) = number(mark(rest, b"-")?, 2)?;
    let (hour, rest) = number(mark(rest, b"T")?, 2)?;
    let (minute, rest) = number(mark(rest, b":")?, 2)?;
    let (second, mut rest) = number(mark(rest, b":")?, 2)?;
    if let Some(fraction) = mark(rest, b".,") {
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest = (digits > 0).then(|| &fraction[digits..])?;
    }
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let is_date = (1..=days).contains(&day);
    (is_date && hour < 24 && minute < 60 && second < 60 && is_zone(rest)).then_some(())
}

/// `Z`, or an offset; Go takes 24 hours and 60 minutes in it.
fn is_zone(text: &[u8]) -> bool {
    let offset = || {
        let (hours, rest) = number(mark(text, b"+-")?, 2)?;
        let (minutes, rest) = number(mark(rest, b":")?, 2)?;
        (rest.is_empty() && hours <= 24 && minutes <= 60).then_some(())
    };
    text == b"Z" || offset().is_some()
}

fn mark<'a>(text: &'a [u8], marks: &[u8]) -> Option<&'a [u8]> {
    let (first, rest) = text.split_first()?;
    marks.contains(first).then_some(rest)
}

fn number(text: &[u8], digits: usize) -> Option<(u32, &[u8])> {
    let (number, rest) = text.split_at_checked(digits)?;
    let value = number
        .iter()
        .try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')))?;
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_go_reads_them() {
        for text in [
            "2026-01-31T12:00:00Z",
            "2024-02-29T23:59:59.999999999+14:00",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59-23:59",
            "2026-01-31T12:00:00,5Z",
            "2026-01-31T12:00:00+24:60",
        ] {
            assert!(is_time(text), "{text}");
            assert!(held(text).parse::<Timestamp>().is_ok(), "{text}");
        }
        for text in [
            "",
            "2026-01-31",
            "2026-01-31t12:00:00z",
            "2026-01-31T12:00:00z",
            "2026-01-31 12:00:00Z",
            "2026-02-29T12:00:00Z",
            "2026-13-01T12:00:00Z",
            "2026-00-01T12:00:00Z",
            "2026-01-00T12:00:00Z",
            "2016-12-31T23:59:60Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:00Z",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00+1:00",
            "2026-01-31T12:00:00+0100",
            "2026-01-31T12:00:00+25:00",
            "10000-01-01T00:00:00Z",
            "2026-01-31T12:00:00Z ",
        ] {
            assert!(!is_time(text), "{text}");
        }
    }
}
