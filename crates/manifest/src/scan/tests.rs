//! Known answers: what is read as kubectl reads it, and where what stands.

use std::fmt::Write as _;

use super::{Event, Events, FaultKind};
use crate::{LineIndex, MAX_DEPTH, Style, Tree, read};
use serde_json::{Value, json};

/// The events of a text in short: `{` and `[` begin in brackets, `map` and `seq` by indentation.
fn events(text: &str) -> String {
    let mut events = Events::new(text, 0, MAX_DEPTH);
    let mut out = String::new();
    loop {
        let step = events.next();
        let (span, is_last) = (events.span(), matches!(step, Err(_) | Ok(Event::DocumentEnd)));
        let written = match step {
            Ok(Event::Scalar { text, style, anchor, tag }) => {
                let anchor = if anchor > 0 { format!("&{anchor} ") } else { String::new() };
                let tag = tag.map(|tag| format!("!{tag:?} ")).unwrap_or_default();
                let quote = if style == Style::Plain { "" } else { "'" };
                format!("{anchor}{tag}{quote}{text}{quote}@{}-{}", span.start, span.end)
            }
            Ok(Event::SeqStart { flow, .. }) => {
                format!("{}@{}", if flow { "[" } else { "seq" }, span.start)
            }
            Ok(Event::MapStart { flow, .. }) => {
                format!("{}@{}", if flow { "{" } else { "map" }, span.start)
            }
            Ok(Event::Value(kind)) => format!("{kind:?}"),
            Ok(Event::End) => "end".to_owned(),
            Ok(Event::Alias(anchor)) => format!("*{anchor}@{}-{}", span.start, span.end),
            Ok(Event::DocumentEnd) => format!(".@{}", span.start),
            Err(fault) => format!("{:?}@{}", fault.kind, fault.span.start),
        };
        let _ = write!(out, "{written} ");
        if is_last {
            return out.trim_end().to_owned();
        }
    }
}

fn fault(text: &str) -> FaultKind {
    let mut events = Events::new(text, 0, MAX_DEPTH);
    loop {
        match events.next() {
            Ok(Event::DocumentEnd) => panic!("no fault in {text:?}"),
            Ok(_) => {}
            Err(fault) => return fault.kind,
        }
    }
}

fn value(text: &str) -> Value {
    let tree = tree(text);
    tree.to_value(tree.root())
}

fn tree(text: &str) -> Tree<'_> {
    read(text).remove(0).content.unwrap_or_else(|error| panic!("{text:?}: {error:?}"))
}

fn is_refused(text: &str) -> bool {
    read(text).first().is_some_and(|document| document.content.is_err())
}

#[test]
fn events_have_places() {
    assert_eq!(
        events("a: 1\nb:\n- c: 'd'\n-\n"),
        "map@0 a@0-1 1@3-4 b@5-6 seq@8 map@10 c@10-11 'd'@13-16 end @18-18 end end .@19"
    );
    assert_eq!(
        events("[a: b, {c}, ? d, e: ]"),
        "[@0 {@1 a@1-2 b@4-5 end {@7 c@8-9 @9-9 end {@12 d@14-15 @15-15 end {@17 e@17-18 @19-19 end end .@21"
    );
    assert_eq!(events("? a\n: b\n? c"), "map@0 a@2-3 b@6-7 c@10-11 @11-11 end .@11");
    assert_eq!(events("&x a : &y\nb: *x"), "map@0 &1 a@3-4 &2 @9-9 b@10-11 *1@13-15 end .@15");
    assert_eq!(
        events("- !!int 3\n- !a b\n- ! c\n- !!str"),
        "seq@0 !Int 3@8-9 !Other b@15-16 !NonSpecific c@21-22 !Str @30-30 end .@30"
    );
    assert_eq!(events("a: |\n  b\n\n  c\n\nd: 1"), "map@0 a@0-1 'b\n\nc\n'@3-13 d@15-16 1@18-19 end .@19");
    assert_eq!(events("# c\n---\n# d\n"), "@7-7 .@12");
    assert_eq!(events("# c\n"), ".@4");
}

#[test]
fn faults_have_kinds() {
    use FaultKind as F;
    for (text, kind) in [
        ("a: @b", F::Character('@')),
        ("a:\n\tb: c", F::Tab),
        ("a: b\n\tc", F::Tab),
        ("a: |\n\tb", F::Tab),
        ("a: 'b", F::UnclosedQuote),
        ("a: 'b\n...\n'", F::UnclosedQuote),
        ("a: \"\\q\"", F::Escape),
        ("a: \"\\ud83d\\ude00\"", F::Escape),
        ("a: |0\n b", F::BlockHeader),
        ("a: * b", F::Name),
        ("a: *b#", F::Name),
        ("a: !b!c d", F::Tag),
        ("a: !!str{b}", F::Tag),
        ("a: !<b c", F::Tag),
        ("%YAML 1.1\na: b", F::Directive),
        ("%FOO\n--- a", F::Directive),
        ("a: b\nc\n", F::MissingColon),
        ("a: b\n\"c\" d: e\n", F::MissingColon),
        ("a: b: c", F::Colon),
        ("a b\nc: d", F::Colon),
        ("a: ? b", F::KeyMark),
        ("a: - b", F::Dash),
        ("- [a]: b", F::CollectionKey),
        ("{[a]: b}", F::CollectionKey),
        ("a: ]", F::NoValue),
        (": a", F::NoKey(0)),
        ("a: [b] c", F::NoKey(0)),
        ("x:\n  a: b\n c: d", F::NoKey(0)),
        ("- a\nb: c", F::NoItem(0)),
        ("a: [b\nc: d", F::InSequence(3)),
        ("a: {b\n: c}", F::InMapping(3)),
    ] {
        assert_eq!(fault(text), kind, "{text:?}");
    }
}

#[test]
fn comments_are_kept_where_they_are_asked_for() {
    let text = "# a\nb: c # d\ne: | # f\n  # g\nh: [i, # j\n  k]#l\nm: n#o";
    let mut events = Events::new(text, 0, MAX_DEPTH).with_comments();
    while !matches!(events.next().unwrap(), Event::DocumentEnd) {}
    let comments: Vec<&str> = events.comments().iter().map(|span| &text[span.start..span.end]).collect();
    assert_eq!(comments, ["# a", "# d", "# f", "# j", "#l"]);
}

#[test]
fn columns_are_characters() {
    // A byte order mark beyond the first is one character; the second key stands in the column of the first.
    assert_eq!(events("\u{FEFF}a: 1\n b: 2"), "map@3 a@3-4 1@6-7 b@9-10 2@12-13 end .@13");
}

#[test]
fn lines_in_quotes_need_no_indentation() {
    let text = "a: \"x\ny\n\n  z\"\nb:\n- 'it''s\n\tfine'\nc: é\n";
    let tree = tree(text);
    let root = tree.root();
    assert_eq!(tree.to_value(root), json!({"a": "x y\nz", "b": ["it's fine"], "c": "é"}));
    let lines = LineIndex::new(text);
    let places: Vec<_> = ["a", "b", "c"]
        .map(|key| tree.entry(root, key).unwrap())
        .iter()
        .map(|entry| {
            (lines.position(entry.key_span.start).line, &text[entry.key_span.start..entry.key_span.end])
        })
        .collect();
    assert_eq!(places, [(1, "a"), (5, "b"), (8, "c")]);
    let value = tree[tree.get(root, "a").unwrap()].span;
    assert_eq!(&text[value.start..value.end], "\"x\ny\n\n  z\"");
}

#[test]
fn lines_are_folded() {
    for (text, expected) in [
        ("a b\n  c\n\n\n d", "a b c\n\nd"),
        ("'a  \n\t b\n\n'", "a b\n"),
        ("\"a  \\\n  b\\\n\n c\"", "a  b\nc"),
        ("\"a\\  \n b\"", "a  b"),
        ("a\r\nb\r\r\nc\u{2028}d", "a b c\u{2028}d"),
        ("\"\\x41\\u00e9\\U0001F600\\N\\_\\L\\t\\\t\\0\"", "Aé😀\u{85}\u{A0}\u{2028}\t\t\0"),
        (">\n a\n b\n\n c\n  d\n e\n", "a b\nc\n d\ne\n"),
        ("|2-\n   a\n  b\n\n\n", " a\nb"),
        ("|+\n a\n\n", "a\n\n"),
        ("|\n a", "a\n"),
        ("|\n\n  \n  a\n", "\n\na\n"),
        (">-\n a", "a"),
    ] {
        assert_eq!(value(text), json!(expected), "{text:?}");
    }
}

#[test]
fn an_escaped_single_quote_is_one() {
    assert_eq!(value("a: \"it\\'s \\\\'\"\nb: x\n"), json!({"a": "it's \\'", "b": "x"}));
    let error = read("a: \"it\\'s \\q\"\n").remove(0).content.unwrap_err();
    assert_eq!(error.message, "`\\q` is not an escape that kubectl's reader knows");
}

#[test]
fn comments_need_no_blank_behind_values_in_quotes_or_brackets() {
    let text = "a: 'x'# \u{e9}\nb: {c: [d]# e\n  }#\nf: \"g\"#h\nk: l#m\n";
    assert_eq!(value(text), json!({"a": "x", "b": {"c": ["d"]}, "f": "g", "k": "l#m"}));
    assert_eq!(
        value("a: |#c\n  b\nd: >-#e [\n  f\ng: |2+#\n  h\n"),
        json!({"a": "b\n", "d": "f", "g": "h\n"})
    );
    assert!(is_refused("a: |x#c\n  b\n") && is_refused("a: b|#c: d: e\n"));
}

#[test]
fn tabs_may_indent_what_stands_in_brackets() {
    let text = "a: # [\n  [\n\t\tb, {\n \t\tc: \"d\n\te\"\n\t}\n]\nf: [\"g\",\n\t\"h\"]\n";
    assert_eq!(value(text), json!({"a": ["b", {"c": "d e"}], "f": ["g", "h"]}));
    for text in [" a: \"[\"\n\tb: c\n", "a: # [\n\tb: c\n", "a: [b]\n\tc: d\n"] {
        assert!(is_refused(text), "{text}");
    }
}

#[test]
fn signs_may_be_texts_in_brackets() {
    assert_eq!(
        value("a: [-]\nb: [c, -]\nd: [-,e]\nf: {-}\ng: {h: -}\ni: {a:}\nj: [a:b]\n"),
        json!({"a": ["-"], "b": ["c", "-"], "d": ["-", "e"], "f": {"-": null}, "g": {"h": "-"},
               "i": {"a:": null}, "j": ["a:b"]})
    );
    for text in ["a: [-\n]\n", "a: [- ,b]\n", "a: [-}]\n", "a: [-[b]]\n", "a: [-{b}]\n"] {
        assert!(is_refused(text), "{text}");
    }
}

#[test]
fn tags() {
    for (text, expected) in [
        ("a: !!str[b]\n", json!({"a": ""})),
        ("a: !!str[b] c\n", json!({"a": "c"})),
        ("a: !!int[b] 3\n", json!({"a": "3"})),
        ("a: !b,c d\n", json!({"a": "d"})),
        ("a: [!!str[b] c]\n", json!({"a": ["c"]})),
        ("a: !!map[b] {c: d}\n", json!({"a": {"c": "d"}})),
        ("a: !!s%74r 1\n", json!({"a": "1"})),
        ("a: !<tag:yaml.org,2002:int> '1'\n", json!({"a": 1})),
        ("a: ! 1\n", json!({"a": "1"})),
        ("a: &x {b: 1}\nc: {! '<<': *x}\n", json!({"a": {"b": 1}, "c": {"b": 1}})),
        ("%TAG ! tag:yaml.org,2002:\r%YAML 1.1 # c\r--- !int '1'\r", json!(1)),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    for text in [
        "a: !!str{b}\n",
        "a: [!!str[b]]\n",
        "a: {b: !!str[c]}\n",
        "a: !!int x\n",
        "%TAG ! a\r%TAG ! b\r--- c\r",
        "%YAML 1.2\r--- c\r",
    ] {
        assert!(is_refused(text), "{text}");
    }
}

#[test]
fn line_ends_of_yaml_1_1_end_lines() {
    for end in ['\u{85}', '\u{2028}', '\u{2029}'] {
        let text = format!("# c{end}a: x{end}b:{end}- \"y\" # d{end}{end}\nc: [1,{end} 2]\n");
        let tree = tree(&text);
        let root = tree.root();
        assert_eq!(tree.to_value(root), json!({"a": "x", "b": ["y"], "c": [1, 2]}), "{end:?}");
        let c = tree.entry(root, "c").unwrap().key_span;
        assert_eq!(&text[c.start..c.end], "c");
        // A line that has to go on, and ends here.
        for text in [format!("a: x{end}y\n"), format!("a: |\n  x{end}y\n"), format!("\"a{end}b\": 1\n")] {
            assert!(is_refused(&text), "{text:?}");
        }
        let error = read(&format!("a: x{end}y\n")).remove(0).content.unwrap_err();
        assert_eq!((error.span.start, error.message.contains("ends the line")), (4, true), "{error:?}");
        // Where something else is wrong, that is reported.
        let text = format!("# c{end}\na: 1\nb: [\n");
        let error = read(&text).remove(0).content.unwrap_err();
        assert_eq!(&text[error.span.start..error.span.end], "[");
    }
}

#[test]
fn only_what_follows_on_its_line_makes_a_key() {
    let key = "k".repeat(1024);
    assert_eq!(value(&format!("{key}: 1")), json!({ key.clone(): 1 }));
    assert!(is_refused(&format!("{key}k: 1")));
    let wide = "é".repeat(1024);
    assert_eq!(value(&format!("{wide}: 1")), json!({ wide.clone(): 1 }));
    assert!(is_refused(&format!("{wide}é: 1")));
    // Beside the document's value, what is no key is nothing.
    assert_eq!(value("\"a\" \"b\""), json!("a"));
    assert!(is_refused("\"a\" \"b\": c"));
    for text in ["a # b\n@", "&a b #\nc #\n@", "!a 'b'\n  'c'\n|x"] {
        assert!(is_refused(text), "{text:?}");
    }
    assert_eq!(value("[]: a"), json!([]));
    assert!(is_refused("[a]: b"));
}

#[test]
fn a_quote_that_swallows_keys_is_unclosed() {
    let error = read("a: \"x\nb: 1\nc: \"y\"\n").remove(0).content.unwrap_err();
    assert_eq!((error.span.start, &*error.message), (3, "the quote `\"` opened here is never closed"));
}

#[test]
fn work_is_linear_in_any_text() {
    const SIZE: usize = 1 << 16;
    // What begins a text, and what goes on and on.
    let mut worst = (0.0, "");
    for (begin, more) in [
        ("", "["),
        ("", "{"),
        ("", "? "),
        ("", "- "),
        ("", "a: "),
        ("", "&a *a "),
        ("", "&a "),
        ("", "- &a *a\n"),
        ("", "- &a {\"\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\": 1, \"\u{e9}\u{e9}\": [2, 3]}, "),
        ("- &a [", "\"\u{e9}\", "),
        ("[", "&a x, "),
        ("[", "&a \"\u{e9}\" : *a, "),
        ("[", "[]: , "),
        ("\u{e9}: [", "\u{e9}, "),
        ("", "\u{e9}"),
        ("", "k"),
        ("'", "\n"),
        ("\"", "\\\n"),
        ("a: |\n", " \n"),
        ("a: >\n  b\n", "\n   \n"),
        ("a\n", "\n "),
        ("", "#"),
        ("", "# a\n"),
        ("a: b #", "\u{e9}"),
        ("\"a\"", " "),
        ("\"a\" \"b\" ", "\"c\" "),
        ("!", "%41"),
        ("a\n", "%YAML 1.1\n"),
        ("", "%TAG !a! b\r"),
    ] {
        let text = format!("{begin}{}", more.repeat(SIZE / more.len()));
        let mut events = Events::new(&text, 0, usize::MAX);
        while matches!(events.next(), Ok(event) if !matches!(event, Event::DocumentEnd)) {}
        let ratio = events.steps() as f64 / text.len() as f64;
        if ratio > worst.0 {
            worst = (ratio, more);
        }
    }
    assert!(worst.0 < 3.0, "{worst:?}");
}
