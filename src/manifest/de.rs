//! Nodes to typed values, with the rules of Go's JSON decoder: null means "not set" everywhere.

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{self, Deserialize, DeserializeSeed, IntoDeserializer, Visitor};

use crate::path::{FieldPath, Segment};

use super::tree::{Entry, NodeId, NodeKind, Span, Tree};

/// Why a node is not of the type asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", self.0.message, self.path())]
pub struct DeError(Box<Detail>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Detail {
    message: String,
    span: Option<Span>,
    /// Innermost first.
    path: Vec<Segment>,
}

impl DeError {
    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The value at fault.
    pub fn span(&self) -> Span {
        self.0.span.unwrap_or_default()
    }

    /// Where it stands below the node that was read.
    pub fn path(&self) -> FieldPath {
        let mut path = FieldPath::root();
        for segment in self.0.path.iter().rev() {
            path.push(segment.clone());
        }
        path
    }

    fn within(mut self, segment: Segment) -> Self {
        self.0.path.push(segment);
        self
    }
}

impl de::Error for DeError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self(Box::new(Detail { message: message.to_string(), span: None, path: Vec::new() }))
    }
}

impl Tree<'_> {
    /// Reads `node` as a `T`. Duplicates that a later one shadows are passed over; null in a field is as if the field
    /// were absent, and elsewhere the type's zero value.
    ///
    /// # Errors
    /// The first value of a wrong type, with its place.
    pub fn deserialize<'a, T: Deserialize<'a>>(&'a self, node: NodeId) -> Result<T, DeError> {
        T::deserialize(NodeDeserializer { tree: self, node })
    }
}

/// A [`serde::Deserializer`] over a node of a tree.
#[derive(Debug, Clone, Copy)]
pub struct NodeDeserializer<'a, 't> {
    tree: &'a Tree<'t>,
    node: NodeId,
}

impl<'a, 't> NodeDeserializer<'a, 't> {
    /// Reads `node` of `tree`.
    pub fn new(tree: &'a Tree<'t>, node: NodeId) -> Self {
        Self { tree, node }
    }

    fn kind(self) -> &'a NodeKind<'t> {
        &self.tree[self.node].kind
    }

    /// Adds the place to an error that has none yet.
    fn placed<T>(self, result: Result<T, DeError>) -> Result<T, DeError> {
        result.map_err(|mut error| {
            error.0.span.get_or_insert(self.tree[self.node].span);
            error
        })
    }

    fn seq<V: Visitor<'a>>(self, items: &'a [NodeId], visitor: V) -> Result<V::Value, DeError> {
        visitor.visit_seq(Items { tree: self.tree, items: items.iter(), next: 0 })
    }

    fn map<V: Visitor<'a>>(self, entries: &'a [Entry<'t>], nulls: bool, v: V) -> Result<V::Value, DeError> {
        v.visit_map(Entries { tree: self.tree, entries: entries.iter(), nulls, current: None })
    }

    fn any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, DeError> {
        match self.kind() {
            NodeKind::Null => visitor.visit_unit(),
            NodeKind::Bool(b) => visitor.visit_bool(*b),
            NodeKind::Int(i) => visitor.visit_i64(*i),
            NodeKind::Uint(u) => visitor.visit_u64(*u),
            NodeKind::Float(f) => visitor.visit_f64(*f),
            NodeKind::Str(s) => visitor.visit_borrowed_str(s),
            NodeKind::Seq(items) => self.seq(items, visitor),
            NodeKind::Map(entries) => self.map(entries, true, visitor),
        }
    }
}

/// Methods that give the type's zero value for null, and the value itself otherwise.
macro_rules! zero_for_null {
    ($($method:ident => $visit:ident($zero:expr),)*) => {$(
        fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, DeError> {
            self.placed(match self.kind() {
                NodeKind::Null => visitor.$visit($zero),
                _ => self.any(visitor),
            })
        }
    )*};
}

impl<'a> de::Deserializer<'a> for NodeDeserializer<'a, '_> {
    type Error = DeError;

    zero_for_null! {
        deserialize_bool => visit_bool(false),
        deserialize_i8 => visit_i8(0),
        deserialize_i16 => visit_i16(0),
        deserialize_i32 => visit_i32(0),
        deserialize_i64 => visit_i64(0),
        deserialize_u8 => visit_u8(0),
        deserialize_u16 => visit_u16(0),
        deserialize_u32 => visit_u32(0),
        deserialize_u64 => visit_u64(0),
        deserialize_f32 => visit_f32(0.0),
        deserialize_f64 => visit_f64(0.0),
        deserialize_str => visit_borrowed_str(""),
        deserialize_string => visit_borrowed_str(""),
        deserialize_bytes => visit_borrowed_bytes(b""),
        deserialize_byte_buf => visit_borrowed_bytes(b""),
    }

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, DeError> {
        self.placed(self.any(visitor))
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, DeError> {
        match self.kind() {
            NodeKind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, DeError> {
        self.placed(match self.kind() {
            NodeKind::Null => self.seq(&[], visitor),
            _ => self.any(visitor),
        })
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, DeError> {
        self.placed(match self.kind() {
            NodeKind::Null => self.map(&[], true, visitor),
            _ => self.any(visitor),
        })
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DeError> {
        self.placed(match self.kind() {
            NodeKind::Null => self.map(&[], false, visitor),
            NodeKind::Map(entries) => self.map(entries, false, visitor),
            _ => self.any(visitor),
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DeError> {
        // The one newtype whose null is not that of what it holds: no quantity is the quantity zero.
        if name == "Quantity" && *self.kind() == NodeKind::Null {
            return self.placed(visitor.visit_newtype_struct(StrDeserializer::<DeError>::new("0")));
        }
        self.placed(visitor.visit_newtype_struct(self))
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DeError> {
        self.placed(match self.kind() {
            NodeKind::Str(s) => visitor.visit_enum(BorrowedStrDeserializer::new(s).into_deserializer()),
            _ => self.any(visitor),
        })
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, DeError> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'a>>
        i128 u128 char unit unit_struct tuple tuple_struct identifier
    }
}

struct Items<'a, 't> {
    tree: &'a Tree<'t>,
    items: std::slice::Iter<'a, NodeId>,
    next: usize,
}

impl<'a> de::SeqAccess<'a> for Items<'a, '_> {
    type Error = DeError;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, DeError> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        let value = seed.deserialize(NodeDeserializer { tree: self.tree, node: *item });
        value.map(Some).map_err(|error| error.within(Segment::Index(index)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Entries<'a, 't> {
    tree: &'a Tree<'t>,
    entries: std::slice::Iter<'a, Entry<'t>>,
    /// Whether entries whose value is null count: keys of a map do, fields do not.
    nulls: bool,
    current: Option<&'a Entry<'t>>,
}

impl<'a> de::MapAccess<'a> for Entries<'a, '_> {
    type Error = DeError;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, DeError> {
        let (tree, nulls) = (self.tree, self.nulls);
        let entry = self.entries.find(|e| !e.shadowed && (nulls || tree[e.value].kind != NodeKind::Null));
        self.current = entry;
        let Some(entry) = entry else { return Ok(None) };
        let key = seed.deserialize(BorrowedStrDeserializer::<DeError>::new(&entry.key));
        key.map(Some).map_err(|mut error| {
            error.0.span.get_or_insert(entry.key_span);
            error
        })
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, DeError> {
        let Some(entry) = self.current.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        let value = seed.deserialize(NodeDeserializer { tree: self.tree, node: entry.value });
        value.map_err(|error| error.within(Segment::Field(entry.key.to_string().into())))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use k8s_openapi::api::batch::v1::{CronJob, Job};
    use k8s_openapi::api::core::v1::{Container, Probe, ResourceRequirements};
    use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
    use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

    use super::*;
    use crate::manifest::read;

    fn parse<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, DeError> {
        let documents = read(text);
        let tree = documents[0].content.as_ref().unwrap();
        tree.deserialize(tree.root())
    }

    #[test]
    fn objects_of_the_api() {
        let job: Job = parse(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a, name: b, labels: {x: null, w: z}}\nspec:\n  parallelism: 3\n  suspend: yes\n  template:\n    metadata:\n    spec:\n      containers:\n      - {name: c, image: null, env: null, command: [a, ~]}\n      x: {deep: [1]}\n",
        )
        .unwrap();
        assert_eq!(job.metadata.name.as_deref(), Some("b"));
        let labels = BTreeMap::from([("x".to_owned(), String::new()), ("w".to_owned(), "z".to_owned())]);
        assert_eq!(job.metadata.labels, Some(labels));
        let spec = job.spec.unwrap();
        assert_eq!((spec.parallelism, spec.suspend), (Some(3), Some(true)));
        let container = &spec.template.spec.unwrap().containers[0];
        assert_eq!(
            (container.name.as_str(), container.image.as_ref(), container.env.as_ref()),
            ("c", None, None)
        );
        assert_eq!(container.command, Some(vec!["a".to_owned(), String::new()]));
    }

    #[test]
    fn quantities_and_ports_from_numbers() {
        let resources: ResourceRequirements =
            parse("limits: {cpu: 1.5, memory: 1Gi, a: 2, b: null}\n").unwrap();
        let texts: Vec<String> = resources.limits.unwrap().into_values().map(|Quantity(text)| text).collect();
        assert_eq!(texts, ["2", "0", "1.5", "1Gi"]);
        let probe: Probe = parse("httpGet: {port: 80}\ntcpSocket: {port: http}\n").unwrap();
        assert_eq!(probe.http_get.unwrap().port, IntOrString::Int(80));
        assert_eq!(probe.tcp_socket.unwrap().port, IntOrString::String("http".to_owned()));
        let probe: Probe = parse("httpGet: {port: null}\n").unwrap();
        assert_eq!(probe.http_get.unwrap().port, IntOrString::Int(0));
    }

    #[test]
    fn errors_name_path_and_place() {
        let text = "spec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n          - name: a\n          - name: 5\n";
        let error = parse::<CronJob>(text).unwrap_err();
        assert_eq!(error.path().to_string(), "spec.jobTemplate.spec.template.spec.containers[1].name");
        assert_eq!(&text[error.span().start..error.span().end], "5");
        let error = parse::<Container>("name: a\nports: [{containerPort: 8080000000}]\n").unwrap_err();
        assert_eq!(error.path().to_string(), "ports[0].containerPort");
        assert!(parse::<Container>("[a]\n").is_err());
    }

    #[test]
    fn as_serde_json_does_where_both_agree() {
        let text = "a: [1, -2, 1.5, x, true]\nb: {c: {}, d: []}\ne: ~\n";
        let documents = read(text);
        let tree = documents[0].content.as_ref().unwrap();
        let value: serde_json::Value = tree.deserialize(tree.root()).unwrap();
        assert_eq!(value, tree.to_value(tree.root()));
    }
}
