//! The check of types: what API servers refuse before they evaluate anything, and says why.
//!
//! It follows `cel-go` with the settings of Kubernetes: literals of lists and maps are of one type, and numbers are compared with those of other
//! types by their order alone. Whatever has a type that only an evaluation tells is accepted.

use std::ops::Range;

use crate::ast::{Expr, FoldExpr, Kind};
use crate::error::MAX_ERRORS;
use crate::node::{FoldKind, Operator};
use crate::signatures::{self, Overload};
use crate::types::Type;
use crate::unify::{Unifier, equivalent, less_specific};
use crate::value::TYPES;
use crate::vocabulary::Function;
use crate::{CompileError, Value, Vocabulary, complaints, format_check};

/// What is compared once all types are known.
enum Later<'v> {
    /// The elements of a literal, or its keys or values, are of one type.
    Same { what: &'static str, of: Vec<(Range<usize>, Type<'v>)> },
    /// What `format` writes.
    Format { text: String, at: Range<usize>, of: Vec<(Range<usize>, Type<'v>)> },
}

pub(crate) struct Checker<'v> {
    vocabulary: &'v Vocabulary<'v>,
    unifier: Unifier<'v>,
    /// What macros bind, innermost last.
    scopes: Vec<(String, Type<'v>)>,
    errors: Vec<CompileError>,
    later: Vec<Later<'v>>,
    /// How many calls of `format` are around: literals of mixed types are accepted there.
    formats: usize,
}

/// The type of the value of an expression whose names are all known, in words; none where only an evaluation tells.
///
/// # Errors
/// What is wrong with the types.
pub(crate) fn check<'v>(
    expr: &Expr,
    vocabulary: &'v Vocabulary<'v>,
) -> Result<Option<String>, Vec<CompileError>> {
    let mut checker = Checker {
        vocabulary,
        unifier: Unifier::default(),
        scopes: Vec::new(),
        errors: Vec::new(),
        later: Vec::new(),
        formats: 0,
    };
    let found = checker.of(expr);
    let found = checker.unifier.resolved(&found);
    checker.compare_later();
    let mut errors = checker.errors;
    if errors.is_empty() {
        let is_known = !matches!(found, Type::Dyn | Type::Unknown(_));
        return Ok(is_known.then(|| found.to_string()));
    }
    errors.sort_by_key(|error| error.range.start);
    errors.dedup();
    errors.truncate(MAX_ERRORS);
    Err(errors)
}

impl<'v> Checker<'v> {
    /// Reports what is wrong; what becomes of it is of any type, so that one fault is told once.
    fn fail(&mut self, error: CompileError) -> Type<'v> {
        self.errors.push(error);
        Type::Dyn
    }

    /// The type of an expression, as far as it is known.
    fn of(&mut self, expr: &Expr) -> Type<'v> {
        match &expr.kind {
            Kind::Literal(value) => match value {
                Value::Bool(_) => Type::Bool,
                Value::Int(_) => Type::Int,
                Value::UInt(_) => Type::Uint,
                Value::Float(_) => Type::Double,
                Value::String(_) => Type::String,
                Value::Bytes(_) => Type::Bytes,
                Value::Null => Type::Null,
                _ => Type::Dyn,
            },
            Kind::Ident(name) => self.name(name),
            Kind::Select { of, field, optional } => {
                let is_type = || matches!(expr.qualified().as_deref(), Some(name) if name.starts_with("google.protobuf."));
                if self.is_free(of, "google.protobuf") && is_type() {
                    return Type::Meta;
                }
                self.select(of, field, &expr.at, *optional)
            }
            Kind::Has { of, field, field_at } => {
                self.select(of, field, field_at, false);
                Type::Bool
            }
            Kind::Index { of, index, optional } => {
                let given = [self.of(of), self.of(index)];
                let by = self.unifier.resolved(&given[1]);
                if !by.is_key() {
                    let message = format!("elements are asked for by a number or a text, not by {by}");
                    return self.fail(CompileError::new(index.at.clone(), message));
                }
                self.call(if *optional { "[?]" } else { "[]" }, &given, false, &expr.at)
            }
            Kind::Call { target, name, args } => self.function(target.as_deref(), name, args, &expr.at),
            Kind::Not(of) => {
                let given = [self.of(of)];
                self.call("!", &given, false, &expr.at)
            }
            Kind::Negate(of) => {
                let given = [self.of(of)];
                self.call("-_", &given, false, &expr.at)
            }
            Kind::And(left, right) => self.conditions("&&", left, right),
            Kind::Or(left, right) => self.conditions("||", left, right),
            Kind::If { condition, then, otherwise } => {
                let given = [self.of(condition), self.of(then), self.of(otherwise)];
                self.call("?:", &given, false, &expr.at)
            }
            Kind::Binary { operator, left, right } => self.binary(*operator, left, right, &expr.at),
            Kind::List(elements) => self.list(elements),
            Kind::Map(entries) => self.map(entries),
            Kind::Fold(fold) => self.fold(fold),
            Kind::Bind { name, value, body } => {
                let value = self.of(value);
                self.within([(name.clone(), value)], body)
            }
            Kind::OptionalMap { of, name, body, flat } => {
                let given = [self.of(of)];
                let target = self.unifier.resolved(&given[0]);
                let value = match target {
                    Type::Optional(_) | Type::Dyn | Type::Unknown(_) => {
                        self.call("value", &given, true, &expr.at)
                    }
                    other => self.fail(complaints::no_optional(*flat, &other, &expr.at)),
                };
                let body = self.within([(name.clone(), value)], body);
                if !*flat {
                    return Type::optional(body);
                }
                let none = Type::optional(self.unifier.unknown());
                self.call("?:", &[Type::Bool, body, none], false, &expr.at)
            }
        }
    }

    /// Whether an expression spells a name that nobody binds.
    fn is_free(&self, expr: &Expr, name: &str) -> bool {
        expr.qualified().as_deref() == Some(name)
            && !self.scopes.iter().any(|(bound, _)| name.starts_with(bound))
    }

    fn within(&mut self, bound: impl IntoIterator<Item = (String, Type<'v>)>, body: &Expr) -> Type<'v> {
        let before = self.scopes.len();
        self.scopes.extend(bound);
        let of = self.of(body);
        self.scopes.truncate(before);
        of
    }

    fn name(&mut self, name: &str) -> Type<'v> {
        if let Some((_, of)) = self.scopes.iter().rev().find(|(bound, _)| bound == name) {
            return of.clone();
        }
        let vocabulary: &'v Vocabulary<'v> = self.vocabulary;
        match vocabulary.variables.iter().find(|(variable, _)| *variable == name) {
            Some((_, declared)) => Type::declared(declared),
            None if TYPES.contains(&name) => Type::Meta,
            // A part, which is compared with null.
            None => Type::Dyn,
        }
    }

    /// The position of the part that a name stands for.
    fn part(&self, expr: &Expr) -> Option<usize> {
        let Kind::Ident(name) = &expr.kind else { return None };
        let is_bound = self.scopes.iter().any(|(bound, _)| bound == name);
        self.vocabulary.parts.iter().position(|part| part.name == name).filter(|_| !is_bound)
    }

    fn select(&mut self, of: &Expr, field: &str, at: &Range<usize>, optional: bool) -> Type<'v> {
        if let Some(part) = self.part(of) {
            let fields: &'v [_] = self.vocabulary.parts[part].fields;
            let found = fields.iter().find(|(name, _)| *name == field);
            return found.map_or(Type::Dyn, |(_, declared)| Type::declared(declared));
        }
        let given = self.of(of);
        let given = self.unifier.resolved(&given);
        let (inner, optional) = match &given {
            Type::Optional(inner) => ((**inner).clone(), true),
            other => (other.clone(), optional),
        };
        let found = match inner {
            Type::Map(_, value) => (*value).clone(),
            Type::Record(record) => match record.fields.iter().find(|(name, _)| *name == field) {
                Some((_, declared)) => Type::declared(declared),
                None => self.fail(complaints::no_field(record, field, at)),
            },
            Type::Unknown(_) => {
                self.unifier.assignable(&Type::Dyn, &inner);
                Type::Dyn
            }
            Type::Dyn => Type::Dyn,
            other => self.fail(complaints::no_fields(&other, field, at)),
        };
        if optional { Type::optional(found) } else { found }
    }

    fn function(&mut self, target: Option<&Expr>, name: &str, args: &[Expr], at: &Range<usize>) -> Type<'v> {
        let is_format = name == "format" && target.is_some();
        self.formats += usize::from(is_format);
        let out = self.function_of(target, name, args, at);
        self.formats -= usize::from(is_format);
        out
    }

    fn function_of(
        &mut self,
        target: Option<&Expr>,
        name: &str,
        args: &[Expr],
        at: &Range<usize>,
    ) -> Type<'v> {
        if let Some(part) = target.and_then(|target| self.part(target)) {
            let functions: &'v [Function<'v>] = self.vocabulary.parts[part].functions;
            let found = functions.iter().find(|function| function.name == name);
            return found.map_or(Type::Dyn, |function| self.part_function(part, function, args));
        }
        if let Some(target) = target {
            let qualified = target.qualified().map(|namespace| format!("{namespace}.{name}"));
            if let Some(qualified) = qualified
                && signatures::signature(&qualified).is_some()
                && self.is_free(target, qualified.trim_end_matches(name).trim_end_matches('.'))
            {
                let given: Vec<Type<'v>> = args.iter().map(|arg| self.of(arg)).collect();
                return self.call(&qualified, &given, false, at);
            }
        }
        let mut given: Vec<Type<'v>> = target.iter().map(|target| self.of(target)).collect();
        match (target.and_then(Expr::text), name, args) {
            (Some(text), "format", [Expr { kind: Kind::List(elements), .. }]) => {
                let (list, of) = self.elements(elements);
                given.push(list);
                self.later.push(Later::Format { text: text.to_owned(), at: at.clone(), of });
            }
            _ => given.extend(args.iter().map(|arg| self.of(arg)).collect::<Vec<_>>()),
        }
        self.call(name, &given, target.is_some(), at)
    }

    fn part_function(&mut self, part: usize, function: &'v Function<'v>, args: &[Expr]) -> Type<'v> {
        for (arg, wanted) in args.iter().zip(function.arguments) {
            let given = self.of(arg);
            let fits = wanted.iter().any(|one| self.unifier.assignable(&given, &Type::declared(one)));
            if !fits {
                let given = self.unifier.resolved(&given);
                let wanted: Vec<String> = wanted.iter().map(|one| Type::declared(one).to_string()).collect();
                let name = format!("{}.{}", self.vocabulary.parts[part].name, function.name);
                let message = format!("`{name}` takes {}, not {given}", wanted.join(" or "));
                self.fail(CompileError::new(arg.at.clone(), message));
            }
        }
        Type::declared(&function.result)
    }

    fn conditions(&mut self, sign: &str, left: &Expr, right: &Expr) -> Type<'v> {
        for side in [left, right] {
            let given = self.of(side);
            self.condition(&given, &format!("each side of `{sign}`"), &side.at);
        }
        Type::Bool
    }

    fn condition(&mut self, given: &Type<'v>, what: &str, at: &Range<usize>) {
        if !self.unifier.assignable(given, &Type::Bool) {
            let given = self.unifier.resolved(given);
            let message = format!("{what} must be true or false, not {given}");
            self.fail(CompileError::new(at.clone(), message));
        }
    }

    fn binary(&mut self, operator: Operator, left: &Expr, right: &Expr, at: &Range<usize>) -> Type<'v> {
        let sign = operator.sign();
        let is_zero = matches!(&right.kind, Kind::Literal(Value::Int(0) | Value::UInt(0)));
        if is_zero && matches!(operator, Operator::Divide | Operator::Modulo) {
            self.fail(CompileError::new(at.clone(), format!("`{sign} 0` has no value")));
        }
        let given = [self.of(left), self.of(right)];
        self.call(sign, &given, false, at)
    }

    fn list(&mut self, elements: &[(Expr, bool)]) -> Type<'v> {
        let (list, each) = self.elements(elements);
        self.same("the list", each);
        list
    }

    /// The type of a list, and those of its elements.
    fn elements(&mut self, elements: &[(Expr, bool)]) -> (Type<'v>, Vec<(Range<usize>, Type<'v>)>) {
        let mut joined = None;
        let mut each = Vec::with_capacity(elements.len());
        for (element, optional) in elements {
            let of = self.element(element, *optional);
            joined = Some(self.joined(joined, of.clone(), "the list", &element.at));
            each.push((element.at.clone(), of));
        }
        (Type::list(joined.unwrap_or_else(|| self.unifier.unknown())), each)
    }

    fn map(&mut self, entries: &[(Expr, Expr, bool)]) -> Type<'v> {
        let (mut key_type, mut value_type) = (None, None);
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for (key, value, optional) in entries {
            let of = self.of(key);
            key_type = Some(self.joined(key_type, of.clone(), "the map's keys", &key.at));
            keys.push((key.at.clone(), of));
            let of = self.element(value, *optional);
            value_type = Some(self.joined(value_type, of.clone(), "the map's values", &value.at));
            values.push((value.at.clone(), of));
        }
        self.same("the map's keys", keys);
        self.same("the map's values", values);
        let key = key_type.unwrap_or_else(|| self.unifier.unknown());
        let value = value_type.unwrap_or_else(|| self.unifier.unknown());
        Type::map(key, value)
    }

    fn same(&mut self, what: &'static str, of: Vec<(Range<usize>, Type<'v>)>) {
        if self.formats == 0 && of.len() > 1 {
            self.later.push(Later::Same { what, of });
        }
    }

    /// The type of an element, which is an optional where a question mark stands before it.
    fn element(&mut self, element: &Expr, optional: bool) -> Type<'v> {
        let of = self.of(element);
        if !optional {
            return of;
        }
        match self.unifier.resolved(&of) {
            Type::Optional(inner) => (*inner).clone(),
            Type::Dyn => Type::Dyn,
            other => {
                let message = format!("`?` stands before an optional value, not before {other}");
                self.fail(CompileError::new(element.at.clone(), message).help("leave `?` out"))
            }
        }
    }

    fn joined(&mut self, before: Option<Type<'v>>, of: Type<'v>, what: &str, at: &Range<usize>) -> Type<'v> {
        let Some(before) = before else { return of };
        if self.unifier.assignable(&before, &of) {
            return if less_specific(&before, &of) { before } else { of };
        }
        if self.formats > 0 {
            return Type::Dyn;
        }
        let (before, of) = (self.unifier.resolved(&before), self.unifier.resolved(&of));
        self.fail(complaints::mixed(what, &before, &of, at))
    }

    fn fold(&mut self, fold: &FoldExpr) -> Type<'v> {
        let FoldExpr { kind, renamed: _, range, names, filter, body } = fold;
        let given = self.of(range);
        let of = self.unifier.resolved(&given);
        let (key, value) = match &of {
            Type::List(element) => (Type::Int, (**element).clone()),
            Type::Map(key, value) => ((**key).clone(), (**value).clone()),
            Type::Dyn => (Type::Dyn, Type::Dyn),
            Type::Unknown(_) => {
                self.unifier.assignable(&Type::Dyn, &of);
                (Type::Dyn, Type::Dyn)
            }
            other => {
                let message = format!("macros walk over a list or a map, not over {other}");
                self.fail(CompileError::new(range.at.clone(), message));
                (Type::Dyn, Type::Dyn)
            }
        };
        let bound: Vec<(String, Type<'v>)> = match names.as_slice() {
            [first, second] => vec![(first.clone(), key.clone()), (second.clone(), value)],
            // Of a map, the keys.
            [only] if matches!(of, Type::Map(..)) => vec![(only.clone(), key.clone())],
            _ => names.iter().map(|name| (name.clone(), value.clone())).collect(),
        };
        if let Some(filter) = filter {
            let given = self.within(bound.clone(), filter);
            self.condition(&given, "the condition", &filter.at);
        }
        let made = self.within(bound, body);
        match kind {
            FoldKind::All | FoldKind::Exists | FoldKind::ExistsOne => {
                self.condition(&made, "what is asked of each element", &body.at);
                Type::Bool
            }
            FoldKind::List => Type::list(made),
            FoldKind::Map => Type::map(key, made),
        }
    }

    /// What a function or an operator returns for arguments of these types.
    fn call(&mut self, name: &str, given: &[Type<'v>], method: bool, at: &Range<usize>) -> Type<'v> {
        let Some(signature) = signatures::signature(name) else { return Type::Dyn };
        let mut result: Option<Type<'v>> = None;
        for overload in signature.overloads.iter().filter(|overload| overload.method == method) {
            let Some(found) = self.overload(overload, given) else { continue };
            result = Some(match result {
                Some(before) if before != Type::Dyn && before != found => Type::Dyn,
                Some(before) => before,
                None => found,
            });
        }
        if let Some(result) = result {
            return result;
        }
        let given: Vec<Type<'v>> = given.iter().map(|of| self.unifier.resolved(of)).collect();
        self.fail(complaints::no_overload(name, &given, method, &signature.overloads, at))
    }

    /// What one overload returns, if it takes them.
    fn overload(&mut self, overload: &Overload, given: &[Type<'v>]) -> Option<Type<'v>> {
        let unknown: Vec<Type<'v>> = (0..overload.unknowns).map(|_| self.unifier.unknown()).collect();
        let wanted: Vec<Type<'v>> =
            overload.types(given.len())?.map(|of| Unifier::fresh(of, &unknown)).collect();
        if !self.unifier.all_assignable(given, &wanted) {
            return None;
        }
        let result = Unifier::fresh(&overload.result, &unknown);
        Some(self.unifier.resolved(&result))
    }

    fn compare_later(&mut self) {
        for later in std::mem::take(&mut self.later) {
            match later {
                Later::Same { what, of } => {
                    let of: Vec<_> =
                        of.into_iter().map(|(at, of)| (at, self.unifier.resolved(&of))).collect();
                    let Some((_, first)) = of.first() else { continue };
                    let other = of.iter().find(|(_, other)| !equivalent(first, other));
                    if let Some((at, other)) = other.filter(|_| !self.unifier.is_exhausted())
                        && self.errors.is_empty()
                    {
                        self.errors.push(complaints::mixed(what, first, other, at));
                    }
                }
                Later::Format { text, at, of } => {
                    let of: Vec<_> =
                        of.into_iter().map(|(at, of)| (at, self.unifier.resolved(&of))).collect();
                    self.errors.extend(format_check::check(&text, &at, &of));
                }
            }
        }
    }
}
