//! Macros: those that the parser has taken apart, and those that it does not know.

use kube_cel::cel::IdedExpr;
use kube_cel::cel::common::ast::{ComprehensionExpr, Expr, operators as op};

use crate::lower::{Lowering, NOTHING};
use crate::node::{Fold, FoldKind, Node};
use crate::{CompileError, text};

impl Lowering<'_> {
    /// The name that a macro binds.
    pub(crate) fn bound(&mut self, expr: &IdedExpr) -> Option<String> {
        if let Expr::Ident(name) = &expr.expr {
            return Some(name.clone());
        }
        let error = CompileError::new(0..self.source.len(), "the first argument of a macro must be a name");
        self.fail(error.help("write list.all(x, x > 0), say"));
        None
    }

    /// Macros that the parser does not know.
    pub(crate) fn late_macro(&mut self, target: &IdedExpr, name: &str, args: &[IdedExpr]) -> Option<Node> {
        let flat = name == "optFlatMap";
        if let ("optMap" | "optFlatMap", [bound, body]) = (name, args) {
            let of = self.boxed(target);
            let Some(bound) = self.bound(bound) else { return Some(NOTHING) };
            return Some(Node::OptionalMap { of, body: Box::new(self.within(&[&bound], body)), flat });
        }
        let (kind, filtered) = match (name, args.len()) {
            ("all", 3) => (FoldKind::All, false),
            ("exists", 3) => (FoldKind::Exists, false),
            ("exists_one" | "existsOne", 3) => (FoldKind::ExistsOne, false),
            ("transformList", 3) => (FoldKind::List, false),
            ("transformList", 4) => (FoldKind::List, true),
            ("transformMap", 3) => (FoldKind::Map, false),
            ("transformMap", 4) => (FoldKind::Map, true),
            _ => return None,
        };
        let range = self.node(target);
        let [first, second, rest @ ..] = args else { return None };
        let (Some(first), Some(second)) = (self.bound(first), self.bound(second)) else {
            return Some(NOTHING);
        };
        let names = [first.as_str(), second.as_str()];
        let (filter, body) = match rest {
            [filter, body] if filtered => (Some(filter), body),
            [body] => (None, body),
            _ => return None,
        };
        let filter = filter.map(|filter| self.within(&names, filter));
        let body = self.within(&names, body);
        Some(Node::Fold(Box::new(Fold { kind, range, two: true, filter, body })))
    }

    /// A macro that the parser has taken apart, known by the shape of its parts.
    pub(crate) fn comprehension(&mut self, parts: &ComprehensionExpr) -> Node {
        let range = self.node(&parts.iter_range);
        let name = parts.iter_var.as_str();
        let step = match &parts.loop_step.expr {
            Expr::Call(call) => (call.func_name.as_str(), call.args.as_slice()),
            _ => ("", &[][..]),
        };
        let made = |expr: &IdedExpr| -> Option<IdedExpr> {
            // @result + [element]
            let Expr::Call(call) = &expr.expr else { return None };
            let [_, list] = call.args.as_slice() else { return None };
            let Expr::List(list) = &list.expr else { return None };
            list.elements.first().cloned()
        };
        let (kind, filter, body) = match step {
            (op::LOGICAL_AND, [_, body]) => (FoldKind::All, None, body.clone()),
            (op::LOGICAL_OR, [_, body]) => (FoldKind::Exists, None, body.clone()),
            (op::CONDITIONAL, [body, _, _]) if matches!(parts.accu_init.expr, Expr::Literal(_)) => {
                // With one name, API servers know it as exists_one alone.
                if text::find(self.source, "existsOne", true).len() < self.source.len() {
                    self.extensions.push("existsOne");
                }
                (FoldKind::ExistsOne, None, body.clone())
            }
            (op::CONDITIONAL, [filter, then, _]) => match made(then) {
                Some(body) => (FoldKind::List, Some(filter), body),
                None => {
                    return self.fail(CompileError::new(0..self.source.len(), "the macro cannot be read"));
                }
            },
            _ => match made(&parts.loop_step) {
                Some(body) => (FoldKind::List, None, body),
                None => {
                    return self.fail(CompileError::new(0..self.source.len(), "the macro cannot be read"));
                }
            },
        };
        let filter = filter.map(|filter| self.within(&[name], filter));
        let body = self.within(&[name], &body);
        Node::Fold(Box::new(Fold { kind, range, two: false, filter, body }))
    }
}
