//! What examining a text comes to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::namesakes::{Identity, Incomplete};
use super::neighbours::NeighbourFacts;
use crate::diagnostic::ObjectId;
use crate::engine::{Finding, Kept, Questions};
use jobguard_manifest::{Document, FieldPath, NodeId};

/// What the rules about the whole input found in one text, by the object's number in it.
pub(crate) type InputFindings = BTreeMap<usize, Vec<Finding>>;

/// What a text holds, and what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Examined<'t> {
    /// The relevant documents by their position in the text: those with a Job or CronJob, and those that cannot be read.
    pub(crate) documents: BTreeMap<usize, Document<'t>>,
    /// How many documents there are.
    pub(crate) count: usize,
    /// A hash of the texts and positions of all others.
    pub(crate) others: u64,
    /// The Jobs and CronJobs in the documents.
    pub(crate) objects: Vec<Examinee>,
    /// The findings.
    pub(crate) found: Vec<Found>,
    /// The findings that do not count, since an exception of the policy or an annotation says so.
    pub(crate) suppressed: Vec<Found>,
    /// The objects beside them that rules know.
    pub(crate) neighbours: NeighbourFacts,
    /// What rules asked about neighbours that are not known yet.
    pub(crate) questions: Questions,
    /// The template that the document at hand was rendered from.
    pub(super) template: Option<&'t str>,
    /// Those of the objects that lack no required field.
    pub(crate) complete: Vec<Identity>,
    /// Those that lack one, and may be patches, by their numbers.
    pub(crate) doubtful: Vec<(usize, Incomplete)>,
    /// What rules about the whole input keep, by the object's number.
    pub(crate) kept: Vec<(usize, Vec<Kept>)>,
    /// Whether a rule needs what is known only once the whole input has been read.
    pub(crate) incomplete: bool,
    /// The number of the first of the objects.
    pub(crate) first: usize,
    /// How many objects may still be examined.
    pub(crate) left: usize,
    /// How many were not.
    pub(crate) too_many: usize,
}

impl Examined<'_> {
    /// Nothing yet: the first object will have the number `first`, and at most `left` are examined.
    pub(crate) fn starting_at(first: usize, left: usize) -> Self {
        Self { first, left, ..Self::default() }
    }
}

/// A Job or CronJob in a text.
#[derive(Debug)]
pub(crate) struct Examinee {
    /// The position of its document.
    pub(crate) document: usize,
    /// Its path in the document.
    pub(crate) base: FieldPath,
    /// Its node in the document's tree.
    pub(crate) node: NodeId,
    /// What identifies it.
    pub(crate) id: Arc<ObjectId>,
    /// Whether it could be decoded, and so was checked by all rules.
    pub(crate) judged: bool,
}

/// A finding, and the document and object that it is about.
#[derive(Debug)]
pub(crate) struct Found {
    /// The finding.
    pub(crate) finding: Finding,
    /// The position of the document.
    pub(crate) document: usize,
    /// The index of the object; none for a document that cannot be read.
    pub(crate) object: Option<usize>,
    /// Whether it only follows from another, and is not reported.
    pub(crate) follows: bool,
}
