//! Arithmetic and order of numbers, and of times.

use std::cmp::Ordering;

use chrono::{DateTime, Datelike, FixedOffset};

use crate::node::Operator;
use crate::value::type_name;
use crate::{EvalError, Value};

type Result<T> = std::result::Result<T, EvalError>;

/// How two numbers of any types are ordered, inner none where one is not a number; outer none where they are no numbers.
#[allow(clippy::cast_precision_loss)] // As `cel-go` compares whole numbers with others.
pub(crate) fn order(left: &Value, right: &Value) -> Option<Option<Ordering>> {
    use Value::{Float, Int, UInt};
    let below = |signed: i64, unsigned: u64| {
        u64::try_from(signed).map_or(Ordering::Less, |signed| signed.cmp(&unsigned))
    };
    Some(match (left, right) {
        (Int(left), Int(right)) => Some(left.cmp(right)),
        (UInt(left), UInt(right)) => Some(left.cmp(right)),
        (Float(left), Float(right)) => left.partial_cmp(right),
        (Int(left), UInt(right)) => Some(below(*left, *right)),
        (UInt(left), Int(right)) => Some(below(*right, *left).reverse()),
        (Int(left), Float(right)) => (*left as f64).partial_cmp(right),
        (Float(left), Int(right)) => left.partial_cmp(&(*right as f64)),
        (UInt(left), Float(right)) => (*left as f64).partial_cmp(right),
        (Float(left), UInt(right)) => left.partial_cmp(&(*right as f64)),
        _ => return None,
    })
}

fn sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        _ => "%",
    }
}

/// Arithmetic with two values of the same type, and with times.
pub(crate) fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Result<Value> {
    use Operator::{Add, Divide, Modulo, Multiply, Subtract};
    let checked = |value: Option<Value>| {
        value.ok_or_else(|| EvalError::failed(format!("the result of {} is out of range", sign(operator))))
    };
    let nonzero = |is_zero: bool| match (is_zero, operator) {
        (true, Divide) => Err(EvalError::failed("division by zero")),
        (true, Modulo) => Err(EvalError::failed("modulus by zero")),
        _ => Ok(()),
    };
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => {
            nonzero(*right == 0)?;
            checked(
                match operator {
                    Add => left.checked_add(*right),
                    Subtract => left.checked_sub(*right),
                    Multiply => left.checked_mul(*right),
                    Divide => left.checked_div(*right),
                    _ => left.checked_rem(*right),
                }
                .map(Value::Int),
            )
        }
        (Value::UInt(left), Value::UInt(right)) => {
            nonzero(*right == 0)?;
            checked(
                match operator {
                    Add => left.checked_add(*right),
                    Subtract => left.checked_sub(*right),
                    Multiply => left.checked_mul(*right),
                    Divide => left.checked_div(*right),
                    _ => left.checked_rem(*right),
                }
                .map(Value::UInt),
            )
        }
        (Value::Float(left), Value::Float(right)) if operator != Modulo => Ok(Value::Float(match operator {
            Add => left + right,
            Subtract => left - right,
            Multiply => left * right,
            _ => left / right,
        })),
        (Value::Duration(left), Value::Duration(right)) => match operator {
            Add => checked(left.checked_add(right).map(Value::Duration)),
            Subtract => checked(left.checked_sub(right).map(Value::Duration)),
            _ => Err(no_overload(operator, "duration", "duration")),
        },
        (Value::Timestamp(left), Value::Duration(right)) => match operator {
            Add => checked(left.checked_add_signed(*right).and_then(within)),
            Subtract => checked(left.checked_sub_signed(*right).and_then(within)),
            _ => Err(no_overload(operator, "timestamp", "duration")),
        },
        (Value::Duration(left), Value::Timestamp(right)) if operator == Add => {
            checked(right.checked_add_signed(*left).and_then(within))
        }
        (Value::Timestamp(left), Value::Timestamp(right)) if operator == Subtract => {
            Ok(Value::Duration(left.signed_duration_since(right)))
        }
        (left, right) => Err(no_overload(operator, type_name(left), type_name(right))),
    }
}

fn no_overload(operator: Operator, left: &str, right: &str) -> EvalError {
    EvalError::no_overload(&format!("{left} {} {right}", sign(operator)))
}

/// A timestamp of a year that has four digits.
fn within(time: DateTime<FixedOffset>) -> Option<Value> {
    (1..=9999).contains(&time.year()).then_some(Value::Timestamp(time))
}

pub(crate) fn negate(of: Value) -> Result<Value> {
    match of {
        Value::Int(number) => number
            .checked_neg()
            .map(Value::Int)
            .ok_or_else(|| EvalError::failed("the result of - is out of range")),
        Value::Float(number) => Ok(Value::Float(-number)),
        Value::Duration(duration) => Ok(Value::Duration(-duration)),
        other => Err(EvalError::no_overload(&format!("-{}", type_name(&other)))),
    }
}

/// A number as Go writes it with the verb `g` and as few digits as tell it.
pub(crate) fn float_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let magnitude = number.abs();
    // With as few digits as tell the number, Go takes the exponent from a million on.
    if magnitude == 0.0 || (1e-4..1e6).contains(&magnitude) {
        return number.to_string();
    }
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}
