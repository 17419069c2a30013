//! The verdict on one object: the API server's, then the rules', then what the object's owner asked to ignore.

use jobguard_apiserver::{FieldError, Topic};
use jobguard_manifest::FieldPath;

use crate::policy::{Existing, date};

use super::registry::Judging;
use super::rule::{Asked, Said};
use super::{
    Anchor, Check, Context, Finding, Input, Kept, Object, Questions, Registry, Rule, RuleContext, Severity,
    Sink, Suppressions, dropped, except, fix, fold, ratchet, subject_by, views,
};

/// What there is to report about an object.
#[derive(Debug, Default)]
pub struct Verdict {
    /// The findings: the API server's first, then the rules', in the order of their ids.
    pub findings: Vec<Finding>,
    /// What only follows from the findings: fields that the same mistake touches.
    pub folded: Vec<Finding>,
    /// What would have been reported, had no exception of the policy been about it and the object's annotation not asked to
    /// ignore it. Each says which ([`Finding::suppressed`]).
    pub suppressed: Vec<Finding>,
    /// What rules about the whole input keep of the object ([`Input::Gathering`]).
    pub kept: Vec<Kept>,
    /// Whether the object must be judged again at the end: a rule asked for what is known only then
    /// ([`Listing::Pending`](super::Listing::Pending)), or the annotation names a rule that judges only then.
    pub incomplete: bool,
    /// What rules asked that is known only then: the object must be judged again where an answer makes a difference.
    pub questions: Questions,
    /// Whether the evaluation was ended before its time ([`Context::cancellation`]): this is no verdict then.
    pub cancelled: bool,
}

impl Verdict {
    /// None: the evaluation was ended.
    fn cancelled() -> Self {
        Self { cancelled: true, ..Self::default() }
    }
}

/// The verdict on an object that is to be created.
pub fn check(object: &Object, context: &Context<'_>) -> Verdict {
    if context.is_cancelled() {
        return Verdict::cancelled();
    }
    let errors = context.policy.server.validate_create(object.as_prepared());
    folded(evaluate(object, None, &errors, context, Rules::All))
}

/// The verdict on a change of a stored object. What the stored object has already, and as badly, is warned about and not
/// refused, unless the policy says otherwise: old objects must stay editable, and are not made worse.
pub fn check_update(old: &Object, new: &Object, context: &Context<'_>) -> Verdict {
    if context.is_cancelled() {
        return Verdict::cancelled();
    }
    let server = &context.policy.server;
    let errors = match new.maker() {
        // What is made is always new.
        Some(_) => server.validate_create(new.as_prepared()),
        None => server.validate_update(new.as_prepared(), old.workload()),
    };
    let mut verdict = evaluate(new, Some(old), &errors, context, Rules::All);
    // Before folding: what is excused must not take along what is not.
    let remark = match context.policy.existing_at(context.now) {
        Existing::Deny => return folded(verdict),
        Existing::Warn => context.policy.existing_deny_from.map(|date| format!("denied from {date} on")),
    };
    let denying: Vec<&'static Rule> = verdict
        .findings
        .iter()
        .filter(|finding| ratchet::concerns(finding))
        .map(|finding| finding.rule)
        .collect();
    if !denying.is_empty() {
        let rules = Rules::these(&denying, context.registry);
        let stood = match old.maker() {
            Some(_) => server.validate_create(old.as_prepared()),
            None => Vec::new(),
        };
        let before = evaluate(old, None, &stood, &Context { input: Input::Alone, ..*context }, rules);
        verdict.cancelled |= before.cancelled;
        if verdict.cancelled || context.is_cancelled() {
            return Verdict::cancelled();
        }
        ratchet::excuse((old, &before.findings), (new, &mut verdict.findings), remark.as_deref());
    }
    folded(verdict)
}

/// The verdict on an object as it is stored: what the API server would object to if it were sent back as it is, and what the
/// policy says, at the policy's own levels. `old` is the object, `new` the same, or with what a policy fills in.
pub fn check_stored(old: &Object, new: &Object, context: &Context<'_>) -> Verdict {
    if context.is_cancelled() {
        return Verdict::cancelled();
    }
    let errors = context.policy.server.validate_update(new.as_prepared(), old.workload());
    folded(evaluate(new, Some(old), &errors, context, Rules::All))
}

/// The verdict with each mistake reported once. What is ignored takes nothing along: what the API server refuses besides
/// is still refused.
fn folded(mut verdict: Verdict) -> Verdict {
    verdict.folded = fold(&mut verdict.findings);
    // Of what does not count, too, each mistake is there once.
    drop(fold(&mut verdict.suppressed));
    verdict
}

/// Which rules are asked.
enum Rules {
    All,
    /// Those whose position is marked.
    These(Vec<bool>),
}

impl Rules {
    /// These rules alone; all of them where one is about what others find.
    fn these(rules: &[&'static Rule], registry: &Registry) -> Self {
        if rules.iter().any(|rule| matches!(rule.check, Check::Suppression(_))) {
            return Self::All;
        }
        let mut asked = vec![false; registry.rules().len()];
        for position in rules.iter().filter_map(|rule| registry.position_of(rule)) {
            asked[position] = true;
        }
        Self::These(asked)
    }

    fn ask(&self, position: usize) -> bool {
        match self {
            Self::All => true,
            Self::These(asked) => asked.get(position).copied().unwrap_or(false),
        }
    }
}

/// The findings that report field errors of the API server.
pub fn server_findings<'e>(
    errors: &'e [FieldError],
    registry: &'e Registry,
) -> impl Iterator<Item = Finding> + 'e {
    errors.iter().map(|error| {
        let rule = registry.of_topic(error.topic);
        let severity = Severity::of(rule.spec.levels.recommended).unwrap_or(Severity::Error);
        let mut finding = rule.finding(severity, error.path.clone(), error.message.clone());
        finding.at.clone_from(&error.at);
        finding.help.clone_from(&error.help);
        finding.cause = Some(error.cause);
        finding.fix = fix::of_error(error);
        finding.relation.clone_from(&error.relation);
        if matches!(error.topic, Topic::UnknownField | Topic::DuplicateKey) {
            finding.anchor = Anchor::Key;
        }
        finding
    })
}

/// Everything that there is to report, with nothing folded yet; `stored` is what the object takes the place of.
fn evaluate(
    object: &Object,
    stored: Option<&Object>,
    errors: &[FieldError],
    context: &Context<'_>,
    rules: Rules,
) -> Verdict {
    let subject = subject_by(object.workload(), context.namespace_labels, context.author);
    let views = context.policy.views(&subject);
    let (settings, is_single) = (&views.own, views.is_single());
    let asked = Asked::default();
    let is_refused = !errors.is_empty();
    let mut findings: Vec<Finding> = server_findings(errors, context.registry).collect();
    for (finding, error) in findings.iter_mut().zip(errors) {
        let Check::Server(check) = finding.rule.check else { continue };
        finding.fix =
            finding.fix.take().or_else(|| check.fix.and_then(|fix| fix(error, object, &settings.defaults)));
        if let Some(help) = check.help.and_then(|help| help(error, object)) {
            finding.help = Some(help.to_owned());
        }
    }
    // Nobody asks the API server about what is yet to be made: a rule reports what it will object to.
    let objections = if object.maker().is_some() { std::mem::take(&mut findings) } else { Vec::new() };
    let said = Said { old: stored, is_refused, objections: &objections };
    findings.extend(dropped::findings(object, context));
    // Nobody sees what a controller is warned of its own names.
    let is_of_name = |error: &&FieldError| error.path.starts_with(&FieldPath::root().fields("metadata.name"));
    let warnings: Vec<_> = object
        .warnings()
        .iter()
        .filter(|warning| object.maker().is_none() || !is_of_name(warning))
        .cloned()
        .collect();
    findings.extend(server_findings(&warnings, context.registry));
    if object.is_received() {
        // Before folding: what is only a warning must not hide what refuses.
        for finding in &mut findings {
            finding.severity = finding.severity.min(Severity::Warning);
        }
    }
    let mut kept = Vec::new();
    let judging = context.registry.judging().iter().filter(|one| rules.ask(one.position));
    for Judging { position, rule, check } in judging.copied() {
        if context.is_cancelled() {
            return Verdict::cancelled();
        }
        let Some(setting) = settings.rules.get(position) else { continue };
        let severity = Severity::of(setting.level);
        let beside = if is_single { None } else { views::beside(&views, position, rule, object.kind()) };
        let rule_context = RuleContext::new(rule, setting, context, &asked, said);
        match (check, severity, context.input) {
            (Check::Object(check), own, _) if own.is_some() || beside.is_some() => {
                let run = |findings, severity, rule_context: &RuleContext<'_>| {
                    let mut sink = Sink::behind(findings, rule, severity);
                    check(object, rule_context, &mut sink);
                    sink.into_findings()
                };
                match (own, beside) {
                    (Some(own), None) => findings = run(findings, own, &rule_context),
                    (own, beside) => {
                        let run = |severity, rule_context| run(Vec::new(), severity, rule_context);
                        let mut found = own.map(|own| run(own, &rule_context)).unwrap_or_default();
                        if let Some((setting, severity)) = beside {
                            let stricter = RuleContext::new(rule, setting, context, &asked, said);
                            views::add(&mut found, run(severity, &stricter), object.kind());
                        }
                        findings.extend(found);
                    }
                }
            }
            (Check::Written(_), Some(severity), _) => {
                let remarks = object.remarks().iter().filter(|remark| std::ptr::eq(remark.rule, rule));
                findings.extend(remarks.map(|remark| {
                    let mut finding = rule.finding(severity, remark.path.clone(), remark.message.clone());
                    finding.help = Some(remark.help.clone());
                    finding.anchor = remark.anchor;
                    finding.related.clone_from(&remark.related);
                    finding
                }));
            }
            (Check::Input(check), _, Input::Gathering)
                if severity.is_some() || context.policy.has_overrides() =>
            {
                kept.extend((check.keep)(object, &rule_context).map(|fact| Kept { rule, severity, fact }));
            }
            (Check::Input(_), _, Input::Judged(found)) => {
                findings.extend(found.iter().filter(|finding| std::ptr::eq(finding.rule, rule)).cloned());
            }
            _ => {}
        }
    }
    let mut incomplete = asked.again.get();
    // Before folding, and before the stored object is looked at: what does not count hides nothing that does.
    let mut suppressed = except::take(&mut findings, &subject, context);
    let ignored = match Suppressions::of(object, context.registry) {
        Some(suppressions) => {
            incomplete |= matches!(context.input, Input::Gathering) && suppressions.name_input_rules();
            let judged_all = !incomplete;
            let loudest = views::loudest(&views, object.kind(), context.registry);
            let inherited = views::may_inherit(&subject);
            let today = date::of(context.now);
            let split = (&mut findings, &*suppressed);
            suppressions.apply(split, context.policy, &loudest, today, |rule| {
                // A rule about the whole input is not evaluated where an object comes alone, one about the text not
                // where there is none.
                let is_skipped = matches!(
                    (rule.check, context.input),
                    (Check::Input(_), Input::Alone) | (Check::Written(_) | Check::Reader | Check::Text, _)
                );
                judged_all && !is_skipped && !inherited
            })
        }
        None => Vec::new(),
    };
    suppressed.extend(ignored);
    // Exceptions can be about what was reported of the annotation, too, which comes last.
    let is_of_annotation = |finding: &Finding| matches!(finding.rule.check, Check::Suppression(_));
    if let Some(first) = findings.iter().position(is_of_annotation) {
        let mut of_annotation = findings.split_off(first);
        suppressed.append(&mut except::take(&mut of_annotation, &subject, context));
        findings.append(&mut of_annotation);
    }
    Verdict {
        findings,
        folded: Vec::new(),
        suppressed,
        kept,
        incomplete,
        questions: asked.questions.into_inner(),
        cancelled: context.is_cancelled(),
    }
}
