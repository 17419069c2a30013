//! The messages of the client, in their order.

use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::notification::{
    Cancel, DidChangeConfiguration, DidChangeTextDocument, DidChangeWatchedFiles, DidChangeWorkspaceFolders,
    DidCloseTextDocument, DidOpenTextDocument, DidSaveTextDocument, Exit, Initialized, Notification as _,
};
use lsp_types::request::{Initialize, RegisterCapability, Request as _, Shutdown};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, CompletionOptions,
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    HoverProviderCapability, OneOf, PublishDiagnosticsParams, SaveOptions, ServerCapabilities,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions,
    WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::client::{Client, Settings, folder};
use super::documents::Document;
use super::fix_all::FIX_ALL;
use super::position::Encoding;
use super::shared::{Open, Shared};
use super::{check, requests, workspace};

/// How many cancelled requests are remembered.
const MAX_CANCELLED: usize = 1_000;

/// How the server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As the client asked.
    Orderly,
    /// The client went away without a word.
    Abrupt,
}

/// Serves one client until it says `exit` or goes away.
pub fn serve(connection: Connection, settings: Settings) -> Ending {
    let Connection { sender, receiver } = connection;
    let send = move |message: Message| {
        // A client that went away reads nothing; that the input ends as well is noticed below.
        let _ = sender.send(message);
    };
    let Some((client, settings)) = initialize(&receiver, &send, settings) else { return Ending::Abrupt };
    let shared = Shared::new(Box::new(send), client, settings);
    let shared = &shared;
    std::thread::scope(|scope| {
        let (sender, waiting) = mpsc::channel();
        scope.spawn(|| check::run(shared));
        scope.spawn(|| workspace::run(shared));
        scope.spawn(move || requests::run(shared, &waiting));
        let mut server = Server { shared, requests: sender, is_shut_down: false };
        let mut ending = Ending::Abrupt;
        for message in &receiver {
            if matches!(&message, Message::Notification(one) if one.method == Exit::METHOD) {
                ending = if server.is_shut_down { Ending::Orderly } else { Ending::Abrupt };
                break;
            }
            shared.guarded("taking a message", || server.take(message));
        }
        shared.checks.stop();
        shared.workspace.stop();
        ending
    })
}

/// Waits for the client to introduce itself; none where it goes away before.
fn initialize(
    messages: impl IntoIterator<Item = Message>,
    send: &impl Fn(Message),
    mut settings: Settings,
) -> Option<(Client, Settings)> {
    for message in messages {
        match message {
            Message::Request(Request { id, method, params }) if method == Initialize::METHOD => {
                let client = Client::of(&params);
                if let Some(options) = params.get("initializationOptions") {
                    settings.configure(options);
                }
                let answer = json!({
                    "capabilities": capabilities(client.encoding),
                    "serverInfo": {"name": "jobguard", "version": env!("CARGO_PKG_VERSION")},
                });
                send(Response::new_ok(id, answer).into());
                return Some((client, settings));
            }
            Message::Request(Request { id, .. }) => {
                let why = "the first request is initialize".to_owned();
                send(Response::new_err(id, ErrorCode::ServerNotInitialized as i32, why).into());
            }
            Message::Notification(one) if one.method == Exit::METHOD => return None,
            _ => {}
        }
    }
    None
}

fn capabilities(encoding: Encoding) -> ServerCapabilities {
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::INCREMENTAL),
        save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
        ..TextDocumentSyncOptions::default()
    };
    let actions = CodeActionOptions {
        code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, FIX_ALL]),
        ..CodeActionOptions::default()
    };
    let folders = WorkspaceFoldersServerCapabilities {
        supported: Some(true),
        change_notifications: Some(OneOf::Left(true)),
    };
    ServerCapabilities {
        position_encoding: Some(encoding.kind()),
        text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
        code_action_provider: Some(CodeActionProviderCapability::Options(actions)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some([" ", "/", ","].map(str::to_owned).into()),
            ..CompletionOptions::default()
        }),
        document_symbol_provider: Some(OneOf::Left(true)),
        definition_provider: Some(OneOf::Left(true)),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(folders),
            file_operations: None,
        }),
        ..ServerCapabilities::default()
    }
}

/// What takes the messages.
struct Server<'s> {
    shared: &'s Shared,
    requests: Sender<Request>,
    is_shut_down: bool,
}

impl Server<'_> {
    fn take(&mut self, message: Message) {
        match message {
            Message::Request(request) => self.request(request),
            Message::Notification(Notification { method, params }) => self.notification(&method, params),
            // To what the server has asked: that nobody watches files for it, say.
            Message::Response(response) => {
                if let Err(error) = response.response_result {
                    self.shared.log(&format!("the client refuses a request: {}", error.message));
                }
            }
        }
    }

    fn request(&mut self, request: Request) {
        let refusal = match request.method.as_str() {
            _ if self.is_shut_down => "the server is shut down",
            Initialize::METHOD => "the server is initialized",
            Shutdown::METHOD => {
                self.is_shut_down = true;
                return (self.shared.send)(Response::new_ok(request.id, Value::Null).into());
            }
            _ => match self.requests.send(request) {
                Ok(()) => return,
                // The thread that answers ends with this one, and guards itself until then.
                Err(mpsc::SendError(request)) => return self.refuse(request, "the server is at its end"),
            },
        };
        self.refuse(request, refusal);
    }

    fn refuse(&self, request: Request, why: &str) {
        let code = ErrorCode::InvalidRequest as i32;
        (self.shared.send)(Response::new_err(request.id, code, why.to_owned()).into());
    }

    fn notification(&self, method: &str, params: Value) {
        if self.is_shut_down {
            return;
        }
        match method {
            DidOpenTextDocument::METHOD => self.read(method, params, Self::open),
            DidChangeTextDocument::METHOD => self.read(method, params, Self::change),
            DidCloseTextDocument::METHOD => self.read(method, params, Self::close),
            // Policies, charts and other manifests are read from files: any of them may be another one now.
            DidSaveTextDocument::METHOD | DidChangeWatchedFiles::METHOD => self.files_changed(),
            DidChangeWorkspaceFolders::METHOD => self.folders_changed(&params),
            DidChangeConfiguration::METHOD => self.configure(&params),
            Initialized::METHOD => self.initialized(),
            Cancel::METHOD => self.cancel(&params),
            _ => {}
        }
    }

    fn read<P: DeserializeOwned>(&self, method: &str, params: Value, take: impl FnOnce(&Self, P)) {
        match serde_json::from_value(params) {
            Ok(params) => take(self, params),
            Err(error) => self.shared.log(&format!("{method} cannot be read: {error}")),
        }
    }

    fn initialized(&self) {
        if self.shared.state().client.watches {
            let watchers =
                json!([{"globPattern": "**/*.{yaml,yml,json}"}, {"globPattern": "**/Kustomization"}]);
            let registration = json!({"registrations": [{
                "id": "jobguard-files",
                "method": DidChangeWatchedFiles::METHOD,
                "registerOptions": {"watchers": watchers},
            }]});
            let id = "jobguard-register".to_owned().into();
            (self.shared.send)(Request::new(id, RegisterCapability::METHOD.to_owned(), registration).into());
        }
        workspace::ask(self.shared);
    }

    fn open(&self, params: DidOpenTextDocumentParams) {
        let one = params.text_document;
        let uri = one.uri.as_str().to_owned();
        let document = Document::new(one.uri, &one.language_id, one.version, one.text);
        let mut state = self.shared.state();
        state.open.insert(uri.clone(), Open { document, with_changes: None, across: None });
        state.number(&uri);
        drop(state);
        self.check(&uri, Duration::ZERO);
        workspace::ask(self.shared);
    }

    fn change(&self, params: DidChangeTextDocumentParams) {
        let uri = params.text_document.uri.as_str();
        let mut state = self.shared.state();
        let (encoding, delay) = (state.client.encoding, state.settings.delay);
        let Some(open) = state.open.get_mut(uri) else {
            drop(state);
            return self.shared.log(&format!("{uri} has changed and is not open"));
        };
        // Messages keep their order: what comes last holds, whatever its number.
        open.document.change(params.content_changes, encoding);
        open.document.version = params.text_document.version;
        open.with_changes = None;
        state.number(uri);
        drop(state);
        self.check(uri, delay);
    }

    fn close(&self, params: DidCloseTextDocumentParams) {
        let document = params.text_document;
        let uri = document.uri.as_str();
        self.shared.checks.drop_wish(uri);
        let mut state = self.shared.state();
        if state.open.remove(uri).is_some() {
            let (uri, diagnostics) = (document.uri, Vec::new());
            self.shared.publish(PublishDiagnosticsParams { uri, diagnostics, version: None });
        }
    }

    fn files_changed(&self) {
        self.shared.policies().reload();
        self.check_all();
        workspace::ask(self.shared);
    }

    fn folders_changed(&self, params: &Value) {
        let folders = |pointer| {
            let folders = params.pointer(pointer).and_then(Value::as_array);
            folders.into_iter().flatten().filter_map(folder).collect::<Vec<_>>()
        };
        let (added, removed) = (folders("/event/added"), folders("/event/removed"));
        let mut state = self.shared.state();
        let mut client = Client::clone(&state.client);
        client.folders.retain(|one| !removed.contains(one) && !added.contains(one));
        client.folders.extend(added);
        state.client = client.into();
        // What another workspace made of them.
        state.open.values_mut().for_each(|open| open.across = None);
        drop(state);
        self.files_changed();
    }

    fn configure(&self, params: &Value) {
        let options = params.pointer("/settings/jobguard").unwrap_or(&Value::Null);
        let has_changed = self.shared.state().settings.configure(options);
        if has_changed {
            self.shared.policies().forget();
            self.check_all();
            workspace::ask(self.shared);
        }
    }

    fn cancel(&self, params: &Value) {
        let id = params.get("id").cloned().and_then(|id| serde_json::from_value(id).ok());
        if let Some(id) = id {
            let mut state = self.shared.state();
            // Of requests that were answered long ago, too: these are of no use.
            if state.cancelled.len() >= MAX_CANCELLED {
                state.cancelled.clear();
            }
            state.cancelled.insert(id);
        }
    }

    fn check_all(&self) {
        let uris: Vec<String> = self.shared.state().open.keys().cloned().collect();
        for uri in uris {
            self.check(&uri, Duration::ZERO);
        }
    }

    fn check(&self, uri: &str, delay: Duration) {
        let is_judged = self.shared.state().open.get(uri).is_some_and(|open| open.document.is_ours);
        if is_judged {
            self.shared.checks.ask(uri, delay);
        }
    }
}
