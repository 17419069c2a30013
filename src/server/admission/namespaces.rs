//! Namespaces and their labels, as far as they are known.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

/// The labels of one namespace.
pub(crate) type Labels = BTreeMap<String, String>;

/// All namespaces with their labels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "only a cluster's watches make them"))]
pub(crate) enum Namespaces {
    /// They are not watched.
    #[default]
    Unwatched,
    /// They are watched, and have not been listed completely yet.
    Awaited,
    /// All there are.
    Known {
        /// By name.
        labels: BTreeMap<Arc<str>, Arc<Labels>>,
        /// Since when the watch has been broken, if it is.
        lost: Option<Timestamp>,
    },
}

impl Namespaces {
    /// The labels of a namespace, where they are known.
    pub(crate) fn labels(&self, namespace: Option<&str>) -> Option<&Labels> {
        match self {
            Self::Known { labels, .. } => labels.get(namespace?).map(Arc::as_ref),
            Self::Unwatched | Self::Awaited => None,
        }
    }
}
