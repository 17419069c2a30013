//! How the server is set up, by its arguments and by what the client says of itself.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::position::Encoding;
use super::uri::path_of;
use jobguard_apiserver::{KubernetesVersion, VersionSet};

/// How the server is set up.
#[derive(Clone)]
pub struct Settings {
    /// The policy: the name of one that is built in, or a file. Without it, the nearest `jobguard.yaml` of each document.
    pub policy: Option<String>,
    /// The Kubernetes versions to judge for; without them, the policy's.
    pub versions: Option<Vec<KubernetesVersion>>,
    /// Tells the time: schedules are judged at it.
    pub clock: fn() -> Timestamp,
    /// The time zone of who reads what a schedule means.
    pub zone: Option<TimeZone>,
    /// The debounce: how long a document must be unchanged before it is linted.
    pub delay: std::time::Duration,
    /// Where notes about the server itself go, one line each.
    pub log: Arc<dyn Fn(&str) + Send + Sync>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, versions, delay, .. } = self;
        f.debug_struct("Settings")
            .field("policy", policy)
            .field("versions", versions)
            .field("delay", delay)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Takes over what a client has configured; what it leaves out, and what cannot be read, stays. Whether anything changed.
    pub(super) fn configure(&mut self, options: &Value) -> bool {
        let before = (self.policy.clone(), self.versions.clone());
        let text = |name| options.get(name).and_then(Value::as_str).filter(|text: &&str| !text.is_empty());
        if let Some(policy) = text("policy") {
            self.policy = Some(policy.to_owned());
        }
        if let Some(versions) = text("kubernetesVersion") {
            match versions.parse::<VersionSet>() {
                Ok(versions) => self.versions = Some(versions.versions().to_vec()),
                Err(error) => (self.log)(&format!("kubernetesVersion of the client: {error}")),
            }
        }
        before != (self.policy.clone(), self.versions.clone())
    }
}

/// What the client says of itself. Read field by field: a client that has one of them wrong can do without that one.
#[derive(Debug, Clone, Default)]
pub(super) struct Client {
    pub(super) encoding: Encoding,
    /// The folders of its workspace.
    pub(super) folders: Vec<PathBuf>,
    /// Whether diagnostics may name other places.
    pub(super) related: bool,
    /// Whether edits may name the version of their document.
    pub(super) versioned_edits: bool,
    /// Whether it watches files for the server.
    pub(super) watches: bool,
    /// Whether it takes symbols within symbols.
    pub(super) nested_symbols: bool,
}

impl Client {
    pub(super) fn of(params: &Value) -> Self {
        let at = |pointer| params.pointer(pointer);
        let flag = |pointer| at(pointer).and_then(Value::as_bool).unwrap_or_default();
        let encodings = at("/capabilities/general/positionEncodings").and_then(Value::as_array);
        let encoding = Encoding::choose(encodings.into_iter().flatten().filter_map(Value::as_str));
        let folders = at("/workspaceFolders").and_then(Value::as_array).into_iter().flatten();
        let mut folders: Vec<PathBuf> = folders.filter_map(folder).collect();
        if folders.is_empty() {
            folders.extend(at("/rootUri").and_then(Value::as_str).and_then(path_of));
        }
        Self {
            encoding,
            folders,
            related: flag("/capabilities/textDocument/publishDiagnostics/relatedInformation"),
            versioned_edits: flag("/capabilities/workspace/workspaceEdit/documentChanges"),
            watches: flag("/capabilities/workspace/didChangeWatchedFiles/dynamicRegistration"),
            nested_symbols: flag(
                "/capabilities/textDocument/documentSymbol/hierarchicalDocumentSymbolSupport",
            ),
        }
    }
}

/// The folder of a workspace, as messages have it.
pub(super) fn folder(value: &Value) -> Option<PathBuf> {
    path_of(value.get("uri")?.as_str()?)
}
