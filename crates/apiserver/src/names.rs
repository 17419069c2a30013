//! The kinds of names and keys that objects are made of.
//!
//! Each function returns what is wrong with a value, one entry for each rule that it breaks, worded to follow the
//! quoted value. Nothing is allocated for a good value. Lengths count bytes, as the server's do.

use std::borrow::Cow;

/// What is wrong with a name; empty when nothing is.
pub(crate) type Problems = Vec<&'static str>;

const LABEL_LENGTH: usize = 63;
const SUBDOMAIN_LENGTH: usize = 253;

const LABEL_TOO_LONG: &str = "is too long: use at most 63 characters";
const SUBDOMAIN_TOO_LONG: &str = "is too long: use at most 253 characters";
const LABEL_SHAPE: &str =
    "is not a DNS label: use lower-case letters, digits and '-', with a letter or digit first and last";
const LABEL_HAS_DOTS: &str = "is not a DNS label: leave out the dots";
const SUBDOMAIN_SHAPE: &str = "is not a DNS name: use lower-case letters, digits, '-' and '.', with a letter or \
                               digit first and last in each part";

/// Which bytes a kind of name is made of: letters and digits first and last, some others as well in between. Tables,
/// since every byte of every label is asked about.
struct Alphabet {
    edge: [bool; 256],
    inside: [bool; 256],
}

impl Alphabet {
    const fn new(upper_case: bool, others: &[u8]) -> Self {
        let mut edge = [false; 256];
        let mut byte = 0;
        while byte < 128_u8 {
            edge[byte as usize] = byte.is_ascii_lowercase()
                || byte.is_ascii_digit()
                || (upper_case && byte.is_ascii_uppercase());
            byte += 1;
        }
        let mut inside = edge;
        let mut next = 0;
        while next < others.len() {
            inside[others[next] as usize] = true;
            next += 1;
        }
        Self { edge, inside }
    }

    /// Whether `bytes` is such a name.
    fn spells(&self, bytes: &[u8]) -> bool {
        let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
        self.edge[usize::from(*first)]
            && self.edge[usize::from(*last)]
            && bytes.iter().all(|byte| self.inside[usize::from(*byte)])
    }
}

static LABEL: Alphabet = Alphabet::new(false, b"-");
static UNDERSCORE_LABEL: Alphabet = Alphabet::new(false, b"-_");
static LABEL_KEY: Alphabet = Alphabet::new(true, b"-_.");

fn is_label(bytes: &[u8]) -> bool {
    LABEL.spells(bytes)
}

fn is_subdomain(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'.').all(is_label)
}

fn is_underscore_label(bytes: &[u8]) -> bool {
    UNDERSCORE_LABEL.spells(bytes.strip_prefix(b"_").unwrap_or(bytes))
}

fn is_label_key(bytes: &[u8]) -> bool {
    LABEL_KEY.spells(bytes)
}

/// A DNS label (RFC 1123): names of containers and volumes.
pub fn dns_label(value: &str) -> Problems {
    let mut problems = Problems::new();
    if value.len() > LABEL_LENGTH {
        problems.push(LABEL_TOO_LONG);
    }
    if !is_label(value.as_bytes()) {
        problems.push(if is_subdomain(value.as_bytes()) { LABEL_HAS_DOTS } else { LABEL_SHAPE });
    }
    problems
}

fn dns_subdomain_bytes(value: &[u8]) -> Problems {
    let mut problems = Problems::new();
    if value.len() > SUBDOMAIN_LENGTH {
        problems.push(SUBDOMAIN_TOO_LONG);
    }
    if !is_subdomain(value) {
        problems.push(SUBDOMAIN_SHAPE);
    }
    problems
}

/// A DNS subdomain (RFC 1123): names of most objects.
pub fn dns_subdomain(value: &str) -> Problems {
    dns_subdomain_bytes(value.as_bytes())
}

/// A DNS subdomain that something may be appended to, so that a dash may stand last. The server replaces the
/// last two characters by a letter before it looks.
pub fn dns_subdomain_prefix(value: &str) -> Problems {
    match value.as_bytes() {
        [start @ .., _, b'-'] => dns_subdomain_bytes(&[start, b"a"].concat()),
        whole => dns_subdomain_bytes(whole),
    }
}

/// A DNS subdomain whose parts may also hold underscores: search domains.
pub fn dns_subdomain_underscore(value: &str) -> Problems {
    let mut problems = Problems::new();
    if value.len() > SUBDOMAIN_LENGTH {
        problems.push(SUBDOMAIN_TOO_LONG);
    }
    if !value.as_bytes().split(|byte| *byte == b'.').all(is_underscore_label) {
        problems.push(
            "is not a search domain: use lower-case letters, digits, '-', '_' and '.', with a letter or digit last \
             in each part",
        );
    }
    problems
}

/// A qualified name, `name` or `prefix.example.com/name`: label keys, resource names, condition types.
pub fn qualified_name(value: &str) -> Problems {
    let mut problems = Problems::new();
    let mut parts = value.split('/');
    let name = match (parts.next(), parts.next(), parts.next()) {
        (Some(name), None, _) => name,
        (Some(prefix), Some(name), None) => {
            if prefix.is_empty() {
                problems.push("has nothing before the '/': write a DNS name there, or leave the '/' out");
            } else {
                for problem in dns_subdomain(prefix) {
                    problems.push(if problem == SUBDOMAIN_TOO_LONG {
                        "is too long before the '/': use at most 253 characters there"
                    } else {
                        "has no DNS name before the '/': use lower-case letters, digits, '-' and '.' there"
                    });
                }
            }
            name
        }
        _ => {
            problems
                .push("has more than one '/': use a name, with a DNS name and one '/' before it if need be");
            return problems;
        }
    };
    if name.is_empty() {
        problems.push("has an empty name part: write a name");
    } else if name.len() > LABEL_LENGTH {
        problems.push("has too long a name part: use at most 63 characters");
    }
    if !is_label_key(name.as_bytes()) {
        problems.push(
            "has a malformed name part: use letters, digits, '-', '_' and '.', with a letter or digit first and last",
        );
    }
    problems
}

/// The value of a label, which may be empty.
pub fn label_value(value: &str) -> Problems {
    let mut problems = Problems::new();
    if value.len() > LABEL_LENGTH {
        problems.push("is too long a label value: use at most 63 characters");
    }
    if !value.is_empty() && !is_label_key(value.as_bytes()) {
        problems.push(
            "is not a label value: use letters, digits, '-', '_' and '.', with a letter or digit first and last",
        );
    }
    problems
}

/// A key of a ConfigMap or Secret.
pub fn config_key(value: &str) -> Problems {
    let mut problems = Problems::new();
    if value.len() > SUBDOMAIN_LENGTH {
        problems.push(SUBDOMAIN_TOO_LONG);
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if value.is_empty() || !value.bytes().all(allowed) {
        problems.push("is not a key of a ConfigMap or Secret: use letters, digits, '-', '_' and '.'");
    }
    if value == "." {
        problems.push("is not a key of a ConfigMap or Secret: use more than a dot");
    } else if value.starts_with("..") {
        problems.push("is not a key of a ConfigMap or Secret: do not start with '..'");
    }
    problems
}

/// The name of an environment variable.
pub fn env_name(value: &str) -> Problems {
    let mut problems = Problems::new();
    if value.is_empty() {
        problems.push("is empty: write the name of a variable");
    }
    if !value.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=') {
        problems.push("is not the name of a variable: use printable ASCII characters other than '='");
    }
    problems
}

/// The name of an environment variable as servers without relaxed validation want it: no space, no digit first.
pub fn strict_env_name(value: &str) -> Problems {
    let mut problems = Problems::new();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let starts_well = value.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    if !starts_well || !value.bytes().all(is_plain) {
        problems.push(
            "is not the name of a variable: use letters, digits, '_', '-' and '.', without a digit first",
        );
    }
    if value == "." || value.starts_with("..") {
        problems.push("is not the name of a variable: it may not be '.', or start with '..'");
    }
    problems
}

/// The name of a port (an IANA service name).
pub fn port_name(value: &str) -> Problems {
    let mut problems = Problems::new();
    let bytes = value.as_bytes();
    if bytes.len() > 15 {
        problems.push("is too long a port name: use at most 15 characters");
    }
    if bytes.is_empty() || !bytes.iter().all(|byte| LABEL.inside[usize::from(*byte)]) {
        problems.push("is not a port name: use lower-case letters, digits and '-'");
    }
    if !bytes.iter().any(u8::is_ascii_lowercase) {
        problems.push("is not a port name: use at least one letter (a number belongs in without quotes)");
    }
    if value.contains("--") {
        problems.push("is not a port name: use no two '-' in a row");
    }
    if bytes.first() == Some(&b'-') || bytes.last() == Some(&b'-') {
        problems.push("is not a port name: put a letter or digit first and last");
    }
    problems
}

/// The name of an HTTP header.
pub fn http_header_name(value: &str) -> Problems {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Problems::new();
    }
    vec!["is not the name of an HTTP header: use letters, digits and '-'"]
}

/// Whether this is the name of a sysctl, with dots or slashes between its parts.
pub fn is_sysctl_name(value: &str) -> bool {
    value.len() <= SUBDOMAIN_LENGTH
        && value
            .as_bytes()
            .split(|byte| matches!(byte, b'.' | b'/'))
            .all(|part| UNDERSCORE_LABEL.spells(part))
}

/// `value` in lower case, character for character: one that has no single lower-case counterpart gives the first
/// character of its mapping, as the server's own function does.
pub fn lower(value: &str) -> Cow<'_, str> {
    if value.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.chars().map(|character| character.to_lowercase().next().unwrap_or(character)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_labels() {
        for good in ["a", "0", "a-b", &"a".repeat(63)] {
            assert!(dns_label(good).is_empty(), "{good}");
        }
        assert_eq!(dns_label("a.b"), [LABEL_HAS_DOTS]);
        for bad in ["", "-a", "a-", "A", "a_b", "ä", "a b", "a\n"] {
            assert_eq!(dns_label(bad), [LABEL_SHAPE], "{bad}");
        }
        assert_eq!(dns_label(&"A".repeat(64)), [LABEL_TOO_LONG, LABEL_SHAPE]);
    }

    #[test]
    fn a_prefix_may_end_in_a_dash() {
        assert!(dns_subdomain_prefix("a-").is_empty());
        assert!(dns_subdomain_prefix("--").is_empty());
        assert!(!dns_subdomain_prefix("-").is_empty());
        assert!(!dns_subdomain_prefix("a_").is_empty());
        assert!(!dns_subdomain_prefix("aé-").is_empty());
    }

    #[test]
    fn qualified_names() {
        for good in ["a", "A.b_c-d", "example.com/A", &"x".repeat(63)] {
            assert!(qualified_name(good).is_empty(), "{good}");
        }
        for (bad, count) in [
            ("", 2),
            ("/a", 1),
            ("a/", 2),
            ("a/b/c", 1),
            ("A/b", 1),
            (&*"x".repeat(64), 1),
            ("-", 1),
            ("/", 3),
        ] {
            assert_eq!(qualified_name(bad).len(), count, "{bad}");
        }
    }

    #[test]
    fn port_names() {
        assert!(port_name("http-1").is_empty());
        assert_eq!(port_name("").len(), 2);
        assert_eq!(port_name("80").len(), 1);
        assert_eq!(port_name("--").len(), 3);
        assert_eq!(port_name("HTTP").len(), 2);
    }

    #[test]
    fn keys_and_variables() {
        assert!(config_key("..data").len() == 1);
        assert_eq!(config_key("").len(), 1);
        assert!(config_key("a.b_c-D").is_empty());
        assert!(env_name("1 a.b").is_empty());
        assert_eq!(env_name("a=b").len(), 1);
        assert_eq!(env_name("é").len(), 1);
    }

    #[test]
    fn sysctl_names() {
        for good in ["kernel.shm_rmid_forced", "net/ipv4/conf/eno2.100/rp_filter", "a"] {
            assert!(is_sysctl_name(good), "{good}");
        }
        for bad in ["", "a..b", "A", "a.", "_a", "a*"] {
            assert!(!is_sysctl_name(bad), "{bad}");
        }
    }

    #[test]
    fn lower_case_is_one_to_one() {
        assert_eq!(lower("AbÉİ"), "abéi");
    }
}
