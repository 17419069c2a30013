//! What is wrong with a policy: every fault at once, each with its place.

use std::fmt;

use super::reader::Fault;
use jobguard_manifest::{LineIndex, Span};

/// One fault of a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// The file, as its reader is to call it.
    pub file: String,
    /// The key or value at fault, in bytes of the file.
    pub span: Span,
    /// Line of the first character at fault, from 1; 0 where the file cannot be read.
    pub line: usize,
    /// Column of that character, from 1, counted in characters; 0 where the file cannot be read.
    pub column: usize,
    /// The field, `spec.rules.cron/time-zone` for example; empty for the file as a whole.
    pub path: String,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about it, where that is more than the message says.
    pub help: Option<String>,
}

impl PolicyError {
    /// A fault that was found in `file`, with its line and column.
    pub(crate) fn new(file: &str, lines: &LineIndex<'_>, fault: Fault) -> Self {
        let position = lines.position(fault.span.start);
        Self {
            file: file.to_owned(),
            span: fault.span,
            line: position.line,
            column: position.column,
            path: fault.path,
            message: fault.message,
            help: fault.help,
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: ", self.file)?,
            line => write!(f, "{}:{line}:{}: ", self.file, self.column)?,
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PolicyError {}

/// All faults of a policy and of the files it extends, by file and position. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PolicyErrors(Vec<PolicyError>);

impl PolicyErrors {
    /// The faults as an error, or nothing when there are none.
    pub(super) fn check(errors: Vec<PolicyError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self(errors)) }
    }

    /// The faults, in the order of the text.
    pub fn iter(&self) -> std::slice::Iter<'_, PolicyError> {
        self.0.iter()
    }

    /// How many there are: at least one.
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl From<PolicyError> for PolicyErrors {
    fn from(error: PolicyError) -> Self {
        Self(vec![error])
    }
}

impl<'a> IntoIterator for &'a PolicyErrors {
    type Item = &'a PolicyError;
    type IntoIter = std::slice::Iter<'a, PolicyError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, error) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}
