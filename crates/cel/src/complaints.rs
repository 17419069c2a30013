//! What is wrong with types, in words, and what to do about it.

use std::ops::Range;

use crate::CompileError;
use crate::signatures::Overload;
use crate::types::Type;
use crate::vocabulary::Record;

pub(crate) fn no_field(record: &Record<'_>, field: &str, at: &Range<usize>) -> CompileError {
    let message = format!("`{}` has no field `{field}`", record.name);
    let known: Vec<&str> = record.fields.iter().map(|(name, _)| *name).collect();
    let help = match jobguard_text::nearest(field, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("it has {}", known.join(", ")),
    };
    CompileError::new(at.clone(), message).help(help)
}

pub(crate) fn no_fields(of: &Type<'_>, field: &str, at: &Range<usize>) -> CompileError {
    let error = CompileError::new(at.clone(), format!("{} has no field `{field}`", an(of)));
    match of {
        Type::List(_) => error.help("write list[0], or ask each element: list.all(x, …)"),
        _ => error,
    }
}

pub(crate) fn no_optional(flat: bool, of: &Type<'_>, at: &Range<usize>) -> CompileError {
    let name = if flat { "optFlatMap" } else { "optMap" };
    let error = CompileError::new(at.clone(), format!("{} has no function `{name}`", an(of)));
    error.help(format!("`{name}` is a function of optional values: object.?spec.{name}(x, …)"))
}

pub(crate) fn mixed(what: &str, one: &Type<'_>, other: &Type<'_>, at: &Range<usize>) -> CompileError {
    let message = format!("{what} cannot hold both {one} and {other}");
    let help = "API servers take literals of one type: write dyn(…) around each, or values of one type";
    CompileError::new(at.clone(), message).help(help)
}

/// No overload takes arguments of these types.
pub(crate) fn no_overload(
    name: &str,
    given: &[Type<'_>],
    method: bool,
    overloads: &[Overload],
    at: &Range<usize>,
) -> CompileError {
    let error = |message: String| CompileError::new(at.clone(), message);
    match (name, given) {
        ("?:", [condition, _, _]) if !matches!(condition, Type::Bool | Type::Dyn) => {
            error(format!("the condition before `?` must be true or false, not {condition}"))
        }
        ("?:", [_, then, otherwise]) => error(format!(
            "the two branches are of different types: {then} and {otherwise}"
        ))
        .help("API servers take branches of one type: write dyn(…) around each, or values of one type"),
        ("!", [of]) => error(format!("`!` takes what is true or false, not {of}")),
        ("-_", [of]) => error(format!("`-` takes a number, not {of}")),
        ("[]" | "[?]", [of, index]) => match of {
            Type::List(_) => error(format!("a list is asked by an int, not by {index}")),
            Type::Map(key, _) => error(format!("the keys of the map are {key}, not {index}")),
            _ => error(format!("{} has no elements", an(of))),
        },
        ("==" | "!=", [one, other]) => {
            let error = error(format!("`{name}` compares values of one type, not {one} and {other}"));
            match (one, other) {
                (Type::Null, of) | (of, Type::Null) => {
                    error.help(format!("{} is never null; ask has(…) for a field that may be absent", an(of)))
                }
                _ if is_number(one) && is_number(other) => {
                    error.help(format!("convert one of them: {one}(…), say"))
                }
                _ => error.help("values of different types are never equal"),
            }
        }
        ("in", [one, of]) => match of {
            Type::List(element) => error(format!("a list of {element} never holds {one}")),
            Type::Map(key, _) => error(format!("the keys of the map are {key}, not {one}")),
            _ => error(format!("`in` asks a list or a map, not {of}"))
                .help("of a text, ask text.contains('a')"),
        },
        (sign, [one, other]) if !sign.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            let error = error(format!("`{sign}` does not take {one} and {other}"));
            match (sign, one, other) {
                ("+", Type::String, _) | ("+", _, Type::String) => {
                    error.help("convert the other one: string(…)")
                }
                _ if is_number(one) && is_number(other) => {
                    error.help(format!("convert one of them: {one}(…), say"))
                }
                _ => error,
            }
        }
        (name, [of, rest @ ..]) if method => {
            let takes_it = overloads.iter().any(|overload| {
                overload.method
                    && overload.types(given.len()).is_some()
                    && overload.arguments.first().is_some_and(|wanted| may_be(of, wanted))
            });
            if takes_it {
                return error(format!("`{name}` does not take {}", listed(rest)));
            }
            let wanted = overloads.iter().filter(|overload| overload.method);
            let mut wanted: Vec<String> =
                wanted.filter_map(|overload| overload.arguments.first()).map(family).collect();
            wanted.dedup();
            error(format!("{} has no function `{name}`", an(of)))
                .help(format!("`{name}` is a function of {}", and(&wanted)))
        }
        (name, given) => error(format!("`{name}` does not take {}", listed(given))),
    }
}

/// Whether a type is of the kind that is wanted, whatever it is made of.
fn may_be(of: &Type<'_>, wanted: &Type<'_>) -> bool {
    match (of, wanted) {
        (Type::Dyn | Type::Unknown(_), _) | (_, Type::Dyn | Type::Unknown(_)) => true,
        (Type::List(of), Type::List(wanted)) | (Type::Optional(of), Type::Optional(wanted)) => {
            may_be(of, wanted)
        }
        (Type::Map(..), Type::Map(..)) => true,
        (of, wanted) => of.to_string() == wanted.to_string(),
    }
}

fn is_number(of: &Type<'_>) -> bool {
    matches!(of, Type::Int | Type::Uint | Type::Double)
}

fn listed(types: &[Type<'_>]) -> String {
    and(&types.iter().map(ToString::to_string).collect::<Vec<_>>())
}

fn and(each: &[String]) -> String {
    match each {
        [] => "this".to_owned(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// A type without what it is made of, where that may be anything.
fn family(of: &Type<'_>) -> String {
    match of {
        Type::List(element) if matches!(**element, Type::Unknown(_) | Type::Dyn) => "list".to_owned(),
        Type::Map(..) => "map".to_owned(),
        Type::Optional(_) => "optional values".to_owned(),
        other => other.to_string(),
    }
}

/// With its article.
fn an(of: &Type<'_>) -> String {
    let name = of.to_string();
    match of {
        Type::Record(record) => format!("`{}`", record.name),
        Type::Null => name,
        _ if name.starts_with(['a', 'e', 'i', 'o']) || name.starts_with("IP") => format!("an {name}"),
        _ => format!("a {name}"),
    }
}
