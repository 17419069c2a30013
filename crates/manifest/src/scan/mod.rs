//! YAML text to events, by the rules of the reader that kubectl has (go-yaml's second version, YAML 1.1).
//!
//! A scanner cuts the text into tokens and tracks indentation and possible keys; a parser turns tokens into events.
//! Every byte is looked at a bounded number of times, whatever the text: a possible key is decided where it ends, by what
//! follows it on its line, and at most 1,024 characters of tokens are held back for one.

mod block_scalar;
mod candidate;
mod classes;
mod cursor;
mod directive;
mod events;
mod fault;
mod parser;
mod plain;
mod properties;
mod quoted;
mod scanner;
mod token;

pub(crate) use cursor::forbidden;
pub use events::{Anchor, Event};
pub use fault::{Fault, FaultKind};
pub use parser::Events;
pub use properties::Tag;

#[cfg(test)]
mod tests;
