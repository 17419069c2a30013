use serde_json::{Value, json};

use super::*;
use crate::path::Segment;
use crate::read;
use crate::tree::Span;

/// The text after `edit` of the first document, proved against its meaning; or why it was refused.
fn edited(text: &str, edit: &Edit) -> String {
    let documents = read(text);
    let tree = documents[0].content.as_ref().unwrap();
    let root = FieldPath::root();
    let edits = match plan(text, tree, &root, edit) {
        Ok(edits) => edits,
        Err(refused) => return format!("{refused:?}"),
    };
    let after = apply(text, &edits).unwrap();
    let mut meant = tree.to_value(tree.root());
    perform(&mut meant, text, tree, &root, edit).unwrap();
    let documents = read(&after);
    let tree = documents[0].content.as_ref().unwrap_or_else(|error| panic!("{error}\n{after}"));
    assert_eq!(tree.to_value(tree.root()), meant, "{after}");
    // The same with other line ends.
    let windows = text.replace('\n', "\r\n");
    if windows != text && !text.contains('\r') {
        assert_eq!(edited(&windows, edit), after.replace('\n', "\r\n"));
    }
    after
}

fn path(text: &str) -> FieldPath {
    FieldPath::parse(text)
}

fn set(text: &str, field: &str, value: Value) -> String {
    edited(text, &Edit::Set { path: path(field), value })
}

fn insert(text: &str, field: &str, value: Value) -> String {
    edited(text, &Edit::Insert { path: path(field), value })
}

fn remove(text: &str, field: &str) -> String {
    edited(text, &Edit::Remove { path: path(field) })
}

fn relocate(text: &str, from: &str, to: &str) -> String {
    edited(text, &Edit::Move { from: path(from), to: path(to) })
}

fn move_entries(text: &str, from: &str, keys: &[&str], to: &str) -> String {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    edited(text, &Edit::MoveEntries { from: path(from), keys, to: path(to) })
}

fn rename(text: &str, field: &str, to: &str) -> String {
    edited(text, &Edit::RenameKey { path: path(field), to: to.to_owned() })
}

#[test]
fn values_keep_their_quotes_and_comments() {
    assert_eq!(set("a: 'x' # c\nb: 1\n", "a", json!("w")), "a: 'w' # c\nb: 1\n");
    assert_eq!(set("a: \"x\"\n", "a", json!("y \"z\"")), "a: \"y \\\"z\\\"\"\n");
    assert_eq!(set("a: 'x'\n", "a", json!("it's")), "a: 'it''s'\n");
    assert_eq!(set("a: x\n", "a", json!("w")), "a: w\n");
    assert_eq!(set("a: x\n", "a", json!("on")), "a: \"on\"\n");
    assert_eq!(set("a: TZ=UTC 0 3 * * *\n", "a", json!("0 3 * * *")), "a: 0 3 * * *\n");
    assert_eq!(set("a: TZ=UTC */5 3 * * *\n", "a", json!("*/5 3 * * *")), "a: \"*/5 3 * * *\"\n");
    assert_eq!(set("a: |\n  x\n  y\nb: 1\n", "a", json!("z")), "a: \"z\"\nb: 1\n");
    assert_eq!(set("a: '3' # three\n", "a", json!(3)), "a: 3 # three\n");
    assert_eq!(set("{\"a\": \"x\"}\n", "a", json!("w")), "{\"a\": \"w\"}\n");
    assert_eq!(set("{a: x, b: 1}\n", "a", json!("y,z")), "{a: \"y,z\", b: 1}\n");
    assert_eq!(set("a:\nb: 1\n", "a", json!("w")), "a: w\nb: 1\n");
    assert_eq!(set("a: # why\nb: 1\n", "a", json!("w")), "a: w # why\nb: 1\n");
    assert_eq!(set("a: ~\n", "a", json!(1)), "a: 1\n");
    assert_eq!(set("a: \\[\"x\"\\]\n", "a", json!(["x", "-c"])), "a: [\"x\", \"-c\"]\n");
    assert_eq!(set("a: [1]\n", "a", json!([1, 2])), "a: [1, 2]\n");
    assert_eq!(set("a:\n- 1\n", "a", json!([1, 2])), "Layout");
    assert_eq!(set("a: !!str 4\n", "a", json!(4)), "Layout");
    assert_eq!(set("\u{feff}a: 1\n", "b", json!(2)), "\u{feff}a: 1\nb: 2\n");
}

#[test]
fn entries_are_added_behind_the_last() {
    assert_eq!(insert("a:\n  b: 1 # c\nd: 1\n", "a.c", json!("x")), "a:\n  b: 1 # c\n  c: x\nd: 1\n");
    assert_eq!(
        insert("a:\n    b:\n    - 1\n\n# end\n", "a.c", json!(2)),
        "a:\n    b:\n    - 1\n    c: 2\n\n# end\n"
    );
    assert_eq!(insert("a: 1", "b", json!(2)), "a: 1\nb: 2");
    assert_eq!(insert("- b: 1\n  c: 2\n- d: 1\n", "[0].x", json!(2)), "- b: 1\n  c: 2\n  x: 2\n- d: 1\n");
    assert_eq!(insert("- b: 1\n- d: 1\n", "[1].x", json!(2)), "- b: 1\n- d: 1\n  x: 2\n");
    assert_eq!(insert("a:\n  b: |\n    x\n\nc: 1\n", "a.d", json!(2)), "a:\n  b: |\n    x\n  d: 2\n\nc: 1\n");
    assert_eq!(insert("a: 1\n", "b.c.d", json!("x")), "a: 1\nb:\n  c:\n    d: x\n");
    assert_eq!(insert("a:\nb: 1\n", "a.c.d", json!(1)), "a:\n  c:\n    d: 1\nb: 1\n");
    assert_eq!(insert("a: null # c\nb: 1\n", "a.c", json!(1)), "a: # c\n  c: 1\nb: 1\n");
    assert_eq!(
        insert("# c\nkind: Job\n", "apiVersion", json!("batch/v1")),
        "# c\napiVersion: batch/v1\nkind: Job\n"
    );
    assert_eq!(insert("- kind: Job\n", "[0].apiVersion", json!("v1")), "- apiVersion: v1\n  kind: Job\n");
    assert_eq!(
        insert("a: 1\n", "b", json!({"rules": [{"action": "Ignore", "on": [{"type": "X", "s": "True"}]}]})),
        "a: 1\nb:\n  rules:\n  - action: Ignore\n    \"on\":\n    - s: \"True\"\n      type: X\n"
    );
    assert_eq!(insert("a: 1\n", "a", json!(2)), "Exists");
    assert_eq!(insert("a: 1\n", "a.b", json!(2)), "Layout");
    assert_eq!(insert("a: [1]\n", "a[3].b", json!(2)), "Missing");
}

#[test]
fn entries_are_added_in_flow_style() {
    assert_eq!(insert("a: {b: 1}\n", "a.c", json!("x")), "a: {b: 1, c: x}\n");
    assert_eq!(insert("a: {b: 1,}\n", "a.c", json!("x")), "a: {b: 1, c: x,}\n");
    assert_eq!(insert("a: {}\n", "a.c.d", json!("x")), "a: {c: {d: x}}\n");
    assert_eq!(insert("{\"a\":{\"b\":1}}", "a.c", json!("x")), "{\"a\":{\"b\":1,\"c\":\"x\"}}");
    assert_eq!(insert("{\"a\": {}}", "a.c", json!("x")), "{\"a\": {\"c\": \"x\"}}");
    assert_eq!(insert("{\"a\": null}", "a.c", json!("x")), "{\"a\": {\"c\": \"x\"}}");
    assert_eq!(
        insert("{\n  \"a\": {\n    \"b\": 1\n  }\n}\n", "a.c", json!("x")),
        "{\n  \"a\": {\n    \"b\": 1,\n    \"c\": \"x\"\n  }\n}\n"
    );
    assert_eq!(insert("a: {\n  b: 1 # one\n}\n", "a.c", json!("x")), "a: {\n  b: 1, # one\n  c: x\n}\n");
}

#[test]
fn entries_are_removed_with_their_lines() {
    assert_eq!(remove("a: 1\nb: 2 # c\nc: 3\n", "b"), "a: 1\nc: 3\n");
    assert_eq!(remove("a: 1\nb: 2", "b"), "a: 1");
    assert_eq!(remove("- a: 1\n  b: 2\n", "[0].a"), "- b: 2\n");
    assert_eq!(remove("- a: 1\n  # c\n  b: 2\n", "[0].a"), "Layout");
    assert_eq!(remove("a:\n  b:\n  - 1\n  c: 2\nd: 1\n", "a.b"), "a:\n  c: 2\nd: 1\n");
    assert_eq!(remove("a:\n  b: 1\nd: 1\n", "a.b"), "a: {}\nd: 1\n");
    assert_eq!(remove("{a: 1, b: 2}\n", "a"), "{b: 2}\n");
    assert_eq!(remove("{a: 1, b: 2}\n", "b"), "{a: 1}\n");
    assert_eq!(remove("{\"a\": 1}\n", "a"), "{}\n");
    assert_eq!(remove("{\n  \"a\": 1,\n  \"b\": 2\n}\n", "b"), "{\n  \"a\": 1\n}\n");
}

#[test]
fn moved_up_and_down() {
    assert_eq!(
        relocate(
            "spec:\n  template:\n    limit: 4 # four\n    spec: {}\n",
            "spec.template.limit",
            "spec.limit"
        ),
        "spec:\n  template:\n    spec: {}\n  limit: 4 # four\n"
    );
    // Where it stands is where it goes.
    assert_eq!(
        relocate("spec:\n  t:\n    x: 1\n    # why\n    limit: 4\nz: 1\n", "spec.t.limit", "spec.limit"),
        "spec:\n  t:\n    x: 1\n  # why\n  limit: 4\nz: 1\n"
    );
    assert_eq!(
        relocate("spec:\n  t:\n    x: 1\n    limit: 4", "spec.t.limit", "spec.limit"),
        "spec:\n  t:\n    x: 1\n  limit: 4"
    );
    // The only one, below new parents.
    assert_eq!(
        relocate("t:\n  # all\n  list:\n  - a: |\n      x\n    b: 1\nz: 1\n", "t.list", "t.spec.list"),
        "t:\n  spec:\n    # all\n    list:\n    - a: |\n        x\n      b: 1\nz: 1\n"
    );
    assert_eq!(
        relocate("t:\n  list:\n  - a: 1\n  p: N\n", "t.list", "t.spec.list"),
        "t:\n  p: N\n  spec:\n    list:\n    - a: 1\n"
    );
    assert_eq!(relocate("t:\n  spec:\n  p: N\n", "t.p", "t.spec.p"), "t:\n  spec:\n    p: N\n");
    assert_eq!(
        relocate("t:\n  p: N\n  spec:\n    a: 1\n", "t.p", "t.spec.p"),
        "t:\n  spec:\n    a: 1\n    p: N\n"
    );
    assert_eq!(relocate("l: 1\nspec:\n  a: 1\n", "l", "spec.l"), "spec:\n  a: 1\n  l: 1\n");
    assert_eq!(relocate("- l: 1\n  s: {a: 1}\n", "[0].l", "[0].s.l"), "- s: {a: 1, l: 1}\n");
    assert_eq!(relocate("t: {l: 1}\ns: {}\n", "t.l", "s.l"), "Layout");
    assert_eq!(relocate("t:\n  l: 1\n  a: 2\nl: 2\n", "t.l", "l"), "Exists");
}

#[test]
fn moved_in_flow_style() {
    assert_eq!(
        relocate("{\"s\": {\"t\": {\"l\": 4, \"x\": {}}}}\n", "s.t.l", "s.l"),
        "{\"s\": {\"t\": {\"x\": {}}, \"l\": 4}}\n"
    );
    assert_eq!(
        relocate("{\"s\": {\"t\": {\"x\": {}, \"l\": [4]}}}\n", "s.t.l", "s.t.x.l"),
        "{\"s\": {\"t\": {\"x\": {\"l\": [4]}}}}\n"
    );
    assert_eq!(relocate("{t: {l: [1]}}\n", "t.l", "t.spec.l"), "{t: {spec: {l: [1]}}}\n");
    assert_eq!(
        relocate(
            "{\n  \"t\": {\n    \"l\": [\n      1\n    ],\n    \"p\": \"N\"\n  }\n}\n",
            "t.l",
            "t.spec.l"
        ),
        "{\n  \"t\": {\n    \"p\": \"N\",\n    \"spec\": {\n      \"l\": [\n        1\n      ]\n    }\n  }\n}\n"
    );
    assert_eq!(relocate("t: {l: 1, x: 2}\n", "t.l", "l"), "t: {x: 2}\nl: 1\n");
}

#[test]
fn names_and_quotes() {
    assert_eq!(rename("conc: 1 # c\n", "conc", "concurrency"), "concurrency: 1 # c\n");
    assert_eq!(rename("{\"conc\":1}\n", "conc", "concurrency"), "{\"concurrency\":1}\n");
    assert_eq!(rename("'a': 1\nb: 2\n", "a", "b"), "Exists");
    let quote = |text| edited(text, &Edit::Quote { path: path("a[0].v") });
    assert_eq!(quote("a:\n- v: y # c\n"), "a:\n- v: \"y\" # c\n");
    assert_eq!(quote("a:\n- v: 1.10\n"), "a:\n- v: \"1.10\"\n");
    assert_eq!(quote("{\"a\": [{\"v\": 0.50}]}\n"), "{\"a\": [{\"v\": \"0.50\"}]}\n");
    assert_eq!(quote("a:\n- v: x\n"), "Layout");
}

#[test]
fn elements_change_places_with_their_comments() {
    let reorder =
        |text, order: &[usize]| edited(text, &Edit::Reorder { path: path("v"), order: order.to_vec() });
    assert_eq!(reorder("v: [3, 1, 3] # c\n", &[1, 0]), "v: [1, 3] # c\n");
    assert_eq!(reorder("{\"v\": [2,1]}\n", &[1, 0]), "{\"v\": [1,2]}\n");
    assert_eq!(
        reorder("v:\n  - 3 # three\n  # one\n  - 1\n  - 3\nw: 1\n", &[1, 0]),
        "v:\n  - 1\n  # one\n  - 3 # three\nw: 1\n"
    );
    assert_eq!(reorder("v:\n- 2\n- 1\n- 1", &[1, 0]), "v:\n- 1\n- 2");
    assert_eq!(
        reorder("v:\n# first\n- a: 1 # a\n  b: [2,\n    3]\n\n# second\n- c:\n  - 4\nw: 1\n", &[1, 0]),
        "v:\n\n# second\n- c:\n  - 4\n# first\n- a: 1 # a\n  b: [2,\n    3]\nw: 1\n"
    );
    assert_eq!(reorder("v:\r\n  - a: 1\r\n  - 2\r\n", &[1, 0]), "v:\r\n  - 2\r\n  - a: 1\r\n");
    assert_eq!(reorder("v:\n- a: 1\n  # whose?\n- b: 2\n", &[1, 0]), "Layout");
    assert_eq!(reorder("v:\n- a: 1\n- b: 2", &[1, 0]), "Layout");
    assert_eq!(reorder("v:\n- a: 1\n- b: 2\n- c: 3\n", &[1, 0]), "Layout");
    assert_eq!(reorder("v:\n- a: |\n    x\n- b: >+\n    y\n\nw: 1\n", &[1, 0]), "Layout");
    assert_eq!(reorder("x: &x {d: 1}\nv:\n- a: 1\n- *x\n", &[1, 0]), "Layout");
    assert_eq!(reorder("v: [1, [2]]\n", &[1, 0]), "Layout");
    assert_eq!(reorder("v: [1, 2]\n", &[1, 1]), "Missing");
}

#[test]
fn never_through_an_alias() {
    let text = "a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: 1\n";
    assert_eq!(set(text, "c.b", json!(2)), "Shared");
    assert_eq!(set(text, "d.b", json!(2)), "Shared");
    assert_eq!(insert(text, "c.z", json!(2)), "Shared");
    assert_eq!(set("- &x {b: 1}\n- *x\n", "[1].b", json!(2)), "Shared");
    assert_eq!(set(text, "a.b", json!(2)), "Shared");
    assert_eq!(set("- 1\n- &x {b: 1}\n- *x\n", "[1].b", json!(2)), "Shared");
    assert_eq!(set("a: &x {b: 1}\n", "a.b", json!(2)), "a: &x {b: 2}\n");
    assert_eq!(
        set("- &x {b: 1}\n- 2\n- *x\n- {b: 2}\n", "[3].b", json!(3)),
        "- &x {b: 1}\n- 2\n- *x\n- {b: 3}\n"
    );
    // Beside one there is no harm.
    assert_eq!(insert("a: &x 1\nb:\n  c: *x # c\n", "b.d", json!(2)), "a: &x 1\nb:\n  c: *x # c\n  d: 2\n");
}

#[test]
fn edits_that_meet_are_not_applied() {
    let edit = |start, end, with: &str| TextEdit { span: Span::new(start, end), with: with.to_owned() };
    assert_eq!(apply("abc", &[edit(1, 2, "x"), edit(1, 1, "y")]).as_deref(), Some("ayxc"));
    assert_eq!(apply("abc", &[edit(0, 2, "x"), edit(1, 3, "y")]), None);
    assert_eq!(apply("é", &[edit(1, 2, "x")]), None);
    assert_eq!(apply("abc", &[edit(2, 9, "x")]), None);
}

#[test]
fn entries_move_to_another_map() {
    // Alone in their object, they take that along.
    let entries = "      # one\n      p/x: 1 # 1\n      p/y: |\n        2\n";
    let text = format!("m:\n  o: x\nt:\n  m:\n    a:\n{entries}  s: 1\n");
    assert_eq!(
        move_entries(&text, "t.m.a", &["p/y", "p/x"], "m.a"),
        "m:\n  o: x\n  a:\n    # one\n    p/x: 1 # 1\n    p/y: |\n      2\nt:\n  s: 1\n"
    );
    // A comment on what goes would be lost.
    let text = format!("m:\n  o: x\nt:\n  m:\n    # all\n    a:\n{entries}  s: 1\n");
    assert_eq!(move_entries(&text, "t.m.a", &["p/y", "p/x"], "m.a"), "Layout");
    // Others stay.
    let text = "m:\n  a:\n    k: 1\n    x: 2\n    l: 3\n    w: 4\nt:\n  m:\n    a:\n      z: 5\n";
    assert_eq!(
        move_entries(text, "m.a", &["x", "w"], "t.m.a"),
        "m:\n  a:\n    k: 1\n    l: 3\nt:\n  m:\n    a:\n      z: 5\n      x: 2\n      w: 4\n"
    );
    assert_eq!(
        move_entries("m:\n  a:\n    x: 2\n    w: 4\nt:\n  s: 1", "m.a", &["x"], "t.m.a"),
        "m:\n  a:\n    w: 4\nt:\n  s: 1\n  m:\n    a:\n      x: 2"
    );
    assert_eq!(
        move_entries("t:\n  a:\nm:\n  k: 1\n  x: 2\n  w: 3", "m", &["x", "w"], "t.a"),
        "t:\n  a:\n    x: 2\n    w: 3\nm:\n  k: 1\n"
    );
    // There already, not there, or within what would go.
    assert_eq!(move_entries("a: {x: 1, w: 2}\nb: {x: 2}\n", "a", &["x"], "b"), "Exists");
    assert_eq!(move_entries("a: {x: 1, w: 2}\nb: {}\n", "a", &["z"], "b"), "Missing");
    assert_eq!(move_entries("t:\n  a:\n    x: 1\n", "t.a", &["x"], "t.b"), "Layout");
    assert_eq!(move_entries("- a:\n    x: 1\n- b: 1\n", "[0].a", &["x"], "[1].a"), "Layout");
}

#[test]
fn entries_move_to_another_map_in_flow_style() {
    assert_eq!(
        move_entries(
            "{\"m\": {\"a\": {\"x\": \"1\", \"w\": \"2\"}, \"o\": 1}, \"t\": {}}",
            "m.a",
            &["x", "w"],
            "t.m.a"
        ),
        "{\"m\": {\"o\": 1}, \"t\": {\"m\": {\"a\": {\"x\": \"1\", \"w\": \"2\"}}}}"
    );
    assert_eq!(
        move_entries("a: {k: 1, x: 2, w: 3}\nb: {z: 1}\n", "a", &["x", "w"], "b"),
        "a: {k: 1}\nb: {z: 1, x: 2, w: 3}\n"
    );
    assert_eq!(
        move_entries("a: {x: 1, k: 2, w: 3}\nb:\n  z: 1\n", "a", &["x", "w"], "b"),
        "a: {k: 2}\nb:\n  z: 1\n  x: 1\n  w: 3\n"
    );
    assert_eq!(
        move_entries(
            "{\n  \"m\": {\n    \"k\": 1,\n    \"x\": 2,\n    \"w\": 3\n  },\n  \"t\": {\n    \"s\": 1\n  }\n}\n",
            "m",
            &["x", "w"],
            "t.a"
        ),
        "{\n  \"m\": {\n    \"k\": 1\n  },\n  \"t\": {\n    \"s\": 1,\n    \"a\": {\n      \"x\": 2,\n      \"w\": 3\n    }\n  }\n}\n"
    );
}

fn transfer(text: &str, from: &str, to: &str) -> String {
    let with = vec![("r".to_owned(), json!("Always"))];
    let from = path(from);
    let Some(Segment::Index(index)) = from.segments().last() else { panic!("{from} is no element") };
    let list = from.parent().unwrap();
    edited(text, &Edit::Transfer { list, indices: vec![*index], to: path(to), with })
}

#[test]
fn elements_that_go_at_once_keep_their_order() {
    let transfer = |text: &str, indices: &[usize], to: &str| {
        let with = vec![("r".to_owned(), json!("Always"))];
        let (list, indices) = (path("s.c"), indices.to_vec());
        edited(text, &Edit::Transfer { list, indices, to: path(to), with })
    };
    let text = "s:\n  c:\n  - n: a\n  - n: w\n  # b\n  - n: b\n  - n: c";
    assert_eq!(
        transfer(text, &[0, 2, 3], "s.i"),
        "s:\n  i:\n  - n: a\n    r: Always\n  # b\n  - n: b\n    r: Always\n  - n: c\n    r: Always\n  c:\n  - n: w\n"
    );
    assert_eq!(
        transfer("s:\n  i:\n    - n: x\n  c:\n  - n: w\n  - n: b\n  - n: c\n", &[1, 2], "s.i"),
        "s:\n  i:\n    - n: x\n    - n: b\n      r: Always\n    - n: c\n      r: Always\n  c:\n  - n: w\n"
    );
    assert_eq!(transfer(text, &[0, 1, 2, 3], "s.i"), "Layout");
    assert_eq!(transfer(text, &[1, 4], "s.i"), "Missing");
}

#[test]
fn elements_go_to_other_lists() {
    let text =
        "s:\n  # all\n  c:\n  - n: a\n  # b\n  - n: b\n    x: |\n      1\n\n      2\n  - n: c # d\n  v: 1\n";
    assert_eq!(
        transfer(text, "s.c[1]", "s.i"),
        "s:\n  i:\n  # b\n  - n: b\n    x: |\n      1\n\n      2\n    r: Always\n  # all\n  c:\n  - n: a\n  - n: c # d\n  v: 1\n"
    );
    assert_eq!(
        transfer("i:\n    - n: x\nc:\n- n: a\n- n: b\n  y:\n  - 1", "c[1]", "i"),
        "i:\n    - n: x\n    - n: b\n      y:\n      - 1\n      r: Always\nc:\n- n: a"
    );
    assert_eq!(
        transfer("c:\n  - n: a\n\n  - n: b\ni:\n- n: x\n", "c[0]", "i"),
        "c:\n\n  - n: b\ni:\n- n: x\n- n: a\n  r: Always\n"
    );
    for (text, from, to) in [
        ("c: [{n: a}, # c\n {n: b}]\n", "c[1]", "i"),
        ("c: [{n: a}, {n: b}]\ni:\n- n: x\n", "c[1]", "i"),
        ("c:\n- n: a\n", "c[0]", "i"),
        ("c: [{n: a}]\n", "c[0]", "i"),
        ("c:\n- n: a\n- n: b\ni: []\n", "c[1]", "i"),
        ("c:\n- - n: a\n  - n: b\n", "c[0][1]", "i"),
    ] {
        assert_eq!(transfer(text, from, to), "Layout", "{text}");
    }
    assert_eq!(transfer("c:\n- n: a\n- n: b\n  r: x\n", "c[1]", "i"), "Exists");
    assert_eq!(transfer("x: &x\n  n: b\nc:\n- n: a\n- *x\n", "c[1]", "i"), "Shared");
}

#[test]
fn elements_in_flow_style_go_to_other_lists() {
    for (text, from, after) in [
        ("s: {c: [{n: a}, {n: b}]}\n", "s.c[1]", "s: {c: [{n: a}], i: [{n: b, r: Always}]}\n"),
        ("s: {c: [{n: a}, {n: b}]}\n", "s.c[0]", "s: {c: [{n: b}], i: [{n: a, r: Always}]}\n"),
        ("s:\n  c: [{n: a}, {n: b}]\n", "s.c[1]", "s:\n  c: [{n: a}]\n  i: [{n: b, r: Always}]\n"),
        (
            "s: {i: [{n: x}], c: [{n: a}, {n: b}]}\n",
            "s.c[1]",
            "s: {i: [{n: x}, {n: b, r: Always}], c: [{n: a}]}\n",
        ),
        ("s: {i: [], c: [{n: a}, {n: b}]}\n", "s.c[1]", "s: {i: [{n: b, r: Always}], c: [{n: a}]}\n"),
        (
            "{\"s\":{\"c\":[{\"n\":1},{\"n\":2}]}}",
            "s.c[1]",
            "{\"s\":{\"c\":[{\"n\":1}],\"i\":[{\"n\":2,\"r\":\"Always\"}]}}",
        ),
        (
            "{\n  \"s\": {\n    \"c\": [\n      {\n        \"n\": \"#\"\n      },\n      {\n        \"n\": 2\n      }\n    ]\n  }\n}\n",
            "s.c[1]",
            "{\n  \"s\": {\n    \"c\": [\n      {\n        \"n\": \"#\"\n      }\n    ],\n    \"i\": [\n      {\n        \"n\": 2,\n        \"r\": \"Always\"\n      }\n    ]\n  }\n}\n",
        ),
        // In a list of block style.
        ("s:\n  c:\n  - n: a\n  - {n: b}\n", "s.c[1]", "s:\n  i:\n  - {n: b, r: Always}\n  c:\n  - n: a\n"),
    ] {
        assert_eq!(transfer(text, from, "s.i"), after);
    }
    let several = |indices: &[usize]| {
        let with = vec![("r".to_owned(), json!(1))];
        let (list, indices) = (path("c"), indices.to_vec());
        edited("c: [{n: a}, {n: b}, {n: c}]\n", &Edit::Transfer { list, indices, to: path("i"), with })
    };
    assert_eq!(several(&[0, 2]), "c: [{n: b}]\ni: [{n: a, r: 1}, {n: c, r: 1}]\n");
    assert_eq!(several(&[0, 1]), "c: [{n: c}]\ni: [{n: a, r: 1}, {n: b, r: 1}]\n");
    assert_eq!(several(&[1, 2]), "c: [{n: a}]\ni: [{n: b, r: 1}, {n: c, r: 1}]\n");
}

#[test]
fn modes_of_files_are_written_in_base_eight() {
    assert_eq!(set("a:\n  name: x\n", "a.defaultMode", json!(493)), "a:\n  name: x\n  defaultMode: 0755\n");
    assert_eq!(set("a: {name: x}\n", "a.mode", json!(365)), "a: {name: x, mode: 0555}\n");
    assert_eq!(set("{\"a\": {\"name\": 1}}", "a.mode", json!(493)), "{\"a\": {\"name\": 1, \"mode\": 493}}");
    // In the base that stands there.
    assert_eq!(set("mode: 420\n", "mode", json!(493)), "mode: 493\n");
}

#[test]
fn lists_of_words_are_written_anew() {
    let words = json!(["python", "a b", "--all"]);
    assert_eq!(
        set("a:\n- python x # c\nb: 1\n", "a", words.clone()),
        "a:\n- python\n- a b\n- \"--all\" # c\nb: 1\n"
    );
    assert_eq!(
        set("a:\n  -   'x'\n  - z", "a", words.clone()),
        "a:\n  -   python\n  -   a b\n  -   \"--all\""
    );
    for text in
        ["a:\n- x # c\n- y\n", "a:\n- |\n  x\n", "a:\n- x: 1\n", "a:\n- x\n# c\n- y\n", "a:\n- &x x\n- *x\n"]
    {
        assert!(set(text, "a", words.clone()).chars().all(char::is_alphabetic), "{text}");
    }
}
