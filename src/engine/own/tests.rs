//! Own rules, judged.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use jiff::Timestamp;
use jobguard_apiserver::{Kind, Workload};
use serde_json::{Value, json};

use crate::engine::{
    Author, Context, Finding, Input, Neighbours, Object, RequestFacts, Severity, check, check_update,
};
use crate::policy::Policy;
use crate::policy::load::{self, Source};
use crate::rules::{registry, registry_of};

fn policy(rules: &str) -> Policy {
    let text = format!(
        "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata:\n  name: p\nspec:\n  rules: {{'*': off}}\n  customRules:\n{rules}"
    );
    load::read(&Source { name: "p.yaml".to_owned(), text }, registry().catalog(), &load::no_files).unwrap()
}

fn rule(fields: &str) -> Policy {
    policy(&format!("  - {{id: acme/rule, level: deny, {fields}}}\n"))
}

fn workload(kind: Kind, spec: Value) -> Workload {
    let object = json!({"metadata": {"name": "nightly", "labels": {"owner": "anna"}}, "spec": spec});
    match kind {
        Kind::Job => Workload::Job(serde_json::from_value(object).unwrap()),
        Kind::CronJob => Workload::CronJob(serde_json::from_value(object).unwrap()),
    }
}

fn pods() -> Value {
    json!({"spec": {"restartPolicy": "Never", "containers": [
        {"name": "a", "image": "registry.example/a:1", "resources": {"limits": {"memory": "1Gi"}}},
        {"name": "b", "image": "b:2"},
    ]}})
}

fn job() -> Workload {
    workload(
        Kind::Job,
        json!({"parallelism": 4, "completions": 3, "activeDeadlineSeconds": 3570, "template": pods()}),
    )
}

fn cron_job() -> Workload {
    let schedule = json!({"schedule": "30 2,14 * * 1-5", "timeZone": "Europe/Berlin"});
    let mut spec = schedule;
    spec["jobTemplate"] = json!({"spec": {"parallelism": 4, "template": pods()}});
    workload(Kind::CronJob, spec)
}

fn context<'a>(policy: &'a Policy, neighbours: &'a Neighbours) -> Context<'a> {
    Context {
        registry: registry_of(policy),
        policy,
        neighbours,
        file: None,
        input: Input::Alone,
        now: Timestamp::UNIX_EPOCH,
        namespace_labels: None,
        cancellation: None,
        author: Author::default(),
    }
}

fn own(findings: Vec<Finding>) -> Vec<Finding> {
    findings.into_iter().filter(|finding| finding.rule.is_own()).collect()
}

fn judged(policy: &Policy, workload: Workload) -> Vec<Finding> {
    let neighbours = Neighbours::default();
    let object = Object::created(&policy.server, workload, |_| false);
    own(check(&object, &context(policy, &neighbours)).findings)
}

fn holds(expression: &str, workload: Workload) {
    let policy = rule(&format!("expression: {expression:?}"));
    let findings = judged(&policy, workload);
    assert!(findings.is_empty(), "{expression}: {}", findings[0].message);
}

/// Each policy's expressions look at other parts of the same object.
#[test]
fn an_object_is_judged_by_several_policies() {
    let neighbours = Neighbours::default();
    let one = rule("expression: \"object.metadata.labels.owner == 'anna' && job.spec.parallelism == 4\"");
    let other = rule(
        "expression: \"job.spec.template.spec.containers.exists(c, c.image == 'b:2') && object.metadata.name == 'other'\", messageExpression: object.metadata.name",
    );
    for workload in [job(), cron_job()] {
        let object = Object::created(&one.server, workload, |_| false);
        for _ in 0..2 {
            assert!(own(check(&object, &context(&one, &neighbours)).findings).is_empty());
            let findings = own(check(&object, &context(&other, &neighbours)).findings);
            assert_eq!(findings[0].message, "nightly");
        }
    }
}

#[test]
fn what_expressions_see() {
    for expression in [
        "object.apiVersion == 'batch/v1' && object.kind == 'Job' && object.metadata.name == 'nightly'",
        // The API's defaults, and objects that are always there.
        "object.spec.backoffLimit == 6 && has(object.status)",
        "object.spec.template.spec.containers[1].resources == {} && !has(object.spec.template.spec.hostNetwork)",
        "quantity(object.spec.template.spec.containers[0].resources.limits.memory).compareTo(quantity('1024Mi')) == 0",
        "object.spec.template.spec.containers.exists(c, !has(c.resources.limits))",
        "oldObject == null && request == null && namespaceObject == null",
        "job.spec == object.spec && job.metadata.labels.owner == 'anna' && schedule == null",
        "job.worstCase == duration('1h') && job.podsAtOnce == 3",
    ] {
        holds(expression, job());
    }
    for expression in [
        "job.spec == object.spec.jobTemplate.spec && job.metadata == {} && !has(job.worstCase) && job.podsAtOnce == 4",
        "schedule.minInterval == duration('12h') && schedule.timeZone == 'Europe/Berlin'",
        "schedule.firesAt('02:30') && schedule.firesAt('14:30') && !schedule.firesAt('02:31')",
        // A Thursday in winter, a Saturday, and a second too late.
        "schedule.firesAt('2027-01-28T01:30:00Z') && schedule.firesAt(timestamp('2027-01-28T13:30:00Z'))",
        "!schedule.firesAt('2027-01-30T01:30:00Z') && !schedule.firesAt('2027-01-28T01:30:01Z')",
    ] {
        holds(expression, cron_job());
    }
}

#[test]
fn a_finding_says_what_the_policy_says() {
    let policy = rule(
        "expression: 'job.spec.parallelism <= 2', messageExpression: '\"parallelism is \" + string(job.spec.parallelism)', path: job.spec.parallelism, help: use less",
    );
    for (workload, path) in [(job(), "spec.parallelism"), (cron_job(), "spec.jobTemplate.spec.parallelism")] {
        let findings = judged(&policy, workload);
        let [finding] = findings.as_slice() else { panic!("{findings:?}") };
        assert_eq!(finding.message, "parallelism is 4");
        assert_eq!((finding.path.to_string().as_str(), finding.severity), (path, Severity::Error));
        assert_eq!((finding.help.as_deref(), finding.rule.id()), (Some("use less"), "acme/rule"));
    }
    let message =
        |fields: &str| judged(&rule(&format!("expression: 'false', {fields}")), job()).remove(0).message;
    assert_eq!(message("message: wrong"), "wrong");
    assert_eq!(message("path: spec"), "failed expression: false");
    // What is no message is none.
    for words in ["object.spec.other", "\"a\\nb\"", "\" \"", "object.spec.parallelism"] {
        assert_eq!(message(&format!("message: wrong, messageExpression: {words:?}")), "wrong", "{words}");
    }
    // The object's own words do nothing to a terminal.
    assert_eq!(
        message("messageExpression: \"'a\\\\u001b[31m' + object.metadata.labels.owner\""),
        "a\u{fffd}[31manna"
    );
    assert!(
        message(&format!("messageExpression: \"lists.range(500).map(x, '{}').join('')\"", "a".repeat(50)))
            .chars()
            .count()
            <= 501
    );
}

#[test]
fn an_error_follows_on_error() {
    let severity = |fields: &str| {
        let findings = judged(&rule(&format!("expression: object.spec.other == 1, {fields}")), job());
        let [finding] = findings.as_slice() else { panic!("{findings:?}") };
        assert_eq!(finding.message, "the rule cannot be evaluated: no such key: other");
        finding.severity
    };
    assert_eq!((severity("message: wrong"), severity("onError: deny")), (Severity::Error, Severity::Error));
    assert_eq!(severity("onError: warn"), Severity::Warning);
    // Never more than the rule itself.
    let policy = policy("  - {id: acme/rule, level: info, expression: object.spec.other == 1}\n");
    assert_eq!(judged(&policy, job())[0].severity, Severity::Info);
    // What is not known offline is reported as such, and no more.
    for (expression, name) in [
        ("request.operation == 'CREATE'", "request"),
        ("namespaceObject.metadata.labels.a == 'b'", "namespaceObject"),
    ] {
        let findings = judged(&rule(&format!("expression: {expression:?}")), job());
        assert_eq!(findings[0].message, format!("not checked: `{name}` is known to the webhook alone"));
        assert_eq!(findings[0].severity, Severity::Info);
    }
    assert!(
        judged(&rule("expression: 'request == null || request.operation == \"CREATE\"'"), job()).is_empty()
    );
}

/// What the API server fills in is not known of a manifest: there is no verdict, whatever the expression comes to.
#[test]
fn what_the_api_server_fills_in_is_not_known() {
    let set = |field: &str| format!("not checked: the API server sets `{field}`");
    for (expression, field) in [
        ("has(object.metadata.creationTimestamp)", "metadata.creationTimestamp"),
        (
            "timestamp(object.metadata.creationTimestamp) > timestamp('2026-01-01T00:00:00Z')",
            "metadata.creationTimestamp",
        ),
        ("!has(object.metadata.uid)", "metadata.uid"),
        ("object.metadata.?resourceVersion.orValue('0') != '1'", "metadata.resourceVersion"),
        ("object.metadata.generation < 100", "metadata.generation"),
        ("size(object.metadata.managedFields) < 3", "metadata.managedFields"),
        ("!has(object.metadata.selfLink)", "metadata.selfLink"),
        ("!has(object.status.active) || object.status.active < 9", "status"),
        ("object.metadata.all(key, key != 'uid')", "metadata.creationTimestamp"),
        ("!has(job.metadata.uid)", "metadata.uid"),
    ] {
        let findings = judged(&rule(&format!("expression: {expression:?}")), job());
        let [finding] = findings.as_slice() else { panic!("{expression}: {findings:?}") };
        assert_eq!((finding.message.as_str(), finding.severity), (set(field).as_str(), Severity::Info));
    }
    // The Job's metadata are those of a CronJob's template, which the server leaves as they are.
    holds("!has(job.metadata.uid) && has(object.status) && has(object.metadata)", cron_job());
    // What an evaluation does not reach has no influence.
    holds("request == null || has(object.metadata.uid)", job());
    let policy = rule("expression: \"has(object.metadata.namespace) && object.metadata.namespace == 'etl'\"");
    assert_eq!(judged(&policy, job())[0].message, "not checked: the object names no namespace");
    let mut named = job();
    named.metadata_mut().namespace = Some("etl".to_owned());
    assert!(judged(&policy, named).is_empty());
    let policy = rule("expression: object.metadata.name.startsWith('a-')");
    let mut unnamed = job();
    (unnamed.metadata_mut().name, unnamed.metadata_mut().generate_name) = (None, Some("a-".to_owned()));
    assert_eq!(
        judged(&policy, unnamed)[0].message,
        "not checked: the API server makes `metadata.name` of generateName"
    );
    assert_eq!(judged(&policy, job())[0].severity, Severity::Error);
}

/// On an object that an API server has sent, all of it is known: there is a verdict, of a change offline too.
#[test]
fn what_is_stored_is_known() {
    let policy = rule(
        "expression: \"object.metadata.uid == 'u' && !has(object.metadata.deletionTimestamp) && !has(object.status.active)\"",
    );
    let neighbours = Neighbours::default();
    let mut stored = job();
    stored.metadata_mut().uid = Some("u".to_owned());
    let old = Object::prepared(stored);
    assert!(own(check(&old, &context(&policy, &neighbours)).findings).is_empty());
    let new = Object::updated(&policy.server, job(), &old, |_| false);
    assert!(own(check_update(&old, &new, &context(&policy, &neighbours)).findings).is_empty());
    // What every stored object has, and this one was kept without, is not.
    for field in ["creationTimestamp", "managedFields", "resourceVersion"] {
        let policy = rule(&format!("expression: has(object.metadata.{field})"));
        let findings = own(check(&old, &context(&policy, &neighbours)).findings);
        assert_eq!(findings[0].message, format!("not checked: the API server sets `metadata.{field}`"));
        // A review has all that there is.
        let request =
            RequestFacts { operation: "CREATE", kind: ("batch", "v1", "Job"), ..RequestFacts::default() };
        let author = Author { request: Some(request), ..Author::default() };
        let findings = own(check(&old, &Context { author, ..context(&policy, &neighbours) }).findings);
        assert_eq!(findings[0].severity, Severity::Error);
    }
    // Of a stored object that was kept without what the server sets, it is not.
    let old = Object::created(&policy.server, job(), |_| false);
    let policy = rule("expression: \"oldObject == null || oldObject.metadata.uid == 'u'\"");
    let new = Object::updated(&policy.server, job(), &old, |_| false);
    let findings = own(check_update(&old, &new, &context(&policy, &neighbours)).findings);
    assert_eq!(findings[0].message, "not checked: the API server sets `metadata.uid`");
}

/// An update that makes an object match a rule is judged like a new object: the stored one did not violate the rule, so nothing is
/// excused. The same holds for an override that raises the level, and for an exception that no longer covers the object.
#[test]
fn what_newly_matches_is_new() {
    let neighbours = Neighbours::default();
    let labelled = |tier: Option<&str>| {
        let mut job = job();
        let labels = tier.map(|tier| [("tier".to_owned(), tier.to_owned())].into());
        job.metadata_mut().labels = labels;
        job
    };
    let change = |policy: &Policy, before: Option<&str>, after: Option<&str>| {
        let old = Object::created(&policy.server, labelled(before), |_| false);
        let new = Object::updated(&policy.server, labelled(after), &old, |_| false);
        let findings = own(check_update(&old, &new, &context(policy, &neighbours)).findings);
        findings.first().map(|finding| (finding.severity, finding.ratcheted))
    };
    let expression = "expression: 'object.spec.parallelism <= 2', path: spec.parallelism";
    let matching = rule(&format!("{expression}, match: {{labels: {{tier: gold}}}}"));
    let (error, excused) = (Some((Severity::Error, false)), Some((Severity::Warning, true)));
    assert_eq!(change(&matching, None, Some("gold")), error);
    assert_eq!(change(&matching, Some("gold"), Some("gold")), excused);
    assert_eq!(change(&matching, Some("gold"), None), None);
    let raised = policy(&format!(
        "  - {{id: acme/rule, level: warn, {expression}}}\n  overrides:\n  - match: {{labels: {{tier: gold}}}}\n    rules: {{acme/rule: deny}}\n"
    ));
    assert_eq!(change(&raised, None, Some("gold")), error);
    assert_eq!(change(&raised, Some("gold"), Some("gold")), excused);
    let excepted = policy(&format!(
        "  - {{id: acme/rule, level: deny, {expression}}}\n  exceptions:\n  - {{rules: [acme/rule], match: {{labels: {{tier: free}}}}, reason: agreed}}\n"
    ));
    assert_eq!(change(&excepted, Some("free"), None), error);
    assert_eq!(change(&excepted, None, Some("gold")), excused);
}

#[test]
fn requests_namespaces_and_stored_objects_are_seen() {
    let policy = rule(
        "expression: \"request.operation == 'UPDATE' && 'ops' in request.userInfo.groups && request.resource.resource == 'jobs' && namespaceObject.metadata.labels.tier == 'gold' && oldObject.spec.parallelism == 4\"",
    );
    let labels = std::collections::BTreeMap::from([("tier".to_owned(), "gold".to_owned())]);
    let groups = ["ops".to_owned()];
    let request = RequestFacts {
        operation: "UPDATE",
        kind: ("batch", "v1", "Job"),
        groups: &groups,
        ..RequestFacts::default()
    };
    let neighbours = Neighbours::default();
    let author = Author { user: Some("anna"), request: Some(request), ..Author::default() };
    let context = Context { namespace_labels: Some(&labels), author, ..context(&policy, &neighbours) };
    let old = Object::created(&policy.server, job(), |_| false);
    let new = Object::updated(&policy.server, job(), &old, |_| false);
    assert!(own(check_update(&old, &new, &context).findings).is_empty());
    // As created, there is none.
    let findings = own(check(&new, &context).findings);
    assert_eq!(findings[0].message, "the rule cannot be evaluated: no such overload: null_type.spec");
}

#[test]
fn old_objects_stay_editable() {
    let policy = rule("expression: 'object.spec.parallelism <= 2', path: spec.parallelism");
    let neighbours = Neighbours::default();
    let old = Object::created(&policy.server, job(), |_| false);
    let new = Object::updated(&policy.server, job(), &old, |_| false);
    let findings = own(check_update(&old, &new, &context(&policy, &neighbours)).findings);
    assert_eq!((findings[0].severity, findings[0].ratcheted), (Severity::Warning, true));
}

#[test]
fn an_annotation_suppresses_an_own_rule() {
    let rules = "  - {id: acme/rule, level: warn, expression: 'false'}\n";
    for name in ["acme/rule", "acme/*"] {
        let mut job = job();
        let annotation = ("jobguard.dev/ignore".to_owned(), name.to_owned());
        job.metadata_mut().annotations = Some([annotation].into());
        assert!(judged(&policy(rules), job).is_empty(), "{name}");
    }
    let policy =
        policy(&(rules.to_owned() + "  rules: {'*': off, suppression/*: warn}\n").replace("  rules", "# "));
    let mut job = job();
    job.metadata_mut().annotations =
        Some([("jobguard.dev/ignore".to_owned(), "acme/rulle".to_owned())].into());
    let neighbours = Neighbours::default();
    let object = Object::created(&policy.server, job, |_| false);
    let findings = check(&object, &context(&policy, &neighbours)).findings;
    assert!(findings.iter().any(|finding| finding.rule.id() == "acme/rule"), "{findings:?}");
}

#[test]
fn all_rules_of_an_object_share_a_budget() {
    let explosive = "lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, true)))";
    let rules: String =
        (0..100).map(|n| format!("  - {{id: acme/rule-{n:03}, expression: {explosive:?}}}\n")).collect();
    let policy = policy(&rules);
    let before = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let findings = judged(&policy, job());
    let after = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    assert_eq!(findings.len(), 100);
    let told = |words: &str| findings.iter().filter(|finding| finding.message.ends_with(words)).count();
    // The first four by their ids have used up all.
    assert_eq!(told("the rule cannot be evaluated: it takes more than 500,000 steps"), 4, "{findings:?}");
    assert_eq!(
        told(
            "the rule cannot be evaluated: all own rules together have used up the 2,000,000 steps that an object has"
        ),
        96,
        "{findings:?}"
    );
    assert!(after.tv_sec - before.tv_sec < 10);
}
