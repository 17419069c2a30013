//! What to lint: finding files, reading them, and replacing them once they are fixed.

mod find;
mod read;
mod replace;
mod source;
mod unrendered;
mod walk;

pub use find::{Found, Selection, find, select};
pub use read::MAX_INPUT;
pub use replace::replace;
pub use source::{Source, Unrendered};
