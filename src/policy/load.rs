//! Loads a policy: reads the file and those that it extends, and merges them.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use crate::confined::{self, Refusal, Root};
use crate::embedded::OuterKinds;
use jobguard_apiserver::{FeatureGates, KubernetesVersion, Server};
use jobguard_manifest::limits::Limits;

use super::document::{self, Document};
use super::exceptions::Exception;
use super::notes;
use super::overrides::Override;
use super::own::{self, Redefined};
use super::reader::{Fault, Reader, did_you_mean, quoted};
use super::{
    ControllerJobs, Defaults, ExcludedPaths, Existing, Mode, OnTimeout, OwnRule, OwnRules, Place, Policy,
    PolicyError, PolicyErrors, Preset, RuleSetting, RuleSpec, Settings, Suppressions,
};
use jobguard_manifest::{self as manifest, LineIndex, Span};
use jobguard_text::{nearest, one_of};

/// How many files may extend one another. Also ends a cycle that the names do not show.
const MAX_FILES: usize = 8;

/// The largest policy file, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// The text of a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What to call it in errors; for a file its path, to which `extends` is relative.
    pub name: String,
    /// The YAML or JSON text.
    pub text: String,
}

/// Finds what `extends` names: given the name of the file that asks and the path as written there.
/// It answers with the text, or in words why there is none. [`from_files`] and [`no_files`] are two of them.
pub type Loader<'l> = dyn Fn(&str, &str) -> Result<Source, String> + 'l;

/// A [`Loader`] that reads files, relative to the folder of the file that asks: regular files, and if that one lies in a
/// git repository, only such as lie in it too. A name that no policy asks for (`from` is empty) is read wherever it is.
///
/// # Errors
/// When the file cannot be read or is not a policy, in words that quote nothing of its content.
pub fn from_files(from: &str, path: &str) -> Result<Source, String> {
    let path = beside(from, path);
    if from.is_empty() {
        return source(&path, File::open(&path).map_err(Refusal::Io));
    }
    let file = match Root::of_repository(folder_of(Path::new(from))) {
        Some(repository) => repository.open(&path),
        None => confined::open_regular(&path),
    };
    source(&path, file)
}

/// Where `path` is, as written in the file `from`.
fn beside(from: &str, path: &str) -> PathBuf {
    let folder = Path::new(from).parent().unwrap_or(Path::new(""));
    folder.join(path).components().filter(|part| *part != Component::CurDir).collect()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

fn source(path: &Path, file: Result<File, Refusal>) -> Result<Source, String> {
    let text = file.map_err(|refusal| words(&refusal)).and_then(read_text)?;
    Ok(Source { name: path.display().to_string(), text })
}

/// Why a file cannot be opened, without the operating system's own number for it.
pub(crate) fn words(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Io(error) if error.kind() == io::ErrorKind::NotFound => "not found".to_owned(),
        Refusal::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            "no permission to read it".to_owned()
        }
        other => other.to_string(),
    }
}

/// A [`Loader`] that refuses: for policies that stand alone, such as one in a ConfigMap.
///
/// # Errors
/// Always.
pub fn no_files(_from: &str, _path: &str) -> Result<Source, String> {
    Err("other files are not read here".to_owned())
}

/// The text of the file at `path`, confined like a policy that was discovered ([`read_found`]); none if it cannot be read.
pub(super) fn text_of_found(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = root_of(folder_of(path)).ok()?.open(path).ok()?;
    let length = file.take(MAX_BYTES as u64 + 1).read_to_string(&mut text).ok()?;
    (length <= MAX_BYTES).then_some(text)
}

/// What a policy that was discovered in `folder` may read.
fn root_of(folder: &Path) -> io::Result<Root> {
    Root::of_repository(folder).map_or_else(|| Root::new(folder), Ok)
}

/// The text of a policy. Error messages quote the text, so a file that is not a policy is not parsed at all: `extends` may name
/// a key or a password file.
fn read_text(file: File) -> Result<String, String> {
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() > MAX_BYTES {
        return Err(format!("it is larger than {MAX_BYTES} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    let (group, _) = document::API_VERSION.split_once('/').unwrap_or((document::API_VERSION, ""));
    if text.contains(group) {
        Ok(text)
    } else {
        Err(format!("it is not a policy: it does not say apiVersion: {}", document::API_VERSION))
    }
}

/// Reads the policy file at `path`, which was named explicitly, and the files it extends ([`from_files`]).
///
/// # Errors
/// All that is wrong with them.
pub fn read_file(path: &Path, catalog: &[&'static RuleSpec]) -> Result<Policy, PolicyErrors> {
    file_chain(path, catalog).map(Chain::assemble)
}

pub(super) fn file_chain(path: &Path, catalog: &[&'static RuleSpec]) -> Result<Chain, PolicyErrors> {
    let name = path.display().to_string();
    match source(path, File::open(path).map_err(Refusal::Io)) {
        Ok(source) => read_chain(&source, catalog, &from_files),
        Err(why) => {
            // Perhaps a built-in policy was meant.
            let hint = match name.contains(['/', '\\', '.']) || path.exists() {
                true => String::new(),
                false if Preset::from_name(&name).is_some() => {
                    format!("; {name} is a built-in policy, which `jobguard policy show {name}` prints")
                }
                false => {
                    let presets = Preset::ALL.map(Preset::as_str);
                    let near = nearest(&name, presets).map(|near| format!("; did you mean {near}?"));
                    format!("; built-in policies are {}{}", presets.join(", "), near.unwrap_or_default())
                }
            };
            Err(unreadable(&name, &format!("{why}{hint}")).into())
        }
    }
}

/// The mode that the policy file at `path` says, or one that it extends, as far as either can be read: for a policy
/// that cannot be used as a whole.
#[cfg(feature = "serve")]
pub(crate) fn mode(path: &Path) -> Option<Mode> {
    let mut next = source(path, File::open(path).map_err(Refusal::Io)).ok()?;
    for _ in 0..MAX_FILES {
        let (document, _) = read_document(&next, None);
        if document.mode.is_some() {
            return document.mode;
        }
        let (target, _) = document.extends?;
        next = from_files(&next.name, &target).ok()?;
    }
    None
}

/// The policy file at `path` and those that it extends, as far as they can be read: the policy as a whole may be one that
/// cannot be used.
#[cfg(feature = "cli")]
pub(crate) fn files(path: &Path) -> Vec<PathBuf> {
    let mut files = vec![path.to_owned()];
    // What is not a regular file, such as a pipe, can be read only once.
    let mut next = source(path, confined::open_regular(path)).ok();
    while let Some(source) = next.filter(|_| files.len() <= MAX_FILES) {
        let (document, _) = read_document(&source, None);
        let target = document.extends.filter(|(target, _)| Preset::from_name(target).is_none());
        next = target.and_then(|(target, _)| {
            files.push(beside(&source.name, &target));
            from_files(&source.name, &target).ok()
        });
    }
    files
}

/// Reads the policy file at `path`, which was discovered ([`discover`](super::discover::discover)), and the files it extends: all of them
/// regular files within its git repository, or if there is none, within its folder.
///
/// # Errors
/// All that is wrong with them. Files elsewhere are not opened.
pub fn read_found(path: &Path, catalog: &[&'static RuleSpec]) -> Result<Policy, PolicyErrors> {
    found_chain(path, catalog).map(Chain::assemble)
}

pub(super) fn found_chain(path: &Path, catalog: &[&'static RuleSpec]) -> Result<Chain, PolicyErrors> {
    let name = path.display().to_string();
    let cannot = |why: String| PolicyErrors::from(unreadable(&name, &why));
    let root = root_of(folder_of(path)).map_err(|error| cannot(error.to_string()))?;
    let first = source(path, root.open(path)).map_err(cannot)?;
    read_chain(&first, catalog, &|from, path| {
        let path = beside(from, path);
        source(&path, root.open(&path))
    })
}

/// A built-in policy. Its levels are the rules' own declarations; the list in its file, which has to agree with
/// them, is for people.
///
/// # Errors
/// Only if the built-in file is broken, which its tests rule out.
pub fn preset(preset: Preset, catalog: &[&'static RuleSpec]) -> Result<Policy, PolicyErrors> {
    preset_chain(preset, catalog).map(Chain::assemble)
}

pub(super) fn preset_chain(preset: Preset, catalog: &[&'static RuleSpec]) -> Result<Chain, PolicyErrors> {
    let documents = vec![preset_document(preset)?];
    let (own, redefined) = (OwnRules::default(), Redefined::default());
    Ok(Chain { preset, documents, catalog: catalog.to_vec(), own, redefined })
}

fn preset_document(preset: Preset) -> Result<(Source, Document), PolicyErrors> {
    let source = Source { name: preset.to_string(), text: preset.text().to_owned() };
    let (document, errors) = read_document(&source, None);
    PolicyErrors::check(errors)?;
    Ok((source, document))
}

/// What a policy is made of.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    /// The preset that it extends at last.
    pub(super) preset: Preset,
    /// The files with their texts, the most basic first: that is the preset's own.
    pub(super) documents: Vec<(Source, Document)>,
    /// The rules that there are: those that the files declare behind the others.
    pub(super) catalog: Vec<&'static RuleSpec>,
    own: OwnRules,
    redefined: Redefined,
}

impl Chain {
    /// Lays the files over one another.
    pub(super) fn assemble(self) -> Policy {
        let documents = self.documents.into_iter().map(|(_, document)| document).collect();
        let own = self.own;
        let mut policy = assemble(self.preset, documents, &self.catalog, &self.redefined);
        policy.notes.extend(self.redefined.left_off.iter().map(|id| notes::stays_off(id)));
        let asking = own.rules().iter().filter(|rule| rule.asks_for_namespaces());
        policy.notes.extend(asking.map(notes::namespace_object));
        Policy { own, ..policy }
    }
}

/// Reads a policy, with `loader` for what it extends. A policy without `extends` extends `recommended`.
///
/// # Errors
/// All that is wrong with it and with the files it extends.
pub fn read(
    source: &Source,
    catalog: &[&'static RuleSpec],
    loader: &Loader<'_>,
) -> Result<Policy, PolicyErrors> {
    read_chain(source, catalog, loader).map(Chain::assemble)
}

/// Reads a policy and what it extends, without laying them over one another.
///
/// # Errors
/// Those of [`read`].
pub(super) fn read_chain(
    source: &Source,
    catalog: &[&'static RuleSpec],
    loader: &Loader<'_>,
) -> Result<Chain, PolicyErrors> {
    // Twice: which rules exist is known once all extended files are read.
    let mut refused = None;
    let mut sources: Vec<Source> = Vec::new();
    let mut own: Vec<OwnRule> = Vec::new();
    let mut names = vec![source.name.clone()];
    let mut source = source.clone();
    let preset = loop {
        let (document, _) = read_document(&source, None);
        own.extend(document.own.into_iter().map(|(rule, _)| rule));
        sources.push(source.clone());
        let Some((target, span)) = document.extends else { break Preset::Recommended };
        if let Some(preset) = Preset::from_name(&target) {
            break preset;
        }
        let mut refuse = |message: String, help: Option<String>| {
            let fault = Fault { span, path: "spec.extends".to_owned(), message, help };
            refused = Some(PolicyError::new(&source.name, &LineIndex::new(&source.text), fault));
        };
        match loader(&source.name, &target) {
            Err(why) => {
                let names = Preset::ALL.map(Preset::as_str);
                let help = nearest(&target, names)
                    .map_or_else(|| format!("built in are {}", one_of(&names)), did_you_mean);
                refuse(format!("cannot read {}: {why}", quoted(&target)), Some(help));
                break Preset::Recommended;
            }
            Ok(next) if names.contains(&next.name) => {
                refuse(format!("{} extends itself, by way of {}", next.name, source.name), None);
                break Preset::Recommended;
            }
            Ok(_) if names.len() == MAX_FILES => {
                refuse(format!("more than {MAX_FILES} files extend one another"), None);
                break Preset::Recommended;
            }
            Ok(next) => {
                names.push(next.name.clone());
                source = next;
            }
        }
    };
    let own = own::declare(own).map_err(|why| whole_file(&names[0], why))?;
    let own_specs = own.declarations().map(|set| set.declarations()).unwrap_or_default();
    let catalog: Vec<&'static RuleSpec> =
        catalog.iter().copied().chain(own_specs.iter().map(|declaration| &declaration.spec)).collect();
    let mut errors = Vec::new();
    let mut documents: Vec<(Source, Document)> = Vec::new();
    for source in sources {
        let (mut document, faults) = read_document(&source, Some(&catalog));
        errors.extend(faults);
        if let Some((_, file)) = &mut document.exclude {
            file.clone_from(&source.name);
        }
        documents.push((source, document));
    }
    errors.extend(refused);
    PolicyErrors::check(errors)?;
    documents.push(preset_document(preset)?);
    documents.reverse();
    let redefined = own::define(documents.iter_mut().map(|(_, document)| document), &catalog);
    Ok(Chain { preset, documents, catalog, own, redefined })
}

/// Reads what one file says, and everything that is wrong with it.
fn read_document(source: &Source, catalog: Option<&[&'static RuleSpec]>) -> (Document, Vec<PolicyError>) {
    if source.text.len() > MAX_BYTES {
        let error = whole_file(&source.name, format!("is larger than {MAX_BYTES} bytes"));
        return (Document::default(), vec![error]);
    }
    let mut faults = Vec::new();
    let mut document = None;
    let found = manifest::read(&source.text);
    for (position, part) in found.iter().enumerate() {
        match &part.content {
            Err(error) => faults.push(Fault {
                span: error.span,
                path: String::new(),
                message: error.message.clone(),
                help: error.help.clone(),
            }),
            Ok(tree) if position == 0 => {
                let mut reader = Reader::new(tree, &source.text);
                document = Some(document::read(&mut reader, catalog));
                faults.extend(reader.finish());
            }
            Ok(tree) => faults.push(Fault {
                span: tree[tree.root()].span,
                path: String::new(),
                message: "a second document begins here".to_owned(),
                help: Some("a file holds one policy".to_owned()),
            }),
        }
    }
    let lines = LineIndex::new(&source.text);
    let place = |span: Span| {
        let position = lines.position(span.start);
        Place { file: source.name.as_str().into(), line: position.line, column: position.column }
    };
    if let Some(Document { exceptions, own, .. }) = &mut document {
        exceptions.iter_mut().for_each(|exception| exception.place = place(exception.span));
        own.iter_mut().for_each(|(rule, span)| rule.place = place(*span));
    }
    let mut errors: Vec<_> =
        faults.into_iter().map(|fault| PolicyError::new(&source.name, &lines, fault)).collect();
    if found.is_empty() {
        errors.push(whole_file(&source.name, "holds no policy".to_owned()));
    }
    (document.unwrap_or_default(), errors)
}

/// A file without a text has no line.
fn unreadable(file: &str, why: &str) -> PolicyError {
    PolicyError { line: 0, column: 0, ..whole_file(file, format!("cannot be read: {why}")) }
}

fn whole_file(file: &str, message: String) -> PolicyError {
    let span = Span::default();
    PolicyError { file: file.to_owned(), span, line: 1, column: 1, path: String::new(), message, help: None }
}

/// Lays documents over one another, the most basic first.
fn assemble(
    preset: Preset,
    documents: Vec<Document>,
    catalog: &[&'static RuleSpec],
    redefined: &Redefined,
) -> Policy {
    let rules = catalog.iter().map(|spec| RuleSetting::new(preset.level(spec))).collect();
    let mut policy = Policy {
        name: String::new(),
        mode: Mode::default(),
        server: Server::of(KubernetesVersion::default()),
        versions: Vec::new(),
        is_one_of_several: false,
        feature_gates: FeatureGates::default(),
        controller_jobs: ControllerJobs::default(),
        controllers: Vec::new(),
        exclude: None,
        on_timeout: OnTimeout::default(),
        suppressions: Suppressions::default(),
        limits: Limits::DEFAULT,
        outer_kinds: OuterKinds::default(),
        existing: Existing::default(),
        existing_deny_from: None,
        base: Settings { rules, defaults: Defaults::default() },
        overrides: Vec::new(),
        exceptions: Vec::new(),
        own: OwnRules::default(),
        notes: Vec::new(),
    };
    let mut overrides = Vec::new();
    let last = documents.len();
    for (position, document) in documents.into_iter().enumerate() {
        policy.name = document.name;
        // The policy's name identifies an extended file.
        let of = if position + 1 == last { String::new() } else { format!("policy {}, ", policy.name) };
        if let Some(versions) = document.kubernetes_version {
            policy.versions = versions.versions().to_vec();
        }
        policy.feature_gates.extend(&document.feature_gates);
        policy.mode = document.mode.unwrap_or(policy.mode);
        policy.controller_jobs = document.controller_jobs.unwrap_or(policy.controller_jobs);
        if let Some(controllers) = document.controllers {
            policy.controllers = controllers;
        }
        if let Some((globs, file)) = document.exclude {
            policy.exclude = (!globs.is_empty()).then_some(ExcludedPaths { globs, file });
        }
        policy.on_timeout = document.on_timeout.unwrap_or(policy.on_timeout);
        // A file that says what holds, and no date, takes back the date of what it extends.
        if let Some(existing) = document.existing {
            (policy.existing, policy.existing_deny_from) = (existing, None);
        }
        if let Some(date) = document.existing_deny_from {
            policy.existing_deny_from = date;
            // A date alone says that until then nothing is denied.
            if date.is_some() {
                policy.existing = Existing::Warn;
            }
        }
        policy.suppressions.allow = document.suppressions_allow.unwrap_or(policy.suppressions.allow);
        policy.suppressions.categories =
            document.suppressions_categories.unwrap_or(policy.suppressions.categories);
        policy.limits.max_elements = document.max_elements.unwrap_or(policy.limits.max_elements);
        document.outer_kinds.into_iter().for_each(|kind| policy.outer_kinds.put(kind));
        if let Some(levels) = document.suppressions_levels {
            policy.suppressions.levels = levels;
        }
        let place = format!("{of}spec.rules");
        notes::left_off(&place, &document.layer, &policy.base, catalog, &mut policy.notes);
        document.layer.apply(&mut policy.base);
        let exceptions = document.exceptions.into_iter();
        policy.exceptions.extend(exceptions.map(|exception| Exception::new(exception, &of, catalog)));
        let places = (0..).map(|index| (position, format!("{of}spec.overrides[{index}].rules")));
        overrides.extend(document.overrides.into_iter().zip(places));
    }
    for ((matching, layer), (position, place)) in overrides {
        notes::left_off(&place, &layer, &policy.base, catalog, &mut policy.notes);
        let is_redefined = |index| redefined.is_behind(index, position);
        notes::lowered(&place, &layer, (&policy.base, catalog), is_redefined, &mut policy.notes);
        let mut alone = policy.base.clone();
        layer.apply(&mut alone);
        policy.overrides.push(Override { matching, layer, alone });
    }
    let (versions, gates) = (std::mem::take(&mut policy.versions), std::mem::take(&mut policy.feature_gates));
    let targets = if versions.is_empty() { vec![KubernetesVersion::default()] } else { versions.clone() };
    if let Err(error) = gates.on_each(&targets) {
        policy.notes.push(format!("spec.featureGates: {error}; it is ignored"));
    }
    policy.aim(versions, gates);
    if policy.asks_for_namespace_labels() {
        let is_override = policy.matches().any(|matching| matching.namespace_labels.is_some());
        let field = if is_override { "spec.overrides" } else { "spec.exceptions" };
        policy.notes.push(format!("{field}: {}", notes::NAMESPACE_LABELS));
    }
    policy
}
