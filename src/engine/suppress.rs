//! The one way to suppress a rule: an annotation on the object. A comment in the YAML would never reach a webhook.
//!
//! The annotation belongs to the author of the object, and may be as large as the API server lets it be. How much of
//! it is read is bounded ([`Annotation`]), and what is done with it takes time in proportion to findings and to names
//! multiplied by rules, both of which are bounded.

mod annotation;
mod report;
mod wording;

use crate::policy::{self, Policy, Settings};
use jobguard_manifest::FieldPath;
use jobguard_manifest::edit::Edit;

use super::{Check, Finding, Fix, Object, Registry, Rule, Safety};
pub use annotation::{Annotation, AnnotationExcess, AnnotationFault, Entry};
use report::Report;
pub(super) use wording::SuppressionRules;
pub use wording::{NotAllowed, SuppressionCheck, UnknownNames, Wording};

/// The annotation that names the rules to ignore: `jobguard.dev/ignore: job/no-deadline until=2027-01-31 (reason)`. Its
/// grammar is that of [`Annotation`].
pub const ANNOTATION: &str = "jobguard.dev/ignore";

/// The longest annotation that is read, in bytes. A longer one suppresses nothing.
pub const MAX_ANNOTATION_BYTES: usize = policy::Suppressions::MAX_ANNOTATION_BYTES;

/// How many names of an annotation are read, each counted once: more than there are rules. Those behind them suppress
/// nothing.
pub const MAX_NAMES: usize = 100;

/// The rules that an object asks to ignore.
#[derive(Debug, Clone)]
pub struct Suppressions<'a> {
    registry: &'a Registry,
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
    fn of(name: &str, registry: &Registry) -> Self {
        if let Some(position) = registry.position(name) {
            return Self::Rule(position);
        }
        match name.strip_suffix("/*") {
            _ if name == "*" => Self::Everything,
            Some(category) => category_named(category, registry).map_or(Self::Unknown, Self::Category),
            None => Self::Unknown,
        }
    }

    /// The positions of the rules that it stands for, ascending.
    fn positions(self, registry: &Registry) -> impl Iterator<Item = usize> + '_ {
        registry.rules().iter().enumerate().filter_map(move |(position, rule)| {
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
    pub fn of(object: &'a Object, registry: &'a Registry) -> Option<Self> {
        Some(Self::parse(object.annotation(ANNOTATION)?, registry))
    }

    /// Reads the annotation's value.
    pub fn parse(value: &'a str, registry: &'a Registry) -> Self {
        let annotation = Annotation::parse(value);
        let names = annotation.names().into_iter().map(|name| (name, Target::of(name, registry))).collect();
        Self { registry, annotation, names }
    }

    /// Whether a rule is named that judges the input as a whole.
    pub(super) fn name_input_rules(&self) -> bool {
        self.names
            .iter()
            .flat_map(|(_, target)| target.positions(self.registry))
            .any(|position| self.judges_input(position))
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
            let rule = self.rule(position);
            rule.spec.is_settable()
                && !is_about_suppression(rule)
                && !is_about_text(rule)
                && settings
                    .rules
                    .get(position)
                    .is_some_and(|setting| policy.suppressions.cover(setting.level))
        };
        // By the rule's position. What a rule's own name allows, its category's does not take back.
        let mut named: Vec<Option<Named>> = vec![None; self.registry.rules().len()];
        for (_, target) in &self.names {
            let by_category = matches!(target, Target::Category(_));
            for position in target.positions(self.registry) {
                let is_allowed = can_be(position) && (!by_category || policy.suppressions.categories);
                let before = named[position].is_some_and(|named| named.is_allowed);
                named[position] = Some(Named { is_allowed: is_allowed || before, count: 0 });
            }
        }
        let mut suppressed = Vec::new();
        if !self.names.is_empty() {
            for finding in std::mem::take(findings) {
                let position = self.registry.position_of(finding.rule);
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

    /// The rule at a position of the registry.
    fn rule(&self, position: usize) -> &'static Rule {
        self.registry.rules()[position]
    }

    /// Whether the rule at a position judges the input as a whole.
    fn judges_input(&self, position: usize) -> bool {
        matches!(self.rule(position).check, Check::Input(_))
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

fn path() -> FieldPath {
    FieldPath::root().field("metadata").field("annotations").key(ANNOTATION)
}

/// The category of this name.
fn category_named(name: &str, registry: &Registry) -> Option<&'static str> {
    let mut categories = registry.rules().iter().map(|rule| rule.spec.category());
    categories.find(|category| *category == name)
}

fn is_about_suppression(rule: &Rule) -> bool {
    matches!(rule.check, Check::Suppression(_))
}

/// Whether the rule finds something in a text that is no object: no annotation of an object reaches that.
fn is_about_text(rule: &Rule) -> bool {
    matches!(rule.check, Check::Text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::registry;

    #[test]
    fn an_annotation_can_name_every_rule() {
        assert!(registry().rules().len() < MAX_NAMES);
    }

    #[test]
    fn names_stand_for_rules_and_categories() {
        let of = |name| Target::of(name, registry());
        assert!(matches!(of("cron/suspended"), Target::Rule(_)));
        assert_eq!(of("cron/*"), Target::Category("cron"));
        assert!(of("cron/*").positions(registry()).count() > 10);
        assert_eq!(of("*"), Target::Everything);
        for unknown in ["cron", "crons/*", "cron/**", "/*", "cron/", "*/*", ""] {
            assert_eq!(of(unknown), Target::Unknown, "{unknown}");
        }
    }
}
