use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

#[derive(Debug, Default)]
struct Collected {
    outline: Vec<u8>,
    new_spec: Vec<u8>,
    old_spec: Vec<u8>,
}

impl Parts for Collected {
    fn outline(&mut self, text: &[u8]) {
        self.outline.extend_from_slice(text);
    }

    fn object_begins(&mut self, _: Which) {
        self.outline.extend_from_slice(b"null");
    }

    fn object(&mut self, which: Which, in_spec: bool, text: &[u8]) {
        match which {
            _ if !in_spec => {}
            Which::New => self.new_spec.extend_from_slice(text),
            Which::Old => self.old_spec.extend_from_slice(text),
        }
    }
}

fn scan(text: &[u8], cuts: &[usize]) -> (Scanner, Collected) {
    let (mut scanner, mut parts) = (Scanner::new(), Collected::default());
    let mut rest = text;
    for cut in cuts.iter().cycle().take(text.len()) {
        let (piece, tail) = rest.split_at((*cut).min(rest.len()));
        scanner.feed(piece, &mut parts);
        rest = tail;
    }
    scanner.feed(rest, &mut parts);
    (scanner, parts)
}

/// The same by walking over the values.
fn count(object: &Value) -> Count {
    fn walk(value: &Value, depth: usize, path: &mut Vec<String>, exempt: bool, count: &mut Count) {
        let in_list = |name: &[&str]| {
            let list = path.last().is_some_and(|last| name.contains(&last.as_str()));
            let within_another = path.iter().rev().skip(1).any(|key| key == "[dear]");
            list && !within_another
        };
        match value {
            Value::Array(items) => {
                let (volumes, containers) = (
                    in_list(&["volumes"]),
                    in_list(&["containers", "initContainers", "ephemeralContainers"]),
                );
                if !exempt {
                    count.depth = count.depth.max(depth);
                }
                for item in items {
                    *(if exempt { &mut count.exempt } else { &mut count.elements }) += 1;
                    count.volumes += usize::from(volumes);
                    count.containers += usize::from(containers);
                    path.push(if volumes || containers { "[dear]" } else { "[]" }.to_owned());
                    walk(item, depth + 1, path, exempt, count);
                    path.pop();
                }
            }
            Value::Object(entries) => {
                if !exempt {
                    count.depth = count.depth.max(depth);
                }
                for (key, value) in entries {
                    *(if exempt { &mut count.exempt } else { &mut count.elements }) += 1;
                    let at: Vec<&str> = path.iter().map(String::as_str).collect();
                    let exempt = exempt
                        || (at.is_empty() && key == "status")
                        || (at == ["metadata"] && key == "managedFields");
                    path.push(key.clone());
                    walk(value, depth + 1, path, exempt, count);
                    path.pop();
                }
            }
            _ => {}
        }
    }
    let mut counted = Count::default();
    walk(object, 1, &mut Vec::new(), false, &mut counted);
    counted
}

const KEYS: [&str; 14] = [
    "request",
    "object",
    "oldObject",
    "metadata",
    "managedFields",
    "status",
    "spec",
    "volumes",
    "containers",
    "initContainers",
    "a key that is longer than any that means anything",
    "a\"b\\c/d\n",
    "",
    "\u{1f600}",
];

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z\"{}\\[\\],:\\\\\u{e9} ]{0,8}".prop_map(Value::from),
        proptest::sample::select(&KEYS[..]).prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(proptest::sample::select(&KEYS[..]), inner, 0..6).prop_map(|map| map
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v))
                .collect::<Map<_, _>>()
                .into()),
        ]
    })
}

/// JSON in which some characters of strings are escaped that need not be.
fn written(value: &Value, escapes: &mut impl Iterator<Item = bool>, out: &mut String) {
    let string = |text: &str, escapes: &mut dyn Iterator<Item = bool>, out: &mut String| {
        out.push('"');
        for unit in text.chars() {
            if escapes.next() == Some(true) || matches!(unit, '"' | '\\' | '\n') {
                for unit in unit.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            } else {
                out.push(unit);
            }
        }
        out.push('"');
    };
    match value {
        Value::String(text) => string(text, escapes, out),
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                out.push_str(if n > 0 { " ," } else { " " });
                written(item, escapes, out);
            }
            out.push(']');
        }
        Value::Object(entries) => {
            out.push('{');
            for (n, (key, value)) in entries.iter().enumerate() {
                out.push_str(if n > 0 { ",\n" } else { "" });
                string(key, escapes, out);
                out.push_str(": ");
                written(value, escapes, out);
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

fn spec(text: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(text).unwrap().trim_start_matches([':', ' ']);
    (!text.is_empty()).then(|| serde_json::from_str(text).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn agrees_with_a_reader_of_everything(
        request in values(),
        new in values(),
        old in values(),
        escapes in prop::collection::vec(prop::bool::weighted(0.2), 1..40),
        cuts in prop::collection::vec(0usize..20, 1..8),
    ) {
        let mut request = match request {
            Value::Object(request) => request,
            other => Map::from_iter([("options".to_owned(), other)]),
        };
        request.insert("object".to_owned(), new.clone());
        request.insert("oldObject".to_owned(), old.clone());
        let mut review = json!({"metadata": {"request": {"object": [1, 2]}}, "request": request, "spec": 1});
        let mut text = String::new();
        written(&review, &mut escapes.iter().copied().cycle(), &mut text);
        prop_assert_eq!(&serde_json::from_str::<Value>(&text).unwrap(), &review);

        let (scanner, parts) = scan(text.as_bytes(), &cuts);
        prop_assert_eq!(scanner.count(Which::New), &count(&new));
        prop_assert_eq!(scanner.count(Which::Old), &count(&old));
        for (object, found) in [(&new, &parts.new_spec), (&old, &parts.old_spec)] {
            let found = spec(found);
            prop_assert_eq!(found.as_ref(), object.get("spec"));
        }
        review["request"]["object"] = Value::Null;
        review["request"]["oldObject"] = Value::Null;
        prop_assert_eq!(serde_json::from_slice::<Value>(&parts.outline).unwrap(), review);

        let (elements, depth) = at_most(text.as_bytes(), (0, 0));
        let counted = [scanner.count(Which::New), scanner.count(Which::Old)];
        prop_assert!(counted.iter().map(|count| count.elements + count.exempt).sum::<usize>() <= elements);
        prop_assert!(counted.iter().all(|count| count.depth <= depth));
    }

    #[test]
    fn never_panics(
        text in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "([{}\\[\\],:\"\\\\u0]|\"request\"|\"object\"|\"spec\"|\"status\"){0,60}".prop_map(String::into_bytes),
        ],
        cuts in prop::collection::vec(0usize..9, 1..5),
    ) {
        let (at_once, _) = scan(&text, &[usize::MAX]);
        let (in_pieces, _) = scan(&text, &cuts);
        prop_assert_eq!(at_once.count(Which::New), in_pieces.count(Which::New));
        prop_assert_eq!(at_once.count(Which::Old), in_pieces.count(Which::Old));
        let (elements, depth) = at_most(&text, (0, 0));
        let quick = at_most(&text, (usize::MAX, usize::MAX));
        prop_assert!(quick.0 >= elements && quick.1 >= depth);
        let counted = [at_once.count(Which::New), at_once.count(Which::Old)];
        prop_assert!(counted.iter().map(|count| count.elements + count.exempt).sum::<usize>() <= elements);
        prop_assert!(counted.iter().all(|count| count.depth <= depth));
    }
}

#[test]
fn an_escaped_key_hides_nothing() {
    let text = br#"{"r\u0065quest":{"obj\u0065ct":{"spec":{"volumes":[{},{},{}]}}}}"#;
    let (scanner, _) = scan(text, &[usize::MAX]);
    let counted = scanner.count(Which::New);
    assert_eq!((counted.elements, counted.volumes, counted.depth), (5, 3, 4));
}

#[test]
fn what_servers_and_controllers_write_counts_apart() {
    let text = br#"{"request":{"object":{"metadata":{"managedFields":[{"a":[[[[]]]]}],"labels":{"a":"b"}},
        "status":{"active":[{},{}]},"spec":{}}}}"#;
    let (scanner, _) = scan(text, &[usize::MAX]);
    let counted = scanner.count(Which::New);
    assert_eq!((counted.elements, counted.exempt, counted.depth), (6, 8, 3));
}

#[test]
fn depth_beyond_what_is_kept_hides_nothing() {
    let deep = "[".repeat(1000) + &"]".repeat(1000);
    let text = format!(r#"{{"request":{{"options":{deep},"object":{{"x":{deep},"spec":[1]}}}}}}"#);
    let (scanner, parts) = scan(text.as_bytes(), &[7]);
    let counted = scanner.count(Which::New);
    assert_eq!((counted.elements, counted.depth), (2 + 999 + 1, 1001));
    assert_eq!(parts.new_spec, b":[1]");
    assert_eq!(counted.exceeds(&Limits::DEFAULT), Some(Exceeded::Depth(100)));
}
