//! What of a report is new.

use std::collections::{BTreeMap, BTreeSet};

use super::entries::Baseline;
use crate::diagnostic::{Compared, Diagnostic, Fingerprint, Gone, ObjectId, Report};

impl Baseline {
    /// Leaves only what is new among the findings of `report`; the others, and what was not found, are in
    /// [`Report::baseline`] afterwards. `file` is how the user names the baseline, `inputs` the names of the files that
    /// were read, and `is_there` says whether there is still a file of a name that is not among them: it is asked only for
    /// files that may have been renamed. The report has to list its objects.
    ///
    /// Takes time in proportion to findings and entries, but for sorting.
    pub fn compare(
        &self,
        report: &mut Report,
        file: &str,
        inputs: &BTreeSet<&str>,
        is_there: &dyn Fn(&str) -> bool,
    ) {
        let mut findings = std::mem::take(&mut report.diagnostics);
        findings.extend(report.baseline.take().into_iter().flat_map(|compared| compared.known));
        let mut left: BTreeMap<&Fingerprint, usize> =
            self.entries.iter().map(|(fingerprint, entry)| (fingerprint, entry.count)).collect();
        let fingerprints: Vec<Fingerprint> = findings.iter().map(Diagnostic::fingerprint).collect();
        let mut known = vec![false; findings.len()];
        for position in by_severity(&findings) {
            if let Some(count) = left.get_mut(&fingerprints[position]).filter(|count| **count > 0) {
                *count -= 1;
                known[position] = true;
            }
        }
        let unknown = (0..findings.len()).filter(|position| !known[*position]);
        let unknown: Vec<usize> = unknown.filter(|position| fingerprints[*position].file.is_some()).collect();
        for position in
            renamed(&unknown, &fingerprints, &mut left, &|file| inputs.contains(file) || is_there(file))
        {
            known[position] = true;
        }
        let objects = Objects::of(report);
        let gone = left.into_iter().filter(|(_, count)| *count > 0).map(|(fingerprint, count)| Gone {
            is_in_input: match &fingerprint.file {
                Some(file) => inputs.contains(file.as_str()),
                None => objects.has(fingerprint),
            },
            fingerprint: fingerprint.clone(),
            count,
            line: self.entries.get(fingerprint).map_or(0, |entry| entry.line),
        });
        let gone = gone.collect();
        let mut compared = Compared { file: file.to_owned(), known: Vec::new(), gone };
        for (finding, known) in findings.into_iter().zip(known) {
            if known { &mut compared.known } else { &mut report.diagnostics }.push(finding);
        }
        report.diagnostics.sort_by(Diagnostic::cmp_in_report);
        compared.known.sort_by(Diagnostic::cmp_in_report);
        report.baseline = Some(compared);
    }
}

/// The positions of findings in the order in which entries are used up. Of several that are alike, which one is new cannot
/// be known: the most severe is reported, so that nothing serious is missed, and of these the last.
fn by_severity(findings: &[Diagnostic]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..findings.len()).collect();
    order.sort_by(|one, other| {
        let (one, other) = (&findings[*one], &findings[*other]);
        one.severity.cmp(&other.severity).then_with(|| one.cmp_in_report(other))
    });
    order
}

/// Which of the `unknown` findings, which are about no object, are in files that have been renamed: the baseline has the
/// same of a file that is not `there` any more. A file that only is not in the input has kept its name: a commit hook lints
/// what has changed and nothing else. A file of the same name in another folder comes first.
fn renamed(
    unknown: &[usize],
    fingerprints: &[Fingerprint],
    left: &mut BTreeMap<&Fingerprint, usize>,
    is_there: &dyn Fn(&str) -> bool,
) -> Vec<usize> {
    let about = |fingerprint: &Fingerprint| (fingerprint.rule.clone(), fingerprint.path.clone());
    let wanted: BTreeSet<(String, String)> =
        unknown.iter().map(|position| about(&fingerprints[*position])).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    // By rule and field, and with the name of the file or without.
    let mut by_name: BTreeMap<(&str, &str, &str), Vec<&Fingerprint>> = BTreeMap::new();
    let mut others: BTreeMap<(&str, &str), Vec<&Fingerprint>> = BTreeMap::new();
    for (fingerprint, count) in left.iter().rev().filter(|(_, count)| **count > 0) {
        let Some(file) = fingerprint.file.as_deref() else { continue };
        if !wanted.contains(&about(fingerprint)) || is_there(file) {
            continue;
        }
        let (rule, path) = (fingerprint.rule.as_str(), fingerprint.path.as_str());
        for _ in 0..(*count).min(unknown.len()) {
            by_name.entry((rule, path, file_name(file))).or_default().push(fingerprint);
            others.entry((rule, path)).or_default().push(fingerprint);
        }
    }
    let mut take = |entries: Option<&mut Vec<&Fingerprint>>| {
        let entries = entries?;
        while let Some(fingerprint) = entries.pop() {
            // It may have been used up by way of the other map.
            if let Some(count) = left.get_mut(fingerprint).filter(|count| **count > 0) {
                *count -= 1;
                return Some(());
            }
        }
        None
    };
    let key = |position: usize| {
        let Fingerprint { file, rule, path, .. } = &fingerprints[position];
        (rule.as_str(), path.as_str(), file.as_deref().map_or("", file_name))
    };
    let (mut known, mut rest) = (Vec::new(), Vec::new());
    for position in unknown {
        match take(by_name.get_mut(&key(*position))) {
            Some(()) => known.push(*position),
            None => rest.push(*position),
        }
    }
    for position in rest {
        let (rule, path, _) = key(position);
        if take(others.get_mut(&(rule, path))).is_some() {
            known.push(position);
        }
    }
    known
}

/// The name of a file without its folder.
fn file_name(file: &str) -> &str {
    file.rsplit('/').next().unwrap_or(file)
}

/// The objects of a report, as fingerprints name them.
struct Objects<'r>(BTreeSet<(&'r str, Option<&'r str>, Option<&'r str>)>);

impl<'r> Objects<'r> {
    fn of(report: &'r Report) -> Self {
        let name = |ObjectId { kind, namespace, name, .. }: &'r ObjectId| {
            (kind.as_str(), namespace.as_deref(), name.as_deref())
        };
        Self(report.listed.iter().map(|object| name(&object.id)).collect())
    }

    fn has(&self, of: &Fingerprint) -> bool {
        self.0.contains(&(of.kind.as_str(), of.namespace.as_deref(), of.name.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::Severity;
    use crate::rules;
    use jobguard_manifest::FieldPath;

    /// A finding about the Job `name`, or about `file` alone.
    fn finding(name: Option<&str>, file: &str, line: usize) -> Diagnostic {
        let id = |name: &str| ObjectId {
            api_version: "batch/v1".into(),
            kind: "Job".into(),
            namespace: None,
            name: Some(name.into()),
        };
        Diagnostic {
            rule: if name.is_some() { &rules::job_no_deadline::RULE } else { &rules::api_syntax::RULE },
            severity: Severity::Warning,
            message: "wrong".into(),
            help: None,
            fix: None,
            change: None,
            file: file.into(),
            template: None,
            region: crate::diagnostic::Region { line, column: 1, end_line: line, end_column: 1 },
            object: name.map(|name| Arc::new(id(name))),
            path: FieldPath::root(),
            named_path: None,
            cause: None,
            related: Vec::new(),
            excerpt: None,
            versions: None,
        }
    }

    fn report(findings: Vec<Diagnostic>) -> Report {
        let listed = findings.iter().filter_map(|finding| {
            let id = Arc::clone(finding.object.as_ref()?);
            Some(crate::diagnostic::JudgedObject { file: Arc::clone(&finding.file), line: 1, column: 1, id })
        });
        let mut report = Report { listed: listed.collect(), diagnostics: findings, ..Report::default() };
        report.sort();
        report
    }

    /// Where the new findings are, how many are known, and what is gone, if no other files are there.
    fn compare(
        before: Vec<Diagnostic>,
        now: Vec<Diagnostic>,
        inputs: &[&str],
    ) -> (Vec<String>, usize, Vec<String>) {
        compare_beside(before, now, inputs, &[])
    }

    /// The same, where `there` are files that are not in the input.
    fn compare_beside(
        before: Vec<Diagnostic>,
        now: Vec<Diagnostic>,
        inputs: &[&str],
        there: &[&str],
    ) -> (Vec<String>, usize, Vec<String>) {
        let baseline = Baseline::of(&report(before));
        let mut report = report(now);
        let count = report.diagnostics.len();
        baseline.compare(&mut report, "base.json", &inputs.iter().copied().collect(), &|file| {
            there.contains(&file)
        });
        assert_eq!(report.found(), count);
        let new =
            report.diagnostics.iter().map(|finding| format!("{}:{}", finding.file, finding.region.line));
        let new = new.collect();
        let compared = report.baseline.unwrap();
        let gone = compared.gone.iter().map(|gone| {
            format!("{} {}{}", gone.fingerprint, gone.count, if gone.is_in_input { "" } else { " elsewhere" })
        });
        (new, compared.known.len(), gone.collect())
    }

    #[test]
    fn the_second_of_a_kind_is_new() {
        let of = |lines: &[usize]| {
            lines.iter().map(|line| finding(Some("a"), "a.yaml", *line)).collect::<Vec<_>>()
        };
        assert_eq!(compare(of(&[1]), of(&[5]), &["a.yaml"]), (vec![], 1, vec![]));
        assert_eq!(compare(of(&[1]), of(&[3, 5]), &["a.yaml"]), (vec!["a.yaml:5".into()], 1, vec![]));
        let gone = vec!["Job a (job/no-deadline) 1".to_owned()];
        assert_eq!(compare(of(&[1, 2, 3]), of(&[7, 8]), &["a.yaml"]), (vec![], 2, gone));
        // Of those that are alike, the most severe is new.
        let mut two = of(&[3, 5]);
        two[0].severity = Severity::Error;
        assert_eq!(compare(of(&[1]), two, &["a.yaml"]), (vec!["a.yaml:3".into()], 1, vec![]));
    }

    #[test]
    fn what_is_not_in_the_input_may_not_be_gone() {
        let before = vec![
            finding(Some("a"), "a.yaml", 1),
            finding(Some("b"), "b.yaml", 1),
            finding(None, "c.yaml", 1),
        ];
        let now = vec![finding(Some("a"), "a.yaml", 1)];
        let gone =
            ["Job b (job/no-deadline) 1 elsewhere", "c.yaml (api/syntax) 1 elsewhere"].map(str::to_owned);
        assert_eq!(compare(before.clone(), now.clone(), &["a.yaml"]), (vec![], 1, gone.to_vec()));
        let gone = ["Job b (job/no-deadline) 1 elsewhere", "c.yaml (api/syntax) 1"].map(str::to_owned);
        assert_eq!(compare(before, now, &["a.yaml", "c.yaml"]), (vec![], 1, gone.to_vec()));
    }

    #[test]
    fn a_broken_file_may_be_renamed() {
        let of = |files: &[&str]| files.iter().map(|file| finding(None, file, 1)).collect::<Vec<_>>();
        assert_eq!(compare(of(&["a.yaml"]), of(&["b.yaml"]), &["b.yaml"]), (vec![], 1, vec![]));
        // The file is there still, and is not broken any more: it has not been renamed.
        assert_eq!(
            compare(of(&["a.yaml"]), of(&["b.yaml"]), &["a.yaml", "b.yaml"]),
            (vec!["b.yaml:1".into()], 0, vec!["a.yaml (api/syntax) 1".into()])
        );
        // The file is there still, and is not linted: this is another one.
        assert_eq!(
            compare_beside(
                of(&["a.yaml", "c.yaml"]),
                of(&["b.yaml", "d.yaml"]),
                &["b.yaml", "d.yaml"],
                &["a.yaml"]
            ),
            (vec!["d.yaml:1".into()], 1, vec!["a.yaml (api/syntax) 1 elsewhere".into()])
        );
        // One excuses one, first that of the same name in another folder.
        assert_eq!(
            compare(of(&["x/b.yaml"]), of(&["a.yaml", "y/b.yaml"]), &["a.yaml", "y/b.yaml"]),
            (vec!["a.yaml:1".into()], 1, vec![])
        );
        assert_eq!(
            compare(
                of(&["x/a.yaml", "x/b.yaml"]),
                of(&["y/b.yaml", "z.yaml", "zz.yaml"]),
                &["y/b.yaml", "z.yaml", "zz.yaml"]
            ),
            (vec!["zz.yaml:1".into()], 2, vec![])
        );
    }

    #[test]
    fn once_more_is_the_same() {
        let before = vec![finding(Some("a"), "a.yaml", 1), finding(None, "c.yaml", 1)];
        let mut report = report(vec![finding(Some("a"), "a.yaml", 9), finding(Some("b"), "a.yaml", 2)]);
        let baseline = Baseline::of(&super::tests::report(before));
        let inputs = ["a.yaml"].into();
        baseline.compare(&mut report, "base.json", &inputs, &|_| false);
        let first = format!("{report:?}");
        baseline.compare(&mut report, "base.json", &inputs, &|_| false);
        assert_eq!(format!("{report:?}"), first);
        // All that was found, new or known.
        let all = Baseline::of(&report);
        assert_eq!((all.findings(), all.entries().len()), (2, 2));
        all.compare(&mut report, "base.json", &inputs, &|_| false);
        let compared = report.baseline.unwrap();
        assert_eq!((report.diagnostics.len(), compared.known.len(), compared.gone), (0, 2, vec![]));
    }
}
