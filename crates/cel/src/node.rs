//! What an expression is compiled to: names resolved, macros taken apart, patterns compiled.

use std::sync::Arc;

use kube_cel::cel::IdedExpr;
use regex::Regex;

use crate::Value;
use crate::functions::{Charge, Native};

/// A part of an expression.
#[derive(Debug)]
pub(crate) enum Node {
    Constant(Value),
    /// A name that a macro binds: its place from the bottom of the stack.
    Local(usize),
    /// A variable of the vocabulary.
    Variable(usize),
    /// Whether a part is not there: `schedule == null`.
    PartIsNull(usize),
    Field {
        part: usize,
        field: usize,
    },
    PartCall {
        part: usize,
        function: usize,
        arguments: Vec<Node>,
    },
    Select {
        of: Box<Node>,
        field: Arc<str>,
    },
    /// `has(of.field)`
    Has {
        of: Box<Node>,
        field: Arc<str>,
    },
    /// `has(part.field)`
    HasField {
        part: usize,
        field: usize,
    },
    /// `of.?field`
    OptionalSelect {
        of: Box<Node>,
        field: Arc<str>,
    },
    Index {
        of: Box<Node>,
        at: Box<Node>,
    },
    /// `of[?at]`
    OptionalIndex {
        of: Box<Node>,
        at: Box<Node>,
    },
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    If {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Box<Node>,
    },
    Binary {
        operator: Operator,
        left: Box<Node>,
        right: Box<Node>,
    },
    List(Vec<(Node, bool)>),
    Map(Vec<(Node, Node, bool)>),
    Fold(Box<Fold>),
    /// `cel.bind(name, value, body)`: the name is on the top of the stack.
    Bind {
        value: Box<Node>,
        body: Box<Node>,
    },
    /// `of.optMap(name, body)`, and `optFlatMap` where the body is an optional itself.
    OptionalMap {
        of: Box<Node>,
        body: Box<Node>,
        flat: bool,
    },
    Native {
        function: Native,
        arguments: Vec<Node>,
    },
    /// A pattern that is a constant, compiled with the expression.
    Pattern {
        function: Native,
        text: Box<Node>,
        pattern: Box<Regex>,
        most: Option<Box<Node>>,
    },
    /// A function of `kube-cel`: `call` names its arguments by their positions.
    Library {
        name: &'static str,
        call: Box<IdedExpr>,
        charge: Charge,
        arguments: Vec<Node>,
    },
}

/// An operator with two operands, both of which are always evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
}

impl Operator {
    /// As it is written.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
        }
    }
}

/// A macro that walks over a list or a map.
#[derive(Debug)]
pub(crate) struct Fold {
    pub(crate) kind: FoldKind,
    pub(crate) range: Node,
    /// Whether each element is bound to two names: its index or key, and its value.
    pub(crate) two: bool,
    /// Of `map` and its kin: which elements count.
    pub(crate) filter: Option<Node>,
    pub(crate) body: Node,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FoldKind {
    All,
    Exists,
    ExistsOne,
    /// `map`, `filter` and `transformList`.
    List,
    /// `transformMap`.
    Map,
}
