//! What is known once all texts have been read.

use std::collections::BTreeMap;

use super::linted::Linted;
use crate::diagnostic::FileError;
use crate::engine::{Knowledge, ServiceFacts, Services, evaluate_input};
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

/// The objects of the input that lack no required field, with the files that they are in.
pub(super) fn collect_complete(
    linted: &mut [Result<Linted, FileError>],
    sources: &[Source],
) -> CompleteObjects {
    let mut complete = CompleteObjects::default();
    for (linted, source) in linted.iter_mut().zip(sources) {
        let Ok(linted) = linted else { continue };
        let file = source.name().into();
        std::mem::take(&mut linted.complete).into_iter().for_each(|identity| complete.add(identity, &file));
    }
    complete
}

/// The Services of the input. Where it has none, nothing is known about those of the cluster.
pub(super) fn collect_services(linted: &[Result<Linted, FileError>]) -> Services {
    let mut list: Vec<ServiceFacts> =
        linted.iter().flatten().flat_map(|linted| linted.services.iter().cloned()).collect();
    if list.is_empty() {
        return Services::Unknown;
    }
    list.sort();
    list.dedup();
    Services::Known { source: Knowledge::Input, index: list.into_iter().collect(), lost: None }
}
