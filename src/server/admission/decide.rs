//! Decides on a review. Pure and synchronous: the same for a server and for one review in a file.

use std::sync::Arc;

use axum::body::Bytes;
use jiff::Timestamp;

use crate::embedded::OuterKind;
use crate::engine::{self, ANNOTATION, Author, Cancellation, Context, Input, Neighbours, Object, Verdict};
use crate::mutate;
use crate::policy::{ControllerJobs, Mode, Policy};
use crate::rules;
use jobguard_apiserver::{Kind, Workload};

use super::controllers::{CronJobs, Origin, is_controller};
use super::decode::{self, Sent};
use super::head::Head;
use super::intake;
use super::namespaces::Namespaces;
use super::outcome::Outcome;
use super::outer::{NoVerdict, OuterObject};
use super::prepared::{created, is_leaving, updated};
use super::record::Record;
use super::request::{Endpoint, GroupVersionKind, Operation, PassedOver, Request};
use super::response::{Response, ReviewAnswer};
use super::review::{Review, ReviewError, quiet};
use super::ruling::{About, Decision, Ruling, changes_annotation};
use super::span::{self, LOGGED};
use super::unjudged::Unjudged;
use super::without_verdict;
use jobguard_text::plain_within;

/// The warning beside the denial of a Job that may be a CronJob's run by hand.
const RUN_BY_HAND: &str = "this Job was judged like any other: jobguard would only know it as a run of its CronJob if it \
                           watched CronJobs (--watch-cron-jobs)";

/// The longest group, version and kind that is quoted, in characters.
const MAX_KIND: usize = 80;

/// Answers reviews by one policy.
#[derive(Debug)]
pub struct Admission {
    policy: Arc<Policy>,
    neighbours: Arc<Neighbours>,
    namespaces: Arc<Namespaces>,
    cron_jobs: Arc<CronJobs>,
    /// Namespaces whose objects are not judged.
    excluded: Arc<[String]>,
    /// Where it is noted what answers rest on, if anybody wants to know.
    record: Option<Arc<Record>>,
}

/// An answer, and what is counted of it.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) answer: ReviewAnswer,
    pub(crate) outcome: Outcome,
}

/// What a request is about.
enum Asked {
    /// A Job or CronJob to look at, and its stored version on UPDATE.
    Object { new: Workload, old: Option<Workload> },
    /// Nothing that is judged.
    PassedOver(PassedOver),
    /// Something on which there is no verdict.
    Unjudged(Unjudged),
}

impl Admission {
    /// Answers by `policy`, and knows of nothing but the object.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy: Arc::new(policy),
            neighbours: Arc::default(),
            namespaces: Arc::default(),
            cron_jobs: Arc::default(),
            excluded: Arc::default(),
            record: None,
        }
    }

    /// Answers by `policy`, with what is known of the cluster.
    pub(crate) fn with(
        policy: Arc<Policy>,
        neighbours: Arc<Neighbours>,
        namespaces: Arc<Namespaces>,
        excluded: Arc<[String]>,
    ) -> Self {
        Self { policy, neighbours, namespaces, cron_jobs: Arc::default(), excluded, record: None }
    }

    /// Knows these CronJobs as well.
    #[must_use]
    pub(crate) fn knowing(self, cron_jobs: Arc<CronJobs>) -> Self {
        Self { cron_jobs, ..self }
    }

    /// Notes what answers rest on.
    #[must_use]
    pub(super) fn noting(self, record: Arc<Record>) -> Self {
        Self { record: Some(record), ..self }
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
        self.answered(endpoint, body, now).map(|answered| answered.answer)
    }

    /// The same, with what is counted of it.
    pub(super) fn answered(
        &self,
        endpoint: Endpoint,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Answered, ReviewError> {
        // What arrives at a server has been counted by then.
        match intake::check(Bytes::copy_from_slice(body), &self.policy.limits, 0) {
            Ok((body, _)) => self.judge(endpoint, &body, now, None),
            Err(refused) => self.without_verdict(endpoint, &refused.outline, &refused.why),
        }
    }

    /// The same of a review that holds no more than may be judged, with what is counted of it.
    pub(crate) fn judge(
        &self,
        endpoint: Endpoint,
        body: &[u8],
        now: Timestamp,
        cancellation: Option<&Cancellation>,
    ) -> Result<Answered, ReviewError> {
        let is_cancelled = || cancellation.is_some_and(Cancellation::is_cancelled);
        if is_cancelled() {
            return self.without_verdict(endpoint, body, &Unjudged::TimedOut);
        }
        let review = match Review::read(body) {
            // An API server writes text, so that this is none; still, nothing that an object may hold should leave the
            // answer to a failurePolicy.
            Err(ReviewError::Json { line, column, .. }) if std::str::from_utf8(body).is_err() => {
                let problem = format!("not valid at line {line} column {column}");
                return self.without_verdict(endpoint, body, &Unjudged::UnreadableRequest { problem });
            }
            review => review?,
        };
        let (response, outcome) = match review {
            Review::Request(mut request) => {
                let _span = span::of_request(endpoint, &request);
                match endpoint {
                    _ if self.excludes(request.namespace.as_deref()) => {
                        pass_over(&request, PassedOver::ExcludedNamespace)
                    }
                    _ if is_cancelled() => {
                        return Ok(self.unjudged(endpoint, &Head::from(&*request), &Unjudged::TimedOut));
                    }
                    Endpoint::Validate => self.validate(&mut request, now, cancellation),
                    Endpoint::Mutate => self.mutate(&mut request),
                }
            }
            Review::UidOnly { uid, problem } => {
                let mut head = Head::read(body);
                head.uid = uid;
                let _span = span::of_head(endpoint, &head);
                return Ok(self.unjudged(endpoint, &head, &Unjudged::UnreadableRequest { problem }));
            }
        };
        Ok(Answered { answer: response.into_review(), outcome })
    }

    /// Answers a review that there is no verdict on, from as much of its body as there is.
    ///
    /// # Errors
    /// When `body` is nothing that an `AdmissionReview` could answer.
    pub(crate) fn without_verdict(
        &self,
        endpoint: Endpoint,
        body: &[u8],
        why: &Unjudged,
    ) -> Result<Answered, ReviewError> {
        let head = Head::read(body);
        if head.can_be_answered() {
            let _span = span::of_head(endpoint, &head);
            return Ok(self.unjudged(endpoint, &head, why));
        }
        Err(Review::read(body).err().unwrap_or(ReviewError::NoUid))
    }

    /// Answers a request that there is no verdict on.
    fn unjudged(&self, endpoint: Endpoint, head: &Head, why: &Unjudged) -> Answered {
        // What would not have been judged needs no verdict.
        let excluded = self.excludes(head.namespace()).then_some(PassedOver::ExcludedNamespace);
        let (response, outcome) = match excluded.or_else(|| head.passed_over()) {
            Some(why) => (Response::allow(&head.uid), Outcome::passed_over(head, why)),
            None => self.answer_unjudged(endpoint, head, why),
        };
        Answered { answer: response.into_review(), outcome }
    }

    fn answer_unjudged(&self, endpoint: Endpoint, head: &Head, why: &Unjudged) -> (Response, Outcome) {
        let other = || Unjudged::OtherKind { found: plain_within(&head.kind.to_string(), MAX_KIND) };
        let is_known = is_ours(&head.kind) || self.outer_kind(&head.kind).is_some();
        let why = if head.kind.kind.is_empty() || is_known { why } else { &other() };
        // What controls the Job stands in the object; that a controller makes it now is known by its account.
        let by_controller = head.operation == Some(Operation::Create)
            && head.kind.kind == Kind::Job.as_str()
            && is_controller(&self.policy, head.user());
        let mode = match (self.policy.mode, self.policy.controller_jobs) {
            (Mode::Enforce, ControllerJobs::Warn | ControllerJobs::Skip) if by_controller => Mode::Warn,
            (mode, _) => mode,
        };
        without_verdict::answer(why, endpoint, head, mode, self.policy.on_timeout)
    }

    fn excludes(&self, namespace: Option<&str>) -> bool {
        // An object that is in no namespace is in none of those.
        let namespace = namespace.filter(|namespace| !namespace.is_empty());
        namespace.is_some_and(|namespace| self.excluded.iter().any(|excluded| excluded == namespace))
    }

    /// Says whether the object may be stored.
    fn validate(
        &self,
        request: &mut Request<Sent<'_>>,
        now: Timestamp,
        cancellation: Option<&Cancellation>,
    ) -> (Response, Outcome) {
        if let Some(kind) = self.outer_kind(&request.kind) {
            return self.validate_outer(request, kind, now, cancellation);
        }
        let (new, old) = match asked(request) {
            Asked::Object { new, old } => (new, old),
            Asked::PassedOver(why) => return pass_over(request, why),
            Asked::Unjudged(why) => {
                return self.answer_unjudged(Endpoint::Validate, &Head::from(&*request), &why);
            }
        };
        let namespace_labels = self.namespaces.labels(new.metadata().namespace.as_deref());
        let origin = Origin::of(request, &new, &self.policy, &self.cron_jobs, namespace_labels);
        if origin.is_controllers && self.policy.controller_jobs == ControllerJobs::Skip {
            return pass_over(request, PassedOver::ControllerJob);
        }
        if is_leaving(request.operation, &new, old.as_ref()) {
            return pass_over(request, PassedOver::BeingDeleted);
        }
        let namespace_labels_missing = namespace_labels.is_none() && self.policy.asks_for_namespace_labels();
        let context = Context {
            registry: rules::registry_of(&self.policy),
            policy: &self.policy,
            neighbours: &self.neighbours,
            file: None,
            input: Input::Alone,
            now,
            namespace_labels,
            cancellation,
            author: Author { request: Some(request.facts()), ..origin.author },
        };
        let (object, verdict) = match old {
            Some(mut old) => {
                self.policy.server.apply_defaults(&mut old);
                let old = Object::prepared(old);
                let object = updated(&self.policy.server, new, &old);
                let verdict = engine::check_update(&old, &object, &context);
                (object, verdict)
            }
            None => {
                let object = created(&self.policy.server, new);
                let verdict = engine::check(&object, &context);
                (object, verdict)
            }
        };
        if verdict.cancelled {
            return self.answer_unjudged(Endpoint::Validate, &Head::from(&*request), &Unjudged::TimedOut);
        }
        let mode = match (self.policy.mode, self.policy.controller_jobs) {
            (Mode::Enforce, ControllerJobs::Warn) if origin.is_controllers => Mode::Warn,
            (mode, _) => mode,
        };
        let (mut response, outcome) = self.rule(request, About::from(&object), &verdict, mode);
        if origin.may_be_run && !response.allowed {
            response.warnings.push(RUN_BY_HAND.to_owned());
        }
        if namespace_labels_missing {
            response.audit_annotations.insert("unknown", "namespace labels".to_owned());
        }
        (response, outcome)
    }

    /// Says whether an object may be stored whose Jobs a controller makes.
    fn validate_outer(
        &self,
        request: &Request<Sent<'_>>,
        kind: &OuterKind,
        now: Timestamp,
        cancellation: Option<&Cancellation>,
    ) -> (Response, Outcome) {
        let unjudged = |why| self.answer_unjudged(Endpoint::Validate, &Head::from(request), &why);
        let object = match OuterObject::read(request, kind) {
            Ok(object) => object,
            Err(NoVerdict::PassedOver(why)) => return pass_over(request, why),
            Err(NoVerdict::Unjudged(why)) => return unjudged(why),
        };
        let namespace_labels = self.namespaces.labels(object.namespace());
        let namespace_labels_missing = namespace_labels.is_none() && self.policy.asks_for_namespace_labels();
        let context = Context {
            registry: rules::registry_of(&self.policy),
            policy: &self.policy,
            neighbours: &self.neighbours,
            file: None,
            input: Input::Alone,
            now,
            namespace_labels,
            cancellation,
            // The owner of the Jobs is the object itself.
            author: Author {
                user: Some(request.user()),
                request: Some(request.facts()),
                ..Author::default()
            },
        };
        let verdict = match object.judge(&context) {
            Ok(verdict) => verdict,
            Err(why) => return unjudged(why),
        };
        let about = About {
            name: object.name(),
            group: &kind.group,
            kind: &kind.kind,
            namespace: object.namespace(),
            is_received: false,
        };
        let (mut response, outcome) = self.rule(request, about, &verdict, self.policy.mode);
        if namespace_labels_missing {
            response.audit_annotations.insert("unknown", "namespace labels".to_owned());
        }
        (response, outcome)
    }

    /// The answer that follows from a verdict, logged where something stands against the object.
    fn rule(
        &self,
        request: &Request<Sent<'_>>,
        about: About<'_>,
        verdict: &Verdict,
        mode: Mode,
    ) -> (Response, Outcome) {
        let ruling = Ruling::new(about, verdict, mode, self.policy.server.version());
        if ruling.decision() != Decision::Allow {
            tracing::info!(
                rules = ruling.denying_rules(),
                kind = plain_within(about.kind, LOGGED),
                namespace = about.namespace.map(|namespace| plain_within(namespace, LOGGED)),
                name = plain_within(about.name, LOGGED),
                user = plain_within(request.user(), LOGGED),
                dry_run = request.dry_run.then_some(true),
                uid = plain_within(&request.uid, LOGGED),
                "{}",
                ruling.decision().as_str()
            );
        }
        let outcome = Outcome::judged(request, verdict, ruling.decision());
        if let Some(record) = &self.record {
            record.judged(verdict);
        }
        (ruling.into_response(&request.uid), outcome)
    }

    /// The kind of an object that holds Jobs.
    fn outer_kind(&self, kind: &GroupVersionKind) -> Option<&OuterKind> {
        self.policy.outer_kinds.of_group(&kind.group, &kind.kind)
    }

    /// Says what to fill in. Never says no: whether the object may be stored is asked again, after the API server's
    /// own validation.
    fn mutate(&self, request: &mut Request<Sent<'_>>) -> (Response, Outcome) {
        if self.outer_kind(&request.kind).is_some() {
            return pass_over(request, request.passed_over().unwrap_or(PassedOver::OuterObject));
        }
        let (mut new, old) = match asked(request) {
            Asked::Object { new, old } => (new, old),
            Asked::PassedOver(why) => return pass_over(request, why),
            Asked::Unjudged(why) => {
                return self.answer_unjudged(Endpoint::Mutate, &Head::from(&*request), &why);
            }
        };
        let mut response = Response::allow(&request.uid);
        // What a stored Job must keep is not known then; a default that it does not have could make every change fail.
        if request.operation == Operation::Update && old.is_none() {
            let problem = "its stored version cannot be read".to_owned();
            let why = Unjudged::Unreadable { problem };
            return self.answer_unjudged(Endpoint::Mutate, &Head::from(&*request), &why);
        }
        // A controller's Jobs have what their CronJob was given.
        let namespace_labels = self.namespaces.labels(new.metadata().namespace.as_deref());
        let origin = Origin::of(request, &new, &self.policy, &self.cron_jobs, namespace_labels);
        if origin.is_controllers && self.policy.controller_jobs != ControllerJobs::Enforce {
            return pass_over(request, PassedOver::ControllerJob);
        }
        if is_leaving(request.operation, &new, old.as_ref()) {
            return pass_over(request, PassedOver::BeingDeleted);
        }
        let mut outcome = Outcome::of(request, Decision::Allow.as_label());
        let settings = self.policy.settings_for(&engine::subject_by(&new, namespace_labels, origin.author));
        let mut changes = match &old {
            Some(old) => mutate::fill_update(&mut new, old, &settings.defaults),
            None => mutate::fill(&mut new, &settings.defaults),
        };
        if self.policy.suppressions.allow {
            changes.extend(mutate::inherit_annotation(&mut new, old.as_ref(), ANNOTATION));
        }
        if changes.is_empty() {
            return (response, outcome);
        }
        let paths = changes_annotation(changes.iter().map(|change| &change.path));
        if self.policy.mode == Mode::Audit {
            response.audit_annotations.insert("would-default", paths);
        } else {
            response.audit_annotations.insert("defaulted", paths);
            response.set_patch(&mutate::json_patch(&changes));
            outcome.patched = true;
            if let Some(record) = &self.record {
                record.changed(changes);
            }
        }
        (response, outcome)
    }
}

/// The answer to a request that is not judged.
fn pass_over<O>(request: &Request<O>, why: PassedOver) -> (Response, Outcome) {
    (Response::allow(&request.uid), Outcome::passed_over(&Head::from(request), why))
}

/// Whether these are Jobs or CronJobs, of any version.
fn is_ours(kind: &GroupVersionKind) -> bool {
    kind.group == "batch" && [Kind::Job, Kind::CronJob].iter().any(|ours| ours.as_str() == kind.kind)
}

fn asked(request: &mut Request<Sent<'_>>) -> Asked {
    let known = match (request.kind.group.as_str(), request.kind.version.as_str(), request.kind.kind.as_str())
    {
        ("batch", "v1", "Job") => Kind::Job,
        ("batch", "v1", "CronJob") => Kind::CronJob,
        _ if request.passed_over() == Some(PassedOver::Subresource) => {
            return Asked::PassedOver(PassedOver::Subresource);
        }
        _ => {
            let found = plain_within(&request.kind.to_string(), MAX_KIND);
            // Who writes the object chooses its version, and an API server that is asked to converts it.
            return Asked::Unjudged(if is_ours(&request.kind) {
                Unjudged::UnknownVersion { found }
            } else {
                Unjudged::OtherKind { found }
            });
        }
    };
    if let Some(why) = request.passed_over() {
        return Asked::PassedOver(why);
    }
    let new = request.object.take();
    let old = request.old_object.take().filter(|_| request.operation == Operation::Update);
    let Some(new) = new else {
        return Asked::Unjudged(Unjudged::NoObject);
    };
    let request = &*request;
    let read = |sent: Sent<'_>| decode::read(sent, known).map(|workload| located(workload, request));
    let new = match read(new) {
        Ok(new) => new,
        Err(error) => {
            let problem = format!("its {} cannot be read: {}", known.as_str(), quiet(&error));
            return Asked::Unjudged(Unjudged::Unreadable { problem });
        }
    };
    // Without a stored version that can be read, nothing says that what is wrong was wrong before: the new version is
    // judged as a new object.
    Asked::Object { new, old: old.and_then(|old| read(old).ok()) }
}

/// The object in its namespace, which a request may name alone.
fn located(mut workload: Workload, request: &Request<Sent<'_>>) -> Workload {
    let metadata = workload.metadata_mut();
    if metadata.namespace.as_deref().is_none_or(str::is_empty) {
        metadata.namespace = request.namespace.clone().filter(|namespace| !namespace.is_empty());
    }
    workload
}
