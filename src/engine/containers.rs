//! What rules ask of a Job more than once: its numbers with the API's defaults, what ends it, its containers and their
//! places.

use k8s_openapi::api::batch::v1::{PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule};
use k8s_openapi::api::core::v1::Container;

use super::{ExitCodes, JobPart};
use crate::command::Word;
use jobguard_manifest::FieldPath;
use jobguard_text::duration;

/// The `backoffLimit` that the API server fills in.
pub const DEFAULT_BACKOFF_LIMIT: i32 = 6;

/// The longest limit in time that still is one, in seconds: 365 days. What would end, start or be removed only after
/// that is as good as unlimited.
pub const LONGEST_LIMIT: i64 = 365 * 24 * 60 * 60;

/// Why nothing ends a Job whose Pod hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endless {
    /// It has no `activeDeadlineSeconds`.
    NoDeadline,
    /// The deadline, in seconds, is beyond any run.
    Deadline(i64),
    /// Its Pods are given so many seconds to stop when the deadline is over.
    GracePeriod(i64),
    /// The Pods have a deadline of their own, in seconds. The kubelet counts it, from when a Pod has reached its node:
    /// it ends each try, but not the wait for a node.
    Unscheduled(i64),
}

/// The fields that hold containers. A Pod template has no ephemeral ones.
const LISTS: [&str; 2] = ["initContainers", "containers"];

/// A container of the Pod template.
#[derive(Debug, Clone, Copy)]
pub struct ContainerPart<'a> {
    job: JobPart<'a>,
    list: &'static str,
    /// Where it stands in its list.
    pub index: usize,
    /// The container.
    pub container: &'a Container,
}

impl ContainerPart<'_> {
    /// The path of a field of the container: `path("securityContext.privileged")`; `path("")` is the container.
    pub fn path(&self, field: &'static str) -> FieldPath {
        self.job.path("template.spec").field(self.list).index(self.index).fields(field)
    }

    /// The path of a word of its command line: an element of `command` or `args`.
    pub fn path_of_word(&self, word: Word<'_>) -> FieldPath {
        self.path(word.field).index(word.index)
    }

    /// Whether it runs before the others: an init container, sidecars included.
    pub fn is_init(&self) -> bool {
        self.list == LISTS[0]
    }

    /// Whether the kubelet restarts it for ever, so that its Pod never ends: a plain container with a `restartPolicy` of
    /// `Always`, which only an init container can have and end with its Pod.
    pub fn restarts_forever(&self) -> bool {
        !self.is_init() && self.container.restart_policy.as_deref() == Some("Always")
    }

    /// Whether the kubelet restarts it, or does not, other than by the Pod's `restartPolicy`. A native sidecar, which
    /// runs beside the others, does not count.
    pub fn has_own_restarts(self) -> bool {
        let has_rules = self.container.restart_policy_rules.as_ref().is_some_and(|rules| !rules.is_empty());
        let own = self.container.restart_policy.as_deref();
        !self.is_sidecar() && own.is_some() && (has_rules || own != self.job.restart_policy())
    }

    /// Whether it is a native sidecar: an init container that goes on running beside the others.
    pub fn is_sidecar(&self) -> bool {
        self.is_init() && self.container.restart_policy.as_deref() == Some("Always")
    }
}

impl<'a> JobPart<'a> {
    /// The containers of the Pod template, init containers first.
    pub fn containers(self) -> impl Iterator<Item = ContainerPart<'a>> {
        let pod = self.pod();
        let init = pod.and_then(|pod| pod.init_containers.as_deref()).unwrap_or_default();
        let main = pod.map(|pod| pod.containers.as_slice()).unwrap_or_default();
        LISTS.into_iter().zip([init, main]).flat_map(move |(list, containers)| {
            let part = move |(index, container)| ContainerPart { job: self, list, index, container };
            containers.iter().enumerate().map(part)
        })
    }

    /// Why nothing ends the Job if a Pod hangs; none where a deadline does, and a grace period, of at most `longest`
    /// seconds each.
    pub fn endless(&self, longest: i64) -> Option<Endless> {
        let grace = self.pod().and_then(|pod| pod.termination_grace_period_seconds);
        let deadline = self.spec.active_deadline_seconds;
        let ends_tries = self.longest_by_tries().is_some_and(|total| total <= longest);
        match (deadline, self.pod_deadline().filter(|_| ends_tries), grace) {
            (Some(deadline), None, _) if deadline > longest => Some(Endless::Deadline(deadline)),
            (None, None, _) => Some(Endless::NoDeadline),
            (_, _, Some(grace)) if grace > longest => Some(Endless::GracePeriod(grace)),
            (Some(deadline), _, _) if deadline <= longest => None,
            (_, Some(of_pod), _) => Some(Endless::Unscheduled(of_pod)),
            _ => None,
        }
    }

    /// The seconds after which the Job has been ended, with all its retries: `activeDeadlineSeconds`, or what the tries of its
    /// Pods take at most by their own, where they find a node. None where that is beyond any run, or ends nothing since the
    /// Pods may go on for as long ([`Self::endless`]).
    pub fn deadline(&self) -> Option<i64> {
        match self.endless(LONGEST_LIMIT) {
            None => self.spec.active_deadline_seconds,
            Some(Endless::Unscheduled(_)) => self.longest_by_tries(),
            Some(_) => None,
        }
    }

    /// The `activeDeadlineSeconds` of the Pod, which ends one try: the kubelet fails the Pod, and the failure counts.
    pub fn pod_deadline(&self) -> Option<i64> {
        self.pod()?.active_deadline_seconds
    }

    /// The seconds that all tries together take at most by the Pod's own `activeDeadlineSeconds`, with the delays between
    /// them; waits for a node are not in it. None where the Pod has no deadline, or its failures may not count.
    pub fn longest_by_tries(&self) -> Option<i64> {
        const DEFAULT_GRACE: i64 = 30;
        let pod = self.pod()?;
        let each = pod
            .active_deadline_seconds?
            .saturating_add(pod.termination_grace_period_seconds.unwrap_or(DEFAULT_GRACE).max(0));
        let rules = self.spec.pod_failure_policy.iter().flat_map(|policy| &policy.rules);
        if rules.filter(|rule| rule.action == "Ignore").any(may_be_past_deadline) {
            return None;
        }
        let wanted = i64::from(self.spec.completions.unwrap_or_else(|| self.parallelism()).max(1));
        let failures = match self.spec.backoff_limit_per_index {
            Some(limit) => i64::from(limit.max(0)).saturating_mul(wanted),
            None => i64::from(self.backoff_limit().max(0)),
        };
        // 10 s before the first retry, doubled up to 10 minutes.
        let doubled = failures.min(6);
        let delays = 10 * ((1 << doubled) - 1) + (failures - doubled).saturating_mul(600);
        Some(wanted.saturating_add(failures).saturating_mul(each).saturating_add(delays))
    }

    /// The Pods that may run at once, by `parallelism`: 1 where it is not set.
    pub fn parallelism(&self) -> i32 {
        self.spec.parallelism.unwrap_or(1)
    }

    /// The Pods that can run at once: `parallelism`, and no more than `completions`. At least 1.
    pub fn pods_at_once(&self) -> i32 {
        // A CronJob's Job template has no defaults of its own yet: neither field set means one Pod.
        let completions = self.spec.completions.unwrap_or(i32::MAX);
        self.parallelism().min(completions).max(1)
    }

    /// The Pods of all such Jobs that can run at once. At least 1.
    pub fn pods_of_all_at_once(&self) -> i64 {
        i64::from(self.pods_at_once()) * i64::from(self.replicas.max(1))
    }

    /// How often a failed Pod is replaced before the Job fails, over all indexes.
    pub fn backoff_limit(&self) -> i32 {
        let all = if self.spec.backoff_limit_per_index.is_some() { i32::MAX } else { DEFAULT_BACKOFF_LIMIT };
        self.spec.backoff_limit.unwrap_or(all)
    }

    /// Whether the kubelet restarts a container that fails within its Pod, by the Pod's `restartPolicy`: it is `OnFailure`,
    /// and not every container says Never for itself.
    pub fn restarts_in_place(&self) -> bool {
        let never = |part: ContainerPart<'_>| {
            part.has_own_restarts()
                && part.container.restart_policy.as_deref() == Some("Never")
                && part.container.restart_policy_rules.as_ref().is_none_or(Vec::is_empty)
        };
        self.restart_policy() == Some("OnFailure")
            && !self.containers().filter(|part| !part.is_init()).all(never)
    }

    /// The Pod's `restartPolicy`.
    pub fn restart_policy(&self) -> Option<&'a str> {
        self.pod()?.restart_policy.as_deref()
    }

    /// The Pod's `subdomain`, if it says one.
    pub fn subdomain(&self) -> Option<&'a str> {
        self.pod()?.subdomain.as_deref().filter(|name| !name.is_empty())
    }

    /// An annotation of the Job, or of the CronJob's Job template.
    pub fn annotation(&self, name: &str) -> Option<&'a str> {
        self.metadata?.annotations.as_ref()?.get(name).map(String::as_str)
    }
}

/// Whether a rule may match a Pod that the kubelet has failed at its deadline: its containers are stopped, and the Pod
/// has no condition DisruptionTarget.
fn may_be_past_deadline(rule: &PodFailurePolicyRule) -> bool {
    let stopped = |codes: &PodFailurePolicyOnExitCodesRequirement| {
        ExitCodes::of(&codes.operator, &codes.values).is_some_and(ExitCodes::have_stopped)
    };
    rule.on_exit_codes.as_ref().is_some_and(stopped)
        || rule.on_pod_conditions.iter().flatten().any(|pattern| pattern.type_ != "DisruptionTarget")
}

impl Endless {
    /// The field that says so, below the Job's spec.
    pub const fn field(self) -> &'static str {
        match self {
            Self::NoDeadline | Self::Deadline(_) | Self::Unscheduled(_) => "activeDeadlineSeconds",
            Self::GracePeriod(_) => "template.spec.terminationGracePeriodSeconds",
        }
    }

    /// How long it goes on, in seconds: the most there are without a deadline, and a try where only the wait for a node has
    /// no end.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::NoDeadline => i64::MAX,
            Self::Deadline(seconds) | Self::GracePeriod(seconds) | Self::Unscheduled(seconds) => seconds,
        }
    }

    /// The reason, as the end of a sentence. `longest` is what [`JobPart::endless`] was asked with, in seconds.
    pub fn reason(self, longest: i64) -> String {
        match self {
            Self::NoDeadline => "it has no activeDeadlineSeconds".to_owned(),
            Self::Deadline(seconds) => format!(
                "its activeDeadlineSeconds of {seconds} is more than {}, which is as good as no deadline",
                duration::words(longest.unsigned_abs())
            ),
            Self::GracePeriod(seconds) => {
                format!("its Pods may take {seconds} s to stop (terminationGracePeriodSeconds)")
            }
            Self::Unscheduled(seconds) => format!(
                "the Pod's activeDeadlineSeconds ends each attempt after {}, but counts only once its Pod is on a node",
                duration::words(seconds.unsigned_abs())
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::batch::v1::CronJob;
    use serde_json::json;

    use crate::engine::Object;
    use jobguard_apiserver::Workload;

    #[test]
    fn places_and_numbers() {
        let cron_job: CronJob = serde_json::from_value(json!({
            "spec": {"schedule": "@daily", "jobTemplate": {"spec": {"completions": 2, "template": {"spec": {
                "initContainers": [{"name": "a"}, {"name": "b", "restartPolicy": "Always"}],
                "containers": [{"name": "c"}],
            }}}}}
        }))
        .unwrap();
        let object = Object::prepared(Workload::CronJob(Box::new(cron_job)));
        let job = object.job().unwrap();
        let parts: Vec<_> = job
            .containers()
            .map(|part| (part.path("image").to_string(), part.is_init(), part.is_sidecar()))
            .collect();
        let pod = "spec.jobTemplate.spec.template.spec";
        assert_eq!(
            parts,
            [
                (format!("{pod}.initContainers[0].image"), true, false),
                (format!("{pod}.initContainers[1].image"), true, true),
                (format!("{pod}.containers[0].image"), false, false),
            ]
        );
        assert_eq!((job.parallelism(), job.pods_at_once(), job.backoff_limit()), (1, 1, 6));
    }
}
