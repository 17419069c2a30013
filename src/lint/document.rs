//! One text: its documents, their objects, and what there is to say about each.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use crate::engine::{
    self, Context, Finding, Fix, Input, InputObject, Kept, Object, Remark, Safety, ServiceFacts, Severity,
    Verdict, Written, check, check_stored, remarks, server_findings,
};
use crate::mutate;
use crate::policy::Defaults;
use crate::report::{Diagnostic, ObjectId};
use crate::rules;
use jobguard_apiserver::{Decoded, Kind, Workload};
use jobguard_manifest::FieldPath;
use jobguard_manifest::edit::Edit;
use jobguard_manifest::{self as manifest, Document, NodeId, ObjectRef, SyntaxError, Tree, Within};

use super::bytes::decode_text;
use super::changed::Changed;
use super::classify::{Class, classify, text, type_of};
use super::locate::Places;
use super::offer::Offers;
use super::patch::{self, Identity, Incomplete, Standing};
use super::prove::{edits_of, text_edits};
use super::{Linted, Linter, Told, services, stored, typeless};

/// How many Jobs, CronJobs and Services of one text are looked at: real ones of so many make a file larger than what is
/// read, and what is kept of each takes memory.
const MAX_OBJECTS: usize = 100_000;
/// How many findings of one text are reported.
const MAX_FINDINGS: usize = 100_000;
/// How many of them are shown with the lines that they are about.
const MAX_EXCERPTS: usize = 2_000;

/// Lints one text. `found` says that nobody named it: a JSON file that is not a manifest is then passed over. `told`
/// is what is known of the whole input by the number of each object, at the end.
pub(super) fn lint_text(
    linter: &Linter<'_>,
    name: &str,
    bytes: &[u8],
    found: bool,
    context: &Context<'_>,
    told: Option<&Told>,
) -> Linted {
    let (content, invalid) = decode_text(bytes);
    // What is not UTF-8 cannot be written back as it was.
    let with_changes = linter.with_changes && invalid.is_none();
    let mut reader = Reader {
        linter,
        context,
        told,
        text: &content,
        places: Places::new(name, &content),
        offers: with_changes.then(|| Offers::new(linter, context, &content)),
        // A tree that was walked is full of JSON that is not YAML and not ours (with comments, say).
        foreign: found && name.ends_with(".json") && !content.contains("apiVersion"),
        is_found_json: found && name.ends_with(".json"),
        left: MAX_OBJECTS,
        no_objects: Vec::new(),
        linted: Linted::default(),
    };
    if let Some((span, encoding)) = invalid {
        reader.report(reader.places.at(encoding.finding(), span, None));
    }
    manifest::read_each_within(&content, Some(&within(context)), |document| reader.document(document));
    if reader.linted.objects > 0 {
        for (finding, span) in std::mem::take(&mut reader.no_objects) {
            reader.report(reader.places.at(finding, span, None));
        }
    }
    reader.linted
}

/// One text on its way through the linter. Each document is done with before the next one is read.
struct Reader<'a, 't> {
    linter: &'a Linter<'a>,
    context: &'a Context<'a>,
    told: Option<&'a Told>,
    text: &'t str,
    places: Places<'t>,
    offers: Option<Offers<'a, 't>>,
    /// Whether what cannot be read is not ours.
    foreign: bool,
    /// Whether it is JSON that nobody named: an answer of an API, perhaps.
    is_found_json: bool,
    /// How many objects may still be looked at.
    left: usize,
    /// Documents that are no objects, the first few of them.
    no_objects: Vec<typeless::Remark>,
    linted: Linted,
}

impl<'t> Reader<'_, 't> {
    fn document(&mut self, document: Document<'t>) {
        let mut examined = Examined { first: self.linted.objects, left: self.left, ..Examined::default() };
        examine_document(self.linter, self.text, 0, &document, (self.context, self.told), &mut examined);
        self.left = examined.left;
        self.linted.objects += examined.objects.len();
        self.linted.incomplete |= examined.incomplete;
        self.linted.services.append(&mut examined.services);
        self.linted.complete.append(&mut examined.complete);
        self.linted.doubtful.append(&mut examined.doubtful);
        self.linted.left_out.objects += examined.too_many;
        let Examined { objects, found, kept, first, .. } = examined;
        if let Ok(tree) = &document.content {
            for object in objects.iter().filter(|_| self.linter.with_objects) {
                self.linted.listed.push(self.places.judged(tree, object.node, &object.id));
            }
            for (number, kept) in kept {
                let object = &objects[number - first];
                let name = FieldPath::root().field("metadata").field("name");
                let line = self.places.line(tree, object.node, &name);
                self.linted.kept.push((number, InputObject { file: self.places.name(), line, kept }));
            }
        }
        self.typeless(&document, objects.is_empty());
        self.ignored_text(&document);
        for found in found.into_iter().filter(|found| !found.follows) {
            self.found(found, &document, &objects);
        }
    }

    /// Says of a document that it does not say what it is.
    fn typeless(&mut self, document: &Document<'_>, has_no_object: bool) {
        let Ok(tree) = &document.content else { return };
        let remark = typeless::list(tree)
            .or_else(|| typeless::unknown_of_batch(tree))
            .or_else(|| typeless::bad_item(tree))
            .or_else(|| typeless::unknown_kind_of_batch(tree))
            .or_else(|| typeless::not_read(tree).filter(|_| !self.is_found_json));
        if let Some((finding, span)) = remark {
            if self.linted.diagnostics.len() >= MAX_FINDINGS {
                self.linted.left_out.findings += 1;
            } else {
                self.report(self.places.at(finding, span, None));
            }
        } else if has_no_object && self.no_objects.len() < typeless::MAX_REPORTED {
            self.no_objects.extend(typeless::no_object(tree));
        }
    }

    /// Says that a document ends before its text does.
    fn ignored_text(&mut self, document: &Document<'_>) {
        let Some(ignored) = document.ignored else { return };
        let setting =
            self.context.registry.setting(&rules::manifest_ignored_text::RULE, self.context.policy.base());
        if let Some(severity) = setting.and_then(|setting| Severity::of(setting.level)) {
            let finding = rules::manifest_ignored_text::finding(severity);
            self.report(self.places.at(finding, ignored, None));
        }
    }

    fn found(&mut self, found: Found, document: &Document<'_>, objects: &[Examinee]) {
        if self.linted.diagnostics.len() >= MAX_FINDINGS {
            self.linted.left_out.findings += 1;
            return;
        }
        let mut finding = found.finding;
        let root = FieldPath::root();
        let (base, edits) = match (&document.content, found.object) {
            (Ok(tree), Some(object)) => {
                let base = &objects[object].base;
                let edits = finding.fix.as_ref().and_then(|fix| edits_of(self.text, tree, base, fix));
                // What cannot be done to this text is not offered.
                finding.fix = finding.fix.filter(|_| edits.is_some());
                (base, edits)
            }
            _ => (&root, finding.fix.as_ref().and_then(text_edits)),
        };
        let mut change = None;
        if let (Some(offers), Some(fix), Some(edits)) = (&mut self.offers, &finding.fix, edits)
            && fix.safety != Safety::Shown
            && offers.is_right(document.span, &finding, base, &edits)
        {
            change = Some(self.places.change(&fix.title, edits));
        }
        let diagnostic = match (&document.content, found.object) {
            (Ok(tree), Some(object)) => {
                let object = &objects[object];
                self.places.diagnose(tree, object.node, Some(&object.id), finding)
            }
            (Err(error), _) if !self.foreign => self.places.at(finding, error.span, None),
            _ => return,
        };
        self.report(Diagnostic { change, ..diagnostic });
    }

    fn report(&mut self, mut diagnostic: Diagnostic) {
        if self.linted.diagnostics.len() >= MAX_EXCERPTS {
            diagnostic.excerpt = None;
        }
        self.linted.diagnostics.push(diagnostic);
    }
}

/// What a text holds, and what there is to say about it.
#[derive(Debug, Default)]
pub(super) struct Examined<'t> {
    /// The documents that are of interest, by their position in the text: those with a Job or CronJob, and those that
    /// cannot be read.
    pub(super) documents: BTreeMap<usize, manifest::Document<'t>>,
    /// How many documents there are.
    pub(super) count: usize,
    /// A hash of the texts and positions of all others.
    pub(super) others: u64,
    /// The Jobs and CronJobs in them.
    pub(super) objects: Vec<Examinee>,
    pub(super) found: Vec<Found>,
    pub(super) services: Vec<ServiceFacts>,
    /// Those of the objects that lack nothing which every one must have.
    pub(super) complete: Vec<Identity>,
    /// Those that do, and may be patches, by their numbers.
    pub(super) doubtful: Vec<(usize, Incomplete)>,
    /// What rules about the whole input keep, by the object's number.
    pub(super) kept: Vec<(usize, Vec<Kept>)>,
    /// Whether a rule asked for what is known only at the end.
    pub(super) incomplete: bool,
    /// The number of the first of the objects.
    first: usize,
    /// How many objects may still be looked at.
    left: usize,
    /// How many were not.
    too_many: usize,
}

/// A Job or CronJob in a text.
#[derive(Debug)]
pub(super) struct Examinee {
    pub(super) document: usize,
    pub(super) base: FieldPath,
    pub(super) node: NodeId,
    pub(super) id: Arc<ObjectId>,
    /// Whether it could be decoded, so that everything was judged.
    pub(super) judged: bool,
}

/// A finding and what it is about.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) finding: Finding,
    /// Which of the documents.
    pub(super) document: usize,
    /// Which of the objects; none for a document that cannot be read.
    pub(super) object: Option<usize>,
    /// Whether it only follows from another, and is not told.
    pub(super) follows: bool,
}

/// Judges everything in a text.
pub(super) fn examine<'t>(linter: &Linter<'_>, text: &'t str, context: &Context<'_>) -> Examined<'t> {
    examine_and_keep(linter, text, context, &BTreeMap::new())
}

/// As [`examine`]. The documents that were of interest `before`, when the text was another, are of interest still.
pub(super) fn examine_and_keep<'t>(
    linter: &Linter<'_>,
    text: &'t str,
    context: &Context<'_>,
    before: &BTreeMap<usize, Document<'_>>,
) -> Examined<'t> {
    let mut examined = Examined { left: MAX_OBJECTS, ..Examined::default() };
    manifest::read_each_within(text, Some(&within(context)), |document| {
        let position = examined.count;
        examined.count += 1;
        let so_far = (examined.objects.len(), examined.found.len());
        examine_document(linter, text, position, &document, (context, None), &mut examined);
        let is_of_interest = so_far != (examined.objects.len(), examined.found.len());
        if is_of_interest || document.ignored.is_some() || before.contains_key(&position) {
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

fn examine_document(
    linter: &Linter<'_>,
    text: &str,
    position: usize,
    document: &Document<'_>,
    about: (&Context<'_>, Option<&Told>),
    examined: &mut Examined<'_>,
) {
    match &document.content {
        Ok(tree) => {
            for object in manifest::objects(tree) {
                examine_object(linter, (text, tree), object, position, about, examined);
            }
        }
        Err(error) if error.too_large.is_some() => {
            let finding = too_large(error, about.0);
            let found = |finding| Found { finding, document: position, object: None, follows: false };
            examined.found.extend(finding.map(found));
        }
        Err(error) => {
            let own_text = text.get(document.span.start..document.span.end).unwrap_or_default();
            // What does not say that it is an object of the API may be anybody's text.
            let safety = if patch::says_version(own_text) { Safety::Safe } else { Safety::Unsafe };
            let repair = (!patch::mentions_directive(own_text)).then_some(safety);
            let finding = rules::api_syntax::unreadable(error, repair);
            examined.found.push(Found { finding, document: position, object: None, follows: false });
        }
    }
}

/// How large the objects may be that are read: ours, as the policy has it. Of others, nobody knows what they need.
pub(super) fn within(context: &Context<'_>) -> Within {
    let is_asked_for = |api_version: Option<&str>, kind: Option<&str>| {
        kind.is_some_and(|kind| kind.ends_with("List")) || classify(api_version, kind) != Class::Other
    };
    Within { limits: context.policy.limits, is_asked_for }
}

/// What there is to say about a document with an object that is too large; nothing where it is not ours.
fn too_large(error: &SyntaxError, context: &Context<'_>) -> Option<Finding> {
    let object = error.too_large.as_ref()?;
    if !(within(context).is_asked_for)(object.api_version.as_deref(), object.kind.as_deref()) {
        return None;
    }
    Some(rules::manifest_too_large::finding(&error.message))
}

fn examine_object(
    linter: &Linter<'_>,
    (text, tree): (&str, &Tree<'_>),
    object: ObjectRef,
    document: usize,
    (context, told): (&Context<'_>, Option<&Told>),
    examined: &mut Examined<'_>,
) {
    let (api_version, kind) = type_of(tree, &object);
    let says_version = api_version.is_some();
    let mut findings = Vec::new();
    let class = typeless::of_batch(tree, object.node).unwrap_or_else(|| classify(api_version, kind));
    if class != Class::Other {
        let Some(left) = examined.left.checked_sub(1) else {
            examined.too_many += 1;
            return;
        };
        examined.left = left;
    }
    let kind = match class {
        Class::Other => return,
        Class::Service => {
            examined.services.extend(services::facts(tree, object.node));
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
    let id = Arc::new(object_id(tree, &object, kind));
    let examinee = |judged| Examinee {
        document,
        base: object.base.clone(),
        node: object.node,
        id: Arc::clone(&id),
        judged,
    };
    let found = |follows| move |finding| Found { finding, document, object: Some(index), follows };
    match patch::standing(linter, context, tree, object.node, kind) {
        Standing::Patch(remark) => {
            examined.found.extend(remark.map(|remark| found(false)(*remark)));
            examined.objects.push(examinee(false));
            return;
        }
        // Under another version it may be another object.
        Standing::Manifest(complete) => examined.complete.extend(complete.filter(|_| findings.is_empty())),
        Standing::Doubtful(incomplete) => examined.doubtful.push((number, incomplete)),
    }
    let first = findings.len();
    let Decoded { workload, complaints, .. } = context.policy.server.decode(tree, object.node, kind);
    findings.extend(server_findings(&complaints, context.registry));
    let judged = workload.is_some();
    let mut folded = Vec::new();
    // Judged against another version, an object is what somebody means to send.
    let stored = stored::is_stored(tree, object.node)
        && linter.against.zip(workload.as_ref()).is_none_or(|(against, new)| against.find(new).is_none());
    if let Some(workload) = workload {
        let about_this = told.and_then(|told| told.get(&number));
        let input = about_this.map_or(context.input, |findings| Input::Judged(findings));
        let remarks = remarks(Written { tree, node: object.node, text }, context.registry);
        let context = Context { input, ..*context };
        let verdict = match stored {
            true => judge_stored(linter, workload, remarks, &context),
            false => judge(linter, (tree, object.node), workload, remarks, &context),
        };
        examined.incomplete |= verdict.incomplete;
        if !verdict.kept.is_empty() {
            examined.kept.push((number, verdict.kept));
        }
        findings.extend(verdict.findings);
        folded = verdict.folded;
    }
    // The type of the object has nothing to do with its fields.
    let mut of_fields = findings.split_off(first);
    folded.extend(engine::fold(&mut of_fields));
    findings.extend(of_fields);
    give_way(&mut findings);
    if stored {
        findings.iter_mut().chain(&mut folded).for_each(stored::soften);
    }
    let fixes = findings.iter_mut().chain(&mut folded).filter_map(|finding| finding.fix.as_mut());
    patch::distrust_additions(tree, object.node, kind, fixes);
    if !says_version {
        // Other things have a kind too: values, settings of other programs.
        findings.iter_mut().chain(&mut folded).filter_map(|finding| finding.fix.as_mut()).for_each(|fix| {
            fix.safety = fix.safety.max(Safety::Unsafe);
        });
    }
    examined.found.extend(findings.into_iter().map(found(false)));
    examined.found.extend(folded.into_iter().map(found(true)));
    examined.objects.push(examinee(judged));
}

/// A fix that gives a field a value makes way for one that takes the value from the text, so that what somebody wrote
/// in the wrong place, or under a wrong name, comes before what anybody would choose.
fn give_way(findings: &mut [Finding]) {
    let takes =
        |fix: &Fix| fix.edits.iter().any(|edit| matches!(edit, Edit::Move { .. } | Edit::RenameKey { .. }));
    let taken: Vec<FieldPath> = findings
        .iter()
        .filter_map(|finding| finding.fix.as_ref().filter(|fix| takes(fix)))
        .flat_map(Fix::targets)
        .collect();
    let is_taken =
        |target: FieldPath| taken.iter().any(|taken| target.starts_with(taken) || taken.starts_with(&target));
    for finding in findings {
        if finding.fix.as_ref().is_some_and(|fix| !takes(fix) && fix.targets().any(is_taken)) {
            finding.fix = None;
        }
    }
}

/// The defaults of the policy for an object, where they are to be filled in.
fn defaults_of(linter: &Linter<'_>, written: &Workload, context: &Context<'_>) -> Option<Defaults> {
    linter.with_defaults.then(|| {
        context.policy.settings_for(&engine::subject(written, context.namespace_labels)).defaults.clone()
    })
}

/// The verdict on an object that an API server has stored, as it is.
fn judge_stored(
    linter: &Linter<'_>,
    mut stored: Workload,
    remarks: Vec<Remark>,
    context: &Context<'_>,
) -> Verdict {
    let defaults = defaults_of(linter, &stored, context);
    let server = &context.policy.server;
    server.apply_defaults(&mut stored);
    let old = Object::prepared(stored.clone());
    let object = Object::updated(server, stored, &old, |workload| {
        if let Some(defaults) = &defaults {
            mutate::fill_update(workload, old.workload(), defaults);
        }
    });
    check_stored(&old, &object.with_remarks(remarks), context)
}

/// The verdict on one object, as written or as a cluster with the webhook would see it.
fn judge(
    linter: &Linter<'_>,
    (tree, node): (&Tree<'_>, NodeId),
    written: Workload,
    remarks: Vec<Remark>,
    context: &Context<'_>,
) -> Verdict {
    let defaults = defaults_of(linter, &written, context);
    let stored = linter.against.and_then(|against| Some((against.find_stored(&written)?, against.change())));
    if let Some((stored, change)) = stored {
        let change = Changed { stored, change, defaults: defaults.as_ref(), context };
        return change.judge(|| tree.to_value(node), written, remarks);
    }
    let object = Object::created(&context.policy.server, written, |workload| {
        if let Some(defaults) = &defaults {
            mutate::fill(workload, defaults);
        }
    });
    check(&object.with_remarks(remarks), context)
}

fn object_id(tree: &Tree<'_>, object: &ObjectRef, kind: Kind) -> ObjectId {
    let (api_version, _) = type_of(tree, object);
    let metadata = tree.get(object.node, "metadata");
    let field = |name| metadata.and_then(|metadata| text(tree, metadata, name)).map(str::to_owned);
    ObjectId {
        api_version: api_version.unwrap_or_default().to_owned(),
        kind: kind.as_str().to_owned(),
        namespace: field("namespace"),
        name: field("name").or_else(|| field("generateName").map(|prefix| format!("{prefix}*"))),
    }
}
