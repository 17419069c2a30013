//! One setting that differs.

/// A setting that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which part of the policy: `rules`, `customRules`, `defaults`, `overrides`, `exceptions` or `settings`.
    pub section: &'static str,
    /// The rule, option or key; of a rule of the policy's own with the field that differs; of an override what it matches on, of
    /// an exception its name.
    pub key: String,
    /// What the first policy says; none where it says nothing.
    pub before: Option<String>,
    /// What the second says.
    pub after: Option<String>,
}
