//! The manifests that objects were made from, where there are any: a finding then has the file and the line of its field.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, ObjectId, Report};
use crate::embedded::OuterKinds;
use crate::lint::{Manifest, Places, each_manifest, manifests, place_in};
use crate::linter::decode_text;
use crate::sources::Source;

/// The manifests of some files.
pub struct OwnerFiles<'s> {
    sources: &'s [Source],
    /// By API group, kind and name.
    index: BTreeMap<(String, String, String), Vec<Place>>,
}

/// Where a manifest is.
struct Place {
    namespace: Option<String>,
    source: usize,
    at: (usize, usize),
    line: usize,
    column: usize,
}

fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

fn key(id: &ObjectId) -> Option<(String, String, String)> {
    Some((group_of(&id.api_version).to_owned(), id.kind.clone(), id.name.clone()?))
}

impl<'s> OwnerFiles<'s> {
    /// The manifests in these files, of Jobs, CronJobs and these kinds. A file that cannot be read has none.
    pub fn new(sources: &'s [Source], kinds: &OuterKinds) -> Self {
        let of = |source: &Source| -> Vec<Manifest> {
            let Ok(bytes) = source.bytes() else { return Vec::new() };
            manifests(&decode_text(&bytes).0, kinds)
        };
        let all: Vec<Vec<Manifest>> = sources.par_iter().map(of).collect();
        let mut index: BTreeMap<_, Vec<Place>> = BTreeMap::new();
        for (source, manifests) in all.into_iter().enumerate() {
            for Manifest { id, at, line, column } in manifests {
                let Some(key) = key(&id) else { continue };
                let namespace = id.namespace.filter(|namespace| !namespace.is_empty());
                index.entry(key).or_default().push(Place { namespace, source, at, line, column });
            }
        }
        Self { sources, index }
    }

    /// The manifest that an object was made from: the one that names its namespace, or else the one that names none. Where
    /// there are several, as for several environments, it is not known.
    fn find(&self, id: &ObjectId) -> Option<&Place> {
        let places = self.index.get(&key(id)?)?;
        let only = |namespace: Option<&str>| {
            let mut those = places.iter().filter(|place| place.namespace.as_deref() == namespace);
            let first = those.next();
            (first, those.next().is_some())
        };
        match only(id.namespace.as_deref()) {
            (Some(one), false) => Some(one),
            (None, _) => match only(None) {
                (Some(one), false) => Some(one),
                _ => None,
            },
            _ => None,
        }
    }

    /// Gives what is in the report the places of the manifests. With `info_lines`, findings of level info have the lines that
    /// they are about, too.
    pub fn place(&self, report: &mut Report, info_lines: bool) {
        for object in &mut report.listed {
            if let Some(place) = self.find(&object.id) {
                object.file = Arc::from(self.sources[place.source].name());
                (object.line, object.column) = (place.line, place.column);
            }
        }
        report.listed.sort_by(|one, other| {
            (&one.file, one.line, one.column, &one.id).cmp(&(
                &other.file,
                other.line,
                other.column,
                &other.id,
            ))
        });
        let mut wanted: BTreeMap<usize, BTreeMap<(usize, usize), Vec<&mut Diagnostic>>> = BTreeMap::new();
        let suppressed = report.suppressed.iter_mut().map(|one| &mut one.diagnostic);
        for finding in report.diagnostics.iter_mut().chain(suppressed) {
            let place = finding.object.as_deref().and_then(|id| self.find(id));
            if let Some(Place { source, at, .. }) = place {
                wanted.entry(*source).or_default().entry(*at).or_default().push(finding);
            }
        }
        for (source, mut wanted) in wanted {
            let source = &self.sources[source];
            let Ok(bytes) = source.bytes() else { continue };
            let (text, _) = decode_text(&bytes);
            let places = Places::new(source.name(), &text).with_info_lines(info_lines);
            let ats: Vec<(usize, usize)> = wanted.keys().copied().collect();
            each_manifest(&text, &ats, |at, tree, object| {
                for finding in wanted.get_mut(&at).into_iter().flatten() {
                    place_in(&places, tree, object, finding);
                }
            });
        }
        report.sort();
    }
}
