//! The words for a value of the wrong type.

use serde_json::Value;

use crate::Suggestion;
use crate::errors::quote;
use crate::schema::Shape;
use jobguard_manifest::edit::Edit;
use jobguard_manifest::{FieldPath, NodeKind};

/// Fields whose values may be secret and are never quoted, with all that lies below them.
const PRIVATE: [&str; 3] = ["env", "args", "command"];

/// Whether values at a place are never quoted.
pub(super) fn is_private(route: &[&str]) -> bool {
    route.iter().any(|field| PRIVATE.contains(field))
}

/// Message and help for a value that is not of the shape.
pub(super) fn mistyped(kind: &NodeKind<'_>, shape: &Shape, private: bool) -> (String, Option<String>) {
    if let Some(limit) = out_of_range(kind, shape) {
        return (limit, None);
    }
    let message = format!("must be {}, not {}", wanted(shape), found(kind, private));
    (message, advice(kind, shape, private))
}

/// What is wrong with a value that must be a list.
pub fn must_be_list(kind: &NodeKind<'_>) -> String {
    format!("must be a list, not {}", found(kind, false))
}

/// What is wrong with a value that must be an object.
pub fn must_be_object(kind: &NodeKind<'_>) -> String {
    format!("must be {}, not {}", wanted(&Shape::Opaque), found(kind, false))
}

/// How to correct the value at `path`, which is not of the shape, where the value itself says what is meant.
pub(super) fn suggestion(path: &FieldPath, kind: &NodeKind<'_>, shape: &Shape) -> Option<Suggestion> {
    let set = |value, certain| Some(Suggestion { edit: Edit::Set { path: path.clone(), value }, certain });
    let certain = |value: Value| set(value, true);
    let perhaps = |value: Value| set(value, false);
    match (shape, kind) {
        (Shape::Str, NodeKind::Bool(_) | NodeKind::Int(_) | NodeKind::Uint(_) | NodeKind::Float(_)) => {
            Some(Suggestion { edit: Edit::Quote { path: path.clone() }, certain: true })
        }
        (Shape::Int32 | Shape::Int64, NodeKind::Str(text)) => {
            // Only as the number itself would be written: 010 is ten to some and eight to others.
            let number = text.parse::<i64>().ok().filter(|number| number.to_string() == *text)?;
            fits(number, shape).then(|| certain(number.into()))?
        }
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        (Shape::Int32 | Shape::Int64, NodeKind::Float(number))
            if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 =>
        {
            let number = *number as i64;
            fits(number, shape).then(|| certain(number.into()))?
        }
        (Shape::Bool, NodeKind::Str(text)) => match text.as_ref() {
            "true" => certain(true.into()),
            "false" => certain(false.into()),
            "yes" | "on" | "y" | "1" => perhaps(true.into()),
            "no" | "off" | "n" | "0" => perhaps(false.into()),
            _ => None,
        },
        (Shape::Bool, NodeKind::Int(number @ 0..=1)) => perhaps((*number == 1).into()),
        (Shape::List(element), NodeKind::Str(text)) if **element == Shape::Str => match list_in(text) {
            Some(items) => certain(items.into()),
            None if !text.is_empty() && !text.contains(char::is_whitespace) => {
                perhaps(vec![text.to_string()].into())
            }
            None => None,
        },
        _ => None,
    }
}

fn fits(number: i64, shape: &Shape) -> bool {
    *shape == Shape::Int64 || i32::try_from(number).is_ok()
}

/// The list of strings that a text is, perhaps with backslashes before its brackets, as Markdown has it.
fn list_in(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    let inner = match text.strip_prefix("\\[") {
        Some(rest) => rest.strip_suffix("\\]")?,
        None => text.strip_prefix('[')?.strip_suffix(']')?,
    };
    serde_json::from_str(&format!("[{inner}]")).ok()
}

fn out_of_range(kind: &NodeKind<'_>, shape: &Shape) -> Option<String> {
    let (smallest, largest) = match shape {
        Shape::Int32 | Shape::IntOrString => (i64::from(i32::MIN), i64::from(i32::MAX)),
        Shape::Int64 => (i64::MIN, i64::MAX),
        _ => return None,
    };
    match kind {
        NodeKind::Int(number) if *number < smallest => {
            Some(format!("{number} does not fit: the smallest number this field can hold is {smallest}"))
        }
        NodeKind::Int(number) => {
            Some(format!("{number} does not fit: the largest number this field can hold is {largest}"))
        }
        NodeKind::Uint(number) => {
            Some(format!("{number} does not fit: the largest number this field can hold is {largest}"))
        }
        _ => None,
    }
}

fn wanted(shape: &Shape) -> &'static str {
    match shape {
        Shape::Object(_) | Shape::Map(_) | Shape::Opaque => "an object (key: value)",
        Shape::List(_) => "a list",
        Shape::Int32 | Shape::Int64 => "a whole number",
        Shape::Bool => "true or false",
        Shape::Str => "a string",
        Shape::Time => "a time such as 2026-01-31T12:00:00Z",
        Shape::Quantity => "a quantity such as 500m, 2 or 1.5Gi",
        Shape::IntOrString => "a whole number or a string",
    }
}

fn found(kind: &NodeKind<'_>, private: bool) -> String {
    match kind {
        NodeKind::Null => "nothing".to_owned(),
        NodeKind::Bool(_) if private => "a boolean".to_owned(),
        NodeKind::Bool(value) => format!("the boolean {value}"),
        NodeKind::Int(_) | NodeKind::Uint(_) | NodeKind::Float(_) if private => "a number".to_owned(),
        NodeKind::Int(number) => format!("the number {number}"),
        NodeKind::Uint(number) => format!("the number {number}"),
        // With the point that makes it one.
        NodeKind::Float(number) => format!("the number {number:?}"),
        NodeKind::Str(_) if private => "a string".to_owned(),
        NodeKind::Str(text) => format!("the string {}", quote(text)),
        NodeKind::Seq(_) => "a list".to_owned(),
        NodeKind::Map(_) => "an object".to_owned(),
    }
}

fn advice(kind: &NodeKind<'_>, shape: &Shape, private: bool) -> Option<String> {
    let advice = match (shape, kind) {
        (Shape::Int32 | Shape::Int64, NodeKind::Str(text)) if text.parse::<i64>().is_ok() => {
            "remove the quotes"
        }
        // Go writes smaller ones without an exponent when kubectl sends what it has read.
        (Shape::Int32 | Shape::Int64, NodeKind::Float(number))
            if number.fract() == 0.0 && number.abs() < 1e18 =>
        {
            "write it without a decimal point or an exponent; kubectl sends it so itself, but a request that holds it as \
             it is written is refused"
        }
        (Shape::Bool, NodeKind::Str(text)) if matches!(text.as_ref(), "true" | "false") => {
            "remove the quotes"
        }
        (Shape::Bool, NodeKind::Str(text)) if matches!(text.as_ref(), "yes" | "on" | "y" | "1") => {
            "write true"
        }
        (Shape::Bool, NodeKind::Str(text)) if matches!(text.as_ref(), "no" | "off" | "n" | "0") => {
            "write false"
        }
        (Shape::Bool, NodeKind::Int(1)) => "write true",
        (Shape::Bool, NodeKind::Int(0)) => "write false",
        (Shape::Str, NodeKind::Bool(_)) => {
            "put the value in quotes: YAML reads y, n, yes, no, on, off, true and false as booleans"
        }
        (Shape::Str, NodeKind::Int(_) | NodeKind::Uint(_) | NodeKind::Float(_)) => "put the value in quotes",
        (Shape::List(element), NodeKind::Str(text)) if **element == Shape::Str => {
            let first = if private { "..." } else { text.as_ref() };
            return Some(format!("write it as a list: [{}]", quote(first)));
        }
        (Shape::List(_), NodeKind::Map(_)) => "begin the entry with a dash (- ): it is one element of a list",
        (Shape::Object(_), NodeKind::Seq(items)) if items.len() == 1 => {
            "remove the dash (- ): this field holds one object, not a list of them"
        }
        (Shape::Object(_) | Shape::Map(_), NodeKind::Str(_)) => {
            "write its fields on the following lines, indented further"
        }
        _ => return None,
    };
    Some(advice.to_owned())
}
