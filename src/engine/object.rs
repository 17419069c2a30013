//! An object as rules see it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::deploy_tool::DeployTool;
use crate::embedded::Maker;
use crate::policy::{Owner, Subject};
use jobguard_apiserver::{Dropped, FieldError, Kind, Prepared, Server, Workload};
use jobguard_manifest::FieldPath;

use super::{Anchor, Author, CronPart, JobPart, Related, Rule, Timetable};

/// A Job or CronJob as the API server validates it, and as a validating webhook is sent it: with the API's own
/// defaults and, for a Job that is created, the selector and labels that the server makes.
#[derive(Debug, Clone)]
pub struct Object {
    prepared: Prepared,
    text: TextFacts,
    is_received: bool,
    /// None of an object that is what its author wrote.
    maker: Option<Maker>,
    /// Filled when the first rule asks.
    timetable: OnceLock<Option<Box<Timetable>>>,
    /// Filled when the first rule asks.
    deploy_tool: OnceLock<Option<&'static DeployTool>>,
    /// Filled when the first rule of a policy's own asks.
    #[cfg(feature = "own-rules")]
    values: super::own::Values,
}

/// What only the text of an object shows: a finding of a [`Check::Written`] rule, before the policy gives it a level.
///
/// [`Check::Written`]: super::Check::Written
#[derive(Debug, Clone)]
pub struct Remark {
    /// The rule that reports it.
    pub rule: &'static Rule,
    /// The field.
    pub path: FieldPath,
    /// Which part of the field to point at.
    pub anchor: Anchor,
    /// What is wrong: one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// Other places worth a look.
    pub related: Vec<Related>,
}

impl Remark {
    /// Points at the field's key.
    pub fn at_key(&mut self) -> &mut Self {
        self.anchor = Anchor::Key;
        self
    }

    /// Points at another place, too.
    pub fn related(&mut self, path: FieldPath, message: impl Into<String>) -> &mut Self {
        self.related.push(Related { path, message: message.into() });
        self
    }
}

/// What only the text of an object shows; nothing in a webhook, which is sent what is left of it.
#[derive(Debug, Clone, Default)]
pub struct TextFacts {
    /// What the rules about texts report.
    pub remarks: Vec<Remark>,
    /// The fields that decoding leaves out, since the types of later versions no longer have them.
    pub dropped: Vec<Dropped>,
    /// The chart that it was rendered from, by Helm's own comment.
    pub chart: Option<String>,
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.prepared == other.prepared
    }
}

impl Object {
    /// An object as a manifest has it, on its way into a cluster: the API's defaults, then what `fill` does (a
    /// mutating webhook's part: it returns whether it changed anything), then what the server makes on create.
    pub fn created(server: &Server, written: Workload, fill: impl FnOnce(&mut Workload) -> bool) -> Self {
        server.created(written).filled(fill).prepare_for_create().into()
    }

    /// An object as a manifest has it, on its way to replace `old`.
    pub fn updated(
        server: &Server,
        written: Workload,
        old: &Self,
        fill: impl FnOnce(&mut Workload) -> bool,
    ) -> Self {
        server.updated(written).filled(fill).prepare_for_update(old.workload()).into()
    }

    /// An object that an API server has prepared already: one that is stored.
    pub fn prepared(workload: Workload) -> Self {
        Prepared::assumed(workload).into()
    }

    /// An object that an API server has sent, after its own validation: as a newer version than ours, perhaps, or with
    /// other feature gates. Of what our reading of the API says of it, nothing is more than a warning.
    pub fn received(server: &Server, workload: Workload) -> Self {
        Self { is_received: true, ..server.received(workload).into() }
    }

    /// A Job that a controller makes of what is written in another object; a CronJob where that says when it runs. The API
    /// server judges it only once it is made.
    pub fn made(
        server: &Server,
        written: Workload,
        fill: impl FnOnce(&mut Workload) -> bool,
        maker: Maker,
    ) -> Self {
        Self { maker: Some(maker), ..Self::created(server, written, fill) }
    }

    /// What makes the object of what is written in another one; none of an object that is there itself.
    pub fn maker(&self) -> Option<&Maker> {
        self.maker.as_ref()
    }

    /// The object, with what only its text shows.
    #[must_use]
    pub fn with_text(mut self, text: TextFacts) -> Self {
        self.text = text;
        self
    }

    /// What only the text of the object shows; nothing in a webhook.
    pub fn remarks(&self) -> &[Remark] {
        &self.text.remarks
    }

    /// The chart that the object was rendered from, where its text says so.
    pub fn chart(&self) -> Option<&str> {
        self.text.chart.as_deref()
    }

    /// Whether an API server has sent the object, and so has accepted it.
    pub fn is_received(&self) -> bool {
        self.is_received
    }

    /// What the API server would warn of. What it has warned of already, as it has before a validating webhook is
    /// asked, is not here.
    pub fn warnings(&self) -> &[FieldError] {
        self.prepared.warnings()
    }

    /// The fields that the API server silently leaves out.
    pub fn dropped(&self) -> impl Iterator<Item = &Dropped> {
        self.text.dropped.iter().chain(self.prepared.dropped())
    }

    /// The Job or CronJob, for good.
    pub fn into_workload(self) -> Workload {
        self.prepared.into_workload()
    }

    /// The Job or CronJob.
    pub fn workload(&self) -> &Workload {
        self.prepared.workload()
    }

    /// The object as the API server validates it.
    pub fn as_prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// Which of the two.
    pub fn kind(&self) -> Kind {
        self.workload().kind()
    }

    /// The kind as its author knows it: that of the object which holds what a controller makes this one of.
    pub fn kind_as_written(&self) -> &str {
        self.maker().map_or(self.kind().as_str(), |maker| &maker.kind)
    }

    /// The object's metadata.
    pub fn metadata(&self) -> &ObjectMeta {
        self.workload().metadata()
    }

    /// The namespace, where the object says one.
    pub fn namespace(&self) -> Option<&str> {
        self.metadata().namespace.as_deref().filter(|namespace| !namespace.is_empty())
    }

    /// The value of an annotation.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.metadata().annotations.as_ref()?.get(name).map(String::as_str)
    }

    /// When the CronJob runs; none for a Job, and for a schedule that does not parse.
    pub fn timetable(&self) -> Option<&Timetable> {
        let Workload::CronJob(cron_job) = self.workload() else { return None };
        self.timetable.get_or_init(|| Timetable::of(&cron_job.spec).map(Box::new)).as_deref()
    }

    /// The tool that deploys the object, by its marks.
    pub fn deploy_tool(&self) -> Option<&'static DeployTool> {
        *self.deploy_tool.get_or_init(|| DeployTool::of(self.metadata()))
    }

    /// What expressions ask of the object.
    #[cfg(feature = "own-rules")]
    pub(super) fn values(&self) -> &super::own::Values {
        &self.values
    }

    /// The CronJob, for rules about its runs. None where the schedule never fires: it has no runs, and
    /// `cron/never-fires` alone reports that.
    pub fn cron(&self) -> Option<CronPart<'_>> {
        let Workload::CronJob(cron_job) = self.workload() else { return None };
        let timetable = self.timetable();
        let runs = !timetable.is_some_and(Timetable::never_fires);
        runs.then_some(CronPart { spec: &cron_job.spec, timetable })
    }

    /// The Job, or the Job that the CronJob makes at each of its times.
    pub fn job(&self) -> Option<JobPart<'_>> {
        match self.workload() {
            Workload::Job(job) => Some(JobPart {
                prefix: "spec",
                spec: job.spec.as_ref()?,
                metadata: Some(&job.metadata),
                of_cron_job: false,
                replicas: self.maker().map_or(1, |maker| maker.replicas),
            }),
            Workload::CronJob(cron_job) => JobPart::of_template(&cron_job.spec.job_template),
        }
    }
}

impl From<Prepared> for Object {
    fn from(prepared: Prepared) -> Self {
        Self {
            prepared,
            text: TextFacts::default(),
            is_received: false,
            maker: None,
            timetable: OnceLock::new(),
            deploy_tool: OnceLock::new(),
            #[cfg(feature = "own-rules")]
            values: super::own::Values::default(),
        }
    }
}

/// What a policy's overrides match on, of an object that is taken at its word.
pub fn subject<'a>(
    workload: &'a Workload,
    namespace_labels: Option<&'a BTreeMap<String, String>>,
) -> Subject<'a> {
    subject_by(workload, namespace_labels, Author::default())
}

/// What a policy's overrides match on.
pub fn subject_by<'a>(
    workload: &'a Workload,
    namespace_labels: Option<&'a BTreeMap<String, String>>,
    author: Author<'a>,
) -> Subject<'a> {
    let metadata = workload.metadata();
    let given = |text: &'a Option<String>| text.as_deref().filter(|text| !text.is_empty());
    Subject {
        kind: workload.kind(),
        namespace: given(&metadata.namespace),
        name: given(&metadata.name).or_else(|| given(&metadata.generate_name)).unwrap_or_default(),
        labels: metadata.labels.as_ref(),
        namespace_labels,
        user: author.user,
        owner: controller_of(metadata).map(|owner| Owner {
            group: owner.api_version.split_once('/').map_or("", |(group, _)| group),
            kind: &owner.kind,
            name: &owner.name,
            labels: author.owner_labels,
            in_doubt: author.doubts_owner,
        }),
        template_labels: match workload {
            Workload::Job(_) => None,
            // As the API server does for any Job, it gives one without labels those of its Pods.
            Workload::CronJob(cron_job) => {
                let template = &cron_job.spec.job_template;
                let of_pods = || template.spec.as_ref().and_then(|spec| spec.template.metadata.as_ref());
                let labels =
                    |metadata: &'a ObjectMeta| metadata.labels.as_ref().filter(|labels| !labels.is_empty());
                template.metadata.as_ref().and_then(labels).or_else(|| of_pods().and_then(labels))
            }
        },
    }
}

/// The controller that an object names as its owner.
pub fn controller_of(metadata: &ObjectMeta) -> Option<&OwnerReference> {
    metadata.owner_references.iter().flatten().find(|owner| owner.controller == Some(true))
}
