//! An expression, compiled.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::MAX_ERRORS;
use crate::eval::Evaluation;
use crate::lower::{Lowered, lower};
use crate::node::Node;
use crate::paths::paths;
use crate::stack::with_room;
use crate::{Budget, CompileError, EvalError, Facts, Path, Value, Vocabulary, check, parser};

/// An expression that can be evaluated, as often as one likes and from any thread.
#[derive(Debug)]
pub struct Program {
    node: Node,
    /// What type its value has, where the expression alone tells.
    result: Option<String>,
    variables: Vec<usize>,
    parts: Vec<(usize, Option<usize>)>,
    extensions: Vec<&'static str>,
    requires: Vec<(&'static str, u8)>,
}

impl Program {
    /// Compiles an expression that speaks of what `vocabulary` has.
    ///
    /// # Errors
    /// What is wrong with it: the first fault of its syntax, or the names that are not known and what is wrong with its types.
    pub fn compile(source: &str, vocabulary: &Vocabulary<'_>) -> Result<Self, Vec<CompileError>> {
        with_room(source, || {
            let tree = parser::parse(source).map_err(|error| vec![error])?;
            match (lower(&tree, vocabulary), check::check(&tree, vocabulary)) {
                (Ok(Lowered { node, variables, parts, extensions, requires }), Ok(result)) => {
                    Ok(Self { node, result, variables, parts, extensions, requires })
                }
                (Ok(_), Err(errors)) | (Err(errors), Ok(_)) => Err(errors),
                (Err(names), Err(types)) => Err(together(names, types)),
            }
        })
    }

    /// The type of its value (`bool`, `list(string)` ...); none where only an evaluation can tell.
    pub fn result_type(&self) -> Option<&str> {
        self.result.as_deref()
    }

    /// What it makes use of that not all API servers have that have ValidatingAdmissionPolicies, in order: each function or macro,
    /// and the first minor version of Kubernetes that takes it in a new policy.
    pub fn requires(&self) -> &[(&'static str, u8)] {
        &self.requires
    }

    /// The positions in the vocabulary of the variables that it asks for, in order.
    pub fn variables(&self) -> &[usize] {
        &self.variables
    }

    /// The parts that it asks for: the position of each in the vocabulary, and of the field; none for the field where it calls a
    /// function, or asks whether the part is there.
    pub fn parts(&self) -> &[(usize, Option<usize>)] {
        &self.parts
    }

    /// What of the variables and of the parts' fields it looks at: with values that have just this, every evaluation ends as with
    /// the whole ones. All fields are looked at where elements of what is no list are.
    pub fn paths(&self) -> Vec<Path> {
        paths(&self.node)
    }

    /// The functions and macros that API servers do not have in their policies (`cel.bind`, `math.abs`), in order.
    pub fn extensions(&self) -> &[&'static str] {
        &self.extensions
    }

    /// The value of the expression.
    ///
    /// # Errors
    /// Where it has none, or one that costs more than `budget` has.
    pub fn evaluate(&self, facts: &dyn Facts, budget: &mut Budget<'_>) -> Result<Value, EvalError> {
        // The libraries look at values that anybody may have written.
        let evaluated = catch_unwind(AssertUnwindSafe(|| Evaluation::new(facts, budget).value(&self.node)));
        evaluated.unwrap_or_else(|_| Err(EvalError::failed("a function of the library failed")))
    }
}

/// What is wrong with names and with types: of the same place, what is wrong with the name.
fn together(names: Vec<CompileError>, types: Vec<CompileError>) -> Vec<CompileError> {
    let is_elsewhere = |error: &CompileError| names.iter().all(|name| name.range != error.range);
    let types: Vec<CompileError> = types.into_iter().filter(is_elsewhere).collect();
    let mut all = names;
    all.extend(types);
    all.sort_by_key(|error| error.range.start);
    all.truncate(MAX_ERRORS);
    all
}
