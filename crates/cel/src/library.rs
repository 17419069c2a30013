//! Functions of `kube-cel`: each call is paid for before it is made, since the library counts nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use kube_cel::KubeCelExt as _;
use kube_cel::cel::common::ast::{CallExpr, Expr};
use kube_cel::cel::{Context, ExecutionError, IdedExpr};

use crate::functions::Charge;
use crate::operators::weigh_pairs;
use crate::value::{as_optional, none, some, weigh};
use crate::{Budget, EvalError, Value};

/// All functions. The variables are those of a call.
static FUNCTIONS: LazyLock<Context<'static>> = LazyLock::new(|| Context::default().with_all());

/// What any call costs, beside its arguments.
const CALL: u64 = 4;
/// The most digits behind the point that a format may ask for.
const MAX_DIGITS: usize = 100;
/// The names of arguments in a call.
const NAMES: [&str; 20] =
    ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"];

/// A call with so many arguments, the first of them before the dot of a method.
pub(crate) fn call(name: &str, arguments: usize, method: bool) -> IdedExpr {
    let mut args: Vec<IdedExpr> = NAMES
        .iter()
        .take(arguments)
        .map(|name| IdedExpr { id: 0, expr: Expr::Ident((*name).to_owned()) })
        .collect();
    let target = (method && !args.is_empty()).then(|| Box::new(args.remove(0)));
    IdedExpr { id: 0, expr: Expr::Call(CallExpr { func_name: name.to_owned(), target, args }) }
}

pub(crate) fn evaluate(
    name: &str,
    call: &IdedExpr,
    charge: Charge,
    arguments: Vec<Value>,
    budget: &mut Budget<'_>,
) -> Result<Value, EvalError> {
    // API servers have it for lists alone.
    if let ("reverse", [Value::String(_)]) = (name, arguments.as_slice()) {
        return Err(EvalError::no_overload("string.reverse()"));
    }
    budget.take(CALL)?;
    pay(charge, &arguments, budget)?;
    let evaluated = catch_unwind(AssertUnwindSafe(|| {
        let mut scope = FUNCTIONS.new_inner_scope();
        for (name, value) in NAMES.into_iter().zip(arguments) {
            scope.add_variable_from_value(name, value);
        }
        scope.resolve(call)
    }));
    match evaluated {
        // API servers return an optional.
        Ok(Ok(value)) if name == "format.named" && as_optional(&value).is_none() => Ok(some(value)),
        Ok(Err(ExecutionError::FunctionError { .. })) if name == "format.named" => Ok(none()),
        Ok(Ok(value)) => {
            weigh(&value, budget)?;
            Ok(value)
        }
        Ok(Err(error)) => Err(EvalError::Failed(words(name, &error))),
        Err(_) => Err(EvalError::failed(format!("{name} failed"))),
    }
}

/// What went wrong, without the values, which may be secret or long.
fn words(name: &str, error: &ExecutionError) -> String {
    match error {
        ExecutionError::FunctionError { message, .. } => {
            let message: String = message.chars().take(200).collect();
            format!("{name}: {message}")
        }
        _ => format!("no such overload: {name}"),
    }
}

fn length(value: Option<&Value>) -> usize {
    match value {
        Some(Value::String(text)) => text.len(),
        _ => 0,
    }
}

fn pay(charge: Charge, arguments: &[Value], budget: &mut Budget<'_>) -> Result<(), EvalError> {
    // Each is copied into a variable, and from there to the function.
    let mut weight: u64 = 0;
    for argument in arguments {
        weight = weight.saturating_add(weigh(argument, budget)?);
    }
    budget.take(weight)?;
    match (charge, arguments) {
        (Charge::Plain, _) => Ok(()),
        (Charge::Sort, _) => budget.take(weight.saturating_mul(16)),
        (Charge::Product, [only]) => weigh_pairs(only, only, budget),
        (Charge::Product, [left, right, ..]) => weigh_pairs(left, right, budget),
        (Charge::Search, [text, found, ..]) => match (text, found) {
            (Value::String(text), Value::String(found)) => {
                // Characters are compared one by one, at each place.
                budget.take_elements(text.len())?;
                budget.take_bytes(text.len().saturating_mul(found.len()))
            }
            _ => Ok(()),
        },
        (Charge::Replace, [text, old, new, ..]) => {
            let (text, old) = (length(Some(text)), length(Some(old)).max(1));
            budget.take_bytes((text / old + 1).saturating_mul(length(Some(new))).saturating_add(text))
        }
        (Charge::Range, [Value::Int(count)]) => budget.take(u64::try_from(*count).unwrap_or_default()),
        (Charge::Format, [Value::String(format), Value::List(values)]) => {
            budget.take_elements(format.len())?;
            let asks_for = |digits: &str| digits.bytes().take_while(u8::is_ascii_digit).count() > 2;
            if format.split("%.").skip(1).any(asks_for) {
                return Err(EvalError::failed(format!("format: more than {MAX_DIGITS} digits")));
            }
            // The library writes a map in no order.
            if values.iter().any(has_map) {
                return Err(EvalError::failed("format: maps cannot be written"));
            }
            budget.take_elements(values.len().saturating_mul(MAX_DIGITS / 10))
        }
        _ => Ok(()),
    }
}

fn has_map(value: &Value) -> bool {
    match value {
        Value::Map(map) => map.map.len() > 1,
        Value::List(items) => items.iter().any(has_map),
        _ => false,
    }
}
