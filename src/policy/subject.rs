//! What a policy is asked about, and which overrides speak of it.

use std::collections::BTreeMap;

use crate::batch::Kind;

/// An object, as far as overrides look at it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; none when nobody has said.
    pub namespace: Option<&'a str>,
    /// `metadata.name`, or `metadata.generateName` where the name is still to be made.
    pub name: &'a str,
    /// Its own labels.
    pub labels: Option<&'a BTreeMap<String, String>>,
    /// The labels of its namespace; none when they are not known, as offline.
    pub namespace_labels: Option<&'a BTreeMap<String, String>>,
}

/// The `match` of an override: every condition given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) kinds: Option<Vec<Kind>>,
    pub(super) namespaces: Option<Vec<String>>,
    pub(super) names: Option<Vec<String>>,
    pub(super) labels: Option<Vec<(String, String)>>,
    pub(super) namespace_labels: Option<Vec<(String, String)>>,
}

impl Match {
    pub(super) fn covers(&self, subject: &Subject<'_>) -> bool {
        let any = |globs: &Option<Vec<String>>, text: Option<&str>| match (globs, text) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(globs), Some(text)) => globs.iter().any(|pattern| glob(pattern, text)),
        };
        let all = |wanted: &Option<Vec<(String, String)>>, labels: Option<&BTreeMap<String, String>>| {
            wanted.as_ref().is_none_or(|wanted| {
                wanted.iter().all(|(key, pattern)| {
                    labels.and_then(|labels| labels.get(key)).is_some_and(|value| glob(pattern, value))
                })
            })
        };
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&subject.kind))
            && any(&self.namespaces, subject.namespace)
            && any(&self.names, Some(subject.name))
            && all(&self.labels, subject.labels)
            && all(&self.namespace_labels, subject.namespace_labels)
    }
}

/// The longest text that is compared with patterns, in bytes. Names have at most 253, values of labels 63.
const LONGEST_TEXT: usize = 1024;

/// Whether `text` matches `pattern`: `*` stands for any characters or none, `?` for one character.
/// Takes time in proportion to both lengths multiplied, at worst. A text longer than any name or label that an API
/// server takes matches only what matches everything.
fn glob(pattern: &str, text: &str) -> bool {
    if text.len() > LONGEST_TEXT {
        return !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*');
    }
    let (mut rest_pattern, mut rest_text) = (pattern, text);
    // After the last star: the pattern behind it, and the text to try it on next.
    let mut retry: Option<(&str, &str)> = None;
    loop {
        let mut characters = rest_text.chars();
        let next = characters.next();
        match (rest_pattern.chars().next(), next) {
            (Some('*'), _) => {
                rest_pattern = &rest_pattern[1..];
                retry = Some((rest_pattern, rest_text));
                continue;
            }
            (Some(wanted), Some(got)) if wanted == got || wanted == '?' => {
                rest_pattern = &rest_pattern[wanted.len_utf8()..];
                rest_text = characters.as_str();
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        let Some((pattern, text)) = retry else { return false };
        let mut characters = text.chars();
        if characters.next().is_none() {
            return false;
        }
        (rest_pattern, rest_text) = (pattern, characters.as_str());
        retry = Some((pattern, rest_text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn globs() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "anything"),
            ("team-*", "team-a"),
            ("team-*", "team-"),
            ("*-prod", "a-b-prod"),
            ("a*b*c", "a1b2b3c"),
            ("a?c", "abc"),
            ("?*", "x"),
            ("**x", "yx"),
        ] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("", "a"), ("team-*", "team"), ("a?c", "ac"), ("*-prod", "prod"), ("A", "a"), ("?", "")]
        {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
        // Longer than any name: not compared.
        let long = "a".repeat(LONGEST_TEXT + 1);
        assert!(glob("*", &long) && glob("**", &long));
        assert!(!glob("a*", &long) && !glob("", &long) && glob("a*", &long[1..]));
    }

    proptest! {
        #[test]
        fn never_panics_and_a_text_matches_itself(pattern in "[a*?é]{0,12}", text in "[aé]{0,12}") {
            let _ = glob(&pattern, &text);
            prop_assert!(glob(&text, &text));
            let (within, longer) = (format!("*{text}*"), format!("x{text}y"));
            prop_assert!(glob(&within, &longer));
        }
    }

    #[test]
    fn conditions_are_joined_with_and() {
        let labels = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
        let subject = Subject {
            kind: Kind::Job,
            namespace: Some("prod"),
            name: "load",
            labels: Some(&labels),
            namespace_labels: None,
        };
        let matching = Match {
            namespaces: Some(vec!["dev".into(), "pr*".into()]),
            labels: Some(vec![("team".into(), "*".into())]),
            ..Match::default()
        };
        assert!(matching.covers(&subject));
        assert!(!matching.covers(&Subject { namespace: None, ..subject }));
        assert!(!matching.covers(&Subject { labels: None, ..subject }));
        assert!(!Match { kinds: Some(vec![Kind::CronJob]), ..matching.clone() }.covers(&subject));
        let unknown = Match { namespace_labels: Some(vec![("env".into(), "*".into())]), ..Match::default() };
        assert!(!unknown.covers(&subject));
    }
}
