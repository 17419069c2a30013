//! Functions that are computed here.

use std::sync::Arc;

use crate::functions::{Charge, Native};
use crate::numbers::float_text;
use crate::value::{TypeValue, as_optional, none, some, string, type_name, type_value};
use crate::{Budget, EvalError, Value, library, pattern, times};

type Result<T> = std::result::Result<T, EvalError>;

pub(crate) fn call(function: Native, arguments: &[Value], budget: &mut Budget<'_>) -> Result<Value> {
    match (function, arguments) {
        (Native::Matches | Native::Find | Native::FindAll, _) => {
            pattern::dynamic(function, arguments, budget)
        }
        (Native::Date(part), [of]) => times::part(part, of, None),
        (Native::Date(part), [of, zone, ..]) => times::part(part, of, Some(zone)),
        (Native::OptionalNone, _) => Ok(none()),
        (Native::Join, [list]) => join(list, "", budget),
        (Native::Join, [list, Value::String(separator), ..]) => join(list, separator, budget),
        (_, [of]) => of_one(function, of, budget),
        (_, [of, with, ..]) => of_two(function, of, with, budget),
        (_, []) => Err(EvalError::no_overload("an argument is missing")),
    }
}

fn wrong(function: Native, of: &Value) -> EvalError {
    EvalError::no_overload(&format!("{function:?} of {}", type_name(of)).to_lowercase())
}

fn of_one(function: Native, of: &Value, budget: &mut Budget<'_>) -> Result<Value> {
    match (function, of) {
        (Native::Size, Value::String(text)) => {
            budget.take_bytes(text.len())?;
            Ok(count(text.chars().count()))
        }
        (Native::Size, Value::List(items)) => Ok(count(items.len())),
        (Native::Size, Value::Map(map)) => Ok(count(map.map.len())),
        (Native::Size, Value::Bytes(bytes)) => Ok(count(bytes.len())),
        (Native::LowerAscii, Value::String(text)) => {
            budget.take_bytes(text.len())?;
            Ok(string(text.to_ascii_lowercase()))
        }
        (Native::UpperAscii, Value::String(text)) => {
            budget.take_bytes(text.len())?;
            Ok(string(text.to_ascii_uppercase()))
        }
        (Native::Dyn, value) => Ok(value.clone()),
        (Native::Type, Value::Opaque(opaque)) if opaque.downcast_ref::<TypeValue>().is_some() => {
            Ok(type_value("type"))
        }
        (Native::Type, value) => Ok(type_value(type_name(value))),
        (Native::Bool, Value::Bool(_))
        | (Native::Bytes, Value::Bytes(_))
        | (Native::Double, Value::Float(_))
        | (Native::Duration, Value::Duration(_))
        | (Native::Int, Value::Int(_))
        | (Native::String, Value::String(_))
        | (Native::Timestamp, Value::Timestamp(_))
        | (Native::Uint, Value::UInt(_)) => Ok(of.clone()),
        (Native::Bool, Value::String(text)) => match text.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
            _ => Err(EvalError::failed("not a boolean")),
        },
        (Native::Bytes, Value::String(text)) => {
            budget.take_bytes(text.len())?;
            Ok(Value::Bytes(Arc::new(text.as_bytes().to_vec())))
        }
        (Native::Double, _) => double(of),
        (Native::Int | Native::Uint, _) => whole(function, of),
        (Native::Duration, Value::String(text)) => times::duration(text),
        (Native::Timestamp, Value::String(text)) => times::timestamp(text),
        (Native::Timestamp, Value::Int(seconds)) => times::from_seconds(*seconds),
        (Native::String, _) => text(of, budget),
        (Native::Quantity, Value::String(text)) => quantity(text, budget),
        (Native::OptionalOf, value) => Ok(some(value.clone())),
        (Native::OptionalOfNonZero, value) => Ok(if value.is_zero() { none() } else { some(value.clone()) }),
        (Native::HasValue, value) => {
            let optional = as_optional(value).ok_or_else(|| wrong(function, value))?;
            Ok(Value::Bool(optional.value().is_some()))
        }
        (Native::OptionalValue, value) => {
            let optional = as_optional(value).ok_or_else(|| wrong(function, value))?;
            optional.value().cloned().ok_or_else(|| EvalError::failed("optional.none() has no value"))
        }
        (_, other) => Err(wrong(function, other)),
    }
}

fn of_two(function: Native, of: &Value, with: &Value, budget: &mut Budget<'_>) -> Result<Value> {
    match (function, of, with) {
        (Native::Contains, Value::String(text), Value::String(part)) => {
            budget.take_bytes(text.len().saturating_add(part.len()))?;
            Ok(Value::Bool(text.contains(part.as_str())))
        }
        (Native::StartsWith, Value::String(text), Value::String(part)) => {
            budget.take_bytes(part.len())?;
            Ok(Value::Bool(text.starts_with(part.as_str())))
        }
        (Native::EndsWith, Value::String(text), Value::String(part)) => {
            budget.take_bytes(part.len())?;
            Ok(Value::Bool(text.ends_with(part.as_str())))
        }
        (Native::OrValue, of, with) => {
            let optional = as_optional(of).ok_or_else(|| wrong(function, of))?;
            Ok(optional.value().unwrap_or(with).clone())
        }
        (Native::Or, of, with) => match (as_optional(of), as_optional(with)) {
            (Some(optional), Some(_)) => {
                Ok(if optional.value().is_some() { of.clone() } else { with.clone() })
            }
            (Some(_), None) => Err(wrong(function, with)),
            _ => Err(wrong(function, of)),
        },
        (_, of, _) => Err(wrong(function, of)),
    }
}

fn count(count: usize) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The longest text of a number, in bytes.
const LONGEST_NUMBER: usize = 400;

#[allow(clippy::cast_precision_loss)] // As the language has it.
fn double(of: &Value) -> Result<Value> {
    match of {
        Value::Int(number) => Ok(Value::Float(*number as f64)),
        Value::UInt(number) => Ok(Value::Float(*number as f64)),
        Value::String(text) => {
            let number =
                (text.len() <= LONGEST_NUMBER).then(|| text.parse()).and_then(std::result::Result::ok);
            number.map(Value::Float).ok_or_else(|| EvalError::failed("not a number"))
        }
        other => Err(wrong(Native::Double, other)),
    }
}

fn whole(function: Native, of: &Value) -> Result<Value> {
    let out_of_range = || EvalError::failed("the number is out of range");
    let number: i128 = match of {
        Value::Int(number) => i128::from(*number),
        Value::UInt(number) => i128::from(*number),
        Value::Timestamp(time) if function == Native::Int => i128::from(time.timestamp()),
        Value::Duration(duration) if function == Native::Int => {
            i128::from(duration.num_nanoseconds().ok_or_else(out_of_range)?)
        }
        Value::Float(number) => {
            // Beyond both types, and not a number at all.
            if !number.is_finite() || number.abs() >= 1.9e19 {
                return Err(out_of_range());
            }
            #[allow(clippy::cast_possible_truncation)] // Towards zero, as the language has it.
            let whole = number.trunc() as i128;
            whole
        }
        Value::String(text) => {
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            let is_number =
                !digits.is_empty() && digits.len() <= 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
            let number = is_number.then(|| text.parse()).and_then(std::result::Result::ok);
            number.ok_or_else(|| EvalError::failed("not a whole number"))?
        }
        other => return Err(wrong(function, other)),
    };
    match function {
        Native::Int => i64::try_from(number).map(Value::Int).map_err(|_| out_of_range()),
        _ => u64::try_from(number).map(Value::UInt).map_err(|_| out_of_range()),
    }
}

fn text(of: &Value, budget: &mut Budget<'_>) -> Result<Value> {
    Ok(string(match of {
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => float_text(*number),
        Value::Bytes(bytes) => {
            budget.take_bytes(bytes.len())?;
            match std::str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => return Err(EvalError::failed("the bytes are not UTF-8 text")),
            }
        }
        Value::Duration(duration) => times::duration_text(duration),
        Value::Timestamp(time) => times::timestamp_text(time),
        // Addresses.
        Value::Opaque(_) if as_optional(of).is_none() => {
            let call = library::call("string", 1, false);
            return library::evaluate("string", &call, Charge::Plain, vec![of.clone()], budget);
        }
        other => return Err(wrong(Native::String, other)),
    }))
}

fn join(list: &Value, separator: &str, budget: &mut Budget<'_>) -> Result<Value> {
    let Value::List(items) = list else { return Err(wrong(Native::Join, list)) };
    let mut out = String::new();
    for (position, item) in items.iter().enumerate() {
        let Value::String(item) = item else { return Err(wrong(Native::Join, item)) };
        budget.take(1)?;
        budget.take_bytes(item.len().saturating_add(separator.len()))?;
        if position > 0 {
            out.push_str(separator);
        }
        out.push_str(item);
    }
    Ok(string(out))
}

/// `quantity(text)`. The library counts in 128 bits and does not look whether that is enough, so that quantities which it could not
/// compare with any other are refused: all that the API takes fit.
fn quantity(text: &Arc<String>, budget: &mut Budget<'_>) -> Result<Value> {
    let out_of_range = || EvalError::failed("quantity: out of range");
    let number =
        text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '+' | '-')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(number);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let exponent = match suffix {
        "n" | "u" | "m" | "" => 0,
        "k" | "Ki" => 4,
        "M" | "Mi" => 7,
        "G" | "Gi" => 10,
        "T" | "Ti" => 13,
        "P" | "Pi" => 16,
        "E" | "Ei" => 19,
        other => match other.strip_prefix(['e', 'E']).and_then(|exponent| exponent.parse::<i32>().ok()) {
            Some(exponent) if exponent < -9 => return Err(out_of_range()),
            Some(exponent) => usize::try_from(exponent).unwrap_or_default(),
            // Not a quantity, which the library says.
            None => 0,
        },
    };
    let digits = whole.trim_start_matches(['0', '+', '-']).len();
    if digits.saturating_add(exponent) > 27 || fraction.len() > 9 || text.len() > 60 {
        return Err(out_of_range());
    }
    let call = library::call("quantity", 1, false);
    library::evaluate("quantity", &call, Charge::Plain, vec![Value::String(Arc::clone(text))], budget)
}
