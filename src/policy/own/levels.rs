//! Levels of own rules that several files of a chain define.
//!
//! A definition with a level sets it, whatever the extended files say about the rule under `rules`. A definition without a level
//! keeps what they say, and is at `warn` if they say nothing. Overrides still apply after all files, as for any rule.

use std::collections::HashMap;

use crate::policy::document::Document;
use crate::policy::{Level, RuleSpec};

/// The state of a rule while the files are read one after the other.
#[derive(Clone, Copy)]
struct Defined {
    /// The position of the document that defines it last, so far.
    by: usize,
    /// How often it is defined.
    times: usize,
    /// Its level.
    level: Level,
    /// Whether the level comes from `rules` of a file, and not from the definition.
    is_set: bool,
}

/// The rules that are defined more than once.
#[derive(Debug, Clone, Default)]
pub(in crate::policy) struct Redefined {
    /// By position in the catalog: the position of the document that defines it last.
    by: HashMap<usize, usize>,
    /// The ids of those that stay off because the last definition has no level.
    pub(in crate::policy) left_off: Vec<String>,
}

impl Redefined {
    /// Whether the rule at `index` of the catalog is redefined by a document after the one at `position`.
    pub(in crate::policy) fn is_behind(&self, index: usize, position: usize) -> bool {
        self.by.get(&index).is_some_and(|by| position < *by)
    }
}

/// Determines the levels that each document's definitions give, with the most basic document first, and returns which rules are
/// defined more than once. Definitions are more specific than the wildcards of the same file, which do not apply to them.
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
            let mut gives_level = true;
            if there.by < position {
                // Only the last definition counts.
                redefined.left_off.retain(|id| *id != rule.id);
                let keeps = !rule.has_level && there.is_set;
                let level = if keeps { there.level } else { rule.level };
                if keeps && level == Level::Off {
                    redefined.left_off.push(rule.id.clone());
                }
                gives_level = !keeps;
                *there = Defined { by: position, times: there.times + 1, level, is_set: keeps };
            }
            if gives_level {
                levels.push((index, there.level));
            }
        }
        for (index, change) in &mut document.layer.rules {
            // A level that is set before the first definition is replaced by it.
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
