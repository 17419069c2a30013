//! All rules, in the order of their ids.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::policy::{RuleSetting, RuleSpec, Settings};
use crate::rules;
use jobguard_apiserver::Topic;

use super::{Check, Rule};

/// The rules that there are, and the ways to find one.
pub struct Registry {
    rules: Vec<&'static Rule>,
    catalog: Vec<&'static RuleSpec>,
    by_topic: HashMap<Topic, usize>,
}

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| Registry::new(rules::ALL));

/// The registry of all rules.
pub fn registry() -> &'static Registry {
    &REGISTRY
}

impl Registry {
    fn new(all: &'static [&'static Rule]) -> Self {
        let mut rules = all.to_vec();
        rules.sort_by_key(|rule| rule.id());
        let by_topic = rules
            .iter()
            .enumerate()
            .filter_map(|(position, rule)| match rule.check {
                Check::Server(topic) => Some((topic, position)),
                _ => None,
            })
            .collect();
        let catalog = rules.iter().map(|rule| &rule.spec).collect();
        Self { rules, catalog, by_topic }
    }

    /// All rules, ordered by id.
    pub fn rules(&self) -> &[&'static Rule] {
        &self.rules
    }

    /// What a policy needs to know of the rules, in the same order.
    pub fn catalog(&self) -> &[&'static RuleSpec] {
        &self.catalog
    }

    /// The position of a rule in [`rules`](Self::rules), by its id or one that it has had before.
    pub fn position(&self, id: &str) -> Option<usize> {
        let is_renamed = || self.rules.iter().position(|rule| rule.spec.renamed_from.contains(&id));
        self.rules.binary_search_by_key(&id, |rule| rule.id()).ok().or_else(is_renamed)
    }

    /// What `settings` say of a rule.
    pub fn setting<'s>(&self, rule: &Rule, settings: &'s Settings) -> Option<&'s RuleSetting> {
        settings.rules.get(self.position(rule.id())?)
    }

    /// A rule by its id.
    pub fn get(&self, id: &str) -> Option<&'static Rule> {
        self.position(id).map(|position| self.rules[position])
    }

    /// The rule that speaks for the API server on `topic`.
    pub fn of_topic(&self, topic: Topic) -> &'static Rule {
        // Every topic has its rule: a test goes through them all. Should one be missing in spite of it, the
        // finding is still reported.
        self.by_topic.get(&topic).map_or(&rules::api_pod::RULE, |position| self.rules[*position])
    }

    /// The id nearest to a misspelt one. None for a text longer than any misspelt id: to compare costs the product of
    /// both lengths.
    pub fn similar(&self, id: &str) -> Option<&'static str> {
        jobguard_text::nearest(id, self.rules.iter().map(|rule| rule.id()))
    }
}
