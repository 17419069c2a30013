//! The verdict on one object: the API server's, then the rules', then what the object's owner asked to ignore.

use std::cell::Cell;

use crate::batch::{self, FieldError, Topic};

use super::{
    Anchor, Check, Context, Finding, Object, RuleContext, Services, Severity, Sink, Suppressions, fold,
    registry, subject,
};

/// What there is to say about an object.
#[derive(Debug, Default)]
pub struct Verdict {
    /// The findings: the API server's first, then the rules', in the order of their ids.
    pub findings: Vec<Finding>,
    /// What only follows from the findings: fields that the same mistake touches.
    pub folded: Vec<Finding>,
    /// What would have been said, had the object's annotation not asked to ignore it.
    pub suppressed: Vec<Finding>,
    /// Whether a rule had to ask for what is known only at the end ([`Services::Pending`]).
    pub incomplete: bool,
}

/// Judges an object that is to be created.
pub fn check(object: &Object, context: &Context<'_>) -> Verdict {
    judge(object, &batch::validate_create(object.workload()), context)
}

/// Judges a change of a stored object. What the stored object has already is warned about, not refused: old
/// objects must stay editable.
pub fn check_update(old: &Object, new: &Object, context: &Context<'_>) -> Verdict {
    let mut verdict = judge(new, &batch::validate_update(new.workload(), old.workload()), context);
    if verdict.findings.iter().any(|finding| finding.severity == Severity::Error) {
        let before = judge(old, &[], &Context { services: context.services, ..*context });
        for finding in &mut verdict.findings {
            let stood_before = before.findings.iter().any(|old| old.same_as(finding));
            if finding.severity == Severity::Error && finding.rule.spec.is_settable() && stood_before {
                finding.severity = Severity::Warning;
                finding.ratcheted = true;
            }
        }
    }
    verdict
}

/// The findings that speak for field errors of the API server.
pub fn server_findings(errors: &[FieldError]) -> impl Iterator<Item = Finding> + '_ {
    errors.iter().map(|error| {
        let rule = registry().of_topic(error.topic);
        let severity = Severity::of(rule.spec.levels.recommended).unwrap_or(Severity::Error);
        let mut finding = rule.finding(severity, error.path.clone(), error.message.clone());
        finding.at.clone_from(&error.at);
        finding.help.clone_from(&error.help);
        finding.cause = Some(error.cause);
        if matches!(error.topic, Topic::UnknownField | Topic::DuplicateKey) {
            finding.anchor = Anchor::Key;
        }
        finding
    })
}

fn judge(object: &Object, errors: &[FieldError], context: &Context<'_>) -> Verdict {
    let settings = context.policy.settings_for(&subject(object.workload(), context.namespace_labels));
    let asked_too_early = Cell::new(false);
    let is_refused = !errors.is_empty();
    let mut findings: Vec<Finding> = server_findings(errors).collect();
    findings
        .extend(server_findings(&batch::fields_not_in(object.workload(), context.policy.kubernetes_version)));
    findings.extend(server_findings(object.warnings()));
    for (rule, setting) in registry().rules().iter().zip(&settings.rules) {
        let (Check::Object(judge), Some(severity)) = (rule.check, Severity::of(setting.level)) else {
            continue;
        };
        let mut sink = Sink::new(rule, severity);
        judge(object, &RuleContext::new(rule, setting, context, &asked_too_early, is_refused), &mut sink);
        findings.extend(sink.into_findings());
    }
    let folded = fold(&mut findings);
    let incomplete = asked_too_early.get() && matches!(context.services, Services::Pending);
    let suppressed = match Suppressions::of(object) {
        Some(suppressions) => suppressions.apply(&mut findings, context.policy, &settings, incomplete),
        None => Vec::new(),
    };
    Verdict { findings, folded, suppressed, incomplete }
}
