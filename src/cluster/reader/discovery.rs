//! What an API server serves: the versions and plurals of kinds of which only group and kind are known.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::call::{Calls, Cause, ReadError};
use crate::cluster::resource::Resource;

/// The groups that an API server serves, each with its preferred version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Served {
    versions: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Groups {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    name: String,
    preferred_version: GroupVersion,
}

#[derive(Deserialize)]
struct GroupVersion {
    version: String,
}

#[derive(Deserialize)]
struct Resources {
    resources: Vec<ApiResource>,
}

#[derive(Deserialize)]
struct ApiResource {
    name: String,
    kind: String,
    namespaced: bool,
    #[serde(default)]
    verbs: Vec<String>,
}

impl Served {
    /// Whether a group is served.
    pub fn has(&self, group: &str) -> bool {
        group.is_empty() || self.versions.contains_key(group)
    }
}

/// The groups that are served.
pub(super) async fn served(calls: &Calls) -> Result<Served, ReadError> {
    let groups: Groups = calls.read("/apis", &|| "get /apis".to_owned()).await?;
    let versions = groups.groups.into_iter().map(|group| (group.name, group.preferred_version.version));
    Ok(Served { versions: versions.collect() })
}

/// Whether a resource is served in its very version.
pub(super) async fn serves(calls: &Calls, resource: &Resource) -> Result<bool, ReadError> {
    let path = format!("/apis/{}/{}", resource.group, resource.version);
    match calls.read::<Resources>(&path, &|| format!("get {path}")).await {
        Ok(found) => Ok(found.resources.iter().any(|one| one.name == resource.plural)),
        Err(ReadError { cause: Cause::Status { code: 404, .. }, .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The resources of a group that is served which can be listed, in its preferred version.
pub(super) async fn resources_of(
    calls: &Calls,
    group: &str,
    served: &Served,
) -> Result<Vec<Resource>, ReadError> {
    let Some(version) = served.versions.get(group) else { return Ok(Vec::new()) };
    let path = format!("/apis/{group}/{version}");
    let found: Resources = calls.read(&path, &|| format!("get {path}")).await?;
    let resource = |found: ApiResource| Resource {
        group: group.to_owned().into(),
        version: version.clone().into(),
        kind: found.kind.into(),
        plural: found.name.into(),
        namespaced: found.namespaced,
        metadata_only: false,
    };
    // `jobs/status` is a part of a resource, and has no list.
    let is_listed = |found: &ApiResource| found.verbs.iter().any(|verb| verb == "list");
    Ok(found.resources.into_iter().filter(is_listed).map(resource).collect())
}
