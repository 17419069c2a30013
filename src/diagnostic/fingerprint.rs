//! What identifies a finding from one run to the next, whatever file and line it has moved to.

use std::fmt;

/// Longer parts are shortened to their start and a hash of the whole, in bytes.
const MAX_PART: usize = 512;

/// How many characters of a part that is shortened are kept.
const KEPT: usize = 120;

/// What identifies a finding: the rule, the object and the field. Neither file nor line, severity nor message: these change
/// while the fault stays. Several findings can have the same; they are counted.
///
/// The order is that of objects, so that findings of one object are side by side.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint {
    /// The file, of a finding about no object, for which there is nothing else.
    pub file: Option<String>,
    /// The kind of the object; empty where there is none.
    pub kind: String,
    /// The namespace, where the manifest names one.
    pub namespace: Option<String>,
    /// The name; where it is generated, its prefix and `*`.
    pub name: Option<String>,
    /// The field, with elements of lists by their names; empty for the object as a whole.
    pub path: String,
    /// The id of the rule.
    pub rule: String,
}

impl Fingerprint {
    /// A short form of it, the same for ever.
    pub fn hash(&self) -> String {
        let Self { file, kind, namespace, name, path, rule } = self;
        let optional = |part: &Option<String>| part.clone().unwrap_or_default();
        let parts =
            [rule.clone(), kind.clone(), optional(namespace), optional(name), path.clone(), optional(file)];
        fnv1a(&parts.join("\0"))
    }
}

/// `CronJob NAMESPACE/NAME: spec.schedule (cron/never-fires)`, as far as it is known.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, kind, namespace, name, path, rule } = self;
        let separator = if path.is_empty() { "" } else { ": " };
        match (file, namespace, name) {
            (Some(file), ..) => f.write_str(file)?,
            (_, Some(namespace), Some(name)) => write!(f, "{kind} {namespace}/{name}")?,
            (_, _, Some(name)) => write!(f, "{kind} {name}")?,
            (_, _, None) => write!(f, "{kind} without a name")?,
        }
        write!(f, "{separator}{path} ({rule})")
    }
}

/// `text`, where it is not too long to be kept.
pub(super) fn bounded(text: &str) -> String {
    if text.len() <= MAX_PART {
        return text.to_owned();
    }
    let start: String = text.chars().take(KEPT).collect();
    format!("{start}~{}", fnv1a(text))
}

/// FNV-1a in hexadecimal: short, and the same for ever.
pub(crate) fn fnv1a(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_parts_are_shortened_and_stay_apart() {
        let long = "ä".repeat(MAX_PART);
        let (one, other) = (bounded(&long), bounded(&format!("{long}b")));
        assert!(one.len() < MAX_PART && one.starts_with('ä') && one != other, "{one} {other}");
        assert_eq!(bounded("short"), "short");
    }

    #[test]
    fn in_words() {
        let mut one = Fingerprint {
            kind: "CronJob".into(),
            namespace: Some("team".into()),
            name: Some("import".into()),
            path: "spec.schedule".into(),
            rule: "cron/never-fires".into(),
            file: None,
        };
        assert_eq!(one.to_string(), "CronJob team/import: spec.schedule (cron/never-fires)");
        let hash = one.hash();
        (one.namespace, one.path) = (None, String::new());
        assert_eq!(one.to_string(), "CronJob import (cron/never-fires)");
        assert_ne!(one.hash(), hash);
        let of_file =
            Fingerprint { file: Some("a.yaml".into()), rule: "api/syntax".into(), ..Fingerprint::default() };
        assert_eq!(of_file.to_string(), "a.yaml (api/syntax)");
    }
}
