//! What can be wrong with an expression, before and while it is evaluated.

use std::ops::Range;

/// How many faults of one expression are told.
pub(crate) const MAX_ERRORS: usize = 10;

/// What is wrong with the text of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileError {
    /// The bytes that it is about.
    pub range: Range<usize>,
    /// What is wrong: one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl CompileError {
    pub(crate) fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { range, message: message.into(), help: None }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// How `cel-go` begins what it says of types that do not fit.
const NO_OVERLOAD: &str = "no such overload: ";

/// Why an evaluation has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// Something is not there, or not of the type that is asked of it. `&&` and `||` have a value nevertheless where the other
    /// side decides.
    #[error("{0}")]
    Failed(String),
    /// It costs more than the budget has. Nothing swallows this.
    #[error("the evaluation takes more than {0} steps")]
    TooExpensive(u64),
    /// Its result is of no use any more. Nothing swallows this.
    #[error("the evaluation was cancelled")]
    Cancelled,
}

impl EvalError {
    /// A failure, in words.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// As `cel-go` says it of operands and arguments whose types do not fit.
    pub(crate) fn no_overload(what: &str) -> Self {
        Self::Failed(format!("{NO_OVERLOAD}{what}"))
    }

    /// Whether the types of operands or arguments do not fit.
    pub(crate) fn is_of_types(&self) -> bool {
        matches!(self, Self::Failed(message) if message.starts_with(NO_OVERLOAD))
    }

    pub(crate) fn no_key(key: &str) -> Self {
        Self::Failed(format!("no such key: {key}"))
    }
}
