//! Rules of a policy's own, in CEL: read and compiled with the policy, evaluated by the engine like any other.
//!
//! Code that knows rules by their declarations sees them as rules of the catalog, after those that are built in. A rule's
//! declaration is interned ([`Declaration`]); its program belongs to the policy.

mod compiled;
mod declaration;
#[cfg(feature = "own-rules")]
mod filled_in;
mod levels;
mod limits;
#[cfg(feature = "own-rules")]
mod looked_at;
#[cfg(feature = "own-rules")]
mod moment;
mod path;
mod place;
mod read;
mod rule;
mod schema;
mod set;
#[cfg(all(test, feature = "own-rules"))]
mod tests;
pub mod vocabulary;

pub use compiled::Compiled;
pub use declaration::{Declaration, DeclarationSet, Full, MAX_DECLARATIONS, MAX_SETS};
#[cfg(feature = "own-rules")]
pub use filled_in::{FilledIn, Holder};
pub(super) use levels::{Redefined, define};
pub use limits::{MAX_EXPRESSION, MAX_ID, MAX_RULES, MAX_TEXT};
#[cfg(feature = "own-rules")]
pub use looked_at::LookedAt;
#[cfg(feature = "own-rules")]
pub use moment::{Moment, moment};
pub(super) use read::read;
pub use rule::{OnError, OwnRule};
pub(super) use schema::schema;
pub use set::OwnRules;
pub(super) use set::declare;
