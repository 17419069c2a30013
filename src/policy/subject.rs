//! What a policy is asked about, and which overrides match it.

use std::collections::BTreeMap;
use std::fmt;

use jobguard_apiserver::{CRON_JOB_CHILD_SUFFIX, Kind};

type Labels = BTreeMap<String, String>;

/// An object, as far as overrides look at it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; none when it is not given.
    pub namespace: Option<&'a str>,
    /// `metadata.name`, or `metadata.generateName` where the name is still to be made.
    pub name: &'a str,
    /// Its own labels.
    pub labels: Option<&'a Labels>,
    /// The labels of its namespace; none when they are not known, as offline.
    pub namespace_labels: Option<&'a Labels>,
    /// Who asks for it; none when that is not known, as offline.
    pub user: Option<&'a str>,
    /// The controller that it belongs to.
    pub owner: Option<Owner<'a>>,
    /// Of a CronJob: the labels of its Job template.
    pub template_labels: Option<&'a Labels>,
}

impl<'a> Subject<'a> {
    /// An object of which nothing but this is known.
    pub const fn new(kind: Kind, name: &'a str) -> Self {
        Self {
            kind,
            namespace: None,
            name,
            labels: None,
            namespace_labels: None,
            user: None,
            owner: None,
            template_labels: None,
        }
    }
}

/// The controller that an object says it belongs to: its owner reference with `controller: true`.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// The owner's API group; empty for the core group.
    pub group: &'a str,
    /// The owner's kind.
    pub kind: &'a str,
    /// The owner's name.
    pub name: &'a str,
    /// The owner's labels, where they are known.
    pub labels: Option<&'a Labels>,
    /// Whether that is no more than the object's own word. Anybody can write an owner reference, so that such an owner
    /// makes an object's settings stricter, and never more lenient.
    pub in_doubt: bool,
}

impl Owner<'_> {
    /// Whether this is a CronJob.
    pub fn is_cron_job(&self) -> bool {
        self.group == "batch" && self.kind == "CronJob"
    }
}

/// How much of a subject an override has to see in order to match it: each reading sees what the ones before see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reading {
    /// The object, and an owner that is not in doubt.
    Own,
    /// The owner as well that it says it has.
    Claimed,
    /// Of a CronJob: the Job as well that its template becomes.
    Template,
}

/// The `match` of an override: every condition given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Match {
    /// Kinds.
    pub kinds: Option<Vec<Kind>>,
    /// Patterns of namespaces.
    pub namespaces: Option<Vec<String>>,
    /// Patterns of names, the owner's included.
    pub names: Option<Vec<String>>,
    /// Labels and patterns of their values.
    pub labels: Option<Vec<(String, String)>>,
    /// The namespace's labels and patterns of their values.
    pub namespace_labels: Option<Vec<(String, String)>>,
    /// Patterns of the owner's kind, with or without its group.
    pub owner_kinds: Option<Vec<String>>,
    /// Patterns of user names.
    pub users: Option<Vec<String>>,
}

/// The conditions, on one line.
impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = |labels: &Option<Vec<(String, String)>>| {
            labels.as_ref().map(|labels| labels.iter().map(|(key, value)| format!("{key}={value}")).collect())
        };
        let kinds = self.kinds.as_ref();
        let conditions: [(&str, Option<Vec<String>>); 7] = [
            ("kinds", kinds.map(|kinds| kinds.iter().map(|kind| kind.as_str().to_owned()).collect())),
            ("namespaces", self.namespaces.clone()),
            ("names", self.names.clone()),
            ("labels", pairs(&self.labels)),
            ("namespaceLabels", pairs(&self.namespace_labels)),
            ("ownerKinds", self.owner_kinds.clone()),
            ("users", self.users.clone()),
        ];
        let mut before = "";
        for (name, items) in conditions {
            if let Some(items) = items {
                write!(f, "{before}{name}: [{}]", items.join(", "))?;
                before = ", ";
            }
        }
        Ok(())
    }
}

impl Match {
    /// The first reading in which all conditions hold.
    pub(super) fn covered_from(&self, subject: &Subject<'_>) -> Option<Reading> {
        // Nearly every override matches other objects, which the last reading rules out.
        let last = match (subject.kind, subject.owner) {
            (Kind::CronJob, _) => Reading::Template,
            (Kind::Job, Some(owner)) if owner.in_doubt => Reading::Claimed,
            (Kind::Job, _) => Reading::Own,
        };
        if !self.covers(subject, last) {
            return None;
        }
        let earlier = [Reading::Own, Reading::Claimed].into_iter().filter(|reading| *reading < last);
        Some(earlier.into_iter().find(|reading| self.covers(subject, *reading)).unwrap_or(last))
    }

    /// Whether all conditions hold for the object itself, whose kind it has to be: for what is said of the object's own fields.
    /// An owner counts that the object only claims.
    pub(super) fn covers_itself(&self, subject: &Subject<'_>) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&subject.kind))
            && self.covers(subject, Reading::Claimed)
    }

    /// Whether all conditions hold. A Job is of its CronJob's kind as well as of its own, and any object is known by its
    /// owner's name and labels as well as by its own. So is a CronJob by those of its Jobs, once they are looked at.
    fn covers(&self, subject: &Subject<'_>, reading: Reading) -> bool {
        let owner = subject.owner.filter(|owner| !owner.in_doubt || reading >= Reading::Claimed);
        let with_template = reading == Reading::Template && subject.kind == Kind::CronJob;
        self.kinds.as_ref().is_none_or(|kinds| {
            kinds.contains(&subject.kind)
                || (with_template && kinds.contains(&Kind::Job))
                || (owner.is_some_and(|owner| owner.is_cron_job()) && kinds.contains(&Kind::CronJob))
        }) && any(&self.namespaces, subject.namespace)
            && any(&self.users, subject.user)
            && self.names.as_ref().is_none_or(|names| {
                is_one_of(names, subject.name)
                    || owner.is_some_and(|owner| is_one_of(names, owner.name))
                    || (with_template
                        && is_one_of(names, &format!("{}{CRON_JOB_CHILD_SUFFIX}", subject.name)))
            })
            && self.labels.as_ref().is_none_or(|labels| {
                all(labels, subject.labels)
                    || owner.is_some_and(|owner| all(labels, owner.labels))
                    || (with_template && all(labels, subject.template_labels))
            })
            && self.namespace_labels.as_ref().is_none_or(|labels| all(labels, subject.namespace_labels))
            && self.owner_kinds.as_ref().is_none_or(|kinds| {
                owner.is_some_and(|owner| is_of_kind(kinds, owner.group, owner.kind))
                    || (with_template && is_of_kind(kinds, "batch", "CronJob"))
            })
    }
}

fn any(globs: &Option<Vec<String>>, text: Option<&str>) -> bool {
    globs.as_ref().is_none_or(|globs| text.is_some_and(|text| is_one_of(globs, text)))
}

/// Whether one of `globs` matches.
pub(super) fn is_one_of(globs: &[String], text: &str) -> bool {
    globs.iter().any(|pattern| glob(pattern, text))
}

fn all(wanted: &[(String, String)], labels: Option<&Labels>) -> bool {
    wanted.iter().all(|(key, pattern)| {
        labels.and_then(|labels| labels.get(key)).is_some_and(|value| glob(pattern, value))
    })
}

/// Whether one of `globs` names the kind: `JobSet` whatever its group, `JobSet.jobset.x-k8s.io` of this one. Kinds have
/// no dots.
fn is_of_kind(globs: &[String], group: &str, kind: &str) -> bool {
    globs.iter().any(|pattern| match pattern.split_once('.') {
        Some((kinds, groups)) => glob(kinds, kind) && glob(groups, group),
        None => glob(pattern, kind),
    })
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

    fn matched(matching: &Match, subject: &Subject<'_>) -> bool {
        matching.covered_from(subject) == Some(Reading::Own)
    }

    #[test]
    fn conditions_are_joined_with_and() {
        let labels = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
        let subject =
            Subject { namespace: Some("prod"), labels: Some(&labels), ..Subject::new(Kind::Job, "load") };
        let matching = Match {
            namespaces: Some(vec!["dev".into(), "pr*".into()]),
            labels: Some(vec![("team".into(), "*".into())]),
            ..Match::default()
        };
        assert!(matched(&matching, &subject));
        assert!(!matched(&matching, &Subject { namespace: None, ..subject }));
        assert!(!matched(&matching, &Subject { labels: None, ..subject }));
        assert!(!matched(&Match { kinds: Some(vec![Kind::CronJob]), ..matching.clone() }, &subject));
        let unknown = Match { namespace_labels: Some(vec![("env".into(), "*".into())]), ..Match::default() };
        assert!(!matched(&unknown, &subject));
        let users = Match { users: Some(vec!["system:serviceaccount:ci:*".into()]), ..Match::default() };
        assert!(!matched(&users, &subject));
        assert!(matched(&users, &Subject { user: Some("system:serviceaccount:ci:deploy"), ..subject }));
        assert!(!matched(&users, &Subject { user: Some("anna"), ..subject }));
    }

    const NIGHTLY: Owner<'_> =
        Owner { group: "batch", kind: "CronJob", name: "nightly", labels: None, in_doubt: false };

    fn names(name: &str) -> Match {
        Match { names: Some(vec![name.into()]), ..Match::default() }
    }

    fn owners(kind: &str) -> Match {
        Match { owner_kinds: Some(vec![kind.into()]), ..Match::default() }
    }

    #[test]
    fn a_job_is_known_by_its_owner() {
        let job = Subject { owner: Some(NIGHTLY), ..Subject::new(Kind::Job, "nightly-29384756") };
        let cron_jobs = Match { kinds: Some(vec![Kind::CronJob]), ..names("nightly") };
        for matching in
            [names("nightly"), names("nightly-*"), cron_jobs, owners("CronJob"), owners("Cron*.batch")]
        {
            assert!(matched(&matching, &job), "{matching:?}");
        }
        for matching in [names("night"), owners("JobSet"), owners("CronJob.acme.com"), owners("*.apps")] {
            assert_eq!(matching.covered_from(&job), None, "{matching:?}");
        }
        // A CronJob of another API group is not one.
        let foreign = Subject { owner: Some(Owner { group: "acme.com", ..NIGHTLY }), ..job };
        assert!(matched(&owners("CronJob"), &foreign) && matched(&names("nightly"), &foreign));
        let kinds = Match { kinds: Some(vec![Kind::CronJob]), ..Match::default() };
        assert_eq!(kinds.covered_from(&foreign), None);
    }

    #[test]
    fn an_owner_in_doubt_is_read_later() {
        let doubtful = Owner { in_doubt: true, ..NIGHTLY };
        let job = Subject { owner: Some(doubtful), ..Subject::new(Kind::Job, "mine") };
        assert_eq!(names("nightly").covered_from(&job), Some(Reading::Claimed));
        assert_eq!(owners("CronJob").covered_from(&job), Some(Reading::Claimed));
        assert_eq!(names("mine").covered_from(&job), Some(Reading::Own));
    }

    #[test]
    fn a_template_is_read_as_the_job_that_it_becomes() {
        let labels = BTreeMap::from([("tier".to_owned(), "gold".to_owned())]);
        let cron_job = Subject { template_labels: Some(&labels), ..Subject::new(Kind::CronJob, "nightly") };
        let jobs = Match { kinds: Some(vec![Kind::Job]), ..Match::default() };
        let gold = Match { labels: Some(vec![("tier".into(), "gold".into())]), ..Match::default() };
        for matching in [&jobs, &gold, &names("nightly-*"), &owners("CronJob")] {
            assert_eq!(matching.covered_from(&cron_job), Some(Reading::Template), "{matching:?}");
        }
        assert_eq!(names("nightly").covered_from(&cron_job), Some(Reading::Own));
        assert_eq!(names("other").covered_from(&cron_job), None);
        assert_eq!(owners("JobSet").covered_from(&cron_job), None);
    }
}
