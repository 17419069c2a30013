//! Which findings are folded into others, by the precedence that rules declare.

use jobguard_apiserver::{Cause, Relation};
use jobguard_manifest::FieldPath;

use crate::engine::{Finding, Rule, Severity, fold};
use crate::rules::{
    api_containers, api_field_dropped, api_labels, api_name, api_server_warning, api_unknown_field,
    cron_forbid_no_deadline, cron_overlap, job_no_deadline, template_unexpanded,
};

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
    let missing = finding(&api_containers::RULE, "spec.template.spec.containers", Cause::Required);
    assert_eq!(left(vec![unknown, missing.clone()]), ["api/unknown-field spec.template.containers"]);
    assert_eq!(left(vec![missing.clone()]), ["api/containers spec.template.spec.containers"]);
    // With what is in it, and nothing else.
    let mut outer = finding(&api_unknown_field::RULE, "spec.spec", Cause::NotSupported);
    let fields = vec![FieldPath::parse("spec.template.spec.containers")];
    outer.relation = Some(Relation::SuppliesObject(FieldPath::parse("spec.template.spec"), fields));
    assert_eq!(left(vec![outer.clone(), missing.clone()]), ["api/unknown-field spec.spec"]);
    let beside = finding(&api_containers::RULE, "spec.template.spec.restartPolicy", Cause::Required);
    assert_eq!(left(vec![outer, beside]).len(), 2);
    // A field of the same name that would not be there.
    let unrelated = finding(&api_unknown_field::RULE, "spec.containers", Cause::NotSupported);
    assert_eq!(left(vec![unrelated, missing]).len(), 2);
}

#[test]
fn what_is_missing_is_no_duplicate() {
    let of = |path, cause| finding(&api_containers::RULE, path, cause);
    let (first, second) = ("spec.template.spec.containers[0].name", "spec.template.spec.containers[1].name");
    let both = vec![of(first, Cause::Required), of(second, Cause::Required), of(second, Cause::Duplicate)];
    assert_eq!(left(both), [format!("api/containers {first}"), format!("api/containers {second}")]);
    assert_eq!(left(vec![of(first, Cause::Required), of(second, Cause::Duplicate)]).len(), 2);
}

#[test]
fn the_wrong_kind_is_all_that_is_wrong_with_a_spec() {
    let unknown = |path| finding(&api_unknown_field::RULE, path, Cause::NotSupported);
    let containers = finding(&api_containers::RULE, "spec.template.spec.containers", Cause::Required);
    let name = finding(&api_name::RULE, "metadata.name", Cause::Invalid);
    let deadline =
        job_no_deadline::RULE.finding(Severity::Info, FieldPath::parse("spec.activeDeadlineSeconds"), "x");
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

#[test]
fn what_is_left_empty_follows_from_what_was_left_out() {
    let place = "spec.template.spec.containers[0].env[0].valueFrom";
    let empty = || {
        let mut empty = finding(&api_containers::RULE, place, Cause::Invalid);
        empty.relation = Some(Relation::Empty(FieldPath::parse(place)));
        empty
    };
    let source = format!("{place}.fileKeyRef");
    let dropped = |severity| {
        let dropped = finding(&api_field_dropped::RULE, &source, Cause::Invalid);
        Finding { severity, cause: None, ..dropped }
    };
    let of_source = [format!("api/field-dropped {source}")];
    assert_eq!(left(vec![dropped(Severity::Error), empty()]), of_source);
    // A warning says less than a refusal.
    assert_eq!(left(vec![dropped(Severity::Warning), empty()]).len(), 2);
    // A field of another version, or of a name that is nearly one: put right, it is there.
    let mut unknown = finding(&api_unknown_field::RULE, &source, Cause::NotSupported);
    assert_eq!(left(vec![unknown.clone(), empty()]).len(), 2);
    unknown.relation = Some(Relation::Supplies(FieldPath::parse(&source)));
    assert_eq!(left(vec![unknown, empty()]), [format!("api/unknown-field {source}")]);
}

#[test]
fn an_unknown_field_is_left_out_with_what_it_is_in() {
    let claims = "spec.template.spec.resourceClaims";
    let unknown = || finding(&api_unknown_field::RULE, &format!("{claims}[0].source"), Cause::NotSupported);
    let dropped = |severity, path: &str| {
        let dropped = finding(&api_field_dropped::RULE, path, Cause::Invalid);
        Finding { severity, cause: None, ..dropped }
    };
    assert_eq!(
        left(vec![unknown(), dropped(Severity::Error, claims)]),
        [format!("api/field-dropped {claims}")]
    );
    // kubectl refuses the unknown one.
    assert_eq!(left(vec![unknown(), dropped(Severity::Warning, claims)]).len(), 2);
    assert_eq!(left(vec![unknown(), dropped(Severity::Error, "spec.template.spec.hostUsers")]).len(), 2);
}
