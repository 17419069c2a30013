//! Objects of a request as the engine judges them: mostly, an API server has prepared them already.

use super::request::Operation;
use crate::engine::Object;
use jobguard_apiserver::{Server, Workload};

/// An object that is being created. An API server has prepared it already, but for defaults that an older one does not
/// know; in a review that was written by hand, nothing has.
pub(super) fn created(server: &Server, workload: Workload) -> Object {
    if is_by_hand(&workload) {
        return server.created(workload).prepare_for_create().into();
    }
    Object::received(server, workload)
}

/// Whether an object has not come through an API server, which gives it a name, a uid, a time and, for a Job, a selector
/// before it asks whether it may be stored. Only who sends reviews can leave them out.
fn is_by_hand(workload: &Workload) -> bool {
    let metadata = workload.metadata();
    let is_empty = |text: &Option<String>| text.as_deref().is_none_or(str::is_empty);
    is_empty(&metadata.name)
        || is_empty(&metadata.uid)
        || metadata.creation_timestamp.is_none()
        || matches!(workload, Workload::Job(job) if job.spec.as_ref().is_none_or(|spec| spec.selector.is_none()))
}

/// An object that is being changed. Of what it would warn of, the API server has warned already.
pub(super) fn updated(server: &Server, workload: Workload, old: &Object) -> Object {
    let is_by_hand = is_by_hand(&workload);
    let workload = server.updated(workload);
    if is_by_hand {
        workload.prepare_for_update(old.workload()).into()
    } else {
        Object::received(server, workload.into_workload())
    }
}

/// Whether the object is being deleted, and changes are but steps of that. Its controller makes nothing of it any more,
/// and no change takes the deletion back. The API server keeps the time of the deletion in every new version.
pub(super) fn is_leaving(operation: Operation, new: &Workload, stored: Option<&Workload>) -> bool {
    operation == Operation::Update && stored.unwrap_or(new).metadata().deletion_timestamp.is_some()
}
