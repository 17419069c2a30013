//! Jobs by what is known of them: worked out by hand, and compared with a simulation that takes every Pod by itself.

mod known;
mod naive;
mod properties;

use k8s_openapi::api::batch::v1::JobSpec;
use serde_json::{Value, json};

use super::*;

/// A Job's spec with these fields, and these of its Pods.
fn job(spec: Value, pod: Value) -> JobSpec {
    let mut whole =
        json!({"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main"}]}}});
    for (place, more) in [("/template/spec", pod), ("", spec)] {
        let target = whole.pointer_mut(place).unwrap().as_object_mut().unwrap();
        target.extend(more.as_object().unwrap().clone());
    }
    serde_json::from_value(whole).unwrap()
}

fn what_if(texts: &[&str]) -> Vec<WhatIf> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// An event in one line, for comparison.
fn line(event: &Event) -> String {
    let number =
        |name: &str, value: Option<u64>| value.map(|value| format!(" {name} {value}")).unwrap_or_default();
    let next = |at: &Option<i64>| at.map(|at| format!(" -> {at}")).unwrap_or_default();
    let kind = match &event.kind {
        EventKind::Started { pods, index, .. } => format!("start {pods}{}", number("index", *index)),
        EventKind::Failed { pods, attempt, index, action, rule, next_at_seconds, .. } => format!(
            "try {attempt} fails {pods}{} {action:?}{}{}",
            number("index", *index),
            number("rule", rule.map(|rule| rule as u64)),
            next(next_at_seconds)
        ),
        EventKind::Restarts { pods, attempt, next_at_seconds, .. } => {
            format!("try {attempt} exits {pods}{}", next(next_at_seconds))
        }
        EventKind::IndexFailed { failed_indexes, .. } => format!("indexes failed {failed_indexes}"),
        EventKind::Succeeded { pods, attempt, index, .. } => {
            format!("try {attempt} succeeds {pods}{}", number("index", *index))
        }
        EventKind::Hangs { pods, attempt, .. } => format!("try {attempt} hangs {pods}"),
        EventKind::Repeated { every_seconds, times, tries, failures, successes, .. } => format!(
            "again each {every_seconds} x{times:?} {:?} failures {failures} successes {successes}",
            tries.map(|tries| (tries.from, tries.to))
        ),
        EventKind::Omitted { events } => format!("omitted {events}"),
    };
    let until = event.until_seconds.map(|until| format!("-{until}")).unwrap_or_default();
    format!("{}{until}: {kind}", event.at_seconds)
}

fn end(timeline: &Timeline) -> String {
    let end = &timeline.end;
    match (end.at_seconds, end.reason) {
        (Some(at), Some(reason)) => format!("{at}: {reason:?}"),
        _ => format!("never: {:?}", end.by),
    }
}
