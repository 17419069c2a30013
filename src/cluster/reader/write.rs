//! Writes single objects of a cluster: creates, changes and deletes them, with the same bounds as reading.
//!
//! What others have done meanwhile, and what the rights do not allow, is an answer, not a failure: see [`Written`].

use axum::http::StatusCode;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::core::Request;
use serde::Serialize;

use super::call::{Calls, Cause, ReadError, Reply};
use crate::cluster::resource::{MissingRight, Resource};

/// Who writes, in the managed fields of objects.
const MANAGER: &str = "jobguard";

/// Writes to the cluster that a reader reads.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    calls: &'a Calls,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It is done.
    Done,
    /// Somebody else was faster: the object is there already, or is another one by now (409).
    Conflict,
    /// There is no such object (404).
    Missing,
    /// There is no such namespace, or it is being deleted.
    NamespaceGone,
    /// The API server does not serve the resource (404).
    NotServed,
    /// A right is missing (403).
    Forbidden(MissingRight),
    /// The API server refuses it for another reason: a quota, a schema, a webhook.
    Refused(String),
}

/// What is done, to what, and where.
struct Call<'a> {
    verb: &'static str,
    resource: &'a Resource,
    namespace: &'a str,
    name: &'a str,
}

impl<'a> Writer<'a> {
    pub(super) fn new(calls: &'a Calls) -> Self {
        Self { calls }
    }

    /// Creates an object.
    ///
    /// # Errors
    ///
    /// The API server cannot be reached, or does not accept the credentials.
    pub async fn create(
        &self,
        resource: &Resource,
        (namespace, name): (&str, &str),
        object: &(impl Serialize + Sync),
    ) -> Result<Written, ReadError> {
        let call = Call { verb: "create", resource, namespace, name };
        let body = serde_json::to_vec(object).map_err(|error| call.unwritable(&error))?;
        let parameters = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        self.send(&call, Request::new(resource.path(Some(namespace))).create(&parameters, body)).await
    }

    /// Merges into an object (RFC 7386). Where what is merged in has a `resourceVersion`, an object that has another one
    /// stays as it is.
    ///
    /// # Errors
    ///
    /// The API server cannot be reached, or does not accept the credentials.
    pub async fn merge(
        &self,
        resource: &Resource,
        (namespace, name): (&str, &str),
        change: &(impl Serialize + Sync),
    ) -> Result<Written, ReadError> {
        let call = Call { verb: "patch", resource, namespace, name };
        let parameters = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        let path = Request::new(resource.path(Some(namespace)));
        self.send(&call, path.patch(name, &parameters, &Patch::Merge(change))).await
    }

    /// Deletes the object that has this uid.
    ///
    /// # Errors
    ///
    /// The API server cannot be reached, or does not accept the credentials.
    pub async fn delete(
        &self,
        resource: &Resource,
        (namespace, name): (&str, &str),
        uid: &str,
    ) -> Result<Written, ReadError> {
        let call = Call { verb: "delete", resource, namespace, name };
        let preconditions = Some(Preconditions { uid: Some(uid.to_owned()), resource_version: None });
        let parameters = DeleteParams { preconditions, ..DeleteParams::default() };
        self.send(&call, Request::new(resource.path(Some(namespace))).delete(name, &parameters)).await
    }

    async fn send(
        &self,
        call: &Call<'_>,
        request: Result<axum::http::Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Result<Written, ReadError> {
        let what = || call.what();
        let request = request.map_err(|error| ReadError::new(what(), error.into()))?;
        let refusal = match self.calls.send(request, &what).await? {
            Reply::Body(_) => return Ok(Written::Done),
            Reply::Refused(refusal) => refusal,
        };
        Ok(match refusal.code {
            StatusCode::UNAUTHORIZED => return Err(refusal.into_error(what())),
            StatusCode::CONFLICT => Written::Conflict,
            // Of an object that is not there, the answer has the name; of a namespace, too.
            StatusCode::NOT_FOUND if !refusal.names_object => Written::NotServed,
            StatusCode::NOT_FOUND if call.verb == "create" => Written::NamespaceGone,
            StatusCode::NOT_FOUND => Written::Missing,
            StatusCode::FORBIDDEN if refusal.message.contains("is being terminated") => {
                Written::NamespaceGone
            }
            // A quota is answered likewise, and is no right.
            StatusCode::FORBIDDEN if refusal.message.contains(&format!(" cannot {} ", call.verb)) => {
                Written::Forbidden(call.right())
            }
            _ => Written::Refused(refusal.into_error(what()).to_string()),
        })
    }
}

impl Call<'_> {
    fn right(&self) -> MissingRight {
        // Nobody needs a right to create an object of one name, nor can it be given.
        let name = Some(self.name.to_owned()).filter(|_| self.verb != "create");
        let namespace = Some(self.namespace.to_owned());
        MissingRight { verb: self.verb, resource: self.resource.clone(), namespace, name }
    }

    fn what(&self) -> String {
        let Self { verb, resource, namespace, name } = self;
        format!("{verb} {resource} {name} in namespace {namespace}")
    }

    fn unwritable(&self, error: &serde_json::Error) -> ReadError {
        ReadError::new(self.what(), Cause::Request(error.to_string()))
    }
}
