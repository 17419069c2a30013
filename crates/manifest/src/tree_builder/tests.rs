use serde_json::json;

use crate::{MAX_DEPTH, NodeKind, Style, Tree, read};

fn tree(text: &str) -> Tree<'_> {
    read(text).remove(0).content.unwrap()
}

fn message(text: &str) -> String {
    read(text).remove(0).content.unwrap_err().message
}

#[test]
fn a_merge_key_acts_where_it_stands() {
    for (text, value) in [
        ("{b: 2, <<: *x}", json!({"a": 1, "b": 1})),
        ("{<<: *x, b: 2}", json!({"a": 1, "b": 2})),
        ("{<<: [*y, *x], c: 3}", json!({"a": 9, "b": 1, "c": 3})),
        ("{<<: {<<: *y, b: 5}}", json!({"a": 9, "b": 5})),
        ("{\"<<\": 1}", json!({"<<": 1})),
    ] {
        let text = format!("x: &x {{a: 1, b: 1}}\ny: &y {{a: 9}}\nz: {text}\n");
        let tree = tree(&text);
        assert_eq!(tree.to_value(tree.get(tree.root(), "z").unwrap()), value, "{text}");
    }
    let tree = tree("x: &x {a: 1}\nz:\n  a: 0\n  <<: *x\n");
    let NodeKind::Map(entries) = &tree[tree.get(tree.root(), "z").unwrap()].kind else { panic!("no object") };
    let marks: Vec<_> = entries.iter().map(|e| (e.shadowed, e.merged)).collect();
    assert_eq!(marks, [(true, false), (false, true)]);
}

#[test]
fn aliases_share_nodes() {
    let tree = tree("a: &a {b: 1}\nc: [*a, *a]\n&k d: *k\n");
    let a = tree.get(tree.root(), "a").unwrap();
    let NodeKind::Seq(items) = &tree[tree.get(tree.root(), "c").unwrap()].kind else { panic!("no list") };
    assert_eq!(items, &[a, a]);
    assert_eq!(tree.str(tree.get(tree.root(), "d").unwrap()), Some("d"));
}

#[test]
fn hostile_documents_are_refused_at_no_cost() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..80 {
        let items = vec![format!("*a{}", n - 1); 9].join(", ");
        bomb.push_str(&format!("a{n}: &a{n} [{items}]\n"));
    }
    assert!(message(&bomb).starts_with("aliases multiply"));
    let mut merges = "a0: &a0 {k: 1}\n".to_owned();
    for n in 1..80 {
        merges.push_str(&format!("a{n}: &a{n}\n  <<: [*a{0}, *a{0}, *a{0}, *a{0}]\n", n - 1));
    }
    assert!(message(&merges).starts_with("aliases multiply"));
    let deep = |n: usize| format!("a: {}{}", "[".repeat(n), "]".repeat(n));
    // What is read can be walked by recursion, on a small stack too.
    let deepest = deep(MAX_DEPTH - 1);
    let deepest = tree(&deepest);
    assert!(deepest.to_value(deepest.root()).is_object());
    assert!(message(&deep(MAX_DEPTH)).starts_with("the values are nested"));
    assert!(message(&deep(100_000)).starts_with("the values are nested"));
    let blocks: String = (0..2000).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    assert!(message(&blocks).starts_with("the values are nested"));
    assert!(message(&format!("{{\"a\": {}", "[".repeat(100_000))).starts_with("the values are nested"));
    // Each anchor takes in the one before: deep only once aliases are followed.
    let mut chain = "- x\n".repeat(10_000) + "- &a0 []\n";
    for n in 1..=MAX_DEPTH {
        chain.push_str(&format!("- &a{n} [*a{}]\n", n - 1));
    }
    assert!(message(&chain).starts_with("the values are nested"));
}

#[test]
fn spans_cover_what_is_written() {
    let text =
        "a: &x !!str 'b'\nc: |-  # comment\n  d\n\n  e\n\n# after\nf:\n- g: 1\n  h:\n- [i, {j: k}] # x\n";
    let tree = tree(text);
    let shown = |key: &str| {
        let id = tree.get(tree.root(), key).unwrap();
        (&text[tree[id].span.start..tree[id].span.end], tree.style(id))
    };
    assert_eq!(shown("a"), ("'b'", Style::SingleQuoted));
    assert_eq!(shown("c"), ("|-  # comment\n  d\n\n  e", Style::Literal));
    assert_eq!(shown("f"), ("- g: 1\n  h:\n- [i, {j: k}]", Style::Block));
    let NodeKind::Seq(items) = &tree[tree.get(tree.root(), "f").unwrap()].kind else { panic!("no list") };
    assert_eq!(tree.style(items[1]), Style::Flow);
    let first = tree[items[0]].span;
    assert_eq!(&text[first.start..first.end], "g: 1\n  h:");
    let root = tree[tree.root()].span;
    assert_eq!((root.start, root.end), (0, text.rfind(" # x").unwrap()));
}

#[test]
fn signs_of_keys_in_brackets_are_no_text() {
    for text in [
        "a: [:b]\n",
        "a: [b, :c]\n",
        "a: {:b}\n",
        "a: {b: :c}\n",
        "a: [:80]\n",
        "a: [::]\n",
        "a: [b?c]\n",
        "a: [http://b/?c=d]\n",
        "a: {b: c?}\n",
        "a: {b?: c}\n",
    ] {
        let error = crate::read(text).remove(0).content.unwrap_err();
        assert!(error.message.contains("within brackets"), "{text}: {error:?}");
    }
    for text in [
        "a: :b\n",
        "a: http://b/?c=d\n",
        "a: [\":b\", 'c?']\n",
        "a: [b:c, http://d]\n",
        "a: {\"b\":c}\n",
        "a: [\n  \"b\" :c]\n",
        "a: {b: }\n",
        "- :b\n",
    ] {
        assert!(crate::read(text)[0].content.is_ok(), "{text}");
    }
}
