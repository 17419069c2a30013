//! What a Pod asks for, as quotas and limits of a namespace count it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::{JobPart, LimitFacts};
use jobguard_apiserver::quantity_in_milli;

/// Amounts in thousandths, by resource.
pub type Amounts<'a> = BTreeMap<&'a str, i128>;

/// What a container, or a Pod, asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demand<'a> {
    /// The least that it is given.
    pub requests: Amounts<'a>,
    /// The most that it is given.
    pub limits: Amounts<'a>,
}

impl<'a> Demand<'a> {
    /// What containers of a namespace with these LimitRanges are given which ask for nothing, as the API server completes
    /// each item: the largest is the limit where there is none, the limit the request, else the least. None where a quantity
    /// is none.
    pub fn defaults(limits: impl Iterator<Item = &'a LimitFacts>) -> Option<Self> {
        let mut this = Self::default();
        for item in limits.filter(|limits| limits.of == "Container") {
            let mut limits = written(&item.default)?;
            fill(&mut limits, &written(&item.max)?);
            let mut requests = written(&item.default_request)?;
            fill(&mut requests, &limits);
            fill(&mut requests, &written(&item.min)?);
            fill(&mut this.limits, &limits);
            fill(&mut this.requests, &requests);
        }
        Some(this)
    }

    /// What a container asks for, with what the API server adds (a limit is the request where there is none), and then the
    /// defaults of its namespace. None where a quantity is none, or as good as infinite.
    pub fn of_container(container: &'a Container, defaults: &Self) -> Option<Self> {
        let mut this = Self::of(container.resources.as_ref())?;
        fill(&mut this.limits, &defaults.limits);
        fill(&mut this.requests, &defaults.requests);
        Some(this)
    }

    fn of(resources: Option<&'a ResourceRequirements>) -> Option<Self> {
        let Some(resources) = resources else { return Some(Self::default()) };
        let limits = amounts(resources.limits.as_ref())?;
        let mut requests = amounts(resources.requests.as_ref())?;
        fill(&mut requests, &limits);
        Some(Self { requests, limits })
    }

    /// What a Pod asks for without its overhead, by the API's own formula: its containers and sidecars together, or an init
    /// container with the sidecars before it, whichever is more. None where that cannot be computed: a quantity is none, or
    /// the Pod itself has resources, which newer versions put in the place of the sum.
    pub fn of_pod(pod: &'a PodSpec, defaults: &Self) -> Option<Self> {
        if pod.resources.is_some() {
            return None;
        }
        let mut sum = Self::default();
        for container in &pod.containers {
            sum.add(&Self::of_container(container, defaults)?);
        }
        let (mut sidecars, mut highest) = (Self::default(), Self::default());
        for container in pod.init_containers.iter().flatten() {
            let own = Self::of_container(container, defaults)?;
            let at_once = if container.restart_policy.as_deref() == Some("Always") {
                sidecars.add(&own);
                sum.add(&own);
                sidecars.clone()
            } else {
                let mut at_once = own;
                at_once.add(&sidecars);
                at_once
            };
            highest.raise(&at_once);
        }
        sum.raise(&highest);
        Some(sum)
    }

    /// Adds a Pod's overhead, as quotas do.
    pub fn add_overhead(&mut self, pod: &'a PodSpec) -> Option<()> {
        for (resource, amount) in amounts(pod.overhead.as_ref())? {
            *self.requests.entry(resource).or_default() += amount;
            // A limit that is not there is not made of an overhead.
            if let Some(limit) = self.limits.get_mut(resource) {
                *limit += amount;
            }
        }
        Some(())
    }

    /// Whether nothing is asked for: the Pod's class is BestEffort.
    pub fn is_best_effort(&self) -> bool {
        let any = |amounts: &Amounts<'_>| {
            ["cpu", "memory"].iter().any(|resource| amounts.get(resource).is_some_and(|amount| *amount > 0))
        };
        !any(&self.requests) && !any(&self.limits)
    }

    fn add(&mut self, other: &Self) {
        for (mine, theirs) in [(&mut self.requests, &other.requests), (&mut self.limits, &other.limits)] {
            for (resource, amount) in theirs {
                let sum = mine.entry(resource).or_default();
                *sum = sum.saturating_add(*amount);
            }
        }
    }

    fn raise(&mut self, other: &Self) {
        for (mine, theirs) in [(&mut self.requests, &other.requests), (&mut self.limits, &other.limits)] {
            for (resource, amount) in theirs {
                let highest = mine.entry(resource).or_default();
                *highest = (*highest).max(*amount);
            }
        }
    }
}

impl JobPart<'_> {
    /// The Pods that are up at once, at most, if nothing holds them back: `parallelism`, and no more than are wanted, of each
    /// such Job. None of a Job that is paused.
    pub fn peak_pods(&self) -> i128 {
        let completions = self.spec.completions.unwrap_or(i32::MAX);
        i128::from(self.parallelism().min(completions).max(0)) * i128::from(self.replicas.max(1))
    }
}

/// Adds amounts of resources of which there is none yet.
fn fill<'a>(amounts: &mut Amounts<'a>, with: &Amounts<'a>) {
    for (resource, amount) in with {
        amounts.entry(resource).or_insert(*amount);
    }
}

fn amounts(quantities: Option<&BTreeMap<String, Quantity>>) -> Option<Amounts<'_>> {
    let all = quantities.into_iter().flatten();
    all.map(|(resource, amount)| Some((resource.as_str(), quantity_in_milli(&amount.0)?))).collect()
}

/// Quantities as they are written, in thousandths; none where one is no quantity.
pub fn written(quantities: &BTreeMap<String, String>) -> Option<Amounts<'_>> {
    quantities
        .iter()
        .map(|(resource, amount)| Some((resource.as_str(), quantity_in_milli(amount)?)))
        .collect()
}

/// An amount in thousandths, as people write it.
pub fn amount_text(milli: i128) -> String {
    if milli % 1_000 != 0 {
        return format!("{milli}m");
    }
    let (mut whole, mut unit) = (milli / 1_000, 0);
    const UNITS: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    while whole != 0 && whole % 1_024 == 0 && unit + 1 < UNITS.len() {
        (whole, unit) = (whole / 1_024, unit + 1);
    }
    format!("{whole}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(spec: Value) -> PodSpec {
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn the_formula_of_the_api() {
        let cpu = |amount: &str| json!({"requests": {"cpu": amount}});
        for (init, main, expected) in [
            (json!([]), json!(["100m", "200m"]), 300),
            (json!([["500m", false]]), json!(["100m", "200m"]), 500),
            // A sidecar runs beside the containers, and beside init containers after it.
            (json!([["100m", true]]), json!(["100m", "200m"]), 400),
            (json!([["100m", true], ["500m", false]]), json!(["100m"]), 600),
            (json!([["500m", false], ["100m", true]]), json!(["100m"]), 500),
        ] {
            let init: Vec<Value> = init
                .as_array()
                .unwrap()
                .iter()
                .map(|one| {
                    let policy = one[1].as_bool().unwrap().then_some("Always");
                    json!({"name": "i", "resources": cpu(one[0].as_str().unwrap()), "restartPolicy": policy})
                })
                .collect();
            let main: Vec<Value> = main
                .as_array()
                .unwrap()
                .iter()
                .map(|one| json!({"name": "m", "resources": cpu(one.as_str().unwrap())}))
                .collect();
            let pod = pod(json!({"initContainers": init, "containers": main}));
            assert_eq!(
                Demand::of_pod(&pod, &Demand::default()).unwrap().requests["cpu"],
                expected,
                "{pod:?}"
            );
        }
    }

    #[test]
    fn defaults_of_a_namespace() {
        let limits = LimitFacts {
            of: "Container".to_owned(),
            max: [("cpu".to_owned(), "2".to_owned())].into(),
            default_request: [("memory".to_owned(), "1Ki".to_owned())].into(),
            ..LimitFacts::default()
        };
        let pod = pod(json!({"containers": [{"name": "m"}], "overhead": {"cpu": "1", "memory": "1"}}));
        let defaults = Demand::defaults([&limits].into_iter()).unwrap();
        let mut demand = Demand::of_pod(&pod, &defaults).unwrap();
        assert_eq!(demand.requests, [("cpu", 2_000), ("memory", 1_024_000)].into());
        assert_eq!(demand.limits, [("cpu", 2_000)].into());
        assert!(!demand.is_best_effort());
        demand.add_overhead(&pod).unwrap();
        assert_eq!(demand.requests, [("cpu", 3_000), ("memory", 1_025_000)].into());
        assert_eq!(demand.limits, [("cpu", 3_000)].into());
    }

    #[test]
    fn what_cannot_be_computed() {
        let odd = pod(json!({"containers": [{"name": "m", "resources": {"limits": {"cpu": "much"}}}]}));
        assert_eq!(Demand::of_pod(&odd, &Demand::default()), None);
        let whole = pod(json!({"containers": [{"name": "m"}], "resources": {"limits": {"cpu": "1"}}}));
        assert_eq!(Demand::of_pod(&whole, &Demand::default()), None);
    }

    #[test]
    fn amounts_as_people_write_them() {
        for (milli, text) in
            [(500, "500m"), (4_000, "4"), (8_589_934_592_000, "8Gi"), (1_500_000, "1500"), (0, "0")]
        {
            assert_eq!(amount_text(milli), text);
        }
    }
}
