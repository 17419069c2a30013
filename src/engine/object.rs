//! An object as rules see it.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::JobSpec;
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::batch::Workload;
use crate::path::FieldPath;
use crate::policy::Subject;

/// A Job or CronJob with the API's own defaults filled in: what a webhook is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    workload: Workload,
}

impl Object {
    /// An object whose defaults have been applied already.
    pub fn defaulted(workload: Workload) -> Self {
        Self { workload }
    }

    /// The Job or CronJob.
    pub fn workload(&self) -> &Workload {
        &self.workload
    }

    /// `Job` or `CronJob`.
    pub fn kind(&self) -> &'static str {
        match &self.workload {
            Workload::Job(_) => "Job",
            Workload::CronJob(_) => "CronJob",
        }
    }

    /// The object's metadata.
    pub fn metadata(&self) -> &ObjectMeta {
        match &self.workload {
            Workload::Job(job) => &job.metadata,
            Workload::CronJob(cron_job) => &cron_job.metadata,
        }
    }

    /// The name, or else the prefix that names are generated from, or else nothing.
    pub fn name(&self) -> &str {
        let metadata = self.metadata();
        metadata.name.as_deref().or(metadata.generate_name.as_deref()).unwrap_or_default()
    }

    /// The namespace, where the object says one.
    pub fn namespace(&self) -> Option<&str> {
        self.metadata().namespace.as_deref().filter(|namespace| !namespace.is_empty())
    }

    /// The value of an annotation.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.metadata().annotations.as_ref()?.get(name).map(String::as_str)
    }

    /// What a policy's overrides match on.
    pub fn subject<'a>(&'a self, namespace_labels: Option<&'a BTreeMap<String, String>>) -> Subject<'a> {
        Subject {
            kind: self.kind(),
            namespace: self.namespace(),
            name: self.name(),
            labels: self.metadata().labels.as_ref(),
            namespace_labels,
        }
    }

    /// The Job, or the Job that the CronJob makes at each of its times.
    pub fn job(&self) -> Option<JobPart<'_>> {
        match &self.workload {
            Workload::Job(job) => Some(JobPart {
                prefix: "spec",
                spec: job.spec.as_ref()?,
                metadata: Some(&job.metadata),
                of_cron_job: false,
            }),
            Workload::CronJob(cron_job) => {
                let template = &cron_job.spec.as_ref()?.job_template;
                Some(JobPart {
                    prefix: "spec.jobTemplate.spec",
                    spec: template.spec.as_ref()?,
                    metadata: template.metadata.as_ref(),
                    of_cron_job: true,
                })
            }
        }
    }
}

/// A Job's spec, wherever it stands.
#[derive(Debug, Clone, Copy)]
pub struct JobPart<'a> {
    prefix: &'static str,
    /// The spec.
    pub spec: &'a JobSpec,
    /// The metadata of the Job, or of the CronJob's Job template.
    pub metadata: Option<&'a ObjectMeta>,
    /// Whether this is a CronJob's Job template.
    pub of_cron_job: bool,
}

impl<'a> JobPart<'a> {
    /// The path of a field below the Job's spec: `path("template.spec.subdomain")`.
    pub fn path(&self, field: &str) -> FieldPath {
        let mut path = FieldPath::parse(self.prefix);
        for segment in FieldPath::parse(field).segments() {
            path.push(segment.clone());
        }
        path
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
