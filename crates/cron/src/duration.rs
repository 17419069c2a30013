//! Durations as Go writes them: `1h30m`, `1.5h`, `-5s`, `0`.

use std::ops::Range;

/// What is wrong with the duration of `@every`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DurationFault {
    /// Nothing follows `@every`.
    Missing,
    /// A number is expected, and something else is there (white space counts).
    Number,
    /// A number has no unit.
    Unit,
    /// A unit is none of `h`, `m`, `s`, `ms`, `us`, `ns`.
    UnknownUnit,
    /// More than 292 years.
    TooLong,
}

const LIMIT: u64 = 1 << 63;

/// Nanoseconds in a duration, from -2^63 to 2^63-1; or the bytes of the fault.
pub(super) fn parse(text: &str) -> Result<i64, (Range<usize>, DurationFault)> {
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
}
