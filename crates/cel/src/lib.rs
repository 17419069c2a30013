#![doc = include_str!("../README.md")]

mod budget;
mod calls;
mod error;
mod eval;
mod fold;
mod format_arguments;
mod functions;
mod library;
mod lower;
mod macros;
mod natives;
mod node;
mod numbers;
mod operators;
mod parse;
mod paths;
mod pattern;
mod program;
mod text;
mod times;
mod types;
mod value;
mod vocabulary;

pub use budget::Budget;
pub use error::{CompileError, EvalError};
/// The values of the crate `cel`, through its re-export.
pub use kube_cel::cel::Value;
/// Maps and their keys, and what else can be a value.
pub use kube_cel::cel::objects::{Key, Map, Opaque, OptionalValue};
pub use paths::{Path, PathStep, Root};
pub use program::Program;
pub use value::{duration, field, from_json, map, string, timestamp};
pub use vocabulary::{Facts, Part, Vocabulary};

#[cfg(test)]
mod cut;
#[cfg(test)]
mod tests;
