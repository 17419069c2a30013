//! Amounts as people write them.

/// Thousandths of a core: `250m`, `1.5 cores`.
pub(super) fn cores(milli: i64) -> String {
    match milli {
        1_000 => "1 core".to_owned(),
        milli if milli < 1_000 => format!("{milli}m"),
        milli if milli % 1_000 == 0 => format!("{} cores", milli / 1_000),
        milli => format!("{}.{} cores", milli / 1_000, format!("{:03}", milli % 1_000).trim_end_matches('0')),
    }
}

/// Bytes in the largest unit of which there is one at least, with one decimal: `1.5 GiB`.
pub(super) fn bytes(bytes: i64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let (mut unit, mut size) = (None, 1_i64);
    for name in UNITS {
        if bytes / 1_024 < size {
            break;
        }
        size *= 1_024;
        unit = Some(name);
    }
    let Some(unit) = unit else { return format!("{bytes} bytes") };
    // Rounded down: never more than there is.
    match i128::from(bytes) * 10 / i128::from(size) {
        tenths if tenths % 10 == 0 => format!("{} {unit}", tenths / 10),
        tenths => format!("{}.{} {unit}", tenths / 10, tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        for (milli, text) in
            [(0, "0m"), (250, "250m"), (1_000, "1 core"), (1_500, "1.5 cores"), (12_000, "12 cores")]
        {
            assert_eq!(cores(milli), text);
        }
        for (count, text) in [
            (1_000, "1000 bytes"),
            (1_024, "1 KiB"),
            (1_536 * 1_024, "1.5 MiB"),
            (8 << 30, "8 GiB"),
            (i64::MAX, "7.9 EiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}
