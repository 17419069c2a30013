//! Lengths of time as Kubernetes writes them: `90s`, `5m`, `1h30m`.

/// Reads a duration as whole seconds. A plain whole number is seconds; otherwise numbers with the units `h`, `m`
/// and `s`, largest first, each at most once.
///
/// # Errors
/// In words, when the text is no such duration or does not fit an `i64`.
pub(super) fn parse_seconds(text: &str) -> Result<i64, &'static str> {
    const UNITS: [(char, i64); 3] = [('h', 3600), ('m', 60), ('s', 1)];
    const TOO_LONG: &str = "is too long";
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().map_err(|_| TOO_LONG);
    }
    let mut total: i64 = 0;
    let mut units = UNITS.iter();
    let mut rest = text;
    if rest.is_empty() {
        return Err("is empty");
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let Some(unit) = tail.chars().next() else { return Err("ends without a unit") };
        if number.is_empty() {
            return Err("is not a duration such as 90s, 5m or 1h30m");
        }
        if unit == 'd' {
            return Err("counts in days, which Kubernetes durations do not know; write hours");
        }
        let Some((_, seconds)) = units.by_ref().find(|(name, _)| *name == unit) else {
            return Err("is not a duration such as 90s, 5m or 1h30m");
        };
        let number: i64 = number.parse().map_err(|_| TOO_LONG)?;
        total = number.checked_mul(*seconds).and_then(|part| total.checked_add(part)).ok_or(TOO_LONG)?;
        rest = &tail[unit.len_utf8()..];
    }
    Ok(total)
}

/// Writes seconds in the same form, shortest without loss: `5400` is `1h30m`.
pub(crate) fn format_seconds(seconds: i64) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_answers() {
        for (text, seconds) in
            [("90s", 90), ("5m", 300), ("1h30m", 5400), ("24h", 86400), ("90", 90), ("0s", 0)]
        {
            assert_eq!(parse_seconds(text), Ok(seconds), "{text}");
        }
        for text in [
            "",
            "m",
            "5",
            "5x",
            "1.5h",
            "-5m",
            "5m1h",
            "5m5m",
            "1d",
            "99999999999999999999s",
            "9999999999999999h",
            "5mé",
        ] {
            assert_eq!(parse_seconds(text).is_ok(), text == "5", "{text}");
        }
        assert_eq!(format_seconds(5400), "1h30m");
        assert_eq!(format_seconds(0), "0s");
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,20}") {
            let _ = parse_seconds(&text);
        }

        #[test]
        fn reads_what_it_writes(seconds in 0i64..i64::MAX) {
            prop_assert_eq!(parse_seconds(&format_seconds(seconds)), Ok(seconds));
        }
    }
}
