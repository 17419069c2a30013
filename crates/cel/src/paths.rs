//! What of the variables an expression looks at: who makes their values need not make the rest.

use std::sync::Arc;

use crate::node::Node;

/// A part of a variable, or of a part's field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// Where it begins.
    pub root: Root,
    /// What follows.
    pub steps: Vec<PathStep>,
    /// Whether the value there is looked at; else just whether it is there, or what kind of value it is.
    pub whole: bool,
}

/// Where a path begins, by positions in the vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// A variable.
    Variable(usize),
    /// A field of a part.
    Field {
        /// The part.
        part: usize,
        /// The field.
        field: usize,
    },
}

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathStep {
    /// A field, by its name.
    Field(Arc<str>),
    /// Any element, or all of them.
    Element,
}

/// The paths that a node looks at, in order.
pub(crate) fn paths(node: &Node) -> Vec<Path> {
    let mut finder = Finder { paths: Vec::new(), locals: Vec::new() };
    finder.whole(node);
    finder.paths.sort_unstable();
    finder.paths.dedup();
    finder.paths
}

struct Finder {
    paths: Vec<Path>,
    /// What macros bind: the path of each, where it has one.
    locals: Vec<Option<Path>>,
}

impl Finder {
    /// Of a node whose value is used, whatever for.
    fn whole(&mut self, node: &Node) {
        if let Some(path) = self.part(node) {
            self.paths.push(Path { whole: true, ..path });
        }
    }

    /// Of a node of whose value only parts are used: the path of the value. Without one, all of what it is made of is used.
    fn part(&mut self, node: &Node) -> Option<Path> {
        let at = |root| Some(Path { root, steps: Vec::new(), whole: false });
        match node {
            Node::Variable(index) => at(Root::Variable(*index)),
            Node::Field { part, field } => at(Root::Field { part: *part, field: *field }),
            Node::Local(place) => self.locals.get(*place).cloned().flatten(),
            Node::Select { of, field } | Node::OptionalSelect { of, field } => {
                self.step(of, PathStep::Field(Arc::clone(field)))
            }
            Node::Index { of, at } | Node::OptionalIndex { of, at } => {
                self.whole(at);
                self.step(of, PathStep::Element)
            }
            Node::Has { of, field } => {
                let path = self.step(of, PathStep::Field(Arc::clone(field)));
                self.paths.extend(path);
                None
            }
            Node::HasField { part, field } => {
                self.paths.extend(at(Root::Field { part: *part, field: *field }));
                None
            }
            Node::Fold(fold) => {
                let element = self.step(&fold.range, PathStep::Element);
                self.paths.extend(element.clone());
                let before = self.locals.len();
                if fold.two {
                    self.locals.push(None);
                }
                self.locals.push(element);
                self.all(fold.filter.iter().chain([&fold.body]));
                self.locals.truncate(before);
                None
            }
            Node::Bind { value, body } => {
                let value = self.part(value);
                self.paths.extend(value.clone());
                self.within(value, body)
            }
            Node::OptionalMap { of, body, flat: _ } => {
                self.whole(of);
                let body = self.within(None, body);
                self.paths.extend(body.map(|path| Path { whole: true, ..path }));
                None
            }
            Node::Not(of) | Node::Negate(of) => self.each([&**of]),
            Node::And(left, right) | Node::Or(left, right) | Node::Binary { operator: _, left, right } => {
                self.each([&**left, &**right])
            }
            Node::If { condition, then, otherwise } => self.each([&**condition, &**then, &**otherwise]),
            Node::List(elements) => self.each(elements.iter().map(|(element, _)| element)),
            Node::Map(entries) => self.each(entries.iter().flat_map(|(key, value, _)| [key, value])),
            Node::PartCall { part: _, function: _, arguments }
            | Node::Native { function: _, arguments }
            | Node::Library { name: _, call: _, charge: _, arguments } => self.each(arguments),
            Node::Pattern { function: _, text, pattern: _, most } => {
                self.each([&**text].into_iter().chain(most.as_deref()))
            }
            Node::Constant(_) | Node::PartIsNull(_) => None,
        }
    }

    fn step(&mut self, of: &Node, step: PathStep) -> Option<Path> {
        let mut path = self.part(of)?;
        path.steps.push(step);
        Some(path)
    }

    /// With one more name bound.
    fn within(&mut self, value: Option<Path>, body: &Node) -> Option<Path> {
        self.locals.push(value);
        let path = self.part(body);
        self.locals.pop();
        path
    }

    fn all<'n>(&mut self, nodes: impl IntoIterator<Item = &'n Node>) {
        nodes.into_iter().for_each(|node| self.whole(node));
    }

    /// The same: what is made of them has no path.
    fn each<'n>(&mut self, nodes: impl IntoIterator<Item = &'n Node>) -> Option<Path> {
        self.all(nodes);
        None
    }
}
