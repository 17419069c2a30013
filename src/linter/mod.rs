//! The offline linter: sources in, a report out.
//!
//! Files are read in parallel and released one by one: of each, only the diagnostics are kept, and the little that rules
//! about the whole input need. What a rule can only know at the end (the objects beside Jobs in all files, other objects of the
//! input) is settled in a second pass over the few files that are concerned.

mod decode;
mod exceptions;
mod fix;
mod input;
mod input_fix;
mod input_promise;
mod linted;
mod outcome;
mod passes;
mod settings;
#[cfg(feature = "cluster")]
mod stored;
mod text;
pub mod versions;

pub use crate::fix::NotApplied;
pub(crate) use decode::decode_text;
pub use exceptions::written_suppressions;
pub use fix::{Fixed, FixedText};
pub use outcome::Outcome;
pub use settings::Linter;
#[cfg(feature = "cluster")]
pub use stored::{Beside, LintedObject, StoredText, judge_kept};
