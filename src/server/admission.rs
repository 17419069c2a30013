//! What is answered to a review. Pure and synchronous: the same for a server and for one review in a file.

use std::sync::Arc;

use jiff::Timestamp;

use crate::batch::{self, Kind, Workload};
use crate::engine::{self, Context, Input, Object, Services};
use crate::mutate;
use crate::policy::{ControllerJobs, Mode, OnTimeout, Policy};

use super::answer::{Decision, MAX_WARNING, Ruling, changes_annotation};
use super::facts::{Facts, NOT_UNDERSTOOD, PASSED_OVER, TIMED_OUT};
use super::knowledge::Namespaces;
use super::object::{self, Sent};
use super::review::{Operation, Request, Response, Review, ReviewAnswer, ReviewError, Status};
use super::text::plain;

/// Who makes a CronJob's Jobs: the controller's own account, or the controller manager's where its controllers have
/// no accounts of their own.
const CRON_JOB_CONTROLLERS: [&str; 2] =
    ["system:serviceaccount:kube-system:cronjob-controller", "system:kube-controller-manager"];

/// The longest name in a log line, in characters.
const LOGGED: usize = 253;

/// What is asked of the webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Whether an object may be stored.
    Validate,
    /// What to fill in before it is.
    Mutate,
}

impl Endpoint {
    /// Its path in a URL.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Validate => "/validate",
            Self::Mutate => "/mutate",
        }
    }
}

/// Answers reviews by one policy.
#[derive(Debug)]
pub struct Admission {
    policy: Arc<Policy>,
    services: Arc<Services>,
    namespaces: Arc<Namespaces>,
    /// Namespaces whose objects are nobody's business here.
    excluded: Arc<[String]>,
}

/// An answer, and what is counted of it.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) answer: ReviewAnswer,
    pub(crate) facts: Facts,
}

/// What a request is about.
enum Asked {
    /// A Job or CronJob to look at, and its stored version on UPDATE.
    Object { new: Workload, old: Option<Workload> },
    /// Nothing that is judged here.
    Nothing,
    /// Something that should not have been asked here, or cannot be read.
    Puzzle { why: String },
}

impl Admission {
    /// Answers by `policy`, and knows of nothing but the object.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy: Arc::new(policy),
            services: Arc::default(),
            namespaces: Arc::default(),
            excluded: Arc::default(),
        }
    }

    /// Answers by `policy`, with what is known of the cluster.
    pub(crate) fn with(
        policy: Arc<Policy>,
        services: Arc<Services>,
        namespaces: Arc<Namespaces>,
        excluded: Arc<[String]>,
    ) -> Self {
        Self { policy, services, namespaces, excluded }
    }

    /// Reads one review and answers it. `now` is the time to judge schedules at.
    ///
    /// # Errors
    /// When `body` is nothing that an `AdmissionReview` could answer.
    pub fn answer(
        &self,
        endpoint: Endpoint,
        body: &[u8],
        now: Timestamp,
    ) -> Result<ReviewAnswer, ReviewError> {
        self.judge(endpoint, body, now).map(|answered| answered.answer)
    }

    /// The same, with what is counted of it.
    pub(crate) fn judge(
        &self,
        endpoint: Endpoint,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Answered, ReviewError> {
        let (response, facts) = match Review::read(body)? {
            Review::Request(request) if self.is_excluded(&request) => {
                (Response::allow(&request.uid), Facts::of(&request, PASSED_OVER))
            }
            Review::Request(mut request) => match endpoint {
                Endpoint::Validate => self.validate(&mut request, now),
                Endpoint::Mutate => self.mutate(&mut request),
            },
            Review::UidOnly { uid, problem } => {
                let why = format!("the request cannot be read: {problem}");
                tracing::warn!(uid = plain(&uid, LOGGED), why, "allowed without a verdict");
                (not_judged(uid, &why), Facts::unread(NOT_UNDERSTOOD))
            }
        };
        Ok(Answered { answer: response.into_review(), facts })
    }

    /// Answers a review that could not be judged in time, as the policy says.
    ///
    /// # Errors
    /// When `body` is nothing that an `AdmissionReview` could answer.
    pub(crate) fn too_late(&self, body: &[u8]) -> Result<Answered, ReviewError> {
        const WHY: &str = "there was no time left to judge it";
        let (uid, facts) = match Review::read(body)? {
            Review::Request(request) => (request.uid.clone(), Facts::of(&request, TIMED_OUT)),
            Review::UidOnly { uid, .. } => (uid, Facts::unread(TIMED_OUT)),
        };
        let deny = self.policy.on_timeout == OnTimeout::Deny && self.policy.mode == Mode::Enforce;
        tracing::warn!(uid = plain(&uid, LOGGED), allowed = !deny, "no verdict in time");
        let mut response = if deny {
            let mut response = Response::allow(uid);
            response.allowed = false;
            let message = format!("jobguard did not look at this: {WHY}; try again");
            response.status = Some(Status::failure(504, "Timeout", message));
            response
        } else {
            not_judged(uid, WHY)
        };
        response.audit_annotations.insert("decision", "timed out".to_owned());
        Ok(Answered { answer: response.into_review(), facts })
    }

    fn is_excluded(&self, request: &Request<Sent<'_>>) -> bool {
        let namespace = request.namespace.as_deref().unwrap_or_default();
        self.excluded.iter().any(|excluded| excluded == namespace)
    }

    /// Says whether the object may be stored.
    fn validate(&self, request: &mut Request<Sent<'_>>, now: Timestamp) -> (Response, Facts) {
        let (new, old) = match asked(request) {
            Asked::Object { new, old } => (new, old),
            other => return other.without_object(request),
        };
        let controllers = made_by_cron_job_controller(request, &new);
        let skipped = controllers && self.policy.controller_jobs == ControllerJobs::Skip;
        if skipped || old.as_ref().is_some_and(is_leaving) {
            return (Response::allow(&request.uid), Facts::of(request, PASSED_OVER));
        }
        let namespace_labels = self.namespaces.labels(new.metadata().namespace.as_deref());
        let namespace_labels_missing = namespace_labels.is_none() && self.policy.asks_for_namespace_labels();
        let context = Context {
            policy: &self.policy,
            services: &self.services,
            input: Input::Alone,
            now,
            namespace_labels,
        };
        let (object, verdict) = match old {
            Some(mut old) => {
                batch::apply_defaults(&mut old);
                let old = Object::prepared(old);
                let object = updated(new, &old);
                let verdict = engine::check_update(&old, &object, &context);
                (object, verdict)
            }
            None => {
                let object = created(new);
                let verdict = engine::check(&object, &context);
                (object, verdict)
            }
        };
        let mode = match (self.policy.mode, self.policy.controller_jobs) {
            (Mode::Enforce, ControllerJobs::Warn) if controllers => Mode::Warn,
            (mode, _) => mode,
        };
        let ruling = Ruling::new(&object, &verdict, mode);
        if ruling.decision() != Decision::Allow {
            tracing::info!(
                rules = ruling.denying_rules(),
                kind = object.kind().as_str(),
                namespace = object.namespace().map(|namespace| plain(namespace, LOGGED)),
                name = plain(engine::subject(object.workload(), None).name, LOGGED),
                user = plain(request.user(), LOGGED),
                uid = plain(&request.uid, LOGGED),
                "{}",
                ruling.decision().as_str()
            );
        }
        let facts = Facts::judged(request, &verdict, ruling.decision());
        let mut response = ruling.into_response(&request.uid);
        if namespace_labels_missing {
            response.audit_annotations.insert("unknown", "namespace labels".to_owned());
        }
        (response, facts)
    }

    /// Says what to fill in. Never says no: whether the object may be stored is asked again, after the API server's
    /// own validation.
    fn mutate(&self, request: &mut Request<Sent<'_>>) -> (Response, Facts) {
        let (mut new, old) = match asked(request) {
            Asked::Object { new, old } => (new, old),
            other => return other.without_object(request),
        };
        let mut response = Response::allow(&request.uid);
        // A controller's Jobs have what their CronJob was given.
        let not_ours = made_by_cron_job_controller(request, &new)
            && self.policy.controller_jobs != ControllerJobs::Enforce;
        if not_ours || old.as_ref().is_some_and(is_leaving) {
            return (response, Facts::of(request, PASSED_OVER));
        }
        let mut facts = Facts::of(request, Decision::Allow.as_label());
        let namespace_labels = self.namespaces.labels(new.metadata().namespace.as_deref());
        let settings = self.policy.settings_for(&engine::subject(&new, namespace_labels));
        let changes = match &old {
            Some(old) => mutate::fill_update(&mut new, old, &settings.defaults),
            None => mutate::fill(&mut new, &settings.defaults),
        };
        if changes.is_empty() {
            return (response, facts);
        }
        let paths = changes_annotation(changes.iter().map(|change| &change.path));
        if self.policy.mode == Mode::Audit {
            response.audit_annotations.insert("would-default", paths);
        } else {
            response.audit_annotations.insert("defaulted", paths);
            response.set_patch(&mutate::json_patch(&changes).to_string());
            facts.patched = true;
        }
        (response, facts)
    }
}

impl Asked {
    /// The answer where there is no object to look at.
    fn without_object(self, request: &Request<Sent<'_>>) -> (Response, Facts) {
        match self {
            Self::Puzzle { why } => {
                tracing::warn!(
                    kind = plain(&request.kind.to_string(), LOGGED),
                    namespace = request.namespace.as_deref().map(|namespace| plain(namespace, LOGGED)),
                    name = request.name.as_deref().map(|name| plain(name, LOGGED)),
                    uid = plain(&request.uid, LOGGED),
                    why,
                    "allowed without a verdict"
                );
                (not_judged(&request.uid, &why), Facts::of(request, NOT_UNDERSTOOD))
            }
            _ => (Response::allow(&request.uid), Facts::of(request, PASSED_OVER)),
        }
    }
}

/// Yes, and a word on why that is no verdict: what is not understood is never in the way.
fn not_judged(uid: impl Into<String>, why: &str) -> Response {
    let mut response = Response::allow(uid);
    response.warnings.push(plain(&format!("jobguard did not look at this: {why}"), MAX_WARNING));
    response
}

fn asked(request: &mut Request<Sent<'_>>) -> Asked {
    let known = match (request.kind.group.as_str(), request.kind.version.as_str(), request.kind.kind.as_str())
    {
        ("batch", "v1", "Job") => Kind::Job,
        ("batch", "v1", "CronJob") => Kind::CronJob,
        _ if request.sub_resource().is_some() => return Asked::Nothing,
        _ => {
            let why = format!(
                "{} is neither a Job nor a CronJob of batch/v1; the webhook's rules ask for too much",
                plain(&request.kind.to_string(), 80)
            );
            return Asked::Puzzle { why };
        }
    };
    if !request.is_judged() {
        return Asked::Nothing;
    }
    let new = request.object.take();
    let old = request.old_object.take().filter(|_| request.operation == Operation::Update);
    let Some(new) = new else {
        return Asked::Puzzle { why: "the request has no `object`".to_owned() };
    };
    if request.operation == Operation::Update && old.is_none() {
        return Asked::Puzzle { why: "the request has no `oldObject`".to_owned() };
    }
    let request = &*request;
    let read = |sent: Sent<'_>, field| {
        object::read(sent, known).map(|workload| located(workload, request)).map_err(|error| Asked::Puzzle {
            why: format!("`{field}` cannot be read as a {}: {}", known.as_str(), quiet(&error)),
        })
    };
    let new = match read(new, "object") {
        Ok(new) => new,
        Err(puzzle) => return puzzle,
    };
    match old.map(|old| read(old, "oldObject")).transpose() {
        Ok(old) => Asked::Object { new, old },
        Err(puzzle) => puzzle,
    }
}

/// What serde says, without the value at fault: it may be anything that stands in an object.
fn quiet(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None if text.starts_with("missing field") => text,
        None => format!("not valid at line {} column {}", error.line(), error.column()),
    };
    plain(&what, 120)
}

/// The object in its namespace, which a request may name alone.
fn located(mut workload: Workload, request: &Request<Sent<'_>>) -> Workload {
    let metadata = workload.metadata_mut();
    if metadata.namespace.as_deref().is_none_or(str::is_empty) {
        metadata.namespace = request.namespace.clone().filter(|namespace| !namespace.is_empty());
    }
    workload
}

/// An object that is being created. The API server has done all this already, but for defaults that an older one does
/// not know; in a review that somebody wrote by hand, nobody has.
fn created(mut workload: Workload) -> Object {
    if is_by_hand(&workload) {
        batch::reset_system_fields(&mut workload);
    }
    let defaulted = batch::apply_defaults(&mut workload);
    batch::prepare_for_create(&mut workload, defaulted);
    Object::prepared(workload)
}

/// Whether an object that is being created has not come through an API server, which gives it a name, a time and,
/// for a Job, a selector before it asks whether it may be stored.
fn is_by_hand(workload: &Workload) -> bool {
    let metadata = workload.metadata();
    metadata.name.as_deref().is_none_or(str::is_empty)
        || metadata.creation_timestamp.is_none()
        || matches!(workload, Workload::Job(job) if job.spec.as_ref().is_none_or(|spec| spec.selector.is_none()))
}

/// An object that is being changed. Of what it would warn of, the API server has warned already.
fn updated(mut workload: Workload, old: &Object) -> Object {
    batch::apply_defaults(&mut workload);
    batch::prepare_for_update(&mut workload, old.workload());
    Object::prepared(workload)
}

/// Whether the object is being deleted, and changes are but steps of that.
fn is_leaving(stored: &Workload) -> bool {
    stored.metadata().deletion_timestamp.is_some()
}

/// Whether the CronJob controller makes this Job now. What a person makes from a CronJob (`kubectl create job
/// --from`) is that person's.
fn made_by_cron_job_controller(request: &Request<Sent<'_>>, new: &Workload) -> bool {
    request.operation == Operation::Create
        && CRON_JOB_CONTROLLERS.contains(&request.user())
        && matches!(new, Workload::Job(_))
        && new.metadata().owner_references.iter().flatten().any(|owner| {
            owner.controller == Some(true)
                && owner.kind == "CronJob"
                && owner.api_version.starts_with("batch/")
        })
}
