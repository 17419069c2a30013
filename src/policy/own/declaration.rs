//! Declarations of own rules: interned, since a finding refers to its rule for as long as the process runs, even after the
//! policy is replaced.
//!
//! What is interned is what people read (id, summary, level, help, link), by its content: reading the same policy again adds
//! nothing. Expressions and programs are not among it. A process that has seen more different declarations than
//! [`MAX_DECLARATIONS`] refuses a policy with further ones.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use jobguard_text::{plain, plain_lines};

use super::rule::OwnRule;
use crate::policy::{Level, PresetLevels, RuleSpec};

/// The most declarations that a process interns: at about 500 bytes each, a few megabytes.
pub const MAX_DECLARATIONS: usize = 8_192;
/// The most sets of declarations that it interns, one for each different list of rules.
pub const MAX_SETS: usize = 1_024;

/// What people read of an own rule.
#[derive(Debug)]
pub struct Declaration {
    /// As that of any rule. `since` is empty, since no version of jobguard has it; the level is the same in each preset.
    pub spec: RuleSpec,
    /// What to do about a finding; empty where the policy does not say.
    pub help: &'static str,
    /// Where more can be read.
    pub docs: Option<&'static str>,
}

/// The declarations of a policy's own rules, in the order of the rules.
#[derive(Debug)]
pub struct DeclarationSet(Vec<&'static Declaration>);

/// There are too many different declarations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this process has read too many different rules of policies' own ({MAX_DECLARATIONS} rules, {MAX_SETS} lists of rules); restart it"
)]
pub struct Full;

/// What identifies a declaration.
type Content = (String, String, Level, String, Option<String>);

#[derive(Default)]
struct Interned {
    declarations: HashMap<Content, &'static Declaration>,
    /// By the addresses of the declarations.
    sets: HashMap<Vec<usize>, &'static DeclarationSet>,
}

static INTERNED: LazyLock<Mutex<Interned>> = LazyLock::new(Mutex::default);

impl DeclarationSet {
    /// The declarations of `rules`, each the one that there is, if there is one.
    pub(super) fn of(rules: &[OwnRule]) -> Result<&'static Self, Full> {
        let mut interned = INTERNED.lock().unwrap_or_else(PoisonError::into_inner);
        let declarations: Vec<&'static Declaration> =
            rules.iter().map(|rule| interned.declaration(rule)).collect::<Result<_, _>>()?;
        let key: Vec<usize> = declarations.iter().map(|one| std::ptr::from_ref(*one).addr()).collect();
        if let Some(set) = interned.sets.get(&key) {
            return Ok(set);
        }
        if interned.sets.len() >= MAX_SETS {
            return Err(Full);
        }
        let set: &'static Self = Box::leak(Box::new(Self(declarations)));
        interned.sets.insert(key, set);
        Ok(set)
    }

    /// The declarations.
    pub fn declarations(&self) -> &[&'static Declaration] {
        &self.0
    }
}

impl Interned {
    fn declaration(&mut self, rule: &OwnRule) -> Result<&'static Declaration, Full> {
        // The author of the policy is not always the user of the terminal.
        let (summary, help) = (plain(&rule.summary()), plain_lines(rule.help.as_deref().unwrap_or_default()));
        let content = (rule.id.clone(), summary, rule.level, help, rule.docs.clone());
        if let Some(there) = self.declarations.get(&content) {
            return Ok(there);
        }
        if self.declarations.len() >= MAX_DECLARATIONS {
            return Err(Full);
        }
        let leaked = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
        let (id, summary, level, help, docs) = &content;
        let declaration: &'static Declaration = Box::leak(Box::new(Declaration {
            spec: RuleSpec {
                id: leaked(id),
                summary: leaked(summary),
                since: "",
                renamed_from: &[],
                levels: PresetLevels { baseline: *level, recommended: *level, strict: *level, fixed: false },
                options: &[],
            },
            help: leaked(help),
            docs: docs.as_deref().map(leaked),
        }));
        self.declarations.insert(content, declaration);
        Ok(declaration)
    }
}
