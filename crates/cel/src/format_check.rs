//! What `format` is asked to write, as far as it can be told before an evaluation.

use std::ops::Range;

use crate::CompileError;
use crate::types::Type;

/// The verbs.
const VERBS: &str = "sdfebxXo";

/// Whether the arguments are such as the format asks for.
pub(crate) fn check(
    text: &str,
    at: &Range<usize>,
    given: &[(Range<usize>, Type<'_>)],
) -> Option<CompileError> {
    let mut given_left = given.iter();
    let mut count = 0;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            continue;
        }
        let mut precise = false;
        let verb = loop {
            match rest.next() {
                Some('.') => precise = true,
                Some(c) if precise && c.is_ascii_digit() => {}
                other => break other,
            }
        };
        let verb = match verb {
            Some('%') if !precise => continue,
            Some(verb) if VERBS.contains(verb) => verb,
            Some(other) => {
                let message = format!("`%{other}` is nothing that format writes");
                return Some(CompileError::new(at.clone(), message).help("write %% for a percent sign"));
            }
            None => {
                let error = CompileError::new(at.clone(), "the format ends after `%`");
                return Some(error.help("write %% for a percent sign"));
            }
        };
        count += 1;
        let Some((place, of)) = given_left.next() else { continue };
        if !takes(verb, of) {
            let message = format!("`%{verb}` does not write {of}");
            let error = CompileError::new(place.clone(), message);
            return Some(match (verb, of) {
                ('d', Type::Double) => error.help("write %.2f, or int(…)"),
                ('f' | 'e', Type::Int | Type::Uint) => error.help("write double(…)"),
                _ => error.help("write %s"),
            });
        }
    }
    let message = |is: &str| {
        let s = if count == 1 { "" } else { "s" };
        format!("the format has {is} values than it writes: {count} place{s}, {} given", given.len())
    };
    match given.len().cmp(&count) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Less => Some(CompileError::new(at.clone(), message("fewer"))),
        std::cmp::Ordering::Greater => Some(CompileError::new(at.clone(), message("more"))),
    }
}

fn takes(verb: char, of: &Type<'_>) -> bool {
    if matches!(of, Type::Dyn | Type::Unknown(_)) {
        return true;
    }
    match verb {
        's' => !matches!(of, Type::Optional(_) | Type::Library(_) | Type::Record(_)),
        'd' | 'o' => matches!(of, Type::Int | Type::Uint),
        'b' => matches!(of, Type::Int | Type::Uint | Type::Bool),
        'x' | 'X' => matches!(of, Type::Int | Type::Uint | Type::String | Type::Bytes),
        _ => matches!(of, Type::Double | Type::String),
    }
}
