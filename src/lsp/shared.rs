//! What the threads of the server share.

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lsp_server::{Message, Notification, RequestId};
use lsp_types::{PublishDiagnosticsParams, notification::Notification as _};

use super::across::Across;
use super::analysis::{Analysis, View};
use super::client::{Client, Settings};
use super::documents::Document;
use super::policies::{Loaded, News, Policies};
use super::publish;
use super::schedule::Schedule;
use super::uri::uri_of;
use crate::engine::Cancellation;

/// What the threads share.
pub(super) struct Shared {
    pub(super) send: Box<dyn Fn(Message) + Send + Sync>,
    pub(super) state: Mutex<State>,
    policies: Mutex<Policies>,
    /// Documents to lint, by their URIs.
    pub(super) checks: Schedule,
    /// Folders of the workspace to lint, by their paths.
    pub(super) workspace: Schedule,
}

/// What the messages of the client have made of things.
pub(super) struct State {
    pub(super) client: Arc<Client>,
    pub(super) settings: Settings,
    /// By their URIs.
    pub(super) open: BTreeMap<String, Open>,
    /// The number of the last text.
    last_edit: u64,
    /// Requests that the client has cancelled.
    pub(super) cancelled: HashSet<RequestId>,
}

/// A document that is open, and what is known of it.
pub(super) struct Open {
    pub(super) document: Document,
    /// What its fixes change, of the text with this number and by this policy.
    pub(super) with_changes: Option<(u64, Arc<Loaded>, Arc<Analysis>)>,
    /// What the rest of the workspace makes of it.
    pub(super) across: Option<Arc<Across>>,
}

/// What is needed to look at a document, as it was at one moment.
#[derive(Clone)]
pub(super) struct Snapshot {
    pub(super) document: Document,
    pub(super) across: Option<Arc<Across>>,
    pub(super) policy: Arc<Loaded>,
    pub(super) client: Arc<Client>,
    /// The folder of the workspace that it is in.
    pub(super) root: Option<PathBuf>,
    pub(super) now: Timestamp,
    /// The time zone of who reads it.
    pub(super) zone: Option<TimeZone>,
}

impl Snapshot {
    /// How to look at it.
    pub(super) fn view<'v>(&'v self, cancellation: Option<&'v Cancellation>) -> View<'v> {
        View { policy: &self.policy, now: self.now, root: self.root.as_deref(), cancellation }
    }
}

impl Shared {
    pub(super) fn new(send: Box<dyn Fn(Message) + Send + Sync>, client: Client, settings: Settings) -> Self {
        let state = State {
            client: Arc::new(client),
            settings,
            open: BTreeMap::new(),
            last_edit: 0,
            cancelled: HashSet::new(),
        };
        Self {
            send,
            state: Mutex::new(state),
            policies: Mutex::default(),
            checks: Schedule::default(),
            workspace: Schedule::default(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn policies(&self) -> MutexGuard<'_, Policies> {
        self.policies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A document as it is now.
    pub(super) fn snapshot(&self, uri: &str) -> Option<Snapshot> {
        let state = self.state();
        let open = state.open.get(uri)?;
        let (document, across) = (open.document.clone(), open.across.clone());
        let (client, settings) = (Arc::clone(&state.client), state.settings.clone());
        drop(state);
        let root =
            document.path.as_deref().and_then(|path| root_of(path, &client.folders)).map(Path::to_owned);
        let folder = document.path.as_deref().and_then(Path::parent).or(root.as_deref());
        let first = root.as_deref().or(client.folders.first().map(PathBuf::as_path));
        let policy = self.policy(folder, first, &settings);
        Some(Snapshot {
            document,
            across,
            policy,
            client,
            root,
            now: (settings.clock)(),
            zone: settings.zone,
        })
    }

    /// The policy for a folder. Where its file has faults, that is told in it: an editor shows it in its list of problems.
    pub(super) fn policy(
        &self,
        folder: Option<&Path>,
        root: Option<&Path>,
        settings: &Settings,
    ) -> Arc<Loaded> {
        let mut policies = self.policies();
        let policy = policies.of(folder, root, settings);
        let news = policies.news();
        drop(policies);
        for News { file, errors } in news {
            let state = self.state();
            // Of one that is open, the text of the editor counts.
            let is_open = state.open.values().any(|open| open.document.path.as_deref() == Some(&file));
            if let Some(uri) = uri_of(&file).filter(|_| !is_open) {
                let faults = errors.map(|errors| publish::of_policy_file(&file, &errors, &state.client));
                let diagnostics = faults.unwrap_or_default();
                self.publish(PublishDiagnosticsParams { uri, diagnostics, version: None });
            }
        }
        policy
    }

    /// What fixes of the document change, kept until its text or its policy is another one.
    pub(super) fn with_changes(&self, snapshot: &Snapshot) -> Arc<Analysis> {
        let uri = snapshot.document.uri.as_str();
        let edit = snapshot.document.edit;
        let is_it = |(of, by, _): &&(u64, Arc<Loaded>, Arc<Analysis>)| {
            *of == edit && Arc::ptr_eq(by, &snapshot.policy)
        };
        let known = self.state().open.get(uri).and_then(|open| {
            open.with_changes.as_ref().filter(is_it).map(|(_, _, analysis)| Arc::clone(analysis))
        });
        if let Some(known) = known {
            return known;
        }
        let analysis = Arc::new(snapshot.view(None).analyse(&snapshot.document, true).unwrap_or_default());
        if let Some(open) = self.state().open.get_mut(uri).filter(|open| open.document.edit == edit) {
            open.with_changes = Some((edit, Arc::clone(&snapshot.policy), Arc::clone(&analysis)));
        }
        analysis
    }

    /// Sends what is to be shown of a document.
    pub(super) fn publish(&self, params: PublishDiagnosticsParams) {
        let method = lsp_types::notification::PublishDiagnostics::METHOD.to_owned();
        (self.send)(Notification::new(method, params).into());
    }

    pub(super) fn log(&self, note: &str) {
        let log = Arc::clone(&self.state().settings.log);
        log(note);
    }

    /// What `work` comes to; none where it panics, which is the end of that work alone.
    pub(super) fn guarded<T>(&self, what: &str, work: impl FnOnce() -> T) -> Option<T> {
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(done) => Some(done),
            Err(_) => {
                self.log(&format!("a panic in {what}; this is a bug of jobguard, please report it"));
                None
            }
        }
    }
}

impl State {
    /// Gives a document a number that no text before it had.
    pub(super) fn number(&mut self, uri: &str) {
        self.last_edit += 1;
        if let Some(open) = self.open.get_mut(uri) {
            open.document.edit = self.last_edit;
        }
    }
}

/// The innermost of the folders that a file is in.
pub(super) fn root_of<'f>(path: &Path, folders: &'f [PathBuf]) -> Option<&'f Path> {
    let around = folders.iter().filter(|folder| path.starts_with(folder));
    around.max_by_key(|folder| folder.components().count()).map(PathBuf::as_path)
}
