//! File paths inside volumes, as far as the server looks at them.

use std::collections::BTreeSet;

use crate::errors::{Errors, Place, quote};
use jobguard_manifest::At;

/// Checks that no part of `path` is `..`.
pub(super) fn no_backsteps<'p>(path: &str, place: impl Into<Place<'p>>, report: &mut Errors<'_>) {
    if has_backsteps(path) {
        report.invalid(place, format!("{} leads upwards: leave out the '..'", quote(path)));
    }
}

/// Whether a part of `path` is `..`.
pub(super) fn has_backsteps(path: &str) -> bool {
    path.split('/').any(|part| part == "..")
}

/// Checks that `path` is relative and leads downwards.
pub(super) fn descending<'p>(path: &str, place: impl Into<Place<'p>>, report: &mut Errors<'_>) {
    let place = place.into();
    if path.starts_with('/') {
        report.invalid(place, format!("{} is absolute: use a path without a '/' first", quote(path)));
    }
    no_backsteps(path, place, report);
}

/// Checks the path of a file in a volume that the kubelet writes: names that start with two dots are its own.
pub(super) fn unreserved<'p>(path: &str, place: impl Into<Place<'p>>, report: &mut Errors<'_>) {
    let place = place.into();
    descending(path, place, report);
    if path.starts_with("..") && !path.starts_with("../") {
        report
            .invalid(place, format!("{} starts with '..', which is reserved: use another name", quote(path)));
    }
}

/// The paths of files in a volume, each of which can be used once.
pub(super) struct Paths<'p, 'v> {
    volume: &'v At<'v>,
    taken: BTreeSet<&'p str>,
}

impl<'p, 'v> Paths<'p, 'v> {
    /// Of the volume at `volume`, without a file so far.
    pub(super) const fn of(volume: &'v At<'v>) -> Self {
        Self { volume, taken: BTreeSet::new() }
    }

    /// Checks that no file so far has this path, which stands at `at`.
    pub(super) fn claim(&mut self, path: &'p str, at: &At<'_>, report: &mut Errors<'_>) {
        if !self.taken.insert(path) {
            let message = format!("{} is the path of another file: use each path once", quote(path));
            report.invalid((self.volume, at), message);
        }
    }

    /// The same of a path that counts only if it is not empty.
    pub(super) fn claim_some(&mut self, path: &'p str, at: &At<'_>, report: &mut Errors<'_>) {
        if !path.is_empty() {
            self.claim(path, at, report);
        }
    }
}
