//! Calls of functions and methods: who computes them, and whether they are called as they have to be.

use kube_cel::cel::IdedExpr;
use kube_cel::cel::common::ast::{CallExpr, Expr};

use crate::functions::{
    FUNCTIONS, Form, Function, How, MACROS, Native, function, is_beyond_kubernetes, is_namespace,
};
use crate::lower::{Lowering, NOTHING};
use crate::node::Node;
use crate::{Budget, CompileError, Value, library, natives, pattern, text};

impl Lowering<'_> {
    pub(crate) fn call(&mut self, call: &CallExpr) -> Node {
        let name = call.func_name.as_str();
        if let Some(node) = self.operator(name, call) {
            return node;
        }
        let Some(target) = call.target.as_deref() else { return self.global(name, &call.args) };
        if let Some(part) = self.part(target) {
            return self.part_call(part, name, &call.args);
        }
        if let Expr::Ident(namespace) = &target.expr
            && self.local(namespace).is_none()
            && (is_namespace(namespace) || namespace == "cel")
        {
            let qualified = format!("{namespace}.{name}");
            if let ("cel.bind", [bound, value, body]) = (qualified.as_str(), call.args.as_slice()) {
                let Some(bound) = self.bound(bound) else { return NOTHING };
                self.extensions.push("cel.bind");
                let value = self.boxed(value);
                let body = Box::new(self.within(&[&bound], body));
                return Node::Bind { value, body };
            }
            // `ip` is a function as well, and may be a variable's name.
            return self.global(&qualified, &call.args);
        }
        if let Some(node) = self.late_macro(target, name, &call.args) {
            return node;
        }
        match function(name) {
            Some(function) if function.form != Form::Global => {
                let takes = if function.form == Form::Either { (0, 0) } else { function.arguments };
                if !self.takes(function, call.args.len(), takes, true) {
                    return NOTHING;
                }
                let mut arguments = vec![self.node(target)];
                arguments.extend(self.nodes(&call.args));
                self.function(function, arguments, true)
            }
            Some(_) => {
                let range = text::find(self.source, name, true);
                let message = format!("`{name}` is not called with a dot");
                self.fail(CompileError::new(range, message).help(format!("write {name}(…)")))
            }
            None => self.unknown_function(name, true),
        }
    }

    fn global(&mut self, name: &str, args: &[IdedExpr]) -> Node {
        match function(name) {
            Some(function) if function.form != Form::Method => {
                let takes = if function.form == Form::Either { (1, 1) } else { function.arguments };
                if !self.takes(function, args.len(), takes, false) {
                    return NOTHING;
                }
                let arguments = self.nodes(args);
                self.function(function, arguments, false)
            }
            Some(_) => {
                let range = text::find(self.source, name, false);
                let message = format!("`{name}` is called on a value");
                self.fail(CompileError::new(range, message).help(format!("write value.{name}(…)")))
            }
            None => self.unknown_function(name, false),
        }
    }

    fn unknown_function(&mut self, name: &str, member: bool) -> Node {
        let range = match name.rsplit_once('.') {
            Some((_, last)) => text::find(self.source, last, true),
            None => text::find(self.source, name, member),
        };
        if MACROS.contains(&name) {
            let message = format!("`{name}` is called with other arguments");
            let help = match name {
                "has" => "write has(object.spec.suspend), say",
                "cel.bind" => "write cel.bind(name, value, expression)",
                "map" => "write list.map(x, x + 1), or list.map(x, condition, x + 1)",
                _ => "write list.all(x, x > 0), say",
            };
            return self.fail(CompileError::new(range, message).help(help));
        }
        let known = FUNCTIONS.iter().map(|function| function.name).chain(MACROS.iter().copied());
        let error = CompileError::new(range, format!("unknown function `{name}`"));
        let error = match jobguard_text::nearest(name, known) {
            Some(near) => error.help(format!("did you mean {near}?")),
            None => error,
        };
        self.fail(error)
    }

    fn takes(
        &mut self,
        function: &Function,
        given: usize,
        (least, most): (usize, usize),
        member: bool,
    ) -> bool {
        let fits = (least..=most).contains(&given);
        if !fits {
            let name = function.name;
            let range = match name.rsplit_once('.') {
                Some((_, last)) => text::find(self.source, last, true),
                None => text::find(self.source, name, member),
            };
            let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
            let message =
                format!("`{name}` takes {wanted} argument{}, not {given}", if most == 1 { "" } else { "s" });
            self.fail(CompileError::new(range, message));
        }
        fits
    }

    fn function(&mut self, function: &'static Function, mut arguments: Vec<Node>, method: bool) -> Node {
        if is_beyond_kubernetes(function.name) {
            self.extensions.push(function.name);
        }
        match function.how {
            How::Library(charge) => {
                let call = library::call(function.name, arguments.len(), method);
                Node::Library { name: function.name, call: Box::new(call), charge, arguments }
            }
            How::Native(native @ (Native::Matches | Native::Find | Native::FindAll)) => {
                let constant = match arguments.get(1) {
                    Some(Node::Constant(Value::String(text))) => Some(text.to_string()),
                    _ => None,
                };
                let Some(constant) = constant else { return Node::Native { function: native, arguments } };
                match pattern::compile(&constant) {
                    Ok(pattern) => {
                        let most = (arguments.len() > 2).then(|| Box::new(arguments.swap_remove(2)));
                        let text = Box::new(arguments.swap_remove(0));
                        Node::Pattern { function: native, text, pattern: Box::new(pattern), most }
                    }
                    Err(why) => {
                        let range = text::find(self.source, function.name, true);
                        self.fail(CompileError::new(range, format!("not a regular expression: {why}")))
                    }
                }
            }
            How::Native(native) => match computed(native, &arguments) {
                Some(value) => Node::Constant(value),
                None => Node::Native { function: native, arguments },
            },
        }
    }

    fn part_call(&mut self, part: usize, name: &str, args: &[IdedExpr]) -> Node {
        let known = &self.vocabulary.parts[part];
        let Some(index) = known.functions.iter().position(|(function, _)| *function == name) else {
            let range = text::find(self.source, name, true);
            let names: Vec<&str> = known.functions.iter().map(|(name, _)| *name).collect();
            let error = CompileError::new(range, format!("`{}` has no function `{name}`", known.name));
            let error = match jobguard_text::nearest(name, names.iter().copied()) {
                Some(near) => error.help(format!("did you mean {near}?")),
                None => error,
            };
            return self.fail(error);
        };
        let (_, takes) = known.functions[index];
        if args.len() != takes {
            let range = text::find(self.source, name, true);
            let message = format!("`{}.{name}` takes {takes} argument(s), not {}", known.name, args.len());
            return self.fail(CompileError::new(range, message));
        }
        self.parts.push((part, None));
        Node::PartCall { part, function: index, arguments: self.nodes(args) }
    }
}

/// What is the same in every evaluation: `quantity('8Gi')`, `duration('24h')`. None for what has no value, which is for the
/// evaluation to say.
fn computed(native: Native, arguments: &[Node]) -> Option<Value> {
    const STEPS: u64 = 1_000;
    if !matches!(native, Native::Quantity | Native::Duration | Native::Timestamp) {
        return None;
    }
    let constant = |node: &Node| match node {
        Node::Constant(value) => Some(value.clone()),
        _ => None,
    };
    let arguments: Vec<Value> = arguments.iter().map(constant).collect::<Option<_>>()?;
    natives::call(native, &arguments, &mut Budget::new(STEPS)).ok()
}
