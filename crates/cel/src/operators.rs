//! Operators with two operands: equality, order, `in`, and what `+` joins.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::node::Operator;
use crate::numbers;
use crate::value::{as_key, type_name, weigh};
use crate::{Budget, EvalError, Value};

type Result<T> = std::result::Result<T, EvalError>;

pub(crate) fn binary(
    operator: Operator,
    left: Value,
    right: &Value,
    budget: &mut Budget<'_>,
) -> Result<Value> {
    let ordered = |wanted: fn(Ordering) -> bool, sign: &str, budget: &mut Budget<'_>| {
        order(&left, right, sign, budget).map(|order| Value::Bool(order.is_some_and(wanted)))
    };
    match operator {
        Operator::Equal => equal(&left, right, budget).map(Value::Bool),
        Operator::NotEqual => equal(&left, right, budget).map(|equal| Value::Bool(!equal)),
        Operator::Less => ordered(Ordering::is_lt, "<", budget),
        Operator::LessOrEqual => ordered(Ordering::is_le, "<=", budget),
        Operator::Greater => ordered(Ordering::is_gt, ">", budget),
        Operator::GreaterOrEqual => ordered(Ordering::is_ge, ">=", budget),
        Operator::In => is_in(&left, right, budget).map(Value::Bool),
        Operator::Add => add(left, right, budget),
        _ => numbers::arithmetic(operator, &left, right),
    }
}

/// Whether two values are the same: numbers whatever their types, values of other types never.
pub(crate) fn equal(left: &Value, right: &Value, budget: &mut Budget<'_>) -> Result<bool> {
    budget.take(1)?;
    Ok(match (left, right) {
        (Value::List(left), Value::List(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (left, right) in left.iter().zip(right.iter()) {
                if !equal(left, right, budget)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Map(left), Value::Map(right)) => {
            if left.map.len() != right.map.len() {
                return Ok(false);
            }
            for (key, left) in left.map.iter() {
                let Some(right) = right.get(key) else { return Ok(false) };
                if !equal(left, right, budget)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::String(left), Value::String(right)) => {
            budget.take_bytes(left.len().min(right.len()))?;
            left == right
        }
        (Value::Bytes(left), Value::Bytes(right)) => {
            budget.take_bytes(left.len().min(right.len()))?;
            left == right
        }
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Null, Value::Null) => true,
        (Value::Duration(left), Value::Duration(right)) => left == right,
        (Value::Timestamp(left), Value::Timestamp(right)) => left == right,
        (Value::Opaque(left), Value::Opaque(other)) => left.opaque_eq(other.as_ref()),
        _ => numbers::order(left, right) == Some(Some(Ordering::Equal)),
    })
}

/// How two values are ordered; none for what is not a number.
fn order(left: &Value, right: &Value, sign: &str, budget: &mut Budget<'_>) -> Result<Option<Ordering>> {
    Ok(match (left, right) {
        (Value::String(left), Value::String(right)) => {
            budget.take_bytes(left.len().min(right.len()))?;
            Some(left.cmp(right))
        }
        (Value::Bytes(left), Value::Bytes(right)) => {
            budget.take_bytes(left.len().min(right.len()))?;
            Some(left.cmp(right))
        }
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        (Value::Timestamp(left), Value::Timestamp(right)) => Some(left.cmp(right)),
        _ => match numbers::order(left, right) {
            Some(order) => order,
            None => {
                return Err(EvalError::no_overload(&format!(
                    "{} {sign} {}",
                    type_name(left),
                    type_name(right)
                )));
            }
        },
    })
}

fn is_in(item: &Value, of: &Value, budget: &mut Budget<'_>) -> Result<bool> {
    match of {
        Value::List(items) => {
            for other in items.iter() {
                if equal(item, other, budget)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::Map(map) => Ok(as_key(item).is_some_and(|key| map.get(&key).is_some())),
        other => Err(EvalError::no_overload(&format!("{} in {}", type_name(item), type_name(other)))),
    }
}

/// `+`: what it makes of texts and lists is paid for by its length.
fn add(left: Value, right: &Value, budget: &mut Budget<'_>) -> Result<Value> {
    match (left, right) {
        (Value::String(mut left), Value::String(right)) => {
            budget.take_bytes(left.len().saturating_add(right.len()))?;
            Arc::make_mut(&mut left).push_str(right);
            Ok(Value::String(left))
        }
        (Value::Bytes(mut left), Value::Bytes(right)) => {
            budget.take_bytes(left.len().saturating_add(right.len()))?;
            Arc::make_mut(&mut left).extend_from_slice(right);
            Ok(Value::Bytes(left))
        }
        (Value::List(mut left), Value::List(right)) => {
            budget.take_elements(left.len().saturating_add(right.len()))?;
            Arc::make_mut(&mut left).extend(right.iter().cloned());
            Ok(Value::List(left))
        }
        (left, right) => numbers::arithmetic(Operator::Add, &left, right),
    }
}

/// What it costs to compare every element of one value with every one of another.
pub(crate) fn weigh_pairs(left: &Value, right: &Value, budget: &mut Budget<'_>) -> Result<()> {
    let (left, right) = (weigh(left, budget)?, weigh(right, budget)?);
    budget.take(left.saturating_mul(right))
}
