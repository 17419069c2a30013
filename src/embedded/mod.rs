//! Jobs inside other objects: which kinds hold them, and the Job that a controller would make of each.
//!
//! [`OuterKinds`] is the table: the kinds that are known here, and those that a policy adds. [`Outer`] is an object of such
//! a kind: it takes its Jobs out. A [`MadeJob`] is a tree of its own, with what the controller fills in, whose values keep
//! their places in the text, and which knows where its fields stand in the outer object ([`Places`]). It is then decoded and
//! judged as any Job or CronJob.

mod compose;
mod controller;
mod copy;
mod kind;
mod kinds;
mod outer;
mod pattern;
mod places;
mod table;

pub use compose::{MadeJob, Maker};
pub use kind::{Controller, JobType, OuterKind, Placeholders, Schedule};
pub use kinds::OuterKinds;
pub use outer::{Outer, Slot, Slots, TooManyJobs};
pub use pattern::{MAX_JOBS, Misplaced, Pattern, PatternError, Structure};
pub use places::Places;
