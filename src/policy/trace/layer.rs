//! A layer of settings.

use super::super::document::Document;
use super::super::settings::Layer;
use super::super::subject::Reading;
use super::place::Places;

/// A layer of settings: a file's own, or those of one of its overrides.
pub(super) struct Layered<'a> {
    pub(super) document: &'a Document,
    pub(super) places: &'a Places<'a>,
    /// Which override it is.
    pub(super) of_override: Option<usize>,
    /// How closely an object has to be looked at for it to count.
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
}
