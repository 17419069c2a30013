//! What a YAML scalar is: kubectl reads with go-yaml's second version (YAML 1.1, with its own exceptions) and
//! sends JSON, so `yes` is a boolean, `0644` octal, and `1.0` the number 1.

use std::borrow::Cow;

use super::scan::Tag;
use super::tree::NodeKind;

/// A scalar's value before it becomes JSON.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar<'t> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Str(Cow<'t, str>),
}

/// The value of a scalar with a tag, however it is quoted; none where the text does not fit the tag.
pub(super) fn tagged(tag: Tag, text: Cow<'_, str>) -> Option<Scalar<'_>> {
    match tag {
        Tag::Str | Tag::Other | Tag::NonSpecific | Tag::Merge => Some(Scalar::Str(text)),
        Tag::Binary => decode_base64(&text).map(|s| Scalar::Str(Cow::Owned(s))),
        Tag::Timestamp => is_timestamp(&text).then_some(Scalar::Str(text)),
        Tag::Bool => resolve(&text).filter(|s| matches!(s, Scalar::Bool(_))),
        Tag::Int => resolve(&text).filter(|s| matches!(s, Scalar::Int(_) | Scalar::Uint(_))),
        Tag::Null => resolve(&text).filter(|s| matches!(s, Scalar::Null)),
        Tag::Float => match resolve(&text)? {
            #[expect(clippy::cast_precision_loss, reason = "the tag asks for a floating point number")]
            Scalar::Int(i) => Some(Scalar::Float(i as f64)),
            Scalar::Float(f) => Some(Scalar::Float(f)),
            _ => None,
        },
    }
}

/// What a text without quotes and without tag means besides a string; none for a string.
pub(super) fn resolve(text: &str) -> Option<Scalar<'static>> {
    match text.as_bytes().first() {
        None => Some(Scalar::Null),
        Some(b'0'..=b'9' | b'+' | b'-') => number(text),
        Some(b'.') => match text {
            ".nan" | ".NaN" | ".NAN" => Some(Scalar::Float(f64::NAN)),
            ".inf" | ".Inf" | ".INF" => Some(Scalar::Float(f64::INFINITY)),
            _ => fraction(text),
        },
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => match text {
            "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
                Some(Scalar::Bool(true))
            }
            "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
                Some(Scalar::Bool(false))
            }
            "~" | "null" | "Null" | "NULL" => Some(Scalar::Null),
            _ => None,
        },
        Some(_) => None,
    }
}

/// A text that begins with a digit or a sign.
fn number(text: &str) -> Option<Scalar<'static>> {
    match text {
        "+.inf" | "+.Inf" | "+.INF" => return Some(Scalar::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => return Some(Scalar::Float(f64::NEG_INFINITY)),
        _ => {}
    }
    // Cheap refusal of the usual words that begin like a number: images, dates, quantities, IP addresses.
    let known = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b'x' | b'X' | b'o' | b'O' | b'_' | b'.' | b'+' | b'-');
    if !text.as_bytes().iter().all(known) {
        return None;
    }
    let digits: Cow<'_, str> =
        if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) };
    if let Some(int) = parse_int(&digits) {
        return Some(Scalar::Int(int));
    }
    if let Some(uint) = parse_uint(&digits) {
        return Some(Scalar::Uint(uint));
    }
    if is_decimal(&digits) {
        return digits.parse().ok().filter(|f: &f64| f.is_finite()).map(Scalar::Float);
    }
    // A quirk of the reader: a sign after the prefix counts.
    let (negative, binary) = match digits.strip_prefix("-0b") {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix("0b")?),
    };
    let (sign, bits) = match binary.as_bytes().first() {
        Some(b'-') if !negative => (true, &binary[1..]),
        Some(b'+') if !negative => (false, &binary[1..]),
        _ => (negative, binary),
    };
    signed(magnitude(bits, 2)?, sign).map(Scalar::Int)
}

/// A text that begins with a dot: Go's floating point syntax, in which an underscore may stand between digits.
fn fraction(text: &str) -> Option<Scalar<'static>> {
    let digits: Cow<'_, str> = if text.contains('_') {
        let bytes = text.as_bytes();
        let between = |at: usize| {
            at > 0 && bytes[at - 1].is_ascii_digit() && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
        };
        if !(0..bytes.len()).all(|at| bytes[at] != b'_' || between(at)) {
            return None;
        }
        Cow::Owned(text.replace('_', ""))
    } else {
        Cow::Borrowed(text)
    };
    if !is_decimal(&digits) {
        return None;
    }
    digits.parse().ok().filter(|f: &f64| f.is_finite()).map(Scalar::Float)
}

/// A whole number with sign and prefix (`0x`, `0o`, `0b`, `0` for octal), if it fits.
fn parse_int(text: &str) -> Option<i64> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    signed(parse_uint(rest)?, negative)
}

fn signed(magnitude: u64, negative: bool) -> Option<i64> {
    if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// A whole number without sign.
fn parse_uint(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'0') {
        return magnitude(text, 10);
    }
    match bytes.get(1) {
        None => Some(0),
        Some(b'b' | b'B') if bytes.len() > 2 => magnitude(&text[2..], 2),
        Some(b'o' | b'O') if bytes.len() > 2 => magnitude(&text[2..], 8),
        Some(b'x' | b'X') if bytes.len() > 2 => magnitude(&text[2..], 16),
        Some(_) => magnitude(&text[1..], 8),
    }
}

fn magnitude(digits: &str, radix: u32) -> Option<u64> {
    // from_str_radix would take a sign.
    let all = !digits.is_empty() && digits.bytes().all(|b| char::from(b).is_digit(radix));
    if all { u64::from_str_radix(digits, radix).ok() } else { None }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_decimal(text: &str) -> bool {
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = digits(rest);
    let mut rest = &rest[whole..];
    if let Some(after) = rest.strip_prefix('.') {
        let part = digits(after);
        if whole == 0 && part == 0 {
            return false;
        }
        rest = &after[part..];
    } else if whole == 0 {
        return false;
    }
    let Some(exponent) = rest.strip_prefix(['e', 'E']) else { return rest.is_empty() };
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    !exponent.is_empty() && digits(exponent) == exponent.len()
}

/// The JSON value; none for what JSON cannot say (infinity, not a number).
pub(super) fn to_kind(scalar: Scalar<'_>) -> Option<NodeKind<'_>> {
    Some(match scalar {
        Scalar::Null => NodeKind::Null,
        Scalar::Bool(b) => NodeKind::Bool(b),
        Scalar::Int(i) => NodeKind::Int(i),
        Scalar::Uint(u) => NodeKind::Uint(u),
        Scalar::Float(f) => float_kind(f)?,
        Scalar::Str(s) => NodeKind::Str(s),
    })
}

/// A number as it is sent: in the shortest digits that stand for it, and without a fraction where it has none. From
/// 1e21 on it is sent with an exponent and stays a floating point number.
fn float_kind(f: f64) -> Option<NodeKind<'static>> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if !f.is_finite() {
        return None;
    }
    if f.fract() != 0.0 {
        return Some(NodeKind::Float(f));
    }
    if f.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
        return Some(NodeKind::Int(f as i64));
    }
    let digits = format!("{f}");
    Some(match (digits.parse(), digits.parse()) {
        (Ok(int), _) => NodeKind::Int(int),
        (_, Ok(uint)) => NodeKind::Uint(uint),
        _ => NodeKind::Float(f),
    })
}

/// The JSON key that a scalar key becomes; none for null and for whole numbers above `i64::MAX`, which kubectl
/// refuses as keys.
pub(super) fn to_key(scalar: Scalar<'_>) -> Option<Cow<'_, str>> {
    Some(match scalar {
        Scalar::Str(s) => s,
        Scalar::Bool(true) => Cow::Borrowed("true"),
        Scalar::Bool(false) => Cow::Borrowed("false"),
        Scalar::Int(i) => Cow::Owned(i.to_string()),
        Scalar::Float(f) => Cow::Owned(float_key(f)),
        Scalar::Null | Scalar::Uint(_) => return None,
    })
}

/// A floating point key: rounded to 32 bits, with an exponent below 1e-4 and from 1e6 on.
fn float_key(f: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "the reader rounds such keys to 32 bits")]
    let f = f as f32;
    if f.is_nan() {
        return ".nan".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{f:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) || f == 0.0 {
        return format!("{f}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

/// Standard base64 with padding; line breaks are passed over. Bytes that are no UTF-8 become U+FFFD, as in JSON.
fn decode_base64(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count, mut padding) = (0_u32, 0_u32, 0_u32);
    for b in text.bytes().filter(|b| !matches!(b, b'\n' | b'\r')) {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if count >= 2 && count + padding < 4 => {
                padding += 1;
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        bits = bits << 6 | u32::from(value);
        count += 1;
        if count == 4 {
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
            (bits, count) = (0, 0);
        }
    }
    match (count, padding) {
        (0, 0) => {}
        (2, 2) => bytes.push((bits >> 4).to_be_bytes()[3]),
        (3, 1) => bytes.extend_from_slice(&(bits >> 2).to_be_bytes()[2..]),
        _ => return None,
    }
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(std::iter::repeat_n('\u{FFFD}', chunk.invalid().len()));
    }
    Some(out)
}

/// Whether the text is a date or a time as `!!timestamp` takes it: `2001-1-2`, with an optional time of day.
fn is_timestamp(text: &str) -> bool {
    let number =
        |s: &str, most: usize| (1..=most).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
    let below = |s: &str, limit: u32| number(s, 2) && s.parse::<u32>().is_ok_and(|n| n < limit);
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some((&text[at..=at], &text[at + 1..]))),
        None => (text, None),
    };
    let mut parts = date.splitn(3, '-');
    let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    if year.len() != 4 || !number(year, 4) || !number(month, 2) || !number(day, 2) {
        return false;
    }
    let days = match (month.parse(), year.parse::<u32>()) {
        (Ok(4 | 6 | 9 | 11), _) => 30,
        (Ok(2), Ok(y)) if y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) => 29,
        (Ok(2), _) => 28,
        (Ok(1..=12_u32), _) => 31,
        _ => return false,
    };
    if day == "0" || day == "00" || !below(day, days + 1) {
        return false;
    }
    let Some((separator, time)) = time else { return true };
    // Only the forms with `T` have a zone.
    let clock = match time.find(['Z', '+', '-']) {
        _ if separator == " " => time,
        Some(at) if &time[at..] == "Z" => &time[..at],
        Some(at) => {
            let Some((hours, minutes)) = time[at + 1..].split_once(':') else { return false };
            if hours.len() != 2 || minutes.len() != 2 || !below(hours, 25) || !below(minutes, 60) {
                return false;
            }
            &time[..at]
        }
        None => return false,
    };
    let mut parts = clock.splitn(3, ':');
    let (Some(hour), Some(minute), Some(second)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let (second, fraction) = second.split_once(['.', ',']).unwrap_or((second, "0"));
    below(hour, 24) && below(minute, 60) && below(second, 60) && number(fraction, fraction.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: Cow<'_, str>) -> Scalar<'_> {
        resolve(&text).unwrap_or(Scalar::Str(text))
    }

    fn read(text: &str) -> Option<NodeKind<'_>> {
        to_kind(plain(Cow::Borrowed(text)))
    }

    fn string(text: &str) -> Option<NodeKind<'_>> {
        Some(NodeKind::Str(Cow::Borrowed(text)))
    }

    #[test]
    fn numbers_as_go_yaml_reads_them() {
        for (text, int) in [
            ("0", 0),
            ("-0", 0),
            ("007", 7),
            ("0644", 420),
            ("0o644", 420),
            ("0O17", 15),
            ("010", 8),
            ("09", 9),
            ("1_000", 1000),
            ("1__0", 10),
            ("0b101", 5),
            ("-0b11", -3),
            ("0b-11", -3),
            ("0x1F", 31),
            ("+1", 1),
            ("1.0", 1),
            ("5.", 5),
            ("1e3", 1000),
            ("-2E+05", -200_000),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("1e18", 1_000_000_000_000_000_000),
            ("123456789012345678.5", 123_456_789_012_345_680),
        ] {
            assert_eq!(read(text), Some(NodeKind::Int(int)), "{text}");
        }
        assert_eq!(read("9223372036854775808"), Some(NodeKind::Uint(1 << 63)));
        assert_eq!(read("18446744073709551616"), Some(NodeKind::Float(18_446_744_073_709_552_000.0)));
        assert_eq!(read("685.230_15e+03"), Some(NodeKind::Float(685_230.15)));
        assert_eq!(read("-.5"), Some(NodeKind::Float(-0.5)));
        assert_eq!(read(".5_0"), Some(NodeKind::Float(0.5)));
        for text in
            ["1e400", "1:30", "0x", "1e", "_1", "-", "+", ".", "0o8", "2001-01-01", "1.2.3", "0b2", "1-2"]
        {
            assert_eq!(read(text), string(text), "{text}");
        }
        for text in [".inf", "-.INF", "+.Inf", ".nan"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn words_as_go_yaml_reads_them() {
        for text in ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"] {
            assert_eq!(read(text), Some(NodeKind::Bool(true)), "{text}");
        }
        for text in ["n", "No", "off", "OFF", "False"] {
            assert_eq!(read(text), Some(NodeKind::Bool(false)), "{text}");
        }
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(read(text), Some(NodeKind::Null), "{text:?}");
        }
        for text in ["nULL", "yEs", "oN", "=", "<<", "nil"] {
            assert_eq!(read(text), string(text), "{text}");
        }
    }

    #[test]
    fn tags_decide() {
        let read = |tag, text: &'static str| tagged(tag, Cow::Borrowed(text)).and_then(to_kind);
        assert_eq!(read(Tag::Int, "0x10"), Some(NodeKind::Int(16)));
        assert_eq!(read(Tag::Int, "1.5"), None);
        assert_eq!(read(Tag::Str, "5"), string("5"));
        assert_eq!(read(Tag::Float, "5"), Some(NodeKind::Int(5)));
        assert_eq!(read(Tag::Bool, "yes"), Some(NodeKind::Bool(true)));
        assert_eq!(read(Tag::Bool, "x"), None);
        assert_eq!(read(Tag::Null, "~"), Some(NodeKind::Null));
        assert_eq!(read(Tag::Binary, "aGk="), string("hi"));
        assert_eq!(read(Tag::Binary, "aGk"), None);
        assert_eq!(read(Tag::Binary, "/w=="), string("\u{FFFD}"));
        assert_eq!(read(Tag::Timestamp, "2001-2-29"), None);
        assert_eq!(read(Tag::Timestamp, "2001-01-01T10:00:00Z"), string("2001-01-01T10:00:00Z"));
        assert_eq!(read(Tag::Other, ""), string(""));
    }

    #[test]
    fn keys_are_strings() {
        let key = |text| to_key(plain(Cow::Borrowed(text)));
        assert_eq!(key("yes").as_deref(), Some("true"));
        assert_eq!(key("1.5").as_deref(), Some("1.5"));
        assert_eq!(key("0x10").as_deref(), Some("16"));
        assert_eq!(key("1e6").as_deref(), Some("1e+06"));
        assert_eq!(key("0.00001").as_deref(), Some("1e-05"));
        assert_eq!(key("1e5").as_deref(), Some("100000"));
        assert_eq!(key("1e100").as_deref(), Some(".inf"));
        assert_eq!(key("~"), None);
        assert_eq!(key("18446744073709551615"), None);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[-+._0-9a-fA-FxXoOnNyY~: TZ]{0,24}") {
            let _ = read(&text);
            for tag in [Tag::Int, Tag::Float, Tag::Timestamp, Tag::Binary, Tag::Null] {
                let _ = tagged(tag, Cow::Borrowed(&text));
            }
        }

        #[test]
        fn whole_numbers_survive(n: i64) {
            let text = n.to_string();
            proptest::prop_assert_eq!(read(&text), Some(NodeKind::Int(n)));
        }
    }
}
