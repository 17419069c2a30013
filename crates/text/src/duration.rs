//! Durations as Go, and so Kubernetes, reads them (`1h30m`, `1.5h`, `-5s`, `0`), and as people do.

use std::ops::Range;

/// What is wrong with a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DurationFault {
    /// There is nothing.
    #[error("is empty")]
    Missing,
    /// A number is expected, and something else is there (white space counts).
    #[error("is not a duration such as 90s, 5m or 1h30m")]
    Number,
    /// A number has no unit.
    #[error("has a number without a unit: write h, m or s behind it")]
    Unit,
    /// A unit is none of `h`, `m`, `s`, `ms`, `us`, `ns`.
    #[error("has a unit that durations do not have: use h, m and s; a day is 24h")]
    UnknownUnit,
    /// More than 292 years.
    #[error("is too long")]
    TooLong,
    /// Less than nothing, or not a whole number of seconds, where whole seconds are wanted.
    #[error("is not a whole number of seconds")]
    NotWhole,
}

const LIMIT: u64 = 1 << 63;

/// Nanoseconds in a duration, from -2^63 to 2^63-1, exactly as Go's `time.ParseDuration`.
///
/// # Errors
///
/// The fault, with the bytes that it is about.
pub fn parse(text: &str) -> Result<i64, (Range<usize>, DurationFault)> {
    let bytes = text.as_bytes();
    let too_long = |start: usize, end: usize| (start..end, DurationFault::TooLong);
    let (negative, mut at) = match bytes.first() {
        Some(b'-') => (true, 1),
        Some(b'+') => (false, 1),
        _ => (false, 0),
    };
    match bytes.get(at..) {
        Some(b"0") => return Ok(0),
        None | Some([]) => return Err((0..text.len(), DurationFault::Missing)),
        Some(_) => {}
    }
    let mut total: u64 = 0;
    while at < bytes.len() {
        let start = at;
        at = digits(bytes, start);
        let whole = &text[start..at];
        let mut fraction = "";
        if bytes.get(at) == Some(&b'.') {
            let point = at + 1;
            at = digits(bytes, point);
            fraction = &text[point..at];
        }
        if whole.is_empty() && fraction.is_empty() {
            return Err((start..text.len(), DurationFault::Number));
        }
        let unit_start = at;
        // ASCII bytes only are looked for, so both ends are between characters.
        at += bytes[at..].iter().take_while(|byte| !matches!(byte, b'.' | b'0'..=b'9')).count();
        let nanoseconds = match &text[unit_start..at] {
            "ns" => 1,
            // Micro sign, and the Greek letter.
            "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "" => return Err((start..at, DurationFault::Unit)),
            _ => return Err((unit_start..at, DurationFault::UnknownUnit)),
        };
        let whole: u64 = match whole {
            "" => 0,
            digits => digits.parse().map_err(|_| too_long(start, at))?,
        };
        let value = whole
            .checked_mul(nanoseconds)
            .and_then(|value| value.checked_add(fraction_of(fraction, nanoseconds)))
            .filter(|value| *value <= LIMIT)
            .ok_or_else(|| too_long(start, at))?;
        // Go adds without a check for 64 bits, so that twice 2^63 is nothing.
        total = total.wrapping_add(value);
        if total > LIMIT {
            return Err(too_long(0, text.len()));
        }
    }
    match i64::try_from(total) {
        Ok(total) if negative => Ok(-total),
        Ok(total) => Ok(total),
        Err(_) if negative => Ok(i64::MIN),
        Err(_) => Err(too_long(0, text.len())),
    }
}

/// Whole seconds in a duration that is not negative; a number without a unit counts seconds.
///
/// # Errors
///
/// What is wrong with it.
pub fn whole_seconds(text: &str) -> Result<i64, DurationFault> {
    const SECOND: i64 = 1_000_000_000;
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map_err(|_| DurationFault::TooLong);
    }
    let nanoseconds = parse(text).map_err(|(_, fault)| fault)?;
    if nanoseconds < 0 || nanoseconds % SECOND != 0 {
        return Err(DurationFault::NotWhole);
    }
    Ok(nanoseconds / SECOND)
}

/// Seconds as Kubernetes writes them, shortest without loss: `5400` is `1h30m`.
pub fn short(seconds: i64) -> String {
    if seconds <= 0 {
        return format!("{seconds}s");
    }
    let mut out = String::new();
    for (amount, unit) in [(seconds / 3600, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')] {
        if amount > 0 {
            out.push_str(&amount.to_string());
            out.push(unit);
        }
    }
    out
}

/// Seconds for people: `45 seconds`, `1 hour 30 minutes`, `7 days`.
pub fn words(seconds: u64) -> String {
    let parts = [
        (seconds / 86_400, "day"),
        (seconds / 3_600 % 24, "hour"),
        (seconds / 60 % 60, "minute"),
        (seconds % 60, "second"),
    ];
    let words: Vec<String> = parts
        .into_iter()
        .filter(|(amount, _)| *amount > 0)
        .map(|(amount, unit)| format!("{amount} {unit}{}", if amount == 1 { "" } else { "s" }))
        .collect();
    if words.is_empty() { "0 seconds".to_owned() } else { words.join(" ") }
}

/// Where the digits that begin at `at` end.
fn digits(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The digits behind a point, of a unit in nanoseconds. Like Go, in floating point, and digits that no longer fit
/// 63 bits are dropped.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the same rounding as Go's; the result is not negative and less than a unit"
)]
fn fraction_of(digits: &str, nanoseconds: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1.0_f64);
    for digit in digits.bytes() {
        if value > (LIMIT - 1) / 10 {
            break;
        }
        let next = value * 10 + u64::from(digit - b'0');
        if next > LIMIT {
            break;
        }
        value = next;
        scale *= 10.0;
    }
    if value == 0 { 0 } else { (value as f64 * (nanoseconds as f64 / scale)) as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_durations() {
        for (text, nanoseconds) in [
            ("0", 0),
            ("+0", 0),
            ("-0", 0),
            ("1h30m", 5_400_000_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("1h1h", 7_200_000_000_000),
            ("-1.5s", -1_500_000_000),
            ("7\u{b5}s", 7_000),
            ("7\u{3bc}s", 7_000),
            ("0.3333333333333333333h", 1_200_000_000_000),
            ("0.100000000000000000000h", 360_000_000_000),
            ("2562047h47m16.854775807s", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
            ("9223372036854775808ns9223372036854775808ns5s", 5_000_000_000),
        ] {
            assert_eq!(parse(text), Ok(nanoseconds), "{text}");
        }
    }

    #[test]
    fn faults_and_where() {
        use DurationFault::*;
        for (text, span, fault) in [
            ("", 0..0, Missing),
            ("-", 0..1, Missing),
            ("h", 0..1, Number),
            ("1h ", 1..3, UnknownUnit),
            (" 1h", 0..3, Number),
            ("1", 0..1, Unit),
            ("00", 0..2, Unit),
            ("1d", 1..2, UnknownUnit),
            ("1h.m", 2..4, Number),
            ("--1s", 1..4, Number),
            ("9223372036854775808ns", 0..21, TooLong),
            ("99999999999999999999999h", 0..24, TooLong),
            ("2562048h", 0..8, TooLong),
            ("5 minutes", 1..9, UnknownUnit),
        ] {
            assert_eq!(parse(text), Err((span, fault)), "{text}");
        }
    }

    #[test]
    fn seconds_and_back() {
        for (text, seconds) in [
            ("90s", 90),
            ("5m", 300),
            ("1h30m", 5400),
            ("24h", 86400),
            ("90", 90),
            ("0s", 0),
            ("1.5h", 5400),
            ("5m1h", 3900),
        ] {
            assert_eq!(whole_seconds(text), Ok(seconds), "{text}");
        }
        for text in
            ["", "m", "5x", "-5m", "1500ms", "1d", "99999999999999999999s", "9999999999999999h", "5mé"]
        {
            assert!(whole_seconds(text).is_err(), "{text}");
        }
        assert_eq!(short(5400), "1h30m");
        assert_eq!(short(0), "0s");
    }

    #[test]
    fn lengths_of_time() {
        for (seconds, text) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (90, "1 minute 30 seconds"),
            (5_400, "1 hour 30 minutes"),
            (604_800, "7 days"),
        ] {
            assert_eq!(words(seconds), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in ".{0,20}") {
            let _ = (parse(&text), whole_seconds(&text));
        }

        #[test]
        fn reads_what_it_writes(seconds in 0i64..9_000_000_000) {
            proptest::prop_assert_eq!(whole_seconds(&short(seconds)), Ok(seconds));
        }
    }
}
