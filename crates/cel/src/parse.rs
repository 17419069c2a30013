//! From text to the tree of the crate `cel`.

use std::thread;

use kube_cel::cel::IdedExpr;
use kube_cel::cel::parser::{ParseErrors, Parser};

use crate::CompileError;
use crate::text::offset;

/// The parser recurses for every operator of a chain. What it may need at most for the longest expression, several times over;
/// the system gives no more than is used.
const STACK_BYTES: usize = 128 * 1024 * 1024;

/// Calls `compile` with the tree of `text` on a stack that is large enough for any expression. Whatever panics ends there.
pub(crate) fn with_tree<T: Send>(
    text: &str,
    compile: impl FnOnce(&IdedExpr) -> Result<T, Vec<CompileError>> + Send,
) -> Result<T, Vec<CompileError>> {
    let work = || {
        // The tree is dropped here as well.
        let tree = Parser::new().enable_optional_syntax(true).parse(text);
        tree.map_err(|errors| vec![first(text, &errors)]).and_then(|tree| compile(&tree))
    };
    let failed = || vec![CompileError::new(0..text.len(), "the expression cannot be parsed")];
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("cel".to_owned()).stack_size(STACK_BYTES);
        let Ok(thread) = thread.spawn_scoped(scope, work) else { return Err(failed()) };
        thread.join().unwrap_or_else(|_| Err(failed()))
    })
}

/// The first fault: those behind it follow from it, as a rule.
fn first(text: &str, errors: &ParseErrors) -> CompileError {
    let Some(error) =
        errors.errors.iter().find(|error| error.msg.starts_with("Syntax error")).or(errors.errors.first())
    else {
        return CompileError::new(0..text.len(), "the expression cannot be parsed");
    };
    let (line, column) = error.pos;
    let start = offset(text, line, column);
    let message = error.msg.strip_prefix("Syntax error: ").unwrap_or(&error.msg);
    let quoted =
        |rest: &str| rest.split("' expecting").next().unwrap_or(rest).trim_end_matches('\'').to_owned();
    if let Some(rest) =
        message.strip_prefix("mismatched input '").or(message.strip_prefix("extraneous input '"))
    {
        let input = quoted(rest);
        if input == "<EOF>" {
            return CompileError::new(text.len()..text.len(), "the expression ends too early");
        }
        return CompileError::new(start..start + input.len(), format!("unexpected `{input}`"));
    }
    if let Some(rest) = message.strip_prefix("token recognition error at: '") {
        let input = quoted(rest);
        let error =
            CompileError::new(start..start + input.len(), format!("`{}` is not CEL", input.trim_end()));
        return match input.chars().next() {
            Some('\'' | '"') => CompileError { message: "the string has no end".to_owned(), ..error },
            Some('=') => error.help("`==` compares"),
            Some('&') => error.help("`&&` joins conditions"),
            Some('|') => error.help("`||` joins conditions"),
            _ => error,
        };
    }
    if let Some(rest) = message.strip_prefix("no viable alternative at input '") {
        let input = quoted(rest);
        return CompileError::new(start..start + 1, format!("unexpected here: `{input}`"));
    }
    let known = match message {
        "invalid argument to has() macro" => {
            Some(("has() takes a field", "write has(object.spec.suspend), say"))
        }
        "argument must be a simple name" => {
            Some(("the first argument must be a name", "write list.all(x, x > 0), say"))
        }
        _ => None,
    };
    match known {
        Some((message, help)) => CompileError::new(start..start + 1, message).help(help),
        None => CompileError::new(start..start + 1, message.to_owned()),
    }
}
