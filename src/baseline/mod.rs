//! Baselines: the findings that a project had when it adopted the linter, so that only new ones count.
//!
//! A finding is recognised by its [`Fingerprint`](crate::diagnostic::Fingerprint), which names no file and no line, and
//! fingerprints are counted: the second finding of a kind is new where the baseline has one.

mod compare;
mod entries;
mod file;
mod merged;

pub use entries::{Baseline, Entry};
pub use file::{MAX_BYTES, ReadError, is_baseline, read};
