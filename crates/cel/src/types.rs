//! The types that an expression alone tells, as API servers have them before anything is evaluated.

use std::fmt;
use std::sync::Arc;

use crate::vocabulary::{Declared, Record};

/// How many types one type may be made of: one that is larger counts as any.
const MAX_SIZE: usize = 64;

/// A type. `'v` is the vocabulary's.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type<'v> {
    /// Any: only an evaluation tells.
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    List(Arc<Self>),
    Map(Arc<Self>, Arc<Self>),
    Optional(Arc<Self>),
    /// The type of types: of what `type(x)` is.
    Meta,
    /// A type of a library of Kubernetes.
    Library(&'static str),
    Record(&'v Record<'v>),
    /// One that is still to be found.
    Unknown(usize),
}

impl<'v> Type<'v> {
    pub(crate) fn list(of: Self) -> Self {
        Self::List(Arc::new(of)).bounded()
    }

    pub(crate) fn map(key: Self, value: Self) -> Self {
        Self::Map(Arc::new(key), Arc::new(value)).bounded()
    }

    pub(crate) fn optional(of: Self) -> Self {
        Self::Optional(Arc::new(of)).bounded()
    }

    fn bounded(self) -> Self {
        if self.size() > MAX_SIZE { Self::Dyn } else { self }
    }

    // What it is made of is no larger than `MAX_SIZE`.
    fn size(&self) -> usize {
        match self {
            Self::List(of) | Self::Optional(of) => 1 + of.size(),
            Self::Map(key, value) => 1 + key.size() + value.size(),
            _ => 1,
        }
    }

    pub(crate) fn declared(of: &'v Declared<'v>) -> Self {
        match of {
            Declared::Dyn => Self::Dyn,
            Declared::Bool => Self::Bool,
            Declared::Int => Self::Int,
            Declared::String => Self::String,
            Declared::Timestamp => Self::Timestamp,
            Declared::Duration => Self::Duration,
            Declared::List(of) => Self::list(Self::declared(of)),
            Declared::Map(value) => Self::map(Self::String, Self::declared(value)),
            Declared::Record(record) => Self::Record(record),
        }
    }

    /// Whether a value of it may be the key of a map or the position in a list.
    pub(crate) fn is_key(&self) -> bool {
        matches!(
            self,
            Self::Dyn | Self::Unknown(_) | Self::Bool | Self::Int | Self::Uint | Self::Double | Self::String
        )
    }

    /// Whether null may stand for a value of it.
    pub(crate) fn is_nullable(&self) -> bool {
        matches!(
            self,
            Self::Null
                | Self::Optional(_)
                | Self::Library(_)
                | Self::Record(_)
                | Self::Duration
                | Self::Timestamp
        )
    }
}

impl fmt::Display for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn | Self::Unknown(_) => f.write_str("dyn"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
            Self::List(of) => write!(f, "list({of})"),
            Self::Map(key, value) => write!(f, "map({key}, {value})"),
            Self::Optional(of) => write!(f, "optional({of})"),
            Self::Meta => f.write_str("type"),
            Self::Library(name) => f.write_str(name),
            Self::Record(record) => f.write_str(record.name),
        }
    }
}
