//! Nothing that an editor sends ends the server, but what is meant to.

use jobguard::lsp::Ending;
use serde_json::{Value, json};

use super::client::{Client, capabilities, everywhere, settings};

const URI: &str = "file:///nowhere/a.yaml";

fn code(answer: Result<Value, jobguard::lsp::lsp_server::ResponseError>) -> i32 {
    answer.unwrap_err().code
}

#[test]
fn the_order_of_things() {
    let mut client = Client::silent(settings(Some("strict")));
    client.open(URI, "kind: Job\n");
    assert_eq!(code(client.request("textDocument/codeAction", json!({}))), -32002, "not initialized");
    client.notify("initialized", Value::Null);
    let params =
        json!({"capabilities": capabilities(), "rootUri": 7, "workspaceFolders": {"a": 1}, "processId": "x"});
    client.request("initialize", params).unwrap();
    assert_eq!(code(client.request("initialize", json!({}))), -32600);
    assert_eq!(code(client.request("textDocument/unheardOf", json!({}))), -32601);
    client.request("shutdown", Value::Null).unwrap();
    assert_eq!(code(client.request("textDocument/codeAction", json!({}))), -32600);
    client.open(URI, "kind: Job\n");
    client.notify("exit", Value::Null);
    assert_eq!(client.vanish(), Ending::Orderly);
}

#[test]
fn who_goes_away() {
    assert_eq!(Client::silent(settings(None)).vanish(), Ending::Abrupt);
    assert_eq!(Client::new(None).vanish(), Ending::Abrupt);
    let mut client = Client::new(None);
    client.notify("exit", Value::Null);
    assert_eq!(client.vanish(), Ending::Abrupt);
}

#[test]
fn what_makes_no_sense() {
    let mut client = Client::new(Some("strict"));
    let nonsense = [
        Value::Null,
        json!([]),
        json!(7),
        json!({}),
        json!({"textDocument": {"uri": "%"}}),
        json!({"textDocument": {"uri": URI, "version": "x"}, "contentChanges": 3}),
        json!({"settings": {"jobguard": []}}),
        json!({"event": 1}),
        json!({"id": {}}),
    ];
    for method in [
        "textDocument/didOpen",
        "textDocument/didChange",
        "textDocument/didClose",
        "textDocument/didSave",
        "workspace/didChangeWatchedFiles",
        "workspace/didChangeWorkspaceFolders",
        "workspace/didChangeConfiguration",
        "initialized",
        "$/cancelRequest",
        "$/setTrace",
        "nonsense",
    ] {
        for params in &nonsense {
            client.notify(method, params.clone());
        }
    }
    for method in [
        "textDocument/codeAction",
        "textDocument/hover",
        "textDocument/completion",
        "textDocument/documentSymbol",
        "textDocument/definition",
    ] {
        for params in &nonsense {
            // An error or nothing, but an answer.
            let _ = client.request(method, params.clone());
        }
    }
    // Of documents that are not open.
    client.change("file:///nowhere/other.yaml", 9, json!([{"text": "a"}]));
    client.save("file:///nowhere/other.yaml");
    client.notify("textDocument/didClose", json!({"textDocument": {"uri": "file:///nowhere/other.yaml"}}));
    assert!(client.actions("file:///nowhere/other.yaml", everywhere(), None).is_empty());
    // Opened twice, ranges that lie nowhere, versions that run backwards.
    client.open(URI, "a: 1\n");
    client.open(URI, "kind: Job\napiVersion: batch/v1\n");
    let nowhere = json!({"start": {"line": 4_000_000_000_u32, "character": 7}, "end": {"line": 0, "character": 4_000_000_000_u32}});
    client.change(URI, 7, json!([{"range": nowhere, "text": "\n"}]));
    client.change(URI, 3, json!([{"text": "kind: Job\napiVersion: batch/v1\nmetadata: {name: b}\n"}]));
    assert!(!client.shown_of(URI, 3).is_empty());
    assert!(client.log.lock().unwrap().iter().any(|note| note.contains("not open")));
    assert_eq!(client.end(), Ending::Orderly);
}

#[test]
fn a_request_that_is_taken_back() {
    let mut client = Client::new(Some("strict"));
    // One that takes a while, and one behind it.
    let containers: String =
        (0..300).map(|n| format!("      - {{name: c{n}, image: b, args: [1]}}\n")).collect();
    let text = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: a}}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n{containers}"
    );
    client.open(URI, &text);
    let params = json!({"textDocument": {"uri": URI}, "range": everywhere(), "context": {"diagnostics": []}});
    let first = client.ask("textDocument/codeAction", params.clone());
    let second = client.ask("textDocument/codeAction", params);
    client.notify("$/cancelRequest", json!({"id": 3}));
    assert!(client.answer(&first).is_ok());
    assert_eq!(client.answer(&second).unwrap_err().code, -32800);
    client.end();
}

/// A text larger than any manifest, and one that is too deep.
#[test]
fn huge_texts() {
    let mut client = Client::new(Some("strict"));
    client.open(URI, &"# nothing\n".repeat((65 << 20) / 10));
    client.change(URI, 2, json!([{"text": "[".repeat(100_000)}]));
    assert!(!client.shown_of(URI, 2).is_empty());
    client.change(URI, 3, json!([{"text": "a: 1\n"}]));
    assert!(client.shown_of(URI, 3).is_empty());
    client.end();
}
