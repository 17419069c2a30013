//! Jobs as people read them.

use std::fmt::Write as _;

use k8s_openapi::api::batch::v1::JobSpec;
use serde_json::{Value, json};

use super::*;
use crate::forecast::job::forecast;

/// A Job's forecast in lines of at most 80 characters.
fn text(title: &str, spec: Value, pod: Value, expected: Option<i64>, what_if: &[&str]) -> String {
    let mut whole =
        json!({"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main"}]}}});
    for (place, more) in [("/template/spec", pod), ("", spec)] {
        whole.pointer_mut(place).unwrap().as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    }
    let spec: JobSpec = serde_json::from_value(whole).unwrap();
    let what_if: Vec<WhatIf> = what_if.iter().map(|text| text.parse().unwrap()).collect();
    WhatIf::check(&what_if, &spec).unwrap();
    let job = forecast(&spec, expected, &what_if);
    let mut out = format!("## {title}\n");
    lines("", &pattern_words(&job), &mut out);
    if what_if.is_empty() {
        lines("", &title_words(&job.worst_case, true), &mut out);
        timeline(&job.worst_case, &mut out);
        lines("  ", &bound_words(&job.bound), &mut out);
    }
    if let Some(what) = &job.what_if {
        lines("", &title_words(what, false), &mut out);
        timeline(what, &mut out);
    }
    out
}

fn timeline(timeline: &Timeline, out: &mut String) {
    for event in &timeline.events {
        let at = duration_words(event.at_seconds);
        lines(&format!("  {at:>12}  "), &event_words(event), out);
    }
    lines("  ", &end_words(timeline), out);
    for line in after_words(timeline, false) {
        lines("  ", &line, out);
    }
}

/// Words in lines of at most 80 characters, those after the first below where its words begin.
fn lines(begin: &str, words: &str, out: &mut String) {
    let indent = begin.chars().count();
    let mut width = 0;
    for (position, word) in words.split(' ').enumerate() {
        let length = word.chars().count();
        if position == 0 {
            out.push_str(begin);
            width = indent;
        } else if width + 1 + length > 80 {
            let _ = write!(out, "\n{:indent$}", "");
            width = indent;
        } else {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out.push('\n');
}

#[test]
fn timelines_as_people_read_them() {
    let none = || json!({});
    let indexed = |more: Value| {
        let mut spec = json!({"completionMode": "Indexed", "completions": 5, "parallelism": 5});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        spec
    };
    let policy = || {
        json!({"backoffLimit": 2, "podFailurePolicy": {"rules": [
            {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}},
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]}})
    };
    let all = [
        text("every default", none(), none(), None, &[]),
        text(
            "a deadline and a known run time",
            json!({"activeDeadlineSeconds": 600, "backoffLimit": 3, "ttlSecondsAfterFinished": 3_600}),
            none(),
            Some(180),
            &[],
        ),
        text("restarted in place", none(), json!({"restartPolicy": "OnFailure"}), Some(5), &[]),
        text(
            "Pods with a deadline of their own",
            json!({"backoffLimit": 1}),
            json!({"activeDeadlineSeconds": 900}),
            None,
            &[],
        ),
        text(
            "retries for each index",
            indexed(json!({"backoffLimitPerIndex": 1, "maxFailedIndexes": 3, "parallelism": 2})),
            none(),
            Some(60),
            &[],
        ),
        text(
            "a queue without a limit",
            json!({"parallelism": 3, "backoffLimit": 1_000_000}),
            none(),
            None,
            &[],
        ),
        text(
            "an exit code that fails the Job",
            policy(),
            none(),
            Some(60),
            &["exit=42,try=2", "exit=1,try=1"],
        ),
        text("a node that is drained", policy(), none(), Some(60), &["disruption,try=1"]),
        text("a node that is always drained", policy(), none(), Some(60), &["disruption"]),
        text(
            "a leader is enough",
            indexed(json!({"successPolicy": {"rules": [{"succeededIndexes": "0"}]}})),
            json!({"subdomain": "peers"}),
            Some(60),
            &["hang,index=3", "exit=1,index=4"],
        ),
        text(
            "a million things to do",
            json!({"completions": 1_000_000, "parallelism": 100}),
            none(),
            Some(90),
            &["success"],
        ),
        text("a hang", json!({"suspend": true}), none(), Some(60), &["hang,try=2", "exit=1"]),
        text(
            "a hang that a deadline ends",
            json!({"activeDeadlineSeconds": 300}),
            none(),
            Some(60),
            &["hang"],
        ),
        text("paused", json!({"parallelism": 0, "completions": 3}), none(), None, &[]),
    ];
    let all = all.join("\n");
    for line in all.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn durations() {
    for (seconds, words) in [
        (0, "0 s"),
        (59, "59 s"),
        (70, "1 min 10 s"),
        (600, "10 min"),
        (3_661, "1 h 1 min 1 s"),
        (86_400, "1 day"),
        (3 * 86_400 + 4 * 3_600 + 59, "3 days 4 h"),
        (1_288_490_185_230, "about 40,857 years"),
    ] {
        assert_eq!(duration_words(seconds), words);
    }
}

#[test]
fn faults() {
    for (text, words) in [
        ("", "say what happens: exit=CODE, disruption, hang or success"),
        ("exit=0", "exit code 0 is a success: say success"),
        ("exit=oom", "\"oom\" is not an exit code; give a number such as exit=137"),
        (
            "crash",
            "\"crash\" is not understood; accepted are exit=CODE, disruption, hang or success, narrowed by \
             container=NAME, try=N and index=N",
        ),
        ("hang,try=0", "\"0\" is not a try; they are counted from try=1"),
        ("hang,container", "give container once, with a value"),
    ] {
        assert_eq!(what_if_fault(&text.parse::<WhatIf>().unwrap_err()), words);
    }
    let spec: JobSpec =
        serde_json::from_value(json!({"template": {"spec": {"containers": [{"name": "main"}]}}})).unwrap();
    let fault = |text: &str| what_if_fault(&WhatIf::check(&[text.parse().unwrap()], &spec).unwrap_err());
    assert_eq!(fault("hang,index=1"), "the Job is not Indexed: leave out index");
    assert_eq!(fault("hang,container=a"), "the Job has no container \"a\"; use \"main\"");
}
