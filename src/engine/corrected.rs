//! An object as it might have been meant: with the corrections that decoding suggests.
//!
//! What is said of an object must not rest on a fault that is reported anyway. Where a field is misspelt, stands in another
//! place or has a value of the wrong type, the object is judged a second time, with the fault corrected; what is found in
//! one of the two alone depends on the fault, and is left to the next time.

use std::collections::HashSet;

use serde_json::Value;

use super::{Check, Finding, Verdict};
use jobguard_apiserver::{Cause, Decoded, Kind, Server, Topic, Workload};
use jobguard_manifest::edit::{Edit, perform};
use jobguard_manifest::{FieldPath, NodeId, Tree};

/// An object with more values than this is judged once, as it is: each look costs what the object does.
const MAX_NODES: usize = 200_000;

/// How many rules are named that wait for a correction.
const NAMED: usize = 4;

/// An object in a document, and what decoding it came to.
#[derive(Clone, Copy)]
pub(crate) struct Faulty<'a> {
    pub(crate) server: &'a Server,
    pub(crate) tree: &'a Tree<'a>,
    pub(crate) node: NodeId,
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    pub(crate) decoded: &'a Decoded,
}

/// An object with a change to it.
pub(crate) struct Variant {
    /// Its JSON, where that is not what is written.
    pub(crate) value: Option<Value>,
    pub(crate) workload: Workload,
}

impl Faulty<'_> {
    /// The object without the values of a wrong type; none where nothing is left of it.
    pub(crate) fn without_mistyped(&self) -> Option<Variant> {
        let mistyped = &self.decoded.mistyped;
        if mistyped.is_empty() || mistyped.iter().any(|one| one.path == FieldPath::root()) {
            return None;
        }
        let nothing = mistyped.iter().map(|one| (one.path.clone(), Value::Null));
        self.with(nothing.map(|(path, value)| Edit::Set { path, value }).collect())
    }

    /// The object with what its faults suggest: none where they suggest nothing. In the place of a value of a wrong type
    /// that says nothing of the one that is meant stands some other, or none.
    pub(crate) fn corrected(&self) -> Option<Variant> {
        let suggested = self.decoded.complaints.iter().filter_map(|error| error.suggestion.as_ref());
        let edits: Vec<Edit> = suggested.map(|suggestion| self.plain(&suggestion.edit)).collect();
        let is_corrected = |path: &FieldPath| {
            edits.iter().any(|edit| matches!(edit, Edit::Set { path: set, .. } if set == path))
        };
        let others = self.decoded.mistyped.iter().filter(|one| !is_corrected(&one.path));
        let mut all: Vec<Edit> =
            others.map(|one| Edit::Set { path: one.path.clone(), value: stand_in(&one.expected) }).collect();
        all.extend(edits);
        if all.is_empty() { None } else { self.with(all) }
    }

    /// An edit that needs no text.
    fn plain(&self, edit: &Edit) -> Edit {
        match edit {
            Edit::Quote { path } => {
                let span = self.tree.locate(self.node, path).span;
                let written = self.text.get(span.start..span.end).unwrap_or_default();
                Edit::Set { path: path.clone(), value: written.into() }
            }
            other => other.clone(),
        }
    }

    fn with(&self, edits: Vec<Edit>) -> Option<Variant> {
        if self.tree.node_count() > MAX_NODES {
            return None;
        }
        let mut value = self.tree.to_value(self.node);
        for edit in &edits {
            // One may be in the way of another: what can be done is done.
            let _ = perform(&mut value, self.text, self.tree, &FieldPath::root(), edit);
        }
        let tree = Tree::from_value(&value);
        let workload = self.server.decode(&tree, tree.root(), self.kind).workload?;
        Some(Variant { value: Some(value), workload })
    }
}

/// Some value of the type that the API server expects.
fn stand_in(expected: &str) -> Value {
    match expected {
        "int32" | "int64" => 1.into(),
        "bool" => true.into(),
        _ => Value::Null,
    }
}

/// What is found of an object, to be held against what is found of its other variant.
pub(crate) struct Compared<'a> {
    of_other: &'a Verdict,
    /// Whether all values have their types.
    is_whole: bool,
    found_there: HashSet<(&'static str, &'a FieldPath)>,
    mistyped: HashSet<&'a FieldPath>,
    above_mistyped: HashSet<FieldPath>,
}

impl<'a> Compared<'a> {
    pub(crate) fn with(of_other: &'a Verdict, decoded: &'a Decoded, is_whole: bool) -> Self {
        let Verdict { findings, folded, suppressed, .. } = of_other;
        let all = findings.iter().chain(folded).chain(suppressed);
        let mistyped: HashSet<&FieldPath> = decoded.mistyped.iter().map(|one| &one.path).collect();
        let parents = |path: &&FieldPath| std::iter::successors(path.parent(), FieldPath::parent);
        Self {
            of_other,
            is_whole,
            found_there: all.map(|finding| (finding.rule.id(), &finding.path)).collect(),
            above_mistyped: mistyped.iter().flat_map(parents).collect(),
            mistyped,
        }
    }

    /// Takes out of `findings` those that depend on a fault of the text, and returns them. Where all values have their types,
    /// what the API server objects to stands, but for what is missing.
    pub(crate) fn take(&self, findings: &mut Vec<Finding>) -> Vec<Finding> {
        let (depend, stand) = std::mem::take(findings).into_iter().partition(|finding| self.depends(finding));
        *findings = stand;
        depend
    }

    fn depends(&self, finding: &Finding) -> bool {
        if is_of_decoding(finding)
            || (self.is_whole && !matches!(finding.cause, None | Some(Cause::Required)))
        {
            return false;
        }
        self.touches_mistyped(finding) || !self.found_there.contains(&(finding.rule.id(), &finding.path))
    }

    fn touches_mistyped(&self, finding: &Finding) -> bool {
        if self.mistyped.is_empty() {
            return false;
        }
        let related = finding.related.iter().map(|related| &related.path);
        related.chain([&finding.path, finding.place()]).any(|path| {
            self.above_mistyped.contains(path)
                || self.mistyped.contains(path)
                || std::iter::successors(path.parent(), FieldPath::parent)
                    .any(|above| self.mistyped.contains(&above))
        })
    }

    /// The ids of the rules that find something in the other variant alone.
    pub(crate) fn found_there_alone(&self, findings: &[Finding]) -> Vec<&'static str> {
        let here: HashSet<&str> = findings.iter().map(|finding| finding.rule.id()).collect();
        rules_of(&self.of_other.findings).into_iter().filter(|id| !here.contains(id)).collect()
    }
}

/// The ids of the rules that judge an object, of these findings. What the API server says, and what is about the text,
/// does not wait for anything.
pub(crate) fn rules_of(findings: &[Finding]) -> Vec<&'static str> {
    let is_judged =
        |finding: &&Finding| finding.cause.is_none() && matches!(finding.rule.check, Check::Object(_));
    findings.iter().filter(is_judged).map(|finding| finding.rule.id()).collect()
}

/// Whether a finding is about what is written, and not about what it means.
fn is_of_decoding(finding: &Finding) -> bool {
    [Topic::Type, Topic::UnknownField, Topic::DuplicateKey].iter().any(|topic| is_about(finding, *topic))
}

/// Whether a finding is about a value of the wrong type.
pub(crate) fn is_about_type(finding: &Finding) -> bool {
    is_about(finding, Topic::Type)
}

fn is_about(finding: &Finding, topic: Topic) -> bool {
    matches!(&finding.rule.check, Check::Server(check) if check.topic == topic)
}

/// Leaves the other fixes of an object with values of a wrong type until those are corrected, and says at the first of
/// them which rules are.
pub(crate) fn settle_mistyped(findings: &mut [Finding], mut waiting: Vec<&'static str>) {
    findings.iter_mut().filter(|finding| !is_of_decoding(finding)).for_each(|finding| finding.fix = None);
    waiting.sort_unstable();
    waiting.dedup();
    let of_types = findings.iter().filter(|finding| is_about_type(finding)).count();
    let corrected = if of_types == 1 { "it is corrected" } else { "all such values are corrected" };
    let Some(finding) = findings.iter_mut().find(|finding| is_about_type(finding)) else {
        return;
    };
    let more = waiting.len().saturating_sub(NAMED);
    let names = match (waiting.as_slice(), more) {
        ([], _) => return,
        ([only], _) => format!("{only} is"),
        ([first @ .., last], 0) => format!("{} and {last} are", first.join(", ")),
        (_, more) => format!("{} and {more} more rules are", waiting[..NAMED].join(", ")),
    };
    let not_judged = format!("{names} not checked until {corrected}");
    finding.help = Some(match finding.help.take() {
        Some(help) => format!("{help}; {not_judged}"),
        None => not_judged,
    });
}
