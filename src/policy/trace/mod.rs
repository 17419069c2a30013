//! What applies and why: the settings of a policy, or of one object under it, each with the places that they come from.
//!
//! Nothing of this is kept with a [`Policy`](super::Policy): the files are read again on demand. It follows what
//! [`load`] and [`Policy::views`](super::Policy::views) do, step by step, and a test holds them together.

mod defaults;
mod general;
mod layer;
mod model;
mod place;
mod rules;

use std::path::Path;

pub use model::{Matched, Origin, OverrideTrace, RuleTrace, SettingTrace, Step, Trace};

use super::load::{self, Chain, Source};
use super::preset::Preset;
use super::subject::{Reading, Subject};
use super::{Exception, PolicyErrors, RuleSpec, Settings};
use layer::Layered;
use place::Places;

/// Traces a built-in policy.
///
/// # Errors
/// Only if the built-in file is broken, which its tests rule out.
pub fn preset(
    preset: Preset,
    catalog: &[&'static RuleSpec],
    subject: Option<&Subject<'_>>,
) -> Result<Trace, PolicyErrors> {
    Ok(trace(load::preset_chain(preset, catalog)?, subject))
}

/// Traces the policy file at `path`, and what it extends; as one that was discovered if it `is_found`.
///
/// # Errors
/// All that is wrong with it, as when it is loaded.
pub fn file(
    path: &Path,
    is_found: bool,
    catalog: &[&'static RuleSpec],
    subject: Option<&Subject<'_>>,
) -> Result<Trace, PolicyErrors> {
    let chain = if is_found { load::found_chain(path, catalog) } else { load::file_chain(path, catalog) };
    Ok(trace(chain?, subject))
}

/// Traces the policy of a text.
///
/// # Errors
/// All that is wrong with it, as when it is loaded.
pub fn read(
    source: &Source,
    catalog: &[&'static RuleSpec],
    loader: &load::Loader<'_>,
    subject: Option<&Subject<'_>>,
) -> Result<Trace, PolicyErrors> {
    Ok(trace(load::read_chain(source, catalog, loader)?, subject))
}

fn trace(chain: Chain, subject: Option<&Subject<'_>>) -> Trace {
    let read: Vec<_> =
        chain.documents.iter().map(|(source, _)| jobguard_manifest::read(&source.text)).collect();
    let places: Vec<Places<'_>> = (chain.documents.iter().zip(&read))
        .map(|((source, _), read)| {
            Places::new(source, read.first(), (source.name == chain.preset.as_str()).then_some(chain.preset))
        })
        .collect();
    let documents = || chain.documents.iter().map(|(_, document)| document).zip(&places);
    let mut layers: Vec<Layered<'_>> = documents()
        .map(|(document, places)| Layered { document, places, of_override: None, reading: Reading::Own })
        .collect();
    let mut overrides = Vec::new();
    for (document, places) in documents() {
        for (index, (matching, _)) in document.overrides.iter().enumerate() {
            let reading = subject.and_then(|subject| matching.covered_from(subject));
            overrides.push(OverrideTrace {
                origin: places.of_override(index),
                matching: matching.clone(),
                says: places.says(index),
                matches: subject.map(|_| match reading {
                    Some(Reading::Own) => Matched::Own,
                    Some(Reading::Claimed) => Matched::Claimed,
                    Some(Reading::Template) => Matched::Template,
                    None => Matched::Not,
                }),
            });
            layers.extend(reading.map(|reading| Layered {
                document,
                places,
                of_override: Some(index),
                reading,
            }));
        }
    }
    let base = Settings {
        rules: chain.catalog.iter().map(|spec| super::RuleSetting::new(chain.preset.level(spec))).collect(),
        defaults: super::Defaults::default(),
    };
    let rules = rules::trace(&base, chain.preset, &layers, &chain.catalog);
    let defaults = defaults::trace(&base, &layers);
    let files = chain.documents.iter().rev().map(|(source, _)| source.name.clone()).collect();
    let general_places: Vec<&Places<'_>> = places.iter().collect();
    let policy = chain.clone().assemble();
    let general = general::trace(&policy, &general_places);
    let covers = |exception: &Exception| subject.map(|subject| exception.covers(subject));
    let exceptions =
        policy.exceptions().iter().map(|exception| (exception.clone(), covers(exception))).collect();
    Trace { general, policy, files, rules, defaults, overrides, exceptions }
}

#[cfg(test)]
mod tests;
