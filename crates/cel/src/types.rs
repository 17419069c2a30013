//! The types of values, as far as an expression alone tells them.

use crate::Value;
use crate::functions::Native;
use crate::node::{FoldKind, Node, Operator};

impl Node {
    /// The type of its value, where that is the same whatever there is.
    pub(crate) fn result_type(&self) -> Option<&'static str> {
        match self {
            Self::Constant(Value::Bool(_))
            | Self::And(..)
            | Self::Or(..)
            | Self::Not(_)
            | Self::Has { .. }
            | Self::HasField { .. }
            | Self::PartIsNull(_) => Some("bool"),
            Self::Constant(Value::String(_)) => Some("string"),
            Self::Constant(Value::Int(_)) => Some("int"),
            Self::Constant(Value::UInt(_)) => Some("uint"),
            Self::Constant(Value::Float(_)) => Some("double"),
            Self::Constant(Value::Null) => Some("null"),
            Self::List(_) => Some("list"),
            Self::Map(_) => Some("map"),
            Self::Binary { operator, left, right } => match operator {
                Operator::Add => match (left.result_type(), right.result_type()) {
                    (Some("string"), _) | (_, Some("string")) => Some("string"),
                    (Some("list"), _) | (_, Some("list")) => Some("list"),
                    _ => None,
                },
                Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Modulo => None,
                _ => Some("bool"),
            },
            Self::If { then, otherwise, .. } => {
                then.result_type().filter(|result| otherwise.result_type() == Some(result))
            }
            Self::Bind { body, .. } => body.result_type(),
            Self::Fold(fold) => Some(match fold.kind {
                FoldKind::All | FoldKind::Exists | FoldKind::ExistsOne => "bool",
                FoldKind::List => "list",
                FoldKind::Map => "map",
            }),
            Self::Pattern { function: Native::Matches, .. } => Some("bool"),
            Self::Native { function, .. } => match function {
                Native::Size | Native::Int => Some("int"),
                Native::Contains
                | Native::StartsWith
                | Native::EndsWith
                | Native::Matches
                | Native::HasValue => Some("bool"),
                Native::String | Native::Join | Native::LowerAscii | Native::UpperAscii => Some("string"),
                _ => None,
            },
            Self::Library { name: "format", .. } => Some("string"),
            _ => None,
        }
    }
}
