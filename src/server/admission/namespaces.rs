//! Namespaces and their labels, as far as they are known.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

/// The labels of one namespace.
pub(crate) type Labels = BTreeMap<String, String>;

/// All namespaces with their labels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "nobody looks without a cluster"))]
pub(crate) enum Namespaces {
    /// Nobody looks.
    #[default]
    Unwatched,
    /// Somebody looks, and has not seen all of them yet.
    Awaited,
    /// All there are.
    Known {
        /// By name.
        labels: BTreeMap<Arc<str>, Arc<Labels>>,
        /// Since when nothing has been heard of them, where that is so.
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
