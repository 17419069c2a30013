//! Jobs and their owners: what reaches a CronJob's Jobs, what proves an owner, and what does not.

use std::sync::Arc;

use serde_json::{Value, json};

use super::controllers::{CronJobs, KnownCronJob, Run};
use crate::server::testing::{JOB, policy_with};
use crate::server::{Admission, Endpoint};
use jobguard_apiserver::{KubernetesVersion, Server, Workload};

const CONTROLLER: &str = "system:serviceaccount:kube-system:cronjob-controller";
const JOB_SET: &str = "system:serviceaccount:jobset-system:jobset-controller-manager";

/// A rule that every Job below breaks, and others do not.
const STRICT: &str =
    "rules: {job/max-parallelism: {level: deny, max: 3}}, suppressions: {levels: [deny, warn, info]}";

fn admission(spec: &str) -> Admission {
    Admission::new(policy_with(&format!("<<: {{{spec}}}")))
}

fn job_spec() -> Value {
    let job: Value = serde_json::from_str(JOB).unwrap();
    let mut spec = job["spec"].clone();
    spec["parallelism"] = json!(50);
    spec["completions"] = json!(50);
    spec
}

fn cron_job(metadata: Value, template_metadata: Value) -> Value {
    let mut cron_job = json!({
        "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": {"name": "nightly", "namespace": "math", "uid": "c-1", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"schedule": "0 3 * * *", "timeZone": "Etc/UTC", "concurrencyPolicy": "Forbid", "startingDeadlineSeconds": 600,
            "jobTemplate": {"metadata": template_metadata, "spec": job_spec()}},
    });
    json_patch::merge(&mut cron_job["metadata"], &metadata);
    cron_job
}

/// The Job of a CronJob's run: its template, an owner and a name.
fn run_of(cron_job: &Value, name: &str) -> Value {
    let mut job = cron_job["spec"]["jobTemplate"].clone();
    job["apiVersion"] = json!("batch/v1");
    job["kind"] = json!("Job");
    let owner = json!({"apiVersion": "batch/v1", "kind": "CronJob", "name": cron_job["metadata"]["name"],
        "uid": cron_job["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true});
    let metadata = json!({"name": name, "namespace": "math", "ownerReferences": [owner]});
    json_patch::merge(&mut job, &json!({ "metadata": metadata }));
    job
}

fn owned_by(kind: &str, api_version: &str) -> Value {
    let mut job = run_of(&cron_job(json!({}), json!({})), "train-workers-0");
    job["metadata"]["ownerReferences"][0]["kind"] = json!(kind);
    job["metadata"]["ownerReferences"][0]["apiVersion"] = json!(api_version);
    job["metadata"]["ownerReferences"][0]["name"] = json!("train");
    job
}

/// The Job as the API server stores it.
fn stored(job: &Value) -> Value {
    let server = Server::of(KubernetesVersion::default());
    let workload = Workload::Job(serde_json::from_value(job.clone()).unwrap());
    let mut workload = server.updated(workload).prepare_for_create().into_workload();
    workload.metadata_mut().resource_version = Some("7".to_owned());
    let Workload::Job(job) = workload else { panic!("still a Job") };
    serde_json::to_value(job).unwrap()
}

fn ask(admission: &Admission, endpoint: Endpoint, user: &str, object: &Value, old: Option<&Value>) -> Value {
    let kind = object["kind"].as_str().unwrap();
    let request = json!({
        "uid": "u",
        "kind": {"group": "batch", "version": "v1", "kind": kind},
        "name": object["metadata"]["name"], "namespace": "math",
        "operation": if old.is_some() { "UPDATE" } else { "CREATE" },
        "userInfo": {"username": user},
        "object": object, "oldObject": old,
    });
    let review = json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request});
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    let answer = admission.answer(endpoint, review.to_string().as_bytes(), now).unwrap();
    serde_json::to_value(answer).unwrap()["response"].take()
}

fn is_allowed(admission: &Admission, user: &str, object: &Value) -> bool {
    ask(admission, Endpoint::Validate, user, object, None)["allowed"] == true
}

/// The object as `/mutate` leaves it.
fn mutated(admission: &Admission, object: &Value, old: Option<&Value>) -> Value {
    use base64::Engine as _;
    let answer = ask(admission, Endpoint::Mutate, "anna", object, old);
    let mut object = object.clone();
    if let Some(patch) = answer["patch"].as_str() {
        let patch = base64::engine::general_purpose::STANDARD.decode(patch).unwrap();
        let patch: json_patch::Patch = serde_json::from_slice(&patch).unwrap();
        json_patch::patch(&mut object, &patch).unwrap();
    }
    object
}

#[test]
fn the_annotation_of_a_cron_job_reaches_its_jobs() {
    let enforce = admission(&format!("controllerJobs: enforce, {STRICT}"));
    let ignore = json!({"annotations": {"jobguard.dev/ignore": "job/max-parallelism, cron/too-frequent"}});
    let exempted = mutated(&enforce, &cron_job(ignore, Value::Null), None);
    assert!(is_allowed(&enforce, "anna", &exempted));
    let run = run_of(&exempted, "nightly-29384756");
    let answer = ask(&enforce, Endpoint::Validate, CONTROLLER, &run, None);
    assert_eq!(answer["allowed"], true, "{answer}");
    // That it names a rule about the CronJob alone is no fault of the Job's.
    assert!(!answer.to_string().contains("suppression/unused"), "{answer}");

    let other = mutated(&enforce, &cron_job(json!({}), Value::Null), None);
    assert!(!is_allowed(&enforce, "anna", &other));
    assert!(!is_allowed(&enforce, CONTROLLER, &run_of(&other, "nightly-29384756")));
}

#[test]
fn the_annotation_is_kept_in_step() {
    let admission = admission(STRICT);
    let with = |value: &str| json!({"annotations": {"jobguard.dev/ignore": value}});
    let here = |object: &Value| {
        object["spec"]["jobTemplate"]["metadata"]["annotations"]["jobguard.dev/ignore"]
            .as_str()
            .map(str::to_owned)
    };
    let stored = mutated(&admission, &cron_job(with("job/max-parallelism"), Value::Null), None);
    assert_eq!(here(&stored).as_deref(), Some("job/max-parallelism"));
    assert_eq!(mutated(&admission, &stored, Some(&stored)), stored, "nothing to do");
    let mut changed = stored.clone();
    changed["metadata"]["annotations"] = with("job/*")["annotations"].clone();
    assert_eq!(here(&mutated(&admission, &changed, Some(&stored))).as_deref(), Some("job/*"));
    changed["metadata"]["annotations"] = json!({});
    assert_eq!(here(&mutated(&admission, &changed, Some(&stored))), None);
    // Where no annotation counts, none is handed on; nor in audit mode, where nothing is changed.
    for spec in ["suppressions: {allow: false}", "mode: audit"] {
        let policy = Admission::new(policy_with(spec));
        assert_eq!(here(&mutated(&policy, &cron_job(with("job/max-parallelism"), Value::Null), None)), None);
    }
}

#[test]
fn an_override_for_a_cron_job_reaches_its_jobs() {
    for matching in [
        "names: [nightly]",
        "kinds: [CronJob], names: [nightly]",
        "kinds: [CronJob]",
        "ownerKinds: [CronJob]",
    ] {
        let admission = admission(&format!(
            "controllerJobs: enforce, {STRICT}, overrides: [{{match: {{{matching}}}, rules: {{job/max-parallelism: off}}}}]"
        ));
        let cron_job = cron_job(json!({}), json!({}));
        let run = run_of(&cron_job, "nightly-29384756");
        assert!(is_allowed(&admission, CONTROLLER, &run), "{matching}");
        assert_eq!(is_allowed(&admission, "anna", &cron_job), !matching.starts_with("owner"), "{matching}");
        // A reference that was written by hand proves nothing, by whichever account.
        for user in
            ["anna", "system:serviceaccount:math:deployer", "system:serviceaccount:kube-system:other", ""]
        {
            assert!(!is_allowed(&admission, user, &run), "{matching} {user}");
        }
        // Nor by a reference that does not control, or to something else.
        let mut other = run.clone();
        other["metadata"]["ownerReferences"][0]["controller"] = json!(false);
        assert!(!is_allowed(&admission, CONTROLLER, &other), "{matching}");
        let mut other = run.clone();
        other["metadata"]["ownerReferences"][0]["apiVersion"] = json!("batch.example.com/v1");
        assert!(!is_allowed(&admission, CONTROLLER, &other), "{matching}");
    }
}

#[test]
fn a_claimed_owner_tightens() {
    let admission = admission(
        "overrides: [{match: {names: [nightly]}, rules: {job/max-parallelism: {level: deny, max: 3}}}]",
    );
    let run = run_of(&cron_job(json!({}), json!({})), "mine");
    assert!(!is_allowed(&admission, "anna", &run));
    let mut own = run;
    own["metadata"]["ownerReferences"] = Value::Null;
    assert!(is_allowed(&admission, "anna", &own));
}

#[test]
fn a_template_is_judged_as_the_job_that_it_becomes() {
    let gold = json!({"labels": {"tier": "gold"}});
    for matching in
        ["kinds: [Job]", "labels: {tier: gold}", "names: ['nightly-*']", "ownerKinds: [CronJob.batch]"]
    {
        for (rules, allowed) in [
            ("job/max-parallelism: {level: deny, max: 3}", false),
            ("job/max-parallelism: {level: deny, max: 100}", true),
            ("'*': deny", false),
        ] {
            // A wildcard speaks of rules that are on.
            let admission = admission(&format!(
                "rules: {{job/max-parallelism: {{level: info, max: 3}}}}, \
                 overrides: [{{match: {{{matching}}}, rules: {{{rules}}}}}]"
            ));
            let cron_job = cron_job(json!({}), gold.clone());
            let answer = ask(&admission, Endpoint::Validate, "anna", &cron_job, None);
            assert_eq!(answer["allowed"], allowed, "{matching} {rules} {answer}");
            if !allowed {
                let causes = answer["status"]["details"]["causes"].as_array().unwrap();
                for cause in causes {
                    let field = cause["field"].as_str().unwrap();
                    assert!(field.starts_with("spec.jobTemplate."), "{matching} {rules} {field}");
                }
            }
        }
    }
    // Without labels of their own, the API server gives Jobs those of their Pods.
    let mut of_pods = cron_job(json!({}), json!({}));
    of_pods["spec"]["jobTemplate"]["spec"]["template"]["metadata"] = gold.clone();
    let matching = "match: {labels: {tier: gold}}, rules: {job/max-parallelism: {level: deny, max: 3}}";
    let by_label = admission(&format!("overrides: [{{{matching}}}]"));
    assert_eq!(ask(&by_label, Endpoint::Validate, "anna", &of_pods, None)["allowed"], false);
    // What is more lenient for Jobs is for Jobs.
    let lenient = admission(&format!(
        "{STRICT}, overrides: [{{match: {{kinds: [Job]}}, rules: {{job/max-parallelism: {{max: 100}}}}}}]"
    ));
    assert!(!is_allowed(&lenient, "anna", &cron_job(json!({}), gold.clone())));
    // Overrides for CronJobs by name come after it, and count.
    let exempted = admission(&format!(
        "{STRICT}, overrides: [{{match: {{kinds: [Job]}}, rules: {{job/max-parallelism: {{max: 2}}}}}}, \
         {{match: {{kinds: [CronJob], names: [nightly]}}, rules: {{job/max-parallelism: off}}}}]"
    ));
    assert!(is_allowed(&exempted, "anna", &cron_job(json!({}), gold)));
}

#[test]
fn an_annotation_silences_by_the_loudest_level() {
    let ignore = json!({"annotations": {"jobguard.dev/ignore": "job/max-parallelism"}});
    let policy = |levels: &str| {
        admission(&format!(
            "suppressions: {{levels: [{levels}]}}, rules: {{job/max-parallelism: {{level: warn, max: 3}}}}, \
             overrides: [{{match: {{kinds: [Job]}}, rules: {{job/max-parallelism: deny}}}}]"
        ))
    };
    let cron_job = cron_job(ignore, json!({}));
    assert!(!is_allowed(&policy("warn, info"), "anna", &cron_job));
    assert!(is_allowed(&policy("deny, warn, info"), "anna", &cron_job));
}

#[test]
fn other_controllers_are_those_that_the_policy_names() {
    let named = format!("controllers: ['system:serviceaccount:jobset-system:*'], {STRICT}");
    let job = owned_by("JobSet", "jobset.x-k8s.io/v1alpha2");
    let answer = ask(&admission(&named), Endpoint::Validate, JOB_SET, &job, None);
    assert_eq!(answer["allowed"], true);
    assert!(answer["warnings"].to_string().contains("would be denied"), "{answer}");
    let skip = format!("controllerJobs: skip, {named}");
    assert_eq!(
        ask(&admission(&skip), Endpoint::Validate, JOB_SET, &job, None),
        json!({"uid": "u", "allowed": true})
    );
    assert!(!is_allowed(&admission(&format!("controllerJobs: enforce, {named}")), JOB_SET, &job));
    // Not one that it does not name, not a Job without an owner, and not a person.
    assert!(!is_allowed(&admission(STRICT), JOB_SET, &job));
    assert!(!is_allowed(&admission(&named), "anna", &job));
    let mut alone = job;
    alone["metadata"]["ownerReferences"] = Value::Null;
    assert!(!is_allowed(&admission(&named), JOB_SET, &alone));
}

#[test]
fn jobs_of_controllers_stay_editable() {
    let named = "controllers: ['system:serviceaccount:jobset-system:*'], controllerJobs: enforce";
    let exempted = format!(
        "{named}, {STRICT}, overrides: [{{match: {{names: [nightly, train]}}, rules: {{job/max-parallelism: off}}}}]"
    );
    let exempted = admission(&exempted);
    let update = |admission: &Admission, user: &str, old: &Value, change: Value| {
        let mut new = old.clone();
        json_patch::merge(&mut new, &change);
        ask(admission, Endpoint::Validate, user, &new, Some(old))["allowed"] == true
    };
    let label = json!({"metadata": {"labels": {"a": "b"}}});
    let run = run_of(&cron_job(json!({}), json!({})), "nightly-29384756");
    let (run, job_set) = (stored(&run), stored(&owned_by("JobSet", "jobset.x-k8s.io/v1alpha2")));
    for job in [&run, &job_set] {
        assert!(update(&exempted, "anna", job, label.clone()), "{job}");
    }
    // A controller makes what it likes of its own; a person does not.
    let mut small = job_set;
    small["spec"]["parallelism"] = json!(1);
    let larger = json!({"spec": {"parallelism": 50}});
    assert!(update(&exempted, JOB_SET, &small, larger.clone()));
    assert!(!update(&exempted, "anna", &small, larger));
}

#[test]
fn overrides_match_owner_kinds_and_users() {
    let job = owned_by("JobSet", "jobset.x-k8s.io/v1alpha2");
    let by = |matching: &str, more: &str| {
        admission(&format!(
            "{STRICT}, {more} overrides: [{{match: {{{matching}}}, rules: {{job/max-parallelism: off}}}}]"
        ))
    };
    let named = "controllerJobs: enforce, controllers: ['system:serviceaccount:jobset-system:*'],";
    for matching in ["ownerKinds: [JobSet]", "ownerKinds: ['*.jobset.x-k8s.io']", "names: [train]"] {
        assert!(is_allowed(&by(matching, named), JOB_SET, &job), "{matching}");
        assert!(!is_allowed(&by(matching, named), "anna", &job), "{matching}");
        assert!(!is_allowed(&by(matching, ""), JOB_SET, &job), "{matching}");
    }
    let users = by("users: ['system:serviceaccount:jobset-system:*', root]", "");
    assert!(is_allowed(&users, JOB_SET, &job) && is_allowed(&users, "root", &job));
    assert!(!is_allowed(&users, "anna", &job) && !is_allowed(&users, "", &job));
}

/// The answers of one that knows this CronJob.
fn knowing(spec: &str, cron_job: &Value) -> Admission {
    let template = serde_json::from_value(cron_job["spec"]["jobTemplate"]["spec"].clone()).unwrap();
    let known = KnownCronJob {
        uid: "c-1".to_owned(),
        labels: serde_json::from_value(cron_job["metadata"]["labels"].clone()).unwrap_or_default(),
        run: Run::of(template).unwrap(),
    };
    let cron_jobs = [("math".into(), [("nightly".into(), Arc::new(known))].into())].into();
    admission(spec).knowing(Arc::new(CronJobs::Known { cron_jobs, lost: None }))
}

/// What `kubectl create job --from` makes.
fn by_hand(cron_job: &Value) -> Value {
    let mut job = run_of(cron_job, "by-hand");
    json_patch::merge(
        &mut job["metadata"],
        &json!({"annotations": {"cronjob.kubernetes.io/instantiate": "manual"}}),
    );
    job
}

#[test]
fn a_run_by_hand_of_an_old_cron_job_counts_as_its_run() {
    // Stored before there was a policy.
    let old = cron_job(json!({"labels": {"team": "ops"}}), json!({}));
    let admission = knowing(STRICT, &old);
    let run = by_hand(&old);
    let answer = ask(&admission, Endpoint::Validate, "anna", &run, None);
    assert_eq!(answer["allowed"], true, "{answer}");
    assert!(answer["warnings"].to_string().contains("would be denied"), "{answer}");
    // Under enforce it is judged as its run is: by the overrides for its CronJob, labels included.
    let enforce = format!("controllerJobs: enforce, {STRICT}");
    assert!(!is_allowed(&knowing(&enforce, &old), "anna", &run));
    for matching in ["names: [nightly]", "labels: {team: ops}"] {
        let exempted =
            format!("{enforce}, overrides: [{{match: {{{matching}}}, rules: {{job/max-parallelism: off}}}}]");
        assert!(is_allowed(&knowing(&exempted, &old), "anna", &run), "{matching}");
        assert!(is_allowed(&knowing(&exempted, &old), CONTROLLER, &run), "{matching}");
    }
    // As the server sends it: with its defaults, and what it makes.
    let mut sent = run.clone();
    let uid = json!({"batch.kubernetes.io/controller-uid": "j-1", "controller-uid": "j-1",
        "batch.kubernetes.io/job-name": "by-hand", "job-name": "by-hand"});
    json_patch::merge(
        &mut sent,
        &json!({
            "metadata": {"uid": "j-1", "creationTimestamp": "2026-01-02T03:04:05Z", "generation": 1},
            "spec": {
                "suspend": true, "completionMode": "NonIndexed", "podReplacementPolicy": "TerminatingOrFailed",
                "manualSelector": false,
                "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "j-1"}},
                "template": {"metadata": {"creationTimestamp": null, "labels": uid},
                    "spec": {"dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
                        "terminationGracePeriodSeconds": 30, "securityContext": {}}},
            },
        }),
    );
    sent["spec"]["manualSelector"] = Value::Null;
    let answer = ask(&admission, Endpoint::Validate, "anna", &sent, None);
    assert_eq!(answer["allowed"], true, "{answer}");
}

#[test]
fn a_run_by_hand_that_the_policy_has_filled_in_is_still_one() {
    let mut old = cron_job(json!({}), json!({}));
    old["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] = Value::Null;
    let spec = format!(
        "controllerJobs: enforce, defaults: {{activeDeadlineSeconds: 3600, template: {{labels: {{team: a}}}}}}, {STRICT}, \
         overrides: [{{match: {{names: [nightly]}}, rules: {{job/max-parallelism: off}}, defaults: {{activeDeadlineSeconds: 60}}}}]"
    );
    let admission = knowing(&spec, &old);
    let filled = mutated(&admission, &by_hand(&old), None);
    assert_eq!(filled["spec"]["activeDeadlineSeconds"], 60);
    assert_eq!(filled["spec"]["template"]["metadata"]["labels"]["team"], "a");
    assert!(is_allowed(&admission, "anna", &filled));
    for (field, value) in [("activeDeadlineSeconds", json!(61)), ("backoffLimit", json!(4))] {
        let mut other = filled.clone();
        other["spec"][field] = value;
        assert!(!is_allowed(&admission, "anna", &other), "{field}");
    }
}

#[test]
fn only_the_run_itself_counts_as_one() {
    let old = cron_job(json!({}), json!({}));
    let admission = knowing(STRICT, &old);
    let refused = |change: Value| {
        let mut job = by_hand(&old);
        json_patch::merge(&mut job, &change);
        !is_allowed(&admission, "anna", &job)
    };
    let owner = |change: Value| {
        let mut owner = by_hand(&old)["metadata"]["ownerReferences"][0].clone();
        json_patch::merge(&mut owner, &change);
        refused(json!({"metadata": {"ownerReferences": [owner]}}))
    };
    assert!(refused(json!({"spec": {"parallelism": 51, "completions": 51}})));
    assert!(refused(json!({"spec": {"template": {"spec": {"hostNetwork": true}}}})));
    assert!(refused(json!({"spec": {"template": {"metadata": {"labels": {"a": "b"}}}}})));
    assert!(refused(json!({"metadata": {"namespace": "other"}})));
    for change in [
        json!({"uid": "c-2"}),
        json!({"name": "other"}),
        json!({"controller": false}),
        json!({"kind": "JobSet"}),
    ] {
        assert!(owner(change.clone()), "{change}");
    }
}

#[test]
fn without_knowledge_a_run_by_hand_is_a_job_like_any_other() {
    let run = by_hand(&cron_job(json!({}), json!({})));
    let answer = ask(&admission(STRICT), Endpoint::Validate, "anna", &run, None);
    assert_eq!(answer["allowed"], false);
    assert!(answer["warnings"].to_string().contains("--watch-cron-jobs"), "{answer}");
    let awaiting = admission(STRICT).knowing(Arc::new(CronJobs::Awaited));
    assert!(!is_allowed(&awaiting, "anna", &run));
}
