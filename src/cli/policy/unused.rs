//! Exceptions of a policy that match nothing.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::diagnostic::{ObjectId, SuppressedDiagnostic};
use crate::engine::{self, SuppressedBy};
use crate::linter::{Linter, decode_text};
use crate::policy::{Exception, Policy, Subject, date};
use crate::policy_test::each_workload;
use crate::sources::Source;

/// For each exception of the policy, whether it covers no finding in the sources. None if that is not known: there is no object,
/// the exception has ended, or only the webhook knows which objects it matches.
pub(super) fn unused(sources: &[Source], policy: &Policy, now: Timestamp) -> Vec<Option<bool>> {
    let exceptions = policy.exceptions();
    if exceptions.is_empty() {
        return Vec::new();
    }
    let linter = Linter { with_fixes: false, ..Linter::new(policy, now) };
    let report = linter.lint(sources).report;
    let used: HashSet<&str> = (report.suppressed.iter())
        .filter_map(|one| match &one.why.by {
            SuppressedBy::Exception { id, .. } => Some(id.as_str()),
            SuppressedBy::Annotation => None,
        })
        .collect();
    let today = date::of(now);
    let is_known = |exception: &Exception| {
        let matching = &exception.matching;
        report.objects > 0
            && exception.state(today).counts()
            && matching.namespace_labels.is_none()
            && matching.users.is_none()
    };
    let mut unused: Vec<Option<bool>> = exceptions
        .iter()
        .map(|exception| is_known(exception).then(|| !used.contains(exception.id.as_str())))
        .collect();
    // If several cover a finding, only one is named. The others are used as well.
    let mut rest: Vec<usize> = (0..unused.len())
        .filter(|index| unused[*index] == Some(true) && !report.suppressed.is_empty())
        .collect();
    rest.retain(|index| {
        let is_about = |one: &SuppressedDiagnostic| exceptions[*index].names(one.diagnostic.rule.id());
        report.suppressed.iter().any(is_about)
    });
    for source in sources.iter().filter(|source| !matches!(source, Source::Unrendered(_))) {
        if rest.is_empty() {
            break;
        }
        let found: Vec<&SuppressedDiagnostic> =
            report.suppressed.iter().filter(|one| *one.diagnostic.file == *source.name()).collect();
        let Some(bytes) = source.bytes().ok().filter(|_| !found.is_empty()) else { continue };
        let (text, _) = decode_text(&bytes);
        each_workload(&text, policy, |workload| {
            let subject = engine::subject(&workload, None);
            rest.retain(|index| {
                let exception = &exceptions[*index];
                let is_about = |one: &&SuppressedDiagnostic| {
                    one.diagnostic.object.as_ref().is_some_and(|object| is_it(object, &subject))
                        && exception.names(one.diagnostic.rule.id())
                };
                let is_used = exception.covers(&subject) && found.iter().any(is_about);
                if is_used {
                    unused[*index] = Some(false);
                }
                !is_used
            });
        });
    }
    unused
}

/// Whether reports name the object like this. A generated name is its prefix and `*`.
fn is_it(object: &ObjectId, subject: &Subject<'_>) -> bool {
    object.kind == subject.kind.as_str()
        && object.namespace.as_deref().unwrap_or_default() == subject.namespace.unwrap_or_default()
        && object.name.as_deref().unwrap_or_default().trim_end_matches('*') == subject.name
}
