//! Macros that walk over lists and maps.

use std::collections::HashMap;
use std::sync::Arc;

use kube_cel::cel::objects::{Key, Map};

use crate::eval::Evaluation;
use crate::node::{Fold, FoldKind};
use crate::value::{key_value, sorted_keys, type_name};
use crate::{EvalError, Value};

type Result<T> = std::result::Result<T, EvalError>;

/// What becomes of a walk.
struct Walk {
    /// How often a condition held.
    count: usize,
    /// How the first condition failed that did.
    failed: Option<EvalError>,
    items: Vec<Value>,
    map: HashMap<Key, Value>,
}

impl Evaluation<'_, '_, '_> {
    pub(crate) fn fold(&mut self, fold: &Fold) -> Result<Value> {
        let range = self.value(&fold.range)?;
        let mut walk = Walk { count: 0, failed: None, items: Vec::new(), map: HashMap::new() };
        match &range {
            Value::List(items) => {
                for (position, item) in items.iter().enumerate() {
                    let index = fold.two.then(|| Value::Int(i64::try_from(position).unwrap_or(i64::MAX)));
                    if self.round(fold, &mut walk, index, item.clone())? {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                self.budget.take_elements(map.map.len())?;
                for key in sorted_keys(map) {
                    let value = map.map.get(key).cloned().unwrap_or(Value::Null);
                    let (index, item) = match fold.two {
                        true => (Some(key_value(key)), value),
                        false => (None, key_value(key)),
                    };
                    if self.round(fold, &mut walk, index, item)? {
                        break;
                    }
                }
            }
            other => return Err(EvalError::no_overload(&format!("a macro over {}", type_name(other)))),
        }
        match (fold.kind, walk.failed) {
            (FoldKind::All, None) => Ok(Value::Bool(walk.count == 0)),
            (FoldKind::Exists, None) => Ok(Value::Bool(walk.count > 0)),
            // What decides does so whatever the others fail with.
            (FoldKind::All, Some(_)) if walk.count > 0 => Ok(Value::Bool(false)),
            (FoldKind::Exists, Some(_)) if walk.count > 0 => Ok(Value::Bool(true)),
            (_, Some(error)) => Err(error),
            (FoldKind::ExistsOne, None) => Ok(Value::Bool(walk.count == 1)),
            (FoldKind::List, None) => Ok(Value::List(Arc::new(walk.items))),
            (FoldKind::Map, None) => Ok(Value::Map(Map { map: Arc::new(walk.map) })),
        }
    }

    /// One element. Returns whether that is enough.
    fn round(&mut self, fold: &Fold, walk: &mut Walk, index: Option<Value>, item: Value) -> Result<bool> {
        self.budget.take(1)?;
        let before = self.locals.len();
        let key = if fold.kind == FoldKind::Map { index.clone() } else { None };
        self.locals.extend(index);
        self.locals.push(item);
        let done = self.look(fold, walk, key.as_ref());
        self.locals.truncate(before);
        done
    }

    fn look(&mut self, fold: &Fold, walk: &mut Walk, key: Option<&Value>) -> Result<bool> {
        if let Some(filter) = &fold.filter
            && !self.condition(filter)??
        {
            return Ok(false);
        }
        match fold.kind {
            // Counts what does not hold.
            FoldKind::All => match self.condition(&fold.body)? {
                Ok(true) => Ok(false),
                Ok(false) => {
                    walk.count += 1;
                    Ok(true)
                }
                Err(error) => {
                    walk.failed.get_or_insert(error);
                    Ok(false)
                }
            },
            FoldKind::Exists => match self.condition(&fold.body)? {
                Ok(true) => {
                    walk.count += 1;
                    Ok(true)
                }
                Ok(false) => Ok(false),
                Err(error) => {
                    walk.failed.get_or_insert(error);
                    Ok(false)
                }
            },
            FoldKind::ExistsOne => {
                walk.count += usize::from(self.condition(&fold.body)??);
                Ok(false)
            }
            FoldKind::List => {
                let value = self.value(&fold.body)?;
                walk.items.push(value);
                Ok(false)
            }
            FoldKind::Map => {
                let value = self.value(&fold.body)?;
                self.put(&mut walk.map, key.unwrap_or(&Value::Null), value)?;
                Ok(false)
            }
        }
    }
}
