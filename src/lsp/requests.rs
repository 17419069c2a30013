//! Answers to what the editor asks, one after another, in a thread of their own.

use std::sync::mpsc::Receiver;

use lsp_server::{ErrorCode, Request, RequestId, Response};
use lsp_types::request::{
    CodeActionRequest, Completion, DocumentSymbolRequest, GotoDefinition, HoverRequest, Request as _,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::shared::{Shared, Snapshot};
use super::{actions, completion, definition, hover, symbols};

/// Why there is no answer.
struct Refusal(ErrorCode, String);

type Answer = Result<Value, Refusal>;

/// Answers requests until there are no more.
pub(super) fn run(shared: &Shared, requests: &Receiver<Request>) {
    for request in requests {
        let Request { id, method, params } = request;
        if shared.state().cancelled.remove(&id) {
            respond(shared, id, Err(Refusal(ErrorCode::RequestCanceled, "cancelled".to_owned())));
            continue;
        }
        let answer = shared.guarded(&method, || answer(shared, &method, params)).unwrap_or_else(|| {
            Err(Refusal(ErrorCode::InternalError, format!("{method} failed; jobguard's log has more")))
        });
        shared.state().cancelled.remove(&id);
        respond(shared, id, answer);
    }
}

fn respond(shared: &Shared, id: RequestId, answer: Answer) {
    (shared.send)(
        match answer {
            Ok(value) => Response::new_ok(id, value),
            Err(Refusal(code, message)) => Response::new_err(id, code as i32, message),
        }
        .into(),
    );
}

fn answer(shared: &Shared, method: &str, params: Value) -> Answer {
    match method {
        CodeActionRequest::METHOD => {
            let params: lsp_types::CodeActionParams = read(params)?;
            of_document(shared, &params.text_document, |snapshot| {
                Some(actions::actions(shared, snapshot, &params))
            })
        }
        HoverRequest::METHOD => {
            let at = read::<lsp_types::HoverParams>(params)?.text_document_position_params;
            of_document(shared, &at.text_document, |snapshot| hover::hover(snapshot, at.position))
        }
        Completion::METHOD => {
            let at = read::<lsp_types::CompletionParams>(params)?.text_document_position;
            of_document(shared, &at.text_document, |snapshot| {
                Some(completion::completion(snapshot, at.position))
            })
        }
        DocumentSymbolRequest::METHOD => {
            let params: lsp_types::DocumentSymbolParams = read(params)?;
            of_document(shared, &params.text_document, |snapshot| Some(symbols::symbols(snapshot)))
        }
        GotoDefinition::METHOD => {
            let at = read::<lsp_types::GotoDefinitionParams>(params)?.text_document_position_params;
            of_document(shared, &at.text_document, |snapshot| {
                Some(definition::definition(shared, snapshot, at.position))
            })
        }
        _ => Err(Refusal(ErrorCode::MethodNotFound, format!("jobguard does not know {method}"))),
    }
}

fn read<P: DeserializeOwned>(params: Value) -> Result<P, Refusal> {
    serde_json::from_value(params).map_err(|error| Refusal(ErrorCode::InvalidParams, error.to_string()))
}

/// An answer about a document; null of one that is not open, or not ours.
fn of_document<T: Serialize>(
    shared: &Shared,
    document: &lsp_types::TextDocumentIdentifier,
    answer: impl FnOnce(&Snapshot) -> Option<T>,
) -> Answer {
    let snapshot = shared.snapshot(document.uri.as_str()).filter(|snapshot| snapshot.document.is_judged());
    let answer = snapshot.and_then(|snapshot| answer(&snapshot));
    serde_json::to_value(answer).map_err(|error| Refusal(ErrorCode::InternalError, error.to_string()))
}
