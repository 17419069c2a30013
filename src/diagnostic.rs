//! What reports print: findings with a file, a line and a column, and the objects and files that they are about.

mod fingerprint;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;

use crate::engine::{Rule, Safety, Severity, Suppressed};
use jobguard_apiserver::{Cause, KubernetesVersion, ranges};
use jobguard_manifest::FieldPath;
use jobguard_text::{plain, plural};

pub use fingerprint::Fingerprint;
use fingerprint::bounded;
pub(crate) use fingerprint::fnv1a;

/// How reports name standard input.
pub const STDIN: &str = "<stdin>";

/// How reports name the objects of clusters: `cluster:CONTEXT/NAMESPACE/KIND/NAME`. They stand in no file.
pub(crate) const CLUSTER: &str = "cluster:";

/// A finding and where it stands.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// How severe it is.
    pub severity: Severity,
    /// What is wrong: one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Which fixes the linter has proved to cure it: those that `--fix` applies, or those that `--unsafe-fixes` does; never
    /// [`Safety::Shown`]. Formats offer [`Self::offered_fix`] instead.
    pub fix: Option<Safety>,
    /// What `fix` changes in the file. Known only where the linter was asked for it, and only if `--fix` would apply it.
    pub change: Option<Change>,
    /// The file as the user named it; `<stdin>` for standard input.
    pub file: Arc<str>,
    /// The Helm template that the text was rendered from, where the text names it. The place is in the text.
    pub template: Option<Arc<str>>,
    /// The place; [`Region::NONE`] for an object that stands in no text.
    pub region: Region,
    /// The object, where the text got that far.
    pub object: Option<Arc<ObjectId>>,
    /// The field, as the API server names it; empty for the object or the document itself.
    pub path: FieldPath,
    /// The field with elements of lists by their names, `spec.containers[name=main].image`, where it is in a list of the
    /// object.
    pub named_path: Option<Box<str>>,
    /// The cause type, where the API server would give one.
    pub cause: Option<Cause>,
    /// Other places that explain it, in the same file.
    pub related: Vec<RelatedPlace>,
    /// The lines around the places, for people; an info finding has them only where the linter was asked for it.
    pub excerpt: Option<Box<Excerpt>>,
    /// The Kubernetes versions that it holds for, where the report is about several.
    pub versions: Option<Versions>,
}

/// Some of the Kubernetes versions that a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// These, oldest first.
    pub these: Vec<KubernetesVersion>,
    /// Whether they are all.
    pub all: bool,
}

impl Versions {
    /// As ranges: `1.31`, `1.34-1.36`.
    pub fn ranges(&self) -> Vec<String> {
        ranges(&self.these)
    }
}

/// A stretch of text. Lines and columns count from 1, columns in characters; the end is one past the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Region {
    /// First line.
    pub line: usize,
    /// First column.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// One past the last column.
    pub end_column: usize,
}

impl Region {
    /// No place: what it would be about stands in no text, as an object of a cluster.
    pub const NONE: Self = Self { line: 0, column: 0, end_line: 0, end_column: 0 };

    /// Whether it is a place in a text.
    pub fn is_in_text(self) -> bool {
        self.line > 0
    }
}

/// The fix of a diagnostic, for programs that address files by lines and columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it does, in the imperative: `set restartPolicy to Never`.
    pub title: String,
    /// The pieces of the file that change, in its order: all of them or none. No two of them touch.
    pub replacements: Vec<Replacement>,
}

/// A piece of a file that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// What goes; nothing where begin and end are the same.
    pub region: Region,
    /// What comes in its place, exactly.
    pub with: String,
    /// The whole lines that the region is on, without the end of the last, for people; none where they are too long to be
    /// shown.
    pub lines: Option<String>,
}

/// Another place that explains a diagnostic.
#[derive(Debug, Clone)]
pub struct RelatedPlace {
    /// Where.
    pub region: Region,
    /// What stands there.
    pub message: String,
    /// Its bytes in the excerpt.
    pub in_excerpt: Option<std::ops::Range<usize>>,
}

/// Lines cut out of a file.
#[derive(Debug, Clone)]
pub struct Excerpt {
    /// The lines.
    pub text: String,
    /// The number of the first.
    pub first_line: usize,
    /// The bytes of the diagnostic's place in `text`.
    pub place: std::ops::Range<usize>,
}

/// What identifies an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectId {
    /// `batch/v1` and so on, as written.
    pub api_version: String,
    /// `Job` or `CronJob`.
    pub kind: String,
    /// The namespace, where the manifest names one.
    pub namespace: Option<String>,
    /// The name; where it is generated, its prefix and `*`.
    pub name: Option<String>,
}

impl Diagnostic {
    /// The message, with the versions that it holds for where these are not all.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.versions {
            Some(versions) if !versions.all => {
                format!("{} (Kubernetes {})", self.message, versions.ranges().join(", ")).into()
            }
            _ => self.message.as_str().into(),
        }
    }

    /// The fix, where it would change a text that is kept: not one that was rendered from a template or that came from
    /// standard input, where the next run would start from the faulty text again.
    pub fn offered_fix(&self) -> Option<Safety> {
        let is_kept = self.template.is_none() && *self.file != *STDIN;
        self.fix.filter(|_| is_kept)
    }

    /// Where it is, `FILE:LINE:COLUMN`, or the file's name alone where there is no place in a text.
    pub(crate) fn place(&self) -> String {
        let Region { line, column, .. } = self.region;
        match self.region.is_in_text() {
            true => format!("{}:{line}:{column}", self.file),
            false => self.file.to_string(),
        }
    }

    /// What identifies it from one run to the next.
    pub fn fingerprint(&self) -> Fingerprint {
        let (file, object) = match &self.object {
            Some(object) => (None, Some(object)),
            None => (Some(bounded(&self.file)), None),
        };
        let part = |part: Option<&str>| part.map(bounded);
        Fingerprint {
            file,
            kind: part(object.map(|object| object.kind.as_str())).unwrap_or_default(),
            namespace: part(object.and_then(|object| object.namespace.as_deref())),
            name: part(object.and_then(|object| object.name.as_deref())),
            path: match &self.named_path {
                Some(named) => bounded(named),
                None => bounded(&self.path.to_string()),
            },
            rule: self.rule.id().to_owned(),
        }
    }

    /// The order in reports, by nothing but themselves.
    pub(crate) fn cmp_in_report(&self, other: &Self) -> Ordering {
        (&self.file, self.region, self.rule.id(), &self.path, &self.message).cmp(&(
            &other.file,
            other.region,
            other.rule.id(),
            &other.path,
            &other.message,
        ))
    }

    /// Which object it is about, and which field.
    pub(crate) fn subject(&self) -> String {
        let mut parts = Vec::new();
        if let Some(object) = &self.object {
            parts.push(object.to_string());
        }
        if !self.path.is_root() {
            parts.push(self.path.to_string());
        }
        parts.join(": ")
    }
}

impl ObjectId {
    /// The whole name, `batch/v1/CronJob/NAMESPACE/NAME`; a part that is not known is empty.
    pub(crate) fn qualified(&self) -> String {
        let (namespace, name) = (self.namespace.as_deref(), self.name.as_deref());
        let Self { api_version, kind, .. } = self;
        format!("{api_version}/{kind}/{}/{}", namespace.unwrap_or_default(), name.unwrap_or_default())
    }
}

/// `CronJob NAMESPACE/NAME`, as far as it is known.
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        match (&self.namespace, &self.name) {
            (Some(namespace), Some(name)) => write!(f, " {namespace}/{name}"),
            (_, Some(name)) => write!(f, " {name}"),
            (_, None) => f.write_str(" without a name"),
        }
    }
}

/// An object that was judged, whether or not anything was found in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedObject {
    /// The file, as in [`Diagnostic::file`].
    pub file: Arc<str>,
    /// The line that it starts on; 0 where it stands in no text.
    pub line: usize,
    /// The column that it starts at; 0 likewise.
    pub column: usize,
    /// Which it is.
    pub id: Arc<ObjectId>,
}

/// A file or folder that could not be read.
#[derive(Debug, Clone, Serialize, thiserror::Error)]
#[error("{name}: {message}")]
pub struct FileError {
    /// The file as the user named it.
    #[serde(rename = "file")]
    pub name: String,
    /// What went wrong and what to do.
    pub message: String,
}

/// Everything that a run found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How many files were read.
    pub files: usize,
    /// How many Jobs and CronJobs were judged.
    pub objects: usize,
    /// These objects, file by file in the order of the text, where the linter was asked for them.
    pub listed: Vec<JudgedObject>,
    /// The diagnostics, ordered by file, position and rule. With a baseline, those that are new.
    pub diagnostics: Vec<Diagnostic>,
    /// What would be among them if no exception of the policy were about it and no annotation ignored it, in the same order.
    pub suppressed: Vec<SuppressedDiagnostic>,
    /// How they compare with a baseline, where there is one.
    pub baseline: Option<Compared>,
    /// The cluster that the objects are of; none where they were read from files.
    pub cluster: Option<ClusterExtent>,
    /// What the report does not cover though it was asked about, a sentence each.
    pub gaps: Vec<String>,
}

/// What was read of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterExtent {
    /// How people call the cluster.
    pub name: String,
    /// The version that its API server says it is.
    pub server_version: String,
    /// The namespaces that were read; none where it was all of them.
    pub namespaces: Option<Vec<String>>,
    /// How many Jobs and CronJobs were not judged by themselves, since what they come from is.
    pub owned: usize,
    /// How many requests were sent.
    pub calls: u64,
}

/// How findings compare with a baseline, besides those that are new.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    /// The file of the baseline as the user named it.
    pub file: String,
    /// The findings that are in it, in the order of reports: they count for nothing.
    pub known: Vec<Diagnostic>,
    /// What is in it and was not found, in its order.
    pub gone: Vec<Gone>,
}

/// An entry of a baseline that was not found, or not as often as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// What identified the findings.
    pub fingerprint: Fingerprint,
    /// How many of them are gone.
    pub count: usize,
    /// The line of the entry in the baseline.
    pub line: usize,
    /// Whether the object, or the file of a finding about none, is in the input. What is not may be gone or not be asked for.
    pub is_in_input: bool,
}

/// A diagnostic that does not count.
#[derive(Debug, Clone)]
pub struct SuppressedDiagnostic {
    /// What was found, without the lines that it is about and without its fix.
    pub diagnostic: Diagnostic,
    /// Why it does not count.
    pub why: Arc<Suppressed>,
}

impl Report {
    /// Sorts the diagnostics, by nothing but themselves.
    pub fn sort(&mut self) {
        self.diagnostics.par_sort_by(Diagnostic::cmp_in_report);
        self.suppressed.par_sort_by(|a, b| a.diagnostic.cmp_in_report(&b.diagnostic));
    }

    /// What was read: `16 files`, or `2 namespaces of cluster dev`.
    pub(crate) fn extent(&self) -> String {
        let Some(ClusterExtent { name, namespaces, .. }) = &self.cluster else {
            return plural(self.files, "file");
        };
        let name = plain(name);
        match namespaces.as_deref() {
            None => format!("cluster {name}"),
            Some([only]) => format!("namespace {} of cluster {name}", plain(only)),
            Some(several) => format!("{} of cluster {name}", plural(several.len(), "namespace")),
        }
    }

    /// How many objects were judged: `12 objects`, or `12 objects and 340 that these control`.
    pub(crate) fn judged(&self) -> String {
        let objects = plural(self.objects, "object");
        match self.cluster.as_ref().map_or(0, |cluster| cluster.owned) {
            0 => objects,
            owned if self.objects == 1 => format!("{objects} and {owned} that it controls"),
            owned => format!("{objects} and {owned} that they control"),
        }
    }

    /// Whether nothing was read at all.
    pub(crate) fn is_of_nothing(&self) -> bool {
        self.files == 0 && self.cluster.is_none()
    }

    /// How many diagnostics there are of each severity.
    pub fn counts(&self) -> BTreeMap<Severity, usize> {
        let mut counts: BTreeMap<Severity, usize> = Severity::ALL.map(|severity| (severity, 0)).into();
        for diagnostic in &self.diagnostics {
            *counts.entry(diagnostic.severity).or_default() += 1;
        }
        counts
    }

    /// How many findings there are, with those of the baseline.
    pub fn found(&self) -> usize {
        self.diagnostics.len() + self.baseline.as_ref().map_or(0, |compared| compared.known.len())
    }

    /// The highest severity there is.
    pub fn worst(&self) -> Option<Severity> {
        self.diagnostics.iter().map(|diagnostic| diagnostic.severity).max()
    }
}
