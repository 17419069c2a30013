//! What the rules about the suppression annotation are asked for: words for what the engine finds in it.

use jiff::civil::Date;

use super::annotation::{AnnotationExcess, AnnotationFault};
use crate::engine::{Check, Rule};

/// What a rule about the suppression annotation words. Each is the part of one rule.
#[derive(Debug, Clone, Copy)]
pub enum SuppressionCheck {
    /// What does not fit the grammar.
    Syntax(fn(&AnnotationFault<'_>) -> Wording),
    /// What is not read because there is too much of it.
    TooLong(fn(AnnotationExcess) -> Wording),
    /// Names that are no rules.
    Unknown(fn(&UnknownNames<'_>) -> Wording),
    /// A name whose rules find nothing in the object.
    Unused(fn(&str) -> Wording),
    /// What cannot be ignored.
    NotAllowed(fn(&NotAllowed<'_>) -> Wording),
    /// Names that have findings, and whose last day is over.
    Ended(fn(&SuppressionEnd<'_>) -> Wording),
    /// Names that have findings, and whose last day is near.
    EndsSoon(fn(&SuppressionEnd<'_>) -> Wording),
}

/// The words of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// What is wrong: one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// Names of the annotation that are no rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownNames<'a> {
    /// One of them.
    One {
        /// As it is written.
        name: &'a str,
        /// Whether it is written as a category.
        is_category: bool,
        /// What is perhaps meant.
        near: Option<&'a str>,
        /// Whether it may be a rule of a policy that is not in use: it looks like an own rule, and no rule has its category.
        of_other_policy: bool,
    },
    /// So many more than are reported one by one.
    More(usize),
}

/// The last day of some names of the annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuppressionEnd<'a> {
    /// As they are written.
    pub names: &'a [&'a str],
    /// The last day, in UTC, on which they count.
    pub until: Date,
    /// How many days there are between that day and the one at hand.
    pub days: i32,
}

/// What an annotation asks to ignore and cannot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NotAllowed<'a> {
    /// All rules at once.
    Everything,
    /// A category of which no policy lets a rule be ignored.
    FixedCategory {
        /// As it is written.
        name: &'a str,
        /// Whether its rules are those about the annotation itself, and not those that report the API server's verdict.
        is_about_suppression: bool,
    },
    /// A category, where the policy lets an annotation name rules alone.
    Category {
        /// As it is written.
        name: &'a str,
        /// Those of its rules with findings that may be named instead.
        allowed: &'a [&'static str],
    },
    /// A rule.
    Rule {
        /// As it is written; its id, where a category stands for it.
        name: &'a str,
        /// The rule.
        rule: &'static Rule,
        /// Whether it is about a text and not about one object.
        is_about_text: bool,
    },
}

/// A rule with the function that words its findings.
type Worded<F> = Option<(&'static Rule, F)>;

/// The rules about the annotation, by what each words. What no rule words is not reported: a test holds that all rules
/// together word everything, and once.
#[derive(Debug, Default)]
pub(in crate::engine) struct SuppressionRules {
    pub(super) syntax: Worded<fn(&AnnotationFault<'_>) -> Wording>,
    pub(super) too_long: Worded<fn(AnnotationExcess) -> Wording>,
    pub(super) unknown: Worded<fn(&UnknownNames<'_>) -> Wording>,
    pub(super) unused: Worded<fn(&str) -> Wording>,
    pub(super) not_allowed: Worded<fn(&NotAllowed<'_>) -> Wording>,
    pub(super) ended: Worded<fn(&SuppressionEnd<'_>) -> Wording>,
    pub(super) ends_soon: Worded<fn(&SuppressionEnd<'_>) -> Wording>,
}

impl SuppressionRules {
    pub(in crate::engine) fn of(rules: &[&'static Rule]) -> Self {
        let mut found = Self::default();
        for &rule in rules {
            match rule.check {
                Check::Suppression(SuppressionCheck::Syntax(word)) => found.syntax = Some((rule, word)),
                Check::Suppression(SuppressionCheck::TooLong(word)) => found.too_long = Some((rule, word)),
                Check::Suppression(SuppressionCheck::Unknown(word)) => found.unknown = Some((rule, word)),
                Check::Suppression(SuppressionCheck::Unused(word)) => found.unused = Some((rule, word)),
                Check::Suppression(SuppressionCheck::NotAllowed(word)) => {
                    found.not_allowed = Some((rule, word));
                }
                Check::Suppression(SuppressionCheck::Ended(word)) => found.ended = Some((rule, word)),
                Check::Suppression(SuppressionCheck::EndsSoon(word)) => found.ends_soon = Some((rule, word)),
                _ => {}
            }
        }
        found
    }
}
