//! Values cut down to what an expression looks at, as whoever makes them may: every evaluation ends with them as with the whole ones.

use crate::{Budget, EvalError, Facts, Path, PathStep, Program, Root, Value, map};

/// Facts of which there is just what is at `paths`.
struct Cut<'f> {
    facts: &'f dyn Facts,
    paths: Vec<Path>,
}

/// A path's steps, and whether it is all that is at their end.
type Rest<'p> = (&'p [PathStep], bool);

fn cut(value: &Value, rest: &[Rest<'_>]) -> Value {
    if rest.iter().any(|(steps, whole)| steps.is_empty() && *whole) {
        return value.clone();
    }
    let below = |wanted: &PathStep| -> Vec<Rest<'_>> {
        rest.iter()
            .filter_map(|(steps, whole)| match steps.split_first() {
                Some((step, tail)) if step == wanted => Some((tail, *whole)),
                _ => None,
            })
            .collect()
    };
    match value {
        Value::Map(_) if !below(&PathStep::Element).is_empty() => value.clone(),
        Value::Map(fields) => map(fields.map.iter().filter_map(|(key, value)| {
            let crate::Key::String(key) = key else { return None };
            let rest = below(&PathStep::Field(key.as_str().into()));
            (!rest.is_empty()).then(|| (key.as_str(), cut(value, &rest)))
        })),
        Value::List(items) => {
            let rest = below(&PathStep::Element);
            Value::from(items.iter().map(|item| cut(item, &rest)).collect::<Vec<_>>())
        }
        other => other.clone(),
    }
}

impl Cut<'_> {
    /// What is left of the value of a root; nothing of one that is not looked at.
    fn root(&self, root: Root, value: &Value) -> Value {
        let paths = self.paths.iter().filter(|path| path.root == root);
        let rest: Vec<Rest<'_>> = paths.map(|path| (path.steps.as_slice(), path.whole)).collect();
        if rest.is_empty() { Value::Null } else { cut(value, &rest) }
    }
}

impl Facts for Cut<'_> {
    fn variable(&self, index: usize) -> Value {
        self.root(Root::Variable(index), &self.facts.variable(index))
    }

    fn has_part(&self, part: usize) -> bool {
        self.facts.has_part(part)
    }

    fn field(&self, part: usize, field: usize) -> Result<Value, EvalError> {
        Ok(self.root(Root::Field { part, field }, &self.facts.field(part, field)?))
    }

    fn call(&self, part: usize, function: usize, arguments: &[Value]) -> Result<Value, EvalError> {
        self.facts.call(part, function, arguments)
    }
}

/// Evaluates a program, and once more with what it looks at alone.
pub(crate) fn evaluate(program: &Program, facts: &dyn Facts, steps: u64) -> Result<Value, EvalError> {
    let (mut budget, mut again) = (Budget::new(steps), Budget::new(steps));
    let whole = program.evaluate(facts, &mut budget);
    let part = program.evaluate(&Cut { facts, paths: program.paths() }, &mut again);
    let is_not_a_number = matches!(whole, Ok(Value::Float(number)) if number.is_nan());
    assert!(is_not_a_number || part == whole, "{part:?} is not {whole:?}: {program:?}");
    assert_eq!(again.spent(), budget.spent(), "{program:?}");
    whole
}
