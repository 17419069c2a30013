//! Regular expressions as Go reads them, by the crate `regex`, which takes linear time as well.

use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use crate::functions::Native;
use crate::value::{string, type_name};
use crate::{Budget, EvalError, Value};

/// The longest pattern, in bytes. One that is a constant is no longer than its expression.
const MAX_PATTERN: usize = 1_024;
/// What a pattern may become, in bytes: counted repetition multiplies.
const MAX_COMPILED: usize = 1 << 18;
/// What compiling a pattern costs that is not a constant, in steps.
const COMPILING: u64 = 20_000;
/// By how many bytes of pattern and text the work of a search is divided.
const PATTERN_BYTES: usize = 8;

/// Why a pattern is not compiled.
#[derive(Debug)]
pub(crate) struct BadPattern {
    /// What is wrong with it, in one line.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) help: Option<&'static str>,
}

/// Compiles a pattern.
///
/// # Errors
/// What is wrong with it, in one line.
pub(crate) fn compile(pattern: &str) -> Result<Regex, BadPattern> {
    if pattern.len() > MAX_PATTERN {
        return Err(BadPattern { message: format!("it is longer than {MAX_PATTERN} bytes"), help: None });
    }
    let built =
        RegexBuilder::new(&as_rust(pattern)).size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => BadPattern {
            message: format!("its repetitions make it larger than {} KiB", MAX_COMPILED / 1024),
            help: Some("repeat less: {0,100} instead of {0,1000}, say"),
        },
        // The first lines show the pattern.
        other => {
            let message = other.to_string();
            let last = message.lines().last().unwrap_or("it cannot be read");
            BadPattern { message: last.trim_start_matches("error: ").to_owned(), help: None }
        }
    })
}

/// The pattern with Go's meaning of `\d`, `\s`, `\w` and `\b`, which know ASCII alone.
fn as_rust(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut chars = pattern.chars();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let Some(escaped) = chars.next() else {
                    out.push('\\');
                    break;
                };
                let (plain, negated) = match escaped {
                    'd' => ("0-9", false),
                    'D' => ("0-9", true),
                    's' => (r"\t\n\f\r ", false),
                    'S' => (r"\t\n\f\r ", true),
                    'w' => ("0-9A-Za-z_", false),
                    'W' => ("0-9A-Za-z_", true),
                    'b' | 'B' => {
                        out.push_str(if escaped == 'b' { r"(?-u:\b)" } else { r"(?-u:\B)" });
                        continue;
                    }
                    // Quoted up to \E.
                    'Q' => {
                        let rest: String = chars.clone().collect();
                        let quoted = rest.split(r"\E").next().unwrap_or_default();
                        out.push_str(&regex::escape(quoted));
                        chars = skip(chars, quoted.chars().count() + 2);
                        continue;
                    }
                    other => {
                        out.push('\\');
                        out.push(other);
                        continue;
                    }
                };
                out.push_str(if negated { "[^" } else { "[" });
                out.push_str(plain);
                out.push(']');
            }
            // Within a class, Rust reads what Go does not: nested classes and operations.
            '[' if in_class && !chars.as_str().starts_with(':') => out.push_str(r"\["),
            '&' | '~' | '-' if in_class && chars.as_str().starts_with(c) => {
                out.push('\\');
                out.push(c);
            }
            '[' if !in_class => {
                in_class = true;
                out.push('[');
                for first in ['^', ']'] {
                    if chars.as_str().starts_with(first) {
                        chars.next();
                        if first == ']' {
                            out.push('\\');
                        }
                        out.push(first);
                    }
                }
            }
            '[' => {
                // A named class, [:alpha:]
                let rest = chars.as_str();
                let end = rest.find(":]").map_or(0, |end| end + 2);
                out.push('[');
                out.push_str(rest.get(..end).unwrap_or_default());
                chars = skip(chars, end);
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            other => out.push(other),
        }
    }
    out
}

fn skip(mut chars: std::str::Chars<'_>, count: usize) -> std::str::Chars<'_> {
    if count > 0 {
        chars.nth(count - 1);
    }
    chars
}

/// `matches`, `find` or `findAll` with a pattern that is compiled here.
pub(crate) fn dynamic(
    function: Native,
    arguments: &[Value],
    budget: &mut Budget<'_>,
) -> Result<Value, EvalError> {
    let [text, Value::String(pattern), most @ ..] = arguments else {
        return Err(EvalError::no_overload("a search takes a pattern that is a string"));
    };
    budget.take(COMPILING)?;
    let pattern = compile(pattern)
        .map_err(|why| EvalError::failed(format!("not a regular expression: {}", why.message)))?;
    call(function, text, &pattern, most.first(), budget)
}

/// The same with a compiled pattern.
pub(crate) fn call(
    function: Native,
    text: &Value,
    pattern: &Regex,
    most: Option<&Value>,
    budget: &mut Budget<'_>,
) -> Result<Value, EvalError> {
    let Value::String(text) = text else {
        return Err(EvalError::no_overload(&format!("{} is not searched", type_name(text))));
    };
    // At worst each byte of the text meets each state of the pattern.
    let states = 1 + pattern.as_str().len() / PATTERN_BYTES;
    budget.take_bytes(text.len().saturating_mul(states))?;
    match function {
        Native::Matches => Ok(Value::Bool(pattern.is_match(text))),
        Native::Find => Ok(string(pattern.find(text).map_or("", |found| found.as_str()))),
        _ => {
            let most = match most {
                None => usize::MAX,
                Some(Value::Int(most)) => usize::try_from(*most).unwrap_or(usize::MAX),
                Some(other) => {
                    return Err(EvalError::no_overload(&format!("findAll(string, {})", type_name(other))));
                }
            };
            let mut found = Vec::new();
            for part in pattern.find_iter(text).take(most) {
                // A search that finds nothing begins again after each place where it might.
                budget.take(1)?;
                budget.take_bytes(part.len())?;
                found.push(string(part.as_str()));
            }
            Ok(Value::List(Arc::new(found)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_mean_what_go_means() {
        for (pattern, text, matches) in [
            (r"^\d+$", "12", true),
            (r"^\d+$", "١٢", false),
            (r"^\w+$", "é", false),
            (r"^[\w.]+$", "a.b", true),
            (r"^[^\d]+$", "ab", true),
            (r"^[\D]$", "1", false),
            (r"^[]a]+$", "]a", true),
            (r"^[^]a]+$", "b", true),
            (r"^[[:alpha:]]+$", "ab", true),
            (r"^[a[b]+$", "a[b", true),
            (r"^[a&&b]+$", "&", true),
            (r"\Qa.b\E$", "a.b", true),
            (r"\Qa.b\E$", "axb", false),
            (r"\bcat\b", "a cat", true),
            (r"^\S+$", "a b", false),
            ("(?i)^ÄB$", "äb", true),
        ] {
            assert_eq!(compile(pattern).unwrap().is_match(text), matches, "{pattern} {text}");
        }
        assert!(compile("(a").is_err() && compile(r"(a{1000}){1000}").is_err() && compile(r"(?=a)").is_err());
    }
}
