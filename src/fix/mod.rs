//! The fixes of one text: turned into edits of it, proved to change nothing else, and applied, promised or offered.

mod applied;
mod apply;
mod best;
mod document;
mod errors;
mod input;
mod key;
mod offer;
mod own_text;
mod promise;
mod prove;

pub use applied::NotApplied;
pub(crate) use applied::TextOutcome;
pub(crate) use apply::{fix_text, is_fixable};
pub(crate) use input::{fix_input, reported};
pub(crate) use offer::Offers;
pub(crate) use promise::Promises;
pub(crate) use prove::{edits_of, text_edits};
