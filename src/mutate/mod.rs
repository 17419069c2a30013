//! The policy's defaults, turned into changes and JSON Patch.
//!
//! [`fill()`] is for objects being created and for manifests, [`fill_update`] for updates. Both change the typed
//! object and say what they changed; [`inherit_annotation`] gives a CronJob's Jobs its annotation; [`json_patch()`] writes that as RFC 6902.

mod change;
mod fill;
mod inherit;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use change::{Change, ChangeKind, json_patch};
pub use fill::{MAX_ANNOTATIONS, fill, fill_update, ignored_disruptions};
pub use inherit::{SCHEDULED, inherit_annotation};
