//! What reads a cluster.

use axum::http::StatusCode;
use kube::api::GetParams;
use kube::core::Request;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{Answer, Selection};
use super::call::{Calls, ReadError, Reply};
use super::discovery::{self, Served};
use super::page::Pages;
use super::write::Writer;
use crate::cluster::connect::Connection;
use crate::cluster::resource::{MissingRight, Resource};
use jobguard_apiserver::KubernetesVersion;

/// How many objects are listed at a time, as kubectl lists them: their texts are in memory together.
pub const PAGE: u32 = 500;

/// Reads one cluster.
pub struct Reader {
    connection: Connection,
    calls: Calls,
    /// How many objects a page may have.
    page: u32,
}

impl Reader {
    /// Reads the cluster that the connection leads to.
    pub fn new(connection: Connection) -> Self {
        let calls = Calls::new(connection.client.clone(), connection.server.clone());
        Self { connection, calls, page: PAGE }
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
        self.calls.count()
    }

    /// Lists the objects of a resource, page by page.
    pub fn list(&self, resource: Resource, selection: Selection) -> Pages<'_> {
        Pages::new(&self.calls, resource, selection).with_limit(self.page)
    }

    /// Whether objects of a resource may be listed in a namespace, or in all of them. What is not served may not be.
    ///
    /// # Errors
    ///
    /// The API server cannot be reached, or answers in no way that is known.
    pub async fn may_list(&self, resource: &Resource, namespace: Option<&str>) -> Result<bool, ReadError> {
        let selection = Selection { namespace: namespace.map(str::to_owned), ..Selection::default() };
        let answer = Pages::new(&self.calls, resource.clone(), selection).with_limit(1).next().await?;
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
        match self.calls.send(request.map_err(|error| ReadError::new(what(), error.into()))?, &what).await? {
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

    /// What writes by the same connection.
    pub fn writer(&self) -> Writer<'_> {
        Writer::new(&self.calls)
    }

    /// Whether a resource is served in its very version, whichever one the API server prefers.
    ///
    /// # Errors
    ///
    /// The API server cannot be reached, or answers in no way that is known.
    pub async fn serves(&self, resource: &Resource) -> Result<bool, ReadError> {
        discovery::serves(&self.calls, resource).await
    }

    /// The groups that are served.
    ///
    /// # Errors
    ///
    /// The API server cannot be reached, or answers in no way that is known.
    pub async fn served(&self) -> Result<Served, ReadError> {
        discovery::served(&self.calls).await
    }

    /// The resources of a group that is served which can be listed, in its preferred version.
    ///
    /// # Errors
    ///
    /// The API server cannot be reached, or answers in no way that is known.
    pub async fn resources_of(&self, group: &str, served: &Served) -> Result<Vec<Resource>, ReadError> {
        discovery::resources_of(&self.calls, group, served).await
    }

    /// The version that the API server says it is; none where it is none that is known.
    ///
    /// # Errors
    ///
    /// The API server cannot be reached, or answers in no way that is known.
    pub async fn version(&self) -> Result<ServerVersion, ReadError> {
        let what = || "get /version".to_owned();
        let info: VersionInfo = self.calls.read("/version", &what).await?;
        // Some providers write "31+".
        let minor = info.minor.trim_end_matches(|c: char| !c.is_ascii_digit());
        let known = format!("{}.{minor}", info.major).parse().ok();
        let is_older = info.major == "1"
            && minor.parse().is_ok_and(|minor: u8| minor < KubernetesVersion::OLDEST.minor());
        let nearest = known.unwrap_or(match is_older {
            true => KubernetesVersion::OLDEST,
            false => KubernetesVersion::NEWEST,
        });
        Ok(ServerVersion { git: info.git_version, known, nearest })
    }
}

/// What an API server says of its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerVersion {
    /// As it writes it: `v1.36.3`.
    pub git: String,
    /// The minor version, where its rules are known.
    pub known: Option<KubernetesVersion>,
    /// That version, else the nearest one whose rules are known.
    pub nearest: KubernetesVersion,
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
