//! Syntax of label and annotation keys and of label values, as the API server checks it.

/// What is wrong with a label or annotation key (`name` or `prefix/name`), if anything. Upper-case letters in the
/// prefix are wrong in a label's key and ignored in an annotation's; here they are wrong in both.
pub(super) fn check_key(key: &str) -> Option<String> {
    let (prefix, name) = match key.split_once('/') {
        None => (None, key),
        Some((prefix, name)) => (Some(prefix), name),
    };
    if let Some(prefix) = prefix
        && !is_dns_subdomain(prefix)
    {
        return Some(format!(
            "its prefix {prefix:?} must be a domain name in lower case, such as example.com"
        ));
    }
    if name.is_empty() || name.len() > 63 {
        return Some("its name part must have 1 to 63 characters".to_owned());
    }
    (!is_name(name)).then(|| {
        "its name part must be letters, digits, '-', '_' and '.', with a letter or digit at both ends"
            .to_owned()
    })
}

/// What is wrong with a label's value, if anything.
pub(super) fn check_label_value(value: &str) -> Option<&'static str> {
    if value.len() > 63 {
        return Some("a label's value has at most 63 characters");
    }
    (!value.is_empty() && !is_name(value)).then_some(
        "a label's value must be letters, digits, '-', '_' and '.', with a letter or digit at both ends",
    )
}

fn is_name(text: &str) -> bool {
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// RFC 1123: parts of lower-case letters, digits and inner dashes, joined with dots, 253 characters at most.
pub(super) fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|part| {
            let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
            let bytes = part.as_bytes();
            bytes.first().is_some_and(inner)
                && bytes.last().is_some_and(inner)
                && bytes.iter().all(|b| inner(b) || *b == b'-')
        })
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
}
