//! An editor: it keeps its own texts, and knows nothing of the server but what the protocol says.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use jobguard::lsp::lsp_server::{
    Connection, Message, Notification, Request, RequestId, Response, ResponseError,
};
use jobguard::lsp::{Ending, Settings, serve};
use serde_json::{Value, json};

/// How long an answer may take: far longer than any does, but on a machine that is busy with other things.
const LONG: Duration = Duration::from_secs(120);

pub(super) const NOW: &str = "2026-01-01T00:00:00Z";

pub(super) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// Settings with a policy that is built in, and without a delay.
pub(super) fn settings(policy: Option<&str>) -> Settings {
    Settings {
        policy: policy.map(str::to_owned),
        versions: None,
        clock: now,
        zone: None,
        delay: Duration::ZERO,
        log: Arc::new(|_| {}),
    }
}

/// What an editor of today can do.
pub(super) fn capabilities() -> Value {
    json!({
        "general": {"positionEncodings": ["utf-16"]},
        "workspace": {"workspaceEdit": {"documentChanges": true}, "workspaceFolders": true},
        "textDocument": {
            "publishDiagnostics": {"relatedInformation": true, "versionSupport": true},
            "documentSymbol": {"hierarchicalDocumentSymbolSupport": true},
        },
    })
}

pub(super) struct Client {
    connection: Connection,
    server: Option<JoinHandle<Ending>>,
    next: i32,
    /// Notifications that nobody has waited for yet.
    unread: VecDeque<Notification>,
    pub(super) log: Arc<Mutex<Vec<String>>>,
    pub(super) initialized: Value,
}

impl Client {
    /// A client without a workspace.
    pub(super) fn new(policy: Option<&str>) -> Self {
        Self::with(settings(policy), json!({"capabilities": capabilities()}))
    }

    /// A client with a folder as its workspace.
    pub(super) fn in_folder(folder: &Path, policy: Option<&str>) -> Self {
        let folders = json!([{"uri": uri(folder), "name": "test"}]);
        Self::with(settings(policy), json!({"capabilities": capabilities(), "workspaceFolders": folders}))
    }

    pub(super) fn with(settings: Settings, params: Value) -> Self {
        let mut client = Self::silent(settings);
        client.initialized = client.request("initialize", params).unwrap();
        client.notify("initialized", json!({}));
        client
    }

    /// A client that has not said a word.
    pub(super) fn silent(mut settings: Settings) -> Self {
        let log = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&log);
        settings.log = Arc::new(move |note: &str| notes.lock().unwrap().push(note.to_owned()));
        let (ours, servers) = Connection::memory();
        let server = std::thread::spawn(move || serve(servers, settings));
        let (unread, initialized) = (VecDeque::new(), Value::Null);
        Self { connection: ours, server: Some(server), next: 0, unread, log, initialized }
    }

    pub(super) fn notify(&mut self, method: &str, params: Value) {
        let message = Notification { method: method.to_owned(), params };
        self.connection.sender.send(message.into()).unwrap();
    }

    /// Sends a request, and waits for its answer.
    pub(super) fn request(&mut self, method: &str, params: Value) -> Result<Value, ResponseError> {
        let id = self.ask(method, params);
        self.answer(&id)
    }

    pub(super) fn ask(&mut self, method: &str, params: Value) -> RequestId {
        self.next += 1;
        let id = RequestId::from(self.next);
        let message = Request { id: id.clone(), method: method.to_owned(), params };
        self.connection.sender.send(message.into()).unwrap();
        id
    }

    pub(super) fn answer(&mut self, id: &RequestId) -> Result<Value, ResponseError> {
        loop {
            match self.connection.receiver.recv_timeout(LONG).expect("an answer") {
                Message::Response(Response { id: of, response_result }) => {
                    assert_eq!(of, *id);
                    return response_result;
                }
                Message::Notification(one) => self.unread.push_back(one),
                // What the server asks of an editor has no answer that matters.
                Message::Request(_) => {}
            }
        }
    }

    /// The next notification, waited for.
    fn next_notification(&mut self) -> Notification {
        if let Some(one) = self.unread.pop_front() {
            return one;
        }
        loop {
            if let Message::Notification(one) =
                self.connection.receiver.recv_timeout(LONG).expect("a notification")
            {
                return one;
            }
        }
    }

    /// What is shown of a document next.
    pub(super) fn shown(&mut self, uri: &str) -> Value {
        loop {
            let Notification { method, params } = self.next_notification();
            if method == "textDocument/publishDiagnostics" && params["uri"] == uri {
                return params;
            }
        }
    }

    /// What is shown of this version of a document, first.
    pub(super) fn shown_of(&mut self, uri: &str, version: i32) -> Vec<Value> {
        loop {
            let params = self.shown(uri);
            if params["version"] == version {
                return params["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    /// What is shown of a document once something is true of it.
    pub(super) fn shown_when(&mut self, uri: &str, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        loop {
            let params = self.shown(uri);
            let shown = params["diagnostics"].as_array().unwrap();
            if is_so(shown) {
                return shown.clone();
            }
        }
    }

    pub(super) fn open(&mut self, uri: &str, text: &str) {
        let document = json!({"uri": uri, "languageId": language(uri), "version": 1, "text": text});
        self.notify("textDocument/didOpen", json!({"textDocument": document}));
    }

    /// Opens a document, and waits for what is shown of it.
    pub(super) fn open_and_look(&mut self, uri: &str, text: &str) -> Vec<Value> {
        self.open(uri, text);
        self.shown_of(uri, 1)
    }

    pub(super) fn change(&mut self, uri: &str, version: i32, changes: Value) {
        let document = json!({"uri": uri, "version": version});
        self.notify("textDocument/didChange", json!({"textDocument": document, "contentChanges": changes}));
    }

    /// Replaces the whole text.
    pub(super) fn replace(&mut self, uri: &str, version: i32, text: &str) {
        self.change(uri, version, json!([{"text": text}]));
    }

    pub(super) fn save(&mut self, uri: &str) {
        self.notify("textDocument/didSave", json!({"textDocument": {"uri": uri}}));
    }

    /// What can be done in a range, of the kinds that are named.
    pub(super) fn actions(&mut self, uri: &str, range: Value, only: Option<&[&str]>) -> Vec<Value> {
        let mut context = json!({"diagnostics": []});
        if let Some(only) = only {
            context["only"] = json!(only);
        }
        let params = json!({"textDocument": {"uri": uri}, "range": range, "context": context});
        let actions = self.request("textDocument/codeAction", params).unwrap();
        actions.as_array().cloned().unwrap_or_default()
    }

    /// Ends the server as an editor does.
    pub(super) fn end(mut self) -> Ending {
        assert_eq!(self.request("shutdown", Value::Null).unwrap(), Value::Null);
        self.notify("exit", Value::Null);
        self.server.take().unwrap().join().unwrap()
    }

    /// Goes away without a word.
    pub(super) fn vanish(mut self) -> Ending {
        let server = self.server.take().unwrap();
        drop(self);
        server.join().unwrap()
    }
}

fn language(uri: &str) -> &'static str {
    if uri.ends_with(".json") { "json" } else { "yaml" }
}

pub(super) fn uri(path: &Path) -> String {
    format!(
        "file://{}",
        path.display().to_string().replace('%', "%25").replace(' ', "%20").replace('#', "%23")
    )
}

/// Every range.
pub(super) fn everywhere() -> Value {
    json!({"start": {"line": 0, "character": 0}, "end": {"line": 1_000_000, "character": 0}})
}

/// The byte of a position in UTF-16 units: told the slow way.
pub(super) fn byte(text: &str, position: &Value) -> usize {
    let (line, character) = (position["line"].as_u64().unwrap(), position["character"].as_u64().unwrap());
    let (mut at, mut number) = (0, 0);
    let bytes = text.as_bytes();
    while number < line {
        match bytes[at] {
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => (at, number) = (at + 2, number + 1),
            b'\r' | b'\n' => (at, number) = (at + 1, number + 1),
            _ => at += 1,
        }
    }
    let mut left = character;
    for c in text[at..].chars() {
        if left == 0 {
            break;
        }
        assert!(c != '\n', "past the end of line {line}");
        left -= u64::try_from(c.len_utf16()).unwrap();
        at += c.len_utf8();
    }
    at
}

/// A text after an edit of the workspace, which must be of this document in this version.
pub(super) fn applied(text: &str, edit: &Value, uri: &str, version: i32) -> String {
    let of = &edit["documentChanges"][0];
    assert_eq!(edit["documentChanges"].as_array().unwrap().len(), 1);
    assert_eq!(of["textDocument"], json!({"uri": uri, "version": version}));
    let mut pieces: Vec<(usize, usize, String)> = of["edits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edit| {
            let (start, end) = (byte(text, &edit["range"]["start"]), byte(text, &edit["range"]["end"]));
            (start, end, edit["newText"].as_str().unwrap().to_owned())
        })
        .collect();
    pieces.sort();
    assert!(pieces.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{pieces:?}");
    let mut out = text.to_owned();
    for (start, end, with) in pieces.into_iter().rev() {
        out.replace_range(start..end, &with);
    }
    out
}

/// The rules that are shown.
pub(super) fn codes(shown: &[Value]) -> Vec<&str> {
    shown.iter().map(|one| one["code"].as_str().unwrap_or("-")).collect()
}
