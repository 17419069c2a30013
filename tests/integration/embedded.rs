//! Jobs inside other objects: what the linter says of a file, the webhook says of a review, as long as the Job inside is
//! what it was; and neither of the two stands in the way of what is not a Job.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::Timestamp;
use serde_json::{Value, json};

use jobguard::linter::Linter;
use jobguard::policy::load::{self, Source as PolicySource};
use jobguard::policy::{Policy, Preset};
use jobguard::rules::registry;
use jobguard::sources::Source;

fn recommended() -> Policy {
    load::preset(Preset::Recommended, registry().catalog()).unwrap()
}

fn policy(spec: &str) -> Policy {
    let text = format!(
        "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {{name: test}}\nspec: {spec}\n"
    );
    let source = PolicySource { name: "test.yaml".to_owned(), text };
    load::read(&source, registry().catalog(), &load::no_files).unwrap()
}

/// What the linter says at a level other than info: rule and path. And how many objects there are.
fn lint(policy: &Policy, object: &str) -> (Vec<String>, usize) {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let source = Source::Text { name: "a.yaml".into(), bytes: object.as_bytes().to_vec() };
    let report = Linter::new(policy, now).lint(&[source]).report;
    let said = report.diagnostics.iter().filter(|found| found.severity > jobguard::engine::Severity::Info);
    let said = said.map(|found| format!("{} {} {}", found.severity, found.rule.id(), found.path));
    (said.collect(), report.objects)
}

/// A Job's spec with a restart policy.
fn job(restart_policy: &str) -> Value {
    json!({
        "backoffLimit": 3,
        "template": {"spec": {
            "restartPolicy": restart_policy,
            "containers": [{"name": "main", "image": "example.com/app:1.0"}],
        }},
    })
}

fn job_set(restart_policy: &str) -> Value {
    json!({
        "apiVersion": "jobset.x-k8s.io/v1alpha2",
        "kind": "JobSet",
        "metadata": {"name": "training", "namespace": "ns", "labels": {"tier": "gold"}},
        "spec": {"replicatedJobs": [
            {"name": "driver", "template": {"spec": job("Never")}},
            {"name": "workers", "template": {"spec": job(restart_policy)}},
        ]},
    })
}

fn scaled_job(restart_policy: &str) -> Value {
    json!({
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledJob",
        "metadata": {"name": "consumer", "namespace": "ns"},
        "spec": {"jobTargetRef": job(restart_policy), "triggers": []},
    })
}

fn analysis_template(restart_policy: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisTemplate",
        "metadata": {"name": "smoke", "namespace": "ns"},
        "spec": {"metrics": [
            {"name": "web", "provider": {"web": {"url": "https://example.com"}}},
            {"name": "smoke", "provider": {"job": {"spec": job(restart_policy)}}},
        ]},
    })
}

fn advanced_cron_job(restart_policy: &str) -> Value {
    json!({
        "apiVersion": "apps.kruise.io/v1beta1",
        "kind": "AdvancedCronJob",
        "metadata": {"name": "nightly", "namespace": "ns"},
        "spec": {"schedule": "15 3 * * *", "timeZone": "Etc/UTC", "template": {"jobTemplate": {"spec": job(restart_policy)}}},
    })
}

/// An object with a restart policy, and where it stands.
type Case = (fn(&str) -> Value, &'static str);

const CASES: [Case; 4] = [
    (job_set, "spec.replicatedJobs[1].template.spec.template.spec.restartPolicy"),
    (scaled_job, "spec.jobTargetRef.template.spec.restartPolicy"),
    (analysis_template, "spec.metrics[1].provider.job.spec.template.spec.restartPolicy"),
    (advanced_cron_job, "spec.template.jobTemplate.spec.template.spec.restartPolicy"),
];

#[test]
fn the_linter_names_the_field_of_the_outer_object() {
    for (object, path) in CASES {
        let (said, objects) = lint(&recommended(), &object("Always").to_string());
        assert_eq!((said, objects), (vec![format!("error job/child-rejected {path}")], 1));
        assert_eq!(lint(&recommended(), &object("Never").to_string()), (Vec::new(), 1));
    }
}

#[test]
fn a_kind_is_added_and_taken_back() {
    let added = policy(
        "{embeddedJobs: [{group: example.com, kind: Pipeline, jobs: [{path: 'spec.steps[*].job', type: JobSpec}]}]}",
    );
    let pipeline = |api_version: &str| {
        json!({
            "apiVersion": api_version,
            "kind": "Pipeline",
            "metadata": {"name": "build"},
            "spec": {"steps": [{"name": "a"}, {"name": "b", "job": job("Always")}]},
        })
        .to_string()
    };
    let path = "spec.steps[1].job.template.spec.restartPolicy";
    let (said, _) = lint(&added, &pipeline("example.com/v7"));
    assert_eq!(said, [format!("error job/child-rejected {path}")]);
    assert_eq!(lint(&added, &pipeline("example.org/v7")), (Vec::new(), 0));
    assert_eq!(lint(&recommended(), &pipeline("example.com/v7")), (Vec::new(), 0));
    let taken = policy("{embeddedJobs: [{group: keda.sh, kind: ScaledJob}]}");
    assert_eq!(lint(&taken, &scaled_job("Always").to_string()), (Vec::new(), 0));
}

#[test]
fn the_rule_is_set_like_any_other() {
    for (rules, expected) in [
        ("{rules: {job/child-rejected: warn}}", Some("warning")),
        ("{rules: {cron/child-rejected: off}}", None),
        (
            "{overrides: [{match: {ownerKinds: [JobSet]}, rules: {job/child-rejected: warn}}]}",
            Some("warning"),
        ),
        (
            "{overrides: [{match: {labels: {tier: gold}}, rules: {job/child-rejected: warn}}]}",
            Some("warning"),
        ),
        ("{overrides: [{match: {names: [training]}, rules: {job/child-rejected: warn}}]}", Some("warning")),
        ("{overrides: [{match: {namespaces: [other]}, rules: {job/child-rejected: warn}}]}", Some("error")),
    ] {
        let (said, _) = lint(&policy(rules), &job_set("Always").to_string());
        let (_, path) = CASES[0];
        let expected: Vec<String> =
            expected.map(|level| format!("{level} job/child-rejected {path}")).into_iter().collect();
        assert_eq!(said, expected, "{rules}");
    }
}

/// Rules of the policy's own are about the Jobs inside, as about any Job: with the path in the outer object, at the level of an
/// override, and with what the outer object makes of them (names, namespace, how many there are, when they run).
#[test]
fn own_rules_are_about_the_jobs_inside() {
    let own = |rule: &str| {
        policy(&format!("{{rules: {{'*': off}}, customRules: [{{id: acme/a, level: deny, {rule}}}]}}"))
    };
    let jobs = [
        (
            job_set("Never"),
            vec!["spec.replicatedJobs[0].template.spec", "spec.replicatedJobs[1].template.spec"],
        ),
        (scaled_job("Never"), vec!["spec.jobTargetRef"]),
        (analysis_template("Never"), vec!["spec.metrics[1].provider.job.spec"]),
        (advanced_cron_job("Never"), vec!["spec.template.jobTemplate.spec"]),
    ];
    let fails = own("expression: job.spec.backoffLimit <= 2, path: job.spec.backoffLimit");
    let holds = own("expression: job.spec.backoffLimit <= 3 && job.podsAtOnce >= 1 && job.spec == job.spec");
    for (object, places) in &jobs {
        let text = object.to_string();
        let expected: Vec<String> =
            places.iter().map(|place| format!("error acme/a {place}.backoffLimit")).collect();
        assert_eq!(lint(&fails, &text), (expected, 1), "{}", object["kind"]);
        assert_eq!(lint(&holds, &text), (Vec::new(), 1), "{}", object["kind"]);
        // In a namespace, by a name, and not for others.
        let matched = |condition: &str| {
            lint(&own(&format!("expression: 'false', match: {{{condition}}}")), &text).0.len()
        };
        assert_eq!((matched("namespaces: [ns]"), matched("namespaces: [other]")), (places.len(), 0));
        let name = object["metadata"]["name"].as_str().unwrap();
        assert_eq!((matched(&format!("names: ['{name}*']")), matched("names: [else]")), (places.len(), 0));
        let kind = if object["kind"] == "AdvancedCronJob" { "CronJob" } else { "Job" };
        assert_eq!(matched(&format!("kinds: [{kind}]")), places.len());
    }
    // When they run is known of what says so, and of nothing else.
    let window = own("expression: \"schedule == null || !schedule.firesAt('03:15')\", path: spec.schedule");
    assert_eq!(lint(&window, &advanced_cron_job("Never").to_string()).0, ["error acme/a spec.schedule"]);
    assert_eq!(lint(&window, &scaled_job("Never").to_string()).0, [""; 0]);
    // An override and the annotation, of the object and of one template.
    let warned = policy(
        "{rules: {'*': off}, customRules: [{id: acme/a, level: warn, expression: 'false'}], \
         overrides: [{match: {ownerKinds: [JobSet]}, rules: {acme/a: deny}}]}",
    );
    let levels = |object: &Value| -> Vec<String> {
        let said = lint(&warned, &object.to_string()).0;
        said.iter().map(|said| said.split(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(levels(&job_set("Never")), ["error", "error"]);
    assert_eq!(levels(&scaled_job("Never")), ["warning"]);
    let ignoring =
        policy("{rules: {'*': off}, customRules: [{id: acme/a, level: warn, expression: 'false'}]}");
    let mut object = job_set("Never");
    object["spec"]["replicatedJobs"][1]["template"]["metadata"] =
        json!({"annotations": {"jobguard.dev/ignore": "acme/a"}});
    assert_eq!(lint(&ignoring, &object.to_string()).0.len(), 1);
    object["metadata"]["annotations"] = json!({"jobguard.dev/ignore": "acme/*"});
    assert_eq!(lint(&ignoring, &object.to_string()).0, [""; 0]);
    // What the API server fills in is as unknown as of any Job that is not made yet.
    let unknown = own("expression: has(object.metadata.uid)");
    for (object, places) in &jobs {
        assert_eq!(lint(&unknown, &object.to_string()).0, [""; 0]);
        assert_eq!(words(&unknown, &object.to_string(), "acme/a").len(), places.len());
    }
}

/// Nothing but a CronJob is a CronJob, and kubectl makes Jobs of nothing else.
#[test]
fn what_is_said_of_schedules_names_the_kind() {
    let never = |mut object: Value| {
        object["spec"]["schedule"] = "0 6 30 2 *".into();
        words(&policy("{extends: strict}"), &object.to_string(), "cron/never-fires").join("\n")
    };
    let said = never(advanced_cron_job("Never"));
    assert!(said.contains("if the AdvancedCronJob is not meant to run, set paused: true"), "{said}");
    assert!(!said.contains("kubectl"), "{said}");
    let said = never(json!({
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "nightly"},
        "spec": {"jobTemplate": {"spec": job("Never")}},
    }));
    assert!(said.contains("template for `kubectl create job --from`"), "{said}");

    for (change, rule) in [
        (json!({"paused": true}), "cron/suspended"),
        (json!({"schedule": "0 0 1 * 1"}), "cron/dom-or-dow"),
        (json!({"failedJobsHistoryLimit": 20_000}), "job/ttl-missing"),
        (json!({"template": {"jobTemplate": {"spec": {"parallelism": 0}}}}), "job/paused-by-parallelism"),
        (
            json!({"concurrencyPolicy": "Replace", "template": {"jobTemplate": {"spec": {"activeDeadlineSeconds": 100_000_000}}}}),
            "job/no-deadline",
        ),
    ] {
        let mut object = advanced_cron_job("Never");
        merge(&mut object["spec"], change);
        let said = words(&policy("{extends: strict}"), &object.to_string(), rule).join("\n");
        assert!(said.contains("AdvancedCronJob"), "{rule}: {said}");
        assert!(!said.replace("AdvancedCronJob", "").contains("CronJob"), "{rule}: {said}");
    }
}

/// The annotation of a template is for its own Job alone, that of the object for all of them.
#[test]
fn annotations_of_one_of_several_templates_are_checked() {
    let annotation = |value: &str| json!({"annotations": {"jobguard.dev/ignore": value}});
    let said = |object: &Value| lint(&policy("{extends: recommended}"), &object.to_string()).0;
    let mut object = job_set("Never");
    object["spec"]["replicatedJobs"][1]["template"]["metadata"] = annotation("job/no-such-rule");
    let place = "spec.replicatedJobs[1].template.metadata.annotations[jobguard.dev/ignore]";
    assert_eq!(said(&object), [format!("warning suppression/unknown-rule {place}")]);
    // The same in both is said of each.
    object["spec"]["replicatedJobs"][0]["template"]["metadata"] = annotation("job/no-such-rule");
    assert_eq!(said(&object).len(), 2);
    let unused = |object: &Value| words(&recommended(), &object.to_string(), "suppression/unused").len();
    let mut object = job_set("Never");
    object["spec"]["replicatedJobs"][1]["template"]["metadata"] = annotation("job/work-queue-completions");
    assert_eq!(unused(&object), 1);
    // Of use for one of them.
    let mut object = job_set("Always");
    object["metadata"]["annotations"] = json!({"jobguard.dev/ignore": "job/child-rejected"});
    assert_eq!(unused(&object), 0);
}

/// The messages and helps of a rule.
fn words(policy: &Policy, object: &str, rule: &str) -> Vec<String> {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let source = Source::Text { name: "a.yaml".into(), bytes: object.as_bytes().to_vec() };
    let report = Linter::new(policy, now).lint(&[source]).report;
    let of_rule = report.diagnostics.into_iter().filter(|found| found.rule.id() == rule);
    of_rule.map(|found| format!("{}: {}", found.message, found.help.unwrap_or_default())).collect()
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            from.into_iter()
                .for_each(|(key, value)| merge(into.entry(key).or_insert_with(Value::default), value));
        }
        (into, from) => *into = from,
    }
}

#[test]
fn too_many_jobs_are_not_judged() {
    let mut many = job_set("Always");
    let one = json!({"name": "a", "template": {"spec": {}}});
    many["spec"]["replicatedJobs"] = vec![one; 1_001].into();
    let (said, _) = lint(&recommended(), &many.to_string());
    assert_eq!(said, ["error manifest/too-large "]);
}

#[test]
fn what_stands_elsewhere_in_the_object_is_left_alone() {
    let mut odd = job_set("Never");
    odd["spec"]["replicatedJobs"][0]["unknown"] = json!({"restartPolicy": "Always"});
    odd["spec"]["unknown"] = job("Always");
    assert_eq!(lint(&recommended(), &odd.to_string()), (Vec::new(), 1));
    // It is to be a Job, and is none.
    odd["spec"] = json!({"replicatedJobs": [{"template": "x"}]});
    let (said, _) = lint(&recommended(), &odd.to_string());
    assert!(said.iter().any(|said| said.starts_with("error ")), "{said:?}");
}

/// Objects whose Jobs are not where they should be, and what is said of them.
fn astray() -> Vec<(Value, Vec<&'static str>)> {
    let of = |outer: fn(&str) -> Value, spec: Value| {
        let mut object = outer("Never");
        object["spec"] = spec;
        object
    };
    let lacks = "warning manifest/no-jobs spec.replicatedJobs";
    let broadcast =
        json!({"schedule": "15 3 * * *", "timeZone": "Etc/UTC", "template": {"broadcastJobTemplate": {}}});
    vec![
        (of(job_set, json!(null)), vec![lacks]),
        (of(job_set, json!({})), vec![lacks]),
        (of(job_set, json!({"replicatedJobs": []})), vec![lacks]),
        (
            of(job_set, json!({"replicatedJob": [{"name": "a", "template": {"spec": job("Never")}}]})),
            vec![lacks],
        ),
        (of(job_set, json!({"replicatedJobs": "none"})), vec!["error api/type spec.replicatedJobs"]),
        (
            of(job_set, json!({"replicatedJobs": {"a": {"template": {}}}})),
            vec!["error api/type spec.replicatedJobs"],
        ),
        (of(job_set, json!([1])), vec!["error api/type spec"]),
        (
            of(
                job_set,
                json!({"replicatedJobs": [null, 3, {"name": "x"}, {"name": "y", "template": null},
                    {"name": "z", "template": {"spec": job("Always")}}]}),
            ),
            vec![
                "error api/type spec.replicatedJobs[0]",
                "error api/type spec.replicatedJobs[1]",
                "error api/type spec.replicatedJobs[2].template",
                "error api/type spec.replicatedJobs[3].template",
                "error job/child-rejected spec.replicatedJobs[4].template.spec.template.spec.restartPolicy",
            ],
        ),
        (of(scaled_job, json!({})), vec!["error api/type spec.jobTargetRef"]),
        (of(scaled_job, json!(null)), vec!["error api/type spec"]),
        (of(analysis_template, json!({"metrics": [{"name": "a", "provider": {"web": {}}}]})), vec![]),
        (of(analysis_template, json!({"templates": []})), vec![]),
        (
            of(
                analysis_template,
                json!({"metrics": [{"name": "a", "provider": {"job": null}}, {"name": "b"}]}),
            ),
            vec!["error api/type spec.metrics[0].provider.job", "error api/type spec.metrics[1].provider"],
        ),
        (of(advanced_cron_job, broadcast), vec![]),
        (
            of(
                advanced_cron_job,
                json!({"timeZone": "Etc/UTC", "template": {"jobTemplate": {"spec": job("Never")}}}),
            ),
            vec!["error job/child-rejected spec.schedule"],
        ),
    ]
}

#[test]
fn jobs_that_are_not_where_they_should_be() {
    for (object, expected) in astray() {
        let (mut said, objects) = lint(&recommended(), &object.to_string());
        said.sort();
        assert_eq!(said, expected, "{object}");
        let is_without_jobs = object["kind"] == "AnalysisTemplate" && expected.is_empty();
        assert_eq!(objects, usize::from(!is_without_jobs), "{object}");
    }
}

#[test]
fn a_kind_of_one_s_own_without_jobs() {
    let added = |level: &str| {
        policy(&format!(
            "{{rules: {{manifest/no-jobs: {level}}}, embeddedJobs: [{{group: example.com, kind: Pipeline, jobs: [{{path: \
             'spec.steps[*].job', type: JobSpec}}]}}]}}"
        ))
    };
    let pipeline = |spec: Value| {
        json!({"apiVersion": "example.com/v1", "kind": "Pipeline", "metadata": {"name": "a"}, "spec": spec})
            .to_string()
    };
    for (spec, path) in [
        (json!({"step": []}), "spec.steps"),
        (json!({"steps": "x"}), "spec.steps"),
        (json!({"steps": ["x", null, {"name": "a"}]}), "spec.steps"),
        (json!(null), "spec.steps"),
    ] {
        assert_eq!(
            lint(&added("warn"), &pipeline(spec.clone())),
            (vec![format!("warning manifest/no-jobs {path}")], 1)
        );
        assert_eq!(lint(&added("off"), &pipeline(spec)), (Vec::new(), 1));
    }
    // Its lists may have elements of several types.
    let mixed = json!({"steps": ["x", null, {"job": job("Never")}]});
    assert_eq!(lint(&added("warn"), &pipeline(mixed)), (Vec::new(), 1));
}

#[test]
fn names_in_a_job_set() {
    let named = |own: &str, names: [&str; 2]| {
        let mut object = job_set("Never");
        object["metadata"]["name"] = json!(own);
        for (index, name) in names.into_iter().enumerate() {
            object["spec"]["replicatedJobs"][index]["name"] = json!(name);
        }
        lint(&recommended(), &object.to_string()).0
    };
    let of = |index: usize| format!("error job/child-rejected spec.replicatedJobs[{index}].name");
    let own = || "error job/child-rejected metadata.name".to_owned();
    let long = "a".repeat(50);
    assert_eq!(named("training", ["driver", "workers"]), [""; 0]);
    assert_eq!(named("training", ["driver", "Work_er"]), [of(1)]);
    assert_eq!(named("Train_ing", ["driver", "workers"]), [own()]);
    assert_eq!(named("Train_ing", ["Driv_er", "workers"]), [own(), of(0)]);
    // With `-`, `-0` and `-0` there is room for 58 characters.
    assert_eq!(named(&long, ["driver", &"b".repeat(9)]), [of(1)]);
    assert_eq!(named(&long, ["driver", &"b".repeat(8)]), [""; 0]);
}

#[test]
fn replicas_of_a_job_set_count() {
    let with = |replicas: Value| {
        let mut object = job_set("Never");
        object["spec"]["replicatedJobs"][1]["replicas"] = replicas;
        object["spec"]["replicatedJobs"][1]["template"]["spec"]["template"]["spec"]["volumes"] =
            json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
        let claim = json!({
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": "ns"},
            "spec": {"accessModes": ["ReadWriteOncePod"]},
        });
        let quota = json!({
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "few", "namespace": "ns"},
            "spec": {"hard": {"pods": "6"}},
        });
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let bytes = format!("{object}\n---\n{claim}\n---\n{quota}\n").into_bytes();
        let report =
            Linter::new(&recommended(), now).lint(&[Source::Text { name: "a.yaml".into(), bytes }]).report;
        let said = report.diagnostics.into_iter().filter(|found| found.rule.id().starts_with("ref/"));
        said.map(|found| format!("{}: {}", found.rule.id(), found.message)).collect::<Vec<_>>()
    };
    assert_eq!(with(json!(1)), [""; 0]);
    let said = with(json!(400));
    assert_eq!(said.len(), 2, "{said:?}");
    for (said, rule) in said.iter().zip(["ref/quota-exceeded: 400 Pods", "ref/shared-claim: up to 400 Pods"])
    {
        assert!(said.starts_with(rule), "{said}");
    }
}

/// JobSets with a Job that has two values of a wrong type, and another that is refused.
fn mistyped() -> Value {
    let mut object = job_set("Always");
    let spec = &mut object["spec"]["replicatedJobs"][0]["template"]["spec"];
    spec["backoffLimit"] = json!("three");
    spec["completions"] = json!("4");
    spec["activeDeadlineSeconds"] = json!(-1);
    object
}

const OF_MISTYPED: [(&str, &str); 4] = [
    ("api/type", "spec.replicatedJobs[0].template.spec.backoffLimit"),
    ("api/type", "spec.replicatedJobs[0].template.spec.completions"),
    ("job/child-rejected", "spec.replicatedJobs[0].template.spec.activeDeadlineSeconds"),
    ("job/child-rejected", "spec.replicatedJobs[1].template.spec.template.spec.restartPolicy"),
];

#[test]
fn what_has_a_wrong_type_hides_nothing_else() {
    let (mut said, _) = lint(&recommended(), &mistyped().to_string());
    said.sort();
    assert_eq!(said, OF_MISTYPED.map(|(rule, path)| format!("error {rule} {path}")));
}

#[cfg(all(feature = "serve", unix))]
mod webhook;
