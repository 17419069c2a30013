//! Updates of objects that are at fault already: they stay editable, and are not made worse.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::Timestamp;
use jobguard::apiserver::Workload;
use jobguard::engine::{Author, Context, Input, Neighbours, Object, Severity, Verdict, check_update};
use jobguard::policy::{Policy, load};
use jobguard::rules::registry;
use serde_json::{Value, json};

fn policy(spec: &str) -> Policy {
    let text = format!(
        "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {{name: test}}\nspec:\n{spec}"
    );
    let source = load::Source { name: "policy.yaml".into(), text };
    load::read(&source, registry().catalog(), &load::no_files).unwrap()
}

/// A policy where these rules deny and no other speaks.
fn denying(rules: &str) -> Policy {
    policy(&format!("  rules: {{'*': off, {rules}}}\n"))
}

fn object(value: Value) -> Object {
    let is_cron_job = value["kind"] == "CronJob";
    let mut workload = if is_cron_job {
        Workload::CronJob(Box::new(serde_json::from_value(value).unwrap()))
    } else {
        Workload::Job(Box::new(serde_json::from_value(value).unwrap()))
    };
    crate::support::server().apply_defaults(&mut workload);
    Object::prepared(workload)
}

fn cron_job(spec: Value, pod: Value) -> Value {
    let mut spec = spec;
    spec["jobTemplate"]["spec"]["template"]["spec"] = pod;
    let schedule = spec["schedule"].take();
    spec["schedule"] = if schedule.is_null() { "0 3 * * *".into() } else { schedule };
    json!({
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "nightly", "namespace": "etl", "uid": "1", "resourceVersion": "7"},
        "spec": spec,
    })
}

fn pod(containers: Value) -> Value {
    json!({"restartPolicy": "Never", "containers": containers})
}

fn with(job: Value) -> Value {
    let mut spec = json!({});
    spec["jobTemplate"]["spec"] = job;
    cron_job(spec, pod(json!([{"name": "main", "image": "example.com/app:1.0"}])))
}

fn verdict_at(policy: &Policy, now: &str, old: Value, new: Value) -> Verdict {
    let now: Timestamp = now.parse().unwrap();
    let context = Context {
        registry: registry(),
        policy,
        neighbours: &Neighbours::default(),
        file: None,
        input: Input::Alone,
        now,
        namespace_labels: None,
        cancellation: None,
        author: Author::default(),
    };
    check_update(&object(old), &object(new), &context)
}

/// What an update comes to: what denies, and what is only warned about because it stood before.
fn update(policy: &Policy, old: Value, new: Value) -> (Vec<String>, Vec<String>) {
    let verdict = verdict_at(policy, "2026-06-01T00:00:00Z", old, new);
    let named = |wanted: &dyn Fn(&&jobguard::engine::Finding) -> bool| {
        let found = verdict.findings.iter().filter(wanted);
        found.map(|finding| format!("{} {}", finding.rule.id(), finding.path)).collect()
    };
    (named(&|finding| finding.severity == Severity::Error), named(&|finding| finding.ratcheted))
}

fn denied(policy: &Policy, old: Value, new: Value) -> usize {
    update(policy, old, new).0.len()
}

const IMAGE: &str = "spec.jobTemplate.spec.template.spec.containers";

#[test]
fn containers_are_compared_by_name() {
    let policy = denying("pod/image-tag: deny, pod/privileged: deny");
    let bad =
        json!({"name": "main", "image": "example.com/app:latest", "securityContext": {"privileged": true}});
    let good = json!({"name": "log", "image": "example.com/log:1.0"});
    let of = |containers: Value| cron_job(json!({}), pod(containers));
    // A good one put before the old offender.
    let (errors, excused) = update(&policy, of(json!([bad])), of(json!([good, bad])));
    assert_eq!(errors, [""; 0]);
    assert_eq!(
        excused,
        [
            format!("pod/image-tag {IMAGE}[1].image"),
            format!("pod/privileged {IMAGE}[1].securityContext.privileged")
        ]
    );
    // Another image is the same offence; a second offender, and one of another name, is a new one.
    let other =
        json!({"name": "main", "image": "example.com/other:latest", "securityContext": {"privileged": true}});
    assert_eq!(denied(&policy, of(json!([bad])), of(json!([other]))), 0);
    let second = json!({"name": "second", "image": "example.com/app:latest"});
    let (errors, _) = update(&policy, of(json!([bad])), of(json!([second, bad])));
    assert_eq!(errors, [format!("pod/image-tag {IMAGE}[0].image")]);
    let renamed = json!({"name": "renamed", "image": "example.com/app:latest"});
    assert_eq!(denied(&policy, of(json!([bad])), of(json!([renamed]))), 1);
    // At the offender's place in the list, but not the offender.
    let (errors, _) =
        update(&policy, of(json!([bad, good])), of(json!([{"name": "new", "image": "x"}, good])));
    assert_eq!(errors, [format!("pod/image-tag {IMAGE}[0].image")]);
    // An init container is not the container of its name.
    let moved = json!({"restartPolicy": "Never", "initContainers": [bad], "containers": [good]});
    assert_eq!(denied(&policy, of(json!([bad, good])), cron_job(json!({}), moved)), 2);
}

#[test]
fn failure_rules_are_compared_by_what_they_look_at() {
    let policy = denying("job/failure-rule-unreachable: deny");
    let of = |rules: Value| with(json!({"podFailurePolicy": {"rules": rules}}));
    let codes = |action: &str, values: &[i32]| json!({"action": action, "onExitCodes": {"operator": "In", "values": values}});
    let (first, unreachable) = (codes("FailJob", &[1, 2]), codes("Ignore", &[1]));
    let disruption = json!({"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]});
    let old = of(json!([first, unreachable]));
    assert_eq!(denied(&policy, old.clone(), of(json!([disruption, first, unreachable]))), 0);
    assert_eq!(denied(&policy, old.clone(), of(json!([first, codes("Ignore", &[2])]))), 0);
    assert_eq!(denied(&policy, old.clone(), of(json!([first, unreachable, codes("Ignore", &[2])]))), 1);
    assert_eq!(denied(&policy, old, of(json!([first, unreachable, codes("Count", &[2])]))), 1);
}

#[test]
fn a_worse_value_is_denied_and_a_better_one_is_not() {
    let policy = policy(
        "  rules:
    '*': off
    job/max-parallelism: {level: deny, max: 3}
    job/max-completions: {level: deny, max: 3}
    job/max-backoff: {level: deny, max: 3}
    job/disruptions-count: deny
    job/deadline-before-retries: deny
    job/parallelism-exceeds-completions: deny
    pod/resources: deny
",
    );
    for (field, old, worse, better) in [
        ("parallelism", 5, 50, 4),
        ("completions", 5, 50, 4),
        ("backoffLimit", 5, 50, 4),
        // The fewer, the worse.
        ("backoffLimit", 2, 0, 2),
        ("activeDeadlineSeconds", 60, 30, 70),
    ] {
        let of = |value: i32| {
            let mut job = json!({"backoffLimit": 3});
            job[field] = value.into();
            with(job)
        };
        let mut started = of(old);
        started["spec"]["suspend"] = true.into();
        assert_eq!(denied(&policy, of(old), started), 0, "{field} stays");
        assert_eq!(denied(&policy, of(old), of(better)), 0, "{field} is better");
        assert!(denied(&policy, of(old), of(worse)) > 0, "{field} is worse");
    }
    let of = |requests: Value| {
        let main = json!({"name": "main", "image": "a:1", "resources": {"requests": requests}});
        cron_job(json!({}), pod(json!([main])))
    };
    assert_eq!(denied(&policy, of(json!({"cpu": "1"})), of(json!({"cpu": "2"}))), 0);
    assert_eq!(denied(&policy, of(json!({})), of(json!({"cpu": "2"}))), 0);
    assert_eq!(denied(&policy, of(json!({"cpu": "1"})), of(json!({}))), 1);
}

#[test]
fn a_schedule_that_comes_more_often_is_denied() {
    let policy = policy("  rules: {'*': off, cron/too-frequent: {level: deny, minInterval: 1h}}\n");
    let of = |schedule: &str| {
        cron_job(json!({"schedule": schedule}), pod(json!([{"name": "main", "image": "a:1"}])))
    };
    assert_eq!(denied(&policy, of("*/5 * * * *"), of("* * * * *")), 1);
    assert_eq!(denied(&policy, of("*/5 * * * *"), of("*/10 * * * *")), 0);
    assert_eq!(denied(&policy, of("*/5 * * * *"), of("1-59/5 * * * *")), 0);
    // As close, and more of them.
    assert_eq!(denied(&policy, of("0,5 * * * *"), of("*/5 * * * *")), 1);
    assert_eq!(denied(&policy, of("*/5 * * * *"), of("0,5 * * * *")), 0);
    assert_eq!(denied(&policy, of("*/5 0 1 * *"), of("*/5 0 1 * 1")), 1);
    // Further apart, and many more of them; of `@every` too.
    for (old, new) in [
        ("0,1 0 1 1 *", "*/2 * * * *"),
        ("0,10 3 * * *", "@every 10m"),
        ("0,10 3 * * *", "@every 11m"),
        ("0,1 3 * * *", "*/2 3 * * *"),
    ] {
        assert_eq!(denied(&policy, of(old), of(new)), 1, "{old} -> {new}");
    }
    for (old, new) in
        [("@every 5m", "*/5 * * * *"), ("*/5 * * * *", "@every 5m"), ("@every 10m", "0,10 3 * * *")]
    {
        assert_eq!(denied(&policy, of(old), of(new)), 0, "{old} -> {new}");
    }
}

#[test]
fn runs_that_overlap_more_are_denied() {
    let policy = denying("cron/overlap: deny, cron/replace-starves: deny");
    let of = |schedule: &str, policy: &str, deadline: Option<i32>| {
        let job = json!({"spec": {"activeDeadlineSeconds": deadline}});
        let spec = json!({"schedule": schedule, "concurrencyPolicy": policy, "jobTemplate": job});
        cron_job(spec, pod(json!([{"name": "main", "image": "a:1"}])))
    };
    for word in ["Allow", "Replace"] {
        let old = of("*/5 * * * *", word, Some(900));
        assert_eq!(denied(&policy, old.clone(), of("*/5 * * * *", word, Some(600))), 0, "{word}");
        assert_eq!(denied(&policy, old.clone(), of("*/10 * * * *", word, Some(900))), 0, "{word}");
        assert_eq!(denied(&policy, old.clone(), of("* * * * *", word, Some(900))), 1, "{word}");
        assert_eq!(denied(&policy, old, of("*/5 * * * *", word, None)), 1, "{word}");
    }
}

#[test]
fn a_new_denial_is_not_lost_in_what_is_excused() {
    // A missing deadline is told with the overlap where both weigh the same. Here the overlap stood before.
    let policy = denying("cron/forbid-no-deadline: deny, cron/overlap: warn, job/no-deadline: deny");
    let of = |concurrency: &str, deadline: Option<i32>| {
        let job = json!({"spec": {"activeDeadlineSeconds": deadline}});
        let spec = json!({"schedule": "*/5 * * * *", "concurrencyPolicy": concurrency, "jobTemplate": job});
        cron_job(spec, pod(json!([{"name": "main", "image": "a:1"}])))
    };
    let (errors, _) = update(&policy, of("Allow", Some(900)), of("Allow", None));
    assert_eq!(errors, ["job/no-deadline spec.jobTemplate.spec.activeDeadlineSeconds"]);
    let policy = denying("cron/forbid-no-deadline: deny, cron/overlap: deny, job/no-deadline: deny");
    let (errors, _) = update(&policy, of("Allow", Some(900)), of("Allow", None));
    assert_eq!(errors, ["cron/overlap spec.concurrencyPolicy"]);
    // What was folded away in the stored object stood there all the same.
    let (errors, excused) = update(&policy, of("Allow", None), of("Replace", None));
    assert_eq!(errors, [""; 0]);
    assert_eq!(excused, ["job/no-deadline spec.jobTemplate.spec.activeDeadlineSeconds"]);
}

#[test]
fn leaving_an_override_counts() {
    let policy = policy(
        "  rules: {'*': off, job/max-parallelism: {level: deny, max: 3}}
  overrides:
  - match: {labels: {tier: batch}}
    rules: {job/max-parallelism: warn}
  - match: {labels: {tier: large}}
    rules: {job/max-parallelism: {max: 10}}
",
    );
    let of = |tier: &str, parallelism: i32| {
        let mut value = with(json!({"parallelism": parallelism}));
        value["metadata"]["labels"] = json!({"tier": tier});
        value
    };
    assert_eq!(denied(&policy, of("batch", 5), of("none", 5)), 1);
    assert_eq!(denied(&policy, of("large", 5), of("none", 5)), 1);
    assert_eq!(denied(&policy, of("none", 5), of("none", 5)), 0);
    assert_eq!(denied(&policy, of("none", 5), of("batch", 50)), 0);
}

#[test]
fn what_the_annotation_silenced_excuses_nothing() {
    let policy = policy(
        "  rules: {'*': off, job/max-parallelism: {level: deny, max: 3}}\n  suppressions: {levels: [deny]}\n",
    );
    let of = |ignored: Option<&str>, parallelism: i32| {
        let mut value = with(json!({"parallelism": parallelism}));
        if let Some(ignored) = ignored {
            value["metadata"]["annotations"] = json!({"jobguard.dev/ignore": ignored});
        }
        value
    };
    let named = Some("job/max-parallelism");
    assert_eq!(denied(&policy, of(named, 5), of(named, 50)), 0);
    assert_eq!(denied(&policy, of(named, 5), of(None, 5)), 1);
    assert_eq!(denied(&policy, of(None, 5), of(None, 5)), 0);
    // By default the annotation does not reach what is denied: what it tried to silence stood there.
    let by_default = denying("job/max-parallelism: {level: deny, max: 3}");
    assert_eq!(denied(&by_default, of(named, 5), of(named, 5)), 0);
    assert_eq!(denied(&by_default, of(named, 5), of(named, 6)), 1);
}

#[test]
fn a_template_is_one_mistake() {
    let policy = denying("template/unexpanded: deny");
    let of = |images: [&str; 3]| {
        let containers =
            images.iter().zip(["a", "b", "c"]).map(|(image, name)| json!({"name": name, "image": image}));
        cron_job(json!({}), pod(containers.collect()))
    };
    let old = of(["a:$TAG", "b:$TAG", "c:1"]);
    assert_eq!(denied(&policy, old.clone(), old.clone()), 0);
    // The first place is corrected, and it shows at the second.
    assert_eq!(denied(&policy, old.clone(), of(["a:1", "b:$TAG", "c:1"])), 0);
    assert_eq!(denied(&policy, old, of(["a:$TAG", "b:$TAG", "c:$TAG"])), 1);
}

#[test]
fn the_policy_says_when_what_stands_already_is_denied() {
    const RULES: &str = "  rules: {'*': off, job/max-parallelism: {level: deny, max: 3}}\n";
    let old = || with(json!({"parallelism": 5}));
    let at = |spec: &str, now: &str| {
        let verdict = verdict_at(&policy(&format!("{RULES}{spec}")), now, old(), old());
        let finding = &verdict.findings[0];
        (finding.severity, finding.ratcheted, finding.help.clone().unwrap_or_default())
    };
    let (severity, ratcheted, help) = at("", "2027-02-28T23:59:59Z");
    assert_eq!((severity, ratcheted), (Severity::Warning, true));
    assert!(!help.contains("2027"), "{help}");
    let (severity, ..) = at("  existing: deny\n", "2027-02-28T23:59:59Z");
    assert_eq!(severity, Severity::Error);
    let dated = "  existingDenyFrom: 2027-03-01\n";
    let (severity, _, help) = at(dated, "2027-02-28T23:59:59Z");
    assert_eq!(severity, Severity::Warning);
    assert!(help.ends_with("denied from 2027-03-01 on"), "{help}");
    assert_eq!(at(dated, "2027-03-01T00:00:00Z").0, Severity::Error);
}

/// What there is to say about a Job with this annotation, and how much of it was suppressed.
fn annotated(policy: &Policy, annotation: &str) -> (Vec<(&'static str, String, bool)>, usize) {
    let mut value = with(json!({"parallelism": 5}));
    value["metadata"]["annotations"] = json!({"jobguard.dev/ignore": annotation});
    let verdict = verdict_at(policy, "2026-06-01T00:00:00Z", with(json!({})), value);
    let found = verdict.findings.iter().filter(|finding| finding.rule.spec.category() == "suppression");
    let told = found.map(|finding| (finding.rule.id(), finding.message.clone(), finding.fix.is_some()));
    (told.collect(), verdict.suppressed.len())
}

#[test]
fn an_annotation_is_read_up_to_a_bound() {
    let policy =
        policy("  rules: {'*': off, job/max-parallelism: {level: warn, max: 3}, suppression/*: warn}\n");
    let names = |count: usize| (0..count).map(|n| format!("team/{n}")).collect::<Vec<_>>().join(", ");
    // Read whole: what it names is silenced, each unknown name told, with a way to correct it.
    let (told, suppressed) = annotated(&policy, "job/max-parallelism, job/max-paralelism");
    assert_eq!(suppressed, 1);
    assert_eq!(told.len(), 1);
    assert!(told[0].2, "{told:?}");
    // The excess suppresses nothing, and one finding says so; unknown names are told a bounded number of times.
    for annotation in [
        format!("{}, job/max-parallelism", names(200)),
        format!("job/max-parallelism {}", " ".repeat(9_000)),
        format!("job/max-parallelism, {}", names(50_000)),
    ] {
        let (told, suppressed) = annotated(&policy, &annotation);
        assert_eq!(suppressed, 0, "{}", annotation.len());
        assert_eq!(told.iter().filter(|(rule, ..)| *rule == "suppression/too-long").count(), 1);
        assert!(told.len() <= 12, "{}", told.len());
        // What was not read would be lost.
        assert!(told.iter().all(|(.., has_fix)| !has_fix), "{told:?}");
    }
    let (told, suppressed) = annotated(&policy, &format!("job/max-parallelism, {}", names(99)));
    assert_eq!(suppressed, 1);
    assert!(told.iter().all(|(rule, ..)| *rule == "suppression/unknown-rule"), "{told:?}");
    assert!(told.last().unwrap().1.contains("89 more names"), "{told:?}");
}

#[test]
fn an_annotation_that_does_not_count_is_told_so() {
    let rules = "  rules: {'*': off, job/max-parallelism: {level: deny, max: 3}, suppression/*: warn}\n";
    for suppressions in ["", "  suppressions: {allow: false}\n", "  suppressions: {levels: [warn, info]}\n"] {
        let policy = policy(&format!("{rules}{suppressions}"));
        let (told, suppressed) = annotated(&policy, "job/max-parallelism");
        assert_eq!(suppressed, 0);
        assert_eq!(told.iter().map(|(rule, ..)| *rule).collect::<Vec<_>>(), ["suppression/not-allowed"]);
    }
    let allowing = policy(&format!("{rules}  suppressions: {{levels: [deny]}}\n"));
    assert_eq!(annotated(&allowing, "job/max-parallelism"), (vec![], 1));
}
