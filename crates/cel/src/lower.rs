//! From the tree of the crate `cel` to nodes: every name is resolved here, and every macro that the parser has taken apart, or
//! does not know, is put together.

use kube_cel::cel::IdedExpr;
use kube_cel::cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue, SelectExpr, operators as op};

use crate::node::{Node, Operator};
use crate::value::{TYPES, string, type_value};
use crate::{CompileError, Value, Vocabulary, text};

/// How deep nodes may be nested: each level of an evaluation takes a few hundred bytes of stack.
const MAX_DEPTH: usize = 96;
/// How many nodes an expression may have.
const MAX_NODES: usize = 2_000;

/// What an expression comes to.
pub(crate) struct Lowered {
    pub(crate) node: Node,
    pub(crate) result: Option<&'static str>,
    pub(crate) variables: Vec<usize>,
    pub(crate) parts: Vec<(usize, Option<usize>)>,
    pub(crate) extensions: Vec<&'static str>,
}

pub(crate) fn lower(
    source: &str,
    tree: &IdedExpr,
    vocabulary: &Vocabulary<'_>,
) -> Result<Lowered, Vec<CompileError>> {
    let mut lowering = Lowering {
        source,
        vocabulary,
        names: Vec::new(),
        depth: 0,
        count: 0,
        errors: Vec::new(),
        variables: Vec::new(),
        parts: Vec::new(),
        extensions: Vec::new(),
    };
    let node = lowering.node(tree);
    let Lowering { mut errors, mut variables, mut parts, mut extensions, .. } = lowering;
    if errors.is_empty() {
        variables.sort_unstable();
        variables.dedup();
        parts.sort_unstable();
        parts.dedup();
        extensions.sort_unstable();
        extensions.dedup();
        return Ok(Lowered { result: node.result_type(), node, variables, parts, extensions });
    }
    errors.sort_by_key(|error| error.range.start);
    errors.dedup();
    Err(errors)
}

pub(crate) struct Lowering<'a> {
    pub(crate) source: &'a str,
    pub(crate) vocabulary: &'a Vocabulary<'a>,
    /// The names that macros bind, innermost last.
    names: Vec<String>,
    depth: usize,
    count: usize,
    errors: Vec<CompileError>,
    variables: Vec<usize>,
    pub(crate) parts: Vec<(usize, Option<usize>)>,
    /// Functions that API servers do not have.
    pub(crate) extensions: Vec<&'static str>,
}

/// Stands for what cannot be compiled; there is an error then.
pub(crate) const NOTHING: Node = Node::Constant(Value::Null);

impl Lowering<'_> {
    pub(crate) fn fail(&mut self, error: CompileError) -> Node {
        self.errors.push(error);
        NOTHING
    }

    pub(crate) fn boxed(&mut self, expr: &IdedExpr) -> Box<Node> {
        Box::new(self.node(expr))
    }

    pub(crate) fn nodes(&mut self, exprs: &[IdedExpr]) -> Vec<Node> {
        exprs.iter().map(|expr| self.node(expr)).collect()
    }

    /// With names that a macro binds.
    pub(crate) fn within(&mut self, names: &[&str], expr: &IdedExpr) -> Node {
        self.names.extend(names.iter().map(|name| (*name).to_owned()));
        let node = self.node(expr);
        self.names.truncate(self.names.len() - names.len());
        node
    }

    pub(crate) fn node(&mut self, expr: &IdedExpr) -> Node {
        self.count += 1;
        if self.count > MAX_NODES || self.depth >= MAX_DEPTH {
            let message = "the expression is too large: it has too many parts, or they are nested too deeply";
            if self.errors.iter().any(|error| error.message == message) {
                return NOTHING;
            }
            return self
                .fail(CompileError::new(0..self.source.len(), message).help("split it into several rules"));
        }
        self.depth += 1;
        let node = self.node_of(expr);
        self.depth -= 1;
        node
    }

    fn node_of(&mut self, expr: &IdedExpr) -> Node {
        match &expr.expr {
            Expr::Literal(literal) => Node::Constant(literal_value(literal)),
            Expr::Ident(name) => self.name(name),
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => {
                let elements = list.elements.iter().enumerate();
                Node::List(
                    elements
                        .map(|(at, item)| (self.node(item), list.optional_indices.contains(&at)))
                        .collect(),
                )
            }
            Expr::Map(map) => {
                let mut entries = Vec::with_capacity(map.entries.len());
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        entries.push((self.node(&entry.key), self.node(&entry.value), entry.optional));
                    }
                }
                Node::Map(entries)
            }
            Expr::Comprehension(parts) => self.comprehension(parts),
            Expr::Struct(of) => {
                let range =
                    text::find(self.source, of.type_name.split('.').next().unwrap_or_default(), false);
                let message = format!("`{}` is not a type that can be made here", of.type_name);
                self.fail(CompileError::new(range, message).help("write a map: {'key': value}"))
            }
            Expr::Unspecified => {
                self.fail(CompileError::new(0..self.source.len(), "the expression cannot be parsed"))
            }
        }
    }

    pub(crate) fn local(&self, name: &str) -> Option<usize> {
        self.names.iter().rposition(|bound| bound == name)
    }

    /// The part that a name stands for, where no macro binds it.
    pub(crate) fn part(&self, expr: &IdedExpr) -> Option<usize> {
        let Expr::Ident(name) = &expr.expr else { return None };
        if self.local(name).is_some() {
            return None;
        }
        self.vocabulary.parts.iter().position(|part| part.name == name)
    }

    fn name(&mut self, name: &str) -> Node {
        if let Some(place) = self.local(name) {
            return Node::Local(place);
        }
        let vocabulary = self.vocabulary;
        if let Some(index) = vocabulary.variables.iter().position(|variable| *variable == name) {
            self.variables.push(index);
            return Node::Variable(index);
        }
        if TYPES.contains(&name) {
            return Node::Constant(type_value(name));
        }
        let range = text::find(self.source, name, false);
        if let Some(part) = vocabulary.parts.iter().find(|part| part.name == name) {
            let functions = part.functions.iter().map(|(name, _)| format!("{}.{name}(…)", part.name));
            let known: Vec<String> =
                part.fields.iter().map(|field| format!("{}.{field}", part.name)).chain(functions).collect();
            let message = format!("`{name}` has no value of its own");
            return self.fail(CompileError::new(range, message).help(format!("write {}", known.join(", "))));
        }
        if let Some((_, help)) = vocabulary.unavailable.iter().find(|(unavailable, _)| *unavailable == name) {
            return self.fail(CompileError::new(range, format!("`{name}` is not known here")).help(*help));
        }
        let parts = vocabulary.parts.iter().map(|part| part.name);
        let known: Vec<&str> = self
            .names
            .iter()
            .map(String::as_str)
            .chain(vocabulary.variables.iter().copied())
            .chain(parts)
            .collect();
        let help = match jobguard_text::nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("known here: {}", known.join(", ")),
        };
        self.fail(CompileError::new(range, format!("unknown variable `{name}`")).help(help))
    }

    fn select(&mut self, select: &SelectExpr) -> Node {
        let field = select.field.trim_matches('`');
        if let Some(part) = self.part(&select.operand) {
            let Some(field) = self.part_field(part, field) else { return NOTHING };
            self.parts.push((part, Some(field)));
            return match select.test {
                true => Node::HasField { part, field },
                false => Node::Field { part, field },
            };
        }
        self.partly_known(select);
        let of = self.boxed(&select.operand);
        match select.test {
            true => Node::Has { of, field: field.into() },
            false => Node::Select { of, field: field.into() },
        }
    }

    fn part_field(&mut self, part: usize, field: &str) -> Option<usize> {
        let part = &self.vocabulary.parts[part];
        let found = part.fields.iter().position(|known| *known == field);
        if found.is_none() {
            let range = text::find(self.source, field, true);
            let functions = part.functions.iter().map(|(name, _)| *name);
            let known: Vec<&str> = part.fields.iter().copied().chain(functions).collect();
            let help = match jobguard_text::nearest(field, known.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("it has {}", known.join(", ")),
            };
            self.fail(CompileError::new(range, format!("`{}` has no field `{field}`", part.name)).help(help));
        }
        found
    }

    /// Reports a field of a variable of which only some are known.
    fn partly_known(&mut self, select: &SelectExpr) {
        let mut path = vec![select.field.as_str()];
        let mut at = &select.operand.expr;
        while let Expr::Select(select) = at {
            path.insert(0, select.field.as_str());
            at = &select.operand.expr;
        }
        let Expr::Ident(name) = at else { return };
        if self.local(name).is_some() {
            return;
        }
        let Some((_, known)) = self.vocabulary.partly_known.iter().find(|(of, _)| of == name) else { return };
        let is_known = |path: &str| {
            known.iter().any(|one| {
                // A prefix of what is known, or something in it.
                let starts =
                    |long: &str, short: &str| long == short || long.starts_with(&format!("{short}."));
                starts(one, path) || starts(path, one)
            })
        };
        // From the first step on that is not known; each step that follows is the same fault.
        for steps in 1..=path.len() {
            let (start, last) = (path[..steps].join("."), path[steps - 1]);
            if !is_known(&start) {
                let range = text::find(self.source, last, true);
                let message = format!("`{name}.{start}` is not known here");
                let known: Vec<String> = known.iter().map(|one| format!("{name}.{one}")).collect();
                self.fail(CompileError::new(range, message).help(format!("known are {}", known.join(", "))));
                break;
            }
        }
    }

    pub(crate) fn operator(&mut self, name: &str, call: &CallExpr) -> Option<Node> {
        let operator = match (name, call.args.as_slice()) {
            (op::CONDITIONAL, [condition, then, otherwise]) => {
                return Some(Node::If {
                    condition: self.boxed(condition),
                    then: self.boxed(then),
                    otherwise: self.boxed(otherwise),
                });
            }
            (op::LOGICAL_AND, [left, right]) => return Some(Node::And(self.boxed(left), self.boxed(right))),
            (op::LOGICAL_OR, [left, right]) => return Some(Node::Or(self.boxed(left), self.boxed(right))),
            (op::LOGICAL_NOT, [of]) => return Some(Node::Not(self.boxed(of))),
            (op::NEGATE, [of]) => return Some(Node::Negate(self.boxed(of))),
            (op::INDEX, [of, at]) => return Some(Node::Index { of: self.boxed(of), at: self.boxed(at) }),
            (op::OPT_INDEX, [of, at]) => {
                return Some(Node::OptionalIndex { of: self.boxed(of), at: self.boxed(at) });
            }
            (op::OPT_SELECT, [of, field]) => {
                let Expr::Literal(LiteralValue::String(field)) = &field.expr else { return None };
                let field = field.inner().trim_matches('`').into();
                return Some(Node::OptionalSelect { of: self.boxed(of), field });
            }
            (op::ADD, [_, _]) => Operator::Add,
            (op::SUBSTRACT, [_, _]) => Operator::Subtract,
            (op::MULTIPLY, [_, _]) => Operator::Multiply,
            (op::DIVIDE, [_, _]) => Operator::Divide,
            (op::MODULO, [_, _]) => Operator::Modulo,
            (op::EQUALS, [_, _]) => Operator::Equal,
            (op::NOT_EQUALS, [_, _]) => Operator::NotEqual,
            (op::LESS, [_, _]) => Operator::Less,
            (op::LESS_EQUALS, [_, _]) => Operator::LessOrEqual,
            (op::GREATER, [_, _]) => Operator::Greater,
            (op::GREATER_EQUALS, [_, _]) => Operator::GreaterOrEqual,
            (op::IN, [_, _]) => Operator::In,
            _ => return None,
        };
        let [left, right] = call.args.as_slice() else { return None };
        if matches!(operator, Operator::Equal | Operator::NotEqual) {
            let is_null = |expr: &IdedExpr| matches!(expr.expr, Expr::Literal(LiteralValue::Null));
            let part = match (self.part(left), self.part(right)) {
                (Some(part), None) if is_null(right) => Some(part),
                (None, Some(part)) if is_null(left) => Some(part),
                _ => None,
            };
            if let Some(part) = part {
                self.parts.push((part, None));
                let is_null = Node::PartIsNull(part);
                return Some(if operator == Operator::Equal {
                    is_null
                } else {
                    Node::Not(Box::new(is_null))
                });
            }
        }
        Some(Node::Binary { operator, left: self.boxed(left), right: self.boxed(right) })
    }
}

fn literal_value(literal: &LiteralValue) -> Value {
    match literal {
        LiteralValue::Boolean(value) => Value::Bool(*value.inner()),
        LiteralValue::Bytes(bytes) => Value::Bytes(bytes.inner().to_vec().into()),
        LiteralValue::Double(number) => Value::Float(*number.inner()),
        LiteralValue::Int(number) => Value::Int(*number.inner()),
        LiteralValue::Null => Value::Null,
        LiteralValue::String(text) => string(text.inner()),
        LiteralValue::UInt(number) => Value::UInt(*number.inner()),
    }
}
