//! One cause, one finding: what only follows from another finding is folded into it.
//!
//! The API server lists every field that a mistake touches. Whoever has to mend it needs the mistake.

use std::collections::HashSet;

use crate::batch::{Cause, JOB_NAME_LABELS};
use crate::path::{FieldPath, Segment};
use crate::rules::{
    api_labels, api_name, api_server_warning, api_unknown_field, cron_forbid_no_deadline, cron_overlap,
    job_no_deadline, template_unexpanded,
};

use super::{Finding, Severity};

/// Takes out of `findings` what follows from another of them, and returns it.
///
/// * A label that the server makes from the Job's name is bad because the name is; where only the label is bad (the
///   name is too long for one), it is said once, of the name.
/// * A required field is missing because it stands in the wrong place.
/// * What the server would warn of besides refusing the same field.
/// * A value is malformed because it is a template that has not been filled in.
/// * That nothing ends a Job is said with what it does to a CronJob's runs, which is worse.
pub fn fold(findings: &mut Vec<Finding>) -> Vec<Finding> {
    let bad_name = findings.iter().any(|finding| finding.rule == &api_name::RULE && is_name(&finding.path));
    let misplaced: HashSet<String> = findings
        .iter()
        .filter(|finding| finding.rule == &api_unknown_field::RULE)
        .filter_map(|finding| last_field(&finding.path).map(str::to_ascii_lowercase))
        .collect();
    // Only where the server warns at all, since many may be refused.
    let warned = findings.iter().any(|finding| finding.rule == &api_server_warning::RULE);
    let refused: HashSet<FieldPath> = findings
        .iter()
        .filter(|finding| warned && finding.cause.is_some() && finding.rule != &api_server_warning::RULE)
        .map(|finding| finding.path.clone())
        .collect();

    let unexpanded: HashSet<FieldPath> = findings
        .iter()
        .filter(|finding| finding.rule == &template_unexpanded::RULE && finding.severity == Severity::Error)
        .flat_map(|finding| finding.related.iter().map(|related| &related.path).chain([finding.place()]))
        .cloned()
        .collect();

    // Where nothing ends a Job, both are about the same missing field.
    let endless = [&cron_forbid_no_deadline::RULE, &cron_overlap::RULE];
    let endless: Option<Severity> = findings
        .iter()
        .filter(|finding| endless.contains(&finding.rule))
        .map(|finding| finding.severity)
        .max();

    let mut name_said = bad_name;
    let (folded, kept) = std::mem::take(findings).into_iter().partition(|finding| {
        if finding.rule == &api_labels::RULE && is_made_from_name(finding.place()) {
            return std::mem::replace(&mut name_said, true);
        }
        if finding.cause.is_some() && unexpanded.contains(finding.place()) {
            return true;
        }
        if finding.rule == &job_no_deadline::RULE {
            return endless.is_some_and(|severity| severity >= finding.severity);
        }
        if finding.rule == &api_server_warning::RULE {
            return refused.contains(&finding.path);
        }
        finding.cause == Some(Cause::Required)
            && last_field(&finding.path).is_some_and(|field| misplaced.contains(&field.to_ascii_lowercase()))
    });
    *findings = kept;
    for finding in findings.iter_mut() {
        if finding.rule == &api_labels::RULE && is_made_from_name(finding.place()) {
            finding.at = Some(FieldPath::root().field("metadata").field("name"));
        }
    }
    folded
}

fn is_name(path: &FieldPath) -> bool {
    matches!(path.segments(), [Segment::Field(metadata), Segment::Field(name)]
        if metadata == "metadata" && (name == "name" || name == "generateName"))
}

/// Whether a label's value is the Job's name.
fn is_made_from_name(path: &FieldPath) -> bool {
    matches!(path.segments().last(), Some(Segment::Key(key)) if JOB_NAME_LABELS.contains(&key.as_ref()))
}

fn last_field(path: &FieldPath) -> Option<&str> {
    match path.segments().last()? {
        Segment::Field(name) => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Rule;

    fn finding(rule: &'static Rule, path: &str, cause: Cause) -> Finding {
        let mut finding = rule.finding(Severity::Error, FieldPath::parse(path), "x");
        finding.cause = Some(cause);
        finding
    }

    fn left(mut findings: Vec<Finding>) -> Vec<String> {
        fold(&mut findings);
        findings.iter().map(|finding| format!("{} {}", finding.rule.id(), finding.place())).collect()
    }

    fn label(key: &str) -> Finding {
        let mut label = finding(&api_labels::RULE, "spec.template.labels", Cause::Invalid);
        label.at = Some(FieldPath::parse("spec.template.metadata.labels").key(key.to_owned()));
        label
    }

    #[test]
    fn a_bad_name_is_said_once() {
        let name = finding(&api_name::RULE, "metadata.name", Cause::Invalid);
        let labels = || [label("job-name"), label("batch.kubernetes.io/job-name")];
        assert_eq!(left([name].into_iter().chain(labels()).collect()), ["api/name metadata.name"]);
        assert_eq!(left(labels().into()), ["api/labels metadata.name"]);
        assert_eq!(left(vec![label("app")]), ["api/labels spec.template.metadata.labels[app]"]);
    }

    #[test]
    fn what_stands_elsewhere_is_not_missing_too() {
        let unknown = finding(&api_unknown_field::RULE, "spec.template.containers", Cause::NotSupported);
        let missing =
            finding(&crate::rules::api_containers::RULE, "spec.template.spec.containers", Cause::Required);
        assert_eq!(left(vec![unknown, missing.clone()]), ["api/unknown-field spec.template.containers"]);
        assert_eq!(left(vec![missing]), ["api/containers spec.template.spec.containers"]);
    }

    #[test]
    fn a_template_is_not_malformed_too() {
        let name = finding(&api_name::RULE, "metadata.name", Cause::Invalid);
        let mut template =
            template_unexpanded::RULE.finding(Severity::Error, FieldPath::parse("metadata.name"), "x");
        assert_eq!(left(vec![name.clone(), template.clone()]), ["template/unexpanded metadata.name"]);
        // What only warns must not hide what refuses.
        template.severity = Severity::Warning;
        assert_eq!(left(vec![name, template]).len(), 2);
    }

    #[test]
    fn a_missing_deadline_is_said_once() {
        let no_deadline = job_no_deadline::RULE.finding(
            Severity::Warning,
            FieldPath::parse("spec.jobTemplate.spec.activeDeadlineSeconds"),
            "x",
        );
        for rule in [&cron_forbid_no_deadline::RULE, &cron_overlap::RULE] {
            let mut worse = rule.finding(Severity::Warning, FieldPath::root(), "x");
            assert_eq!(left(vec![no_deadline.clone(), worse.clone()]), [format!("{} ", rule.id())]);
            // What is lighter must not hide what is heavier.
            worse.severity = Severity::Info;
            assert_eq!(left(vec![no_deadline.clone(), worse]).len(), 2);
        }
        assert_eq!(left(vec![no_deadline]).len(), 1);
    }

    #[test]
    fn an_error_needs_no_warning() {
        let name = finding(&api_name::RULE, "metadata.name", Cause::Invalid);
        let warning = finding(&api_server_warning::RULE, "metadata.name", Cause::Invalid);
        assert_eq!(left(vec![name, warning.clone()]), ["api/name metadata.name"]);
        assert_eq!(left(vec![warning]), ["api/server-warning metadata.name"]);
    }
}
