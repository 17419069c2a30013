//! Any edits in any order: what the server has at the end is what the editor has.

use jobguard::linter::Linter;
use jobguard::policy::{Preset, load};
use jobguard::rules::registry;
use jobguard::sources::Source;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::client::{Client, now};

const URI: &str = "file:///nowhere/a.yaml";

const TEXT: &str = "# é 😀\r\napiVersion: batch/v1\nkind: Job\nmetadata: {name: a, annotations: {\"x.y/z\": \"漢字😀\"}}\nspec:\n  backoffLimit: 3\r\n  template:\n    spec:\n      restartPolicy: Always\n      containers:\n      - name: a\n        image: b\n        args: [1, \"2\"]\n";

/// What is put in a text: bits of manifests, line ends, wide characters.
const PIECES: &[&str] = &[
    "",
    "a",
    "é",
    "😀",
    "\n",
    "\r\n",
    "  ",
    "- ",
    ": ",
    "\"",
    "[1]",
    "spec:\n",
    "kind: CronJob\n",
    "---\n",
    "restartPolicy: Never",
    "{",
    "#",
];

/// Where a character of the text begins, as line and UTF-16 unit: not between the two halves of a line's end.
fn places(text: &str) -> Vec<(usize, u32, u32)> {
    let (mut all, mut line, mut column) = (Vec::new(), 0, 0);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        all.push((at, line, column));
        match c {
            '\r' if chars.peek().is_some_and(|(_, next)| *next == '\n') => {
                chars.next();
                (line, column) = (line + 1, 0);
            }
            '\r' | '\n' => (line, column) = (line + 1, 0),
            c => column += u32::try_from(c.len_utf16()).unwrap(),
        }
    }
    all.push((text.len(), line, column));
    all
}

/// The same edits of the editor's text, and as messages.
fn edited(edits: &[(usize, usize, usize)]) -> (String, Vec<Value>) {
    let (mut text, mut changes) = (TEXT.to_owned(), Vec::new());
    for (from, length, piece) in edits {
        let places = places(&text);
        let from = from % places.len();
        let to = (from + length).min(places.len() - 1);
        let (start, end) = (places[from], places[to]);
        let piece = PIECES[piece % PIECES.len()];
        text.replace_range(start.0..end.0, piece);
        let at = |(_, line, character): (usize, u32, u32)| json!({"line": line, "character": character});
        changes.push(json!({"range": {"start": at(start), "end": at(end)}, "text": piece}));
    }
    (text, changes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn edits_in_any_order(edits in prop::collection::vec((0_usize..400, 0_usize..12, 0_usize..17), 1..40), packed in 1_usize..6) {
        let (text, changes) = edited(&edits);
        let mut client = Client::new(Some("strict"));
        client.open(URI, TEXT);
        let mut version = 1;
        for changes in changes.chunks(packed) {
            version += 1;
            client.change(URI, version, json!(changes));
        }
        let shown = client.shown_of(URI, version);
        let policy = load::preset(Preset::Strict, registry().catalog()).unwrap();
        let source = Source::Text { name: "a.yaml".to_owned(), bytes: text.clone().into_bytes() };
        let report = Linter { with_fixes: false, ..Linter::new(&policy, now()) }.lint(&[source]).report;
        let expected: Vec<(String, usize)> = report.diagnostics.iter().map(|one| (one.rule.id().to_owned(), one.region.line)).collect();
        let found: Vec<(String, usize)> = shown.iter().map(|one| {
            let line = usize::try_from(one["range"]["start"]["line"].as_u64().unwrap()).unwrap();
            (one["code"].as_str().unwrap().to_owned(), line + 1)
        }).collect();
        prop_assert_eq!(found, expected, "{:?}", text);
        client.end();
    }
}
