//! The one way to silence a rule: an annotation on the object. A comment in the YAML would never reach a webhook.

use crate::manifest::edit::Edit;
use crate::path::FieldPath;
use crate::policy::{Policy, Settings};
use crate::rules;

use super::{Check, Finding, Fix, Object, Rule, Safety, Severity, registry};

/// The annotation that names the rules to ignore: `jobguard.dev/ignore: cron/zone-missing, job/no-deadline`.
pub const ANNOTATION: &str = "jobguard.dev/ignore";

/// The longest piece of an annotation that a message quotes, in characters.
const QUOTE: usize = 60;

/// The rules that an object asks to ignore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressions<'a> {
    names: Vec<&'a str>,
}

impl<'a> Suppressions<'a> {
    /// Reads the annotation of `object`; none where it has none.
    pub fn of(object: &'a Object) -> Option<Self> {
        Some(Self::parse(object.annotation(ANNOTATION)?))
    }

    /// Reads the annotation's value: rule ids, separated by commas or white space.
    pub fn parse(value: &'a str) -> Self {
        let mut names: Vec<&str> = Vec::new();
        for name in value.split([',', ' ', '\t', '\n', '\r']).filter(|name| !name.is_empty()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Self { names }
    }

    /// Whether a rule is named that judges the input as a whole.
    pub(super) fn name_input_rules(&self) -> bool {
        let rules = self.names.iter().filter_map(|name| registry().get(name));
        rules.into_iter().any(|rule| matches!(rule.check, Check::Input(_)))
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
        let mut suppressed = Vec::new();
        for &name in &self.names {
            let Some(rule) = registry().get(name) else {
                self.unknown(name, findings, settings);
                continue;
            };
            let (matching, rest): (Vec<_>, Vec<_>) =
                std::mem::take(findings).into_iter().partition(|finding| std::ptr::eq(finding.rule, rule));
            *findings = rest;
            let level = registry().position(name).map(|position| settings.rules[position].level);
            let allowed = rule.spec.is_settable()
                && !is_about_suppression(rule)
                && level.is_some_and(|level| policy.suppressions.cover(level));
            if matching.is_empty() {
                if is_judged(rule) {
                    self.unused(rule, findings, settings);
                }
            } else if allowed {
                suppressed.extend(matching);
            } else {
                findings.extend(matching);
                self.not_allowed(rule, findings, settings);
            }
        }
        suppressed
    }

    fn unknown(&self, name: &str, findings: &mut Vec<Finding>, settings: &Settings) {
        let quoted: String = name.chars().take(QUOTE).collect();
        let help = match registry().similar(name) {
            Some(near) => format!("did you mean {near}?"),
            None => "`jobguard rules` lists all rules".to_owned(),
        };
        speak(&rules::suppression_unknown_rule::RULE, settings, findings, |finding| {
            finding.message = format!("the annotation ignores {quoted:?}, which is no rule");
            finding.help = Some(help);
            finding.fix = registry().similar(name).map(|near| self.replaced(name, Some(near)));
        });
    }

    /// The annotation with another name in the place of one, or without it.
    fn replaced(&self, name: &str, by: Option<&str>) -> Fix {
        let mut names: Vec<&str> = Vec::new();
        for each in &self.names {
            let kept = if *each == name { by } else { Some(*each) };
            names.extend(kept.filter(|kept| !names.contains(kept)));
        }
        let path = FieldPath::root().field("metadata").field("annotations").key(ANNOTATION);
        if names.is_empty() {
            return Fix::new(Safety::Unsafe, "remove the annotation", Edit::Remove { path });
        }
        Fix::set(Safety::Unsafe, "mend the annotation", path, names.join(", "))
    }

    fn unused(&self, rule: &'static Rule, findings: &mut Vec<Finding>, settings: &Settings) {
        speak(&rules::suppression_unused::RULE, settings, findings, |finding| {
            finding.message = format!("the annotation ignores {}, which finds nothing here", rule.id());
            finding.help = Some(format!("take {} out of the annotation", rule.id()));
            // Texts are mended one by one, where nobody can say what is in the others.
            let alone = !matches!(rule.check, Check::Input(_));
            finding.fix = alone.then(|| self.replaced(rule.id(), None));
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
        let path = FieldPath::root().field("metadata").field("annotations").key(ANNOTATION);
        let mut finding = rule.finding(severity, path, "");
        fill(&mut finding);
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
}
