//! The words that stand for a whole schedule, such as `@daily`.

use jobguard_text::distance;

/// The descriptors that stand for five fields: name, then minute, hour, day of month, month and weekday.
pub(super) const DESCRIPTORS: [(&str, [Option<u8>; 5]); 7] = [
    ("@yearly", [Some(0), Some(0), Some(1), Some(1), None]),
    ("@annually", [Some(0), Some(0), Some(1), Some(1), None]),
    ("@monthly", [Some(0), Some(0), Some(1), None, None]),
    ("@weekly", [Some(0), Some(0), None, None, Some(0)]),
    ("@daily", [Some(0), Some(0), None, None, None]),
    ("@midnight", [Some(0), Some(0), None, None, None]),
    ("@hourly", [Some(0), None, None, None, None]),
];

/// The descriptor that a word was perhaps meant to be.
pub(super) fn nearest(text: &str) -> Option<&'static str> {
    // A longer text is no misspelling of a word.
    let word = text.trim().to_ascii_lowercase();
    if word.len() > 16 {
        return None;
    }
    let near = DESCRIPTORS.iter().map(|(name, _)| (distance(name, &word), *name));
    near.filter(|(distance, _)| *distance <= 2).min().map(|(_, name)| name)
}
