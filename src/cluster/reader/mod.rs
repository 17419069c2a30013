//! Reads objects of a cluster as they stand there: page by page, and never more than was asked for. Nothing is written.
//!
//! What the rights of the user do not allow, or the API server does not serve, is an answer, not a failure: see [`Answer`].

mod call;
mod discovery;
mod page;

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use kube::api::{GetParams, ListParams};
use kube::core::Request;
use serde::Deserialize;
use serde_json::value::RawValue;

pub use call::{Cause, ReadError};
pub use discovery::Served;
pub use page::{Page, Pages};

use super::connect::Connection;
use super::resource::{MissingRight, Resource};
use call::Reply;
use jobguard_apiserver::KubernetesVersion;

/// How many objects are listed at a time, as kubectl lists them: their texts are in memory together.
pub const PAGE: u32 = 500;

/// What a cluster answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    /// What was asked for.
    Given(T),
    /// The user may not read it (403).
    Forbidden(MissingRight),
    /// The API server has no such resource (404): a group of an extension that is not installed, or a version that is not
    /// served.
    NotServed(Resource),
}

impl<T> Answer<T> {
    /// The same answer about something else.
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Given(given) => Answer::Given(of(given)),
            Self::Forbidden(right) => Answer::Forbidden(right),
            Self::NotServed(resource) => Answer::NotServed(resource),
        }
    }
}

/// Which objects of a resource are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// A single namespace; none for all of them.
    pub namespace: Option<String>,
    /// A selector by labels, as kubectl takes it.
    pub labels: Option<String>,
    /// A selector by fields, as kubectl takes it.
    pub fields: Option<String>,
}

/// Reads one cluster.
pub struct Reader {
    connection: Connection,
    calls: AtomicU64,
    /// How many objects a page may have.
    page: u32,
}

impl Reader {
    /// Reads the cluster that the connection leads to.
    pub fn new(connection: Connection) -> Self {
        Self { connection, calls: AtomicU64::new(0), page: PAGE }
    }

    /// Lists so many objects at a time.
    #[must_use]
    pub fn with_page(self, page: u32) -> Self {
        Self { page: page.max(1), ..self }
    }

    /// The connection.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// How many requests have been sent, repeated ones among them.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Lists the objects of a resource, page by page.
    pub fn list(&self, resource: Resource, selection: Selection) -> Pages<'_> {
        Pages::new(self, resource, selection)
    }

    /// Whether objects of a resource may be listed in a namespace, or in all of them. What is not served may not be.
    ///
    /// # Errors
    ///
    /// The API server cannot be reached, or answers in no way that is known.
    pub async fn may_list(&self, resource: &Resource, namespace: Option<&str>) -> Result<bool, ReadError> {
        let selection = Selection { namespace: namespace.map(str::to_owned), ..Selection::default() };
        let answer = Pages::new(self, resource.clone(), selection).with_limit(1).next().await?;
        Ok(matches!(answer, Some(Answer::Given(_))))
    }

    /// One object, as it stands there; none where there is none of that name.
    ///
    /// # Errors
    ///
    /// The API server cannot be reached, or answers in no way that is known.
    pub async fn get(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Answer<Option<Box<RawValue>>>, ReadError> {
        let what = || {
            let of = namespace.map(|namespace| format!(" in namespace {namespace}")).unwrap_or_default();
            format!("get {resource} {name}{of}")
        };
        let path = Request::new(resource.path(namespace));
        let request = match resource.is_metadata_only() {
            true => path.get_metadata(name, &GetParams::default()),
            false => path.get(name, &GetParams::default()),
        };
        match self.send(request.map_err(|error| ReadError::new(what(), error.into()))?, &what).await? {
            Reply::Body(body) => {
                let object =
                    serde_json::from_slice(&body).map_err(|error| ReadError::unreadable(what(), &error))?;
                Ok(Answer::Given(Some(object)))
            }
            Reply::Refused(status) if status.code == StatusCode::FORBIDDEN => {
                Ok(Answer::Forbidden(MissingRight {
                    verb: "get",
                    resource: resource.clone(),
                    namespace: namespace.map(str::to_owned),
                    name: Some(name.to_owned()),
                }))
            }
            // Of an object that is not there, the answer has the name.
            Reply::Refused(status) if status.code == StatusCode::NOT_FOUND => Ok(match status.names_object {
                true => Answer::Given(None),
                false => Answer::NotServed(resource.clone()),
            }),
            Reply::Refused(status) => Err(status.into_error(what())),
        }
    }

    /// The version that the API server says it is; none where it is none that is known.
    ///
    /// # Errors
    ///
    /// The API server cannot be reached, or answers in no way that is known.
    pub async fn version(&self) -> Result<ServerVersion, ReadError> {
        let what = || "get /version".to_owned();
        let info: VersionInfo = self.read("/version", &what).await?;
        // Some providers write "31+".
        let minor = info.minor.trim_end_matches(|c: char| !c.is_ascii_digit());
        let known = format!("{}.{minor}", info.major).parse().ok();
        Ok(ServerVersion { git: info.git_version, known })
    }

    /// What stands at a path that everybody may read.
    async fn read<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        what: &(dyn Fn() -> String + Sync),
    ) -> Result<T, ReadError> {
        let request = axum::http::Request::get(path).body(Vec::new());
        let request = request.map_err(|error| ReadError::new(what(), Cause::Request(error.to_string())))?;
        match self.send(request, what).await? {
            Reply::Body(body) => {
                serde_json::from_slice(&body).map_err(|error| ReadError::unreadable(what(), &error))
            }
            Reply::Refused(status) => Err(status.into_error(what())),
        }
    }

    /// The request for a page of a list.
    fn page_of(
        &self,
        resource: &Resource,
        selection: &Selection,
        (limit, token): (u32, Option<&str>),
    ) -> Result<axum::http::Request<Vec<u8>>, Cause> {
        let parameters = ListParams {
            label_selector: selection.labels.clone(),
            field_selector: selection.fields.clone(),
            limit: Some(limit),
            continue_token: token.map(str::to_owned),
            ..ListParams::default()
        };
        let path = Request::new(resource.path(selection.namespace.as_deref()));
        let request = match resource.is_metadata_only() {
            true => path.list_metadata(&parameters),
            false => path.list(&parameters),
        };
        Ok(request?)
    }
}

/// What an API server says of its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerVersion {
    /// As it writes it: `v1.36.3`.
    pub git: String,
    /// The minor version, where its rules are known.
    pub known: Option<KubernetesVersion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VersionInfo {
    #[serde(default)]
    major: String,
    #[serde(default)]
    minor: String,
    #[serde(default)]
    git_version: String,
}
