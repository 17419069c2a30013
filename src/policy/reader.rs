//! Walks a value tree and gathers every fault on the way, instead of stopping at the first. Tests of policies are read by it
//! as well.

use std::collections::HashSet;

use jobguard_manifest::At;
use jobguard_manifest::{Entry, NodeId, NodeKind, Span, Tree};
use jobguard_text::{nearest, one_of, quote_within};

/// At most this many errors are reported; more help no one.
const MAX_FAULTS: usize = 100;

/// Longer lists of known names are not shown.
const MAX_LISTED: usize = 12;

/// A fault whose line and column are not worked out yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) span: Span,
    pub(crate) path: String,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// A value, with the span to point at when it is wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value {
    pub(crate) id: NodeId,
    pub(crate) span: Span,
}

/// One walk over one document.
#[derive(Debug)]
pub(crate) struct Reader<'t> {
    tree: &'t Tree<'t>,
    /// What the tree was read from.
    text: &'t str,
    faults: Vec<Fault>,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(tree: &'t Tree<'t>, text: &'t str) -> Self {
        Self { tree, text, faults: Vec::new() }
    }

    /// A value as it is written.
    pub(super) fn written(&self, value: Value) -> Option<&'t str> {
        self.text.get(value.span.start..value.span.end)
    }

    /// The faults found, in the order of the text.
    pub(crate) fn finish(mut self) -> Vec<Fault> {
        self.faults.sort_by_key(|fault| fault.span);
        self.faults
    }

    /// What is read by `read`, with the faults that it finds, which are not among the others.
    #[cfg(feature = "cli")]
    pub(crate) fn apart<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> (T, Vec<Fault>) {
        let others = std::mem::take(&mut self.faults);
        let value = read(self);
        let mut own = std::mem::replace(&mut self.faults, others);
        own.sort_by_key(|fault| fault.span);
        (value, own)
    }

    /// Puts faults to the others.
    #[cfg(feature = "cli")]
    pub(crate) fn add(&mut self, faults: Vec<Fault>) {
        self.faults.extend(faults);
    }

    /// How many faults were found; see [`Reader::apart`].
    #[cfg(feature = "cli")]
    pub(crate) fn count(&self) -> usize {
        self.faults.len()
    }

    /// The tree that is walked.
    #[cfg(feature = "cli")]
    pub(crate) fn tree(&self) -> &'t Tree<'t> {
        self.tree
    }

    pub(crate) fn root(&self) -> Value {
        let id = self.tree.root();
        Value { id, span: self.tree[id].span }
    }

    pub(crate) fn kind(&self, value: Value) -> &'t NodeKind<'t> {
        &self.tree[value.id].kind
    }

    /// The value of an entry. A missing one is pointed at through its key.
    pub(crate) fn value(&self, entry: &Entry<'_>) -> Value {
        let node = &self.tree[entry.value];
        let span = if matches!(node.kind, NodeKind::Null) { entry.key_span } else { node.span };
        Value { id: entry.value, span }
    }

    pub(crate) fn fault(
        &mut self,
        span: Span,
        at: &At<'_>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { span, path: at.to_string(), message: message.into(), help });
        }
    }

    /// A fault in a `word` that is none of those `known`, with the one that was likely meant.
    pub(crate) fn unknown(&mut self, span: Span, at: &At<'_>, message: String, word: &str, known: &[&str]) {
        // The search for similar names is the most expensive part: not for errors that are not shown.
        if self.faults.len() < MAX_FAULTS {
            let help = match nearest(word, known.iter().copied()) {
                Some(near) => Some(did_you_mean(near)),
                None if known.len() <= MAX_LISTED => Some(format!("known here: {}", known.join(", "))),
                None => None,
            };
            self.fault(span, at, message, help);
        }
    }

    /// The entries of an object, in the order of the text; none for `null`. Keys given twice are faults.
    pub(crate) fn entries(&mut self, value: Value, at: &At<'_>) -> Vec<&'t Entry<'t>> {
        let entries = match self.kind(value) {
            NodeKind::Map(entries) => entries,
            NodeKind::Null => return Vec::new(),
            other => {
                self.fault(value.span, at, format!("must be an object, not {}", describe(other)), None);
                return Vec::new();
            }
        };
        // What a merge key brings in is meant to be overridden; what stands here twice is not.
        let mut below = HashSet::new();
        for entry in entries.iter().rev().filter(|entry| !entry.merged) {
            if !below.insert(entry.key.as_ref()) {
                let message = format!("the key {} is given again below", quoted(&entry.key));
                self.fault(entry.key_span, at, message, Some("keep one of them".to_owned()));
            }
        }
        entries.iter().filter(|entry| !entry.shadowed).collect()
    }

    /// The entries of an object that has the keys `known` and no others.
    pub(crate) fn object(&mut self, value: Value, at: &At<'_>, known: &[&'static str]) -> Vec<&'t Entry<'t>> {
        let mut entries = self.entries(value, at);
        entries.retain(|entry| {
            let is_known = known.contains(&entry.key.as_ref());
            if !is_known {
                let message = format!("unknown key {}", quoted(&entry.key));
                self.unknown(entry.key_span, at, message, &entry.key, known);
            }
            is_known
        });
        entries
    }

    /// The elements of a list; none for `null`.
    pub(crate) fn list(&mut self, value: Value, at: &At<'_>) -> Vec<Value> {
        match self.kind(value) {
            NodeKind::Seq(items) => {
                items.iter().map(|id| Value { id: *id, span: self.tree[*id].span }).collect()
            }
            NodeKind::Null => Vec::new(),
            other => {
                self.fault(value.span, at, format!("must be a list, not {}", describe(other)), None);
                Vec::new()
            }
        }
    }

    pub(crate) fn string(&mut self, value: Value, at: &At<'_>) -> Option<&'t str> {
        match self.kind(value) {
            NodeKind::Str(text) => Some(text),
            other => {
                let help = match other {
                    NodeKind::Null | NodeKind::Seq(_) | NodeKind::Map(_) => None,
                    _ => Some("put it in quotes to make it a string".to_owned()),
                };
                self.fault(value.span, at, format!("must be a string, not {}", describe(other)), help);
                None
            }
        }
    }

    pub(crate) fn bool(&mut self, value: Value, at: &At<'_>) -> Option<bool> {
        match self.kind(value) {
            NodeKind::Bool(value) => Some(*value),
            other => {
                self.fault(value.span, at, format!("must be true or false, not {}", describe(other)), None);
                None
            }
        }
    }

    pub(crate) fn int(&mut self, value: Value, at: &At<'_>, min: i64, max: i64) -> Option<i64> {
        let number = match self.kind(value) {
            NodeKind::Int(number) => *number,
            NodeKind::Uint(_) => i64::MAX,
            other => {
                let help = match other {
                    NodeKind::Str(text) => jobguard_text::duration::whole_seconds(text)
                        .ok()
                        .map(|seconds| format!("write the number alone: {seconds}")),
                    _ => None,
                };
                self.fault(value.span, at, format!("must be a whole number, not {}", describe(other)), help);
                return None;
            }
        };
        if (min..=max).contains(&number) {
            return Some(number);
        }
        self.fault(value.span, at, format!("must be from {min} to {max}"), None);
        None
    }

    /// One of the `words`, each with its meaning.
    pub(crate) fn word<T: Copy>(
        &mut self,
        value: Value,
        at: &At<'_>,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let kind = self.kind(value);
        let NodeKind::Str(text) = kind else {
            self.fault(value.span, at, format!("must be {}, not {}", one_of(&known), describe(kind)), None);
            return None;
        };
        if let Some((_, meaning)) = words.iter().find(|(word, _)| word == text) {
            return Some(*meaning);
        }
        let help = nearest(text, known.iter().copied()).filter(|_| known.len() > 1).map(did_you_mean);
        self.fault(value.span, at, format!("must be {}, not {}", one_of(&known), quoted(text)), help);
        None
    }
}

pub(crate) fn did_you_mean(word: &str) -> String {
    format!("did you mean {word}?")
}

/// A short piece of the text, in quotes and on one line.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    quote_within(text, LONGEST)
}

/// What a value is, for "must be a string, not ...".
pub(crate) fn describe(kind: &NodeKind<'_>) -> String {
    match kind {
        NodeKind::Null => "nothing".to_owned(),
        NodeKind::Bool(value) => format!("the boolean {value}"),
        NodeKind::Int(value) => format!("the number {value}"),
        NodeKind::Uint(value) => format!("the number {value}"),
        NodeKind::Float(value) => format!("the number {value}"),
        NodeKind::Str(text) => format!("the string {}", quoted(text)),
        NodeKind::Seq(_) => "a list".to_owned(),
        NodeKind::Map(_) => "an object".to_owned(),
    }
}
