//! The tree of an expression, with the place of each part.

use std::ops::Range;

use crate::Value;
use crate::node::{FoldKind, Operator};

/// A part of an expression.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    /// What messages about it point at: an operator, the name of a function or a field, a literal.
    pub(crate) at: Range<usize>,
    /// How many levels it has: one more than the deepest of its parts.
    pub(crate) depth: usize,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Literal(Value),
    Ident(String),
    /// `of.field`, and `of.?field`
    Select {
        of: Box<Expr>,
        field: String,
        optional: bool,
    },
    /// `has(of.field)`
    Has {
        of: Box<Expr>,
        field: String,
        /// Where the field stands.
        field_at: Range<usize>,
    },
    /// `of[index]`, and `of[?index]`
    Index {
        of: Box<Expr>,
        index: Box<Expr>,
        optional: bool,
    },
    /// `name(args)`, and `target.name(args)`
    Call {
        target: Option<Box<Expr>>,
        name: String,
        args: Vec<Expr>,
    },
    Not(Box<Expr>),
    Negate(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    Binary {
        operator: Operator,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// Elements, each with whether a question mark stands before it.
    List(Vec<(Expr, bool)>),
    /// Keys and values, the same.
    Map(Vec<(Expr, Expr, bool)>),
    /// A macro that walks over a list or a map.
    Fold(Box<FoldExpr>),
    /// `cel.bind(name, value, body)`
    Bind {
        name: String,
        value: Box<Expr>,
        body: Box<Expr>,
    },
    /// `of.optMap(name, body)`, and `optFlatMap`
    OptionalMap {
        of: Box<Expr>,
        name: String,
        body: Box<Expr>,
        flat: bool,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct FoldExpr {
    pub(crate) kind: FoldKind,
    /// Whether it is `existsOne` with one name.
    pub(crate) renamed: bool,
    pub(crate) range: Expr,
    /// One name, or two.
    pub(crate) names: Vec<String>,
    pub(crate) filter: Option<Expr>,
    pub(crate) body: Expr,
}

impl Expr {
    /// The name that a chain of identifiers and fields spells: `google.protobuf.Duration`.
    pub(crate) fn qualified(&self) -> Option<String> {
        match &self.kind {
            Kind::Ident(name) => Some(name.clone()),
            Kind::Select { of, field, optional: false } => Some(format!("{}.{field}", of.qualified()?)),
            _ => None,
        }
    }

    /// The text that it is, if it is a literal.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Literal(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}
