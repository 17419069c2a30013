//! What a policy asks of one object: levels, options and defaults, ready to be used.

use super::{Defaults, Level, OptionKind, OptionValue, Options, RuleSpec};

/// The level and the options of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSetting {
    /// The rule's level.
    pub level: Level,
    /// The options the policy sets. Read them through the accessors, which know the declared defaults.
    pub options: Options,
}

impl RuleSetting {
    /// A rule at a level, with the declared defaults of all its options.
    pub fn new(level: Level) -> Self {
        Self { level, options: Options::default() }
    }

    /// The whole number `name`: a number, or the seconds of a duration. An option that `spec` does not declare
    /// as such is 0.
    pub fn int(&self, spec: &RuleSpec, name: &str) -> i64 {
        match (self.options.get(name), declared(spec, name)) {
            (Some(OptionValue::Int(value)), _) => *value,
            (_, Some(OptionKind::Int { default, .. } | OptionKind::Seconds { default, .. })) => default,
            _ => 0,
        }
    }

    /// The switch `name`. An option that `spec` does not declare as such is false.
    pub fn bool(&self, spec: &RuleSpec, name: &str) -> bool {
        match (self.options.get(name), declared(spec, name)) {
            (Some(OptionValue::Bool(value)), _) => *value,
            (_, Some(OptionKind::Bool { default })) => default,
            _ => false,
        }
    }

    /// The strings of `name`. An option that `spec` does not declare as such has none.
    pub fn strings<'s>(&'s self, spec: &RuleSpec, name: &str) -> impl Iterator<Item = &'s str> + Clone {
        let (set, default): (&'s [String], &'static [&'static str]) =
            match (self.options.get(name), declared(spec, name)) {
                (Some(OptionValue::Strings(values)), _) => (values, &[]),
                (_, Some(OptionKind::Strings { default })) => (&[], default),
                _ => (&[], &[]),
            };
        set.iter().map(String::as_str).chain(default.iter().copied())
    }
}

fn declared(spec: &RuleSpec, name: &str) -> Option<OptionKind> {
    spec.options.iter().find(|option| option.name == name).map(|option| option.kind)
}

/// Everything the policy says about one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// One setting for each rule of the catalog that the policy was loaded with, in its order.
    pub rules: Vec<RuleSetting>,
    /// What is filled in.
    pub defaults: Defaults,
}

/// The level that a wildcard gives to the rules it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wildcard {
    pub(super) level: Level,
    /// Whether it is `*`, and not that of the rule's category.
    pub(super) everything: bool,
}

/// What one `rules` section says about one rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RuleChange {
    /// Under the rule's own id: it switches on a rule that is off.
    pub(super) level: Option<Level>,
    /// Of the wildcard that covers it, where its own entry gives no level: it counts where the rule is on.
    pub(super) wildcard: Option<Wildcard>,
    pub(super) options: Options,
}

impl RuleChange {
    /// The level that it gives a rule at `level`, if it does.
    pub(super) fn over(&self, level: Level) -> Option<Level> {
        self.level.or_else(|| self.wildcard.filter(|_| level > Level::Off).map(|wildcard| wildcard.level))
    }

    fn apply(&self, setting: &mut RuleSetting) {
        setting.level = self.over(setting.level).unwrap_or(setting.level);
        for (name, value) in self.options.iter() {
            setting.options.set(name, value.clone());
        }
    }
}

/// What one policy file, or one override, changes in the settings below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Layer {
    /// The levels that definitions of own rules in this file give, by index in the catalog. `rules` of the same file apply after
    /// them.
    pub(super) defined: Vec<(usize, Level)>,
    /// By index in the catalog, ascending; wildcards are already spread over the rules they cover.
    pub(super) rules: Vec<(usize, RuleChange)>,
    pub(super) defaults: super::defaults::DefaultsChange,
}

impl Layer {
    /// Puts this layer over `settings`.
    pub(super) fn apply(&self, settings: &mut Settings) {
        for (index, level) in &self.defined {
            if let Some(setting) = settings.rules.get_mut(*index) {
                setting.level = *level;
            }
        }
        for (index, change) in &self.rules {
            if let Some(setting) = settings.rules.get_mut(*index) {
                change.apply(setting);
            }
        }
        self.defaults.apply(&mut settings.defaults);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::testing::CATALOG;

    #[test]
    fn accessors_know_the_declared_defaults() {
        let spec = CATALOG[1];
        let mut setting = RuleSetting::new(Level::Warn);
        assert_eq!(setting.int(spec, "max"), 5);
        assert_eq!(setting.int(spec, "atLeast"), 60);
        assert!(!setting.bool(spec, "loud"));
        assert_eq!(setting.strings(spec, "except").collect::<Vec<_>>(), ["a"]);
        setting.options.set("max", OptionValue::Int(9));
        setting.options.set("loud", OptionValue::Bool(true));
        setting.options.set("except", OptionValue::Strings(vec![]));
        assert_eq!(setting.int(spec, "max"), 9);
        assert!(setting.bool(spec, "loud"));
        assert_eq!(setting.strings(spec, "except").count(), 0);
        assert_eq!(setting.int(spec, "nothing"), 0);
        assert!(!setting.bool(spec, "max"));
    }
}
