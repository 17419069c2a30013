//! What an expression may speak of: given by who compiles it, and answered by who evaluates it.

use crate::{EvalError, Value};

/// The names that an expression knows besides those of the language.
#[derive(Debug, Clone, Copy, Default)]
pub struct Vocabulary<'v> {
    /// Variables: any value, asked for by its position here.
    pub variables: &'v [&'v str],
    /// Names with fields and functions of their own (`job.worstCase`), which are no values themselves: each is worked out only
    /// where it is asked for.
    pub parts: &'v [Part<'v>],
    /// Variables that other engines have and this one does not, with what to do about that.
    pub unavailable: &'v [(&'v str, &'v str)],
    /// Variables of which only some fields are known: each with the paths that are, from the variable on.
    pub partly_known: &'v [(&'v str, &'v [&'v str])],
}

/// A name with fields and functions.
#[derive(Debug, Clone, Copy)]
pub struct Part<'v> {
    /// The name.
    pub name: &'v str,
    /// Its fields.
    pub fields: &'v [&'v str],
    /// Its functions, with the number of arguments.
    pub functions: &'v [(&'v str, usize)],
}

/// What there is where an expression is evaluated.
pub trait Facts {
    /// The value of a variable; null where it is not known.
    fn variable(&self, index: usize) -> Value;

    /// Whether there is such a part at all: where not, it is null, and has no fields.
    fn has_part(&self, part: usize) -> bool {
        let _ = part;
        false
    }

    /// A field of a part; null where it has no value.
    ///
    /// # Errors
    /// Where it cannot be told.
    fn field(&self, part: usize, field: usize) -> Result<Value, EvalError> {
        let _ = (part, field);
        Ok(Value::Null)
    }

    /// What a function of a part returns.
    ///
    /// # Errors
    /// Where an argument is none that it takes.
    fn call(&self, part: usize, function: usize, arguments: &[Value]) -> Result<Value, EvalError> {
        let _ = (part, function, arguments);
        Ok(Value::Null)
    }
}
