//! The errors of each document, for the promise that fixing leaves no more of them.

use std::collections::BTreeMap;

use super::key::{Key, key_of};
use crate::engine::{Context, Input, InputObject, Severity, evaluate_input};
use crate::lint::{Examined, Options, examine};
use crate::rules;
use jobguard_manifest::Document;

/// The errors of a document: how many are reported, and which of them a server has that drops unknown fields.
#[derive(Debug, Clone, Default)]
pub(super) struct Errors {
    reported: usize,
    lenient: BTreeMap<Key, usize>,
    /// Whether all of its objects could be decoded.
    judged: bool,
}

impl Errors {
    /// Whether there are more of them than `before`, reported or to a lenient server.
    pub(super) fn are_more_than(&self, before: &Self) -> bool {
        let lenient = |errors: &Self| errors.lenient.values().sum::<usize>();
        self.reported > before.reported || lenient(self) > lenient(before)
    }

    /// Whether there are more of them than `before`, or others where everything was decoded.
    pub(super) fn are_worse_than(&self, before: &Self) -> bool {
        let is_new = |(key, count): (&Key, &usize)| before.lenient.get(key).is_none_or(|then| count > then);
        self.are_more_than(before) || (before.judged && self.lenient.iter().any(is_new))
    }
}

/// What a text holds, and the errors of each of its relevant documents, those of rules about the whole input included.
pub(super) fn errors_by_document<'t>(
    options: &Options<'_>,
    text: &'t str,
    context: &Context<'_>,
) -> (Examined<'t>, BTreeMap<usize, Errors>) {
    let mut examined = examine(options, text, &Context { input: Input::Gathering, ..*context });
    let mut errors = errors_of(&examined);
    let (numbers, objects): (Vec<usize>, Vec<InputObject>) = std::mem::take(&mut examined.kept)
        .into_iter()
        .map(|(number, kept)| (number, InputObject { file: "".into(), line: 0, kept }))
        .unzip();
    let objects: Vec<&InputObject> = objects.iter().collect();
    for (object, finding) in evaluate_input(&objects, context.registry).findings {
        if finding.severity == Severity::Error {
            errors.entry(examined.objects[numbers[object]].document).or_default().reported += 1;
        }
    }
    (examined, errors)
}

/// As [`errors_by_document`], without rules about the whole input: a single object gives them nothing to find.
pub(super) fn errors_of(examined: &Examined<'_>) -> BTreeMap<usize, Errors> {
    let strict = [&rules::api_unknown_field::RULE, &rules::api_duplicate_key::RULE];
    let judged = |document: &Document<'_>| Errors { judged: document.content.is_ok(), ..Errors::default() };
    let mut errors: BTreeMap<usize, Errors> =
        examined.documents.iter().map(|(position, document)| (*position, judged(document))).collect();
    for object in &examined.objects {
        errors.entry(object.document).or_default().judged &= object.judged;
    }
    for found in examined.found.iter().filter(|found| found.finding.severity == Severity::Error) {
        let errors = errors.entry(found.document).or_default();
        errors.reported += usize::from(!found.follows);
        if !strict.contains(&found.finding.rule) {
            *errors.lenient.entry(key_of(examined, found)).or_default() += 1;
        }
    }
    errors
}
