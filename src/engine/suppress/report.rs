//! What there is to report about the annotation itself. The rules about it word it.

use std::collections::{BTreeMap, HashSet};

use jiff::civil::Date;

use crate::policy::{ExceptionState, Policy, Settings};
use jobguard_text::{distance, is_slip};

use super::annotation::{Annotation, AnnotationFault, Term};
use super::names::{Named, Suppressions, Target, corrected, is_about_suppression, is_about_text, path};
use super::wording::{NotAllowed, SuppressionEnd, UnknownNames, Wording};
use crate::engine::{Finding, Fix, Registry, Rule, Severity};

/// How many letters may be wrong in a name that a fix corrects.
const MAX_SLIP: usize = 3;

/// How many unknown names are reported one by one.
const MAX_UNKNOWN: usize = 10;

pub(super) struct Report<'r, 'a, F> {
    pub(super) of: &'r Suppressions<'a>,
    pub(super) policy: &'r Policy,
    pub(super) settings: &'r Settings,
    pub(super) today: Date,
    pub(super) named: &'r [Option<Named>],
    /// Whether the policy lets an annotation ignore the rule at a position.
    pub(super) can_be: &'r F,
    pub(super) findings: &'r mut Vec<Finding>,
}

impl<'a, F: Fn(usize) -> bool> Report<'_, 'a, F> {
    /// Only a rule that `is_judged` is called unused.
    pub(super) fn write(mut self, is_judged: impl Fn(&Rule) -> bool) {
        let Annotation { excess, faults, .. } = &self.of.annotation;
        if let (Some(excess), Some((rule, word))) = (*excess, self.of.registry.suppression().too_long) {
            self.report(rule, word(excess), None);
        }
        for fault in faults {
            self.fault(fault);
        }
        let (mut unknown, mut refused) = (0, HashSet::new());
        let mut ends = Ends::default();
        for (index, &(term, target)) in self.of.names.iter().enumerate() {
            let name = term.name;
            match target {
                Target::Unknown => {
                    unknown += 1;
                    if unknown <= MAX_UNKNOWN {
                        self.unknown(name);
                    }
                }
                Target::Everything => self.not_allowed(&NotAllowed::Everything, None),
                Target::Rule(position) => {
                    let rule = self.of.rule(position);
                    // A rule can be called by its former name, too.
                    let mut not_allowed = |report: &mut Self| {
                        if refused.insert(position) {
                            report.rule_not_allowed(name, rule);
                        }
                    };
                    match self.named[position] {
                        _ if is_about_suppression(rule) || is_about_text(rule) => not_allowed(&mut self),
                        Some(Named { count: 0, .. }) | None => {
                            if is_judged(rule) {
                                self.unused(name, self.of.judges_input(position));
                            }
                        }
                        Some(Named { open: 0, .. }) => {}
                        Some(named @ Named { is_allowed: true, .. }) => {
                            ends.add((index, &term), &[named], self.today);
                        }
                        Some(Named { is_allowed: false, .. }) => not_allowed(&mut self),
                    }
                }
                Target::Category(category) => {
                    let ignored = self.category(name, category, &is_judged);
                    ends.add((index, &term), &ignored, self.today);
                }
            }
        }
        if let (more @ 1.., Some((rule, word))) =
            (unknown.saturating_sub(MAX_UNKNOWN), self.of.registry.suppression().unknown)
        {
            self.report(rule, word(&UnknownNames::More(more)), None);
        }
        self.ends(&ends);
    }

    /// What is over, and what will be soon: one finding a day.
    fn ends(&mut self, ends: &Ends<'_>) {
        let words = self.of.registry.suppression();
        for (all, words) in [(&ends.over, words.ended), (&ends.soon, words.ends_soon)] {
            let Some((rule, word)) = words else { continue };
            for (&until, names) in all {
                let days = until.since(self.today).map_or(0, |span| span.get_days().abs());
                self.report(rule, word(&SuppressionEnd { names, until, days }), None);
            }
        }
    }

    /// Reports on the name of a category, and returns what there is of those of its rules with findings that the policy lets
    /// the annotation ignore.
    fn category(
        &mut self,
        name: &'a str,
        category: &'static str,
        is_judged: &impl Fn(&Rule) -> bool,
    ) -> Vec<Named> {
        let of = self.of;
        let all: Vec<usize> = Target::Category(category).positions(of.registry).collect();
        let cannot = all.iter().all(|position| {
            let rule = of.rule(*position);
            !rule.spec.is_settable() || is_about_suppression(rule) || is_about_text(rule)
        });
        if cannot {
            let is_about_suppression = all.iter().any(|position| is_about_suppression(of.rule(*position)));
            self.not_allowed(&NotAllowed::FixedCategory { name, is_about_suppression }, None);
            return Vec::new();
        }
        let found = |position: &usize| self.named[*position].is_some_and(|named| named.count > 0);
        let reporting: Vec<usize> = all.iter().copied().filter(found).collect();
        if reporting.is_empty() {
            if all.iter().all(|position| is_judged(of.rule(*position))) {
                self.unused(name, all.iter().any(|position| of.judges_input(*position)));
            }
        } else if !self.policy.suppressions.categories {
            let could = reporting.iter().filter(|position| (self.can_be)(**position));
            let ids: Vec<&'static str> = could.map(|position| of.rule(*position).id()).collect();
            let fix = of.replaced(name, &ids).filter(|_| !ids.is_empty());
            self.not_allowed(&NotAllowed::Category { name, allowed: &ids }, fix);
        } else {
            let own = |position: usize| of.names.iter().any(|(_, target)| *target == Target::Rule(position));
            let open = reporting.into_iter().filter_map(|position| {
                let named = self.named[position].filter(|named| named.open > 0)?;
                Some((position, named))
            });
            let (ignored, refused): (Vec<_>, Vec<_>) = open.partition(|(_, named)| named.is_allowed);
            for (position, _) in refused {
                if !own(position) {
                    let rule = of.rule(position);
                    self.rule_not_allowed(rule.id(), rule);
                }
            }
            return ignored.into_iter().map(|(_, named)| named).collect();
        }
        Vec::new()
    }

    fn unknown(&mut self, name: &'a str) {
        let Some((rule, word)) = self.of.registry.suppression().unknown else { return };
        let category = name.strip_suffix("/*");
        let near = match category {
            Some(category) => nearest_category(category, self.of.registry),
            None => self.of.registry.similar(name).map(str::to_owned),
        };
        // A name that is only the least unlike is for people to look at.
        let slip = near.as_deref().filter(|near| is_slip(near, name, MAX_SLIP));
        let fix = slip.and_then(|near| self.of.replaced(name, &[near]));
        let of_other_policy = is_of_own_category(name, self.of.registry);
        let one = UnknownNames::One {
            name,
            is_category: category.is_some(),
            near: near.as_deref(),
            of_other_policy,
        };
        self.report(rule, word(&one), fix);
    }

    fn unused(&mut self, name: &'a str, judges_input: bool) {
        let Some((rule, word)) = self.of.registry.suppression().unused else { return };
        // Texts are changed one by one, and what is in the others is not known then.
        let fix = if judges_input { None } else { self.of.replaced(name, &[]) };
        self.report(rule, word(name), fix);
    }

    fn rule_not_allowed(&mut self, name: &str, rule: &'static Rule) {
        self.not_allowed(&NotAllowed::Rule { name, rule, is_about_text: is_about_text(rule) }, None);
    }

    fn not_allowed(&mut self, what: &NotAllowed<'_>, fix: Option<Fix>) {
        if let Some((rule, word)) = self.of.registry.suppression().not_allowed {
            self.report(rule, word(what), fix);
        }
    }

    /// What does not fit the grammar.
    fn fault(&mut self, fault: &AnnotationFault<'_>) {
        if let Some((rule, word)) = self.of.registry.suppression().syntax {
            self.report(rule, word(fault), fault.corrected().map(|text| corrected(text.to_owned())));
        }
    }

    fn report(&mut self, rule: &'static Rule, wording: Wording, fix: Option<Fix>) {
        let level = self.of.registry.setting(rule, self.settings).map(|setting| setting.level);
        if let Some(severity) = level.and_then(Severity::of) {
            let Wording { message, help } = wording;
            let mut finding = rule.finding(severity, path(), message);
            (finding.help, finding.fix) = (Some(help), fix);
            // All findings about the annotation stand at the same field.
            finding.about = Some(finding.message.clone().into());
            self.findings.push(finding);
        }
    }
}

/// Names whose last day is over, or near, by that day.
#[derive(Debug, Default)]
struct Ends<'a> {
    over: BTreeMap<Date, Vec<&'a str>>,
    soon: BTreeMap<Date, Vec<&'a str>>,
}

impl<'a> Ends<'a> {
    /// Notes a name, the one at `index`, by what there is of the rules with findings that it stands for.
    fn add(&mut self, (index, term): (usize, &Term<'a>), rules: &[Named], today: Date) {
        let Some(until) = term.until else { return };
        let days = match ExceptionState::of(term.until, today) {
            ExceptionState::Ended if rules.iter().any(|rule| rule.by.is_none()) => &mut self.over,
            ExceptionState::Ending if rules.iter().any(|rule| rule.by == Some(index)) => &mut self.soon,
            _ => return,
        };
        days.entry(until).or_default().push(term.name);
    }
}

/// Whether a name looks like an own rule of a policy, or a category of such rules, and no known rule has its category.
fn is_of_own_category(name: &str, registry: &Registry) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    name.split_once('/').is_some_and(|(category, name)| {
        is_word(category)
            && (name == "*" || is_word(name))
            && !registry.rules().iter().any(|rule| rule.spec.category() == category)
    })
}

/// The wildcard of the category that a misspelt one is perhaps meant to be. None for a text longer than any misspelt name.
fn nearest_category(name: &str, registry: &Registry) -> Option<String> {
    let can_be = |rule: &&&Rule| rule.spec.is_settable() && !is_about_suppression(rule);
    let categories = registry.rules().iter().filter(can_be).map(|rule| rule.spec.category());
    let near = categories.map(|category| (distance(category, name), category));
    near.filter(|(distance, _)| *distance <= 2).min().map(|(_, category)| format!("{category}/*"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::registry;

    #[test]
    fn a_category_of_a_policy_is_one_of_its_own() {
        for name in ["acme/owner", "acme/*", "team-a/b2"] {
            assert!(is_of_own_category(name, registry()), "{name}");
        }
        for name in ["cron/none", "cron/*", "acme", "*", "Acme/owner", "acme/", "/owner", "a/b/c", "acme/ä"]
        {
            assert!(!is_of_own_category(name, registry()), "{name}");
        }
    }

    #[test]
    fn a_misspelt_category_is_one_that_can_be_ignored() {
        for (name, near) in
            [("pods", "pod/*"), ("Cron", "cron/*"), ("jobs", "job/*"), ("templates", "template/*")]
        {
            assert_eq!(nearest_category(name, registry()).as_deref(), Some(near));
        }
        for name in ["security", "ap", "suppressions", &"c".repeat(9_000)] {
            assert_eq!(nearest_category(name, registry()), None, "{}", name.len());
        }
    }
}
