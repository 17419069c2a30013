//! Reviews that can be read, and the errors of those that cannot.

use super::super::head::Head;
use super::super::request::{Operation, PassedOver};
use super::*;
use jobguard_apiserver::Workload;

fn read(text: &str) -> Result<Review<'_>, ReviewError> {
    Review::read(text.as_bytes())
}

fn error(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn reads_a_request() {
    let text = r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u1",
        "kind":{"group":"batch","version":"v1","kind":"Job"},"subResource":"","namespace":"ns",
        "operation":"CREATE","userInfo":{"username":"anna","groups":["a"]},"object":{"kind":"Job"},
        "oldObject":null,"dryRun":true,"options":{"kind":"CreateOptions"},"new":[1]}}"#;
    let Review::Request(request) = read(text).unwrap() else { panic!("no request") };
    assert_eq!(request.uid, "u1");
    assert_eq!(request.kind.to_string(), "batch/v1 Job");
    assert_eq!((request.operation, request.user()), (Operation::Create, "anna"));
    assert_eq!(request.passed_over(), None);
    assert!(matches!(request.object, Some(Sent::Read(Workload::Job(_)))));
    assert!(request.old_object.is_none());
}

#[test]
fn objects_that_are_not_judged_are_not_read() {
    for (rest, is_read) in [
        (r#""operation":"UPDATE","subResource":"","#, true),
        (r#""operation":"UPDATE","#, true),
        (r#""operation":"UPDATE","subResource":"status","#, false),
        (r#""operation":"DELETE","#, false),
        (r#""operation":"CONNECT","#, false),
    ] {
        let text = format!(
            r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{{"uid":"u1",
            "kind":{{"group":"batch","version":"v1","kind":"Job"}},{rest}
            "object":{{"kind":"Job","spec":{{}}}},"oldObject":{{"kind":"Job","spec":{{}}}}}}}}"#
        );
        let Review::Request(request) = read(&text).unwrap() else { panic!("no request") };
        assert_eq!(request.passed_over().is_none(), is_read, "{rest}");
        assert_eq!((request.object.is_some(), request.old_object.is_some()), (is_read, is_read), "{rest}");
    }
}

#[test]
fn keeps_an_object_raw_that_is_not_as_servers_write_it() {
    for object in [
        r#"{"kind":"CronJob"}"#,
        r#"{"spec":{},"kind":"Job"}"#,
        r#"{"kind":"Job","spec":{"parallelism":"2"}}"#,
        r#"{"kind":"Job","spec":{},"spec":{}}"#,
        r#"{"kind":"Pod","spec":{}}"#,
        "{}",
        "[1]",
    ] {
        let text = format!(
            r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{{"uid":"u1","object":{object},
            "kind":{{"group":"batch","version":"v1","kind":"Job"}},"operation":"CREATE"}}}}"#
        );
        let Review::Request(request) = read(&text).unwrap() else { panic!("no request") };
        assert!(matches!(request.object, Some(Sent::Raw(raw)) if raw.get() == object), "{object}");
    }
}

#[test]
fn says_why_a_body_is_no_review() {
    insta::assert_snapshot!(error(" \n"), @"the body is empty; it must be one AdmissionReview in JSON");
    insta::assert_snapshot!(error("[]"), @"the body is not a JSON object; it must be one AdmissionReview in JSON");
    insta::assert_snapshot!(error("{\n\"kind\": x"), @"the body is not an AdmissionReview in JSON, line 2 column 9: expected value");
    insta::assert_snapshot!(error("{"), @"the body is not an AdmissionReview in JSON, line 1 column 1: EOF while parsing an object");
    insta::assert_snapshot!(error("{}"), @"the body is an object without `kind` and `apiVersion`, not an AdmissionReview of admission.k8s.io/v1");
    insta::assert_snapshot!(error(r#"{"kind":"Pod","apiVersion":"v1"}"#), @r#"the body is kind "Pod" of apiVersion "v1", not an AdmissionReview of admission.k8s.io/v1"#);
    insta::assert_snapshot!(error(r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1"}"#), @"AdmissionReview of admission.k8s.io/v1beta1 is not spoken here; list `v1` in the webhook's admissionReviewVersions");
    insta::assert_snapshot!(error(r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}"#), @"the AdmissionReview has no `request`");
    insta::assert_snapshot!(
        error(r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"name":"x"}}"#), @"the AdmissionReview has no `request.uid`, without which it cannot be answered");
    insta::assert_snapshot!(
        error(r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":[1]}"#), @"the AdmissionReview has no `request.uid`, without which it cannot be answered");
}

#[test]
fn keeps_the_uid_of_a_request_it_does_not_understand() {
    for rest in [
        r#""operation":"MERGE","kind":{}"#,
        r#""operation":"CREATE","kind":"Job""#,
        r#""operation":"CREATE""#,
        r#""operation":"CREATE","kind":{},"userInfo":7"#,
    ] {
        let text = format!(
            r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{{"uid":"u2",{rest}}}}}"#
        );
        match read(&text).unwrap() {
            Review::UidOnly { uid, problem } => {
                assert_eq!(uid, "u2");
                assert!(!problem.is_empty());
            }
            Review::Request(request) => panic!("understood {request:?}"),
        }
    }
}

#[test]
fn the_head_of_a_request_is_what_stands_before_its_objects() {
    let text = r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u1",
        "kind":{"group":"batch","version":"v1","kind":"Job"},"subResource":"status","name":"n","namespace":"ns",
        "operation":"UPDATE","userInfo":{"username":"anna","extra":{"uid":["no"]}},"object":{"kind":"Pod","uid":"u2","name":""#;
    let head = Head::read(text.as_bytes());
    assert!(head.can_be_answered());
    assert_eq!((head.uid.as_str(), head.user()), ("u1", "anna"));
    assert_eq!((head.name(), head.namespace()), (Some("n"), Some("ns")));
    assert_eq!(
        (head.operation, head.passed_over()),
        (Some(Operation::Update), Some(PassedOver::Subresource))
    );
    assert_eq!(head.kind.to_string(), "batch/v1 Job");
    // What comes after the objects counts where it does not stand before them.
    let late = r#"{"request":{"object":{"a":[[[1]]]},"oldObject":null,"uid":"u3"},"apiVersion":"admission.k8s.io/v1"}"#;
    assert!(Head::read(late.as_bytes()).can_be_answered());
    for end in 0..text.len() {
        let cut = Head::read(&text.as_bytes()[..end]);
        assert!(["", "u1"].contains(&cut.uid.as_str()), "{end}");
    }
    for text in
        ["", "[]", "{}", "7", r#"{"request":[]}"#, r#"{"request":{"uid":7}}"#, r#"{"request":{"uid":null}}"#]
    {
        assert!(!Head::read(text.as_bytes()).can_be_answered(), "{text}");
    }
}

#[test]
fn hostile_bodies_are_errors() {
    let deep = "[".repeat(200_000);
    assert!(read(&deep).is_err());
    let deep_object = format!(
        r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","x":{},"request":null}}"#,
        "[".repeat(100_000) + &"]".repeat(100_000)
    );
    assert!(matches!(read(&deep_object), Err(ReviewError::NoRequest)));
    assert!(matches!(Review::read(b"{\"kind\":\"\xff\xfe\"}"), Err(ReviewError::Json { .. })));
    assert!(matches!(Review::read(b"\xef\xbb\xbf{}"), Err(ReviewError::NoObject)));
}

proptest::proptest! {
    #[test]
    fn never_panics(body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = Review::read(&body);
    }

    #[test]
    fn never_panics_on_mangled_reviews(cut in 0usize..200, byte in proptest::num::u8::ANY) {
        let mut body = br#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u1","kind":{"group":"batch","version":"v1","kind":"Job"},"operation":"CREATE","object":{"kind":"Job"}}}"#.to_vec();
        let at = cut % body.len();
        body[at] = byte;
        let _ = Review::read(&body);
        let _ = Review::read(&body[..at]);
    }
}
