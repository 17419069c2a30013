//! Paths to the Jobs of an object: field names, and `[*]` for every element of a list or every value of a map.

use std::borrow::Cow;
use std::fmt;

use jobguard_manifest::{FieldPath, NodeId, NodeKind, Segment, Tree};

/// How many Jobs of one object are judged. An object that holds more is not judged at all.
pub const MAX_JOBS: usize = 1_000;

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

    /// The values at the end of the path, below `node`, with their paths: `most` of them, in the order of the text.
    pub(super) fn find(&self, tree: &Tree<'_>, node: NodeId, most: usize) -> Vec<(FieldPath, NodeId)> {
        let mut found = Vec::new();
        walk(tree, node, &self.0, FieldPath::root(), most, &mut found);
        found
    }
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

fn walk(
    tree: &Tree<'_>,
    node: NodeId,
    steps: &[Step],
    path: FieldPath,
    most: usize,
    found: &mut Vec<(FieldPath, NodeId)>,
) {
    if found.len() >= most {
        return;
    }
    match (steps, &tree[node].kind) {
        ([], NodeKind::Null) => {}
        ([], _) => found.push((path, node)),
        ([Step::Field(name), rest @ ..], _) => {
            if let Some(below) = tree.get(node, name) {
                walk(tree, below, rest, path.field(name.clone()), most, found);
            }
        }
        ([Step::Each, rest @ ..], NodeKind::Seq(items)) => {
            for (index, item) in items.iter().enumerate() {
                walk(tree, *item, rest, path.clone().index(index), most, found);
            }
        }
        ([Step::Each, rest @ ..], NodeKind::Map(entries)) => {
            for entry in entries.iter().filter(|entry| !entry.shadowed) {
                let mut below = path.clone();
                below.push(Segment::Key(Cow::Owned(entry.key.to_string())));
                walk(tree, entry.value, rest, below, most, found);
            }
        }
        _ => {}
    }
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
            let found = Pattern::parse(pattern).unwrap().find(tree, tree.root(), most);
            found.iter().map(|(path, node)| format!("{path}={}", tree.to_value(*node))).collect()
        };
        assert_eq!(find("spec.a[*].j", 9), ["spec.a[0].j=1", "spec.a[2].j=3"]);
        assert_eq!(find("spec.a[*].j", 1), ["spec.a[0].j=1"]);
        assert_eq!(find("spec.b[*].j", 9), ["spec.b[x].j=4"]);
        assert_eq!(find("spec.b.j", 9), Vec::<String>::new());
    }
}
