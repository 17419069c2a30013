//! Judges a manifest: the findings are what the linter says of it, and what is filled in is what /mutate would.

use std::borrow::Cow;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use super::actual::{Actual, ActualFinding};
use super::model::{Spanned, Written};
use crate::confined::{Root, open_regular};
use crate::engine::{self, ANNOTATION, Severity};
use crate::linter::{Linter, decode_text};
use crate::mutate::{self, Change};
use crate::policy::reader::{Fault, quoted};
use crate::policy::{Mode, Policy};
use crate::sources::{MAX_INPUT, Source};
use jobguard_apiserver::{Kind, Workload};
use jobguard_manifest::{self as manifest, NodeId, Span, Tree};

/// A test file that is run.
#[derive(Debug, Clone, Copy)]
pub(super) struct TestFile<'a> {
    pub(super) path: &'a Path,
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

/// How to judge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) policy: &'a Policy,
    pub(super) now: Timestamp,
    pub(super) with_defaults: bool,
}

/// Judges a manifest.
///
/// # Errors
/// When there is nothing to judge, with its place in the test file.
pub(super) fn judge(written: &Written, test: TestFile<'_>, way: Way<'_>) -> Result<Actual, Fault> {
    let (source, select) = match written {
        Written::Here(span, value) => (inline(test, *span, value), None),
        Written::File { path, select } => (read(test, path)?, select.as_ref()),
    };
    let place = place(written);
    let fault =
        |message: String, help: Option<String>| Fault { span: place.0, path: place.1.clone(), message, help };
    let linter = Linter {
        with_defaults: way.with_defaults,
        with_fixes: false,
        with_objects: true,
        ..Linter::new(way.policy, way.now)
    };
    let outcome = linter.lint(std::slice::from_ref(&source));
    if let Some(error) = outcome.errors.first() {
        return Err(fault(error.message.clone(), None));
    }
    let report = outcome.report;
    let is_chosen = |kind: &str, namespace: Option<&str>, name: Option<&str>| {
        select.is_none_or(|select| select.value.names(kind, namespace, name))
    };
    let chosen: Vec<_> = (report.listed.iter())
        .filter(|object| {
            is_chosen(&object.id.kind, object.id.namespace.as_deref(), object.id.name.as_deref())
        })
        .collect();
    if let Some(select) = select.filter(|_| chosen.is_empty()) {
        let known: Vec<String> = report.listed.iter().take(5).map(|object| object.id.to_string()).collect();
        let help = (!known.is_empty()).then(|| format!("there are: {}", known.join(", ")));
        return Err(Fault {
            span: select.span,
            path: select.path.clone(),
            message: "there is no such object in the file".to_owned(),
            help,
        });
    }
    if report.listed.is_empty() && report.diagnostics.is_empty() {
        let help = "a test judges a Job, a CronJob, or an object that embeds one";
        return Err(fault("there is no Job and no CronJob in it".to_owned(), Some(help.to_owned())));
    }
    let findings: Vec<ActualFinding> = (report.diagnostics.iter())
        .filter(|diagnostic| match &diagnostic.object {
            Some(id) => is_chosen(&id.kind, id.namespace.as_deref(), id.name.as_deref()),
            // About the file as a whole.
            None => select.is_none(),
        })
        .map(ActualFinding::from)
        .collect();
    let refused = findings.iter().any(|finding| finding.severity == Severity::Error);
    let mut changes = Vec::new();
    let bytes = source.bytes().map_err(|error| fault(error.message, None))?;
    let (text, _) = decode_text(&bytes);
    each_workload(&text, way.policy, |mut workload| {
        let metadata = workload.metadata();
        let (namespace, name) = (metadata.namespace.as_deref(), metadata.name.as_deref());
        if is_chosen(workload.kind().as_str(), namespace, name) {
            changes.extend(fill(&mut workload, way.policy));
        }
    });
    Ok(Actual::new(!refused || way.policy.mode != Mode::Enforce, findings, &changes))
}

/// Where what is judged is written.
fn place(written: &Written) -> (Span, String) {
    match written {
        Written::Here(span, _) => (Span { end: span.start, ..*span }, String::new()),
        Written::File { path, .. } => (path.span, path.path.clone()),
    }
}

/// What /mutate fills in, in an object that is created.
pub(crate) fn fill(workload: &mut Workload, policy: &Policy) -> Vec<Change> {
    if policy.mode == Mode::Audit {
        return Vec::new();
    }
    let defaults = policy.settings_for(&engine::subject(workload, None)).defaults.clone();
    let mut changes = mutate::fill(workload, &defaults);
    if policy.suppressions.allow {
        changes.extend(mutate::inherit_annotation(workload, None, ANNOTATION));
    }
    changes
}

/// Each Job and CronJob of a text, as far as it can be decoded.
pub(crate) fn each_workload(text: &str, policy: &Policy, mut each: impl FnMut(Workload)) {
    manifest::read_each(text, |document| {
        let Ok(tree) = &document.content else { return };
        for (node, kind) in workloads(tree) {
            each_decoded(tree, node, kind, policy, &mut each);
        }
    });
}

fn each_decoded(tree: &Tree<'_>, node: NodeId, kind: Kind, policy: &Policy, each: &mut impl FnMut(Workload)) {
    if let Some(workload) = policy.server.decode(tree, node, kind).workload {
        each(workload);
    }
}

/// The Jobs and CronJobs of a document.
pub(crate) fn workloads(tree: &Tree<'_>) -> Vec<(NodeId, Kind)> {
    let objects = manifest::objects(tree);
    objects
        .iter()
        .filter_map(|object| {
            let text = |key| tree.get(object.node, key).and_then(|value| tree.str(value));
            let implied = object.implied.as_ref();
            let version = text("apiVersion").or(implied.map(|implied| implied.api_version.as_str()));
            let kind = text("kind").or(implied.map(|implied| implied.kind.as_str()));
            match (version?, kind?) {
                ("batch/v1", "Job") => Some((object.node, Kind::Job)),
                ("batch/v1", "CronJob") => Some((object.node, Kind::CronJob)),
                _ => None,
            }
        })
        .collect()
}

/// An object of the test file as a text of its own, each line at the column that it has there.
fn inline(test: TestFile<'_>, span: Span, value: &Value) -> Source {
    let own = test.text.get(span.start..span.end).unwrap_or_default();
    let before = test.text.get(..span.start).unwrap_or_default();
    let before = before.rfind('\n').map_or(before, |end| &before[end + 1..]);
    let text = format!("{}{own}\n", " ".repeat(before.chars().count()));
    // What stands for something that is written elsewhere in the file does not read alone.
    let reads_alone = {
        let read = manifest::read(&text);
        let is_it = |tree: &Tree<'_>| tree.to_value(tree.root()) == *value;
        matches!(&read[..], [document] if document.content.as_ref().is_ok_and(is_it))
    };
    let bytes = if reads_alone { text } else { format!("{value:#}\n") }.into_bytes();
    Source::Text { name: test.name.to_owned(), bytes }
}

/// Where a file is that a test names.
pub(super) fn path_of(test: TestFile<'_>, named: &Spanned<String>) -> PathBuf {
    let folder = test.path.parent().unwrap_or(Path::new(""));
    folder.join(&named.value).components().filter(|part| *part != Component::CurDir).collect()
}

/// A file that a test names: relative to its own folder, and in the same git repository if it is in one.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn read(test: TestFile<'_>, named: &Spanned<String>) -> Result<Source, Fault> {
    let folder = test.path.parent().unwrap_or(Path::new(""));
    let path = path_of(test, named);
    let file = match Root::of_repository(folder) {
        Some(repository) => repository.open(&path),
        None => open_regular(&path),
    };
    let fault = |why: Cow<'_, str>| Fault {
        span: named.span,
        path: named.path.clone(),
        message: format!("cannot read {}: {why}", quoted(&named.value)),
        help: Some("paths are relative to the folder of the test file".to_owned()),
    };
    let file = file.map_err(|refusal| fault(crate::policy::load::words(&refusal).into()))?;
    let mut bytes = Vec::new();
    file.take(MAX_INPUT + 1).read_to_end(&mut bytes).map_err(|error| fault(error.to_string().into()))?;
    if bytes.len() as u64 > MAX_INPUT {
        return Err(fault(format!("it is larger than {} MiB", MAX_INPUT >> 20).into()));
    }
    Ok(Source::Text { name: path.display().to_string(), bytes })
}

/// The one object of a manifest that is chosen, as JSON.
///
/// # Errors
/// When there is none, or more than one.
#[cfg(feature = "serve")]
pub(super) fn object(written: &Written, test: TestFile<'_>) -> Result<Value, Fault> {
    let (path, select) = match written {
        Written::Here(_, value) => return Ok(value.clone()),
        Written::File { path, select } => (path, select.as_ref()),
    };
    let source = read(test, path)?;
    let fault = |message: String, help: Option<String>| Fault {
        span: path.span,
        path: path.path.clone(),
        message,
        help,
    };
    let bytes = source.bytes().map_err(|error| fault(error.message, None))?;
    let (text, _) = decode_text(&bytes);
    let (mut found, mut error) = (Vec::new(), None);
    manifest::read_each(&text, |document| match &document.content {
        Ok(tree) => found.extend(manifest::objects(tree).iter().map(|object| tree.to_value(object.node))),
        Err(wrong) => error = Some(wrong.message.clone()),
    });
    let text =
        |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.retain(|value| {
        let (kind, namespace) = (text(value, "/kind"), text(value, "/metadata/namespace"));
        let names = |select: &Spanned<super::model::Select>| {
            let name = text(value, "/metadata/name");
            select.value.names(kind.as_deref().unwrap_or_default(), namespace.as_deref(), name.as_deref())
        };
        !value.is_null() && select.is_none_or(names)
    });
    // What is chosen by its name is that object, whatever else is in the file.
    if let Some(error) = error.filter(|_| select.is_none() || found.is_empty()) {
        return Err(fault(format!("{} cannot be read as a manifest: {error}", quoted(&path.value)), None));
    }
    match found.len() {
        1 => Ok(found.swap_remove(0)),
        0 => Err(fault("there is no such object in the file".to_owned(), None)),
        _ => {
            let help = "choose one with select: Kind/name";
            Err(fault("there are several objects in the file".to_owned(), Some(help.to_owned())))
        }
    }
}
