//! What an API server does with an object, in the order in which it does it.

use jobguard_manifest::{NodeId, Tree};
use k8s_openapi::api::batch::v1::{CronJob, JobSpec};
use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use super::{Applied, Decoded, FieldError, Kind, Merged, Prepared, Server, Way, Workload};
use super::{apply, child, decode, defaults, update, validate};

impl Server {
    /// Decodes the object at `node`. `apiVersion` and `kind` are the caller's business: it has chosen `kind`.
    pub fn decode(&self, tree: &Tree<'_>, node: NodeId, kind: Kind) -> Decoded {
        decode::decode(self, tree, node, kind)
    }

    /// Applies `written` to the object `stored`, of which `applied` was applied before. All three are JSON objects of
    /// `kind`; whatever else they are is the outcome of [`Value::Null`]. Fields that the version does not have are left
    /// out of it. Its cost grows with the size of the three, and no faster.
    pub fn merge(
        &self,
        kind: Kind,
        way: Way,
        stored: Value,
        applied: Option<&Applied>,
        written: &Value,
    ) -> Merged {
        apply::merge(self.schema(), kind, way, stored, applied, written)
    }

    /// What was applied last to a stored object on the server's side, as its `managedFields` have it; none where nothing
    /// was.
    pub fn applied_by_server(&self, kind: Kind, stored: &Value) -> Option<Applied> {
        apply::applied_by_server(self.schema(), kind, stored)
    }

    /// Fills in the defaults of the API, as every webhook and every client sees them. Doing it again changes nothing.
    ///
    /// Besides defaults proper this includes what a pass through the server's internal form does to an object:
    /// quantities are rewritten in their canonical form, `serviceAccount` mirrors `serviceAccountName`.
    pub fn apply_defaults(&self, workload: &mut Workload) {
        defaults::apply_defaults(self, workload);
    }

    /// Validates an object that is to be created.
    pub fn validate_create(&self, object: &Prepared) -> Vec<FieldError> {
        validate::validate_create(self, object.workload())
    }

    /// Validates a new version of a stored object. Two objects of different kinds are not versions of one another: then
    /// the new one is validated as on create.
    pub fn validate_update(&self, new: &Prepared, old: &Workload) -> Vec<FieldError> {
        update::validate_update(self, new.workload(), old)
    }

    /// What the server has to say about the Job of the run at `scheduled`. Paths are those of the Job.
    pub fn validate_child(&self, cron_job: &CronJob, scheduled: Timestamp) -> Vec<FieldError> {
        child::validate_child(self, cron_job, scheduled)
    }

    /// The same of a CronJob that the server accepts: its template has passed, Pods and all, and what is left to be said
    /// is about the name, the labels and the selector that its Jobs are given.
    pub fn validate_child_of_accepted(&self, cron_job: &CronJob, scheduled: Timestamp) -> Vec<FieldError> {
        child::validate_child_of_accepted(self, cron_job, scheduled)
    }

    /// A Job's spec without what tells it from the template of its CronJob: with the server's defaults, and without the
    /// selector and labels that the server makes. Two specs are equal in this form where one was made from the other, and
    /// nothing was changed in between but `suspend`, which queues set and take back.
    pub fn run_spec(&self, spec: JobSpec) -> JobSpec {
        child::run_spec(self, spec)
    }
}
