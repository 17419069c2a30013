//! The exceptions of policy files from text to what they say, and what is wrong with them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use insta::assert_snapshot;
use jobguard::policy::load::{self, Source};
use jobguard::policy::{Policy, PolicyErrors};
use jobguard::rules::registry;

fn policy(spec: &str) -> String {
    format!("apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata:\n  name: test\nspec:\n{spec}")
}

fn read(text: &str, base: &str) -> Result<Policy, PolicyErrors> {
    let source = Source { name: "jobguard.yaml".to_owned(), text: text.to_owned() };
    load::read(&source, registry().catalog(), &|_, path| {
        Ok(Source { name: path.to_owned(), text: base.to_owned() })
    })
}

fn errors(items: &str) -> String {
    match read(&policy(&format!("  exceptions:\n{items}")), "") {
        Ok(_) => "no errors".to_owned(),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn exceptions_add_up() {
    let base = policy("  exceptions:\n  - {rules: [job/*], match: {names: [a]}, reason: first}\n")
        .replace("name: test", "name: base");
    let text = policy(
        "  extends: base.yaml\n  exceptions:\n  - name: second\n    rules: [cron/suspended]\n    match: {names: [b]}\n    \
         reason: '  two  '\n    until: 2027-01-31\n",
    );
    let policy = read(&text, &base).unwrap();
    let all: Vec<String> = policy
        .exceptions()
        .iter()
        .map(|one| {
            format!("{} {} {:?} {:?} at {}", one.id, one.rules.join("+"), &*one.reason, one.until, one.place)
        })
        .collect();
    assert_snapshot!(all.join("\n"));
    let [first, second] = policy.exceptions() else { unreachable!() };
    assert!(first.names("job/no-deadline") && !first.names("cron/suspended"));
    assert!(second.names("cron/suspended") && !second.names("cron/overlap"));
    // What no policy can set is not among all rules.
    let all = read(&text.replace("cron/suspended", "'*'"), &base).unwrap();
    assert!(all.exceptions()[1].names("cron/overlap"));
    assert!(!all.exceptions()[1].names("api/restart-policy"));
}

#[test]
fn what_is_wrong_with_exceptions() {
    assert_snapshot!(errors(
        "  - {}\n  -\n  - text\n  - {rules: [], match: {}, reason: ' ', until: 2027-02-30, expires: x}\n"
    ));
    assert_snapshot!(errors(
        "  - rules: [job/no-deadlin, api/restart-policy, api/*, jobs/*, 'job*', manifest/not-judged, manifest/*, 7, job/*, job/*]\n    \
         match: {name: x, namespaces: []}\n    reason: [x]\n    until: 20270131\n    name: A b\n"
    ));
    let long = "x".repeat(501);
    assert_snapshot!(errors(&format!(
        "  - {{name: a, rules: [job/*], match: {{names: [x]}}, reason: {long}}}\n  - {{name: a, rules: [job/*], match: {{names: [x]}}, reason: x, until: \
         null}}\n  - {{rules: job/*, match: [x], reason: 7, until: 2027-1-1}}\n"
    )));
    // A day that is over is no mistake: a policy does not become invalid by itself.
    assert_snapshot!(errors("  - {rules: [job/*], match: {names: [x]}, reason: x, until: 1999-12-31}\n"));
    let one = "  - {rules: [job/*], match: {names: [x]}, reason: x}\n";
    assert_snapshot!(errors(&one.repeat(500)));
    assert_snapshot!(errors(&one.repeat(501)));
    assert_snapshot!(errors("    a: b\n"));
}

#[test]
fn what_there_is_to_know_of_exceptions() {
    let item = |until: &str| format!("  - {{rules: [job/*], match: {{names: [x]}}, reason: x{until}}}\n");
    let days =
        [", until: 2027-01-01", ", until: 2026-12-12", ", until: 2026-12-13", ", until: 2026-11-28", ""];
    let many = format!("{}{}", item(", until: 2026-11-27").repeat(7), days.map(item).concat());
    let policy = read(&policy(&format!("  exceptions:\n{many}")), "").unwrap();
    assert_snapshot!(policy.exception_notes("2026-11-28T23:59:59Z".parse().unwrap()).join("\n"));
    assert_eq!(policy.exception_notes("2026-11-27T00:00:00Z".parse().unwrap()).len(), 2);
}

#[test]
fn a_rule_is_named_once_by_whatever_name() {
    let of = |rules: &str| errors(&format!("  - {{rules: [{rules}], match: {{names: [x]}}, reason: x}}\n"));
    let twice = of("cron/child-rejected, job/no-deadline, job/no-deadline");
    assert!(twice.contains("\"job/no-deadline\" is named twice"), "{twice}");
    let renamed = registry().rules().iter().find_map(|rule| {
        Some((*rule.spec.renamed_from.iter().find(|_| rule.spec.is_settable())?, rule.id()))
    });
    let (before, now) = renamed.unwrap();
    let twice = of(&format!("{before}, {now}"));
    assert!(
        twice.contains(&format!("{now:?} is the same rule as {before:?}, which is named already"))
            && twice.contains("spec.exceptions[0].rules[1]"),
        "{twice}"
    );
    assert_eq!(of(&format!("{now}, '*', job/*, cron/*")), "no errors");
}

#[test]
fn a_label_matches_some_value() {
    let of = |value: &str| {
        errors(&format!("  - {{rules: [job/*], match: {{labels: {{c: {value}}}}}, reason: x}}\n"))
    };
    let error = of("\"y z\"");
    assert!(
        error.contains("jobguard.yaml:7:42: ")
            && error.contains("spec.exceptions[0].match.labels")
            && error.contains("\"y z\" matches no value of a label"),
        "{error}"
    );
    for value in ["\"y*\"", "\"\"", "a.b_c-d", "'?'"] {
        assert_eq!(of(value), "no errors", "{value}");
    }
}
