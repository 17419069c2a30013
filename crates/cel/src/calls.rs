//! Calls of functions and methods: who computes them, and whether they are called as they have to be.

use std::ops::Range;

use crate::ast::{Expr, Kind};
use crate::functions::{
    FUNCTIONS, Function, How, MACROS, Native, function, is_beyond_kubernetes, is_namespace,
};
use crate::lower::{Lowering, NOTHING};
use crate::node::Node;
use crate::signatures::{self, Forms};
use crate::{Budget, CompileError, Value, library, natives, pattern};

impl Lowering<'_> {
    pub(crate) fn call(
        &mut self,
        target: Option<&Expr>,
        name: &str,
        args: &[Expr],
        at: Range<usize>,
    ) -> Node {
        let Some(target) = target else { return self.global(name, args, at) };
        if let Some(part) = self.part(target) {
            return self.part_call(part, name, args, at);
        }
        if let Kind::Ident(namespace) = &target.kind
            && self.local(namespace).is_none()
            && (is_namespace(namespace) || namespace == "cel")
        {
            // `ip` is a function as well, and may be a variable's name.
            return self.global(&format!("{namespace}.{name}"), args, at);
        }
        let forms = signatures::forms(name);
        match function(name) {
            Some(function) if forms.method.is_some() => {
                if !self.takes(function, forms, args.len(), true, at.clone()) {
                    return NOTHING;
                }
                let mut arguments = vec![self.node(target)];
                arguments.extend(self.nodes(args));
                self.function(function, arguments, true, args.first().map_or(at, |arg| arg.at.clone()))
            }
            Some(_) => {
                let message = format!("`{name}` is not called with a dot");
                self.fail(CompileError::new(at, message).help(format!("write {name}(…)")))
            }
            None => {
                // What is wrong before the dot is told instead.
                let before = self.errors.len();
                self.node(target);
                if self.errors.len() > before { NOTHING } else { self.unknown_function(name, at) }
            }
        }
    }

    fn global(&mut self, name: &str, args: &[Expr], at: Range<usize>) -> Node {
        let forms = signatures::forms(name);
        match function(name) {
            Some(function) if forms.global.is_some() => {
                if !self.takes(function, forms, args.len(), false, at.clone()) {
                    return NOTHING;
                }
                let arguments = self.nodes(args);
                self.function(function, arguments, false, args.last().map_or(at, |arg| arg.at.clone()))
            }
            Some(_) => {
                let message = format!("`{name}` is called on a value");
                self.fail(CompileError::new(at, message).help(format!("write value.{name}(…)")))
            }
            None => self.unknown_function(name, at),
        }
    }

    fn unknown_function(&mut self, name: &str, at: Range<usize>) -> Node {
        if MACROS.contains(&name) {
            let message = format!("`{name}` is called with other arguments");
            let help = match name {
                "has" => "write has(object.spec.suspend), say",
                "cel.bind" => "write cel.bind(name, value, expression)",
                "map" => "write list.map(x, x + 1), or list.map(x, condition, x + 1)",
                "optMap" | "optFlatMap" => "write object.?spec.optMap(x, x.suspend), say",
                "transformList" | "transformMap" => "write list.transformList(index, value, value + 1), say",
                _ => "write list.all(x, x > 0), say",
            };
            return self.fail(CompileError::new(at, message).help(help));
        }
        let known = FUNCTIONS.iter().map(|function| function.name).chain(MACROS.iter().copied());
        let error = CompileError::new(at, format!("unknown function `{name}`"));
        let error = match jobguard_text::nearest(name, known) {
            Some(near) => error.help(format!("did you mean {near}?")),
            None => error,
        };
        self.fail(error)
    }

    fn takes(
        &mut self,
        function: &Function,
        forms: Forms,
        given: usize,
        member: bool,
        at: Range<usize>,
    ) -> bool {
        let Some((least, most)) = (if member { forms.method } else { forms.global }) else { return true };
        let fits = (least..=most).contains(&given);
        if !fits {
            self.fail(CompileError::new(at, counted(function.name, (least, most), given)));
        }
        fits
    }

    fn function(
        &mut self,
        function: &'static Function,
        mut arguments: Vec<Node>,
        method: bool,
        at: Range<usize>,
    ) -> Node {
        if is_beyond_kubernetes(function.name) {
            self.extensions.push(function.name);
        }
        self.requires.extend(signatures::since(function.name).map(|since| (function.name, since)));
        match function.how {
            How::Library(charge) => {
                let call = library::call(function.name, arguments.len(), method);
                // What reads a text has no value of a text that it cannot read, whatever else there is.
                if let (true, [Node::Constant(text @ Value::String(_))]) =
                    (["cidr", "ip", "semver", "url"].contains(&function.name), arguments.as_slice())
                    && let Err(error) = library::evaluate(
                        function.name,
                        &call,
                        charge,
                        vec![text.clone()],
                        &mut Budget::new(STEPS),
                    )
                {
                    return self.fail(CompileError::new(at, error.to_string()));
                }
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
                        let error =
                            CompileError::new(at, format!("not a regular expression: {}", why.message));
                        self.fail(match why.help {
                            Some(help) => error.help(help),
                            None => error,
                        })
                    }
                }
            }
            How::Native(native) => match computed(native, function.name, &arguments) {
                Some(Ok(value)) => Node::Constant(value),
                // Nobody means what has no value whatever there is.
                Some(Err(message)) => self.fail(CompileError::new(at, message)),
                None => Node::Native { function: native, arguments },
            },
        }
    }

    fn part_call(&mut self, part: usize, name: &str, args: &[Expr], at: Range<usize>) -> Node {
        let known = &self.vocabulary.parts[part];
        let Some(index) = known.functions.iter().position(|function| function.name == name) else {
            let names: Vec<&str> = known.functions.iter().map(|function| function.name).collect();
            if known.fields.iter().any(|(field, _)| *field == name) {
                let message = format!("`{}.{name}` is a field", known.name);
                return self
                    .fail(CompileError::new(at, message).help(format!("write {}.{name}", known.name)));
            }
            let error = CompileError::new(at, format!("`{}` has no function `{name}`", known.name));
            let error = match jobguard_text::nearest(name, names.iter().copied()) {
                Some(near) => error.help(format!("did you mean {near}?")),
                None => error,
            };
            return self.fail(error);
        };
        let function = &known.functions[index];
        let takes = function.arguments.len();
        if args.len() != takes {
            let name = format!("{}.{name}", known.name);
            return self.fail(CompileError::new(at, counted(&name, (takes, takes), args.len())));
        }
        self.parts.push((part, None));
        let arguments = self.nodes(args);
        if let Some(check) = function.check
            && let Some(values) = arguments.iter().map(constant).collect::<Option<Vec<Value>>>()
            && let Err(error) = check(&values)
        {
            let at = args.first().map_or(at, |arg| arg.at.clone());
            return self.fail(CompileError::new(at, error.to_string()));
        }
        Node::PartCall { part, function: index, arguments }
    }
}

/// A call with the wrong number of arguments.
fn counted(name: &str, (least, most): (usize, usize), given: usize) -> String {
    let wanted = match (least, most) {
        (0, 0) => "no arguments".to_owned(),
        (1, 1) => "1 argument".to_owned(),
        (least, most) if least == most => format!("{least} arguments"),
        (least, most) if most == least + 1 => format!("{least} or {most} arguments"),
        (least, most) => format!("{least} to {most} arguments"),
    };
    format!("`{name}` takes {wanted}, not {given}")
}

fn constant(node: &Node) -> Option<Value> {
    match node {
        Node::Constant(value) => Some(value.clone()),
        _ => None,
    }
}

/// What a constant may cost.
const STEPS: u64 = 1_000;

/// What is the same in every evaluation: `quantity('8Gi')`, `duration('24h')`; or why it has no value.
fn computed(native: Native, name: &str, arguments: &[Node]) -> Option<Result<Value, String>> {
    let reads = matches!(
        native,
        Native::Quantity
            | Native::Duration
            | Native::Timestamp
            | Native::Int
            | Native::Uint
            | Native::Double
            | Native::Bool
            | Native::String
    );
    match arguments {
        [Node::Constant(Value::Null)] if reads => Some(Err(format!("`{name}` does not take null"))),
        [Node::Constant(value)] if reads && !matches!(value, Value::Opaque(_)) => {
            match natives::call(native, std::slice::from_ref(value), &mut Budget::new(STEPS)) {
                Ok(value) => Some(Ok(value)),
                // Of a type that it does not take, the check of types has more to say.
                Err(error) if error.is_of_types() => None,
                Err(error) => Some(Err(error.to_string())),
            }
        }
        _ => None,
    }
}
