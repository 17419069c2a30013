//! Findings put together by the object that they are about.

use std::collections::{BTreeMap, BTreeSet};

use super::run::Run;
use crate::diagnostic::{Diagnostic, JudgedObject, ObjectId};

/// An object with its findings, or the findings of a file that are about none.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// The file.
    pub(super) file: &'a str,
    /// The object.
    pub(super) object: Option<&'a ObjectId>,
    /// The line that it starts on, where the report lists it.
    pub(super) line: Option<usize>,
    /// The findings, each with its number among those that are shown.
    pub(super) findings: Vec<(usize, &'a Diagnostic)>,
}

/// What tells objects apart: file, name, and of those with the same name the how manieth it is.
type Key<'a> = (&'a str, Option<&'a ObjectId>, usize);

/// The findings that are shown, object by object, in the order of the first finding of each.
pub(super) fn by_object<'a>(run: &Run<'a>) -> Vec<Group<'a>> {
    let listed = Listed::of(&run.report.listed);
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut known: BTreeMap<Key<'a>, usize> = BTreeMap::new();
    for (number, finding) in run.shown().enumerate() {
        let object = finding.object.as_deref();
        let (nth, line) = object.map_or((0, None), |object| listed.owner(finding, object));
        let place = *known.entry((&finding.file, object, nth)).or_insert_with(|| {
            groups.push(Group { file: &finding.file, object, line, findings: Vec::new() });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            group.findings.push((number, finding));
        }
    }
    groups
}

/// The objects of a report that have no finding at all, hidden ones included.
pub(super) fn silent<'a>(run: &Run<'a>) -> Vec<&'a JudgedObject> {
    let listed = Listed::of(&run.report.listed);
    let mut found: BTreeSet<Key<'_>> = BTreeSet::new();
    let known = run.report.baseline.iter().flat_map(|compared| &compared.known);
    for finding in run.report.diagnostics.iter().chain(known) {
        if let Some(object) = finding.object.as_deref() {
            found.insert((&finding.file, Some(object), listed.owner(finding, object).0));
        }
    }
    let mut seen: BTreeMap<(&str, &ObjectId), usize> = BTreeMap::new();
    let mut silent = Vec::new();
    for object in &run.report.listed {
        let nth = seen.entry((&object.file, &object.id)).or_default();
        *nth += 1;
        if !found.contains(&(&*object.file, Some(&*object.id), *nth)) {
            silent.push(object);
        }
    }
    silent
}

/// Where the objects of each name are.
struct Listed<'a>(BTreeMap<(&'a str, &'a ObjectId), Vec<(usize, usize)>>);

impl<'a> Listed<'a> {
    fn of(listed: &'a [JudgedObject]) -> Self {
        let mut places: BTreeMap<(&str, &ObjectId), Vec<(usize, usize)>> = BTreeMap::new();
        for object in listed {
            places.entry((&object.file, &object.id)).or_default().push((object.line, object.column));
        }
        Self(places)
    }

    /// Of objects of the same name, which one a finding is about, from 1 on: the last that starts before it. And its line.
    fn owner(&self, finding: &Diagnostic, object: &ObjectId) -> (usize, Option<usize>) {
        let Some(places) = self.0.get(&(&*finding.file, object)) else { return (0, None) };
        let place = (finding.region.line, finding.region.column);
        let nth = places.partition_point(|start| *start <= place);
        (nth, nth.checked_sub(1).and_then(|at| places.get(at)).map(|(line, _)| *line))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn objects_of_the_same_name_are_apart() {
        let mut report = fixture::report();
        let mut second = report.listed[0].clone();
        second.line = 8;
        report.listed.insert(1, second);
        let run = Run::of(&report);
        let groups = by_object(&run);
        let seen: Vec<_> =
            groups.iter().map(|group| (group.file, group.line, group.findings.len())).collect();
        assert_eq!(
            seen,
            [("jobs/resize.yaml", Some(2), 1), ("jobs/resize.yaml", Some(8), 1), ("other.yaml", None, 1)]
        );
        let silent: Vec<String> = silent(&run).iter().map(|object| object.id.to_string()).collect();
        assert_eq!(silent, ["Job fine"]);
    }
}
