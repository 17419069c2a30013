//! Merging reports on the same input, one for each version of the API server.

use std::collections::BTreeMap;

use jobguard_apiserver::KubernetesVersion;

use crate::diagnostic::{Diagnostic, Report, Versions};

/// Merges reports on the same input, one for each version, oldest first. A finding of several versions is one diagnostic,
/// with the message of the oldest, which names the versions.
pub fn merge(reports: Vec<(KubernetesVersion, Report)>) -> Report {
    let count = reports.len();
    let mut merged = Report::default();
    let mut found: Vec<(Diagnostic, Vec<KubernetesVersion>)> = Vec::new();
    let mut places = BTreeMap::new();
    for (version, report) in reports {
        if merged.files == 0 {
            (merged.files, merged.objects, merged.listed) = (report.files, report.objects, report.listed);
        }
        let mut seen: BTreeMap<_, usize> = BTreeMap::new();
        for diagnostic in report.diagnostics {
            let key = key(&diagnostic);
            let nth = seen.entry(key.clone()).or_default();
            *nth += 1;
            let place = *places.entry((key, *nth)).or_insert_with(|| {
                found.push((diagnostic, Vec::new()));
                found.len() - 1
            });
            found[place].1.push(version);
        }
    }
    merged.diagnostics = (found.into_iter())
        .map(|(diagnostic, these)| {
            let versions = Some(Versions { all: these.len() == count, these });
            Diagnostic { versions, ..diagnostic }
        })
        .collect();
    merged.sort();
    merged
}

/// What identifies a finding across versions, whose messages may differ.
fn key(diagnostic: &Diagnostic) -> impl Ord + Clone + use<> {
    let Diagnostic { file, region, rule, path, cause, severity, .. } = diagnostic;
    (file.clone(), *region, rule.id(), path.clone(), *cause, *severity)
}
