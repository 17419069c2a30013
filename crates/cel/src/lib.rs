#![doc = include_str!("../README.md")]

mod ast;
mod budget;
mod calls;
mod check;
mod complaints;
mod error;
mod eval;
mod expand;
mod fold;
mod format_arguments;
mod format_check;
mod functions;
mod lexer;
mod library;
mod literals;
mod lower;
mod natives;
mod node;
mod numbers;
mod operators;
mod parser;
mod paths;
mod pattern;
mod program;
mod signatures;
mod stack;
mod times;
mod token;
mod types;
mod unify;
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
pub use vocabulary::{Check, Declared, Facts, Function, Part, Record, Vocabulary};

#[cfg(test)]
mod bounds_tests;
#[cfg(test)]
mod check_tests;
#[cfg(test)]
mod cut;
#[cfg(test)]
mod tests;
