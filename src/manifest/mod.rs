//! YAML and JSON text, read as `kubectl` reads it, with the place of every key and value.

mod tree;

pub use tree::{Entry, Node, NodeId, NodeKind, Span, Tree};
