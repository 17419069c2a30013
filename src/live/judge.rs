//! Judges pages of objects, and keeps what is found: the objects themselves are let go.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::object::LiveObject;
use crate::cluster::{Page, Resource};
use crate::diagnostic::{FileError, JudgedObject, ObjectId, Report};
use crate::engine::{Finding, InputObject, Neighbours};
use crate::linter::{Beside, LintedObject, Linter, judge_kept};

use super::scope::Namespaces;

/// Which object: the position of its resource, namespace and name.
pub(super) type Key = (usize, Option<String>, String);

/// What is to be judged once more, with what the rules about all objects found in it; nothing for a linter that is done
/// with it.
pub(super) type Again = BTreeMap<Key, Vec<Option<Vec<Finding>>>>;

/// An object of the cluster that was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedInCluster {
    /// Which it is.
    pub id: Arc<ObjectId>,
    /// Its uid.
    pub uid: String,
}

/// Everything that is known beside the objects.
pub(super) struct Known<'a> {
    pub(super) neighbours: &'a Neighbours,
    pub(super) namespaces: &'a Namespaces,
}

/// The labels of objects by their uids.
type OwnerLabels = BTreeMap<String, BTreeMap<String, String>>;

impl Known<'_> {
    /// What is known beside one object.
    fn beside<'b>(&'b self, object: &LiveObject, owner_labels: &'b OwnerLabels) -> Beside<'b> {
        let labels = |namespace: &String| self.namespaces.labels.get(namespace);
        Beside {
            neighbours: self.neighbours,
            namespace_labels: object.namespace.as_ref().and_then(labels),
            owner_labels: object.controller.as_ref().and_then(|uid| owner_labels.get(uid)),
        }
    }
}

/// What one linter has found so far.
#[derive(Default)]
struct OfLinter {
    report: Report,
    kept: Vec<(Key, InputObject)>,
    again: BTreeSet<Key>,
}

/// Judges pages.
pub(super) struct Judge<'a> {
    linters: &'a [Linter<'a>],
    cluster: &'a str,
    known: Known<'a>,
    /// Whether what a judged object controls is judged as well.
    include_owned: bool,
    of_each: Vec<OfLinter>,
    /// The uids of what was judged.
    judged: HashSet<Box<str>>,
    /// The labels of what may control others, by uid, where policies may ask.
    owner_labels: OwnerLabels,
    /// What was judged, where somebody asked for it.
    listed: Option<Vec<JudgedInCluster>>,
    owned: usize,
    unreadable: usize,
    errors: Vec<FileError>,
    /// What was judged again, by linter, with its name.
    anew: Vec<Vec<(Arc<str>, LintedObject)>>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        linters: &'a [Linter<'a>],
        cluster: &'a str,
        known: Known<'a>,
        include_owned: bool,
    ) -> Self {
        Self {
            linters,
            cluster,
            known,
            include_owned,
            of_each: linters.iter().map(|_| OfLinter::default()).collect(),
            judged: HashSet::new(),
            listed: None,
            owner_labels: BTreeMap::new(),
            owned: 0,
            unreadable: 0,
            errors: Vec::new(),
            anew: linters.iter().map(|_| Vec::new()).collect(),
        }
    }

    /// Lists what is judged.
    pub(super) fn with_list(self, listed: bool) -> Self {
        Self { listed: listed.then(Vec::new), ..self }
    }

    /// Judges the objects of a page. An object that was seen already is passed over: a list that was continued after it had
    /// expired may have it twice.
    pub(super) fn page(&mut self, (position, resource): (usize, &Resource), page: &Page) {
        let texts: Vec<&str> = page.objects().collect();
        let read = |text: &&str| LiveObject::read(resource, text, self.cluster);
        let objects: Vec<Option<LiveObject>> = texts.par_iter().map(read).collect();
        let mut chosen: Vec<LiveObject> = Vec::with_capacity(objects.len());
        for object in objects {
            let Some(object) = object else {
                self.unreadable += 1;
                continue;
            };
            let is_owned =
                object.controller.as_deref().is_some_and(|controller| self.judged.contains(controller));
            if is_owned && !self.include_owned {
                self.owned += 1;
            } else if !self.judged.contains(object.uid.as_str()) {
                chosen.push(object);
            }
        }
        let (linters, known, owner_labels) = (self.linters, &self.known, &self.owner_labels);
        let linted: Vec<Vec<LintedObject>> = chosen
            .par_iter()
            .map(|object| {
                let beside = known.beside(object, owner_labels);
                linters.iter().map(|linter| linter.lint_stored(&object.stored, beside, None)).collect()
            })
            .collect();
        let keeps_labels =
            self.include_owned && self.linters.iter().any(|linter| linter.policy.has_overrides());
        for (object, linted) in chosen.into_iter().zip(linted) {
            if let Some(id) = linted.iter().find_map(|one| one.id.as_ref()) {
                self.judged.insert(object.uid.as_str().into());
                if let Some(listed) = &mut self.listed {
                    listed.push(JudgedInCluster { id: Arc::clone(id), uid: object.uid.clone() });
                }
            }
            let key = (position, object.namespace.clone(), object.name.clone());
            for (number, one) in linted.into_iter().enumerate() {
                self.take((number, &key), &object, one);
            }
            if keeps_labels && *resource != Resource::JOBS {
                self.owner_labels.insert(object.uid, object.labels);
            }
        }
    }

    fn take(&mut self, (number, key): (usize, &Key), object: &LiveObject, linted: LintedObject) {
        let (linter, of) = (&self.linters[number], &mut self.of_each[number]);
        let LintedObject { diagnostics, suppressed, id, kept, again, left_out } = linted;
        of.report.diagnostics.extend(diagnostics);
        of.report.suppressed.extend(suppressed);
        of.report.objects += usize::from(id.is_some());
        if let Some(id) = id.filter(|_| linter.with_objects) {
            let file = Arc::clone(&object.stored.name);
            of.report.listed.push(JudgedObject { file, line: 0, column: 0, id });
        }
        of.kept.extend(kept.map(|kept| (key.clone(), kept)));
        if again {
            of.again.insert(key.clone());
        }
        if let Some(message) = left_out.filter(|_| number == 0) {
            self.errors.push(FileError { name: object.stored.name.to_string(), message });
        }
    }

    /// Runs the rules about all objects; what they found something in, or what could not be judged without, has to be judged
    /// once more.
    pub(super) fn all_seen(&mut self) -> Again {
        let mut again = Again::new();
        let count = self.of_each.len();
        for (number, of) in self.of_each.iter_mut().enumerate() {
            let kept = std::mem::take(&mut of.kept);
            let objects: Vec<&InputObject> = kept.iter().map(|(_, object)| object).collect();
            let mut found = judge_kept(&objects);
            let mut want = |key: Key, findings| {
                let of_key = again.entry(key).or_insert_with(|| vec![None; count]);
                if let Some(place @ None) = of_key.get_mut(number) {
                    *place = Some(findings);
                }
            };
            for (position, (key, _)) in kept.iter().enumerate() {
                if let Some(findings) = found.remove(&position) {
                    want(key.clone(), findings);
                }
            }
            for key in std::mem::take(&mut of.again) {
                want(key, Vec::new());
            }
        }
        again
    }

    /// Judges those objects of a page once more that are to be.
    pub(super) fn page_again(
        &mut self,
        (position, resource): (usize, &Resource),
        page: &Page,
        again: &mut Again,
    ) {
        for text in page.objects() {
            let Some(object) = LiveObject::read(resource, text, self.cluster) else { continue };
            let key = (position, object.namespace.clone(), object.name.clone());
            let Some(of_each) = again.remove(&key) else { continue };
            for (number, findings) in of_each.into_iter().enumerate() {
                let Some(findings) = findings else { continue };
                let linter = &self.linters[number];
                let linted = linter.lint_stored(
                    &object.stored,
                    self.known.beside(&object, &self.owner_labels),
                    Some(findings),
                );
                self.anew[number].push((Arc::clone(&object.stored.name), linted));
            }
        }
    }

    /// What was found: a report of each linter.
    pub(super) fn finish(self) -> Judged {
        let Self { of_each, anew, listed, owned, unreadable, errors, .. } = self;
        let reports = of_each.into_iter().zip(anew).map(|(of, anew)| {
            let mut report = of.report;
            let names: HashSet<&Arc<str>> = anew.iter().map(|(name, _)| name).collect();
            report.diagnostics.retain(|one| !names.contains(&one.file));
            report.suppressed.retain(|one| !names.contains(&one.diagnostic.file));
            for (_, LintedObject { diagnostics, suppressed, .. }) in anew {
                report.diagnostics.extend(diagnostics);
                report.suppressed.extend(suppressed);
            }
            report.sort();
            report
        });
        let listed = listed.unwrap_or_default();
        Judged { reports: reports.collect(), listed, owned, unreadable, errors }
    }
}

/// What was found.
pub(super) struct Judged {
    pub(super) reports: Vec<Report>,
    /// What was judged, where somebody asked for it.
    pub(super) listed: Vec<JudgedInCluster>,
    /// How many objects were passed over, since what controls them was judged.
    pub(super) owned: usize,
    /// How many could not be read.
    pub(super) unreadable: usize,
    pub(super) errors: Vec<FileError>,
}
