//! Reads objects of a cluster as they stand there: page by page, and never more than was asked for. What writes is apart.
//!
//! What the rights of the user do not allow, or the API server does not serve, is an answer, not a failure: see [`Answer`].

mod answer;
mod call;
mod discovery;
mod page;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use answer::{Answer, Selection};
pub use call::{Cause, ReadError};
pub use discovery::Served;
pub use page::{Page, Pages};
pub use read::{PAGE, Reader, ServerVersion};
pub use write::{Writer, Written};
