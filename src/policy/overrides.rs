//! What a policy sets for some objects alone.

use super::settings::{Layer, Settings};
use super::subject::Match;

/// An override, over the base.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Override {
    pub(super) matching: Match,
    pub(super) layer: Layer,
    /// The base with this override alone: what holds for nearly every object that an override matches.
    pub(super) alone: Settings,
}
