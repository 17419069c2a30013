//! Macros: calls that bind names, or do not look at the value of their argument.

use std::ops::Range;

use crate::CompileError;
use crate::ast::{Expr, FoldExpr, Kind};
use crate::node::FoldKind;

type Result<T> = std::result::Result<T, CompileError>;

/// `name(args)`, which may be a macro.
pub(crate) fn global(name: String, mut args: Vec<Expr>) -> Result<Kind> {
    if name == "has"
        && args.len() == 1
        && let Some(arg) = args.pop()
    {
        let Expr { at: field_at, depth: _, kind: Kind::Select { of, field, optional: false } } = arg else {
            let error = CompileError::new(arg.at, "has() takes a field");
            return Err(error.help("write has(object.spec.suspend), say"));
        };
        return Ok(Kind::Has { of, field, field_at });
    }
    Ok(Kind::Call { target: None, name, args })
}

/// `target.name(args)`, which may be a macro.
pub(crate) fn method(at: &Range<usize>, target: Expr, name: String, mut args: Vec<Expr>) -> Result<Kind> {
    if let (Kind::Ident(namespace), "bind", [_, _, _]) = (&target.kind, name.as_str(), args.as_slice())
        && namespace == "cel"
        && let (Some(body), Some(value), Some(bound)) = (args.pop(), args.pop(), args.pop())
    {
        return Ok(Kind::Bind { name: name_of(bound)?, value: Box::new(value), body: Box::new(body) });
    }
    let flat = name == "optFlatMap";
    if (flat || name == "optMap")
        && args.len() == 2
        && let (Some(body), Some(bound)) = (args.pop(), args.pop())
    {
        let (of, name) = (Box::new(target), name_of(bound)?);
        return Ok(Kind::OptionalMap { of, name, body: Box::new(body), flat });
    }
    // How many names it binds, and whether a filter follows them.
    let (kind, names, filtered) = match (name.as_str(), args.len()) {
        ("all", count @ (2 | 3)) => (FoldKind::All, count - 1, false),
        ("exists", count @ (2 | 3)) => (FoldKind::Exists, count - 1, false),
        ("exists_one" | "existsOne", count @ (2 | 3)) => (FoldKind::ExistsOne, count - 1, false),
        ("map", 2) => (FoldKind::List, 1, false),
        ("map", 3) => (FoldKind::List, 1, true),
        ("filter", 2) => (FoldKind::List, 1, true),
        ("transformList", 3) => (FoldKind::List, 2, false),
        ("transformList", 4) => (FoldKind::List, 2, true),
        ("transformMap", 3) => (FoldKind::Map, 2, false),
        ("transformMap", 4) => (FoldKind::Map, 2, true),
        _ => return Ok(Kind::Call { target: Some(Box::new(target)), name, args }),
    };
    let rest = args.split_off(names);
    let first = args.first().map(|arg| arg.at.clone());
    let names: Vec<String> = args.into_iter().map(name_of).collect::<Result<_>>()?;
    if let [one, other] = names.as_slice()
        && one == other
    {
        let error = CompileError::new(first.unwrap_or_default(), format!("`{one}` is bound twice"));
        return Err(error.help("give each a name of its own: list.all(index, value, …)"));
    }
    let mut rest = rest.into_iter();
    let filter = if filtered { rest.next() } else { None };
    // filter(x, condition): the elements themselves.
    let body = rest.next().unwrap_or_else(|| {
        let at = filter.as_ref().map_or(at.clone(), |filter| filter.at.clone());
        Expr { at, depth: 1, kind: Kind::Ident(names.first().cloned().unwrap_or_default()) }
    });
    let renamed = name == "existsOne" && names.len() == 1;
    Ok(Kind::Fold(Box::new(FoldExpr { kind, renamed, range: target, names, filter, body })))
}

fn name_of(arg: Expr) -> Result<String> {
    match arg.kind {
        Kind::Ident(name) => Ok(name),
        _ => {
            let error = CompileError::new(arg.at, "the first argument of a macro must be a name");
            Err(error.help("write list.all(x, x > 0), say"))
        }
    }
}
