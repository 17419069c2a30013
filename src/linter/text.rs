//! Linting one text: its documents one by one, and findings turned into diagnostics.

use std::collections::BTreeSet;

use super::decode::decode_text;
use super::linted::Linted;
use super::settings::Linter;
use crate::diagnostic::{Diagnostic, SuppressedDiagnostic};
use crate::engine::{Context, Finding, InputObject, Safety, Severity};
use crate::fix::{Offers, Promises, edits_of, text_edits};
use crate::lint::{
    Examined, Examinee, Found, InputFindings, MAX_OBJECTS, Options, Places, examine_document, is_asked_for,
    typeless,
};
use crate::rules;
use crate::sources::Source;
use jobguard_manifest::edit::TextEdit;
use jobguard_manifest::{self as manifest, Document, FieldPath, Within};

/// How many findings of one text are reported.
const MAX_FINDINGS: usize = 100_000;
/// How many of them are shown with the lines that they are about.
const MAX_EXCERPTS: usize = 2_000;
/// The largest text in which anything is fixed, in bytes: it is read again for every round and every try.
pub(super) const MAX_FIXED: usize = 8 << 20;

/// Lints one text, the `bytes` of `source`. A JSON file that was found in a folder and is not a manifest is ignored.
/// `about_input` is what the rules about the whole input found in it, once that is known.
pub(super) fn lint_text(
    linter: &Linter<'_>,
    options: Options<'_>,
    (source, bytes): (&Source, &[u8]),
    context: &Context<'_>,
    about_input: Option<&AboutInput>,
) -> Linted {
    let name = source.name();
    let is_found = matches!(source, Source::File { within: Some(_), .. } | Source::Open { .. });
    let is_found_json = is_found && name.ends_with(".json");
    let (content, invalid) = decode_text(bytes);
    // What is not UTF-8 cannot be written back as it was.
    let is_fixed = invalid.is_none() && content.len() <= MAX_FIXED;
    let mut reader = Reader {
        linter,
        options,
        context,
        about_input,
        text: &content,
        places: Places::new(name, &content).with_info_lines(linter.with_info_lines),
        promises: (is_fixed && linter.with_fixes).then(|| Promises::new(options, context, &content)),
        offers: (is_fixed && linter.with_changes).then(|| Offers::new(options, context, &content)),
        // Folders hold many JSON files that are no manifests, and no YAML either (with comments, say).
        foreign: is_found_json && !content.contains("apiVersion"),
        is_found_json,
        left: MAX_OBJECTS,
        no_objects: Vec::new(),
        linted: Linted::default(),
    };
    if let Some((span, encoding)) = invalid {
        reader.report(reader.places.at(encoding.finding(), span, None));
    }
    let within = Within { limits: context.policy.limits, is_asked_for: &is_asked_for(context) };
    manifest::read_each_within(&content, Some(&within), |document| reader.document(document));
    if reader.linted.objects > 0 {
        for (finding, span) in std::mem::take(&mut reader.no_objects) {
            reader.report(reader.places.at(finding, span, None));
        }
    }
    reader.linted
}

/// What the rules about the whole input found in a text.
#[derive(Debug, Default)]
pub(super) struct AboutInput {
    pub(super) findings: InputFindings,
    /// Which of them go away with unsafe fixes, in this text or others: the number of the object and the rule.
    pub(super) promised: BTreeSet<(usize, &'static str)>,
}

/// A finding with what its fix changes.
struct Planned {
    finding: Finding,
    /// The index of the object.
    object: Option<usize>,
    /// The object's path in the document.
    base: FieldPath,
    edits: Option<Vec<TextEdit>>,
    /// With which fixes it goes away.
    promised: Option<Safety>,
}

/// Lints a text document by document.
struct Reader<'a, 't> {
    linter: &'a Linter<'a>,
    options: Options<'a>,
    context: &'a Context<'a>,
    about_input: Option<&'a AboutInput>,
    text: &'t str,
    places: Places<'t>,
    promises: Option<Promises<'a, 't>>,
    offers: Option<Offers<'a, 't>>,
    /// Whether a syntax error is not reported, since the file is no manifest.
    foreign: bool,
    /// Whether it is JSON that was found in a folder: the response of an API, perhaps.
    is_found_json: bool,
    /// How many objects may still be examined.
    left: usize,
    /// Documents that are no objects, the first few of them.
    no_objects: Vec<typeless::Remark>,
    linted: Linted,
}

impl<'t> Reader<'_, 't> {
    fn document(&mut self, document: Document<'t>) {
        if self.context.is_cancelled() {
            return;
        }
        let mut examined = Examined::starting_at(self.linted.objects, self.left);
        examined.neighbours = std::mem::take(&mut self.linted.neighbours);
        let about = (self.context, self.about_input.map(|about| &about.findings));
        examine_document(&self.options, self.text, 0, &document, about, &mut examined);
        self.left = examined.left;
        self.linted.objects += examined.objects.len();
        self.linted.incomplete |= examined.incomplete;
        self.linted.neighbours = std::mem::take(&mut examined.neighbours);
        self.linted.questions.append(std::mem::take(&mut examined.questions));
        self.linted.complete.append(&mut examined.complete);
        self.linted.doubtful.append(&mut examined.doubtful);
        self.linted.left_out.objects += examined.too_many;
        let Examined { objects, found, suppressed, kept, first, .. } = examined;
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
        let mut planned: Vec<Planned> = found
            .into_iter()
            .filter(|found| !found.follows)
            .map(|found| self.planned(found, &document, &objects, first))
            .collect();
        self.promise(&document, &mut planned);
        for planned in planned {
            self.found(planned, &document, &objects);
        }
        for found in suppressed {
            self.suppressed(found, &document, &objects);
        }
    }

    /// Plans the fix of a finding on the text. One that cannot be applied to this text is dropped. `first` is the number of
    /// the first of the objects.
    fn planned(&self, found: Found, document: &Document<'_>, objects: &[Examinee], first: usize) -> Planned {
        let Found { mut finding, object, .. } = found;
        let is_promised = |about: &AboutInput| {
            object.is_some_and(|object| about.promised.contains(&(first + object, finding.rule.id())))
        };
        let promised = self.about_input.is_some_and(is_promised).then_some(Safety::Unsafe);
        let (base, edits) = match (&document.content, object) {
            (Ok(tree), Some(object)) => {
                let base = objects[object].base.clone();
                let edits = finding.fix.as_ref().and_then(|fix| edits_of(self.text, tree, &base, fix));
                finding.fix = finding.fix.filter(|_| edits.is_some());
                (base, edits)
            }
            _ => (FieldPath::root(), finding.fix.as_ref().and_then(text_edits)),
        };
        Planned { finding, object, base, edits, promised }
    }

    /// Finds out which of the fixes can be promised.
    fn promise(&mut self, document: &Document<'_>, planned: &mut [Planned]) {
        let Some(promises) = &mut self.promises else { return };
        let is_candidate = |planned: &&mut Planned| {
            planned.edits.is_some()
                && planned.finding.fix.as_ref().is_some_and(|fix| fix.safety != Safety::Shown)
        };
        let mut candidates: Vec<&mut Planned> = planned.iter_mut().filter(is_candidate).collect();
        if candidates.is_empty() {
            return;
        }
        let findings: Vec<(FieldPath, &Finding)> =
            candidates.iter().map(|planned| (planned.base.clone(), &planned.finding)).collect();
        let promised = promises.of_document(document.span, &findings);
        for (planned, promised) in candidates.iter_mut().zip(promised) {
            planned.promised = promised;
        }
    }

    /// Reports a document whose type is not stated in full, or that is no object.
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

    /// Reports text after the end of a document.
    fn ignored_text(&mut self, document: &Document<'_>) {
        let Some(ignored) = document.ignored else { return };
        let setting =
            self.context.registry.setting(&rules::manifest_ignored_text::RULE, self.context.policy.base());
        if let Some(severity) = setting.and_then(|setting| Severity::of(setting.level)) {
            let finding = rules::manifest_ignored_text::finding(severity);
            self.report(self.places.at(finding, ignored, None));
        }
    }

    fn found(&mut self, planned: Planned, document: &Document<'_>, objects: &[Examinee]) {
        if self.linted.diagnostics.len() >= MAX_FINDINGS {
            self.linted.left_out.findings += 1;
            return;
        }
        let Planned { finding, object, base, edits, promised } = planned;
        let mut change = None;
        if let (Some(offers), Some(fix), Some(edits)) = (&mut self.offers, &finding.fix, edits)
            && promised.is_some()
            && offers.is_right(document.span, &finding, &base, &edits)
        {
            change = Some(self.places.change(&fix.title, edits));
        }
        let diagnostic = match (&document.content, object) {
            (Ok(tree), Some(object)) => {
                let object = &objects[object];
                self.places.diagnose(tree, object.node, Some(&object.id), finding)
            }
            (Err(error), _) if !self.foreign => self.places.at(finding, error.span, None),
            _ => return,
        };
        self.report(Diagnostic { fix: promised, change, ..diagnostic });
    }

    /// Keeps a finding that does not count.
    fn suppressed(&mut self, found: Found, document: &Document<'_>, objects: &[Examinee]) {
        let Found { mut finding, object, .. } = found;
        let object = object.and_then(|object| objects.get(object));
        let (Ok(tree), Some(object), Some(why)) = (&document.content, object, finding.suppressed.take())
        else {
            return;
        };
        if self.linted.suppressed.len() < MAX_FINDINGS {
            finding.fix = None;
            let diagnostic = self.places.diagnose(tree, object.node, Some(&object.id), finding);
            let diagnostic = Diagnostic { excerpt: None, ..diagnostic };
            self.linted.suppressed.push(SuppressedDiagnostic { diagnostic, why });
        }
    }

    fn report(&mut self, mut diagnostic: Diagnostic) {
        if self.linted.diagnostics.len() >= MAX_EXCERPTS {
            diagnostic.excerpt = None;
        }
        self.linted.diagnostics.push(diagnostic);
    }
}
