//! Whether a Job was made by a controller for its owner, or by a user.
//!
//! Any user can write an owner reference and any annotation, so that neither proves anything. The account does: that of
//! the CronJob controller, or one that the policy names. A Job that a user makes by hand from a CronJob
//! (`kubectl create job --from`) is known by what it is: exactly what the CronJob, which must be known, would make itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use ring::digest;

use super::decode::Sent;
use super::namespaces::Labels;
use super::request::Request;
use crate::engine::{Author, controller_of, subject_by};
use crate::mutate;
use crate::policy::{Defaults, Policy};
use jobguard_apiserver::{KubernetesVersion, Server, Workload};

/// Who makes a CronJob's Jobs: the controller's own account, or the controller manager's where its controllers have
/// no accounts of their own.
const CRON_JOB_CONTROLLERS: [&str; 2] =
    ["system:serviceaccount:kube-system:cronjob-controller", "system:kube-controller-manager"];

/// The annotation that `kubectl create job --from` sets.
const INSTANTIATE: &str = "cronjob.kubernetes.io/instantiate";

/// Whether a user is a controller: Kubernetes' own, or one that the policy names.
pub(super) fn is_controller(policy: &Policy, user: &str) -> bool {
    CRON_JOB_CONTROLLERS.contains(&user) || policy.names_controller(user)
}

/// What a Job or CronJob comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    /// Whether it is a Job that a controller makes or changes, or a CronJob's run by hand: the policy's
    /// `controllerJobs` says what becomes of it.
    pub(super) is_controllers: bool,
    /// Who asks for it.
    pub(super) author: Author<'a>,
    /// Whether it claims to be a CronJob's run by hand, and CronJobs are not watched.
    pub(super) may_be_run: bool,
}

impl<'a> Origin<'a> {
    /// Of the object of a request, in a namespace with these labels.
    pub(super) fn of(
        request: &'a Request<Sent<'_>>,
        object: &Workload,
        policy: &Policy,
        cron_jobs: &'a CronJobs,
        namespace_labels: Option<&Labels>,
    ) -> Self {
        let user = request.user();
        let alone = Author { user: Some(user), doubts_owner: true, ..Author::default() };
        let mut origin = Self { is_controllers: false, author: alone, may_be_run: false };
        let Some(owner) = controller_of(object.metadata()) else { return origin };
        let job = match object {
            Workload::Job(job) => Some(job),
            Workload::CronJob(_) => None,
        };
        let of_cron_job = job.is_some() && owner.kind == "CronJob" && owner.api_version.starts_with("batch/");
        let known = job.filter(|_| of_cron_job).and_then(|job| cron_jobs.owner(&job.metadata, owner));
        let trusted = Author { doubts_owner: false, owner_labels: known.map(|known| &known.labels), ..alone };
        let is_run = || {
            // A copy of the spec and a digest of it: only where there is something to compare it with.
            let (Some(job), Some(known)) = (job, known) else { return false };
            job.spec.clone().and_then(Run::of).is_some_and(|run| {
                let settings = policy.settings_for(&subject_by(object, namespace_labels, trusted));
                run.is_same(&known.run, &settings.defaults)
            })
        };
        if (of_cron_job && CRON_JOB_CONTROLLERS.contains(&user)) || policy.names_controller(user) || is_run()
        {
            origin.is_controllers = job.is_some();
            origin.author = trusted;
        }
        origin.may_be_run = of_cron_job
            && !origin.is_controllers
            && !matches!(cron_jobs, CronJobs::Known { .. })
            && object.metadata().annotations.iter().flatten().any(|(key, _)| key == INSTANTIATE);
        origin
    }
}

/// All CronJobs, as far as it takes to know their Jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "only a cluster's watches make them"))]
pub(crate) enum CronJobs {
    /// They are not watched.
    #[default]
    Unwatched,
    /// They are watched, and have not been listed completely yet.
    Awaited,
    /// All there are.
    Known {
        /// By namespace and name.
        cron_jobs: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Arc<KnownCronJob>>>,
        /// Since when the watch has been broken, if it is.
        lost: Option<Timestamp>,
    },
}

impl CronJobs {
    /// The CronJob that a Job names as its owner, where it is known.
    fn owner(&self, job: &ObjectMeta, owner: &OwnerReference) -> Option<&KnownCronJob> {
        let Self::Known { cron_jobs, .. } = self else { return None };
        let known = cron_jobs.get(job.namespace.as_deref()?)?.get(owner.name.as_str())?;
        (!known.uid.is_empty() && known.uid == owner.uid).then_some(known)
    }
}

/// What is kept of a CronJob.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "only a cluster's watches make them"))]
pub(crate) struct KnownCronJob {
    /// Its uid.
    pub(crate) uid: String,
    /// Its labels.
    pub(crate) labels: BTreeMap<String, String>,
    /// Its runs.
    pub(crate) run: Run,
}

/// What a CronJob's run is, whichever run it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// What a policy fills in where nothing is set, as JSON: it is compared as filled in.
    fillable: Box<str>,
    /// A SHA-256 of the rest of the Job's spec.
    rest: [u8; 32],
}

impl Run {
    /// Of the spec of a Job, or of a CronJob's template.
    pub(crate) fn of(spec: JobSpec) -> Option<Self> {
        // Defaults that only some versions have are filled in on both sides alike.
        let mut rest = Server::of(KubernetesVersion::default()).run_spec(spec);
        let fillable = take_fillable(&mut rest);
        let text = serde_json::to_vec(&rest).ok()?;
        Some(Self {
            fillable: serde_json::to_string(&fillable).ok()?.into(),
            rest: digest::digest(&digest::SHA256, &text).as_ref().try_into().ok()?,
        })
    }

    /// Whether both are the same but for what a policy may have filled in.
    fn is_same(&self, other: &Self, defaults: &Defaults) -> bool {
        self.rest == other.rest
            && (self.fillable == other.fillable
                || self.filled(defaults).is_some_and(|filled| Some(filled) == other.filled(defaults)))
    }

    fn filled(&self, defaults: &Defaults) -> Option<Workload> {
        let spec = serde_json::from_str(&self.fillable).ok()?;
        let mut job = Workload::Job(Box::new(Job { spec: Some(spec), ..Job::default() }));
        mutate::fill(&mut job, defaults);
        Some(job)
    }
}

/// Takes out of a spec what a policy fills in, with a copy of what that depends on.
fn take_fillable(spec: &mut JobSpec) -> JobSpec {
    JobSpec {
        active_deadline_seconds: spec.active_deadline_seconds.take(),
        pod_failure_policy: spec.pod_failure_policy.take(),
        pod_replacement_policy: spec.pod_replacement_policy.clone(),
        selector: spec.selector.clone(),
        template: PodTemplateSpec {
            metadata: spec.template.metadata.take().map(|mut metadata| {
                let labels = metadata.labels.take();
                let annotations = metadata.annotations.take();
                // What is left stays, if anything is: where there was none, there may be one with labels now.
                spec.template.metadata = Some(metadata).filter(|rest| *rest != ObjectMeta::default());
                ObjectMeta { labels, annotations, ..ObjectMeta::default() }
            }),
            spec: spec
                .template
                .spec
                .as_mut()
                .map(|pod| PodSpec { restart_policy: pod.restart_policy.take(), ..PodSpec::default() }),
        },
        ..JobSpec::default()
    }
}
