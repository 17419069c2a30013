//! What is known once all texts have been read.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::linted::Linted;
use crate::diagnostic::FileError;
use crate::engine::{
    Answers, Finding, InputObject, Known, Listing, NeighbourIndex, NeighbourKind, NeighbourKinds,
    NeighbourSource, Neighbours, evaluate_input,
};
use crate::lint::{CompleteObjects, InputFindings};
use crate::rules;
use crate::sources::Source;

/// What rules about the whole input keep of it: by text, each object with its number there.
#[derive(Debug)]
pub(super) struct InputFacts(Vec<Vec<(usize, InputObject)>>);

/// An object of the input: the position of its text, and its number there.
pub(super) type Place = (usize, usize);

/// What the rules about the whole input find.
#[derive(Debug, Default)]
pub(super) struct JudgedInput {
    /// The findings, by the position of the text.
    pub(super) findings: BTreeMap<usize, InputFindings>,
    /// What would resolve some of them.
    pub(super) fixes: Vec<InputFix>,
}

/// What would resolve a finding, as far as one object is concerned.
#[derive(Debug)]
pub(super) struct InputFix {
    /// The object of the finding.
    pub(super) of: Place,
    /// The position of the finding among those of its object.
    pub(super) finding: usize,
    /// The object to be changed.
    pub(super) place: Place,
    /// The change, as the fix of a finding about that object.
    pub(super) change: Finding,
}

impl InputFacts {
    /// Takes out what was kept.
    pub(super) fn take(all: &mut [Result<Linted, FileError>]) -> Self {
        let of = |linted: &mut Result<Linted, FileError>| {
            linted.as_mut().map(|linted| std::mem::take(&mut linted.kept)).unwrap_or_default()
        };
        Self(all.iter_mut().map(of).collect())
    }

    /// Takes what was kept of texts that have changed, in the place of what was.
    pub(super) fn replace(&mut self, position: usize, linted: &mut Linted) {
        self.0[position] = std::mem::take(&mut linted.kept);
    }

    /// Runs the rules about the whole input.
    pub(super) fn judge(&self) -> JudgedInput {
        let by_text = self.0.iter().enumerate();
        let all = by_text.flat_map(|(position, kept)| kept.iter().map(move |object| (position, object)));
        let (places, objects): (Vec<Place>, Vec<&InputObject>) =
            all.map(|(position, (number, object))| ((position, *number), object)).unzip();
        let judgment = evaluate_input(&objects, rules::registry());
        let mut judged = JudgedInput::default();
        let mut indexes = Vec::with_capacity(judgment.findings.len());
        for (object, finding) in judgment.findings {
            let (position, number) = places[object];
            let of_object = judged.findings.entry(position).or_default().entry(number).or_default();
            indexes.push((places[object], of_object.len()));
            of_object.push(finding);
        }
        judged.fixes.extend(judgment.fixes.into_iter().map(|fix| {
            let (of, finding) = indexes[fix.finding];
            InputFix { of, finding, place: places[fix.object], change: fix.change }
        }));
        judged
    }
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
