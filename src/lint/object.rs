//! One object: whether it is judged at all, and what is wrong with it.

use std::sync::Arc;

use super::classify::{Class, classify, type_of};
use super::common::{object_id, prefer_moves};
use super::examined::{Examined, Examinee, Found, InputFindings};
use super::helm;
use super::options::Options;
use super::outer::{examine_misspelt, examine_outer};
use super::patch::{self, Standing};
use super::verdict::{lint_object, lint_stored_object};
use super::{stored, typeless};
use crate::engine::corrected::{self, Compared, Faulty, Variant};
use crate::engine::{self, Context, Input, Safety, TextFacts, Written, remarks, server_findings};
use jobguard_manifest::{ObjectRef, Tree};

/// Examines one object of the document with the number `document`.
pub(super) fn examine_object(
    options: &Options<'_>,
    (text, tree): (&str, &Tree<'_>),
    object: ObjectRef,
    document: usize,
    (context, input_findings): (&Context<'_>, Option<&InputFindings>),
    examined: &mut Examined<'_>,
) {
    let (api_version, kind) = type_of(tree, &object);
    let has_version = api_version.is_some();
    let mut findings = Vec::new();
    let class = typeless::of_batch(tree, object.node).unwrap_or_else(|| classify(api_version, kind));
    if class == Class::Other
        && let Some(kind) = context.policy.outer_kinds.find(api_version, kind)
    {
        return examine_outer(options, (text, tree), (&object, kind), document, context, examined);
    }
    if class == Class::Other
        && let Some((written, meant)) = kind.zip(context.policy.outer_kinds.misspelt(api_version, kind))
    {
        return examine_misspelt(tree, (&object, written, meant), document, context, examined);
    }
    if matches!(class, Class::Workload(_) | Class::Misplaced(_)) {
        let Some(left) = examined.left.checked_sub(1) else {
            examined.too_many += 1;
            return;
        };
        examined.left = left;
    }
    let kind = match class {
        Class::Other => {
            examined.neighbours.note_maker(tree, object.node, (api_version, kind));
            return;
        }
        Class::Neighbour(kind) => {
            if context.neighbours.are_pending() {
                examined.neighbours.add(tree, object.node, kind, examined.template);
            }
            return;
        }
        Class::Workload(kind) => kind,
        Class::Misplaced(misplaced) => {
            findings.push(misplaced.finding());
            misplaced.kind
        }
    };
    let index = examined.objects.len();
    let number = examined.first + index;
    let id = Arc::new(object_id(tree, &object, kind.as_str()));
    let examinee = |judged| Examinee {
        document,
        base: object.base.clone(),
        node: object.node,
        id: Arc::clone(&id),
        judged,
    };
    let found = |follows| move |finding| Found { finding, document, object: Some(index), follows };
    match patch::standing(options.complete, context, tree, object.node, kind) {
        Standing::Patch(remark) => {
            examined.found.extend(remark.map(|remark| found(false)(*remark)));
            examined.objects.push(examinee(false));
            return;
        }
        // With a wrong type it may be meant to be another object.
        Standing::Manifest(complete) => examined.complete.extend(complete.filter(|_| findings.is_empty())),
        Standing::Doubtful(incomplete) => examined.doubtful.push((number, incomplete)),
    }
    let first = findings.len();
    let mut decoded = context.policy.server.decode(tree, object.node, kind);
    findings.extend(server_findings(&decoded.complaints, context.registry));
    let dropped = std::mem::take(&mut decoded.dropped);
    let written = decoded.workload.take();
    let judged = written.is_some();
    let server = &context.policy.server;
    let faulty = Faulty { server, tree, node: object.node, kind, text, decoded: &decoded };
    // With values of a wrong type there is no object; what is left of it is judged all the same.
    let variant = match written {
        Some(workload) => Some(Variant { value: None, workload }),
        None => faulty.without_mistyped(),
    };
    let (mut folded, mut suppressed, mut other) = (Vec::new(), Vec::new(), None);
    // One with a stored version in --against is a manifest, even where it looks like a stored object itself.
    let stored = stored::is_stored(tree, object.node)
        && options
            .against
            .zip(variant.as_ref())
            .is_none_or(|(against, new)| against.find(&new.workload).is_none());
    if let Some(variant) = variant {
        let about_this = input_findings.and_then(|findings| findings.get(&number));
        let input = about_this.map_or(context.input, |findings| Input::Judged(findings));
        let remarks = remarks(Written { tree, node: object.node, text }, context.registry);
        let facts =
            TextFacts { remarks, dropped, chart: examined.template.and_then(helm::chart).map(str::to_owned) };
        let context = Context { input, ..*context };
        let judge = |Variant { value, workload }| {
            let facts = facts.clone();
            let value = || value.unwrap_or_else(|| tree.to_value(object.node));
            match stored {
                true => lint_stored_object(options, workload, facts, &context),
                false => lint_object(options, value, workload, facts, &context),
            }
        };
        let verdict = judge(variant);
        examined.incomplete |= verdict.incomplete;
        examined.questions.append(verdict.questions);
        // What rules about the whole input keep may rest on what is not there.
        if judged && !verdict.kept.is_empty() {
            examined.kept.push((number, verdict.kept));
        }
        findings.extend(verdict.findings);
        folded = verdict.folded;
        suppressed = verdict.suppressed;
        other = faulty.corrected().map(judge);
    }
    // Findings about the type fold none about fields.
    let mut of_fields = findings.split_off(first);
    folded.extend(engine::fold(&mut of_fields));
    if let Some(other) = &other {
        let compared = Compared::with(other, &decoded, judged);
        let depend = compared.take(&mut of_fields);
        if !judged {
            let mut waiting = corrected::rules_of(&depend);
            waiting.extend(compared.found_there_alone(&of_fields));
            corrected::settle_mistyped(&mut of_fields, waiting);
        }
        folded.extend(depend);
    }
    findings.extend(of_fields);
    prefer_moves(&mut findings);
    if stored {
        findings.iter_mut().chain(&mut folded).chain(&mut suppressed).for_each(stored::soften);
    }
    let fixes = findings.iter_mut().chain(&mut folded).filter_map(|finding| finding.fix.as_mut());
    let mut fixes = fixes.peekable();
    if fixes.peek().is_some() {
        let missing = patch::missing(tree, object.node, kind);
        patch::make_additions_unsafe(tree, object.node, missing.as_ref(), fixes);
    }
    if !has_version {
        // Without an apiVersion it may be something else that has a kind: values of a chart, settings of a program.
        findings.iter_mut().chain(&mut folded).filter_map(|finding| finding.fix.as_mut()).for_each(|fix| {
            fix.safety = fix.safety.max(Safety::Unsafe);
        });
    }
    examined.found.extend(findings.into_iter().map(found(false)));
    examined.found.extend(folded.into_iter().map(found(true)));
    examined.suppressed.extend(suppressed.into_iter().map(found(false)));
    examined.objects.push(examinee(judged));
}
