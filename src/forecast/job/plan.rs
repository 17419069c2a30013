//! What a Job's spec says about its tries, as numbers, with the API's defaults where it says nothing.

use k8s_openapi::api::batch::v1::{JobSpec, PodFailurePolicyRule};
use k8s_openapi::api::core::v1::{Container, PodSpec};

use crate::forecast::controller_seconds;

/// The seconds that a Pod is given to end, where it says nothing.
const DEFAULT_GRACE: i64 = 30;
/// How many failures are forgiven, where the Job says nothing.
const DEFAULT_BACKOFF_LIMIT: i32 = 6;
/// The controller that runs Jobs, where `managedBy` names none.
const JOB_CONTROLLER: &str = "kubernetes.io/job-controller";

/// A Job's spec in numbers.
#[derive(Debug, Clone)]
pub(super) struct Plan<'a> {
    /// The Pod's spec; none where the template has none, which the API server refuses.
    pub(super) pod: Option<&'a PodSpec>,
    pub(super) parallelism: u64,
    /// None of a work queue.
    pub(super) completions: Option<u64>,
    pub(super) indexed: bool,
    pub(super) backoff_limit: u64,
    pub(super) per_index: Option<u64>,
    pub(super) max_failed_indexes: Option<u64>,
    /// The Job's `activeDeadlineSeconds`.
    pub(super) deadline: Option<i64>,
    /// The Pod's `activeDeadlineSeconds`.
    pub(super) pod_deadline: Option<i64>,
    pub(super) grace: i64,
    pub(super) ttl: Option<i64>,
    /// The Pod's `restartPolicy` is `OnFailure`: what restarts count for depends on the Pod's, not on a container's own.
    pub(super) on_failure: bool,
    /// A Pod that is being deleted counts as failed, and is replaced, only once it has ended.
    pub(super) waits_for_termination: bool,
    pub(super) suspended: bool,
    /// Another controller runs the Job, of which nothing is known.
    pub(super) other_controller: bool,
    pub(super) failure_rules: &'a [PodFailurePolicyRule],
}

fn count(number: i32) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

impl<'a> Plan<'a> {
    pub(super) fn of(spec: &'a JobSpec) -> Self {
        let pod = spec.template.spec.as_ref();
        let indexed = spec.completion_mode.as_deref() == Some("Indexed");
        let parallelism = count(spec.parallelism.unwrap_or(1));
        let completions = match (spec.completions, spec.parallelism) {
            (Some(completions), _) => Some(count(completions)),
            (None, None) => Some(1),
            // The API server wants completions of an Indexed Job.
            (None, Some(_)) => indexed.then_some(parallelism),
        };
        let per_index = spec.backoff_limit_per_index.filter(|_| indexed).map(count);
        let default_limit =
            if spec.backoff_limit_per_index.is_some() { i32::MAX } else { DEFAULT_BACKOFF_LIMIT };
        let failure_rules = spec.pod_failure_policy.as_ref().map(|policy| policy.rules.as_slice());
        let seconds = |seconds: i64| seconds.max(0);
        Self {
            pod,
            parallelism,
            completions,
            indexed,
            backoff_limit: count(spec.backoff_limit.unwrap_or(default_limit)),
            per_index,
            max_failed_indexes: spec.max_failed_indexes.filter(|_| per_index.is_some()).map(count),
            // What is less than nothing is over at once.
            deadline: spec.active_deadline_seconds.map(|seconds| controller_seconds(seconds).max(0)),
            pod_deadline: pod.and_then(|pod| pod.active_deadline_seconds).map(seconds),
            grace: pod.and_then(|pod| pod.termination_grace_period_seconds).map_or(DEFAULT_GRACE, seconds),
            ttl: spec.ttl_seconds_after_finished.map(|ttl| seconds(i64::from(ttl))),
            on_failure: pod.and_then(|pod| pod.restart_policy.as_deref()) == Some("OnFailure"),
            waits_for_termination: spec.pod_replacement_policy.as_deref() == Some("Failed")
                || failure_rules.is_some(),
            suspended: spec.suspend == Some(true),
            other_controller: spec.managed_by.as_deref().is_some_and(|name| name != JOB_CONTROLLER),
            failure_rules: failure_rules.unwrap_or_default(),
        }
    }

    /// How many things are to be done, each by a Pod: the completions, or of a work queue the Pods at once.
    pub(super) fn items(&self) -> u64 {
        self.completions.unwrap_or(self.parallelism)
    }

    /// The most Pods at once.
    pub(super) fn pods_at_once(&self) -> u64 {
        self.parallelism.min(self.items())
    }

    /// The containers, and the init containers after them.
    pub(super) fn containers(&self) -> impl Iterator<Item = &'a Container> {
        let init = self.pod.and_then(|pod| pod.init_containers.as_ref()).into_iter().flatten();
        self.pod.into_iter().flat_map(|pod| &pod.containers).chain(init)
    }

    /// The first container, which a try is about where no other is named.
    pub(super) fn first_container(&self) -> Option<&'a Container> {
        self.pod.and_then(|pod| pod.containers.first())
    }

    /// Whether the kubelet restarts the container in its Pod once it has ended with this exit code: by the first of its own
    /// rules that matches, else by its own policy, else by the Pod's.
    pub(super) fn restarts_in_place(&self, container: &str, code: i32) -> bool {
        let Some(container) = self.containers().find(|one| one.name == container) else {
            return self.on_failure;
        };
        let by_rule = container.restart_policy_rules.iter().flatten().any(|rule| {
            rule.exit_codes.as_ref().is_some_and(|codes| {
                let listed = codes.values.as_ref().is_some_and(|values| values.contains(&code));
                match codes.operator.as_str() {
                    "In" => listed,
                    "NotIn" => !listed,
                    _ => false,
                }
            })
        });
        match container.restart_policy.as_deref() {
            _ if by_rule => true,
            None | Some("") => self.on_failure,
            Some("Never") => false,
            Some(_) => true,
        }
    }
}

/// Whether a container has restart rules of its own that restart it after a failure. Init containers with `Always` are
/// sidecars, which end with the Pod.
pub(super) fn restarts_itself(container: &Container) -> bool {
    matches!(container.restart_policy.as_deref(), Some("Always" | "OnFailure"))
        || container.restart_policy_rules.as_ref().is_some_and(|rules| !rules.is_empty())
}
