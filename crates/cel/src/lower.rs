//! From the tree to nodes: every name is resolved here.

use std::ops::Range;

use crate::ast::{Expr, FoldExpr, Kind};
use crate::error::MAX_ERRORS;
use crate::node::{Fold, Node, Operator};
use crate::signatures::TWO_VARIABLES;
use crate::value::{TYPES, type_value};
use crate::{CompileError, Value, Vocabulary};

/// What an expression comes to.
pub(crate) struct Lowered {
    pub(crate) node: Node,
    pub(crate) variables: Vec<usize>,
    pub(crate) parts: Vec<(usize, Option<usize>)>,
    pub(crate) extensions: Vec<&'static str>,
    pub(crate) requires: Vec<(&'static str, u8)>,
}

pub(crate) fn lower(tree: &Expr, vocabulary: &Vocabulary<'_>) -> Result<Lowered, Vec<CompileError>> {
    let mut lowering = Lowering {
        vocabulary,
        names: Vec::new(),
        errors: Vec::new(),
        variables: Vec::new(),
        parts: Vec::new(),
        extensions: Vec::new(),
        requires: Vec::new(),
    };
    let node = lowering.node(tree);
    let Lowering { mut errors, mut variables, mut parts, mut extensions, mut requires, .. } = lowering;
    if errors.is_empty() {
        variables.sort_unstable();
        variables.dedup();
        parts.sort_unstable();
        parts.dedup();
        extensions.sort_unstable();
        extensions.dedup();
        requires.sort_unstable();
        requires.dedup();
        return Ok(Lowered { node, variables, parts, extensions, requires });
    }
    errors.sort_by_key(|error| error.range.start);
    errors.dedup();
    errors.truncate(MAX_ERRORS);
    Err(errors)
}

pub(crate) struct Lowering<'a> {
    pub(crate) vocabulary: &'a Vocabulary<'a>,
    /// The names that macros bind, innermost last.
    names: Vec<String>,
    pub(crate) errors: Vec<CompileError>,
    variables: Vec<usize>,
    pub(crate) parts: Vec<(usize, Option<usize>)>,
    /// Functions that API servers do not have.
    pub(crate) extensions: Vec<&'static str>,
    /// Functions and macros that newer API servers alone have.
    pub(crate) requires: Vec<(&'static str, u8)>,
}

/// Stands for what cannot be compiled; there is an error then.
pub(crate) const NOTHING: Node = Node::Constant(Value::Null);

impl Lowering<'_> {
    pub(crate) fn fail(&mut self, error: CompileError) -> Node {
        self.errors.push(error);
        NOTHING
    }

    pub(crate) fn boxed(&mut self, expr: &Expr) -> Box<Node> {
        Box::new(self.node(expr))
    }

    pub(crate) fn nodes(&mut self, exprs: &[Expr]) -> Vec<Node> {
        exprs.iter().map(|expr| self.node(expr)).collect()
    }

    /// With names that a macro binds.
    fn within(&mut self, names: &[String], expr: &Expr) -> Node {
        self.names.extend_from_slice(names);
        let node = self.node(expr);
        self.names.truncate(self.names.len() - names.len());
        node
    }

    pub(crate) fn node(&mut self, expr: &Expr) -> Node {
        let at = &expr.at;
        match &expr.kind {
            Kind::Literal(value) => Node::Constant(value.clone()),
            Kind::Ident(name) => self.name(name, at.clone()),
            Kind::Select { of, field, optional } => self.select(expr, of, field, *optional),
            Kind::Has { of, field, field_at } => {
                if let Some(part) = self.part(of) {
                    let Some(field) = self.part_field(part, field, field_at.clone()) else { return NOTHING };
                    self.parts.push((part, Some(field)));
                    return Node::HasField { part, field };
                }
                self.partly_known(of, Some((field, field_at)));
                Node::Has { of: self.boxed(of), field: field.as_str().into() }
            }
            Kind::Index { of, index, optional: false } => {
                Node::Index { of: self.boxed(of), at: self.boxed(index) }
            }
            Kind::Index { of, index, optional: true } => {
                Node::OptionalIndex { of: self.boxed(of), at: self.boxed(index) }
            }
            Kind::Call { target, name, args } => self.call(target.as_deref(), name, args, at.clone()),
            Kind::Not(of) => Node::Not(self.boxed(of)),
            Kind::Negate(of) => Node::Negate(self.boxed(of)),
            Kind::And(left, right) => Node::And(self.boxed(left), self.boxed(right)),
            Kind::Or(left, right) => Node::Or(self.boxed(left), self.boxed(right)),
            Kind::If { condition, then, otherwise } => Node::If {
                condition: self.boxed(condition),
                then: self.boxed(then),
                otherwise: self.boxed(otherwise),
            },
            Kind::Binary { operator, left, right } => self.binary(*operator, left, right, at),
            Kind::List(elements) => {
                Node::List(elements.iter().map(|(item, optional)| (self.node(item), *optional)).collect())
            }
            Kind::Map(entries) => Node::Map(
                entries
                    .iter()
                    .map(|(key, value, optional)| (self.node(key), self.node(value), *optional))
                    .collect(),
            ),
            Kind::Fold(fold) => self.fold(fold),
            Kind::Bind { name, value, body } => {
                self.extensions.push("cel.bind");
                let value = self.boxed(value);
                Node::Bind { value, body: Box::new(self.within(std::slice::from_ref(name), body)) }
            }
            Kind::OptionalMap { of, name, body, flat } => {
                let of = self.boxed(of);
                let body = Box::new(self.within(std::slice::from_ref(name), body));
                Node::OptionalMap { of, body, flat: *flat }
            }
        }
    }

    fn fold(&mut self, fold: &FoldExpr) -> Node {
        let FoldExpr { kind, renamed, range, names, filter, body } = fold;
        if *renamed {
            // With one name, API servers know it as exists_one alone.
            self.extensions.push("existsOne");
        }
        if names.len() == 2 {
            self.requires.push(("macros with two variables", TWO_VARIABLES));
        }
        let range = self.node(range);
        let filter = filter.as_ref().map(|filter| self.within(names, filter));
        let body = self.within(names, body);
        Node::Fold(Box::new(Fold { kind: *kind, range, two: names.len() == 2, filter, body }))
    }

    pub(crate) fn local(&self, name: &str) -> Option<usize> {
        self.names.iter().rposition(|bound| bound == name)
    }

    /// The part that a name stands for, where no macro binds it.
    pub(crate) fn part(&self, expr: &Expr) -> Option<usize> {
        let Kind::Ident(name) = &expr.kind else { return None };
        if self.local(name).is_some() {
            return None;
        }
        self.vocabulary.parts.iter().position(|part| part.name == name)
    }

    fn name(&mut self, name: &str, range: Range<usize>) -> Node {
        if let Some(place) = self.local(name) {
            return Node::Local(place);
        }
        let vocabulary = self.vocabulary;
        if let Some(index) = vocabulary.variables.iter().position(|(variable, _)| *variable == name) {
            self.variables.push(index);
            return Node::Variable(index);
        }
        if TYPES.contains(&name) {
            return Node::Constant(type_value(name));
        }
        if let Some(part) = vocabulary.parts.iter().find(|part| part.name == name) {
            let functions =
                part.functions.iter().map(|function| format!("{}.{}(…)", part.name, function.name));
            let fields = part.fields.iter().map(|(field, _)| format!("{}.{field}", part.name));
            let known: Vec<String> = fields.chain(functions).collect();
            let message = format!("`{name}` has no value of its own");
            return self.fail(CompileError::new(range, message).help(format!("write {}", known.join(", "))));
        }
        if let Some((_, help)) = vocabulary.unavailable.iter().find(|(unavailable, _)| *unavailable == name) {
            return self.fail(CompileError::new(range, format!("`{name}` is not known here")).help(*help));
        }
        let parts = vocabulary.parts.iter().map(|part| part.name);
        let variables = vocabulary.variables.iter().map(|(name, _)| *name);
        let known: Vec<&str> = self.names.iter().map(String::as_str).chain(variables).chain(parts).collect();
        let help = match jobguard_text::nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("known here: {}", known.join(", ")),
        };
        self.fail(CompileError::new(range, format!("unknown variable `{name}`")).help(help))
    }

    fn select(&mut self, expr: &Expr, of: &Expr, field: &str, optional: bool) -> Node {
        if let Some(part) = self.part(of) {
            if optional {
                let name = self.vocabulary.parts[part].name;
                let message = format!("`{name}` is no value that may have a field");
                let error = CompileError::new(expr.at.clone(), message);
                return self.fail(error.help(format!("write has({name}.{field}) ? {name}.{field} : …")));
            }
            let Some(field) = self.part_field(part, field, expr.at.clone()) else { return NOTHING };
            self.parts.push((part, Some(field)));
            return Node::Field { part, field };
        }
        if let Some(name @ ("google.protobuf.Duration" | "google.protobuf.Timestamp")) =
            expr.qualified().as_deref()
        {
            return Node::Constant(type_value(name));
        }
        self.partly_known(expr, None);
        let of = self.boxed(of);
        let field = field.into();
        if optional { Node::OptionalSelect { of, field } } else { Node::Select { of, field } }
    }

    fn part_field(&mut self, part: usize, field: &str, range: Range<usize>) -> Option<usize> {
        let part = &self.vocabulary.parts[part];
        let found = part.fields.iter().position(|(known, _)| *known == field);
        if found.is_none() {
            let name = part.name;
            let functions = part.functions.iter().map(|function| function.name);
            if let Some(function) = functions.clone().find(|function| *function == field) {
                let message = format!("`{name}.{function}` is a function");
                self.fail(CompileError::new(range, message).help(format!("write {name}.{function}(…)")));
                return None;
            }
            let known: Vec<&str> = part.fields.iter().map(|(field, _)| *field).chain(functions).collect();
            let help = match jobguard_text::nearest(field, known.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("it has {}", known.join(", ")),
            };
            self.fail(CompileError::new(range, format!("`{name}` has no field `{field}`")).help(help));
        }
        found
    }

    /// Reports a field of a variable of which only some are known; `more` is one that follows.
    fn partly_known(&mut self, expr: &Expr, more: Option<(&String, &Range<usize>)>) {
        let mut path: Vec<(&str, Range<usize>)> =
            more.iter().map(|(field, at)| (field.as_str(), (*at).clone())).collect();
        let mut part = expr;
        while let Kind::Select { of, field, optional: _ } = &part.kind {
            path.insert(0, (field, part.at.clone()));
            part = of;
        }
        let Kind::Ident(name) = &part.kind else { return };
        if self.local(name).is_some() {
            return;
        }
        let Some((_, known)) = self.vocabulary.partly_known.iter().find(|(of, _)| of == name) else { return };
        let is_known = |path: &str| {
            known.iter().any(|one| {
                // A prefix of what is known, or something in it.
                let starts = |long: &str, short: &str| {
                    long == short || long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.'))
                };
                starts(one, path) || starts(path, one)
            })
        };
        // From the first step on that is not known; each step that follows is the same fault.
        let mut start = String::new();
        for (field, at) in path {
            if !start.is_empty() {
                start.push('.');
            }
            start.push_str(field);
            if !is_known(&start) {
                let message = format!("`{name}.{start}` is not known here");
                let help = match jobguard_text::nearest(&start, known.iter().copied()) {
                    Some(near) => format!("did you mean {name}.{near}?"),
                    None => {
                        let known: Vec<String> = known.iter().map(|one| format!("{name}.{one}")).collect();
                        format!("known are {}", known.join(", "))
                    }
                };
                self.fail(CompileError::new(at, message).help(help));
                break;
            }
        }
    }

    fn binary(&mut self, operator: Operator, left: &Expr, right: &Expr, at: &Range<usize>) -> Node {
        if matches!(operator, Operator::Equal | Operator::NotEqual) {
            let is_null = |expr: &Expr| matches!(expr.kind, Kind::Literal(Value::Null));
            let part = match (self.part(left), self.part(right)) {
                (Some(part), None) if is_null(right) => Some(part),
                (None, Some(part)) if is_null(left) => Some(part),
                _ => None,
            };
            if let Some(part) = part {
                let known = &self.vocabulary.parts[part];
                if !known.nullable {
                    let message = format!("`{}` is never null", known.name);
                    return self
                        .fail(CompileError::new(at.clone(), message).help("leave the comparison out"));
                }
                self.parts.push((part, None));
                let is_null = Node::PartIsNull(part);
                return if operator == Operator::Equal { is_null } else { Node::Not(Box::new(is_null)) };
            }
        }
        Node::Binary { operator, left: self.boxed(left), right: self.boxed(right) }
    }
}
