//! The reader against what kubectl's reader made of the same texts: `yaml.jsonl` in the folder `CONFORMANCE_DIR`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

use std::path::PathBuf;

use jobguard::manifest::read;
use serde_json::Value;

/// The documents up to the first broken one, where kubectl stops, and whether there is a broken one.
fn as_kubectl(text: &str) -> (Vec<Value>, bool) {
    let mut docs = Vec::new();
    for document in read(text) {
        match document.content {
            Ok(tree) => docs.push(tree.to_value(tree.root())),
            Err(_) => return (docs, true),
        }
    }
    (docs, false)
}

/// Whether two values are the same, numbers by their value: JSON writes one number in many ways.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// Compares one case; what differs, if anything.
fn difference(case: &Value) -> Option<String> {
    let text = case["yaml"].as_str().unwrap();
    let (docs, error) = as_kubectl(text);
    let expected = case["docs"].as_array().unwrap();
    let agree = error == case["error"].as_bool().unwrap()
        && docs.len() == expected.len()
        && docs.iter().zip(expected).all(|(a, b)| same(a, b));
    (!agree).then(|| {
        let got = Value::from(docs);
        format!(
            "{text:?}\n  expected {} error {}\n  got      {got} error {error}",
            case["docs"], case["error"]
        )
    })
}

/// A line of the vectors. Some nest deeper than `serde_json` reads.
fn case(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|_| as_kubectl(line).0.remove(0))
}

#[test]
fn reads_as_kubectl_does() {
    let folder =
        std::env::var_os("CONFORMANCE_DIR").map_or_else(|| PathBuf::from("tests/conformance"), PathBuf::from);
    let Ok(vectors) = std::fs::read_to_string(folder.join("yaml.jsonl")) else {
        println!("yaml.jsonl absent");
        return;
    };
    let cases: Vec<Value> = vectors.lines().map(case).collect();
    let differences: Vec<String> = cases.iter().filter_map(difference).collect();
    println!("yaml.jsonl cases {} agree {}", cases.len(), cases.len() - differences.len());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
