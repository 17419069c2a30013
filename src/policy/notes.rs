//! Notes on parts of a policy that have no effect: not errors, but seldom what the author expects.

use super::settings::{Layer, Settings};
use super::{Level, OwnRule, RuleSpec};

/// How many rules one note names.
const MAX_NAMED: usize = 5;

/// The wildcards of a layer that leave rules off which `below` has off, one note each. `place` says where the layer
/// stands. A note costs one look at each rule of the catalog, so that the 500 overrides that a policy may have cost
/// as many times that.
pub(super) fn left_off(
    place: &str,
    layer: &Layer,
    below: &Settings,
    catalog: &[&'static RuleSpec],
    notes: &mut Vec<String>,
) {
    // By the wildcard, in the order of their first rules.
    let mut found: Vec<(String, Level, Vec<&'static str>)> = Vec::new();
    for (index, change) in &layer.rules {
        let (Some(wildcard), None) = (change.wildcard, change.level) else { continue };
        let is_off = below.rules.get(*index).is_some_and(|setting| setting.level == Level::Off);
        let Some(spec) = catalog.get(*index).filter(|_| is_off && wildcard.level > Level::Off) else {
            continue;
        };
        let key = if wildcard.everything { "*".to_owned() } else { format!("{}/*", spec.category()) };
        match found.iter_mut().find(|(other, ..)| *other == key) {
            Some((.., rules)) => rules.push(spec.id),
            None => found.push((key, wildcard.level, vec![spec.id])),
        }
    }
    notes.extend(found.into_iter().map(|(key, level, rules)| {
        let named = rules.iter().take(MAX_NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = match rules.len().saturating_sub(MAX_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!(
            "{place}: `{key}: {level}` switches on nothing that is off: {named}{more}; a rule's own name switches it on"
        )
    }));
}

/// Notes on redefined rules that an override of an extended file sets below the level of the new definition, one each.
pub(super) fn lowered(
    place: &str,
    layer: &Layer,
    (base, catalog): (&Settings, &[&'static RuleSpec]),
    is_redefined: impl Fn(usize) -> bool,
    notes: &mut Vec<String>,
) {
    let set = layer.rules.iter().filter_map(|(index, change)| Some((*index, change.level?)));
    for (index, level) in set.filter(|(index, _)| is_redefined(*index)) {
        let (Some(spec), Some(setting)) = (catalog.get(index), base.rules.get(index)) else { continue };
        if level < setting.level {
            notes.push(format!(
                "{place}: `{id}: {level}` still holds for the objects that the override matches, although {id} is redefined at \
                 {}; an override in the file that redefines it takes precedence",
                setting.level,
                id = spec.id,
            ));
        }
    }
}

/// The note on a rule that is redefined without a level and stays off.
pub(super) fn stays_off(id: &str) -> String {
    format!(
        "spec.customRules: {id} is redefined without a level and stays off, as an extended file sets it; give it a level"
    )
}

/// What to know of a rule of the policy's own that asks for its object's namespace.
pub(super) fn namespace_object(rule: &OwnRule) -> String {
    format!(
        "spec.customRules: {} asks for the labels of namespaces, which the server knows where it watches them: \
         `jobguard serve --watch-namespaces`, chart value `watch.namespaces`; offline nothing is known of them",
        rule.id
    )
}

/// What to know of `namespaceLabels` in a policy that asks for them.
pub(super) const NAMESPACE_LABELS: &str = "`namespaceLabels` match nothing unless the server watches \
     namespaces: `jobguard serve --watch-namespaces`, chart value `watch.namespaces`; offline they never match";
