//! What kubectl's reader makes of a text.

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

/// A text, and the documents that kubectl sends of it.
pub(crate) fn read_as_kubectl(case: &Value) -> Result<(), String> {
    let text = case["yaml"].as_str().unwrap_or_default();
    let (docs, error) = as_kubectl(text);
    let expected = case["docs"].as_array().map_or(&[][..], Vec::as_slice);
    let agree = Some(error) == case["error"].as_bool()
        && docs.len() == expected.len()
        && docs.iter().zip(expected).all(|(a, b)| same(a, b));
    if agree {
        return Ok(());
    }
    let got = Value::from(docs);
    Err(format!(
        "{text:?}\n  expected {} error {}\n  got      {got} error {error}",
        case["docs"], case["error"]
    ))
}

/// A line of the vectors. Some nest deeper than `serde_json` reads.
pub(crate) fn case(line: &str) -> Result<Value, String> {
    match serde_json::from_str(line) {
        Ok(case) => Ok(case),
        Err(error) => as_kubectl(line).0.into_iter().next().ok_or_else(|| error.to_string()),
    }
}
