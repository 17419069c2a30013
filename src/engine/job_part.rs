//! A Job as rules see it, whether it stands alone or in a CronJob.

use k8s_openapi::api::batch::v1::{JobSpec, JobTemplateSpec};
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use jobguard_manifest::FieldPath;

/// A Job's spec, wherever it stands.
#[derive(Debug, Clone, Copy)]
pub struct JobPart<'a> {
    pub(super) prefix: &'static str,
    /// The spec.
    pub spec: &'a JobSpec,
    /// The metadata of the Job, or of the CronJob's Job template.
    pub metadata: Option<&'a ObjectMeta>,
    /// Whether this is a CronJob's Job template.
    pub of_cron_job: bool,
    /// How many such Jobs there are at a time: 1, but for those of which a controller makes several.
    pub replicas: i32,
}

impl<'a> JobPart<'a> {
    /// The Job that a CronJob makes by this template; none where it has no spec.
    pub(super) fn of_template(template: &'a JobTemplateSpec) -> Option<Self> {
        Some(Self {
            prefix: "spec.jobTemplate.spec",
            spec: template.spec.as_ref()?,
            metadata: template.metadata.as_ref(),
            of_cron_job: true,
            replicas: 1,
        })
    }

    /// The path of a field below the Job's spec: `path("template.spec.subdomain")`.
    pub fn path(&self, field: &'static str) -> FieldPath {
        FieldPath::root().fields(self.prefix).fields(field)
    }

    /// The Pod template.
    pub fn template(&self) -> &'a PodTemplateSpec {
        &self.spec.template
    }

    /// The Pod template's spec.
    pub fn pod(&self) -> Option<&'a PodSpec> {
        self.spec.template.spec.as_ref()
    }

    /// Whether each Pod has an index of its own (`completionMode: Indexed`).
    pub fn is_indexed(&self) -> bool {
        self.spec.completion_mode.as_deref() == Some("Indexed")
    }
}
