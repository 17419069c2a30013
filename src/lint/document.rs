//! One text: its documents, their objects, and what there is to say about each.

use std::borrow::Cow;

use crate::batch::{self, Decoded, Kind, Workload};
use crate::engine::{
    self, Context, Input, InputObject, Object, Remark, Severity, Verdict, check, check_update, registry,
    server_findings,
};
use crate::manifest::{self, ObjectRef, Span, Tree};
use crate::mutate;
use crate::path::FieldPath;
use crate::report::ObjectId;
use crate::rules;

use super::classify::{Class, classify, text, type_of};
use super::locate::Places;
use super::{Linted, Linter, Told, old, remarks, services};

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
    let mut linted = Linted::default();
    let (content, invalid) = decode_text(bytes);
    let places = Places::new(name, &content);
    if let Some((span, message, help)) = invalid {
        let finding = rules::api_syntax::RULE.finding(Severity::Error, FieldPath::root(), message);
        let mut diagnostic = places.at(finding, span, None);
        diagnostic.help = Some(help.to_owned());
        linted.diagnostics.push(diagnostic);
    }
    // A tree that was walked is full of JSON that is not YAML and not ours (with comments, say).
    let foreign = found && name.ends_with(".json") && !content.contains("apiVersion");
    for document in manifest::read(&content) {
        if let Some(ignored) = document.ignored {
            let setting = registry().setting(&rules::manifest_ignored_text::RULE, context.policy.base());
            if let Some(severity) = setting.and_then(|setting| Severity::of(setting.level)) {
                let message = "kubectl never reads what stands here: the document has ended before it";
                let finding =
                    rules::manifest_ignored_text::RULE.finding(severity, FieldPath::root(), message);
                let mut diagnostic = places.at(finding, ignored, None);
                diagnostic.help =
                    Some("begin a new document with `---`, or correct the indentation".to_owned());
                linted.diagnostics.push(diagnostic);
            }
        }
        match document.content {
            Ok(tree) => {
                for object in manifest::objects(&tree) {
                    lint_object(linter, &tree, &object, &places, context, told, &mut linted);
                }
            }
            Err(error) if !foreign => {
                let finding =
                    rules::api_syntax::RULE.finding(Severity::Error, FieldPath::root(), error.message);
                let mut diagnostic = places.at(finding, error.span, None);
                diagnostic.help = error.help;
                linted.diagnostics.push(diagnostic);
            }
            Err(_) => {}
        }
    }
    linted
}

/// The text of a file. What is not UTF-8 is replaced, so that the rest can be read, and told.
fn decode_text(bytes: &[u8]) -> (Cow<'_, str>, Option<(Span, &'static str, &'static str)>) {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let told = (
            Span::default(),
            "the file is UTF-16, which is not read reliably by Kubernetes tools",
            "save it as UTF-8",
        );
        let units = bytes[2..].chunks_exact(2).map(|pair| match bytes[0] {
            0xff => u16::from_le_bytes([pair[0], pair[1]]),
            _ => u16::from_be_bytes([pair[0], pair[1]]),
        });
        let text =
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        return (Cow::Owned(text), Some(told));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), None),
        Err(error) => {
            let start = error.valid_up_to();
            let span = Span { start, end: start + char::REPLACEMENT_CHARACTER.len_utf8() };
            let told = (span, "the text is not UTF-8 here", "save the file as UTF-8");
            (Cow::Owned(String::from_utf8_lossy(bytes).into_owned()), Some(told))
        }
    }
}

fn lint_object(
    linter: &Linter<'_>,
    tree: &Tree<'_>,
    object: &ObjectRef,
    places: &Places<'_>,
    context: &Context<'_>,
    told: Option<&Told>,
    linted: &mut Linted,
) {
    let (api_version, kind) = type_of(tree, object);
    let kind = match classify(api_version, kind) {
        Class::Other => return,
        Class::Service => {
            linted.services.extend(services::facts(tree, object.node));
            return;
        }
        Class::Workload(kind) => kind,
        Class::Misplaced { kind, field, message, help } => {
            let path = FieldPath::root().field(field);
            let mut finding = rules::api_removed_version::RULE.finding(Severity::Error, path, message);
            finding.help = Some(help);
            let id = object_id(tree, object, kind);
            linted.diagnostics.push(places.diagnose(tree, object.node, Some(&id), finding));
            kind
        }
    };
    let number = linted.objects.len();
    let id = object_id(tree, object, kind);
    linted.objects.push(places.judged(tree, object.node, &id));
    let Decoded { workload, complaints, .. } = batch::decode(tree, object.node, kind);
    let mut findings: Vec<_> = server_findings(&complaints).collect();
    if let Some(workload) = workload {
        let about_this = told.and_then(|told| told.get(&number));
        let input = about_this.map_or(context.input, |findings| Input::Judged(findings));
        let remarks = remarks::remarks(tree, object.node, places.text());
        let verdict = judge(linter, workload, remarks, &Context { input, ..*context });
        linted.incomplete |= verdict.incomplete;
        if !verdict.kept.is_empty() {
            let line = places.line(tree, object.node, &FieldPath::root().field("metadata").field("name"));
            linted
                .kept
                .push((number, InputObject { file: places.name().to_owned(), line, kept: verdict.kept }));
        }
        findings.extend(verdict.findings);
    }
    engine::fold(&mut findings);
    for finding in findings {
        linted.diagnostics.push(places.diagnose(tree, object.node, Some(&id), finding));
    }
}

/// The verdict on one object, as written or as a cluster with the webhook would see it.
fn judge(linter: &Linter<'_>, written: Workload, remarks: Vec<Remark>, context: &Context<'_>) -> Verdict {
    let old = linter.against.and_then(|against| against.find(&written));
    let settings;
    let defaults = if linter.with_defaults {
        settings = context.policy.settings_for(&engine::subject(&written, context.namespace_labels));
        Some(&settings.defaults)
    } else {
        None
    };
    match old {
        Some(old) => {
            let mut written = written;
            old::keep_generated(&mut written, old.workload());
            let object = Object::updated(written, old, |workload| {
                if let Some(defaults) = defaults {
                    mutate::fill_update(workload, old.workload(), defaults);
                }
            });
            check_update(old, &object.with_remarks(remarks), context)
        }
        None => {
            let object = Object::created(written, |workload| {
                if let Some(defaults) = defaults {
                    mutate::fill(workload, defaults);
                }
            });
            check(&object.with_remarks(remarks), context)
        }
    }
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
