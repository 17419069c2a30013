#![doc = include_str!("../README.md")]
//! # In detail
//!
//! YAML and JSON text, read as `kubectl` reads it, with the place of every key and value.
//!
//! [`read`] splits a text into [`Document`]s; each is a [`Tree`] or a [`SyntaxError`], and a broken document never
//! hides its neighbours. [`objects`] finds the Kubernetes objects in a tree, [`Tree::locate`] turns a field path
//! into a place in the text, [`LineIndex`] turns the place into line and column, and [`edit`] changes fields by byte
//! span.

mod budget;
pub mod edit;
mod explain;
mod graft;
mod json;
pub mod limits;
mod lines;
mod locate;
mod objects;
mod path;
mod read;
mod scalar;
pub mod scan;
mod split;
mod syntax;
mod tree;
mod tree_builder;
mod yaml;

#[cfg(test)]
mod syntax_tests;

pub use budget::{TooLarge, Within};
pub use graft::Graft;
pub use lines::{LineIndex, Position, line_ends};
pub use locate::Located;
pub use objects::{ImpliedType, ObjectRef, objects};
pub use path::{At, FieldPath, Segment};
pub use read::{Document, read, read_each, read_each_within};
pub use syntax::SyntaxError;
pub use tree::{Entry, Node, NodeId, NodeKind, Span, Style, Tree};

/// How deep values may be nested, aliases followed. The API server's own limit is higher, but no Kubernetes type
/// comes near this one, and it bounds every walk that is written as a recursion.
pub const MAX_DEPTH: usize = 512;
