//! Rules of a policy's own: what makes a rule of a declaration, a registry of the rules that a policy holds, and their
//! evaluation.

#[cfg(feature = "own-rules")]
mod check;
#[cfg(feature = "own-rules")]
mod facts;
mod limits;
mod registry;
mod request;
#[cfg(feature = "own-rules")]
mod schedule;
#[cfg(all(test, feature = "own-rules"))]
mod tests;
#[cfg(feature = "own-rules")]
mod values;

pub use limits::{MAX_STEPS, MAX_STEPS_OF_ALL};
pub use registry::registry;
pub use request::RequestFacts;
#[cfg(feature = "own-rules")]
pub(super) use values::Values;
