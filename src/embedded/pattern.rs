//! Paths to the Jobs of an object: field names, and `[*]` for every element of a list or every value of a map.

use std::borrow::Cow;
use std::fmt;

use jobguard_apiserver::{must_be_list, must_be_object};
use jobguard_manifest::{FieldPath, NodeId, NodeKind, Segment, Tree};
use jobguard_text::{nearest, quote_within};

/// How many Jobs of one object are judged. An object that holds more is not judged at all.
pub const MAX_JOBS: usize = 1_000;

/// Among how many keys of an object a misspelt one is looked for.
const MAX_KEYS: usize = 100;

/// The most that is quoted of a key, in characters.
const MAX_QUOTED: usize = 60;

/// The longest path, in bytes.
const MAX_BYTES: usize = 512;

/// A path with wildcards: `spec.replicatedJobs[*].template`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(Cow<'static, str>),
    Each,
}

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// There is nothing.
    #[error("it is empty")]
    Empty,
    /// It is longer than any path to a Job.
    #[error("it is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// A step is none.
    #[error("{0:?} is neither a field name nor [*]")]
    Step(String),
}

impl Pattern {
    /// Reads a path.
    ///
    /// # Errors
    ///
    /// Why it is none.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.len() > MAX_BYTES {
            return Err(PatternError::TooLong);
        }
        let mut steps = Vec::new();
        for part in text.split('.') {
            let name = part.trim_end_matches("[*]");
            let is_name = !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            if !is_name {
                return Err(PatternError::Step(part.to_owned()));
            }
            steps.push(Step::Field(Cow::Owned(name.to_owned())));
            steps.extend(std::iter::repeat_n(Step::Each, (part.len() - name.len()) / "[*]".len()));
        }
        Ok(Self(steps))
    }

    /// The field at the end of a path without wildcards.
    pub fn as_field(&self) -> Option<FieldPath> {
        self.0.iter().try_fold(FieldPath::root(), |path, step| match step {
            Step::Field(name) => Some(path.field(name.clone())),
            Step::Each => None,
        })
    }

    /// What stands at the end of the path, below `node`: `most` values, in the order of the text.
    pub(super) fn find(
        &self,
        tree: &Tree<'_>,
        node: NodeId,
        most: usize,
        structure: Option<&Structure>,
    ) -> Found {
        let mut search = Search { tree, structure, most, found: Found::default() };
        search.walk(node, &self.0, FieldPath::root());
        search.found
    }

    /// The field of the path that comes next where it leads to nothing: where something would have to be written.
    pub(super) fn end(&self, tree: &Tree<'_>, mut node: NodeId) -> FieldPath {
        let mut path = FieldPath::root();
        for step in &self.0 {
            let Step::Field(name) = step else { break };
            path = path.field(name.clone());
            match tree.get(node, name) {
                Some(below) => node = below,
                None => break,
            }
        }
        path
    }
}

/// What the schema of a kind says of the way to its Jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Structure {
    /// The fields on the way that must be there.
    pub required: &'static [&'static str],
    /// Whether an object without a Job is good for nothing.
    pub needs_jobs: bool,
    /// What may stand there in the place of a Job.
    pub instead: Option<&'static str>,
}

/// A field on the way to a Job that does not lead on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misplaced {
    /// The field.
    pub path: FieldPath,
    /// What is wrong with it.
    pub problem: String,
}

/// What stands at the end of a path.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Values, and where they stand.
    pub(super) values: Vec<(FieldPath, NodeId)>,
    /// Where the way ends before.
    pub(super) misplaced: Vec<Misplaced>,
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if position == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Each => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

/// Goes all the ways of a path.
struct Search<'s, 't> {
    tree: &'s Tree<'t>,
    /// None of a kind of which nothing is known but the path: its lists may have elements of several types.
    structure: Option<&'s Structure>,
    most: usize,
    found: Found,
}

impl Search<'_, '_> {
    fn walk(&mut self, node: NodeId, steps: &[Step], path: FieldPath) {
        if self.found.values.len() >= self.most {
            return;
        }
        let tree = self.tree;
        match (steps, &tree[node].kind) {
            ([], NodeKind::Null) => {}
            ([], _) => self.found.values.push((path, node)),
            ([Step::Field(name), rest @ ..], NodeKind::Map(_)) => {
                self.field(node, name, rest, path.field(name.clone()))
            }
            ([Step::Field(_), ..], other) => self.misplaced(path, must_be_object(other)),
            ([Step::Each, rest @ ..], NodeKind::Seq(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.walk(*item, rest, path.clone().index(index));
                }
            }
            ([Step::Each, rest @ ..], NodeKind::Map(entries)) if self.structure.is_none() => {
                for entry in entries.iter().filter(|entry| !entry.shadowed) {
                    let mut below = path.clone();
                    below.push(Segment::Key(Cow::Owned(entry.key.to_string())));
                    self.walk(entry.value, rest, below);
                }
            }
            // The API server takes such a field for one that is not there.
            ([Step::Each, ..], NodeKind::Null) => {}
            ([Step::Each, ..], other) => self.misplaced(path, must_be_list(other)),
        }
    }

    /// Goes on to the field `name` of an object, which stands at `path`.
    fn field(&mut self, node: NodeId, name: &str, rest: &[Step], path: FieldPath) {
        let is_required = self.structure.is_some_and(|known| known.required.contains(&name));
        match self.tree.get(node, name).map(|below| (below, &self.tree[below].kind)) {
            // A manifest with a field that only Jobs have is meant to be a Job.
            Some((_, null @ NodeKind::Null)) if is_required || rest.is_empty() => {
                self.misplaced(path, must_be_object(null));
            }
            Some((_, NodeKind::Null)) => {}
            Some((below, _)) => self.walk(below, rest, path),
            None if is_required => {
                let near = near_key(self.tree, node, name);
                let meant =
                    near.map(|key| format!("; {} is perhaps meant to be it", quote_within(key, MAX_QUOTED)));
                let meant = meant.unwrap_or_default();
                self.misplaced(path, format!("is missing, and must be an object (key: value){meant}"));
            }
            None => {}
        }
    }

    fn misplaced(&mut self, path: FieldPath, problem: String) {
        if self.structure.is_some() && self.found.misplaced.len() < MAX_JOBS {
            self.found.misplaced.push(Misplaced { path, problem });
        }
    }
}

/// The key of an object that has nearly the name of a field which it has not.
pub(super) fn near_key<'t>(tree: &'t Tree<'_>, node: NodeId, name: &str) -> Option<&'t str> {
    let NodeKind::Map(entries) = &tree[node].kind else { return None };
    let is_absent = tree.get(node, name).is_none();
    nearest(name, entries.iter().map(|entry| &*entry.key).take(MAX_KEYS)).filter(|_| is_absent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jobguard_manifest as manifest;

    #[test]
    fn paths_are_read_and_written() {
        for text in ["spec", "spec.replicatedJobs[*].template", "spec.matrix[*][*].job"] {
            assert_eq!(Pattern::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Pattern::parse(""), Err(PatternError::Empty));
        assert_eq!(Pattern::parse(&"a".repeat(600)), Err(PatternError::TooLong));
        for text in ["spec.", ".spec", "spec..a", "[*].a", "spec[0].a", "spec[*", "spec[*]a", "a b", "$.spec"]
        {
            assert!(matches!(Pattern::parse(text), Err(PatternError::Step(_))), "{text}");
        }
    }

    #[test]
    fn values_are_found_in_lists_and_maps() {
        let documents = manifest::read("spec: {a: [{j: 1}, {k: 2}, {j: 3}, {j: null}], b: {x: {j: 4}}}");
        let tree = documents[0].content.as_ref().unwrap();
        let find = |pattern: &str, most| -> Vec<String> {
            let found = Pattern::parse(pattern).unwrap().find(tree, tree.root(), most, None);
            assert!(found.misplaced.is_empty());
            found.values.iter().map(|(path, node)| format!("{path}={}", tree.to_value(*node))).collect()
        };
        assert_eq!(find("spec.a[*].j", 9), ["spec.a[0].j=1", "spec.a[2].j=3"]);
        assert_eq!(find("spec.a[*].j", 1), ["spec.a[0].j=1"]);
        assert_eq!(find("spec.b[*].j", 9), ["spec.b[x].j=4"]);
        assert_eq!(find("spec.b.j", 9), Vec::<String>::new());
    }

    #[test]
    fn ways_that_end_before() {
        let structure = Structure { required: &["job"], needs_jobs: true, instead: None };
        let pattern = Pattern::parse("spec.a[*].job").unwrap();
        for (text, places) in [
            ("{}", &[][..]),
            ("spec: null", &[]),
            ("spec: {a: null}", &[]),
            ("spec: x", &["spec must be an object (key: value), not the string \"x\""]),
            (
                "spec: {a: [{jop: {}}]}",
                &[
                    "spec.a[0].job is missing, and must be an object (key: value); \"jop\" is perhaps meant to be it",
                ],
            ),
            ("spec: {a: {job: {}}}", &["spec.a must be a list, not an object"]),
            (
                "spec: {a: [null, 3, {}, {job: null}, {job: {}}]}",
                &[
                    "spec.a[0] must be an object (key: value), not nothing",
                    "spec.a[1] must be an object (key: value), not the number 3",
                    "spec.a[2].job is missing, and must be an object (key: value)",
                    "spec.a[3].job must be an object (key: value), not nothing",
                ],
            ),
        ] {
            let documents = manifest::read(text);
            let tree = documents[0].content.as_ref().unwrap();
            let found = pattern.find(tree, tree.root(), 9, Some(&structure));
            let said: Vec<String> =
                found.misplaced.iter().map(|one| format!("{} {}", one.path, one.problem)).collect();
            assert_eq!(said, places, "{text}");
            assert!(pattern.find(tree, tree.root(), 9, None).misplaced.is_empty());
        }
    }

    #[test]
    fn what_comes_next() {
        let pattern = Pattern::parse("spec.a[*].job").unwrap();
        for (text, path) in
            [("{}", "spec"), ("spec: {}", "spec.a"), ("spec: {a: []}", "spec.a"), ("spec: null", "spec.a")]
        {
            let documents = manifest::read(text);
            let tree = documents[0].content.as_ref().unwrap();
            assert_eq!(pattern.end(tree, tree.root()).to_string(), path, "{text}");
        }
    }
}
