//! The declaration of a rule.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

#[cfg(feature = "own-rules")]
use crate::policy::own::LookedAt;
use crate::policy::{Defaults, OwnRule, RuleSetting, RuleSpec, Subject, date};
use jobguard_apiserver::{FieldError, Server, Topic};
use jobguard_manifest::FieldPath;

use super::{
    ANNOTATION, Anchor, Annotation, Cel, Context, Finding, Fix, InputCheck, Known, Listing, NeighbourKind,
    Object, Precedence, Question, Questions, Registry, Related, RemarkSink, RequestFacts, Severity,
    SuppressionCheck, Symptom, Weight, Written, subject_by,
};

/// A rule: its declaration, documentation and check. One file below `src/rules` each.
pub struct Rule {
    /// Id, summary, levels and options: what a policy can set.
    pub spec: RuleSpec,
    /// The documentation.
    pub docs: Docs,
    /// How it judges.
    pub check: Check,
    /// Which findings have the same cause as its own, so that one of them is enough.
    pub precedence: &'static [Precedence],
    /// How API servers can evaluate it by themselves, where they can.
    pub cel: Option<Cel>,
}

/// A rule's documentation, in Markdown.
#[derive(Debug, Clone, Copy)]
pub struct Docs {
    /// What people see where it has findings: under which headings they look for it.
    pub symptoms: &'static [Symptom],
    /// What the rule finds.
    pub what: &'static str,
    /// Why that hurts.
    pub why: &'static str,
    /// Manifests, tested to be found or not.
    pub examples: &'static [Example],
    /// Where the fact comes from: the API reference, a KEP, an RFC.
    pub sources: &'static [&'static str],
}

/// A manifest that shows a rule at work. A test holds each to its word.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// What it shows, in a few words.
    pub title: &'static str,
    /// Whether the rule has a finding in it.
    pub bad: bool,
    /// The manifest.
    pub manifest: &'static str,
}

impl Example {
    /// A manifest in which the rule has a finding.
    pub const fn bad(title: &'static str, manifest: &'static str) -> Self {
        Self { title, bad: true, manifest }
    }

    /// A manifest in which the rule has none.
    pub const fn good(title: &'static str, manifest: &'static str) -> Self {
        Self { title, bad: false, manifest }
    }
}

/// How a rule judges.
#[derive(Clone, Copy)]
pub enum Check {
    /// Looks at one object.
    Object(fn(&Object, &RuleContext<'_>, &mut Sink)),
    /// Looks at all objects of the input together.
    Input(InputCheck),
    /// Reports what the API server objects to on a topic.
    Server(ServerCheck),
    /// Looks at the text of one object, for what is lost when it is decoded. The linter alone has it.
    Written(fn(Written<'_>, &mut RemarkSink)),
    /// Reported by the linter, of what is no object of the API that could be decoded.
    Reader,
    /// Reported by the linter, of the text around the objects: no annotation of an object suppresses it.
    Text,
    /// Words what the engine finds in the suppression annotation.
    Suppression(SuppressionCheck),
}

/// What would resolve an objection to an object, by a policy's defaults.
type FixOfError = fn(&FieldError, &Object, &Defaults) -> Option<Fix>;

/// How a rule reports what the API server objects to on a topic.
#[derive(Debug, Clone, Copy)]
pub struct ServerCheck {
    /// The topic.
    pub topic: Topic,
    pub(super) fix: Option<FixOfError>,
    pub(super) help: Option<fn(&FieldError, &Object) -> Option<&'static str>>,
}

impl ServerCheck {
    /// Reports objections as the API server words them.
    pub const fn on(topic: Topic) -> Self {
        Self { topic, fix: None, help: None }
    }

    /// With what would resolve one in an object that could be decoded, where the objection itself does not tell. The
    /// policy's defaults are asked for what to fill in.
    #[must_use]
    pub const fn fix(self, fix: FixOfError) -> Self {
        Self { fix: Some(fix), ..self }
    }

    /// With what to do about one, where the object shows more than the objection alone.
    #[must_use]
    pub const fn help(self, help: fn(&FieldError, &Object) -> Option<&'static str>) -> Self {
        Self { help: Some(help), ..self }
    }
}

impl Rule {
    /// The rule's id: `category/name`.
    pub const fn id(&self) -> &'static str {
        self.spec.id
    }

    /// Whether this is a rule of a policy's own.
    pub fn is_own(&self) -> bool {
        // No version of jobguard has it.
        self.spec.is_own()
    }

    /// Where the rule's page can be read; of a rule of a policy's own the link that the policy gives, if it gives one.
    pub fn url(&self) -> Option<String> {
        if self.is_own() {
            return self.docs.sources.first().map(|link| (*link).to_owned());
        }
        Some(format!("{}/blob/main/docs/rules/{}.md", env!("CARGO_PKG_REPOSITORY"), self.id()))
    }

    /// A finding of this rule at the severity given.
    pub fn finding(
        &'static self,
        severity: Severity,
        path: FieldPath,
        message: impl Into<String>,
    ) -> Finding {
        Finding {
            rule: self,
            severity,
            path,
            at: None,
            anchor: Anchor::Value,
            message: message.into(),
            help: None,
            related: Vec::new(),
            fix: None,
            cause: None,
            weight: None,
            about: None,
            of_whole: false,
            relation: None,
            ratcheted: false,
            suppressed: None,
        }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        // Each is a static of its own.
        std::ptr::eq(self, other)
    }
}

/// What a rule may ask while it looks at an object.
pub struct RuleContext<'a> {
    spec: &'static RuleSpec,
    setting: &'a RuleSetting,
    context: &'a Context<'a>,
    asked: &'a Asked,
    said: Said<'a>,
}

/// What the API server says of an object, before any rule is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    /// The stored version of the object, where it is known.
    pub(super) old: Option<&'a Object>,
    /// Whether it refuses it.
    pub(super) is_refused: bool,
    /// What it will object to, where it is not asked before the object is made.
    pub(super) objections: &'a [Finding],
}

/// What rules asked about neighbours before they were known.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Whether a rule must be asked again, whatever there is.
    pub(super) again: Cell<bool>,
    /// What would make a difference.
    pub(super) questions: RefCell<Questions>,
    /// The steps that the policy's own rules have taken.
    #[cfg(feature = "own-rules")]
    pub(super) own_steps: Cell<u64>,
}

impl<'a> RuleContext<'a> {
    pub(super) fn new(
        rule: &'static Rule,
        setting: &'a RuleSetting,
        context: &'a Context<'a>,
        asked: &'a Asked,
        said: Said<'a>,
    ) -> Self {
        Self { spec: &rule.spec, setting, context, asked, said }
    }

    /// Whether the API server refuses the object.
    pub fn is_refused(&self) -> bool {
        self.said.is_refused
    }

    /// What the API server will object to once the object is made; nothing of an object that is sent to it as it is.
    pub fn objections(&self) -> &'a [Finding] {
        self.said.objections
    }

    /// Whether what the rule finds in an object does not count: the object's annotation names the rule, or an exception of the
    /// policy is about both.
    pub fn ignores(&self, object: &Object) -> bool {
        let (spec, context) = (self.spec, self.context);
        let today = date::of(context.now);
        let is_named = |name: &&str| *name == spec.id || name.strip_suffix("/*") == Some(spec.category());
        let annotation = object.annotation(ANNOTATION);
        if annotation.is_some_and(|text| Annotation::parse(text).names(today).iter().any(is_named)) {
            return true;
        }
        let mut exceptions = context.policy.exceptions().iter().filter(|exception| exception.names(spec.id));
        exceptions.any(|exception| {
            let subject = subject_by(object.workload(), context.namespace_labels, context.author);
            exception.state(today).counts() && exception.covers(&subject)
        })
    }

    /// The value of a whole-number or duration option, in seconds.
    pub fn int(&self, option: &str) -> i64 {
        self.setting.int(self.spec, option)
    }

    /// The value of a boolean option.
    pub fn bool(&self, option: &str) -> bool {
        self.setting.bool(self.spec, option)
    }

    /// The values of an option that is a list of strings.
    pub fn strings(&self, option: &str) -> impl Iterator<Item = &'a str> + Clone {
        self.setting.strings(self.spec, option)
    }

    /// What is known of the neighbours of a kind, which may be nothing; none if it is not known yet, in which case the
    /// rule reports nothing and is evaluated again when it is. For rules that report what they do not find, whether or
    /// not anything is known.
    pub fn neighbours(&self, kind: NeighbourKind) -> Option<&'a Listing> {
        match self.context.neighbours.of(kind) {
            Listing::Pending => {
                self.asked.again.set(true);
                None
            }
            known => Some(known),
        }
    }

    /// The neighbours of a kind; none if nothing is known of them, now or at all: the rule then reports nothing. It is
    /// evaluated again when they are known, if they answer the question with yes. For all rules that need not report
    /// that nothing is known: no text is read twice for them without a reason.
    pub fn known(&self, kind: NeighbourKind, question: Question<'_>) -> Option<&'a Known> {
        match self.context.neighbours.of(kind) {
            Listing::Known(known) => Some(known),
            Listing::Pending => {
                self.asked.questions.borrow_mut().add(kind, question);
                None
            }
            Listing::Unknown => None,
        }
    }

    /// The file that the object stands in, as reports name it; none in a webhook.
    pub fn file(&self) -> Option<&'a str> {
        self.context.file
    }

    /// The policy's own rule whose declaration this is.
    pub fn own_rule(&self) -> Option<&'a OwnRule> {
        self.context.policy.own().declared_by(self.spec)
    }

    /// What the policy's own rules look at, of an object.
    #[cfg(feature = "own-rules")]
    pub(super) fn own_looked_at(&self) -> &'a LookedAt {
        self.context.policy.own().looked_at()
    }

    /// What the policy's overrides match on of an object.
    pub fn subject<'o>(&self, object: &'o Object) -> Subject<'o>
    where
        'a: 'o,
    {
        subject_by(object.workload(), self.context.namespace_labels, self.context.author)
    }

    /// The stored version of the object, on a change of it.
    pub fn old(&self) -> Option<&'a Object> {
        self.said.old
    }

    /// The request; none where nobody asks, as offline.
    pub fn request(&self) -> Option<RequestFacts<'a>> {
        self.context.author.request
    }

    /// The labels of the object's namespace, where they are known.
    pub fn namespace_labels(&self) -> Option<&'a BTreeMap<String, String>> {
        self.context.namespace_labels
    }

    /// The steps that the policy's own rules have taken for this object.
    #[cfg(feature = "own-rules")]
    pub(super) fn own_steps(&self) -> &Cell<u64> {
        &self.asked.own_steps
    }

    /// Whether the verdict is of no use any more.
    pub fn is_cancelled(&self) -> bool {
        self.context.is_cancelled()
    }

    /// All rules: for what a rule reports of other objects in their words.
    pub fn registry(&self) -> &'a Registry {
        self.context.registry
    }

    /// The API server of the cluster.
    pub fn server(&self) -> &'a Server {
        &self.context.policy.server
    }

    /// The time to judge schedules at.
    pub fn now(&self) -> Timestamp {
        self.context.now
    }
}

/// Where a rule puts what it finds.
#[derive(Debug)]
pub struct Sink {
    rule: &'static Rule,
    severity: Severity,
    findings: Vec<Finding>,
}

impl Sink {
    /// Puts what the rule finds behind the findings that there are.
    pub(super) fn behind(findings: Vec<Finding>, rule: &'static Rule, severity: Severity) -> Self {
        Self { rule, severity, findings }
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// Whether the policy has the rule for hints, which refuse nothing and warn nobody.
    pub fn is_hint(&self) -> bool {
        self.severity == Severity::Info
    }

    /// Reports what another rule found, in words of this one.
    pub fn adopt(&mut self, finding: &Finding, message: impl Into<String>) -> Reported<'_> {
        let own =
            Finding { rule: self.rule, severity: self.severity, message: message.into(), ..finding.clone() };
        self.findings.push(own);
        let last = self.findings.len() - 1;
        Reported::of(&mut self.findings[last])
    }

    /// Reports a finding at `path`. The message is one sentence without a full stop and without the path.
    pub fn report(&mut self, path: FieldPath, message: impl Into<String>) -> Reported<'_> {
        self.findings.push(self.rule.finding(self.severity, path, message));
        let last = self.findings.len() - 1;
        Reported::of(&mut self.findings[last])
    }
}

/// A finding just reported, to be filled in.
pub struct Reported<'a>(&'a mut Finding);

impl<'a> Reported<'a> {
    pub(super) fn of(finding: &'a mut Finding) -> Self {
        Self(finding)
    }

    /// What to do about it.
    pub fn help(self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Where the fault stands, when the path is not a place in the object.
    pub fn at(self, at: FieldPath) -> Self {
        self.0.at = Some(at);
        self
    }

    /// The field itself is at fault, whatever its value.
    pub fn at_key(self) -> Self {
        self.0.anchor = Anchor::Key;
        self
    }

    /// Another place that explains it.
    pub fn related(self, path: FieldPath, message: impl Into<String>) -> Self {
        self.0.related.push(Related { path, message: message.into() });
        self
    }

    /// What would resolve it.
    pub fn fix(self, fix: Fix) -> Self {
        self.0.fix = Some(fix);
        self
    }

    /// How bad it is, compared with other findings of the rule. An update that makes it worse is denied, though the
    /// stored object has the same fault.
    pub fn weight(self, weight: impl Into<Weight>) -> Self {
        self.0.weight = Some(weight.into());
        self
    }

    /// What tells it from other findings of the rule at the same field.
    pub fn about(self, about: impl Into<Cow<'static, str>>) -> Self {
        self.0.about = Some(about.into());
        self
    }

    /// It is about the object as a whole, and the field only the first place where that shows.
    pub fn of_whole(self) -> Self {
        self.0.of_whole = true;
        self
    }

    /// At most `severity`, at whatever level the policy has the rule. For what is only a guess.
    pub fn at_most(self, severity: Severity) -> Self {
        self.0.severity = self.0.severity.min(severity);
        self
    }
}
