//! Manifests with objects that hold more than is judged.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Lints a text: exit status and findings, each as rule, line and message.
fn lint(text: &str, arguments: &[&str]) -> (Option<i32>, Vec<(String, u64, String)>) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_jobguard"))
        .args(["lint", "-", "--format", "json", "--policy", "baseline"])
        .args(arguments)
        .env_remove("JOBGUARD_POLICY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = program.stdin.take().unwrap();
    let text = text.to_owned();
    let writing = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = program.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().or_else(|| report["diagnostics"].as_array()).unwrap();
    let said = findings
        .iter()
        .map(|finding| {
            let word = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            (word("rule"), finding["line"].as_u64().unwrap_or_default(), word("message"))
        })
        .collect();
    (output.status.code(), said)
}

fn job(name: &str, restart: &str, volumes: usize) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": {"spec": {
            "restartPolicy": restart,
            "containers": [{"name": "a", "image": "a:1"}],
            "volumes": (0..volumes).map(|n| json!({"name": format!("v{n}"), "emptyDir": {}})).collect::<Vec<_>>(),
        }}},
    })
}

/// A text in the block style, one scalar a line.
fn yaml(value: &Value) -> String {
    fn write(value: &Value, indent: usize, out: &mut String) {
        let blank = " ".repeat(indent);
        match value {
            Value::Object(map) if !map.is_empty() => {
                for (key, value) in map {
                    let _ = write!(out, "\n{blank}{key}:");
                    self::yaml_value(value, indent + 2, out);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for item in items {
                    let _ = write!(out, "\n{blank}-");
                    self::yaml_value(item, indent + 2, out);
                }
            }
            other => {
                let _ = write!(out, " {other}");
            }
        }
    }
    let mut out = String::new();
    write(value, 0, &mut out);
    out.push('\n');
    out
}

fn yaml_value(value: &Value, indent: usize, out: &mut String) {
    let nested = yaml(value);
    let nested = nested.trim_end();
    if nested.starts_with('\n') {
        let blank = " ".repeat(indent);
        for line in nested.lines().skip(1) {
            let _ = write!(out, "\n{blank}{line}");
        }
    } else {
        out.push_str(nested);
    }
}

fn rules(found: &[(String, u64, String)]) -> Vec<&str> {
    found.iter().map(|(rule, ..)| rule.as_str()).collect()
}

#[test]
fn the_place_is_told_and_the_next_document_is_judged() {
    let (large, bad) = (job("large", "Never", 20_000), job("bad", "Always", 0));
    for text in [
        format!("{}---\n{}", yaml(&large), yaml(&bad)),
        format!("{large}\n{bad}\n"),
        format!("{large:#}\n{bad:#}\n"),
    ] {
        let (status, found) = lint(&text, &[]);
        assert_eq!(status, Some(1));
        assert_eq!(rules(&found), ["manifest/too-large", "api/restart-policy"], "{found:?}");
        assert!(found[0].2.contains("more than 10000 list items and map entries"), "{found:?}");
    }
    // Three elements a volume: the budget runs out at the 3,330th or so, three lines each.
    let (_, found) = lint(&yaml(&large), &[]);
    assert!((9_000..11_000).contains(&found[0].1), "{found:?}");
}

#[test]
fn up_to_the_limit_nothing_is_said() {
    for text in [yaml(&job("a", "Never", 3_000)), job("a", "Never", 3_000).to_string()] {
        assert_eq!(lint(&text, &[]), (Some(0), vec![]));
        let (status, found) = lint(&text, &["--max-elements", "5000"]);
        assert_eq!((status, rules(&found)), (Some(1), vec!["manifest/too-large"]));
    }
    let large = yaml(&job("a", "Never", 10_000));
    assert_eq!(lint(&large, &["--max-elements", "50000"]), (Some(0), vec![]));
}

#[test]
fn items_of_a_list_are_objects_of_their_own() {
    let mut items: Vec<Value> = (0..1_000).map(|n| job(&format!("j{n}"), "Never", 2)).collect();
    items.push(job("bad", "Always", 0));
    // kubectl sorts keys: the kind of the list comes behind its items.
    let list = json!({"apiVersion": "v1", "items": items, "kind": "List"});
    let typed = format!(
        r#"{{"kind":"JobList","apiVersion":"batch/v1","items":{}}}"#,
        serde_json::to_string(&items).unwrap().replace(r#""apiVersion":"batch/v1","kind":"Job","#, "")
    );
    for text in [yaml(&list), list.to_string(), typed] {
        let (_, found) = lint(&text, &[]);
        assert_eq!(rules(&found), ["api/restart-policy"], "{found:?}");
    }
}

#[test]
fn a_list_hides_nothing() {
    let bad = job("bad", "Always", 0);
    let tiny: Vec<Value> = vec![json!({}); 20_000];
    let list = |items: Vec<Value>| json!({"apiVersion": "v1", "items": items, "kind": "List"});
    // Things that are no objects count as elements of the list.
    let hidden = list(tiny.into_iter().chain([bad.clone()]).collect());
    // An item that is too large.
    let item = list(vec![job("large", "Never", 20_000), bad.clone()]);
    for list in [hidden, item] {
        for text in [yaml(&list), list.to_string()] {
            let (_, found) = lint(&text, &[]);
            assert_eq!(rules(&found), ["manifest/too-large"], "{found:?}");
        }
    }
    // One that nobody asks for is left out, and the others are judged.
    let map: serde_json::Map<_, _> = (0..20_000).map(|n| (format!("k{n}"), "v".into())).collect();
    let foreign = json!({"apiVersion": "v1", "data": map, "kind": "ConfigMap", "metadata": {"name": "a"}});
    let list = list(vec![job("first", "Always", 0), foreign, bad]);
    for text in [yaml(&list), list.to_string()] {
        let (_, found) = lint(&text, &[]);
        assert_eq!(rules(&found), ["api/restart-policy", "api/restart-policy"], "{found:?}");
    }
}

#[test]
fn large_objects_of_others_are_nothing_to_complain_of() {
    let map: serde_json::Map<_, _> = (0..20_000).map(|n| (format!("k{n}"), "v".into())).collect();
    for foreign in [
        json!({"apiVersion": "v1", "kind": "ConfigMap", "data": map}),
        // The kind comes last.
        json!({"a": map, "kind": "ConfigMap"}),
        json!({"values": map}),
        json!([map]),
    ] {
        for text in [yaml(&foreign), foreign.to_string()] {
            assert_eq!(lint(&text, &[]), (Some(0), vec![]));
        }
    }
    // A Job whose kind comes last is one all the same.
    let text = format!("a:\n{}apiVersion: batch/v1\nkind: Job\n", "- 1\n".repeat(20_000));
    assert_eq!(rules(&lint(&text, &[]).1), ["manifest/too-large"]);
}

#[test]
fn aliases_count_for_what_they_stand_for() {
    let head = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\n";
    let many = |name: &str, count: usize| vec![name; count].join(", ");
    let bomb =
        format!("{head}a: &a [{}]\nb: &b [{}]\nc: [{}]\n", many("1", 200), many("*a", 6), many("*b", 9));
    let (_, found) = lint(&bomb, &[]);
    assert_eq!(rules(&found), ["manifest/too-large"], "{found:?}");
    assert_eq!(found[0].1, 6);
    let merged = format!("{head}a: &a {{{}}}\nb:\n- <<: *a\n- <<: *a\n", {
        (0..4_000).map(|n| format!("k{n}: v, ")).collect::<String>()
    });
    assert_eq!(rules(&lint(&merged, &[]).1), ["manifest/too-large"]);
}

#[test]
fn depth_has_a_limit() {
    let deep = |levels: usize| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nx: {}1{}\n---\n{}",
            "[".repeat(levels),
            "]".repeat(levels),
            yaml(&job("bad", "Always", 0))
        )
    };
    let (_, found) = lint(&deep(100), &[]);
    assert_eq!(rules(&found), ["manifest/too-large", "api/restart-policy"], "{found:?}");
    assert!(found[0].2.contains("nested more than 100 levels deep"), "{found:?}");
    assert!(!rules(&lint(&deep(99), &[]).1).contains(&"manifest/too-large"));
}
