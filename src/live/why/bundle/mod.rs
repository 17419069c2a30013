//! What is known of a cluster as one file: what `kubectl get ... -o yaml` or `-o json` prints, or what
//! `jobguard why --write-bundle` has written.

mod allowed;
mod messages;
mod read;
mod redact;
mod write;

pub use read::{Bundle, ReadError, read};
pub use redact::redact;
pub use write::{Collected, write};

/// The kind of the object that a bundle of ours begins with: what was read, when, and what could not be.
const HEADER: &str = "WhyBundle";

/// Its version.
const HEADER_VERSION: &str = "jobguard.dev/v1alpha1";
