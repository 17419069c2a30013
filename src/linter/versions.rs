//! Merging reports on the same input, one for each version of the API server.

use std::collections::BTreeMap;

use jobguard_apiserver::{KubernetesVersion, ranges};

use super::{Linter, Outcome};
use crate::diagnostic::{Diagnostic, Report, Versions};
use crate::rules::suppression_unused;
use crate::sources::Source;

/// What there is to say about the sources, as each API server sees them. Calls `done` after each source and server.
pub fn lint_each(linters: &[Linter<'_>], sources: &[Source], done: &(dyn Fn() + Sync)) -> Outcome {
    if let [linter] = linters {
        return linter.lint_watched(sources, done);
    }
    let mut first = Outcome::default();
    let mut reports = Vec::with_capacity(linters.len());
    for (position, linter) in linters.iter().enumerate() {
        let mut outcome = linter.lint_watched(sources, done);
        reports.push((linter.policy.server.version(), std::mem::take(&mut outcome.report)));
        // Files that cannot be read are the same for each.
        if position == 0 {
            first = outcome;
        }
    }
    Outcome { report: merge(reports), ..first }
}

/// A finding of several versions.
struct Found {
    /// As the newest of them has it.
    diagnostic: Diagnostic,
    /// What each advises, oldest first.
    help: Vec<(KubernetesVersion, Option<String>)>,
}

/// Merges reports on the same input, one for each version, oldest first. Findings that say the same of the same field are
/// one diagnostic, which names the versions; its help is that of each version. A suppression is unused only where no
/// version needs it. Fixes are for one version at a time, and are left out.
pub fn merge(reports: Vec<(KubernetesVersion, Report)>) -> Report {
    let count = reports.len();
    let mut merged = Report::default();
    let mut found: Vec<Found> = Vec::new();
    let mut places = BTreeMap::new();
    let mut suppressed = BTreeMap::new();
    for (version, report) in reports {
        if merged.files == 0 {
            (merged.files, merged.objects, merged.listed) = (report.files, report.objects, report.listed);
        }
        // As the newest version has it.
        suppressed.extend(report.suppressed.into_iter().map(|one| (key(&one.diagnostic), one)));
        let mut seen: BTreeMap<_, usize> = BTreeMap::new();
        for diagnostic in report.diagnostics {
            let key = key(&diagnostic);
            let nth = seen.entry(key.clone()).or_default();
            *nth += 1;
            let help = (version, diagnostic.help.clone());
            match places.get(&(key.clone(), *nth)) {
                Some(place) => {
                    let found: &mut Found = &mut found[*place];
                    found.diagnostic = diagnostic;
                    found.help.push(help);
                }
                None => {
                    places.insert((key, *nth), found.len());
                    found.push(Found { diagnostic, help: vec![help] });
                }
            }
        }
    }
    let is_reported =
        |found: &Found| found.diagnostic.rule != &suppression_unused::RULE || found.help.len() == count;
    let found = found.into_iter().filter(is_reported);
    merged.diagnostics = found.map(|found| found.into_diagnostic(count)).collect();
    merged.suppressed = suppressed.into_values().collect();
    merged.sort();
    merged
}

impl Found {
    /// The finding in a report on `count` versions.
    fn into_diagnostic(self, count: usize) -> Diagnostic {
        let these: Vec<KubernetesVersion> = self.help.iter().map(|(version, _)| *version).collect();
        let versions = Some(Versions { all: these.len() == count, these });
        Diagnostic { versions, help: advice(self.help), fix: None, change: None, ..self.diagnostic }
    }
}

/// What versions advise: in one sentence where they agree, else each with its versions, the newest first.
fn advice(of: Vec<(KubernetesVersion, Option<String>)>) -> Option<String> {
    let mut each: Vec<(Option<String>, Vec<KubernetesVersion>)> = Vec::new();
    for (version, help) in of.into_iter().rev() {
        match each.iter_mut().find(|(known, _)| *known == help) {
            Some((_, versions)) => versions.insert(0, version),
            None => each.push((help, vec![version])),
        }
    }
    if let [(help, _)] = each.as_slice() {
        return help.clone();
    }
    let with_versions = each.into_iter().filter_map(|(help, versions)| {
        Some(format!("{} (Kubernetes {})", help?, ranges(&versions).join(", ")))
    });
    Some(with_versions.collect::<Vec<_>>().join("; "))
}

/// What identifies a finding across versions.
fn key(diagnostic: &Diagnostic) -> impl Ord + Clone + use<> {
    let Diagnostic { file, region, rule, path, cause, severity, message, .. } = diagnostic;
    (file.clone(), *region, rule.id(), path.clone(), *cause, *severity, message.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_names_versions_where_it_differs() {
        let of = |all: &[(&str, Option<&str>)]| {
            let all = all.iter().map(|(version, help)| (version.parse().unwrap(), help.map(str::to_owned)));
            advice(all.collect())
        };
        let same = of(&[("1.31", Some("remove it")), ("1.32", Some("remove it"))]);
        assert_eq!(same.as_deref(), Some("remove it"));
        assert_eq!(of(&[("1.31", None), ("1.32", None)]), None);
        let each = of(&[("1.29", Some("a?")), ("1.30", Some("a?")), ("1.31", None), ("1.36", Some("b"))]);
        assert_eq!(each.as_deref(), Some("b (Kubernetes 1.36); a? (Kubernetes 1.29-1.30)"));
    }
}
