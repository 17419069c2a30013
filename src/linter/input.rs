//! What is known once all texts have been read.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::linted::Linted;
use crate::diagnostic::FileError;
use crate::engine::{
    Answers, Known, Listing, NeighbourIndex, NeighbourKind, NeighbourKinds, NeighbourSource, Neighbours,
    evaluate_input,
};
use crate::lint::{CompleteObjects, InputFindings};
use crate::rules;
use crate::sources::Source;

/// Runs the rules about the whole input. What they find, by the position of the text and the object's number in it.
pub(super) fn judge_input_rules(all: &mut [Result<Linted, FileError>]) -> BTreeMap<usize, InputFindings> {
    let (mut places, mut objects) = (Vec::new(), Vec::new());
    for (position, linted) in all.iter_mut().enumerate() {
        let Ok(linted) = linted else { continue };
        for (number, object) in std::mem::take(&mut linted.kept) {
            places.push((position, number));
            objects.push(object);
        }
    }
    let mut found: BTreeMap<usize, InputFindings> = BTreeMap::new();
    for (object, finding) in evaluate_input(&objects, rules::registry()) {
        let (position, number) = places[object];
        found.entry(position).or_default().entry(number).or_default().push(finding);
    }
    found
}

/// The objects of the input that lack no required field, with the files that they are in; none where no object lacks one,
/// so that nobody asks for them.
pub(super) fn collect_complete(
    linted: &mut [Result<Linted, FileError>],
    sources: &[Source],
) -> CompleteObjects {
    let is_asked_for = linted.iter().flatten().any(|linted| !linted.doubtful.is_empty());
    let mut complete = CompleteObjects::default();
    for (linted, source) in linted.iter_mut().zip(sources) {
        let Ok(linted) = linted else { continue };
        let identities = std::mem::take(&mut linted.complete);
        if is_asked_for {
            let file = source.name().into();
            identities.into_iter().for_each(|identity| complete.add(identity, &file));
        }
    }
    complete
}

/// How many neighbours of all texts together are kept.
const MAX_NEIGHBOURS: usize = 1_000_000;

/// The objects beside Jobs and CronJobs that the input has, and which texts ask about them. Of a kind that it has none of,
/// nothing is known.
pub(super) fn collect_neighbours(
    linted: &mut [Result<Linted, FileError>],
    sources: &[Source],
) -> (Neighbours, Answers) {
    let mut indexes: [NeighbourIndex; NeighbourKind::ALL.len()] = Default::default();
    let (mut answers, mut partial, mut left) =
        (Answers::default(), NeighbourKinds::default(), MAX_NEIGHBOURS);
    for (linted, source) in linted.iter_mut().zip(sources) {
        let Ok(linted) = linted else {
            partial = NeighbourKinds::ALL;
            continue;
        };
        if matches!(source, Source::Unrendered(_)) {
            partial = NeighbourKinds::ALL;
        }
        let facts = std::mem::take(&mut linted.neighbours);
        partial.extend(facts.partial());
        let file = (!facts.is_empty()).then(|| Arc::<str>::from(source.name()));
        for mut neighbour in facts {
            let Some(one_less) = left.checked_sub(1) else {
                partial = NeighbourKinds::ALL;
                break;
            };
            left = one_less;
            neighbour.origin.file.clone_from(&file);
            answers.add(&neighbour);
            indexes[neighbour.kind as usize].add(neighbour);
        }
    }
    let mut neighbours = Neighbours::default();
    for (kind, index) in NeighbourKind::ALL.into_iter().zip(indexes) {
        if !index.is_empty() {
            let partial = partial.contains(kind);
            let known = Known { source: NeighbourSource::Input, index, partial, lost: None };
            neighbours.set(kind, Listing::Known(known));
        }
    }
    (neighbours, answers)
}
