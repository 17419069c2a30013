//! One cause, one finding: what only follows from another finding is folded into it.
//!
//! The API server lists every field that a mistake touches. Whoever has to mend it needs the mistake.

use std::collections::HashSet;

use crate::rules::{
    api_immutable, api_name, api_server_warning, api_unknown_field, cron_forbid_no_deadline, cron_overlap,
    cron_pile_up, job_no_deadline, template_unexpanded,
};
use jobguard_apiserver::{Cause, Relation};
use jobguard_manifest::{FieldPath, Segment};

use super::{Finding, Fix, Rule, Safety, Severity};

/// Takes out of `findings` what follows from another of them, and returns it.
///
/// * A label that the server makes from the Job's name is bad because the name is; where only the label is bad (the
///   name is too long for one), it is said once, of the name.
/// * A required field is missing because it stands in the wrong place, or under a wrong name, and nowhere else: once it
///   is put right the field is there. That another field has the same name is no reason.
/// * Two empty values are no duplicates: each is missing. What is missing was not changed either.
/// * What the server would warn of besides refusing the same field.
/// * A value is malformed because it is a template that has not been filled in.
/// * That nothing ends a Job is said with what it does to a CronJob's runs, which is worse.
/// * A Job with the spec of a CronJob is of the wrong kind, and nothing else of its spec can be judged.
pub fn fold(findings: &mut Vec<Finding>) -> Vec<Finding> {
    let mut of_wrong_kind = name_wrong_kind(findings);
    let bad_name = findings.iter().any(|finding| finding.rule == &api_name::RULE && is_name(&finding.path));
    let supplied: HashSet<FieldPath> = findings
        .iter()
        .filter_map(|finding| match &finding.relation {
            Some(Relation::Supplies(path)) => Some(path.clone()),
            _ => None,
        })
        .collect();
    let missing: HashSet<FieldPath> = findings
        .iter()
        .filter(|finding| finding.cause == Some(Cause::Required))
        .map(|finding| finding.path.clone())
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
    let heaviest = |rules: &[&'static Rule]| -> Option<Severity> {
        let of_rules = findings.iter().filter(|finding| rules.contains(&finding.rule));
        of_rules.map(|finding| finding.severity).max()
    };
    let endless = heaviest(&[&cron_forbid_no_deadline::RULE, &cron_overlap::RULE, &cron_pile_up::RULE]);
    let piles_up = heaviest(&[&cron_pile_up::RULE]);

    let mut name_said = bad_name;
    let (folded, kept) = std::mem::take(findings).into_iter().partition(|finding| {
        if is_made_from_name(finding) {
            return std::mem::replace(&mut name_said, true);
        }
        if finding.cause.is_some() && unexpanded.contains(finding.place()) {
            return true;
        }
        if finding.rule == &job_no_deadline::RULE {
            return endless.is_some_and(|severity| severity >= finding.severity);
        }
        if finding.rule == &cron_overlap::RULE {
            return piles_up.is_some_and(|severity| severity >= finding.severity);
        }
        if finding.rule == &api_server_warning::RULE {
            return refused.contains(&finding.path);
        }
        match finding.cause {
            Some(Cause::Required) => supplied.contains(&finding.path),
            Some(Cause::Duplicate) => missing.contains(&finding.path),
            _ => finding.rule == &api_immutable::RULE && missing.contains(&finding.path),
        }
    });
    *findings = kept;
    for finding in findings.iter_mut() {
        if is_made_from_name(finding) {
            finding.at = Some(FieldPath::root().field("metadata").field("name"));
        }
    }
    of_wrong_kind.extend(folded);
    of_wrong_kind
}

/// Puts one finding, that the kind is wrong, in the place of all that there is to say about the spec of a Job that is
/// the spec of a CronJob. Returns the others.
fn name_wrong_kind(findings: &mut Vec<Finding>) -> Vec<Finding> {
    let spec = FieldPath::root().field("spec");
    let unknown = |finding: &Finding, field: &'static str| {
        finding.rule == &api_unknown_field::RULE && finding.path == spec.clone().field(field)
    };
    let containers = spec.clone().fields("template.spec.containers");
    let lacks_template =
        |finding: &Finding| finding.cause == Some(Cause::Required) && finding.path == containers;
    // Only a Job lacks the one field, and only a Job that is none the other.
    if !findings.iter().any(|finding| unknown(finding, "jobTemplate")) || !findings.iter().any(lacks_template)
    {
        return Vec::new();
    }
    let has_schedule = findings.iter().any(|finding| unknown(finding, "schedule"));
    let (of_spec, mut kept): (Vec<Finding>, Vec<Finding>) = std::mem::take(findings)
        .into_iter()
        .partition(|finding| finding.rule != &template_unexpanded::RULE && finding.path.starts_with(&spec));
    let path = FieldPath::root().field("kind");
    let written = if has_schedule { "schedule and jobTemplate are fields" } else { "jobTemplate is a field" };
    let message = format!("the kind should be CronJob: {written} of a CronJob");
    let mut finding = api_unknown_field::RULE.finding(Severity::Error, path.clone(), message);
    finding.cause = Some(Cause::NotSupported);
    finding.help = Some("write kind: CronJob".to_owned());
    finding.fix = Some(Fix::set(Safety::Unsafe, "set kind to CronJob", path, "CronJob"));
    kept.push(finding);
    *findings = kept;
    of_spec
}

fn is_name(path: &FieldPath) -> bool {
    matches!(path.segments(), [Segment::Field(metadata), Segment::Field(name)]
        if metadata == "metadata" && (name == "name" || name == "generateName"))
}

/// Whether it is about a value that the server has made from the Job's name.
fn is_made_from_name(finding: &Finding) -> bool {
    matches!(&finding.relation, Some(Relation::MadeFrom(path)) if is_name(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::api_labels;

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
        label.relation = Some(Relation::MadeFrom(FieldPath::parse("metadata.name")));
        label
    }

    #[test]
    fn a_bad_name_is_said_once() {
        let name = finding(&api_name::RULE, "metadata.name", Cause::Invalid);
        let labels = || [label("job-name"), label("batch.kubernetes.io/job-name")];
        assert_eq!(left([name].into_iter().chain(labels()).collect()), ["api/name metadata.name"]);
        assert_eq!(left(labels().into()), ["api/labels metadata.name"]);
        // What somebody has written into a label is a fault of its own, whatever the label is called.
        let own = Finding { relation: None, ..label("job-name") };
        assert_eq!(left(vec![own.clone()]), ["api/labels spec.template.metadata.labels[job-name]"]);
        let name = finding(&api_name::RULE, "metadata.name", Cause::Invalid);
        assert_eq!(left(vec![name, own]).len(), 2);
    }

    #[test]
    fn what_stands_elsewhere_is_not_missing_too() {
        let mut unknown = finding(&api_unknown_field::RULE, "spec.template.containers", Cause::NotSupported);
        unknown.relation = Some(Relation::Supplies(FieldPath::parse("spec.template.spec.containers")));
        let missing =
            finding(&crate::rules::api_containers::RULE, "spec.template.spec.containers", Cause::Required);
        assert_eq!(left(vec![unknown, missing.clone()]), ["api/unknown-field spec.template.containers"]);
        assert_eq!(left(vec![missing.clone()]), ["api/containers spec.template.spec.containers"]);
        // A field of the same name that would not be there.
        let unrelated = finding(&api_unknown_field::RULE, "spec.containers", Cause::NotSupported);
        assert_eq!(left(vec![unrelated, missing]).len(), 2);
    }

    #[test]
    fn what_is_missing_is_no_duplicate() {
        let of = |path, cause| finding(&crate::rules::api_containers::RULE, path, cause);
        let (first, second) =
            ("spec.template.spec.containers[0].name", "spec.template.spec.containers[1].name");
        let both =
            vec![of(first, Cause::Required), of(second, Cause::Required), of(second, Cause::Duplicate)];
        assert_eq!(left(both), [format!("api/containers {first}"), format!("api/containers {second}")]);
        assert_eq!(left(vec![of(first, Cause::Required), of(second, Cause::Duplicate)]).len(), 2);
    }

    #[test]
    fn the_wrong_kind_is_all_that_is_wrong_with_a_spec() {
        let unknown = |path| finding(&api_unknown_field::RULE, path, Cause::NotSupported);
        let containers =
            finding(&crate::rules::api_containers::RULE, "spec.template.spec.containers", Cause::Required);
        let name = finding(&api_name::RULE, "metadata.name", Cause::Invalid);
        let deadline = job_no_deadline::RULE.finding(
            Severity::Info,
            FieldPath::parse("spec.activeDeadlineSeconds"),
            "x",
        );
        let all = vec![unknown("spec.schedule"), unknown("spec.jobTemplate"), containers, name, deadline];
        assert_eq!(left(all), ["api/name metadata.name", "api/unknown-field kind"]);
        // A Job with a template of its own is one.
        assert_eq!(left(vec![unknown("spec.jobTemplate")]), ["api/unknown-field spec.jobTemplate"]);
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
