//! What a cluster is asked for: a resource of its API, by group, version and plural.

use std::borrow::Cow;
use std::fmt;

use crate::engine::NeighbourKind;

/// A resource of the API.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// The API group: empty for the core one.
    pub group: Cow<'static, str>,
    /// The version that is asked for.
    pub version: Cow<'static, str>,
    /// As in `kind`.
    pub kind: Cow<'static, str>,
    /// As URLs and rights name it.
    pub plural: Cow<'static, str>,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
    /// Whether nothing but metadata is asked for, whatever else an object holds.
    pub metadata_only: bool,
}

impl Resource {
    /// The cluster's CronJobs.
    pub const CRON_JOBS: Self = Self::known("batch", "v1", "CronJob", "cronjobs");

    /// The cluster's Jobs.
    pub const JOBS: Self = Self::known("batch", "v1", "Job", "jobs");

    /// The cluster's Pods.
    pub const PODS: Self = Self::known("", "v1", "Pod", "pods");

    /// What happened to objects, as the cluster's parts reported it.
    pub const EVENTS: Self = Self::known("", "v1", "Event", "events");

    /// The cluster's namespaces, by their metadata.
    pub const NAMESPACES: Self = Self {
        group: Cow::Borrowed(""),
        version: Cow::Borrowed("v1"),
        kind: Cow::Borrowed("Namespace"),
        plural: Cow::Borrowed("namespaces"),
        namespaced: false,
        metadata_only: true,
    };

    /// A resource in namespaces that is built into the API.
    pub const fn known(
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        plural: &'static str,
    ) -> Self {
        Self {
            group: Cow::Borrowed(group),
            version: Cow::Borrowed(version),
            kind: Cow::Borrowed(kind),
            plural: Cow::Borrowed(plural),
            namespaced: true,
            metadata_only: false,
        }
    }

    /// What stands in `apiVersion`.
    pub fn api_version(&self) -> String {
        match self.group.is_empty() {
            true => self.version.to_string(),
            false => format!("{}/{}", self.group, self.version),
        }
    }

    /// Whether its objects are asked for without what they hold. Of Secrets they always are.
    pub(super) fn is_metadata_only(&self) -> bool {
        self.metadata_only || self.group.is_empty() && self.plural == "secrets"
    }

    /// The path of the list of its objects, in a namespace or in all.
    pub(super) fn path(&self, namespace: Option<&str>) -> String {
        let root = match self.group.is_empty() {
            true => format!("/api/{}", self.version),
            false => format!("/apis/{}/{}", self.group, self.version),
        };
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => format!("{root}/namespaces/{namespace}/{}", self.plural),
            None => format!("{root}/{}", self.plural),
        }
    }
}

impl From<NeighbourKind> for Resource {
    fn from(kind: NeighbourKind) -> Self {
        Self {
            namespaced: kind != NeighbourKind::Namespace,
            metadata_only: kind.is_metadata_only(),
            ..Self::known(kind.group(), kind.version(), kind.as_str(), kind.plural())
        }
    }
}

/// As `kubectl auth can-i` takes it: `cronjobs.batch`.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plural)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        Ok(())
    }
}

/// The name of an object in a namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

/// A right that is missing: the API server answered 403.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissingRight {
    /// `get`, `list` and so on.
    pub verb: &'static str,
    /// The resource.
    pub resource: Resource,
    /// The namespace; none for all of them, or for what is in none.
    pub namespace: Option<String>,
    /// The object, where a single one was asked for.
    pub name: Option<String>,
}

/// As in a sentence: `list cronjobs.batch in namespace x`.
impl fmt::Display for MissingRight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if let Some(name) = &self.name {
            write!(f, " {name}")?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None if self.resource.namespaced => f.write_str(" in all namespaces"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_names() {
        assert_eq!(Resource::CRON_JOBS.path(Some("a")), "/apis/batch/v1/namespaces/a/cronjobs");
        assert_eq!(Resource::PODS.path(None), "/api/v1/pods");
        assert_eq!(Resource::NAMESPACES.path(Some("a")), "/api/v1/namespaces");
        let right = |resource, namespace: Option<&str>, name: Option<&str>| {
            let (namespace, name) = (namespace.map(str::to_owned), name.map(str::to_owned));
            MissingRight { verb: "list", resource, namespace, name }.to_string()
        };
        assert_eq!(right(Resource::CRON_JOBS, Some("a"), None), "list cronjobs.batch in namespace a");
        assert_eq!(right(Resource::PODS, None, None), "list pods in all namespaces");
        assert_eq!(right(Resource::NAMESPACES, None, None), "list namespaces");
        assert_eq!(right(Resource::JOBS, Some("a"), Some("b")), "list jobs.batch b in namespace a");
    }

    #[test]
    fn what_secrets_hold_is_never_asked_for() {
        assert!(Resource::from(NeighbourKind::Secret).is_metadata_only());
        let by_hand = Resource::known("", "v1", "Secret", "secrets");
        assert!(by_hand.is_metadata_only());
        assert!(!Resource::from(NeighbourKind::Service).is_metadata_only());
    }
}
