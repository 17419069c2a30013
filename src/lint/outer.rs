//! One object whose Jobs a controller makes: a JobSet, a ScaledJob and the like.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::common::{object_id, prefer_moves};
use super::examined::{Examined, Examinee, Found};
use super::namesakes::Identity;
use super::options::Options;
use super::patch::{self, Standing};
use super::stored;
use crate::embedded::{MAX_JOBS, Outer, OuterKind, Slots};
use crate::engine::{ANNOTATION, Context, Finding, MadeOptions, MadeVerdict, check_made};
use crate::rules;
use jobguard_manifest::{FieldPath, ObjectRef, Tree};

/// Examines one object of the document with the number `document`. One that holds no Job is not judged, and not counted.
pub(super) fn examine_outer(
    options: &Options<'_>,
    (text, tree): (&str, &Tree<'_>),
    (object, kind): (&ObjectRef, &OuterKind),
    document: usize,
    context: &Context<'_>,
    examined: &mut Examined<'_>,
) {
    let outer = Outer { tree, node: object.node, kind, annotation: ANNOTATION, namespace: None };
    let slots = outer.slots();
    if slots.as_ref().is_ok_and(Slots::is_empty) {
        return;
    }
    let Some(left) = examined.left.checked_sub(1) else {
        examined.too_many += 1;
        return;
    };
    examined.left = left;
    let index = examined.objects.len();
    let number = examined.first + index;
    let id = Arc::new(object_id(tree, object, &kind.kind));
    let examinee = |judged| Examinee {
        document,
        base: object.base.clone(),
        node: object.node,
        id: Arc::clone(&id),
        judged,
    };
    let found = |follows| move |finding| Found { finding, document, object: Some(index), follows };
    let Ok(slots) = slots else {
        examined.found.push(found(false)(rules::manifest_too_large::too_many_jobs(MAX_JOBS)));
        examined.objects.push(examinee(false));
        return;
    };
    let missing = missing(&outer, &slots);
    let identity = || Identity::of(tree, object.node, format!("{}.{}", kind.kind, kind.group));
    match patch::standing_of(options.complete, context, (tree, object.node), identity, || missing.clone()) {
        Standing::Patch(remark) => {
            examined.found.extend(remark.map(|remark| found(false)(*remark)));
            examined.objects.push(examinee(false));
            return;
        }
        Standing::Manifest(complete) => examined.complete.extend(complete),
        Standing::Doubtful(incomplete) => examined.doubtful.push((number, incomplete)),
    }
    let old = options.against.and_then(|against| against.find_outer(tree, object.node, kind));
    let old =
        old.map(|tree| Outer { tree, node: tree.root(), kind, annotation: ANNOTATION, namespace: None });
    let how = MadeOptions { reader: &context.policy.server, text: Some(text), fills: options.with_defaults };
    // The slots have been counted, so that there is a verdict.
    let Ok(MadeVerdict { verdict, is_read, lacks, misspelt }) =
        check_made(&outer, old.as_ref(), context, how)
    else {
        return;
    };
    examined.incomplete |= verdict.incomplete;
    examined.questions.append(verdict.questions);
    let (mut findings, mut folded, mut suppressed) = (verdict.findings, verdict.folded, verdict.suppressed);
    findings.extend(
        lacks.and_then(|path| rules::manifest_no_jobs::finding(kind, path, misspelt.as_deref(), context)),
    );
    prefer_moves(&mut findings);
    if stored::is_stored(tree, object.node) {
        findings.iter_mut().chain(&mut folded).chain(&mut suppressed).for_each(stored::soften);
    }
    let all = |findings: &mut Vec<Finding>| {
        let fixes = findings.iter_mut().filter_map(|finding| finding.fix.as_mut());
        patch::make_additions_unsafe(tree, object.node, missing.as_ref(), fixes);
    };
    all(&mut findings);
    all(&mut folded);
    examined.found.extend(findings.into_iter().map(found(false)));
    examined.found.extend(folded.into_iter().map(found(true)));
    examined.suppressed.extend(suppressed.into_iter().map(found(false)));
    examined.objects.push(examinee(is_read));
}

/// Reports an object of no kind that its API group has, but of nearly such a name, which is not looked at any further.
pub(super) fn examine_misspelt(
    tree: &Tree<'_>,
    (object, written, meant): (&ObjectRef, &str, &OuterKind),
    document: usize,
    context: &Context<'_>,
    examined: &mut Examined<'_>,
) {
    let Some(finding) = rules::manifest_no_jobs::misspelt_kind(meant, written, context) else { return };
    let Some(left) = examined.left.checked_sub(1) else {
        examined.too_many += 1;
        return;
    };
    examined.left = left;
    let object_index = Some(examined.objects.len());
    examined.found.push(Found { finding, document, object: object_index, follows: false });
    examined.objects.push(Examinee {
        document,
        base: object.base.clone(),
        node: object.node,
        id: Arc::new(object_id(tree, object, written)),
        judged: false,
    });
}

/// The first required field that a Job of the object lacks, where it stands in the object.
fn missing(outer: &Outer<'_, '_>, slots: &Slots) -> Option<FieldPath> {
    let without_jobs = slots.lacks.as_ref().or(slots.misplaced.first().map(|one| &one.path));
    if let Some(path) = without_jobs {
        return Some(path.clone());
    }
    slots.all.iter().find_map(|slot| {
        let job = outer.make(slot, &BTreeSet::new());
        let missing = patch::missing(&job.tree, job.tree.root(), job.kind)?;
        job.places.exact(&missing)
    })
}
