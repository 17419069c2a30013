//! What rules need to know of each kind of neighbour: little, and never a value of a ConfigMap or a Secret.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{NeighbourKind, Selector};

/// An object beside a Job, reduced to what rules need of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// Its kind.
    pub kind: NeighbourKind,
    /// Its namespace, where the manifest says one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Where it comes from, of an object in a file.
    pub origin: Origin,
    /// The rest.
    pub facts: Facts,
}

/// Where the manifest of a neighbour comes from, and what tells when its tool creates it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The file, as reports name it.
    pub file: Option<Arc<str>>,
    /// The chart that it was rendered from, by Helm's own comment.
    pub chart: Option<Arc<str>>,
    /// The labels and annotations of [`MARKS`](crate::deploy_tool::MARKS) that it has.
    pub marks: Vec<(&'static str, String)>,
}

/// What is known of one neighbour beside its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Facts {
    /// Nothing more is asked.
    Named,
    /// Of a ConfigMap or a Secret.
    Entries(Entries),
    /// Of a Deployment, ReplicaSet or StatefulSet: the Pods that it takes for its own; none where it is not legible.
    Controller(Option<Selector>),
    /// Of a HorizontalPodAutoscaler: kind and name of what it scales.
    Autoscaler {
        /// The kind.
        kind: String,
        /// The name.
        name: String,
    },
    /// Of a LimitRange.
    LimitRange(Vec<LimitFacts>),
    /// Of a Namespace: its labels.
    Namespace(BTreeMap<String, String>),
    /// Of a PersistentVolumeClaim: its access modes.
    Claim(Vec<String>),
    /// Of a PodDisruptionBudget.
    Budget(BudgetFacts),
    /// Of a ResourceQuota.
    Quota(QuotaFacts),
    /// Of a Service.
    Service(ServiceFacts),
}

/// What rules need to know of a ConfigMap or a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entries {
    /// A cluster gave its name alone: the watch asks for metadata only.
    Unknown,
    /// The names of its entries.
    Keys {
        /// All of them.
        all: BTreeSet<String>,
        /// Those of a ConfigMap that are in `binaryData`: only a volume can hold them.
        binary: BTreeSet<String>,
    },
}

/// What rules need to know of a Service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceFacts {
    /// Whether `clusterIP` is `None`.
    pub headless: bool,
    /// Whether it is only another name for a host elsewhere (`type: ExternalName`): it has no Pods.
    pub external: bool,
    /// Whether it sends traffic to named ports alone: a Pod that has no port of such a name gets none.
    pub named_ports: bool,
    /// Its selector; empty where there is none.
    pub selector: Selector,
}

/// What rules need to know of a PodDisruptionBudget.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BudgetFacts {
    /// The Pods that it guards; none where it says none.
    pub selector: Option<Selector>,
    /// `maxUnavailable`, a number or a percentage as it is written.
    pub max_unavailable: Option<String>,
    /// `minAvailable`, likewise.
    pub min_available: Option<String>,
}

/// What rules need to know of a ResourceQuota.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuotaFacts {
    /// The limits, as they are written.
    pub hard: BTreeMap<String, String>,
    /// Which Pods it counts, beside those of `scope_expressions`: all of these must hold.
    pub scopes: Vec<String>,
    /// The requirements of its `scopeSelector`: scope, operator and values.
    pub scope_expressions: Vec<ScopeFacts>,
}

/// One requirement of a quota's `scopeSelector`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopeFacts {
    /// The scope.
    pub scope: String,
    /// The operator.
    pub operator: String,
    /// The values.
    pub values: Vec<String>,
}

/// One item of a LimitRange: quantities by resource, as they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitFacts {
    /// What it is about: `Container`, `Pod` or `PersistentVolumeClaim`.
    pub of: String,
    /// What there must be at least.
    pub min: BTreeMap<String, String>,
    /// What there may be at most.
    pub max: BTreeMap<String, String>,
    /// The limits that containers are given which have none.
    pub default: BTreeMap<String, String>,
    /// The requests that containers are given which have none.
    pub default_request: BTreeMap<String, String>,
    /// How many times its request a limit may be.
    pub ratio: BTreeMap<String, String>,
}

impl NeighbourKind {
    /// The fields of the spec that [`Facts::of`] reads.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::ConfigMap | Self::Namespace | Self::Secret | Self::ServiceAccount => &[],
            Self::Deployment | Self::ReplicaSet | Self::StatefulSet => &["selector"],
            Self::HorizontalPodAutoscaler => &["scaleTargetRef"],
            Self::LimitRange => &["limits"],
            Self::PersistentVolumeClaim => &["accessModes"],
            Self::PodDisruptionBudget => &["selector", "maxUnavailable", "minAvailable"],
            Self::ResourceQuota => &["hard", "scopes", "scopeSelector"],
            Self::Service => &["clusterIP", "clusterIPs", "ports", "selector", "type"],
        }
    }
}

impl Facts {
    /// The facts of an object by its spec, of which only [`fields`](NeighbourKind::fields) are read. What is of another
    /// type than the API's counts as absent.
    pub fn of(kind: NeighbourKind, spec: &Map<String, Value>) -> Self {
        let get = |field: &str| spec.get(field).unwrap_or(&Value::Null);
        match kind {
            NeighbourKind::ConfigMap | NeighbourKind::Secret => Self::Entries(Entries::Unknown),
            NeighbourKind::Namespace => Self::Namespace(BTreeMap::new()),
            NeighbourKind::ServiceAccount => Self::Named,
            NeighbourKind::Deployment | NeighbourKind::ReplicaSet | NeighbourKind::StatefulSet => {
                let selector = Selector::of_label_selector(get("selector"));
                Self::Controller(selector.filter(|selector| !selector.is_empty()))
            }
            NeighbourKind::HorizontalPodAutoscaler => {
                let target = |field| text(get("scaleTargetRef").get(field));
                Self::Autoscaler { kind: target("kind"), name: target("name") }
            }
            NeighbourKind::LimitRange => {
                Self::LimitRange(get("limits").as_array().into_iter().flatten().map(LimitFacts::of).collect())
            }
            NeighbourKind::PersistentVolumeClaim => Self::Claim(texts(get("accessModes"))),
            NeighbourKind::PodDisruptionBudget => Self::Budget(BudgetFacts {
                selector: Selector::of_label_selector(get("selector")),
                max_unavailable: scalar(get("maxUnavailable")),
                min_available: scalar(get("minAvailable")),
            }),
            NeighbourKind::ResourceQuota => Self::Quota(QuotaFacts {
                hard: quantities(Some(get("hard"))),
                scopes: texts(get("scopes")),
                scope_expressions: get("scopeSelector")
                    .get("matchExpressions")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .map(ScopeFacts::of)
                    .collect(),
            }),
            NeighbourKind::Service => Self::Service(ServiceFacts {
                headless: match get("clusterIP").as_str().filter(|address| !address.is_empty()) {
                    Some(address) => address == "None",
                    // The newer form.
                    None => get("clusterIPs").get(0).and_then(Value::as_str) == Some("None"),
                },
                external: get("type").as_str() == Some("ExternalName"),
                named_ports: get("ports").as_array().is_some_and(|ports| {
                    let is_named = |port: &Value| port.get("targetPort").is_some_and(Value::is_string);
                    !ports.is_empty() && ports.iter().all(is_named)
                }),
                selector: Selector::of_labels(get("selector")),
            }),
        }
    }

    /// Of a Service.
    pub fn service(&self) -> Option<&ServiceFacts> {
        if let Self::Service(service) = self { Some(service) } else { None }
    }

    /// Of a PodDisruptionBudget.
    pub fn budget(&self) -> Option<&BudgetFacts> {
        if let Self::Budget(budget) = self { Some(budget) } else { None }
    }

    /// Of a ResourceQuota.
    pub fn quota(&self) -> Option<&QuotaFacts> {
        if let Self::Quota(quota) = self { Some(quota) } else { None }
    }

    /// Of a LimitRange: its items.
    pub fn limits(&self) -> &[LimitFacts] {
        if let Self::LimitRange(limits) = self { limits } else { &[] }
    }

    /// Of a PersistentVolumeClaim: its access modes.
    pub fn access_modes(&self) -> &[String] {
        if let Self::Claim(modes) = self { modes } else { &[] }
    }

    /// Of a ConfigMap or Secret: the names of its entries, where they are known.
    pub fn keys(&self) -> Option<&BTreeSet<String>> {
        if let Self::Entries(Entries::Keys { all, .. }) = self { Some(all) } else { None }
    }

    /// Whether it has an entry for volumes alone: one of a ConfigMap's `binaryData`.
    pub fn is_binary(&self, key: &str) -> bool {
        matches!(self, Self::Entries(Entries::Keys { binary, .. }) if binary.contains(key))
    }

    /// The selector of Pods, where it is of a kind that has one and selects any.
    pub fn selector(&self) -> Option<&Selector> {
        match self {
            Self::Service(service) => Some(&service.selector).filter(|selector| !selector.is_empty()),
            // Of a budget, the empty selector selects every Pod.
            Self::Budget(budget) => budget.selector.as_ref(),
            Self::Controller(selector) => selector.as_ref(),
            _ => None,
        }
    }
}

impl ScopeFacts {
    fn of(value: &Value) -> Self {
        Self {
            scope: text(value.get("scopeName")),
            operator: text(value.get("operator")),
            values: texts(value.get("values").unwrap_or(&Value::Null)),
        }
    }
}

impl LimitFacts {
    fn of(value: &Value) -> Self {
        Self {
            of: text(value.get("type")),
            min: quantities(value.get("min")),
            max: quantities(value.get("max")),
            default: quantities(value.get("default")),
            default_request: quantities(value.get("defaultRequest")),
            ratio: quantities(value.get("maxLimitRequestRatio")),
        }
    }
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A number or a string, as text.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn quantities(value: Option<&Value>) -> BTreeMap<String, String> {
    let entries = value.and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(resource, amount)| Some((resource.clone(), scalar(amount)?))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts(kind: NeighbourKind, spec: &Value) -> Facts {
        Facts::of(kind, spec.as_object().unwrap())
    }

    #[test]
    fn what_services_say() {
        for (spec, headless, external) in [
            (json!({"clusterIP": "None"}), true, false),
            (json!({"clusterIPs": ["None"]}), true, false),
            (json!({"clusterIP": "", "clusterIPs": ["None"]}), true, false),
            (json!({"clusterIP": "10.0.0.1", "clusterIPs": ["None"]}), false, false),
            (json!({"type": "ExternalName"}), false, true),
            (json!({"type": 1, "clusterIPs": 2}), false, false),
        ] {
            let Facts::Service(service) = facts(NeighbourKind::Service, &spec) else { panic!() };
            assert_eq!((service.headless, service.external), (headless, external), "{spec}");
        }
    }

    #[test]
    fn what_is_of_another_type_counts_as_absent() {
        for kind in NeighbourKind::ALL {
            let odd: Map<String, Value> =
                kind.fields().iter().map(|field| ((*field).to_owned(), json!(true))).collect();
            let facts = Facts::of(kind, &odd);
            assert_eq!(facts, Facts::of(kind, &Map::new()), "{kind:?}");
            assert_eq!(facts.selector(), None);
        }
    }

    #[test]
    fn quantities_are_kept_as_they_are_written() {
        let spec = json!({"hard": {"requests.cpu": 4, "pods": "10", "odd": []}, "scopes": ["Terminating"]});
        let Facts::Quota(quota) = facts(NeighbourKind::ResourceQuota, &spec) else { panic!() };
        assert_eq!(
            quota.hard,
            [("pods", "10"), ("requests.cpu", "4")].map(|(a, b)| (a.to_owned(), b.to_owned())).into()
        );
        let budget =
            facts(NeighbourKind::PodDisruptionBudget, &json!({"selector": {}, "maxUnavailable": "50%"}));
        assert!(budget.selector().is_some_and(Selector::is_empty));
    }
}
