//! Label and annotation keys and label values in policies: the API server's syntax, a policy's words.

use jobguard_apiserver::names;

/// The longest pattern of a label's value, in bytes: each is matched with every object.
const MAX_PATTERN: usize = 253;

/// What is wrong with a label or annotation key (`name` or `prefix/name`), if anything. Upper-case letters in the
/// prefix are wrong in a label's key and ignored in an annotation's; here they are wrong in both.
pub(super) fn check_key(key: &str) -> Option<String> {
    let (prefix, name) = match key.split_once('/') {
        None => (None, key),
        Some((prefix, name)) => (Some(prefix), name),
    };
    if let Some(prefix) = prefix
        && !names::dns_subdomain(prefix).is_empty()
    {
        return Some(format!(
            "its prefix {prefix:?} must be a domain name in lower case, such as example.com"
        ));
    }
    if name.is_empty() || name.len() > 63 {
        return Some("its name part must have 1 to 63 characters".to_owned());
    }
    // After the length, what is left of the rules for a name is that for a label's value.
    (!names::label_value(name).is_empty()).then(|| {
        "its name part must be letters, digits, '-', '_' and '.', with a letter or digit at both ends"
            .to_owned()
    })
}

/// What is wrong with a label's value, if anything.
pub(super) fn check_label_value(value: &str) -> Option<&'static str> {
    if value.len() > 63 {
        return Some("a label's value has at most 63 characters");
    }
    (!names::label_value(value).is_empty()).then_some(
        "a label's value must be letters, digits, '-', '_' and '.', with a letter or digit at both ends",
    )
}

/// Whether a pattern, with `*` and `?` as wildcards, matches any value that a label can have.
pub(super) fn can_match_label_value(pattern: &str) -> bool {
    let is_wild = |c: char| matches!(c, '*' | '?');
    let can_be_end = |c: char| c.is_ascii_alphanumeric() || is_wild(c);
    pattern.len() <= MAX_PATTERN
        && pattern.chars().filter(|c| *c != '*').count() <= 63
        && pattern.chars().all(|c| can_be_end(c) || matches!(c, '-' | '_' | '.'))
        && (pattern.is_empty() || (pattern.starts_with(can_be_end) && pattern.ends_with(can_be_end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        for key in ["a", "example.com/a", "A_b.c-d", "x.y.z/0", &"a".repeat(63)] {
            assert_eq!(check_key(key), None, "{key}");
        }
        for key in
            ["", "/", "a/", "/a", "-a", "a-", "a b", "A.com/a", "a/b/c", "é", "a..b/c", &"a".repeat(64)]
        {
            assert!(check_key(key).is_some(), "{key}");
        }
    }

    #[test]
    fn values() {
        for value in ["", "a", "A-1_x.y", &"v".repeat(63)] {
            assert_eq!(check_label_value(value), None, "{value}");
        }
        for value in ["-", "a/b", "a ", "ü", &"v".repeat(64)] {
            assert!(check_label_value(value).is_some(), "{value}");
        }
    }
    #[test]
    fn patterns() {
        let long = format!("{}*", "v".repeat(63));
        for pattern in ["", "a", "*", "?", "a-*", "*.?", "A_1*z", "a*b-*", &long] {
            assert!(can_match_label_value(pattern), "{pattern}");
        }
        for pattern in ["y z", "-*", "*-", "_", "a/b", "ü", "a,b", &format!("{long}?"), &"*".repeat(254)] {
            assert!(!can_match_label_value(pattern), "{pattern}");
        }
    }
}
