//! The one way to silence a rule: an annotation on the object. A comment in the YAML would never reach a webhook.
//!
//! The annotation belongs to the author of the object, and may be as large as the API server lets it be. How much of
//! it is read is bounded ([`Annotation`]), and what is done with it takes time in proportion to findings and to names
//! multiplied by rules, both of which are bounded.

mod annotation;

use crate::policy::{self, Policy, Settings, date};
use crate::rules;
use jobguard_manifest::FieldPath;
use jobguard_manifest::edit::Edit;
use jobguard_text::{distance, is_slip, quote_within};

use super::{Check, Finding, Fix, Object, Rule, Safety, Severity, registry};
pub use annotation::{Annotation, Entry};
use annotation::{Excess, Fault};

/// The annotation that names the rules to ignore: `jobguard.dev/ignore: job/no-deadline until=2027-01-31 (reason)`. Its
/// grammar is that of [`Annotation`].
pub const ANNOTATION: &str = "jobguard.dev/ignore";

/// The longest annotation that is read, in bytes. A longer one suppresses nothing.
pub const MAX_ANNOTATION_BYTES: usize = policy::Suppressions::MAX_ANNOTATION_BYTES;

/// How many names of an annotation are read, each counted once: more than there are rules. Those behind them suppress
/// nothing.
pub const MAX_NAMES: usize = 100;

/// How many letters may be wrong in a name that a fix corrects.
const MAX_SLIP: usize = 3;

/// How many unknown names are reported one by one.
const MAX_UNKNOWN: usize = 10;

/// The longest piece of an annotation that a message quotes, in characters.
const QUOTE: usize = 60;

/// The rules that an object asks to ignore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressions<'a> {
    annotation: Annotation<'a>,
    /// What it names, each once, in its order.
    names: Vec<(&'a str, Target)>,
}

/// What a name of the annotation stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// The rule at this position of the registry.
    Rule(usize),
    /// All rules of the category.
    Category(&'static str),
    /// `*`.
    Everything,
    Unknown,
}

impl Target {
    fn of(name: &str) -> Self {
        if let Some(position) = registry().position(name) {
            return Self::Rule(position);
        }
        match name.strip_suffix("/*") {
            _ if name == "*" => Self::Everything,
            Some(category) => category_named(category).map_or(Self::Unknown, Self::Category),
            None => Self::Unknown,
        }
    }

    /// The positions of the rules that it stands for, ascending.
    fn positions(self) -> impl Iterator<Item = usize> {
        registry().rules().iter().enumerate().filter_map(move |(position, rule)| {
            let is_meant = match self {
                Self::Rule(own) => own == position,
                Self::Category(category) => rule.spec.category() == category,
                Self::Everything | Self::Unknown => false,
            };
            is_meant.then_some(position)
        })
    }
}

/// A rule that the annotation names, itself or by its category.
#[derive(Debug, Clone, Copy)]
struct Named {
    is_allowed: bool,
    /// How many of its findings there are.
    count: usize,
}

impl<'a> Suppressions<'a> {
    /// Reads the annotation of `object`; none where it has none.
    pub fn of(object: &'a Object) -> Option<Self> {
        Some(Self::parse(object.annotation(ANNOTATION)?))
    }

    /// Reads the annotation's value.
    pub fn parse(value: &'a str) -> Self {
        let annotation = Annotation::parse(value);
        let names = annotation.names().into_iter().map(|name| (name, Target::of(name))).collect();
        Self { annotation, names }
    }

    /// Whether a rule is named that judges the input as a whole.
    pub(super) fn name_input_rules(&self) -> bool {
        self.names.iter().flat_map(|(_, target)| target.positions()).any(judges_input)
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
        let can_be = |position: usize| {
            let rule = registry().rules()[position];
            rule.spec.is_settable()
                && !is_about_suppression(rule)
                && !is_about_text(rule)
                && settings
                    .rules
                    .get(position)
                    .is_some_and(|setting| policy.suppressions.cover(setting.level))
        };
        // By the rule's position. What a rule's own name allows, its category's does not take back.
        let mut named: Vec<Option<Named>> = vec![None; registry().rules().len()];
        for (_, target) in &self.names {
            let by_category = matches!(target, Target::Category(_));
            for position in target.positions() {
                let is_allowed = can_be(position) && (!by_category || policy.suppressions.categories);
                let before = named[position].is_some_and(|named| named.is_allowed);
                named[position] = Some(Named { is_allowed: is_allowed || before, count: 0 });
            }
        }
        let mut suppressed = Vec::new();
        if !self.names.is_empty() {
            for finding in std::mem::take(findings) {
                let position = registry().position(finding.rule.id());
                let of = position.and_then(|position| named[position].as_mut());
                let is_allowed = of.is_some_and(|named| {
                    named.count += 1;
                    named.is_allowed
                });
                if is_allowed { suppressed.push(finding) } else { findings.push(finding) }
            }
        }
        let report = Report { of: self, policy, settings, named: &named, can_be: &can_be, findings };
        report.write(is_judged);
        suppressed
    }

    /// The annotation with other names in the place of one, or without it. None where not all of it was read, and
    /// would be lost.
    fn replaced(&self, name: &str, by: &[&str]) -> Option<Fix> {
        if !self.annotation.is_whole() {
            return None;
        }
        Some(match self.annotation.with(name, by) {
            Some(text) => corrected(text),
            None => Fix::new(Safety::Unsafe, "remove the annotation", Edit::Remove { path: path() }),
        })
    }
}

fn corrected(text: String) -> Fix {
    Fix::set(Safety::Unsafe, "correct the annotation", path(), text)
}

/// What there is to say about the annotation itself.
struct Report<'r, 'a, F> {
    of: &'r Suppressions<'a>,
    policy: &'r Policy,
    settings: &'r Settings,
    named: &'r [Option<Named>],
    /// Whether the policy lets an annotation ignore the rule at a position.
    can_be: &'r F,
    findings: &'r mut Vec<Finding>,
}

impl<'a, F: Fn(usize) -> bool> Report<'_, 'a, F> {
    fn write(mut self, is_judged: impl Fn(&Rule) -> bool) {
        if let Some(excess) = self.of.annotation.excess {
            excess.report(self.findings, self.settings);
        }
        for fault in &self.of.annotation.faults {
            self.fault(fault);
        }
        let mut unknown = 0;
        for &(name, target) in &self.of.names {
            match target {
                Target::Unknown => {
                    unknown += 1;
                    if unknown <= MAX_UNKNOWN {
                        self.unknown(name);
                    }
                }
                Target::Everything => self.not_allowed(
                    "an annotation cannot ignore all rules at once".to_owned(),
                    "name the rules, or categories such as `job/*`".to_owned(),
                    None,
                ),
                Target::Rule(position) => {
                    let rule = registry().rules()[position];
                    match self.named[position] {
                        _ if is_about_suppression(rule) || is_about_text(rule) => self.rule_not_allowed(rule),
                        Some(Named { count: 0, .. }) | None => {
                            if is_judged(rule) {
                                self.unused(name, judges_input(position));
                            }
                        }
                        Some(Named { is_allowed: true, .. }) => {}
                        Some(Named { is_allowed: false, .. }) => self.rule_not_allowed(rule),
                    }
                }
                Target::Category(category) => self.category(name, category, &is_judged),
            }
        }
        if let more @ 1.. = unknown.saturating_sub(MAX_UNKNOWN) {
            self.speak(&rules::suppression_unknown_rule::RULE, |finding| {
                finding.message = format!("the annotation ignores {more} more names that are no rules");
                finding.help = Some("`jobguard rules` lists all rules".to_owned());
            });
        }
    }

    fn category(&mut self, name: &'a str, category: &'static str, is_judged: &impl Fn(&Rule) -> bool) {
        let all: Vec<usize> = Target::Category(category).positions().collect();
        let cannot = all.iter().all(|position| {
            let rule = registry().rules()[*position];
            !rule.spec.is_settable() || is_about_suppression(rule) || is_about_text(rule)
        });
        if cannot {
            let help = if category == "suppression" { "it is about the annotation itself" } else { SERVERS };
            return self.not_allowed(format!("{name} cannot be ignored"), help.to_owned(), None);
        }
        let found = |position: &usize| self.named[*position].is_some_and(|named| named.count > 0);
        let speaking: Vec<usize> = all.iter().copied().filter(found).collect();
        if speaking.is_empty() {
            if all.iter().all(|position| is_judged(registry().rules()[*position])) {
                self.unused(name, all.iter().copied().any(judges_input));
            }
        } else if !self.policy.suppressions.categories {
            let could = speaking.iter().filter(|position| (self.can_be)(**position));
            let ids: Vec<&'static str> = could.map(|position| registry().rules()[*position].id()).collect();
            let fix = self.of.replaced(name, &ids).filter(|_| !ids.is_empty());
            let help = match ids.is_empty() {
                true => "correct what is found, or ask the owner of the policy for an override".to_owned(),
                false => format!("name the rules: {}", ids.join(", ")),
            };
            let message = format!("the policy does not let an annotation ignore a category ({name})");
            self.not_allowed(message, help, fix);
        } else {
            let own =
                |position: usize| self.of.names.iter().any(|(_, target)| *target == Target::Rule(position));
            let refused = speaking.into_iter().filter(|position| {
                !own(*position) && self.named[*position].is_some_and(|named| !named.is_allowed)
            });
            for position in refused.collect::<Vec<_>>() {
                self.rule_not_allowed(registry().rules()[position]);
            }
        }
    }

    fn unknown(&mut self, name: &'a str) {
        let category = name.strip_suffix("/*");
        let near = match category {
            Some(category) => nearest_category(category),
            None => registry().similar(name).map(str::to_owned),
        };
        // A name that is only the least unlike is for people to look at.
        let slip = near.as_deref().filter(|near| is_slip(near, name, MAX_SLIP));
        let fix = slip.and_then(|near| self.of.replaced(name, &[near]));
        self.speak(&rules::suppression_unknown_rule::RULE, |finding| {
            let what = if category.is_some() { "no category of rules" } else { "no rule" };
            finding.message = format!("the annotation ignores {}, which is {what}", quoted(name));
            finding.help = Some(match near {
                Some(near) => format!("did you mean {near}?"),
                None => "`jobguard rules` lists all rules".to_owned(),
            });
            finding.fix = fix;
        });
    }

    fn unused(&mut self, name: &'a str, judges_input: bool) {
        // Texts are changed one by one, and what is in the others is not known then.
        let fix = if judges_input { None } else { self.of.replaced(name, &[]) };
        self.speak(&rules::suppression_unused::RULE, |finding| {
            finding.message = format!("the annotation ignores {name}, which finds nothing here");
            finding.help = Some(format!("take {name} out of the annotation"));
            finding.fix = fix;
        });
    }

    fn rule_not_allowed(&mut self, rule: &'static Rule) {
        if is_about_text(rule) {
            let mut help = "it is about a text and not about one object".to_owned();
            if rule.spec.is_settable() {
                help.push_str(&format!(": set its level in the policy (rules: {{{}: off}})", rule.id()));
            }
            self.not_allowed(format!("{} cannot be ignored", rule.id()), help, None);
        } else if rule.spec.is_settable() {
            self.not_allowed(
                format!("the policy does not let an annotation ignore {}", rule.id()),
                "correct what is found, or ask the owner of the policy for an override".to_owned(),
                None,
            );
        } else {
            self.not_allowed(format!("{} cannot be ignored", rule.id()), SERVERS.to_owned(), None);
        }
    }

    fn not_allowed(&mut self, message: String, help: String, fix: Option<Fix>) {
        self.speak(&rules::suppression_not_allowed::RULE, |finding| {
            (finding.message, finding.help, finding.fix) = (message, Some(help), fix);
        });
    }

    /// What does not fit the grammar.
    fn fault(&mut self, fault: &Fault<'_>) {
        const GRAMMAR: &str =
            "write `rule, rule until=YYYY-MM-DD (reason)`, and `;` between several of these";
        let (message, help, text) = match fault {
            Fault::Parenthesis => (
                "the parentheses in the annotation do not match: what they hold is not read".to_owned(),
                "write the reason in one pair of parentheses, with none inside".to_owned(),
                None,
            ),
            Fault::Text { text, corrected } => (
                format!("the annotation holds {}, which is no rule and is not read", quoted(text)),
                format!("put the reason in parentheses: {GRAMMAR}"),
                corrected.clone(),
            ),
            Fault::Date { text, corrected } => (
                match *text {
                    "" => "a date is missing after `until` in the annotation".to_owned(),
                    text if corrected.is_some() || date::parse(text).is_some() => {
                        format!("the date {text} in the annotation is not introduced by `until=`")
                    }
                    text => format!("{} in the annotation is no date", quoted(text)),
                },
                "write a day that there is as until=YYYY-MM-DD, such as until=2027-01-31".to_owned(),
                corrected.clone(),
            ),
            Fault::Twice => (
                "the annotation gives a second date or reason for the same rules".to_owned(),
                format!("keep one of them, or name the rules again: {GRAMMAR}"),
                None,
            ),
            Fault::NoSemicolon { name, corrected } => (
                format!(
                    "{} follows a date or a reason in the annotation, with no semicolon between them",
                    quoted(name)
                ),
                GRAMMAR.to_owned(),
                corrected.clone(),
            ),
            Fault::NoComma { name, corrected } => (
                format!("{} follows a rule in the annotation, with no comma between them", quoted(name)),
                GRAMMAR.to_owned(),
                corrected.clone(),
            ),
            Fault::NoRule => (
                "the annotation gives a date or a reason, and no rule before it".to_owned(),
                GRAMMAR.to_owned(),
                None,
            ),
        };
        self.speak(&rules::suppression_syntax::RULE, |finding| {
            (finding.message, finding.help, finding.fix) = (message, Some(help), text.map(corrected));
        });
    }

    fn speak(&mut self, rule: &'static Rule, fill: impl FnOnce(&mut Finding)) {
        speak(rule, self.settings, self.findings, fill);
    }
}

/// What to do where the API server's own verdict is named.
const SERVERS: &str = "it is what the API server itself refuses: correct the object";

fn judges_input(position: usize) -> bool {
    matches!(registry().rules()[position].check, Check::Input(_))
}

/// The category of this name.
fn category_named(name: &str) -> Option<&'static str> {
    let mut categories = registry().rules().iter().map(|rule| rule.spec.category());
    categories.find(|category| *category == name)
}

/// The wildcard of the category that a misspelt one is perhaps meant to be. None for a text longer than any misspelt name.
fn nearest_category(name: &str) -> Option<String> {
    let can_be = |rule: &&&Rule| rule.spec.is_settable() && !is_about_suppression(rule);
    let categories = registry().rules().iter().filter(can_be).map(|rule| rule.spec.category());
    let near = categories.map(|category| (distance(category, name), category));
    near.filter(|(distance, _)| *distance <= 2).min().map(|(_, category)| format!("{category}/*"))
}

/// A piece of the annotation for a message, with its beginning only.
fn quoted(text: &str) -> String {
    quote_within(text, QUOTE)
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

/// Whether the rule finds something in a text that is no object: no annotation of an object reaches that.
fn is_about_text(rule: &Rule) -> bool {
    matches!(rule.check, Check::Text)
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
    fn an_annotation_can_name_every_rule() {
        assert!(registry().rules().len() < MAX_NAMES);
    }

    #[test]
    fn names_stand_for_rules_and_categories() {
        let of = |name| Target::of(name);
        assert!(matches!(of("cron/suspended"), Target::Rule(_)));
        assert_eq!(of("cron/*"), Target::Category("cron"));
        assert!(of("cron/*").positions().count() > 10);
        assert_eq!(of("*"), Target::Everything);
        for unknown in ["cron", "crons/*", "cron/**", "/*", "cron/", "*/*", ""] {
            assert_eq!(of(unknown), Target::Unknown, "{unknown}");
        }
    }

    #[test]
    fn a_misspelt_category_is_one_that_can_be_ignored() {
        for (name, near) in
            [("pods", "pod/*"), ("Cron", "cron/*"), ("jobs", "job/*"), ("templates", "template/*")]
        {
            assert_eq!(nearest_category(name).as_deref(), Some(near));
        }
        for name in ["security", "ap", "suppressions", &"c".repeat(9_000)] {
            assert_eq!(nearest_category(name), None, "{}", name.len());
        }
    }
}
