//! What a change of policy does: to the settings, and to manifests and recorded reviews.
//!
//! [`settings`] compares what two policies say; [`effects()`] judges the same objects by both, a manifest as the linter does, a
//! review as the webhook does, and compares what comes out.

mod change;
mod effect;
mod input;
mod judge;
mod own_rules;
pub mod report;
#[cfg(feature = "serve")]
mod reviews;
pub mod settings;

pub use effect::{Effect, Effects, FieldChange, FindingChange, effects};
pub use input::InputError;
pub use judge::Side;
