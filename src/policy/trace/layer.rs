//! A layer of settings.

use super::super::RuleSpec;
use super::super::document::Document;
use super::super::settings::Layer;
use super::super::subject::Reading;
use super::model::Origin;
use super::place::Places;

/// A layer of settings: a file's own, or those of one of its overrides.
pub(super) struct Layered<'a> {
    pub(super) document: &'a Document,
    pub(super) places: &'a Places<'a>,
    /// Which override it is.
    pub(super) of_override: Option<usize>,
    /// How much of an object has to be considered for it to apply.
    pub(super) reading: Reading,
}

impl<'a> Layered<'a> {
    /// What it sets.
    pub(super) fn layer(&self) -> &'a Layer {
        match self.of_override.and_then(|index| self.document.overrides.get(index)) {
            Some((_, of_override)) => of_override,
            None => &self.document.layer,
        }
    }

    /// Where the file defines an own rule.
    pub(super) fn definition(&self, spec: &RuleSpec) -> Origin {
        let rule = self.document.own.iter().find(|(rule, _)| rule.id == spec.id);
        rule.map_or(Origin::BuiltIn, |(rule, _)| Origin::File {
            file: rule.place.file.to_string(),
            line: rule.place.line,
            key: None,
            of_override: None,
        })
    }
}
