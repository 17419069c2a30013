//! From tokens to a tree: the grammar of CEL, with the place of each part and a limit to how deep parts are nested.
//!
//! The parser of the crate `cel` keeps no places, overflows on ternaries that are nested deeply, and its messages are those of
//! its generator.

use std::ops::Range;

use crate::ast::{Expr, Kind};
use crate::lexer::tokens;
use crate::node::Operator;
use crate::token::Token;
use crate::{CompileError, Value, expand, literals};

/// How deep parts may be nested: each level of an evaluation takes a few hundred bytes of stack.
pub(crate) const MAX_DEPTH: usize = 96;
/// How many parts an expression may have.
pub(crate) const MAX_PARTS: usize = 2_000;

/// Words that are no names.
const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

type Result<T> = std::result::Result<T, CompileError>;

/// The tree of an expression.
///
/// # Errors
/// The first fault.
pub(crate) fn parse(text: &str) -> Result<Expr> {
    let mut parser = Parser { text, tokens: tokens(text)?, next: 0, level: 0, parts: 0 };
    let expr = parser.expr()?;
    match parser.peek() {
        Token::End => Ok(expr),
        _ => Err(parser.unexpected()),
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    /// How many brackets, ternaries and signs are open.
    level: usize,
    parts: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Token {
        self.tokens.get(self.next).map_or(Token::End, |(token, _)| *token)
    }

    fn range(&self) -> Range<usize> {
        self.tokens.get(self.next).map_or(self.text.len()..self.text.len(), |(_, range)| range.clone())
    }

    fn word(&self) -> &'t str {
        self.text.get(self.range()).unwrap_or_default()
    }

    fn is(&self, sign: &str) -> bool {
        self.peek() == Token::Sign && self.word() == sign
    }

    fn advance(&mut self) -> Range<usize> {
        let range = self.range();
        self.next += 1;
        range
    }

    fn eat(&mut self, sign: &str) -> Option<Range<usize>> {
        self.is(sign).then(|| self.advance())
    }

    fn expect(&mut self, sign: &str) -> Result<Range<usize>> {
        self.eat(sign).ok_or_else(|| self.unexpected())
    }

    fn unexpected(&self) -> CompileError {
        let range = self.range();
        match self.peek() {
            Token::End => CompileError::new(range, "the expression ends too early"),
            _ => CompileError::new(range, format!("unexpected `{}`", self.word())),
        }
    }

    /// A part, unless there are too many, or they are nested too deeply.
    fn made(&mut self, at: Range<usize>, parts: usize, kind: Kind) -> Result<Expr> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            let message = format!("the expression has more than {MAX_PARTS} parts");
            return Err(CompileError::new(at, message).help("split it into several rules"));
        }
        if parts >= MAX_DEPTH {
            return Err(too_deep(at));
        }
        Ok(Expr { at, depth: parts + 1, kind })
    }

    /// What `read` reads, one level deeper.
    fn deeper<T>(&mut self, at: &Range<usize>, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.level += 1;
        if self.level > MAX_DEPTH {
            return Err(too_deep(at.clone()));
        }
        let out = read(self);
        self.level -= 1;
        out
    }

    fn expr(&mut self) -> Result<Expr> {
        let condition = self.logical("||")?;
        let Some(at) = self.eat("?") else { return Ok(condition) };
        let then = self.logical("||")?;
        self.expect(":")?;
        let otherwise = self.deeper(&at, Self::expr)?;
        let depth = condition.depth.max(then.depth).max(otherwise.depth);
        let kind =
            Kind::If { condition: Box::new(condition), then: Box::new(then), otherwise: Box::new(otherwise) };
        self.made(at, depth, kind)
    }

    /// Operands that `||` or `&&` joins, as a tree that is no deeper than it has to be.
    fn logical(&mut self, sign: &str) -> Result<Expr> {
        let is_or = sign == "||";
        let operand = |parser: &mut Self| if is_or { parser.logical("&&") } else { parser.relation() };
        let mut operands = vec![operand(self)?];
        let mut signs = Vec::new();
        while let Some(at) = self.eat(sign) {
            signs.push(at);
            operands.push(operand(self)?);
        }
        while operands.len() > 1 {
            let mut joined = Vec::with_capacity(operands.len().div_ceil(2));
            let mut between = Vec::new();
            let mut operands_left = operands.into_iter();
            let mut signs_left = signs.into_iter();
            while let Some(left) = operands_left.next() {
                let Some(right) = operands_left.next() else {
                    joined.push(left);
                    break;
                };
                // Between two operands stands a sign.
                let at = signs_left.next().unwrap_or_default();
                let depth = left.depth.max(right.depth);
                let (left, right) = (Box::new(left), Box::new(right));
                let kind = if is_or { Kind::Or(left, right) } else { Kind::And(left, right) };
                joined.push(self.made(at, depth, kind)?);
                between.extend(signs_left.next());
            }
            (operands, signs) = (joined, between);
        }
        operands.pop().ok_or_else(|| self.unexpected())
    }

    fn binary(&mut self, at: Range<usize>, operator: Operator, left: Expr, right: Expr) -> Result<Expr> {
        let depth = left.depth.max(right.depth);
        self.made(at, depth, Kind::Binary { operator, left: Box::new(left), right: Box::new(right) })
    }

    fn relation(&mut self) -> Result<Expr> {
        let mut left = self.sum()?;
        loop {
            let operator = match (self.peek(), self.word()) {
                (Token::Sign, "==") => Operator::Equal,
                (Token::Sign, "!=") => Operator::NotEqual,
                (Token::Sign, "<") => Operator::Less,
                (Token::Sign, "<=") => Operator::LessOrEqual,
                (Token::Sign, ">") => Operator::Greater,
                (Token::Sign, ">=") => Operator::GreaterOrEqual,
                (Token::Word, "in") => Operator::In,
                _ => return Ok(left),
            };
            let at = self.advance();
            let right = self.sum()?;
            left = self.binary(at, operator, left, right)?;
        }
    }

    fn sum(&mut self) -> Result<Expr> {
        let mut left = self.product()?;
        loop {
            let operator = match (self.peek(), self.word()) {
                (Token::Sign, "+") => Operator::Add,
                (Token::Sign, "-") => Operator::Subtract,
                _ => return Ok(left),
            };
            let at = self.advance();
            let right = self.product()?;
            left = self.binary(at, operator, left, right)?;
        }
    }

    fn product(&mut self) -> Result<Expr> {
        let mut left = self.unary()?;
        loop {
            let operator = match (self.peek(), self.word()) {
                (Token::Sign, "*") => Operator::Multiply,
                (Token::Sign, "/") => Operator::Divide,
                (Token::Sign, "%") => Operator::Modulo,
                _ => return Ok(left),
            };
            let at = self.advance();
            let right = self.unary()?;
            left = self.binary(at, operator, left, right)?;
        }
    }

    fn unary(&mut self) -> Result<Expr> {
        let sign = if self.is("!") { "!" } else { "-" };
        if !self.is(sign) || sign == "-" && self.is_number_next() {
            return self.member();
        }
        let at = self.advance();
        let mut count = 1;
        while self.is(sign) && !(sign == "-" && self.is_number_next()) {
            self.advance();
            count += 1;
        }
        let of = self.member()?;
        // Two cancel each other, as API servers have it.
        if count % 2 == 0 {
            return Ok(of);
        }
        let depth = of.depth;
        let of = Box::new(of);
        self.made(at, depth, if sign == "!" { Kind::Not(of) } else { Kind::Negate(of) })
    }

    fn is_number_next(&self) -> bool {
        matches!(self.tokens.get(self.next + 1), Some((Token::Int | Token::Uint | Token::Float, _)))
    }

    fn member(&mut self) -> Result<Expr> {
        let mut of = self.primary()?;
        loop {
            let depth = of.depth;
            if self.eat(".").is_some() {
                let optional = self.eat("?").is_some();
                if self.peek() != Token::Word || ["in", "true", "false", "null"].contains(&self.word()) {
                    return Err(self.unexpected());
                }
                let name = self.word().to_owned();
                let at = self.advance();
                if let Some(open) = if optional { None } else { self.eat("(") } {
                    let args = self.deeper(&open, Self::arguments)?;
                    let depth = deepest(&args).max(depth);
                    let kind = expand::method(&at, of, name, args)?;
                    of = self.made(at, depth, kind)?;
                } else {
                    of = self.made(at, depth, Kind::Select { of: Box::new(of), field: name, optional })?;
                }
            } else if let Some(open) = self.eat("[") {
                let optional = self.eat("?").is_some();
                let index = self.deeper(&open, Self::expr)?;
                self.expect("]")?;
                let depth = depth.max(index.depth);
                let kind = Kind::Index { of: Box::new(of), index: Box::new(index), optional };
                of = self.made(open, depth, kind)?;
            } else {
                return Ok(of);
            }
        }
    }

    /// What stands in the brackets of a call, up to the closing one.
    fn arguments(&mut self) -> Result<Vec<Expr>> {
        let mut args = Vec::new();
        if self.eat(")").is_some() {
            return Ok(args);
        }
        loop {
            args.push(self.expr()?);
            if self.eat(")").is_some() {
                return Ok(args);
            }
            self.expect(",")?;
        }
    }

    fn primary(&mut self) -> Result<Expr> {
        let at = self.range();
        match (self.peek(), self.word()) {
            (Token::Word, "true" | "false") => {
                let value = self.word() == "true";
                self.advance();
                self.made(at, 0, Kind::Literal(Value::Bool(value)))
            }
            (Token::Word, "null") => {
                self.advance();
                self.made(at, 0, Kind::Literal(Value::Null))
            }
            (Token::Word, _) => self.name(),
            (Token::Sign, ".") => {
                self.advance();
                if self.peek() == Token::Word { self.name() } else { Err(self.unexpected()) }
            }
            (Token::Sign, "-") if self.is_number_next() => {
                self.advance();
                self.literal(true, at.start)
            }
            (Token::Sign, "(") => {
                self.advance();
                let inner = self.deeper(&at, Self::expr)?;
                self.expect(")")?;
                Ok(inner)
            }
            (Token::Sign, "[") => {
                self.advance();
                self.deeper(&at, |parser| parser.list(at.clone()))
            }
            (Token::Sign, "{") => {
                self.advance();
                self.deeper(&at, |parser| parser.map(at.clone()))
            }
            (Token::Sign | Token::End, _) => Err(self.unexpected()),
            _ => self.literal(false, at.start),
        }
    }

    fn literal(&mut self, negative: bool, start: usize) -> Result<Expr> {
        let (token, range) = (self.peek(), self.advance());
        let value = literals::value(self.text, token, range.clone(), negative)?;
        self.made(start..range.end, 0, Kind::Literal(value))
    }

    fn name(&mut self) -> Result<Expr> {
        let name = self.word().to_owned();
        let at = self.advance();
        if RESERVED.contains(&name.as_str()) {
            return Err(CompileError::new(at, format!("`{name}` is a reserved word")));
        }
        if let Some(open) = self.eat("(") {
            let args = self.deeper(&open, Self::arguments)?;
            let depth = deepest(&args);
            let kind = expand::global(name, args)?;
            return self.made(at, depth, kind);
        }
        if self.is("{") {
            let error = CompileError::new(at, format!("`{name}` is not a type that can be made here"));
            return Err(error.help("write a map: {'key': value}"));
        }
        self.made(at, 0, Kind::Ident(name))
    }

    fn list(&mut self, at: Range<usize>) -> Result<Expr> {
        let mut elements = Vec::new();
        while self.eat("]").is_none() {
            let optional = self.eat("?").is_some();
            elements.push((self.expr()?, optional));
            if self.eat(",").is_none() {
                self.expect("]")?;
                break;
            }
        }
        let depth = elements.iter().map(|(element, _)| element.depth).max().unwrap_or_default();
        self.made(at, depth, Kind::List(elements))
    }

    fn map(&mut self, at: Range<usize>) -> Result<Expr> {
        let mut entries: Vec<(Expr, Expr, bool)> = Vec::new();
        while self.eat("}").is_none() {
            let optional = self.eat("?").is_some();
            let key = self.expr()?;
            self.expect(":")?;
            entries.push((key, self.expr()?, optional));
            if self.eat(",").is_none() {
                self.expect("}")?;
                break;
            }
        }
        let depth =
            entries.iter().map(|(key, value, _)| key.depth.max(value.depth)).max().unwrap_or_default();
        self.made(at, depth, Kind::Map(entries))
    }
}

fn deepest(args: &[Expr]) -> usize {
    args.iter().map(|arg| arg.depth).max().unwrap_or_default()
}

fn too_deep(at: Range<usize>) -> CompileError {
    let message = format!("the expression is nested more than {MAX_DEPTH} levels deep");
    CompileError::new(at, message).help("split it into several rules")
}
