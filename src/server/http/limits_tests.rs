//! Reviews of objects that hold more than is judged: what is refused, and what must stay allowed.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::handler::Handler;
use crate::server::admission::intake::MAX_BODY;
use crate::server::listener::handler::Client;
use crate::server::testing;
use crate::server::tls::Peer;

/// The answer to a review, by a policy that says `spec`.
async fn ask(spec: &str, path: &str, body: String) -> (u16, Value) {
    let app = testing::app_with(spec);
    let request = Request::builder()
        .method("POST")
        .uri(path)
        .extension(Client { peer: Peer::Trusted, address: ([127, 0, 0, 1], 1).into() })
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(body))
        .unwrap();
    let response = Handler::new(&app).answer(request).await;
    let code = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (code, serde_json::from_slice(&bytes).unwrap())
}

/// The answer by the recommended policy, which enforces.
async fn validate(body: String) -> Value {
    let (code, answer) = ask("mode: enforce", "/validate", body).await;
    assert_eq!(code, 200, "{answer}");
    answer["response"].clone()
}

/// A review of a Job that is changed by a patch.
fn create(patch: &Value) -> String {
    testing::review("u", &patch.to_string())
}

fn update(new: &Value, old: &Value) -> String {
    testing::request("u", "UPDATE", &new.to_string(), &old.to_string(), "{}")
}

/// A Job with so many volumes that no container uses.
fn volumes(count: usize) -> Value {
    json!({"spec": {"template": {"spec": {"volumes": vec![json!({}); count]}}}})
}

fn annotations(count: usize) -> Value {
    let many: serde_json::Map<_, _> = (0..count).map(|n| (format!("a{n}"), "".into())).collect();
    json!({"metadata": {"annotations": many}})
}

#[tokio::test]
async fn too_many_elements_are_refused_by_mode() {
    // Too few bytes for a large body, and too many for a small one.
    for count in [10_000, 60_000] {
        let body = create(&volumes(count));
        let answer = validate(body.clone()).await;
        assert_eq!((&answer["uid"], &answer["allowed"]), (&"u".into(), &false.into()), "{answer}");
        assert_eq!(answer["status"]["code"], 413, "{answer}");
        let message = answer["status"]["message"].as_str().unwrap();
        assert!(message.contains("more than 10000 list items and map entries"), "{message}");
        for (mode, warns) in [("warn", true), ("audit", true)] {
            let (_, answer) = ask(&format!("mode: {mode}"), "/validate", body.clone()).await;
            assert_eq!(answer["response"]["allowed"], true, "{answer}");
            assert_eq!(answer["response"]["warnings"].is_array(), warns, "{answer}");
        }
        // The same object comes to /validate next.
        let (_, answer) = ask("mode: enforce", "/mutate", body).await;
        assert_eq!(answer["response"]["allowed"], true, "{answer}");
        assert!(answer["response"]["patch"].is_null(), "{answer}");
    }
}

#[tokio::test]
async fn what_is_within_the_limits_is_judged() {
    let mut args = json!({"spec": {"template": {"spec": {"containers": [
        {"name": "pi", "image": "perl:5.34", "args": vec!["x"; 9_900]}
    ]}}}});
    let answer = validate(create(&args)).await;
    assert_eq!((&answer["allowed"], &answer["warnings"]), (&true.into(), &Value::Null), "{answer}");
    // It is judged indeed.
    args["spec"]["template"]["spec"]["restartPolicy"] = "Always".into();
    let answer = validate(create(&args)).await;
    assert_eq!(answer["allowed"], false, "{answer}");
    assert!(answer["status"]["message"].as_str().unwrap().contains("restartPolicy"), "{answer}");
}

#[tokio::test]
async fn a_policy_sets_the_number() {
    let few = "limits: {maxElements: 1000}";
    let many = "limits: {maxElements: 20000}";
    let body = create(&annotations(1_500));
    assert_eq!(ask(few, "/validate", body.clone()).await.1["response"]["allowed"], false);
    assert_eq!(ask(many, "/validate", body).await.1["response"]["allowed"], true);
    let body = create(&annotations(15_000));
    assert_eq!(ask(many, "/validate", body).await.1["response"]["allowed"], true);
}

#[tokio::test]
async fn depth_has_a_limit() {
    let nested = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({"a": inner}));
    for (levels, allowed) in [(99, true), (100, false), (900, false)] {
        // An unknown field, in a small body, one level down.
        let deep = nested(levels).to_string();
        let body = testing::review("u", &format!(r#"{{"x":{}}}"#, if levels < 100 { &deep } else { "1" }));
        let body = if levels < 100 { body } else { body.replace(r#""x":1"#, &format!(r#""x":{deep}"#)) };
        let answer = validate(body).await;
        assert_eq!(answer["allowed"], allowed, "{levels}: {answer}");
        if !allowed {
            assert!(answer["status"]["message"].as_str().unwrap().contains("100 levels"), "{answer}");
        }
    }
}

#[tokio::test]
async fn what_is_not_judged_may_be_as_large_as_it_likes() {
    let big = volumes(60_000).to_string();
    for (operation, new, old, rest) in [
        ("DELETE", "null", big.as_str(), "{}"),
        ("UPDATE", big.as_str(), big.as_str(), r#"{"subResource":"status"}"#),
    ] {
        let answer = validate(testing::request("u", operation, new, old, rest)).await;
        assert_eq!((&answer["allowed"], &answer["warnings"]), (&true.into(), &Value::Null), "{answer}");
    }
    let mut app = testing::app_with("mode: enforce");
    app.excluded = ["math".to_owned()].into();
    let request = Request::builder()
        .method("POST")
        .uri("/validate")
        .extension(Client { peer: Peer::Trusted, address: ([127, 0, 0, 1], 1).into() })
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(create(&volumes(60_000))))
        .unwrap();
    let response = Handler::new(&app).answer(request).await;
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(answer["response"], json!({"uid": "u", "allowed": true}));
}

#[tokio::test]
async fn what_servers_and_controllers_write_does_not_count() {
    let managed: serde_json::Map<_, _> = (0..15_000).map(|n| (format!("f:a{n}"), json!({}))).collect();
    let patch = json!({
        "metadata": {"managedFields": [{"manager": "m", "operation": "Update", "fieldsV1": managed}]},
        "status": {"conditions": vec![json!({"type": "a", "status": "True"}); 6_000]},
    });
    let answer = validate(create(&patch)).await;
    assert_eq!(answer["allowed"], true, "{answer}");
}

#[tokio::test]
async fn a_stored_object_that_is_too_large_stays_editable_where_nothing_gets_worse() {
    let stored = volumes(20_000);
    let mut labelled = stored.clone();
    labelled["metadata"] = json!({"labels": {"a": "b"}});
    let answer = validate(update(&labelled, &stored)).await;
    assert_eq!(answer["allowed"], true, "{answer}");
    assert!(answer["warnings"][0].as_str().unwrap().contains("larger than what is judged"), "{answer}");
    // One more volume, or one fewer: who knows what else has changed.
    for count in [20_001, 19_999] {
        assert_eq!(validate(update(&volumes(count), &stored)).await["allowed"], false);
    }
    // What is sent along with a new object has not been stored.
    let create = update(&labelled, &stored).replace(r#""operation":"UPDATE""#, r#""operation":"CREATE""#);
    assert_ne!(create, update(&labelled, &stored));
    assert_eq!(validate(create).await["allowed"], false);
    // What was within the limits has become worse.
    assert_eq!(validate(update(&annotations(20_000), &json!({}))).await["allowed"], false);
    assert_eq!(validate(update(&stored, &json!({}))).await["allowed"], false);
}

#[tokio::test]
async fn a_stored_object_that_is_too_large_can_be_made_smaller() {
    let policy = "mode: enforce\n  rules: {job/no-deadline: deny, job/max-backoff: off}";
    let bounded = json!({"spec": {"backoffLimit": 4}});
    let new = json!({"spec": {"backoffLimit": 4, "activeDeadlineSeconds": null}});
    let old = json!({"spec": {"activeDeadlineSeconds": null}});
    let denies = |answer: &Value| answer["response"]["status"].to_string().contains("job/no-deadline");
    for mut stored in [volumes(20_000), annotations(20_000)] {
        json_patch::merge(&mut stored, &old);
        let (_, answer) = ask(policy, "/validate", update(&bounded, &stored)).await;
        assert_eq!(answer["response"], json!({"uid": "u", "allowed": true}));
        // It is judged as a new object then: what stood in the stored one is no excuse.
        let (_, answer) = ask(policy, "/validate", update(&new, &stored)).await;
        assert!(denies(&answer), "{answer}");
    }
    let (_, answer) = ask(policy, "/validate", update(&new, &old)).await;
    assert!(!denies(&answer), "{answer}");
}

/// As an API server writes it.
fn escaped(body: &str) -> String {
    body.replace('<', r"\u003c")
}

#[tokio::test]
async fn what_an_api_server_can_send_is_read() {
    let args = |restart: &str, length: usize| {
        json!({"spec": {"template": {"spec": {"restartPolicy": restart, "containers": [
            {"name": "pi", "image": "perl:5.34", "args": ["<".repeat(length)]}
        ]}}}})
    };
    let (good, bad) = (args("Never", 1_300_000), args("Always", 1_300_000));
    let body = escaped(&create(&good));
    assert!(body.len() > 7 << 20);
    let answer = validate(body).await;
    assert_eq!(answer["allowed"], true, "{answer}");
    let answer = validate(escaped(&create(&bad))).await;
    assert!(answer["status"]["message"].as_str().unwrap().contains("restartPolicy"), "{answer}");
    // Old and new.
    let mut stored = good.clone();
    stored["metadata"] =
        json!({"uid": "a", "resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"});
    stored["spec"]["selector"] = json!({"matchLabels": {"a": "b"}});
    stored["spec"]["template"]["metadata"] = json!({"labels": {"a": "b"}});
    let answer = validate(escaped(&update(&stored, &stored))).await;
    assert_eq!(answer["allowed"], true, "{answer}");
    // More than anything that is stored.
    let answer = validate(escaped(&create(&args("Never", MAX_BODY / 6)))).await;
    assert_eq!((&answer["uid"], &answer["allowed"]), (&"u".into(), &false.into()), "{answer}");
    assert_eq!(answer["status"]["code"], 413, "{answer}");
}

#[tokio::test]
async fn who_asks_is_known_wherever_it_stands() {
    let review = |rest: &str| {
        format!(
            r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{{"object":{{"spec":[{}1]}}{rest}}}}}"#,
            "{},".repeat(20_000)
        )
    };
    let rest = r#","uid":"behind","operation":"CREATE","kind":{"group":"batch","version":"v1","kind":"Job"}"#;
    let answer = validate(review(rest)).await;
    assert_eq!((&answer["uid"], &answer["allowed"]), (&"behind".into(), &false.into()), "{answer}");
    // No uid to answer to.
    let (code, answer) = ask("mode: enforce", "/validate", review("")).await;
    assert_eq!((code, &answer["reason"]), (413, &"RequestEntityTooLarge".into()));
}
