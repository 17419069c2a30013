//! An expression, compiled.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::eval::Evaluation;
use crate::lower::{Lowered, lower};
use crate::node::Node;
use crate::paths::paths;
use crate::{Budget, CompileError, EvalError, Facts, Path, Value, Vocabulary, parse, text};

/// An expression that can be evaluated, as often as one likes and from any thread.
#[derive(Debug)]
pub struct Program {
    node: Node,
    /// What type its value has, where the expression alone tells.
    result: Option<&'static str>,
    variables: Vec<usize>,
    parts: Vec<(usize, Option<usize>)>,
    extensions: Vec<&'static str>,
}

impl Program {
    /// Compiles an expression that speaks of what `vocabulary` has.
    ///
    /// # Errors
    /// What is wrong with it: the first fault of its syntax, or every name that is not known.
    pub fn compile(source: &str, vocabulary: &Vocabulary<'_>) -> Result<Self, Vec<CompileError>> {
        text::check(source).map_err(|error| vec![error])?;
        parse::with_tree(source, |tree| {
            let Lowered { node, result, variables, parts, extensions } = lower(source, tree, vocabulary)?;
            Ok(Self { node, result, variables, parts, extensions })
        })
    }

    /// The type of its value (`bool`, `string` ...); none where only an evaluation can tell.
    pub fn result_type(&self) -> Option<&'static str> {
        self.result
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
