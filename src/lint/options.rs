//! How objects are judged, besides what the engine's context says.

use super::namesakes::Namesakes;
use super::old::OldObjects;

/// How objects are judged.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Options<'a> {
    /// Whether to fill in the policy's defaults first, as a cluster with the webhook would.
    pub(crate) with_defaults: bool,
    /// The stored versions that the manifests would update; none to judge everything as created.
    pub(crate) against: Option<&'a OldObjects>,
    /// The objects of the whole input that lack no required field, once they are known. What lacks one beside such an
    /// object is taken for a patch.
    pub(crate) complete: Option<Namesakes<'a>>,
}
