//! Evaluating nodes. Each costs a step at least, so that whatever goes on is bounded by the budget; how deep they are nested is
//! bounded when they are made.

use std::collections::HashMap;
use std::sync::Arc;

use kube_cel::cel::objects::{Key, Map};
use regex::Regex;

use crate::functions::{Charge, Native};
use crate::node::{Node, Operator};
use crate::value::{as_key, as_optional, get, none, some, type_name};
use crate::{Budget, EvalError, Facts, Value, format_arguments, library, natives, operators, pattern};

type Result<T> = std::result::Result<T, EvalError>;

/// One evaluation.
pub(crate) struct Evaluation<'e, 'b, 'c> {
    facts: &'e dyn Facts,
    pub(crate) budget: &'b mut Budget<'c>,
    /// What macros bind.
    pub(crate) locals: Vec<Value>,
}

impl<'e, 'b, 'c> Evaluation<'e, 'b, 'c> {
    pub(crate) fn new(facts: &'e dyn Facts, budget: &'b mut Budget<'c>) -> Self {
        Self { facts, budget, locals: Vec::new() }
    }

    pub(crate) fn value(&mut self, node: &Node) -> Result<Value> {
        self.budget.take(1)?;
        match node {
            Node::Constant(value) => Ok(value.clone()),
            Node::Local(place) => Ok(self.locals.get(*place).cloned().unwrap_or(Value::Null)),
            Node::Variable(index) => Ok(self.facts.variable(*index)),
            Node::PartIsNull(part) => Ok(Value::Bool(!self.facts.has_part(*part))),
            Node::Field { part, field } => self.part(*part)?.field(*part, *field),
            Node::HasField { part, field } => {
                let value = self.part(*part)?.field(*part, *field)?;
                Ok(Value::Bool(!matches!(value, Value::Null)))
            }
            Node::PartCall { part, function, arguments } => {
                let facts = self.part(*part)?;
                let arguments = self.values(arguments)?;
                facts.call(*part, *function, &arguments)
            }
            Node::Select { of, field } => {
                let of = self.value(of)?;
                select(&of, field)
            }
            Node::Has { of, field } => {
                let of = self.value(of)?;
                has(&of, field).map(Value::Bool)
            }
            Node::OptionalSelect { of, field } => {
                let of = self.value(of)?;
                optional_select(&of, field)
            }
            Node::Index { of, at } => {
                let (of, at) = (self.value(of)?, self.value(at)?);
                index(&of, &at)
            }
            Node::OptionalIndex { of, at } => {
                let (of, at) = (self.value(of)?, self.value(at)?);
                optional_index(&of, &at)
            }
            Node::And(left, right) => self.either(left, right, false),
            Node::Or(left, right) => self.either(left, right, true),
            Node::Not(of) => match self.value(of)? {
                Value::Bool(value) => Ok(Value::Bool(!value)),
                other => Err(EvalError::no_overload(&format!("!{}", type_name(&other)))),
            },
            Node::Negate(of) => {
                let of = self.value(of)?;
                crate::numbers::negate(of)
            }
            Node::If { condition, then, otherwise } => match self.value(condition)? {
                Value::Bool(true) => self.value(then),
                Value::Bool(false) => self.value(otherwise),
                other => Err(EvalError::no_overload(&format!("{} ? … : …", type_name(&other)))),
            },
            Node::Binary { operator, left, right } => self.binary(*operator, left, right),
            Node::List(elements) => self.list(elements),
            Node::Map(entries) => self.map(entries),
            Node::Fold(fold) => self.fold(fold),
            Node::Bind { value, body } => {
                let value = self.value(value)?;
                self.bound(value, body)
            }
            Node::OptionalMap { of, body, flat } => {
                let of = self.value(of)?;
                let Some(optional) = as_optional(&of) else {
                    return Err(EvalError::no_overload(&format!("{}.optMap", type_name(&of))));
                };
                let Some(value) = optional.value().cloned() else { return Ok(none()) };
                let mapped = self.bound(value, body)?;
                Ok(if *flat { mapped } else { some(mapped) })
            }
            Node::Native { function, arguments } => {
                let arguments = self.values(arguments)?;
                natives::call(*function, &arguments, self.budget)
            }
            Node::Pattern { function, text, pattern, most } => {
                let text = self.value(text)?;
                let most = most.as_ref().map(|most| self.value(most)).transpose()?;
                self.matches(*function, &text, pattern, most.as_ref())
            }
            Node::Library { name, call, charge, arguments } => {
                let mut arguments = self.values(arguments)?;
                if *charge == Charge::Format {
                    arguments = format_arguments::written(arguments, self.budget)?;
                }
                library::evaluate(name, call, *charge, arguments, self.budget)
            }
        }
    }

    /// The facts, where there is such a part.
    fn part(&self, part: usize) -> Result<&'e dyn Facts> {
        if self.facts.has_part(part) {
            Ok(self.facts)
        } else {
            Err(EvalError::failed("no such key: it is null, and has no fields"))
        }
    }

    pub(crate) fn values(&mut self, nodes: &[Node]) -> Result<Vec<Value>> {
        nodes.iter().map(|node| self.value(node)).collect()
    }

    /// With one more name bound.
    fn bound(&mut self, value: Value, body: &Node) -> Result<Value> {
        self.locals.push(value);
        let result = self.value(body);
        self.locals.pop();
        result
    }

    /// `||` where `decisive` is true, else `&&`: the side that decides does so whatever the other one fails with.
    fn either(&mut self, left: &Node, right: &Node, decisive: bool) -> Result<Value> {
        let left = self.condition(left)?;
        if left == Ok(decisive) {
            return Ok(Value::Bool(decisive));
        }
        match (left, self.condition(right)?) {
            (_, Ok(right)) if right == decisive => Ok(Value::Bool(decisive)),
            (Ok(_), Ok(right)) => Ok(Value::Bool(right)),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// A condition, or how it failed; what ends the evaluation is an error of its own.
    pub(crate) fn condition(&mut self, node: &Node) -> Result<Result<bool>> {
        match self.value(node) {
            Ok(Value::Bool(value)) => Ok(Ok(value)),
            Ok(other) => Ok(Err(EvalError::no_overload(&format!("{} as a condition", type_name(&other))))),
            Err(error @ EvalError::Failed(_)) => Ok(Err(error)),
            Err(error) => Err(error),
        }
    }

    fn binary(&mut self, operator: Operator, left: &Node, right: &Node) -> Result<Value> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        operators::binary(operator, left, &right, self.budget)
    }

    fn list(&mut self, elements: &[(Node, bool)]) -> Result<Value> {
        let mut items = Vec::with_capacity(elements.len());
        for (element, optional) in elements {
            let value = self.value(element)?;
            match (optional, as_optional(&value)) {
                (true, Some(optional)) => items.extend(optional.value().cloned()),
                (true, None) => {
                    return Err(EvalError::failed("no such overload: ? before what is no optional"));
                }
                (false, _) => items.push(value),
            }
        }
        Ok(Value::List(Arc::new(items)))
    }

    fn map(&mut self, entries: &[(Node, Node, bool)]) -> Result<Value> {
        let mut map: HashMap<Key, Value> = HashMap::with_capacity(entries.len());
        for (key, value, optional) in entries {
            let (key, value) = (self.value(key)?, self.value(value)?);
            let value = match (optional, as_optional(&value)) {
                (true, Some(optional)) => match optional.value() {
                    Some(value) => value.clone(),
                    None => continue,
                },
                (true, None) => {
                    return Err(EvalError::failed("no such overload: ? before what is no optional"));
                }
                (false, _) => value,
            };
            self.put(&mut map, &key, value)?;
        }
        Ok(Value::Map(Map { map: Arc::new(map) }))
    }

    pub(crate) fn put(&mut self, map: &mut HashMap<Key, Value>, key: &Value, value: Value) -> Result<()> {
        let Some(key) = as_key(key) else {
            return Err(EvalError::failed(format!("unsupported key type: {}", type_name(key))));
        };
        if let Key::String(text) = &key {
            self.budget.take_bytes(text.len())?;
        }
        match map.insert(key, value) {
            None => Ok(()),
            Some(_) => Err(EvalError::failed("a key of the map is given twice")),
        }
    }

    fn matches(
        &mut self,
        function: Native,
        text: &Value,
        pattern: &Regex,
        most: Option<&Value>,
    ) -> Result<Value> {
        pattern::call(function, text, pattern, most, self.budget)
    }
}

fn select(of: &Value, field: &str) -> Result<Value> {
    match of {
        Value::Map(map) => get(map, field).cloned().ok_or_else(|| EvalError::no_key(field)),
        // What is selected of an optional is one.
        Value::Opaque(_) if as_optional(of).is_some() => optional_select(of, field),
        other => Err(EvalError::no_overload(&format!("{}.{field}", type_name(other)))),
    }
}

fn has(of: &Value, field: &str) -> Result<bool> {
    match (of, as_optional(of)) {
        (Value::Map(map), _) => Ok(get(map, field).is_some()),
        (_, Some(optional)) => optional.value().map_or(Ok(false), |value| has(value, field)),
        (other, None) => Err(EvalError::no_overload(&format!("has({}.{field})", type_name(other)))),
    }
}

fn optional_select(of: &Value, field: &str) -> Result<Value> {
    match (of, as_optional(of)) {
        (Value::Map(map), _) => Ok(get(map, field).map_or_else(none, |value| some(value.clone()))),
        (_, Some(optional)) => {
            optional.value().map_or_else(|| Ok(none()), |value| optional_select(value, field))
        }
        (other, None) => Err(EvalError::no_overload(&format!("{}.?{field}", type_name(other)))),
    }
}

/// An element of a list or a map; none where there is no such element.
fn element(of: &Value, at: &Value) -> Result<Option<Value>> {
    let missing = || EvalError::no_overload(&format!("{}[{}]", type_name(of), type_name(at)));
    match of {
        Value::List(items) => match as_key(at) {
            Some(Key::Int(position)) => {
                Ok(usize::try_from(position).ok().and_then(|at| items.get(at)).cloned())
            }
            Some(Key::Uint(position)) => {
                Ok(usize::try_from(position).ok().and_then(|at| items.get(at)).cloned())
            }
            _ => Err(missing()),
        },
        Value::Map(map) => match as_key(at) {
            Some(key) => Ok(map.get(&key).cloned()),
            None => Err(missing()),
        },
        _ => Err(missing()),
    }
}

fn index(of: &Value, at: &Value) -> Result<Value> {
    if as_optional(of).is_some() {
        return optional_index(of, at);
    }
    element(of, at)?.ok_or_else(|| match at {
        Value::String(key) => EvalError::no_key(key),
        Value::Int(position) => EvalError::failed(format!("index out of bounds: {position}")),
        _ => EvalError::failed("no such element"),
    })
}

fn optional_index(of: &Value, at: &Value) -> Result<Value> {
    if let Some(optional) = as_optional(of) {
        return optional.value().map_or_else(|| Ok(none()), |value| optional_index(value, at));
    }
    Ok(element(of, at)?.map_or_else(none, some))
}
