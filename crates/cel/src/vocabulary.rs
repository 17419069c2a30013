//! What an expression may speak of: given by who compiles it, and answered by who evaluates it.

use crate::{EvalError, Value};

/// The names that an expression knows besides those of the language.
#[derive(Debug, Clone, Copy, Default)]
pub struct Vocabulary<'v> {
    /// Variables with their types: any value, asked for by its position here.
    pub variables: &'v [(&'v str, Declared<'v>)],
    /// Names with fields and functions of their own (`job.worstCase`), which are no values themselves: each is worked out only
    /// where it is asked for.
    pub parts: &'v [Part<'v>],
    /// Variables that other engines have and this one does not, with what to do about that.
    pub unavailable: &'v [(&'v str, &'v str)],
    /// Variables of which only some fields are known: each with the paths that are, from the variable on.
    pub partly_known: &'v [(&'v str, &'v [&'v str])],
}

/// The type of a variable or a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Declared<'v> {
    /// Any: only an evaluation tells.
    Dyn,
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A text.
    String,
    /// A moment.
    Timestamp,
    /// A length of time.
    Duration,
    /// A list of values of one type.
    List(&'v Self),
    /// A map from texts to values of one type.
    Map(&'v Self),
    /// An object with fields.
    Record(&'v Record<'v>),
}

/// An object with fields.
#[derive(Debug, PartialEq)]
pub struct Record<'v> {
    /// What messages call it.
    pub name: &'v str,
    /// Its fields with their types.
    pub fields: &'v [(&'v str, Declared<'v>)],
}

/// A name with fields and functions.
#[derive(Debug, Clone, Copy)]
pub struct Part<'v> {
    /// The name.
    pub name: &'v str,
    /// Whether it may be null: where not, an expression must not ask.
    pub nullable: bool,
    /// Its fields.
    pub fields: &'v [(&'v str, Declared<'v>)],
    /// Its functions.
    pub functions: &'v [Function<'v>],
}

/// A function of a part.
#[derive(Debug, Clone, Copy)]
pub struct Function<'v> {
    /// The name.
    pub name: &'v str,
    /// What it takes: of each argument, the types that it may have.
    pub arguments: &'v [&'v [Declared<'v>]],
    /// What it returns.
    pub result: Declared<'v>,
    /// Looks at arguments that are constants, as far as it can be told before an evaluation.
    pub check: Option<Check>,
}

/// Whether arguments are such as a function takes.
pub type Check = fn(&[Value]) -> Result<(), EvalError>;

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
