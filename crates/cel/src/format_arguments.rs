//! The arguments of `format`, as API servers write them.

use crate::functions::Native;
use crate::value::{TypeValue, string};
use crate::{Budget, EvalError, Value, natives};

/// The arguments of a format, with the texts of those that the library would write as Rust does: for the verb `s`, which is
/// the only one that takes such values, and numbers too.
pub(crate) fn written(mut arguments: Vec<Value>, budget: &mut Budget<'_>) -> Result<Vec<Value>, EvalError> {
    let [Value::String(format), Value::List(values)] = arguments.as_slice() else { return Ok(arguments) };
    budget.take_elements(format.len().saturating_add(values.len()))?;
    let mut texts = Vec::with_capacity(values.len());
    for (value, verb) in values.iter().zip(verbs(format).chain(std::iter::repeat('s'))) {
        texts.push(if verb == 's' { text_of(value, budget)? } else { value.clone() });
    }
    arguments[1] = Value::List(texts.into());
    Ok(arguments)
}

/// The verbs of a format, in order: `%s`, `%.3f`.
fn verbs(format: &str) -> impl Iterator<Item = char> {
    let mut rest = format.chars();
    std::iter::from_fn(move || {
        loop {
            if rest.next()? != '%' {
                continue;
            }
            match rest.find(|c| *c != '.' && !c.is_ascii_digit())? {
                '%' => {}
                verb => return Some(verb),
            }
        }
    })
}

fn text_of(value: &Value, budget: &mut Budget<'_>) -> Result<Value, EvalError> {
    match value {
        Value::Duration(_) | Value::Timestamp(_) | Value::Float(_) => {
            natives::call(Native::String, std::slice::from_ref(value), budget)
        }
        Value::Bytes(bytes) => Ok(string(String::from_utf8_lossy(bytes).into_owned())),
        Value::Opaque(opaque) => Ok(match opaque.downcast_ref::<TypeValue>() {
            Some(TypeValue(name)) => string((*name).to_owned()),
            None => value.clone(),
        }),
        other => Ok(other.clone()),
    }
}
