//! From a value tree to a typed object, along the schema: what [`super::Walk`] has found to fit, and nothing else.
//!
//! Fields that the API does not have are passed over, as are `null` and keys that a later one shadows. A `null` in a
//! list or a free map is the empty value of its type.

use std::borrow::Cow;

use serde::de::value::{BorrowedStrDeserializer, Error, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::time::held;
use crate::schema::{Schema, Shape, TypeId};
use jobguard_manifest::{Entry, NodeId, NodeKind, Tree};

/// A node that is to become what a shape says.
#[derive(Clone, Copy)]
pub(super) struct Typed<'a> {
    tree: &'a Tree<'a>,
    schema: Schema,
    node: NodeId,
    shape: &'static Shape,
}

/// The object itself, without what says which object it is: the type asked for says that already.
pub(super) struct TypedRoot<'a> {
    pub(super) tree: &'a Tree<'a>,
    pub(super) schema: Schema,
    pub(super) node: NodeId,
    pub(super) id: TypeId,
}

impl<'a> Deserializer<'a> for TypedRoot<'a> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let Self { tree, schema, node, id } = self;
        let entries = match &tree[node].kind {
            NodeKind::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        let said = |entry: &Entry<'_>| !matches!(entry.key.as_ref(), "apiVersion" | "kind");
        visitor.visit_map(MapDeserializer::new(
            fields(tree, schema, entries, id).filter(move |(entry, _)| said(entry)).map(pair),
        ))
    }

    forward_to_deserialize_any! {
        <V: Visitor<'a>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The fields of an object that its type has and that are set.
fn fields<'a>(
    tree: &'a Tree<'a>,
    schema: Schema,
    entries: &'a [Entry<'a>],
    ty: TypeId,
) -> impl Iterator<Item = (&'a Entry<'a>, Typed<'a>)> {
    entries.iter().filter_map(move |entry| {
        if entry.shadowed || tree[entry.value].kind == NodeKind::Null {
            return None;
        }
        let shape = &schema.field(ty, &entry.key)?.shape;
        Some((entry, Typed { tree, schema, node: entry.value, shape }))
    })
}

fn pair<'a>((entry, value): (&'a Entry<'a>, Typed<'a>)) -> (BorrowedStrDeserializer<'a, Error>, Typed<'a>) {
    (BorrowedStrDeserializer::new(&entry.key), value)
}

impl<'a> IntoDeserializer<'a, Error> for Typed<'a> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'a> Typed<'a> {
    fn of(self, node: NodeId, shape: &'static Shape) -> Self {
        Self { node, shape, ..self }
    }

    /// What stands for `null` where something must stand.
    fn empty<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.shape {
            Shape::Object(_) | Shape::Map(_) | Shape::Opaque => {
                let none = std::iter::empty::<(&'static str, &'static str)>();
                visitor.visit_map(MapDeserializer::<_, Error>::new(none))
            }
            Shape::List(_) => {
                visitor.visit_seq(SeqDeserializer::<_, Error>::new(std::iter::empty::<&'static str>()))
            }
            Shape::Int32 | Shape::Int64 | Shape::IntOrString => visitor.visit_i64(0),
            Shape::Bool => visitor.visit_bool(false),
            Shape::Str => visitor.visit_borrowed_str(""),
            Shape::Time => visitor.visit_borrowed_str(held("")),
            Shape::Quantity => visitor.visit_borrowed_str("0"),
        }
    }
}

impl<'a> Deserializer<'a> for Typed<'a> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let Self { tree, schema, node, .. } = self;
        match (self.shape, &tree[node].kind) {
            (_, NodeKind::Null) => self.empty(visitor),
            (Shape::Object(id), NodeKind::Map(entries)) => {
                visitor.visit_map(MapDeserializer::new(fields(tree, schema, entries, *id).map(pair)))
            }
            (Shape::Map(element), NodeKind::Map(entries)) => {
                let kept = entries.iter().filter(|entry| !entry.shadowed);
                visitor.visit_map(MapDeserializer::new(
                    kept.map(|entry| pair((entry, self.of(entry.value, element)))),
                ))
            }
            (Shape::List(element), NodeKind::Seq(items)) => {
                visitor.visit_seq(SeqDeserializer::new(items.iter().map(|item| self.of(*item, element))))
            }
            (Shape::Quantity, kind) => match quantity_text(kind) {
                Some(text) => visitor.visit_str(text.trim()),
                None => Err(Error::custom("a quantity is a string or a number")),
            },
            (Shape::Int32 | Shape::Int64 | Shape::IntOrString, NodeKind::Int(number)) => {
                visitor.visit_i64(*number)
            }
            (Shape::Bool, NodeKind::Bool(value)) => visitor.visit_bool(*value),
            (Shape::Time, NodeKind::Str(text)) => visitor.visit_borrowed_str(held(text)),
            (Shape::Str | Shape::IntOrString, NodeKind::Str(text)) => visitor.visit_borrowed_str(text),
            (Shape::Opaque, _) => tree.to_value(node).deserialize_any(visitor).map_err(Error::custom),
            _ => Err(Error::custom("the value does not have the type of its field")),
        }
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        <V: Visitor<'a>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier
    }
}

/// The text of a quantity: numbers need no quotes.
pub(super) fn quantity_text<'a>(kind: &'a NodeKind<'_>) -> Option<Cow<'a, str>> {
    match kind {
        NodeKind::Str(text) => Some(Cow::Borrowed(text)),
        NodeKind::Int(number) => Some(number.to_string().into()),
        NodeKind::Uint(number) => Some(number.to_string().into()),
        NodeKind::Float(number) if number.is_finite() => Some(number.to_string().into()),
        _ => None,
    }
}
