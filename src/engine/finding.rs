//! A finding: what a rule has to say about an object, in symbols. Lines and columns come later, and only in the
//! linter.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::policy::Level;
use jobguard_apiserver::{Cause, Relation};
use jobguard_manifest::FieldPath;

use super::{Fix, Rule, Suppressed};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Admitted, with a warning.
    Warning,
    /// Refused.
    Error,
}

impl Severity {
    /// All severities, heaviest first.
    pub const ALL: [Severity; 3] = [Severity::Error, Severity::Warning, Severity::Info];

    /// The word used in every output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The severity of findings of a rule at `level`; none for a rule that is off.
    pub const fn of(level: Level) -> Option<Self> {
        match level {
            Level::Off => None,
            Level::Info => Some(Self::Info),
            Level::Warn => Some(Self::Warning),
            Level::Deny => Some(Self::Error),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Another place that explains a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The field, in the same object.
    pub path: FieldPath,
    /// What to see there.
    pub message: String,
}

/// What to point at where a finding's field is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Anchor {
    /// The value, or the key of a list, an object or nothing.
    #[default]
    Value,
    /// The key: the field itself is at fault, whatever its value.
    Key,
}

/// How bad a finding of a rule is, compared with others of the same rule: the larger, the worse. Of two numbers, each
/// counts: what is better by one and worse by the other is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(i64, i64);

impl From<i64> for Weight {
    fn from(weight: i64) -> Self {
        Self(weight, 0)
    }
}

impl From<i32> for Weight {
    fn from(weight: i32) -> Self {
        Self(weight.into(), 0)
    }
}

impl From<u64> for Weight {
    fn from(weight: u64) -> Self {
        Self(i64::try_from(weight).unwrap_or(i64::MAX), 0)
    }
}

impl From<usize> for Weight {
    fn from(weight: usize) -> Self {
        Self(i64::try_from(weight).unwrap_or(i64::MAX), 0)
    }
}

impl From<(i64, i64)> for Weight {
    fn from((first, second): (i64, i64)) -> Self {
        Self(first, second)
    }
}

impl Weight {
    /// Whether what weighs this much is as bad as what weighs `other`, or worse, by every number.
    pub(super) fn covers(self, other: Self) -> bool {
        self.0 >= other.0 && self.1 >= other.1
    }

    /// The weight of what is worse the smaller it is.
    pub fn of_least(value: impl Into<Self>) -> Self {
        let Self(first, second) = value.into();
        Self(first.saturating_neg(), second.saturating_neg())
    }
}

/// What a rule found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule that reports it.
    pub rule: &'static Rule,
    /// How much it weighs, by the policy.
    pub severity: Severity,
    /// The field, as the API server names it.
    pub path: FieldPath,
    /// Where the fault stands, when `path` is not a place in the object.
    pub at: Option<FieldPath>,
    /// Which part of the field to point at.
    pub anchor: Anchor,
    /// What is wrong: one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Other places worth a look.
    pub related: Vec<Related>,
    /// What would resolve it.
    pub fix: Option<Fix>,
    /// The cause type, where the API server would give one.
    pub cause: Option<Cause>,
    /// How bad it is, where the rule can tell: an update that makes it worse is not excused by what is stored.
    pub weight: Option<Weight>,
    /// What tells it from other findings of its rule at the same field, where there can be several.
    pub about: Option<Cow<'static, str>>,
    /// Whether it is about the object as a whole, and its field only the first place where that shows.
    pub of_whole: bool,
    /// How it is related to another field, where it reports an objection of the API server.
    pub relation: Option<Relation>,
    /// Whether the stored version of the object has the same finding already, so that it is only warned about.
    pub ratcheted: bool,
    /// Why it does not count, where it does not.
    pub suppressed: Option<Arc<Suppressed>>,
}

impl Finding {
    /// Whether this is the same finding as `other` was on an older version of the text.
    pub fn same_as(&self, other: &Self) -> bool {
        std::ptr::eq(self.rule, other.rule) && self.path == other.path && self.cause == other.cause
    }

    /// The field to point at.
    pub fn place(&self) -> &FieldPath {
        self.at.as_ref().unwrap_or(&self.path)
    }
}
