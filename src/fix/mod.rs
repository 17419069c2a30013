//! The fixes of one text: turned into edits of it, proved to change nothing else, and applied or offered.

mod applied;
mod apply;
mod best;
mod errors;
mod key;
mod offer;
mod prove;

pub(crate) use applied::TextOutcome;
pub(crate) use apply::fix_text;
pub(crate) use offer::Offers;
pub(crate) use prove::{edits_of, text_edits};
