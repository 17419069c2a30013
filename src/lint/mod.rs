//! One text: what stands in it, and the findings about each object, with their places.
//!
//! `examine` reads a text and judges each Job and CronJob in it. The fixes and the linter are built on it.

mod annotations;
mod changed;
mod classify;
mod common;
mod examine;
mod examined;
mod gather;
mod helm;
mod locate;
#[cfg(feature = "cluster")]
mod manifests;
mod names;
mod namesakes;
mod neighbours;
mod object;
mod old;
mod options;
mod outer;
mod patch;
mod stored;
pub(crate) mod typeless;
mod verdict;

pub use annotations::WrittenSuppression;
pub(crate) use annotations::{Unreadable, suppressions};
pub(crate) use examine::{
    MAX_OBJECTS, examine, examine_and_keep, examine_document, examine_with, is_asked_for,
};
pub(crate) use examined::{Examined, Examinee, Found, InputFindings};
pub(crate) use gather::{Gathered, GatheredObject, gather};
pub(crate) use locate::Places;
#[cfg(feature = "cluster")]
pub(crate) use manifests::{Manifest, each_manifest, manifests, place_in};
pub(crate) use namesakes::{CompleteObjects, Identity, Incomplete, Namesakes};
pub(crate) use neighbours::NeighbourFacts;
pub use old::{Change, OldObjects};
pub(crate) use options::Options;
