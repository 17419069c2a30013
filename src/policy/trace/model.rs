//! What a trace says, and what it is made from.

use serde_json::Value;

use super::super::preset::Preset;
use super::super::subject::Match;
use super::super::{Exception, Level, OptionValue, Policy, RuleSpec};

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The default of jobguard, which no policy changes.
    BuiltIn,
    /// A policy that is built in.
    Preset(Preset),
    /// A policy file.
    File {
        /// The file, as its reader knows it.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The key there, where it is not the setting's own: a wildcard, say.
        key: Option<String>,
        /// The number of the override, of those of the file, from 1.
        of_override: Option<usize>,
    },
}

/// A value that a setting was given, and where. The last one holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Step<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

/// How a rule is set.
#[derive(Debug, Clone)]
pub struct RuleTrace {
    /// The rule.
    pub spec: &'static RuleSpec,
    /// Its level, by what was said one after the other.
    pub level: Vec<Step<Level>>,
    /// The options that are set.
    pub options: Vec<(&'static str, Vec<Step<OptionValue>>)>,
    /// How it is set besides for the Jobs that a CronJob makes, or for the owner that an object claims, where that is stricter.
    pub beside: Option<Vec<Step<Level>>>,
}

impl RuleTrace {
    /// The level that holds.
    pub fn level(&self) -> Level {
        self.level.last().map_or(Level::Off, |step| step.value)
    }
}

/// How anything else is set.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingTrace {
    /// Its key, below `spec` or `spec.defaults`.
    pub key: String,
    /// What it was given, one after the other; null for a default that is not filled in.
    pub steps: Vec<Step<Value>>,
}

impl SettingTrace {
    /// The value that holds.
    pub fn value(&self) -> &Value {
        self.steps.last().map_or(&Value::Null, |step| &step.value)
    }
}

/// An override, and whether it matches.
#[derive(Debug, Clone, PartialEq)]
pub struct OverrideTrace {
    /// Where it stands.
    pub origin: Origin,
    /// What it matches on.
    pub matching: Match,
    /// What it sets, as one line.
    pub says: String,
    /// Whether it matches the object; none where no object was asked about.
    pub matches: Option<Matched>,
}

/// How an override matches an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matched {
    /// The object itself.
    Own,
    /// Only by the owner that the object claims to have: it can make its settings stricter.
    Claimed,
    /// Only as a Job that the CronJob makes: it can make its settings stricter.
    Template,
    /// Not at all.
    Not,
}

/// What holds, and why.
#[derive(Debug, Clone)]
pub struct Trace {
    /// The policy.
    pub policy: Policy,
    /// The files that it is made of, the one that was named first, and at last the preset.
    pub files: Vec<String>,
    /// What is neither a rule nor a default.
    pub general: Vec<SettingTrace>,
    /// The rules, in the order of the catalog.
    pub rules: Vec<RuleTrace>,
    /// What is filled in, or was and is not any more.
    pub defaults: Vec<SettingTrace>,
    /// The overrides, in the order in which they apply.
    pub overrides: Vec<OverrideTrace>,
    /// The exceptions, those of an extended file first, and whether each is for the object; none where no object was asked about.
    pub exceptions: Vec<(Exception, Option<bool>)>,
}
