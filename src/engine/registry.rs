//! The rules that a verdict is made with, and the ways to find one.

use std::collections::HashMap;
use std::fmt;

use crate::policy::{Level, PresetLevels, RuleSetting, RuleSpec, Settings};
use jobguard_apiserver::Topic;

use super::suppress::SuppressionRules;
use super::{Check, Docs, Rule};

/// Rules in the order of their ids. The engine knows none by name: it is handed a registry, and finds in it what it
/// reports itself by what each rule's declaration says.
pub struct Registry {
    rules: Vec<&'static Rule>,
    judging: Vec<Judging>,
    catalog: Vec<&'static RuleSpec>,
    /// Every id, and every id that a rule has had before.
    by_id: HashMap<&'static str, usize>,
    /// The position of the rule declared at an address.
    by_address: HashMap<usize, usize>,
    by_topic: HashMap<Topic, &'static Rule>,
    suppression: SuppressionRules,
}

/// A rule that looks at objects by itself, and what an evaluation asks of it for each of them: side by side, since rules
/// lie far apart in memory.
#[derive(Clone, Copy)]
pub(super) struct Judging {
    /// Its position among all rules.
    pub(super) position: usize,
    pub(super) rule: &'static Rule,
    pub(super) check: Check,
}

/// What reports an objection of the API server on a topic that no rule is declared for, so that it is never lost. A
/// registry of all rules has one for every topic.
static UNDECLARED: Rule = Rule {
    spec: RuleSpec {
        id: "api/undeclared",
        summary: "the API server refuses the object",
        since: "0.1.0",
        renamed_from: &[],
        levels: PresetLevels {
            baseline: Level::Deny,
            recommended: Level::Deny,
            strict: Level::Deny,
            fixed: true,
        },
        options: &[],
    },
    docs: Docs {
        symptoms: &[],
        what: "An objection of the API server on a topic that has no rule.",
        why: "The API server refuses the object.",
        examples: &[],
        sources: &[],
    },
    check: Check::Reader,
    precedence: &[],
    cel: None,
};

impl Registry {
    /// A registry of `all`.
    pub fn new(all: &[&'static Rule]) -> Self {
        let mut rules = all.to_vec();
        rules.sort_by_key(|rule| rule.id());
        Self::of(rules)
    }

    /// A registry of rules in this order.
    fn of(rules: Vec<&'static Rule>) -> Self {
        let (mut by_id, mut by_address, mut by_topic) = (HashMap::new(), HashMap::new(), HashMap::new());
        for (position, rule) in rules.iter().enumerate() {
            by_address.insert(address(rule), position);
            for former in rule.spec.renamed_from {
                by_id.entry(*former).or_insert(position);
            }
            if let Check::Server(check) = rule.check {
                by_topic.insert(check.topic, *rule);
            }
        }
        // An id goes before one that another rule has had.
        by_id.extend(rules.iter().enumerate().map(|(position, rule)| (rule.id(), position)));
        let catalog = rules.iter().map(|rule| &rule.spec).collect();
        let suppression = SuppressionRules::of(&rules);
        let judging = rules.iter().enumerate().map(|(position, rule)| {
            let rule: &'static Rule = rule;
            Judging { position, rule, check: rule.check }
        });
        let judging = judging
            .filter(|one| matches!(one.check, Check::Object(_) | Check::Written(_) | Check::Input(_)))
            .collect();
        Self { rules, judging, catalog, by_id, by_address, by_topic, suppression }
    }

    /// The same rules, and `own` behind them: all positions stay as they are.
    #[must_use]
    pub fn with(&self, own: &[&'static Rule]) -> Self {
        Self::of([self.rules.as_slice(), own].concat())
    }

    /// All rules: those that are built in, ordered by id, then a policy's own, ordered by id.
    pub fn rules(&self) -> &[&'static Rule] {
        &self.rules
    }

    /// The rules that look at objects by themselves, in the same order. What the others report is found by the API
    /// server's rules, by the reader, or in the annotation.
    pub(super) fn judging(&self) -> &[Judging] {
        &self.judging
    }

    /// What a policy needs to know of the rules, in the same order.
    pub fn catalog(&self) -> &[&'static RuleSpec] {
        &self.catalog
    }

    /// The position in [`rules`](Self::rules) of the rule with this id, or that has had it before.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The position of a rule in [`rules`](Self::rules).
    pub fn position_of(&self, rule: &'static Rule) -> Option<usize> {
        self.by_address.get(&address(rule)).copied()
    }

    /// What `settings` say of a rule.
    pub fn setting<'s>(&self, rule: &'static Rule, settings: &'s Settings) -> Option<&'s RuleSetting> {
        settings.rules.get(self.position_of(rule)?)
    }

    /// A rule by its id.
    pub fn get(&self, id: &str) -> Option<&'static Rule> {
        self.position(id).map(|position| self.rules[position])
    }

    /// The rule that reports what the API server objects to on `topic`.
    pub fn of_topic(&self, topic: Topic) -> &'static Rule {
        self.by_topic.get(&topic).copied().unwrap_or(&UNDECLARED)
    }

    /// The rules about the suppression annotation.
    pub(super) fn suppression(&self) -> &SuppressionRules {
        &self.suppression
    }

    /// The id nearest to a misspelt one. None for a text longer than any misspelt id: to compare costs the product of
    /// both lengths.
    pub fn similar(&self, id: &str) -> Option<&'static str> {
        jobguard_text::nearest(id, self.rules.iter().map(|rule| rule.id()))
    }
}

/// What tells a rule from all others: a rule is a static, which does not move.
fn address(rule: &'static Rule) -> usize {
    std::ptr::from_ref(rule).addr()
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("rules", &self.rules).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objection_on_an_undeclared_topic_is_reported() {
        let empty = Registry::new(&[]);
        for topic in Topic::ALL {
            assert_eq!(empty.of_topic(topic), &UNDECLARED);
        }
        assert_eq!((empty.position("job/no-deadline"), empty.position_of(&UNDECLARED)), (None, None));
    }
}
