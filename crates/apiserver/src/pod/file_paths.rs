//! File paths inside volumes, as far as the server looks at them.

use crate::errors::{Errors, Place, quote};

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
