//! Times and amounts in words.

use jiff::Timestamp;
use jobguard_text::{duration, plural};

/// `2027-03-28 03:30:00 UTC`.
pub(super) fn time(time: Timestamp) -> String {
    let text = time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    // Few schedules know seconds.
    text.strip_suffix(":00 UTC").map(|minutes| format!("{minutes} UTC")).unwrap_or(text)
}

/// `2 hours 5 minutes ago`: two units are enough.
pub(super) fn ago(seconds: i64) -> String {
    match seconds {
        i64::MIN..=0 => "just now".to_owned(),
        _ => format!("{} ago", about(seconds)),
    }
}

/// `2 hours 5 minutes`: two units are enough.
pub(super) fn about(seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    let rounded = match seconds {
        0..3_600 => seconds,
        3_600..86_400 => seconds / 60 * 60,
        _ => seconds / 3_600 * 3_600,
    };
    duration::words(rounded)
}

/// A name for a command that somebody may copy into a shell. What no object is called, a bundle may still hold.
pub(super) fn in_command(name: &str) -> &str {
    let is_harmless = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let is_name = !name.is_empty() && !name.starts_with('-') && name.chars().all(is_harmless);
    if is_name { name } else { "NAME" }
}

/// `once`, `twice`, `3 times`.
pub(super) fn times(count: i64) -> String {
    match count {
        ..=1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{count} times"),
    }
}

/// `1 Pod`, `2 Pods`.
pub(super) fn pods(count: i64) -> String {
    plural(usize::try_from(count).unwrap_or(0), "Pod")
}

/// A text with its first letter as a sentence has it.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `3 Pods: a, b and c`, or `4 Pods: a, b, c and 1 more`.
pub(super) fn names(names: &[&str]) -> String {
    const NAMED: usize = 3;
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        _ if names.len() <= NAMED => {
            let (last, first) = names.split_at(names.len() - 1);
            format!("{} and {}", last.join(", "), first[0])
        }
        _ => format!("{} and {} more", names[..NAMED].join(", "), names.len() - NAMED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_units_are_enough() {
        assert_eq!(about(7_325), "2 hours 2 minutes");
        assert_eq!(ago(0), "just now");
        assert_eq!(time("2027-03-28T03:30:00Z".parse().unwrap()), "2027-03-28 03:30 UTC");
        assert_eq!(time("2027-03-28T03:30:05Z".parse().unwrap()), "2027-03-28 03:30:05 UTC");
        assert_eq!(["a-1.b", "$(reboot)", "-n", ""].map(in_command), ["a-1.b", "NAME", "NAME", "NAME"]);
        assert_eq!([1, 2, 3].map(times), ["once", "twice", "3 times"]);
        assert_eq!([1, 2].map(pods), ["1 Pod", "2 Pods"]);
        assert_eq!(names(&["a", "b"]), "a and b");
        assert_eq!(names(&["a", "b", "c", "d"]), "a, b, c and 1 more");
    }
}
