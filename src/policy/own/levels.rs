//! The levels of own rules that several files define.
//!
//! A definition with a level sets it, whatever the files below say of the rule under `rules`: who defines a rule anew and gives it
//! a level means that level. One without leaves what they say, and is at `warn` where they say nothing. Overrides go on applying
//! behind all files, as they do to any rule.

use std::collections::HashMap;

use crate::policy::document::Document;
use crate::policy::{Level, RuleSpec};

/// What is known of a rule that files define.
#[derive(Clone, Copy)]
struct Defined {
    /// The position of the document that defines it last, so far.
    by: usize,
    /// How often it is defined.
    times: usize,
    /// Its level.
    level: Level,
    /// Whether `rules` of a file says so, and not the definition.
    is_set: bool,
}

/// The rules that are defined more than once.
#[derive(Debug, Clone, Default)]
pub(in crate::policy) struct Redefined {
    /// By position in the catalog: the position of the document that defines it last.
    by: HashMap<usize, usize>,
    /// Those that a definition without a level leaves off.
    pub(in crate::policy) left_off: Vec<String>,
}

impl Redefined {
    /// Whether the rule at `index` of the catalog is defined anew by a document behind the one at `position`.
    pub(in crate::policy) fn is_behind(&self, index: usize, position: usize) -> bool {
        self.by.get(&index).is_some_and(|by| position < *by)
    }
}

/// Works out the levels that each document's definitions give, of documents with the most basic first, and returns which rules
/// are defined more than once. What a file says of its own rules is more specific than the wildcards in it, which leave them
/// alone.
pub(in crate::policy) fn define<'d>(
    documents: impl Iterator<Item = &'d mut Document>,
    catalog: &[&'static RuleSpec],
) -> Redefined {
    let mut defined: HashMap<usize, Defined> = HashMap::new();
    let mut redefined = Redefined::default();
    for (position, document) in documents.enumerate() {
        let mut levels: Vec<(usize, Level)> = Vec::new();
        for (rule, _) in &document.own {
            let Some(index) = catalog.iter().position(|spec| spec.id == rule.id) else { continue };
            let new = Defined { by: position, times: 1, level: rule.level, is_set: false };
            let there = defined.entry(index).or_insert(new);
            if there.by < position {
                // As the last definition has it.
                redefined.left_off.retain(|id| *id != rule.id);
                let keeps = !rule.has_level && there.is_set;
                let level = if keeps { there.level } else { rule.level };
                if keeps && level == Level::Off {
                    redefined.left_off.push(rule.id.clone());
                }
                *there = Defined { by: position, times: there.times + 1, level, is_set: keeps };
            }
            levels.push((index, there.level));
        }
        for (index, change) in &mut document.layer.rules {
            // What defines a rule first comes behind what is said of it before.
            let Some(there) = defined.get_mut(index) else { continue };
            if there.by == position {
                change.wildcard = None;
            }
            if let Some(level) = change.over(there.level) {
                (there.level, there.is_set) = (level, true);
            }
        }
        document.layer.defined = levels;
    }
    let again = defined.into_iter().filter(|(_, defined)| defined.times > 1);
    redefined.by = again.map(|(index, defined)| (index, defined.by)).collect();
    redefined
}
