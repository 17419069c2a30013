//! One text: its documents, the objects in them, and the findings about each.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::classify::{Class, classify};
use super::examined::{Examined, Found, InputFindings};
use super::helm;
use super::object::examine_object;
use super::options::Options;
use super::patch;
use crate::engine::{Context, Finding, NeighbourKind, Safety};
use crate::rules;
use jobguard_manifest::{self as manifest, Document, SyntaxError, Within};

/// How many Jobs and CronJobs of one text are examined: a file with so many real ones is larger than what is
/// read, and what is kept of each takes memory.
pub(crate) const MAX_OBJECTS: usize = 100_000;

/// Examines every document of a text.
pub(crate) fn examine<'t>(options: &Options<'_>, text: &'t str, context: &Context<'_>) -> Examined<'t> {
    examine_and_keep(options, text, context, &BTreeMap::new())
}

/// As [`examine`]. The documents that were relevant `before`, in an earlier version of the text, stay relevant.
pub(crate) fn examine_and_keep<'t>(
    options: &Options<'_>,
    text: &'t str,
    context: &Context<'_>,
    before: &BTreeMap<usize, Document<'_>>,
) -> Examined<'t> {
    examine_all(options, text, (context, None), before)
}

/// As [`examine`], with what the rules about the whole input found.
pub(crate) fn examine_with<'t>(
    options: &Options<'_>,
    text: &'t str,
    context: &Context<'_>,
    input_findings: &InputFindings,
) -> Examined<'t> {
    examine_all(options, text, (context, Some(input_findings)), &BTreeMap::new())
}

fn examine_all<'t>(
    options: &Options<'_>,
    text: &'t str,
    about: (&Context<'_>, Option<&InputFindings>),
    before: &BTreeMap<usize, Document<'_>>,
) -> Examined<'t> {
    let (context, _) = about;
    let mut examined = Examined::starting_at(0, MAX_OBJECTS);
    let within = Within { limits: context.policy.limits, is_asked_for: &is_asked_for(context) };
    manifest::read_each_within(text, Some(&within), |document| {
        let position = examined.count;
        examined.count += 1;
        let so_far = (examined.objects.len(), examined.found.len());
        examine_document(options, text, position, &document, about, &mut examined);
        let is_relevant = so_far != (examined.objects.len(), examined.found.len());
        if is_relevant || document.ignored.is_some() || before.contains_key(&position) {
            examined.documents.insert(position, document);
        } else {
            let mut hasher = DefaultHasher::new();
            let own_text = text.get(document.span.start..document.span.end);
            (examined.others, position, own_text).hash(&mut hasher);
            examined.others = hasher.finish();
        }
    });
    examined
}

/// Examines one document, which is the one at `position` of `text`.
pub(crate) fn examine_document<'t>(
    options: &Options<'_>,
    text: &'t str,
    position: usize,
    document: &Document<'_>,
    about: (&Context<'_>, Option<&InputFindings>),
    examined: &mut Examined<'t>,
) {
    let own_text = text.get(document.span.start..document.span.end).unwrap_or_default();
    examined.template = helm::template_of(own_text);
    match &document.content {
        Ok(tree) => {
            examined.neighbours.note_left_out(tree);
            for object in manifest::objects(tree) {
                examine_object(options, (text, tree), object, position, about, examined);
            }
        }
        Err(error) if error.too_large.is_some() => {
            examined.neighbours.note_too_large(error);
            let finding = too_large(error, about.0);
            let found = |finding| Found { finding, document: position, object: None, follows: false };
            examined.found.extend(finding.map(found));
        }
        Err(error) => {
            examined.neighbours.note_unreadable();
            // A text without an apiVersion may be something else than a manifest.
            let safety = if patch::names_version(own_text) { Safety::Safe } else { Safety::Unsafe };
            let repair = (!patch::mentions_directive(own_text)).then_some(safety);
            let finding = rules::api_syntax::unreadable(error, repair);
            examined.found.push(Found { finding, document: position, object: None, follows: false });
        }
    }
}

/// Whether objects of an `apiVersion` and a `kind` are read within the policy's limits: those that are judged, and
/// Services. Others are read without a limit, or not at all.
pub(crate) fn is_asked_for<'c>(
    context: &Context<'c>,
) -> impl Fn(Option<&str>, Option<&str>) -> bool + Sync + use<'c> {
    let kinds = &context.policy.outer_kinds;
    move |api_version, kind| {
        kind.is_some_and(|kind| kind.ends_with("List"))
            || match classify(api_version, kind) {
                Class::Workload(_) | Class::Misplaced(_) => true,
                Class::Neighbour(kind) => kind == NeighbourKind::Service,
                Class::Other => kinds.find(api_version, kind).is_some(),
            }
    }
}

/// The finding about a document with an object that is too large; none where it is of another kind.
fn too_large(error: &SyntaxError, context: &Context<'_>) -> Option<Finding> {
    let object = error.too_large.as_ref()?;
    if !is_asked_for(context)(object.api_version.as_deref(), object.kind.as_deref()) {
        return None;
    }
    Some(rules::manifest_too_large::finding(&error.message))
}
