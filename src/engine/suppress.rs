//! The one way to silence a rule: an annotation on the object. A comment in the YAML would never reach a webhook.
//!
//! The annotation belongs to whoever writes the object, and may be as large as the API server lets it be. How much of
//! it is read is bounded, and what is done with it takes time in proportion to findings and names, not to their
//! product.

use std::collections::{BTreeMap, HashSet};

use crate::manifest::edit::Edit;
use crate::path::FieldPath;
use crate::policy::{self, Policy, Settings};
use crate::rules;

use super::{Check, Finding, Fix, Object, Rule, Safety, Severity, registry};

/// The annotation that names the rules to ignore: `jobguard.dev/ignore: cron/zone-missing, job/no-deadline`.
pub const ANNOTATION: &str = "jobguard.dev/ignore";

/// The longest annotation that is read, in bytes. A longer one suppresses nothing.
pub const MAX_ANNOTATION_BYTES: usize = policy::Suppressions::MAX_ANNOTATION_BYTES;

/// How many names of an annotation are read, each counted once: more than there are rules. Those behind them suppress
/// nothing.
pub const MAX_NAMES: usize = 100;

/// How many unknown names are reported one by one.
const MAX_UNKNOWN: usize = 10;

/// The longest piece of an annotation that a message quotes, in characters.
const QUOTE: usize = 60;

/// The rules that an object asks to ignore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressions<'a> {
    /// In the order of the annotation, each once.
    names: Vec<&'a str>,
    excess: Option<Excess>,
}

/// What of an annotation is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Excess {
    /// All of it: it has so many bytes.
    Bytes(usize),
    /// The names behind the first [`MAX_NAMES`].
    Names,
}

impl<'a> Suppressions<'a> {
    /// Reads the annotation of `object`; none where it has none.
    pub fn of(object: &'a Object) -> Option<Self> {
        Some(Self::parse(object.annotation(ANNOTATION)?))
    }

    /// Reads the annotation's value: rule ids, separated by commas or white space.
    pub fn parse(value: &'a str) -> Self {
        if value.len() > MAX_ANNOTATION_BYTES {
            return Self { names: Vec::new(), excess: Some(Excess::Bytes(value.len())) };
        }
        let mut names = Vec::new();
        let mut seen = HashSet::new();
        for name in value.split([',', ' ', '\t', '\n', '\r']).filter(|name| !name.is_empty()) {
            if seen.contains(name) {
                continue;
            }
            if names.len() == MAX_NAMES {
                return Self { names, excess: Some(Excess::Names) };
            }
            seen.insert(name);
            names.push(name);
        }
        Self { names, excess: None }
    }

    /// Whether a rule is named that judges the input as a whole.
    pub(super) fn name_input_rules(&self) -> bool {
        let mut rules = self.names.iter().filter_map(|name| registry().get(name));
        rules.any(|rule| matches!(rule.check, Check::Input(_)))
    }

    /// Takes out of `findings` what is ignored, adds what there is to say about the annotation itself, and returns
    /// what was taken out. Only a rule that `is_judged` is called unused.
    pub(super) fn apply(
        &self,
        findings: &mut Vec<Finding>,
        policy: &Policy,
        settings: &Settings,
        is_judged: impl Fn(&Rule) -> bool,
    ) -> Vec<Finding> {
        let allowed = |position: usize, rule: &Rule| {
            rule.spec.is_settable()
                && !is_about_suppression(rule)
                && settings
                    .rules
                    .get(position)
                    .is_some_and(|setting| policy.suppressions.cover(setting.level))
        };
        // By the rule's position: whether it may be ignored, and how many of its findings there are.
        let mut named: BTreeMap<usize, (bool, usize)> = BTreeMap::new();
        for name in &self.names {
            if let Some(position) = registry().position(name) {
                named.insert(position, (allowed(position, registry().rules()[position]), 0));
            }
        }
        let mut suppressed = Vec::new();
        if !named.is_empty() {
            let all = std::mem::take(findings);
            for finding in all {
                let position = registry().position(finding.rule.id());
                match position.and_then(|position| named.get_mut(&position)) {
                    Some((true, count)) => {
                        *count += 1;
                        suppressed.push(finding);
                    }
                    Some((false, count)) => {
                        *count += 1;
                        findings.push(finding);
                    }
                    None => findings.push(finding),
                }
            }
        }
        self.report(findings, settings, &named, is_judged);
        suppressed
    }

    /// What there is to say about the annotation itself.
    fn report(
        &self,
        findings: &mut Vec<Finding>,
        settings: &Settings,
        named: &BTreeMap<usize, (bool, usize)>,
        is_judged: impl Fn(&Rule) -> bool,
    ) {
        if let Some(excess) = self.excess {
            excess.report(findings, settings);
        }
        let mut unknown = 0;
        for &name in &self.names {
            let Some(position) = registry().position(name) else {
                unknown += 1;
                if unknown <= MAX_UNKNOWN {
                    self.unknown(name, findings, settings);
                }
                continue;
            };
            let rule = registry().rules()[position];
            match named.get(&position) {
                _ if is_about_suppression(rule) => self.not_allowed(rule, findings, settings),
                Some((_, 0)) | None => {
                    if is_judged(rule) {
                        self.unused(rule, findings, settings);
                    }
                }
                Some((true, _)) => {}
                Some((false, _)) => self.not_allowed(rule, findings, settings),
            }
        }
        if let more @ 1.. = unknown.saturating_sub(MAX_UNKNOWN) {
            speak(&rules::suppression_unknown_rule::RULE, settings, findings, |finding| {
                finding.message = format!("the annotation ignores {more} more names that are no rules");
                finding.help = Some("`jobguard rules` lists all rules".to_owned());
            });
        }
    }

    fn unknown(&self, name: &str, findings: &mut Vec<Finding>, settings: &Settings) {
        speak(&rules::suppression_unknown_rule::RULE, settings, findings, |finding| {
            let quoted: String = name.chars().take(QUOTE).collect();
            let near = registry().similar(name);
            finding.message = format!("the annotation ignores {quoted:?}, which is no rule");
            finding.help = Some(match near {
                Some(near) => format!("did you mean {near}?"),
                None => "`jobguard rules` lists all rules".to_owned(),
            });
            finding.fix = near.and_then(|near| self.replaced(name, Some(near)));
        });
    }

    /// The annotation with another name in the place of one, or without it. None where not all of it was read, and
    /// would be lost.
    fn replaced(&self, name: &str, by: Option<&str>) -> Option<Fix> {
        if self.excess.is_some() {
            return None;
        }
        let mut seen = HashSet::new();
        let names: Vec<&str> = self
            .names
            .iter()
            .filter_map(|each| if *each == name { by } else { Some(*each) })
            .filter(|kept| seen.insert(*kept))
            .collect();
        let path = path();
        if names.is_empty() {
            return Some(Fix::new(Safety::Unsafe, "remove the annotation", Edit::Remove { path }));
        }
        Some(Fix::set(Safety::Unsafe, "mend the annotation", path, names.join(", ")))
    }

    fn unused(&self, rule: &'static Rule, findings: &mut Vec<Finding>, settings: &Settings) {
        speak(&rules::suppression_unused::RULE, settings, findings, |finding| {
            finding.message = format!("the annotation ignores {}, which finds nothing here", rule.id());
            finding.help = Some(format!("take {} out of the annotation", rule.id()));
            // Texts are mended one by one, where nobody can say what is in the others.
            let alone = !matches!(rule.check, Check::Input(_));
            finding.fix = if alone { self.replaced(rule.id(), None) } else { None };
        });
    }

    fn not_allowed(&self, rule: &'static Rule, findings: &mut Vec<Finding>, settings: &Settings) {
        speak(&rules::suppression_not_allowed::RULE, settings, findings, |finding| {
            if rule.spec.is_settable() {
                finding.message = format!("the policy does not let an annotation ignore {}", rule.id());
                finding.help =
                    Some("mend the finding, or ask whoever owns the policy for an override".to_owned());
            } else {
                finding.message = format!("{} cannot be ignored", rule.id());
                finding.help = Some("it is what the API server itself says: mend it".to_owned());
            }
        });
    }
}

impl Excess {
    fn report(self, findings: &mut Vec<Finding>, settings: &Settings) {
        speak(&rules::suppression_too_long::RULE, settings, findings, |finding| {
            finding.message = match self {
                Self::Bytes(bytes) => format!(
                    "the annotation has {bytes} bytes, and one of more than {MAX_ANNOTATION_BYTES} ignores nothing"
                ),
                Self::Names => format!(
                    "the annotation has more than {MAX_NAMES} names, and those behind the first {MAX_NAMES} ignore nothing"
                ),
            };
            finding.help = Some("name only rules that find something here".to_owned());
        });
    }
}

fn path() -> FieldPath {
    FieldPath::root().field("metadata").field("annotations").key(ANNOTATION)
}

fn is_about_suppression(rule: &Rule) -> bool {
    rule.spec.category() == "suppression"
}

fn speak(
    rule: &'static Rule,
    settings: &Settings,
    findings: &mut Vec<Finding>,
    fill: impl FnOnce(&mut Finding),
) {
    let level = registry().position(rule.id()).map(|position| settings.rules[position].level);
    if let Some(severity) = level.and_then(Severity::of) {
        let mut finding = rule.finding(severity, path(), "");
        fill(&mut finding);
        // All that is said about the annotation stands at the same field.
        finding.about = Some(finding.message.clone().into());
        findings.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_separated_by_commas_and_spaces_and_counted_once() {
        let parsed = Suppressions::parse(" job/a,cron/b,, job/a\n job/c ");
        assert_eq!(parsed.names, ["job/a", "cron/b", "job/c"]);
    }

    #[test]
    fn what_is_read_is_bounded() {
        assert!(registry().rules().len() < MAX_NAMES, "an annotation can name every rule");
        let names = |count: usize| (0..count).map(|n| format!("r/{n}")).collect::<Vec<_>>().join(",");
        let (fits, more) = (names(MAX_NAMES), names(MAX_NAMES + 1));
        assert_eq!(Suppressions::parse(&fits).excess, None);
        // What is said twice is no excess.
        let twice = format!("{fits},{fits}");
        assert_eq!(Suppressions::parse(&twice).excess, None);
        let parsed = Suppressions::parse(&more);
        assert_eq!((parsed.names.len(), parsed.excess), (MAX_NAMES, Some(Excess::Names)));
        let long = format!("job/a{}", " ".repeat(MAX_ANNOTATION_BYTES - 5));
        assert_eq!(Suppressions::parse(&long).names, ["job/a"]);
        let longer = format!("{long} ");
        assert_eq!(Suppressions::parse(&longer).names, [""; 0]);
    }
}
