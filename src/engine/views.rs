//! An object that a policy looks at in more than one way: its findings in each of them count.

use std::borrow::Cow;

use crate::policy::{RuleSetting, Settings, Subject, Views};
use jobguard_apiserver::Kind;
use jobguard_manifest::{FieldPath, Segment};

use super::{Check, Finding, Registry, Rule, Severity};

/// How a rule is set beside its own setting, where that may say more.
#[inline]
pub(super) fn beside<'v>(
    views: &'v Views<'_>,
    index: usize,
    rule: &Rule,
    kind: Kind,
) -> Option<(&'v RuleSetting, Severity)> {
    if views.is_single() {
        return None;
    }
    let setting = views.beside(index, is_about_runs(rule, kind))?;
    Some((setting, Severity::of(setting.level)?))
}

/// Whether a rule looks at a CronJob and not at the Job in it.
fn is_about_runs(rule: &Rule, kind: Kind) -> bool {
    kind == Kind::CronJob && (rule.spec.category() == "cron" || matches!(rule.check, Check::Suppression(_)))
}

/// Adds what a rule finds in a stricter view. Of one field only one view counts: the one with the heavier finding, else the
/// object's own.
pub(super) fn add(found: &mut Vec<Finding>, mut stricter: Vec<Finding>, kind: Kind) {
    if kind == Kind::CronJob {
        stricter.retain(|finding| is_in_template(&finding.path));
    }
    let loudest = |findings: &[Finding], path: &FieldPath| {
        findings.iter().filter(|finding| finding.path == *path).map(|finding| finding.severity).max()
    };
    found.retain(|finding| loudest(&stricter, &finding.path).is_none_or(|other| other <= finding.severity));
    stricter.retain(|finding| loudest(found, &finding.path).is_none());
    found.append(&mut stricter);
}

fn is_in_template(path: &FieldPath) -> bool {
    matches!(path.segments(), [Segment::Field(spec), Segment::Field(template), ..]
        if spec == "spec" && template == "jobTemplate")
}

/// The settings with the loudest level of each rule, whichever view has it: what an annotation may suppress goes by
/// that.
pub(super) fn loudest<'v>(views: &'v Views<'_>, kind: Kind, registry: &Registry) -> Cow<'v, Settings> {
    let mut settings = Cow::Borrowed(&*views.own);
    for (index, rule) in registry.rules().iter().enumerate() {
        if let Some((setting, _)) = beside(views, index, rule, kind)
            && views.own.rules.get(index).is_some_and(|own| own.level < setting.level)
        {
            settings.to_mut().rules[index].level = setting.level;
        }
    }
    settings
}

/// Whether the object's annotation may be its CronJob's, whose every rule it names: those that find nothing in the Job
/// are not reported as unused.
pub(super) fn may_inherit(subject: &Subject<'_>) -> bool {
    subject.kind == Kind::Job && subject.owner.is_some_and(|owner| owner.is_cron_job())
}
