//! Levels and options of rules.

use super::super::preset::Preset;
use super::super::settings::RuleChange;
use super::super::subject::Reading;
use super::super::{Level, RuleSpec, Settings};
use super::layer::Layered;
use super::model::{Origin, RuleTrace, Step};

/// How each rule of the catalog is set by `layers`, over a preset.
pub(super) fn trace(
    base: &Settings,
    preset: Preset,
    layers: &[Layered<'_>],
    catalog: &[&'static RuleSpec],
) -> Vec<RuleTrace> {
    let widest = layers.iter().map(|layer| layer.reading).max().unwrap_or(Reading::Own);
    // Rules of the policy's own come with the layer that defines them.
    let first = |index: usize, spec: &RuleSpec| {
        let level = base.rules.get(index).map_or(Level::Off, |setting| setting.level);
        (!spec.is_own()).then_some(Step { value: level, origin: Origin::Preset(preset) })
    };
    let mut rules: Vec<RuleTrace> = (catalog.iter().enumerate())
        .map(|(index, spec)| {
            let level = first(index, spec).into_iter().collect();
            RuleTrace { spec, level, options: Vec::new(), beside: None }
        })
        .collect();
    // As the policy does: what looks more closely is a copy of the settings so far.
    let mut wider: Vec<Vec<Step<Level>>> = rules.iter().map(|rule| rule.level.clone()).collect();
    for layer in layers {
        for (index, level) in &layer.layer().defined {
            let Some(rule) = rules.get_mut(*index) else { continue };
            let step = Step { value: *level, origin: layer.definition(rule.spec) };
            rule.level.push(step.clone());
            wider[*index].push(step);
        }
        let own = &layer.layer().rules;
        for (index, change) in own {
            let Some(rule) = rules.get_mut(*index) else { continue };
            let spec = rule.spec;
            if layer.reading == Reading::Own {
                if let Some(level) = change.over(rule.level()) {
                    rule.level.push(Step { value: level, origin: origin(layer, spec, change) });
                }
                for (name, value) in change.options.iter() {
                    let step = Step { value: value.clone(), origin: option_origin(layer, spec, name) };
                    match rule.options.iter_mut().find(|(other, _)| *other == name) {
                        Some((_, steps)) => steps.push(step),
                        None => rule.options.push((name, vec![step])),
                    }
                }
            }
            let so_far = wider[*index].last().map_or(Level::Off, |step| step.value);
            if let Some(level) = change.over(so_far) {
                wider[*index].push(Step { value: level, origin: origin(layer, spec, change) });
            }
        }
    }
    if widest > Reading::Own {
        for (rule, wider) in rules.iter_mut().zip(wider) {
            let level = wider.last().map_or(Level::Off, |step| step.value);
            rule.beside = (level > rule.level()).then_some(wider);
        }
    }
    rules
}

/// Where a rule's level is set.
fn origin(layer: &Layered<'_>, spec: &RuleSpec, change: &RuleChange) -> Origin {
    let of = |key: &str, shown: Option<&str>| layer.places.origin(layer.of_override, &["rules", key], shown);
    let category = format!("{}/*", spec.category());
    let found = match change.wildcard.filter(|_| change.level.is_none()) {
        Some(wildcard) if wildcard.everything => of("*", Some("*")),
        Some(_) => of(&category, Some(&category)),
        None => own_key(layer, spec),
    };
    found.unwrap_or(Origin::BuiltIn)
}

/// Where a rule's own entry stands, under whichever of its names.
fn own_key(layer: &Layered<'_>, spec: &RuleSpec) -> Option<Origin> {
    let names = std::iter::once(spec.id).chain(spec.renamed_from.iter().copied());
    let mut origins = names.map(|name| {
        layer.places.origin(layer.of_override, &["rules", name], (name != spec.id).then_some(name))
    });
    origins.find_map(|origin| origin)
}

fn option_origin(layer: &Layered<'_>, spec: &RuleSpec, option: &str) -> Origin {
    let names = std::iter::once(spec.id).chain(spec.renamed_from.iter().copied());
    let mut origins =
        names.map(|name| layer.places.origin(layer.of_override, &["rules", name, option], None));
    origins.find_map(|origin| origin).unwrap_or(Origin::BuiltIn)
}
