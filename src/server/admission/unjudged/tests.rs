//! The table in `docs/operate.md`, held to the code.

use std::collections::BTreeSet;

use super::super::head::Head;
use super::super::request::PassedOver;
use super::super::ruling::MAX_WARNING;
use super::super::without_verdict::{self, MAX_MESSAGE};
use super::*;

const MANUAL: &str = include_str!("../../../../docs/operate.md");

/// Everything that a review can end in without a verdict: a new variant does not compile until it is here.
fn all() -> Vec<Unjudged> {
    let text = String::new;
    let all = [
        Unjudged::Unreadable { problem: text() },
        Unjudged::UnknownVersion { found: text() },
        Unjudged::TooLarge { limit: 1 },
        Unjudged::TooManyElements { limit: 1 },
        Unjudged::TooDeep { limit: 1 },
        Unjudged::TooManyJobs { limit: 1 },
        Unjudged::StoredTooLarge,
        Unjudged::OutOfTime,
        Unjudged::Panicked,
        Unjudged::Overloaded,
        Unjudged::TimedOut,
        Unjudged::UnreadableRequest { problem: text() },
        Unjudged::NoObject,
        Unjudged::OtherKind { found: text() },
    ];
    let position = |why: &Unjudged| match why {
        Unjudged::Unreadable { .. } => 0,
        Unjudged::UnknownVersion { .. } => 1,
        Unjudged::TooLarge { .. } => 2,
        Unjudged::TooManyElements { .. } => 3,
        Unjudged::TooDeep { .. } => 4,
        Unjudged::TooManyJobs { .. } => 5,
        Unjudged::StoredTooLarge => 6,
        Unjudged::OutOfTime => 7,
        Unjudged::Panicked => 8,
        Unjudged::Overloaded => 9,
        Unjudged::TimedOut => 10,
        Unjudged::UnreadableRequest { .. } => 11,
        Unjudged::NoObject => 12,
        Unjudged::OtherKind { .. } => 13,
    };
    assert!(all.iter().map(position).eq(0..all.len()));
    all.into()
}

fn passed_over() -> Vec<PassedOver> {
    let all = [
        PassedOver::ExcludedNamespace,
        PassedOver::Operation,
        PassedOver::Subresource,
        PassedOver::BeingDeleted,
        PassedOver::OuterObject,
        PassedOver::ControllerJob,
    ];
    let position = |why: &PassedOver| match why {
        PassedOver::ExcludedNamespace => 0,
        PassedOver::Operation => 1,
        PassedOver::Subresource => 2,
        PassedOver::BeingDeleted => 3,
        PassedOver::OuterObject => 4,
        PassedOver::ControllerJob => 5,
    };
    assert!(all.iter().map(position).eq(0..all.len()));
    all.into()
}

/// The cells of the table's rows, but for what each is about in words.
fn rows() -> Vec<Vec<String>> {
    let start = MANUAL.find("## Reviews without a verdict").expect("the chapter is there");
    let chapter = &MANUAL[start..];
    let end = chapter[3..].find("\n## ").map_or(chapter.len(), |end| end + 3);
    let lines = chapter[..end].lines().filter(|line| line.starts_with("| `"));
    lines
        .map(|line| {
            let cells: Vec<String> =
                line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
            [&cells[..1], &cells[2..]].concat()
        })
        .collect()
}

/// What `/validate` answers under a policy, in the table's words.
fn word(why: &Unjudged, mode: Mode) -> String {
    let decide = |on_timeout| why.decide(Endpoint::Validate, mode, on_timeout);
    match (decide(OnTimeout::Allow), decide(OnTimeout::Deny)) {
        (Consequence::Allow, Consequence::Allow) => "warned".to_owned(),
        (Consequence::Deny { code, reason }, Consequence::Deny { .. }) => format!("denied, {code} {reason}"),
        (Consequence::Allow, Consequence::Deny { code, reason }) => {
            format!("by `onTimeout`: warned, or denied, {code} {reason}")
        }
        (Consequence::Deny { .. }, Consequence::Allow) => panic!("onTimeout: deny allows more"),
    }
}

#[test]
fn the_manual_lists_every_way_and_what_follows() {
    let mut expected: Vec<Vec<String>> = Vec::new();
    for why in all() {
        let [enforce, warn, audit] = [Mode::Enforce, Mode::Warn, Mode::Audit].map(|mode| word(&why, mode));
        // Answered, so that the webhook's failurePolicy says nothing; but for an overload that need not refuse.
        let left_to_client = why == Unjudged::Overloaded;
        let [ignore, fail] = if left_to_client {
            ["unless denied: 429, retried, then unchecked", "unless denied: 429, retried, then refused"]
        } else {
            ["answered", "answered"]
        };
        let words = [why.fault().as_str(), &enforce, &warn, &audit, ignore, fail];
        expected.push([format!("`{}`", why.reason())].into_iter().chain(words.map(str::to_owned)).collect());
    }
    for why in passed_over() {
        let words = ["nobody", "allowed", "allowed", "allowed", "answered", "answered"];
        expected.push([format!("`{}`", why.reason())].into_iter().chain(words.map(str::to_owned)).collect());
    }
    let (answered, by_http): (Vec<_>, Vec<_>) =
        rows().into_iter().partition(|row| !row[0].starts_with("`HTTP "));
    let show = |rows: &[Vec<String>]| rows.iter().map(|row| row.join(" | ")).collect::<Vec<_>>().join("\n");
    assert_eq!(show(&answered), show(&expected));

    // What is answered with an HTTP error, or not at all, is for the failurePolicy, whatever the policy's mode.
    let codes: BTreeSet<String> = by_http.iter().map(|row| row[0].replace("HTTP ", "")).collect();
    for row in &by_http {
        assert_eq!(row[2..], ["-", "-", "-", "unchecked", "refused"], "{row:?}");
    }
    let refused: BTreeSet<String> = refusals().into_iter().map(|code| format!("`{code}`")).collect();
    assert_eq!(codes, refused);
}

/// The HTTP errors that a request to one of the two endpoints can end in, as the code that answers them names them.
fn refusals() -> BTreeSet<u16> {
    let sources = [
        include_str!("../../http/routes.rs"),
        include_str!("../../http/handler.rs"),
        include_str!("../../http/review.rs"),
        include_str!("../../http/body.rs"),
    ];
    let named = sources.iter().flat_map(|source| source.split("StatusCode::").skip(1));
    named
        .map(|rest| rest.split(|c: char| !c.is_ascii_uppercase() && c != '_').next().unwrap())
        .filter(|name| !matches!(*name, "OK" | ""))
        .map(|name| match name {
            "BAD_REQUEST" => 400,
            "UNAUTHORIZED" => 401,
            "FORBIDDEN" => 403,
            "NOT_FOUND" => 404,
            "METHOD_NOT_ALLOWED" => 405,
            "REQUEST_TIMEOUT" => 408,
            "PAYLOAD_TOO_LARGE" => 413,
            "UNSUPPORTED_MEDIA_TYPE" => 415,
            "TOO_MANY_REQUESTS" => 429,
            "INTERNAL_SERVER_ERROR" => 500,
            "SERVICE_UNAVAILABLE" => 503,
            other => panic!("{other} is to be listed here and in the manual"),
        })
        .collect()
}

#[test]
fn reasons_are_words_of_their_own() {
    let reasons: Vec<&str> =
        all().iter().map(Unjudged::reason).chain(passed_over().into_iter().map(PassedOver::reason)).collect();
    let distinct: BTreeSet<&str> = reasons.iter().copied().collect();
    assert_eq!(distinct.len(), reasons.len());
    let plain = |reason: &&str| reason.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    assert!(reasons.iter().all(plain), "{reasons:?}");
}

#[test]
fn what_an_object_brings_about_is_refused_under_enforce_alone() {
    for why in all() {
        let decide = |endpoint, mode| why.decide(endpoint, mode, OnTimeout::Allow);
        let refuses = decide(Endpoint::Validate, Mode::Enforce) != Consequence::Allow;
        if why == Unjudged::StoredTooLarge {
            // Old objects stay editable.
            assert!(!refuses);
        } else if why.fault() == Fault::Object {
            assert!(refuses, "{why:?}");
        }
        if why.fault() == Fault::Server {
            assert!(!refuses, "{why:?}");
        }
        for mode in [Mode::Enforce, Mode::Warn, Mode::Audit] {
            assert_eq!(decide(Endpoint::Mutate, mode), Consequence::Allow, "{why:?}");
        }
        for mode in [Mode::Warn, Mode::Audit] {
            assert_eq!(decide(Endpoint::Validate, mode), Consequence::Allow, "{why:?}");
        }
    }
}

#[test]
fn a_refusal_is_plain_and_short() {
    let head = Head::read(br#"{"request":{"uid":"u"}}"#);
    for why in all() {
        let (response, outcome) =
            without_verdict::answer(&why, Endpoint::Validate, &head, Mode::Enforce, OnTimeout::Deny);
        assert_eq!(response.audit_annotations["unjudged"], why.reason());
        assert_eq!(outcome.unjudged.unwrap().0, why.reason());
        match response.status {
            Some(status) => {
                assert!(!response.allowed);
                assert!(
                    status.message.starts_with("jobguard cannot judge this, and so refuses it"),
                    "{status:?}"
                );
                assert!(!status.message.contains("is invalid"), "{status:?}");
            }
            None => assert!(response.allowed && response.warnings[0].chars().count() <= MAX_WARNING),
        }
    }
    let long = Unjudged::Unreadable { problem: "\u{202e}x\n".repeat(5000) };
    for mode in [Mode::Enforce, Mode::Warn] {
        let (response, _) = without_verdict::answer(&long, Endpoint::Validate, &head, mode, OnTimeout::Allow);
        let texts = response.status.map(|status| status.message).into_iter().chain(response.warnings);
        for text in texts {
            assert!(text.chars().count() <= MAX_MESSAGE && !text.contains(['\n', '\u{202e}']));
        }
    }
}
