//! The rules of a policy's own, together.

use std::sync::Arc;

use super::declaration::{DeclarationSet, Full};
use super::limits::MAX_RULES;
use super::rule::OwnRule;
use crate::policy::RuleSpec;

/// Declares the rules of a policy and of the files that it extends, its own first: of two with the same id, the first holds.
///
/// # Errors
/// Where there are too many, in words.
pub(in crate::policy) fn declare(all: Vec<OwnRule>) -> Result<OwnRules, String> {
    let mut rules: Vec<OwnRule> = Vec::new();
    for rule in all {
        if !rules.iter().any(|other| other.id == rule.id) {
            rules.push(rule);
        }
    }
    if rules.len() > MAX_RULES {
        return Err(format!("spec.customRules: more than {MAX_RULES} rules, with those of extended files"));
    }
    rules.sort_by(|one, other| one.id.cmp(&other.id));
    OwnRules::declare(rules).map_err(|full| format!("spec.customRules: {full}"))
}

/// The rules of a policy's own.
#[derive(Debug, Clone, Default)]
pub struct OwnRules {
    set: Option<&'static DeclarationSet>,
    rules: Arc<[OwnRule]>,
    #[cfg(feature = "own-rules")]
    looked_at: super::looked_at::LookedAt,
}

impl PartialEq for OwnRules {
    fn eq(&self, other: &Self) -> bool {
        self.rules == other.rules
    }
}

impl OwnRules {
    /// Declares rules.
    ///
    /// # Errors
    /// Where the process has declared too many different ones already.
    fn declare(rules: Vec<OwnRule>) -> Result<Self, Full> {
        let set = if rules.is_empty() { None } else { Some(DeclarationSet::of(&rules)?) };
        Ok(Self {
            set,
            #[cfg(feature = "own-rules")]
            looked_at: super::looked_at::LookedAt::by(&rules),
            rules: rules.into(),
        })
    }

    /// The rules, in the order of their ids.
    pub fn rules(&self) -> &[OwnRule] {
        &self.rules
    }

    /// Renames the files in their places.
    pub(in crate::policy) fn rename_files(&mut self, name: impl Fn(&str) -> String) {
        let renamed = self.rules.iter().map(|rule| {
            let mut rule = rule.clone();
            rule.place.file = name(&rule.place.file).into();
            rule
        });
        self.rules = renamed.collect();
    }

    /// Their declarations; none where there are no rules.
    pub fn declarations(&self) -> Option<&'static DeclarationSet> {
        self.set
    }

    /// What their expressions look at, of an object.
    #[cfg(feature = "own-rules")]
    pub fn looked_at(&self) -> &super::looked_at::LookedAt {
        &self.looked_at
    }

    /// The rule that is declared so, if it is one of these.
    pub fn declared_by(&self, spec: &RuleSpec) -> Option<&OwnRule> {
        let position = self.rules.binary_search_by(|rule| rule.id.as_str().cmp(spec.id)).ok()?;
        self.rules.get(position)
    }
}
