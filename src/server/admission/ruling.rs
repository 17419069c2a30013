//! From findings to the texts of a response, all of them bounded.

use std::fmt::{self, Write as _};

use crate::engine::{Check, Finding, Object, Severity, SuppressedBy, Verdict, subject};
use crate::policy::Mode;
use jobguard_apiserver::{Cause, KubernetesVersion};
use jobguard_manifest::FieldPath;

use super::response::{Response, Status, StatusCause, StatusDetails};
use jobguard_text::plain_within;

/// The longest warning, in characters: where the API server cuts when there are many.
pub(crate) const MAX_WARNING: usize = 256;

/// All warnings of an answer together, in characters: what the API server passes on.
const MAX_WARNINGS: usize = 4096;

/// How many findings a denial lists.
const MAX_LISTED: usize = 50;

/// How many causes a denial has.
const MAX_CAUSES: usize = 500;

/// The longest line of a denial, in characters.
const MAX_LINE: usize = 1024;

/// The longest path that people are shown, in characters. Keys of maps stand in it, and may be anything.
const MAX_PATH: usize = 200;

/// The longest path of a cause, in characters: programs compare it, and the longest key that a map may have fits.
const MAX_FIELD: usize = 1024;

/// The longest name that an object may have, in characters.
const MAX_NAME: usize = 253;

/// The longest audit annotation, in bytes.
const MAX_ANNOTATION: usize = 4096;

/// What becomes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Nothing stands against it.
    Allow,
    /// It may not be stored.
    Deny,
    /// It is only let through because of the policy's mode, or because a controller made it.
    WouldDeny,
}

impl Decision {
    /// For logs and audit annotations.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allowed",
            Self::Deny => "denied",
            Self::WouldDeny => "would be denied",
        }
    }

    /// For metrics.
    pub(crate) const fn as_label(self) -> &'static str {
        match self {
            Self::WouldDeny => "would_be_denied",
            _ => self.as_str(),
        }
    }
}

/// What a verdict is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    /// The object's name.
    pub(crate) name: &'a str,
    /// Its API group.
    pub(crate) group: &'a str,
    /// Its kind.
    pub(crate) kind: &'a str,
    /// Its namespace, where it has one.
    pub(crate) namespace: Option<&'a str>,
    /// Whether an API server has accepted all of it that is judged.
    pub(crate) is_received: bool,
}

impl<'a> From<&'a Object> for About<'a> {
    fn from(object: &'a Object) -> Self {
        Self {
            name: subject(object.workload(), None).name,
            group: "batch",
            kind: object.kind().as_str(),
            namespace: object.namespace(),
            is_received: object.is_received(),
        }
    }
}

/// A verdict under the mode that holds for the object.
#[derive(Debug)]
pub(crate) struct Ruling<'a> {
    about: About<'a>,
    verdict: &'a Verdict,
    denying: Vec<&'a Finding>,
    mode: Mode,
    version: KubernetesVersion,
}

impl<'a> Ruling<'a> {
    /// A verdict in a mode, given as the API server of `version` would give it.
    pub(crate) fn new(
        about: About<'a>,
        verdict: &'a Verdict,
        mode: Mode,
        version: KubernetesVersion,
    ) -> Self {
        let denying = verdict.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        Self { about, verdict, denying, mode, version }
    }

    pub(crate) fn decision(&self) -> Decision {
        match self.mode {
            _ if self.denying.is_empty() => Decision::Allow,
            Mode::Enforce => Decision::Deny,
            Mode::Warn | Mode::Audit => Decision::WouldDeny,
        }
    }

    /// The rules that stand against the object, each once.
    pub(crate) fn denying_rules(&self) -> String {
        list(self.denying.iter().map(|finding| finding.rule.id()).collect())
    }

    /// The answer to the question with this uid.
    pub(crate) fn into_response(self, uid: &str) -> Response {
        let mut response = Response::allow(uid);
        let decision = self.decision();
        if decision == Decision::Deny {
            response.allowed = false;
            response.status = Some(self.status());
        }
        if self.mode != Mode::Audit {
            response.warnings = self.warnings();
        }
        let annotations = &mut response.audit_annotations;
        if decision != Decision::Allow {
            annotations.insert("decision", decision.as_str().to_owned());
        }
        let of = |findings: &[Finding]| {
            list(findings.iter().map(|finding| RuleLevel(finding.rule.id(), finding.severity)).collect())
        };
        if !self.verdict.findings.is_empty() {
            annotations.insert("findings", of(&self.verdict.findings));
        }
        if !self.verdict.suppressed.is_empty() {
            annotations.insert("suppressed", of(&self.verdict.suppressed));
        }
        let exceptions = list(self.verdict.suppressed.iter().filter_map(exception_of).collect());
        if !exceptions.is_empty() {
            annotations.insert("exceptions", exceptions);
        }
        response
    }

    fn status(&self) -> Status {
        // Where only the API server's own rules speak, of a review that was written by hand, the answer is the one that
        // the API server would give.
        let (code, reason) = if self.denying.iter().all(|finding| finding.rule.spec.category() == "api") {
            (422, "Invalid")
        } else {
            (403, "Forbidden")
        };
        let mut status = Status::failure(code, reason, self.message());
        status.details = Some(StatusDetails {
            name: plain_within(self.about.name, MAX_NAME),
            group: self.about.group.to_owned(),
            kind: self.about.kind.to_owned(),
            // All causes, as the API server would list them: also those that only follow from others.
            causes: self
                .denying
                .iter()
                .copied()
                .chain(&self.verdict.folded)
                .filter(|finding| finding.severity == Severity::Error)
                .take(MAX_CAUSES)
                .map(cause)
                .collect(),
        });
        status
    }

    /// Every denying finding, one a line.
    fn message(&self) -> String {
        if let [finding] = self.denying[..] {
            return line(finding, MAX_LINE);
        }
        let mut message = format!("{} findings", self.denying.len());
        for finding in self.denying.iter().take(MAX_LISTED) {
            message.push_str("\n- ");
            message.push_str(&line(finding, MAX_LINE));
        }
        if let more @ 1.. = self.denying.len().saturating_sub(MAX_LISTED) {
            let _ = write!(message, "\n- and {more} more");
        }
        message
    }

    /// What the user is warned of, though the object is stored; after a denial, what there is besides.
    fn warnings(&self) -> Vec<String> {
        let would_deny = self.decision() == Decision::WouldDeny;
        let texts: Vec<String> = self
            .verdict
            .findings
            .iter()
            .filter_map(|finding| match finding.severity {
                Severity::Error if would_deny => {
                    const PREFIX: &str = "would be denied: ";
                    Some(format!("{PREFIX}{}", line(finding, MAX_WARNING - PREFIX.len())))
                }
                // What the API server has accepted, and we would not have.
                Severity::Warning if self.about.is_received && finding.cause.is_some() => {
                    let prefix =
                        format!("jobguard's own reading of the API ({}) would refuse this: ", self.version);
                    Some(format!("{prefix}{}", line(finding, MAX_WARNING - prefix.len())))
                }
                // What the API server warns of, it says itself.
                Severity::Warning if matches!(finding.rule.check, Check::Server(_)) => None,
                Severity::Warning => Some(line(finding, MAX_WARNING)),
                Severity::Error | Severity::Info => None,
            })
            .collect();
        let mut room = MAX_WARNINGS - MAX_WARNING;
        let mut warnings = Vec::with_capacity(texts.len());
        let total = texts.len();
        for text in texts {
            let Some(rest) = room.checked_sub(text.chars().count()) else {
                warnings.push(format!("and {} more", total - warnings.len()));
                break;
            };
            room = rest;
            warnings.push(text);
        }
        warnings
    }
}

/// `path: message (rule); help` in at most `max` characters. The help goes first, then the end of the message; path
/// and rule stay.
fn line(finding: &Finding, max: usize) -> String {
    const BEFORE_RULE: &str = " (";
    const BEHIND_RULE: &str = ")";
    let mut line = String::with_capacity(MAX_WARNING);
    let path = shown(&finding.path, MAX_PATH.min(max / 2));
    if !path.is_empty() {
        line.extend([&path, ": "]);
    }
    let rule = finding.rule.id();
    let others = [&line, BEFORE_RULE, rule, BEHIND_RULE].map(|text| text.chars().count());
    let room = max.saturating_sub(others.iter().sum());
    line.extend([&plain_within(&finding.message, room), BEFORE_RULE, rule, BEHIND_RULE]);
    if let Some(help) = &finding.help {
        let help = plain_within(help, max);
        if line.chars().count() + help.chars().count() + 2 <= max {
            line.extend(["; ", &help]);
        }
    }
    line
}

/// A path for people or programs, in at most `max` characters.
fn shown(path: &FieldPath, max: usize) -> String {
    /// Most paths are no longer, in bytes.
    const USUAL: usize = 96;
    let mut text = String::with_capacity(USUAL);
    // Writing to a string does not fail.
    let _ = write!(text, "{path}");
    plain_within(&text, max)
}

/// A finding as a cause. Where a client shows causes, it does not show the message: each says everything.
fn cause(finding: &Finding) -> StatusCause {
    let mut message = format!("{} ({})", plain_within(&finding.message, MAX_LINE), finding.rule.id());
    if let Some(help) = &finding.help {
        let _ = write!(message, "; {}", plain_within(help, MAX_LINE));
    }
    StatusCause {
        // A rule of the policy refuses what is well-formed.
        reason: finding.cause.unwrap_or(Cause::Forbidden).as_str(),
        message,
        field: shown(&finding.path, MAX_FIELD),
    }
}

/// The audit annotation about defaults that were filled in.
pub(crate) fn changes_annotation<'a>(paths: impl Iterator<Item = &'a FieldPath>) -> String {
    list(paths.map(|path| shown(path, MAX_PATH)).collect())
}

/// The exception of the policy that a finding does not count by.
fn exception_of(finding: &Finding) -> Option<&str> {
    match &finding.suppressed.as_ref()?.by {
        SuppressedBy::Exception { id, .. } => Some(id),
        SuppressedBy::Annotation => None,
    }
}

/// A rule with findings, and their severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct RuleLevel(&'static str, Severity);

impl fmt::Display for RuleLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(rule, severity) = self;
        write!(f, "{rule}={}", severity.as_str())
    }
}

/// Items in order, each once, with commas between, as many as an annotation holds.
fn list<T: Ord + fmt::Display>(mut items: Vec<T>) -> String {
    const MORE: &str = ",...";
    items.sort_unstable();
    items.dedup();
    let mut out = String::new();
    for item in items {
        let before = out.len();
        let comma = if before == 0 { "" } else { "," };
        let _ = write!(out, "{comma}{item}");
        if out.len() + MORE.len() > MAX_ANNOTATION {
            out.truncate(before);
            out.push_str(MORE);
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Rule;
    use crate::rules::registry;

    fn rule() -> &'static Rule {
        registry().get("job/work-queue-completions").unwrap()
    }

    fn finding(path: &str, message: &str, help: &str) -> Finding {
        let mut finding = rule().finding(Severity::Warning, FieldPath::parse(path), message);
        finding.help = Some(help.to_owned());
        finding
    }

    #[test]
    fn a_line_loses_its_help_first_and_keeps_its_rule() {
        let finding = finding("spec.completions", "one Pod only is started", "remove completions");
        let cut = |max| line(&finding, max);
        assert_eq!(
            cut(256),
            "spec.completions: one Pod only is started (job/work-queue-completions); remove completions"
        );
        assert_eq!(cut(89), "spec.completions: one Pod only is started (job/work-queue-completions)");
        assert_eq!(cut(60), "spec.completions: one Pod only… (job/work-queue-completions)");
    }

    #[test]
    fn a_line_is_one_line() {
        let finding = finding("metadata.labels[a\nb]", "no\u{1b}[31m", "fix\nit");
        assert_eq!(
            line(&finding, 256),
            "metadata.labels[a b]: no\u{fffd}[31m (job/work-queue-completions); fix it"
        );
        let root = rule().finding(Severity::Error, FieldPath::root(), "wrong");
        assert_eq!(line(&root, 256), "wrong (job/work-queue-completions)");
    }

    #[test]
    fn lists_are_sorted_and_bounded() {
        let levels = vec![
            RuleLevel("b", Severity::Error),
            RuleLevel("a", Severity::Info),
            RuleLevel("b", Severity::Error),
        ];
        assert_eq!(list(levels), "a=info,b=error");
        assert_eq!(list::<RuleLevel>(Vec::new()), "");
        let long = list((0..5000).map(|number| format!("rule{number:05}")).collect());
        assert!(long.len() <= MAX_ANNOTATION && long.ends_with(",..."), "{long}");
    }

    proptest::proptest! {
        #[test]
        fn lines_never_exceed_what_fits_in_a_warning(path in ".{0,400}", message in ".{0,400}", help in ".{0,400}") {
            let finding = finding(&path, &message, &help);
            proptest::prop_assert!(line(&finding, MAX_WARNING).chars().count() <= MAX_WARNING);
        }
    }
}
