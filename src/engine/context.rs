//! What rules cannot compute from the object in hand.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::policy::Policy;

use super::Input;

/// Everything a verdict depends on besides the object.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Which rules speak, and how loudly.
    pub policy: &'a Policy,
    /// The Services that are known.
    pub services: &'a Services,
    /// What the other objects of the input say about this one.
    pub input: Input<'a>,
    /// The time to judge schedules at.
    pub now: Timestamp,
    /// The labels of the object's namespace, where they are known.
    pub namespace_labels: Option<&'a BTreeMap<String, String>>,
}

/// What is known of the Services beside the object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Services {
    /// Nothing: no Service was given, or nobody looked.
    #[default]
    Unknown,
    /// Not known yet, but before the end: a rule that asks is asked again then.
    Pending,
    /// All Services that there are, by the source named.
    Known {
        /// Where they were looked for, as messages say it.
        source: Knowledge,
        /// The Services, ordered by namespace and name.
        list: Vec<ServiceFacts>,
    },
}

/// Where knowledge of other objects comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knowledge {
    /// The files given to the linter.
    Input,
    /// A running cluster.
    Cluster,
}

/// What rules need to know of a Service.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceFacts {
    /// Its namespace, where the manifest says one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Whether `clusterIP` is `None`.
    pub headless: bool,
    /// Its selector; empty where there is none.
    pub selector: BTreeMap<String, String>,
}

impl ServiceFacts {
    /// Whether the Service may be in `namespace`. A manifest without one goes wherever it is applied, so that it
    /// may be in any.
    pub fn may_be_in(&self, namespace: Option<&str>) -> bool {
        match (self.namespace.as_deref(), namespace) {
            (Some(here), Some(there)) => here == there,
            _ => true,
        }
    }
}
