//! Answers to reviews, of the kinds that API servers send and of those that they do not.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::namespaces::Namespaces;
use super::unjudged::Unjudged;
use crate::engine::{Known, Listing, NeighbourIndex, NeighbourKind, NeighbourSource, Neighbours};
use crate::policy::load::{self, Source};
use crate::policy::{ControllerJobs, Mode};
use crate::rules::registry;
use crate::server::testing::{self, request, review};
use crate::server::{Admission, Endpoint};
use jobguard_apiserver::{KubernetesVersion, Server, Workload};

const BAD: &str = r#"{"spec":{"template":{"spec":{"restartPolicy":"Always"}}}}"#;

/// Yes, and not a word more.
fn silence() -> Value {
    json!({"uid": "u", "allowed": true})
}

fn now() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

fn ask(admission: &Admission, endpoint: Endpoint, text: &str) -> Value {
    let answer = admission.answer(endpoint, text.as_bytes(), now()).unwrap();
    serde_json::to_value(answer).unwrap()["response"].take()
}

fn validate(text: &str) -> Value {
    ask(&testing::admission(), Endpoint::Validate, text)
}

fn mutate(text: &str) -> Value {
    ask(&testing::admission(), Endpoint::Mutate, text)
}

fn with(change: impl FnOnce(&mut crate::policy::Policy)) -> Admission {
    let mut policy = testing::policy();
    change(&mut policy);
    Admission::new(policy)
}

fn by_controller(new: &str) -> String {
    let mut new: Value = serde_json::from_str(new).unwrap();
    let owner =
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "name": "c", "uid": "x", "controller": true});
    json_patch::merge(&mut new, &json!({"metadata": {"ownerReferences": [owner]}}));
    let user = r#"{"userInfo":{"username":"system:serviceaccount:kube-system:cronjob-controller"}}"#;
    request("u", "CREATE", &new.to_string(), "null", user)
}

#[test]
fn a_good_job_passes() {
    assert_eq!(validate(&review("u", "{}"))["allowed"], true);
}

#[test]
fn what_the_api_server_itself_refuses_is_invalid() {
    let answer = validate(&review("u", BAD));
    assert_eq!(answer["allowed"], false);
    let status = &answer["status"];
    assert_eq!(
        (&status["status"], &status["code"], &status["reason"]),
        (&json!("Failure"), &json!(422), &json!("Invalid"))
    );
    let details = &status["details"];
    assert_eq!(
        (&details["name"], &details["group"], &details["kind"]),
        (&json!("pi"), &json!("batch"), &json!("Job"))
    );
    assert_eq!(details["causes"][0]["field"], "spec.template.spec.restartPolicy");
    let message = status["message"].as_str().unwrap();
    assert!(
        message.starts_with("spec.template.spec.restartPolicy: ") && message.contains("(api/restart-policy)")
    );
    assert_eq!(answer["auditAnnotations"]["decision"], "denied");
    assert!(answer["auditAnnotations"]["findings"].as_str().unwrap().contains("api/restart-policy=error"));
}

#[test]
fn causes_name_their_field_in_full() {
    let resource = format!("{}.com/gpu", "a".repeat(250));
    let job = json!({"metadata": {"name": "b".repeat(253)}, "spec": {"template": {"spec": {"containers": [
        {"name": "main", "image": "busybox:1.36", "resources": {"limits": {&resource: "1"}}},
    ]}}}});
    let details = &validate(&review("u", &job.to_string()))["status"]["details"];
    let fields: Vec<&str> =
        details["causes"].as_array().unwrap().iter().filter_map(|cause| cause["field"].as_str()).collect();
    let field = format!("spec.template.spec.containers[0].resources.limits[{resource}]");
    assert!(fields.contains(&field.as_str()), "{fields:?}");
    assert_eq!(details["name"], "b".repeat(253));
}

#[test]
fn the_mode_says_what_becomes_of_errors() {
    let answer = ask(&with(|policy| policy.mode = Mode::Warn), Endpoint::Validate, &review("u", BAD));
    assert_eq!(answer["allowed"], true);
    assert!(
        answer["warnings"].to_string().contains("would be denied: spec.template.spec.restartPolicy"),
        "{answer}"
    );
    assert_eq!(answer["auditAnnotations"]["decision"], "would be denied");

    let answer = ask(&with(|policy| policy.mode = Mode::Audit), Endpoint::Validate, &review("u", BAD));
    assert_eq!((&answer["allowed"], &answer["warnings"]), (&json!(true), &Value::Null));
    assert_eq!(answer["auditAnnotations"]["decision"], "would be denied");
}

#[test]
fn the_mode_says_what_becomes_of_defaults() {
    let answer = mutate(&review("u", BAD));
    let patch = STANDARD.decode(answer["patch"].as_str().unwrap()).unwrap();
    assert_eq!(
        std::str::from_utf8(&patch).unwrap(),
        r#"[{"op":"replace","path":"/spec/template/spec/restartPolicy","value":"Never"}]"#
    );
    assert!(
        answer["auditAnnotations"]["defaulted"]
            .as_str()
            .unwrap()
            .contains("spec.template.spec.restartPolicy")
    );
    let answer = ask(&with(|policy| policy.mode = Mode::Audit), Endpoint::Mutate, &review("u", BAD));
    assert!(answer["patch"].is_null(), "{answer}");
    assert!(answer["auditAnnotations"]["would-default"].is_string());
}

#[test]
fn controllers_are_warned() {
    let text = by_controller(BAD);
    let answer = validate(&text);
    assert_eq!(answer["allowed"], true);
    assert!(answer["warnings"].to_string().contains("would be denied"), "{answer}");
    assert!(mutate(&text)["patch"].is_null());

    let enforce = with(|policy| policy.controller_jobs = ControllerJobs::Enforce);
    assert_eq!(ask(&enforce, Endpoint::Validate, &text)["allowed"], false);
    assert!(ask(&enforce, Endpoint::Mutate, &text)["patch"].is_string());

    let skip = with(|policy| policy.controller_jobs = ControllerJobs::Skip);
    assert_eq!(ask(&skip, Endpoint::Validate, &text), silence());
}

#[test]
fn what_a_person_makes_from_a_cron_job_is_not_the_controllers() {
    let text = by_controller(BAD).replace("system:serviceaccount:kube-system:cronjob-controller", "anna");
    assert_eq!(validate(&text)["allowed"], false);
}

/// What the API server has stored of a Job, as a patch of it.
fn stored(patch: &str) -> String {
    let review: Value = serde_json::from_str(&review("u", patch)).unwrap();
    let job = serde_json::from_value(review["request"]["object"].clone()).unwrap();
    let server = Server::of(KubernetesVersion::default());
    let mut workload = server.updated(Workload::Job(Box::new(job))).prepare_for_create().into_workload();
    workload.metadata_mut().resource_version = Some("7".to_owned());
    let Workload::Job(job) = workload else { panic!("still a Job") };
    serde_json::to_string(&job).unwrap()
}

#[test]
fn updates_do_not_lock_old_objects_in() {
    // By a policy that refuses what the stored version has already.
    let policy = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: p}\n\
                  spec: {rules: {job/work-queue-completions: deny}}\n";
    let source = Source { name: "p".to_owned(), text: policy.to_owned() };
    let admission = Admission::new(load::read(&source, registry().catalog(), &load::no_files).unwrap());
    let queue = r#"{"spec":{"parallelism":4}}"#;
    let ask = |text: &str| ask(&admission, Endpoint::Validate, text);

    let answer = ask(&review("u", queue));
    assert_eq!((&answer["allowed"], &answer["status"]["code"]), (&json!(false), &json!(403)), "{answer}");
    assert_eq!(answer["status"]["reason"], "Forbidden");
    let cause = &answer["status"]["details"]["causes"][0];
    assert_eq!(
        (&cause["reason"], &cause["field"]),
        (&json!("FieldValueForbidden"), &json!("spec.completions"))
    );

    let answer = ask(&request("u", "UPDATE", &stored(queue), &stored(queue), "{}"));
    assert_eq!(answer["allowed"], true, "{answer}");
    assert!(answer["warnings"][0].as_str().unwrap().starts_with("spec.completions: "), "{answer}");

    let answer = ask(&request("u", "UPDATE", &stored(queue), &stored("{}"), "{}"));
    assert_eq!(answer["allowed"], false, "{answer}");
}

#[test]
fn an_object_that_is_going_away_may_change() {
    let leaving = r#"{"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"}}"#;
    assert_eq!(validate(&request("u", "UPDATE", BAD, leaving, "{}")), silence());
    assert_eq!(mutate(&request("u", "UPDATE", BAD, leaving, "{}")), silence());
}

#[test]
fn what_is_not_judged_is_allowed_in_silence() {
    for (operation, rest) in [
        ("DELETE", "{}"),
        ("CONNECT", "{}"),
        ("UPDATE", r#"{"subResource":"status"}"#),
        ("UPDATE", r#"{"subResource":"scale","kind":{"group":"autoscaling","version":"v1","kind":"Scale"}}"#),
    ] {
        let text = request("u", operation, BAD, BAD, rest);
        for answer in [validate(&text), mutate(&text)] {
            assert_eq!(answer, silence(), "{operation} {rest}");
        }
    }
}

/// Each way in which a review ends without a verdict, as `operation`, new and old object, the rest of the request.
const UNJUDGED: [(&str, &str, &str, &str); 7] = [
    ("CREATE", r#"{"spec":{"parallelism":"hunter2"}}"#, "null", "{}"),
    (
        "CREATE",
        r#"{"spec":{"template":{"spec":{"containers":[{"env":[{"name":"a","value":["hunter2"]}]}]}}}}"#,
        "null",
        "{}",
    ),
    ("UPDATE", r#"{"spec":["hunter2"]}"#, BAD, "{}"),
    ("CREATE", BAD, "null", r#"{"kind":{"version":"v1beta1","kind":"CronJob"}}"#),
    ("CREATE", "null", "null", "{}"),
    ("FIX", BAD, "null", "{}"),
    ("CREATE", BAD, "null", r#"{"userInfo":"hunter2"}"#),
];

#[test]
fn what_cannot_be_read_is_refused() {
    let mut messages = String::new();
    for (operation, new, old, rest) in UNJUDGED {
        let answer = validate(&request("u", operation, new, old, rest));
        assert_eq!((&answer["allowed"], &answer["uid"]), (&json!(false), &json!("u")), "{answer}");
        let status = &answer["status"];
        assert_eq!((&status["code"], &status["reason"]), (&json!(400), &json!("BadRequest")), "{answer}");
        assert_eq!(answer["auditAnnotations"]["decision"], "denied unjudged");
        writeln!(
            messages,
            "{}: {}",
            answer["auditAnnotations"]["unjudged"].as_str().unwrap(),
            status["message"].as_str().unwrap()
        )
        .unwrap();
    }
    assert!(!messages.contains("hunter2"), "{messages}");
    insta::assert_snapshot!(messages, @r#"
unreadable_object: jobguard cannot judge this, and so refuses it: its Job cannot be read: expected i32 at line 1 column 174
unreadable_object: jobguard cannot judge this, and so refuses it: its Job cannot be read: expected a string at line 1 column 243
unreadable_object: jobguard cannot judge this, and so refuses it: its Job cannot be read: expected JobSpec at line 1 column 90
unknown_version: jobguard cannot judge this, and so refuses it: batch/v1beta1 CronJob is a version that is not read here; let the webhook's rules name apiVersions ["v1"] with matchPolicy Equivalent, so that the API server converts it
no_object: jobguard cannot judge this, and so refuses it: the request has no `object`
unreadable_request: jobguard cannot judge this, and so refuses it: the request cannot be read: expected one of `CREATE`, `UPDATE`, `DELETE`, `CONNECT` at line 1 column 451
unreadable_request: jobguard cannot judge this, and so refuses it: the request cannot be read: expected struct UserInfo at line 1 column 547
"#);
}

#[test]
fn what_cannot_be_read_is_warned_about_where_nothing_is_refused() {
    for (operation, new, old, rest) in UNJUDGED {
        let text = request("u", operation, new, old, rest);
        for mode in [Mode::Warn, Mode::Audit] {
            let answer = ask(&with(|policy| policy.mode = mode), Endpoint::Validate, &text);
            assert_eq!(answer["allowed"], true, "{answer}");
            let warning = answer["warnings"][0].as_str().unwrap();
            assert!(warning.starts_with("jobguard did not look at this: "), "{answer}");
            assert_eq!(answer["auditAnnotations"]["decision"], "allowed unjudged");
        }
        // Whether it may be stored is asked again.
        let answer = mutate(&text);
        assert_eq!((&answer["allowed"], &answer["patch"]), (&json!(true), &Value::Null), "{answer}");
        let warning = answer["warnings"][0].as_str().unwrap();
        assert!(warning.starts_with("jobguard did not fill anything in: "), "{answer}");
    }
    // A controller's Jobs are refused nothing by default, whatever is in them.
    let by_controller = by_controller(r#"{"spec":{"parallelism":"many"}}"#);
    assert_eq!(validate(&by_controller)["allowed"], true);
    let enforce = with(|policy| policy.controller_jobs = ControllerJobs::Enforce);
    assert_eq!(ask(&enforce, Endpoint::Validate, &by_controller)["allowed"], false);
}

#[test]
fn what_an_object_brings_about_is_answered_from_the_beginning_of_its_review() {
    let object = [Unjudged::Panicked, Unjudged::TooLarge { limit: 1 }, Unjudged::OutOfTime];
    let server = [Unjudged::Overloaded, Unjudged::TimedOut];
    let answer = |admission: &Admission, body: &str, why: &Unjudged| {
        let answered = admission.without_verdict(Endpoint::Validate, body.as_bytes(), why).unwrap();
        serde_json::to_value(answered.answer).unwrap()["response"].take()
    };
    // As an API server writes it, cut off in the object.
    let body = format!(
        "{{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{{\"uid\":\"u\",\
         \"kind\":{{\"group\":\"batch\",\"version\":\"v1\",\"kind\":\"Job\"}},\"name\":\"pi\",\"namespace\":\"math\",\
         \"operation\":\"CREATE\",\"userInfo\":{{\"username\":\"anna\"}},\"object\":{{\"kind\":\"Job\",\"spec\":{}",
        "[".repeat(1000)
    );
    let enforce = testing::admission();
    for why in &object {
        let refused = answer(&enforce, &body, why);
        assert_eq!((&refused["uid"], &refused["allowed"]), (&json!("u"), &json!(false)), "{refused}");
        assert_eq!(refused["auditAnnotations"]["unjudged"], why.reason());
    }
    for why in &server {
        assert_eq!(answer(&enforce, &body, why)["allowed"], true, "{why:?}");
        let deny = with(|policy| policy.on_timeout = crate::policy::OnTimeout::Deny);
        assert_eq!(answer(&deny, &body, why)["allowed"], false, "{why:?}");
    }
    for why in object.iter().chain(&server) {
        // Not judged anyway, whatever the fault.
        for other in [body.replace("CREATE", "DELETE"), body.replace(r#""batch""#, r#""""#)] {
            assert_eq!(answer(&enforce, &other, why)["allowed"], true, "{why:?}");
        }
        let by_controller = body.replace("anna", "system:serviceaccount:kube-system:cronjob-controller");
        assert_eq!(answer(&enforce, &by_controller, why)["allowed"], true, "{why:?}");
    }
    for body in
        [body.replace("/v1\"", "/v1beta1\""), body.replace("\"uid\"", "\"id\""), body[..70].to_owned()]
    {
        let unanswered = enforce.without_verdict(Endpoint::Validate, body.as_bytes(), &Unjudged::Panicked);
        assert!(unanswered.is_err(), "{body}");
    }
}

#[test]
fn a_review_that_is_no_text_is_answered_where_it_has_a_uid() {
    let text = review("u", r#"{"metadata":{"annotations":{"a":"@"}}}"#);
    let (before, after) = text.split_once("\"@").unwrap();
    let body = [before.as_bytes(), b"\"\xff", after.as_bytes()].concat();
    let answer = testing::admission().answer(Endpoint::Validate, &body, now()).unwrap();
    let response = serde_json::to_value(answer).unwrap()["response"].take();
    assert_eq!((&response["uid"], &response["allowed"]), (&json!("u"), &json!(false)), "{response}");
    assert_eq!(response["auditAnnotations"]["unjudged"], "unreadable_request");
    assert!(testing::admission().answer(Endpoint::Validate, &body[40..], now()).is_err());
}

#[test]
fn other_kinds_are_let_through_with_a_warning() {
    let pod = r#"{"kind":{"group":"","version":"v1","kind":"Pod"}}"#;
    let unreadable = r#"{"kind":{"group":"","version":"v1","kind":"Pod"},"operation":"FIX"}"#;
    for rest in [pod, unreadable] {
        let answer = validate(&request("u", "CREATE", BAD, "null", rest));
        assert_eq!(answer["allowed"], true, "{answer}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(answer["warnings"][0].as_str().unwrap(), @"jobguard did not look at this: v1 Pod is neither a Job nor a CronJob; the webhook's rules ask for too much, unless it holds Jobs, and the policy's embeddedJobs should name it");
        }
    }
}

#[test]
fn excluded_namespaces_and_deletions_need_no_verdict() {
    let excluded = ["jobguard".to_owned()];
    let admission = Admission::with(
        testing::policy().into(),
        Neighbours::default().into(),
        Namespaces::default().into(),
        excluded.into(),
    );
    for rest in [r#"{"namespace":"jobguard","operation":"FIX"}"#, r#"{"operation":"DELETE","userInfo":7}"#] {
        assert_eq!(
            ask(&admission, Endpoint::Validate, &request("u", "CREATE", BAD, "null", rest)),
            silence()
        );
    }
}

#[test]
fn without_the_stored_version_an_object_is_judged_as_a_new_one() {
    for old in ["null", r#"{"spec":["unreadable"]}"#] {
        let bad = request("u", "UPDATE", BAD, old, "{}");
        assert_eq!(
            validate(&bad)["status"]["details"]["causes"][0]["field"],
            "spec.template.spec.restartPolicy"
        );
        assert_eq!(validate(&request("u", "UPDATE", "{}", old, "{}"))["allowed"], true);
        // A default that the stored Job does not have would make every change fail.
        let unfilled =
            mutate(&request("u", "UPDATE", r#"{"spec":{"ttlSecondsAfterFinished":null}}"#, old, "{}"));
        assert_eq!((&unfilled["allowed"], &unfilled["patch"]), (&json!(true), &Value::Null));
        // The API server keeps the time of a deletion in the new version.
        let leaving =
            r#"{"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"},"spec":{"parallelism":-1}}"#;
        assert_eq!(validate(&request("u", "UPDATE", leaving, old, "{}")), silence());
    }
    // On creation it says nothing.
    let leaving = r#"{"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"},"spec":{"parallelism":-1}}"#;
    assert_eq!(validate(&review("u", leaving))["allowed"], false);
}

#[test]
fn the_namespace_may_stand_in_the_request_alone() {
    let text = request("u", "CREATE", r#"{"metadata":{"namespace":null}}"#, "null", "{}");
    assert_eq!(validate(&text)["allowed"], true);
}

#[test]
fn names_may_still_be_generated() {
    let text = request(
        "u",
        "CREATE",
        r#"{"metadata":{"name":null,"generateName":"pi-"}}"#,
        "null",
        r#"{"name":""}"#,
    );
    assert_eq!(validate(&text)["allowed"], true);
}

#[test]
fn what_only_servers_set_is_not_taken_from_people() {
    // No label value, which the server's own uid always is.
    let text = request("u", "CREATE", r#"{"metadata":{"uid":"::1"}}"#, "null", "{}");
    assert_eq!(validate(&text)["allowed"], true);
}

#[test]
fn answers_are_bounded() {
    let mut containers = Vec::new();
    for number in 0..2000 {
        containers.push(json!({"name": format!("Not A Name {number} {}", "x".repeat(500)), "image": ""}));
    }
    let job = json!({"metadata": {"labels": {"k".repeat(100_000): "v"}}, "spec": {"template": {"spec": {"containers": containers}}}});
    for mode in [Mode::Enforce, Mode::Warn, Mode::Audit] {
        let answer =
            ask(&with(|policy| policy.mode = mode), Endpoint::Validate, &review("u", &job.to_string()));
        let warnings = answer["warnings"].as_array().cloned().unwrap_or_default();
        let lengths: Vec<usize> =
            warnings.iter().map(|text| text.as_str().unwrap().chars().count()).collect();
        assert!(lengths.iter().all(|length| *length <= 256), "{lengths:?}");
        assert!(lengths.iter().sum::<usize>() <= 4096, "{lengths:?}");
        assert!(answer["auditAnnotations"].to_string().len() < 10_000);
        assert!(answer.to_string().len() < 200_000);
    }
}

/// An answer with this knowledge of the cluster.
fn knowing(policy: crate::policy::Policy, services: Listing, namespaces: Namespaces, text: &str) -> Value {
    let excluded = ["jobguard".to_owned()];
    let mut neighbours = Neighbours::default();
    neighbours.set(NeighbourKind::Service, services);
    let admission = Admission::with(policy.into(), neighbours.into(), namespaces.into(), excluded.into());
    ask(&admission, Endpoint::Validate, text)
}

fn cluster(lost: Option<Timestamp>) -> Listing {
    let (source, index) = (NeighbourSource::Cluster, NeighbourIndex::default());
    Listing::Known(Known { source, index, partial: false, lost })
}

#[test]
fn knowledge_of_services_counts_by_its_age() {
    let peers = r#"{"spec":{"completions":2,"parallelism":2,"completionMode":"Indexed",
        "template":{"spec":{"subdomain":"ring"}}}}"#;
    let policy = || testing::policy_with("rules: {job/indexed-service: deny}");
    let say = |services| knowing(policy(), services, Namespaces::Unwatched, &review("u", peers)).to_string();
    assert!(say(Listing::Unknown).contains("job/indexed-service=info"));
    assert!(say(cluster(None)).contains("there is no Service named \\\"ring\\\" in namespace math"));
    assert!(say(cluster(None)).contains("job/indexed-service=error"));
    // A watch that has just broken has missed nothing to speak of.
    assert!(say(cluster(Some(now()))).contains("job/indexed-service=error"));
    let old = say(cluster(Some("2026-01-02T02:57:05Z".parse().unwrap())));
    assert!(old.contains("job/indexed-service=warning") && old.contains("as of 7 minutes ago"), "{old}");
}

#[test]
fn labels_of_namespaces_choose_overrides() {
    let policy = || {
        testing::policy_with(
            "overrides: [{match: {namespaceLabels: {env: prod}}, rules: {job/work-queue-completions: deny}}]",
        )
    };
    let queue = review("u", r#"{"spec":{"completions":1,"parallelism":5}}"#);
    let labels = |env: &str| Namespaces::Known {
        labels: [("math".into(), std::sync::Arc::new([("env".to_owned(), env.to_owned())].into()))].into(),
        lost: None,
    };
    let say = |namespaces| knowing(policy(), Listing::Unknown, namespaces, &queue);
    assert_eq!(say(labels("prod"))["allowed"], false);
    assert_eq!(say(labels("dev"))["allowed"], true);
    let blind = say(Namespaces::Awaited);
    assert_eq!(
        (&blind["allowed"], &blind["auditAnnotations"]["unknown"]),
        (&json!(true), &json!("namespace labels"))
    );
}

#[test]
fn excluded_namespaces_are_let_through_unseen() {
    let bad = request("u", "CREATE", BAD, "null", r#"{"namespace":"jobguard"}"#);
    assert_eq!(knowing(testing::policy(), Listing::Unknown, Namespaces::Unwatched, &bad), silence());
}

#[test]
fn a_dry_run_gets_the_same_answer() {
    let answer = |dry_run: &str| validate(&request("u", "CREATE", BAD, "null", dry_run));
    assert_eq!(answer(r#"{"dryRun":true}"#), answer(r#"{"dryRun":false}"#));
}
