//! What is wrong in a policy file that is open.

use lsp_types::DiagnosticSeverity;

use super::documents::Document;
use crate::policy::document::{API_VERSION, KIND};
use crate::policy::load::{self, Source};
use crate::policy::{PolicyError, PolicyErrors, discover};
use crate::rules::registry;
use jobguard_manifest::{self as manifest, Span};

/// The largest policy file, in bytes: a larger one is refused when it is loaded.
const MAX_BYTES: usize = 1 << 20;

/// Something wrong in a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PolicyFault {
    pub(super) span: Span,
    pub(super) severity: DiagnosticSeverity,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// Whether a document is a policy: by its kind, or by its name where it may have the kind wrong.
pub(super) fn is_policy(document: &Document) -> bool {
    if document.text.len() > MAX_BYTES || !document.is_judged() {
        return false;
    }
    let is_named =
        document.path.as_ref().and_then(|path| path.file_name()) == Some(discover::FILE_NAME.as_ref());
    let (group, _) = API_VERSION.split_once('/').unwrap_or((API_VERSION, ""));
    if is_named {
        return !discover::is_another_object(&document.text);
    }
    // Most manifests do not name the group, and need not be read for this.
    if !document.text.contains(group) || !document.text.contains(KIND) {
        return false;
    }
    let mut first = None;
    manifest::read_each(&document.text, |one| {
        if first.is_none() {
            let Ok(tree) = one.content else { return };
            let of = |key| tree.get(tree.root(), key).and_then(|value| tree.str(value));
            first =
                Some(of("kind") == Some(KIND) && of("apiVersion").is_some_and(|api| api.starts_with(group)));
        }
    });
    first.unwrap_or_default()
}

/// All that is wrong with a policy as the editor has it; what it extends is read from its files.
pub(super) fn faults(document: &Document) -> Vec<PolicyFault> {
    if !is_policy(document) {
        return Vec::new();
    }
    let name = document.name();
    let source = Source { name: name.clone(), text: String::clone(&document.text) };
    let read = match document.path {
        Some(_) => load::read(&source, registry().catalog(), &load::from_files),
        None => load::read(&source, registry().catalog(), &load::no_files),
    };
    let Err(errors) = read else { return Vec::new() };
    of_errors(&errors, &name)
}

/// The faults of a file by what its reader says.
pub(super) fn of_errors(errors: &PolicyErrors, name: &str) -> Vec<PolicyFault> {
    errors.iter().map(|error| fault(error, name)).collect()
}

fn fault(error: &PolicyError, name: &str) -> PolicyFault {
    let severity = DiagnosticSeverity::ERROR;
    if error.file != name {
        return PolicyFault { span: Span::default(), severity, message: error.to_string(), help: None };
    }
    let message = match error.path.as_str() {
        "" => error.message.clone(),
        path => format!("{path}: {}", error.message),
    };
    PolicyFault { span: error.span, severity, message, help: error.help.clone() }
}
