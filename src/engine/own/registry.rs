//! The rule of each declaration, and the registry of the rules that a policy holds.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::engine::{Check, Docs, Registry, Rule};
use crate::policy::own::{Declaration, DeclarationSet};
use crate::policy::{OwnRules, RuleSpec};

#[cfg(feature = "own-rules")]
use super::check::judge;

/// Without the feature, no policy has own rules.
#[cfg(not(feature = "own-rules"))]
fn judge(_: &crate::engine::Object, _: &crate::engine::RuleContext<'_>, _: &mut crate::engine::Sink) {}

/// The registries of sets of own rules, by the addresses of the sets, which are interned, and that of the built-in ones.
static REGISTRIES: LazyLock<Mutex<HashMap<(usize, usize), &'static Registry>>> =
    LazyLock::new(Mutex::default);

/// The rules that a policy holds: those that are built in, and its own behind them, in the order of the policy's catalog.
pub fn registry(built_in: &'static Registry, own: &OwnRules) -> &'static Registry {
    let Some(set) = own.declarations() else { return built_in };
    let key = (std::ptr::from_ref(built_in).addr(), std::ptr::from_ref::<DeclarationSet>(set).addr());
    let mut registries = REGISTRIES.lock().unwrap_or_else(PoisonError::into_inner);
    registries.entry(key).or_insert_with(|| {
        let rules: Vec<&'static Rule> =
            set.declarations().iter().map(|declaration| rule(declaration)).collect();
        // As long as the sets: they are interned, and bounded in number.
        Box::leak(Box::new(built_in.with(&rules)))
    })
}

/// The rules of declarations, by the addresses of those.
static RULES: LazyLock<Mutex<HashMap<usize, &'static Rule>>> = LazyLock::new(Mutex::default);

/// The rule with a declaration: the same one for as long as the process runs.
fn rule(declaration: &'static Declaration) -> &'static Rule {
    let mut rules = RULES.lock().unwrap_or_else(PoisonError::into_inner);
    rules.entry(std::ptr::from_ref(declaration).addr()).or_insert_with(|| {
        let RuleSpec { id, summary, since, renamed_from, levels, options } = declaration.spec;
        let sources: &'static [&'static str] = match declaration.docs {
            Some(docs) => Box::leak(Box::new([docs])),
            None => &[],
        };
        Box::leak(Box::new(Rule {
            spec: RuleSpec { id, summary, since, renamed_from, levels, options },
            docs: Docs {
                symptoms: &[],
                what: if declaration.help.is_empty() { summary } else { declaration.help },
                why: "",
                examples: &[],
                sources,
            },
            check: Check::Object(judge),
            precedence: &[],
            cel: None,
        }))
    })
}
