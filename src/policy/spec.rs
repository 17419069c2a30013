//! What a policy needs to know of a rule.

use std::collections::BTreeMap;
use std::fmt;

/// The level of a rule: what becomes of its findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Not at all.
    Off,
    /// Worth knowing.
    Info,
    /// Admitted, with a warning.
    Warn,
    /// Refused by the webhook, an error in the linter.
    Deny,
}

impl Level {
    /// The word in a policy file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }

    /// All levels, quietest first.
    pub const ALL: [Level; 4] = [Level::Off, Level::Info, Level::Warn, Level::Deny];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A rule's level in each built-in policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresetLevels {
    /// In `baseline`: only what can never be meant.
    pub baseline: Level,
    /// In `recommended`, the default.
    pub recommended: Level,
    /// In `strict`.
    pub strict: Level,
    /// Whether that is so in every policy: the API server's own verdict cannot be set.
    pub fixed: bool,
}

/// The declaration of a rule, as far as a policy can set it.
#[derive(Debug, Clone, Copy)]
pub struct RuleSpec {
    /// `category/name`, in lower case with dashes.
    pub id: &'static str,
    /// One line: what the rule finds.
    pub summary: &'static str,
    /// The version of jobguard that has it first.
    pub since: &'static str,
    /// The ids that it has had before: policies and annotations may still use them.
    pub renamed_from: &'static [&'static str],
    /// Its level in the built-in policies.
    pub levels: PresetLevels,
    /// What can be tuned.
    pub options: &'static [OptionSpec],
}

impl RuleSpec {
    /// Whether this is its id, or was.
    pub fn is_called(&self, id: &str) -> bool {
        self.id == id || self.renamed_from.contains(&id)
    }

    /// The part of the id before the slash.
    pub fn category(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(category, _)| category)
    }

    /// Whether a policy has the rule, and not jobguard.
    pub const fn is_own(&self) -> bool {
        self.since.is_empty()
    }

    /// Whether a policy can set the rule's level: all but the API server's own verdict.
    pub const fn is_settable(&self) -> bool {
        !self.levels.fixed
    }
}

/// An option of a rule.
#[derive(Debug, Clone, Copy)]
pub struct OptionSpec {
    /// Its name in the policy file, in camelCase.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Type, bounds and default.
    pub kind: OptionKind,
}

/// The type of an option, with its bounds and its default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OptionKind {
    /// A whole number from `min` to `max`.
    Int {
        /// Used where the policy says nothing.
        default: i64,
        /// Smallest allowed value.
        min: i64,
        /// Largest allowed value.
        max: i64,
    },
    /// `true` or `false`.
    Bool {
        /// Used where the policy says nothing.
        default: bool,
    },
    /// A length of time in whole seconds, written as Kubernetes writes durations (`90s`, `5m`, `1h30m`).
    Seconds {
        /// Used where the policy says nothing.
        default: i64,
        /// Smallest allowed value.
        min: i64,
        /// Largest allowed value.
        max: i64,
    },
    /// A list of strings.
    Strings {
        /// Used where the policy says nothing.
        default: &'static [&'static str],
    },
}

/// A value given to an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionValue {
    /// Of [`OptionKind::Int`] and, in seconds, of [`OptionKind::Seconds`].
    Int(i64),
    /// Of [`OptionKind::Bool`].
    Bool(bool),
    /// Of [`OptionKind::Strings`].
    Strings(Vec<String>),
}

/// The options a policy sets for one rule; what it does not set has the declared default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options(BTreeMap<&'static str, OptionValue>);

impl Options {
    /// Sets an option.
    pub fn set(&mut self, name: &'static str, value: OptionValue) {
        self.0.insert(name, value);
    }

    /// The value set for `name`.
    pub fn get(&self, name: &str) -> Option<&OptionValue> {
        self.0.get(name)
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is set, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &OptionValue)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }
}
