//! Fields behind feature gates that are off: the server knows them, and leaves them out of what it stores without a word.
//!
//! It does so after defaults and mutating webhooks and before validation, so nothing in such a field is ever validated.
//! A stored object that has the field already keeps it. Source: `DropDisabledTemplateFields` of Kubernetes'
//! `pkg/api/pod` and the strategies of Jobs and CronJobs.

mod containers;
mod found;
mod pod;
mod volumes;

use k8s_openapi::api::batch::v1::JobSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::tables::Gate;
use super::{Server, Workload};
use found::{Found, NO_APP_ARMOR};
use jobguard_manifest::At;

pub use found::{Dropped, Fate};

/// Leaves out what is behind closed gates, and says what. `old` is the object stored so far, on update.
pub(super) fn drop_disabled(server: &Server, new: &mut Workload, old: Option<&Workload>) -> Vec<Dropped> {
    let mut found = Found { server, list: Vec::new(), by_jobs_only: false };
    let root = At::root();
    let spec_at = root.field("spec");
    let old = old.and_then(Workload::job_spec);
    match new {
        Workload::Job(job) => {
            let spec = job.spec.get_or_insert_default();
            drop_of_job(spec, old, &spec_at, &mut found);
            found.template(spec, old, &spec_at);
        }
        Workload::CronJob(cron_job) => {
            let template = spec_at.field("jobTemplate");
            let at = template.field("spec");
            let spec = cron_job.spec.job_template.spec.get_or_insert_default();
            found.template(spec, old, &at);
            if found.is_any_of_job_off() {
                // The CronJob keeps these; what they come to is found on a copy.
                found.by_jobs_only = true;
                let mut copy = JobSpec {
                    backoff_limit_per_index: spec.backoff_limit_per_index,
                    managed_by: spec.managed_by.clone(),
                    max_failed_indexes: spec.max_failed_indexes,
                    pod_failure_policy: spec.pod_failure_policy.clone(),
                    pod_replacement_policy: spec.pod_replacement_policy.clone(),
                    scheduling: spec.scheduling.clone(),
                    success_policy: spec.success_policy.clone(),
                    ..JobSpec::default()
                };
                drop_of_job(&mut copy, None, &at, &mut found);
            }
        }
    }
    found.list
}

/// What the annotations begin with that AppArmor profiles were in before there was a field.
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// The `managedBy` of a Job that the built-in controller runs.
const BUILT_IN_CONTROLLER: &str = "kubernetes.io/job-controller";

/// The gates of a Job's own fields.
const OF_JOBS: [Gate; 6] = [
    Gate::JobBackoffLimitPerIndex,
    Gate::JobManagedBy,
    Gate::JobPodFailurePolicy,
    Gate::JobPodReplacementPolicy,
    Gate::JobSuccessPolicy,
    Gate::WorkloadWithJob,
];

impl Found<'_> {
    fn template(&mut self, spec: &mut JobSpec, old: Option<&JobSpec>, at: &At<'_>) {
        let template = at.field("template");
        if self.server.is_off(Gate::AppArmor) {
            self.app_armor_annotations(spec.template.metadata.as_mut(), old, &template.field("metadata"));
        }
        if let Some(pod) = &mut spec.template.spec {
            pod::drop_of_pod(
                pod,
                old.and_then(|old| old.template.spec.as_ref()),
                &template.field("spec"),
                self,
            );
        }
    }

    fn app_armor_annotations(
        &mut self,
        metadata: Option<&mut ObjectMeta>,
        old: Option<&JobSpec>,
        at: &At<'_>,
    ) {
        const EFFECT: &str = NO_APP_ARMOR;
        let is_of_it = |key: &String| key.starts_with(APP_ARMOR);
        let stored = old.and_then(|old| old.template.metadata.as_ref()?.annotations.as_ref());
        if stored.is_some_and(|annotations| annotations.keys().any(is_of_it)) {
            return;
        }
        let Some(annotations) = metadata.and_then(|metadata| metadata.annotations.as_mut()) else { return };
        let at = at.field("annotations");
        annotations.retain(|key, _| {
            if is_of_it(key) {
                self.add(&at.key(key), Gate::AppArmor, EFFECT);
            }
            !is_of_it(key)
        });
    }

    fn is_any_of_job_off(&self) -> bool {
        OF_JOBS.iter().any(|gate| self.server.is_off(*gate))
    }
}

fn drop_of_job(spec: &mut JobSpec, old: Option<&JobSpec>, at: &At<'_>, found: &mut Found<'_>) {
    let server = found.server;
    let off = |gate: Gate, used: fn(&JobSpec) -> bool| server.is_off(gate) && !old.is_some_and(used);
    if off(Gate::JobPodFailurePolicy, |old| old.pod_failure_policy.is_some()) {
        const EFFECT: &str = "every failure counts towards backoffLimit";
        let at = at.field("podFailurePolicy");
        found.take(&mut spec.pod_failure_policy, &at, Gate::JobPodFailurePolicy, EFFECT);
    }
    // An update that brings it is refused, because managedBy cannot be changed: it is not dropped there.
    if old.is_none() && off(Gate::JobManagedBy, |_| false) {
        const EFFECT: &str = "the built-in Job controller runs the Job, too";
        found.take_as(&mut spec.managed_by, &at.field("managedBy"), Gate::JobManagedBy, EFFECT, |value| {
            match value.as_str() {
                "" => Fate::Refused,
                BUILT_IN_CONTROLLER => Fate::Default,
                _ => Fate::Effect,
            }
        });
    }
    if off(Gate::JobSuccessPolicy, |old| old.success_policy.is_some()) {
        const EFFECT: &str = "the Job is complete only when all its indexes have succeeded";
        found.take(&mut spec.success_policy, &at.field("successPolicy"), Gate::JobSuccessPolicy, EFFECT);
    }
    const PER_INDEX: &str = "all indexes share backoffLimit, and one that keeps failing fails the Job";
    if off(Gate::JobBackoffLimitPerIndex, |old| old.backoff_limit_per_index.is_some()) {
        let here = at.field("backoffLimitPerIndex");
        found.take(&mut spec.backoff_limit_per_index, &here, Gate::JobBackoffLimitPerIndex, PER_INDEX);
    }
    if off(Gate::JobBackoffLimitPerIndex, |old| old.max_failed_indexes.is_some()) {
        let here = at.field("maxFailedIndexes");
        found.take(&mut spec.max_failed_indexes, &here, Gate::JobBackoffLimitPerIndex, PER_INDEX);
    }
    if old.is_none()
        && server.is_off(Gate::JobBackoffLimitPerIndex)
        && let Some(policy) = &mut spec.pod_failure_policy
    {
        let rules = at.field("podFailurePolicy").field("rules").to_path();
        let mut index = 0;
        policy.rules.retain(|rule| {
            let is_kept = rule.action != "FailIndex";
            if !is_kept {
                let mut path = rules.clone();
                path.push(jobguard_manifest::Segment::Index(index));
                found.list.push(Dropped {
                    path,
                    gate: Gate::JobBackoffLimitPerIndex,
                    effect: "the failures that the rule is about count towards backoffLimit",
                    by_jobs_only: found.by_jobs_only,
                    fate: Fate::Effect,
                });
            }
            index += 1;
            is_kept
        });
    }
    if off(Gate::WorkloadWithJob, |old| old.scheduling.is_some()) {
        const EFFECT: &str = "each Pod is scheduled for itself";
        found.take(&mut spec.scheduling, &at.field("scheduling"), Gate::WorkloadWithJob, EFFECT);
    }
    if off(Gate::JobPodReplacementPolicy, |old| old.pod_replacement_policy.is_some()) {
        const EFFECT: &str = "a Pod is replaced as soon as it begins to terminate";
        let at = at.field("podReplacementPolicy");
        found.take(&mut spec.pod_replacement_policy, &at, Gate::JobPodReplacementPolicy, EFFECT);
    }
}
