//! The rules that the annotation names.

use std::sync::Arc;

use super::annotation::{ANNOTATION, Annotation, Term};
use crate::engine::{Check, Fix, Object, Registry, Rule, Safety};
use crate::engine::{Suppressed, SuppressedBy};
use crate::policy::{Policy, Settings};
use jobguard_manifest::FieldPath;
use jobguard_manifest::edit::Edit;

/// The rules that an object asks to ignore.
#[derive(Debug, Clone)]
pub struct Suppressions<'a> {
    pub(super) registry: &'a Registry,
    pub(super) annotation: Annotation<'a>,
    /// What it names, each once, in its order.
    pub(super) names: Vec<(Term<'a>, Target)>,
}

/// What a name of the annotation stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The rule at this position of the registry.
    Rule(usize),
    /// All rules of the category.
    Category(&'static str),
    /// `*`.
    Everything,
    Unknown,
}

impl Target {
    pub(super) fn of(name: &str, registry: &Registry) -> Self {
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
    pub(super) fn positions(self, registry: &Registry) -> impl Iterator<Item = usize> + '_ {
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
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Named {
    /// Whether the policy lets the annotation ignore it.
    pub(super) is_allowed: bool,
    /// Which of the names ignores it, if it is allowed and one is in force: of several the one that lasts longest.
    pub(super) by: Option<usize>,
    /// How many of its findings there are.
    pub(super) count: usize,
    /// How many of them no exception of the policy is about.
    pub(super) open: usize,
}

/// Why what a name of the annotation ignores does not count.
pub(super) fn suppressed(term: &Term<'_>) -> Arc<Suppressed> {
    let Term { until, reason, .. } = *term;
    Arc::new(Suppressed { by: SuppressedBy::Annotation, reason: reason.map(Arc::from), until })
}

impl<'a> Suppressions<'a> {
    /// Reads the annotation of `object`; none where it has none.
    pub fn of(object: &'a Object, registry: &'a Registry) -> Option<Self> {
        Some(Self::parse(object.annotation(ANNOTATION)?, registry))
    }

    /// Reads the annotation's value.
    pub fn parse(value: &'a str, registry: &'a Registry) -> Self {
        let annotation = Annotation::parse(value);
        let terms = annotation.terms().into_iter();
        let names = terms.map(|term| (term, Target::of(term.name, registry))).collect();
        Self { registry, annotation, names }
    }

    /// Whether a rule is named that judges the input as a whole.
    pub(in crate::engine) fn name_input_rules(&self) -> bool {
        self.names
            .iter()
            .flat_map(|(_, target)| target.positions(self.registry))
            .any(|position| self.judges_input(position))
    }

    /// Whether a policy lets an annotation ignore the rule at a position, in an object with these settings.
    pub(super) fn can_be(&self, position: usize, policy: &Policy, settings: &Settings) -> bool {
        let rule = self.rule(position);
        rule.spec.is_settable()
            && !is_about_suppression(rule)
            && !is_about_text(rule)
            && settings.rules.get(position).is_some_and(|setting| policy.suppressions.cover(setting.level))
    }

    /// The rule at a position of the registry.
    pub(super) fn rule(&self, position: usize) -> &'static Rule {
        self.registry.rules()[position]
    }

    /// Whether the rule at a position judges the input as a whole.
    pub(super) fn judges_input(&self, position: usize) -> bool {
        matches!(self.rule(position).check, Check::Input(_))
    }

    /// The annotation with other names in the place of one, or without it. None where not all of it was read, and
    /// would be lost.
    pub(super) fn replaced(&self, name: &str, by: &[&str]) -> Option<Fix> {
        if !self.annotation.is_whole() {
            return None;
        }
        Some(match self.annotation.with(name, by) {
            Some(text) => corrected(text),
            None => Fix::new(Safety::Unsafe, "remove the annotation", Edit::Remove { path: path() }),
        })
    }
}

pub(super) fn corrected(text: String) -> Fix {
    Fix::set(Safety::Unsafe, "correct the annotation", path(), text)
}

pub(super) fn path() -> FieldPath {
    FieldPath::root().field("metadata").field("annotations").key(ANNOTATION)
}

/// The category of this name.
fn category_named(name: &str, registry: &Registry) -> Option<&'static str> {
    let mut categories = registry.rules().iter().map(|rule| rule.spec.category());
    categories.find(|category| *category == name)
}

pub(super) fn is_about_suppression(rule: &Rule) -> bool {
    matches!(rule.check, Check::Suppression(_))
}

/// Whether the rule finds something in a text that is no object: no annotation of an object reaches that.
pub(super) fn is_about_text(rule: &Rule) -> bool {
    matches!(rule.check, Check::Text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::registry;

    #[test]
    fn an_annotation_can_name_every_rule() {
        assert!(registry().rules().len() < super::super::MAX_NAMES);
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
