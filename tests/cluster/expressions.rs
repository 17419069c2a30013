//! Expressions in ValidatingAdmissionPolicies of a real API server: it takes and refuses those that we do.

use std::collections::BTreeMap;

use jobguard::policy::load::{self, Source};
use jobguard::rules::registry;
use serde_json::json;

use super::control_plane::ControlPlane;

const TABLE: &str = include_str!("../own-rules/expressions.txt");

/// The lines of the table: a number, the verdict, and the expression.
fn table() -> impl Iterator<Item = (usize, &'static str, &'static str)> {
    TABLE.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(
        |(at, line)| {
            let (verdict, rest) = line.split_once(' ').unwrap();
            (at + 1, verdict, rest.split(" => ").next().unwrap())
        },
    )
}

/// A policy with one expression, as `policy export` writes it where nothing else is asked; an operand, so that what only an
/// evaluation tells to be true or false is taken.
fn policy(number: usize, expression: &str) -> String {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": format!("line-{number}")},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [{
                "apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["jobs"],
            }]},
            "validations": [{"expression": format!("true && (\n{expression}\n)"), "message": "false"}],
        },
    })
    .to_string()
}

/// The minor version of Kubernetes that an accepted expression needs.
fn needs(expression: &str) -> Vec<(&'static str, u8)> {
    let quoted = serde_json::to_string(expression).unwrap();
    let text = format!(
        "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {{name: p}}\nspec:\n  customRules:\n  - {{id: acme/a, expression: {quoted}}}\n"
    );
    let source = Source { name: "p.yaml".to_owned(), text };
    let policy = load::read(&source, registry().catalog(), &load::no_files).unwrap();
    policy.own().rules()[0].newer_than(0)
}

/// Older servers take what they have, and refuse what came later; the newest one agrees in everything.
#[test]
fn own_rules_are_refused_as_a_server_refuses_them() {
    let Some(plane) = ControlPlane::start() else { return };
    let version = plane.kubectl(&["get", "--raw", "/version"], "");
    let version: serde_json::Value = serde_json::from_str(&version.stdout).unwrap();
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>();
    let minor: u8 = digits(version["minor"].as_str().unwrap()).parse().unwrap();
    let items: Vec<String> = table().map(|(number, _, expression)| policy(number, expression)).collect();
    let list = format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{}]}}"#, items.join(","));
    let said = plane.kubectl(&["create", "--dry-run=server", "--validate=false", "-f", "-"], &list);
    let mut wrong = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, verdict, expression) in table() {
        let is_taken = said.stdout.contains(&format!("/line-{number} created"));
        let wanted = match verdict {
            "accepted" => needs(expression).iter().all(|(_, since)| *since <= minor),
            // Servers have become stricter, and fail less.
            _ if minor < 36 => continue,
            "newest" => true,
            "refused" => false,
            "ours" => true,
            other => panic!("line {number}: {other}"),
        };
        *counts.entry(verdict).or_default() += 1;
        if is_taken != wanted {
            wrong.push(format!("line {number} ({verdict}): {expression}"));
        }
    }
    assert!(wrong.is_empty(), "1.{minor}: {}\n{}", wrong.join("\n"), said.stderr);
    eprintln!("1.{minor}: {counts:?}");
    assert!(counts["accepted"] >= 60, "{counts:?}");
}
