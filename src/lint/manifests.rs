//! The manifests of a text by what they are manifests of, for what is found in the objects that were made from them.

use super::classify::{Class, classify, type_of};
use super::common::object_id;
use super::locate::Places;
use crate::diagnostic::{Diagnostic, ObjectId};
use crate::embedded::OuterKinds;
use jobguard_manifest::{self as manifest, LineIndex, ObjectRef, Tree};

/// A manifest in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// What it is a manifest of.
    pub(crate) id: ObjectId,
    /// Which of the text's documents it is in, and which of the objects there it is.
    pub(crate) at: (usize, usize),
    /// The line that it starts on, from 1.
    pub(crate) line: usize,
    /// The column likewise.
    pub(crate) column: usize,
}

/// The manifests in a text: of Jobs, CronJobs and the kinds that hold Jobs. What cannot be read has none.
pub(crate) fn manifests(text: &str, kinds: &OuterKinds) -> Vec<Manifest> {
    let lines = LineIndex::new(text);
    let (mut found, mut document) = (Vec::new(), 0);
    manifest::read_each_within(text, None, |read| {
        if let Ok(tree) = &read.content {
            for (number, object) in manifest::objects(tree).into_iter().enumerate() {
                let (api_version, kind) = type_of(tree, &object);
                let is_one = matches!(classify(api_version, kind), Class::Workload(_))
                    || kinds.find(api_version, kind).is_some();
                if let Some(kind) = kind.filter(|_| is_one) {
                    let start = lines.position(tree[object.node].span.start);
                    let id = object_id(tree, &object, kind);
                    found.push(Manifest {
                        id,
                        at: (document, number),
                        line: start.line,
                        column: start.column,
                    });
                }
            }
        }
        document += 1;
    });
    found
}

/// Calls `with` for each of these manifests of a text, which are in its order.
pub(crate) fn each_manifest(
    text: &str,
    wanted: &[(usize, usize)],
    mut with: impl FnMut((usize, usize), &Tree<'_>, &ObjectRef),
) {
    let mut document = 0;
    manifest::read_each_within(text, None, |read| {
        let first = wanted.partition_point(|(of, _)| *of < document);
        let here = wanted[first..].iter().take_while(|(of, _)| *of == document);
        if let Ok(tree) = &read.content {
            let objects: Vec<ObjectRef> = manifest::objects(tree).into_iter().collect();
            for at in here {
                if let Some(object) = objects.get(at.1) {
                    with(*at, tree, object);
                }
            }
        }
        document += 1;
    });
}

/// Gives a finding in an object the place of its field in the manifest that the object was made from.
pub(crate) fn place_in(places: &Places<'_>, tree: &Tree<'_>, object: &ObjectRef, finding: &mut Diagnostic) {
    places.relocate(tree, object.node, finding);
}
