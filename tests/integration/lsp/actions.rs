//! What can be done about findings is what `--fix` does, and what the annotation ignores.

use jobguard::engine::Safety;
use jobguard::linter::Linter;
use jobguard::policy::{Preset, load};
use jobguard::rules::registry;
use jobguard::sources::Source;
use serde_json::{Value, json};

use super::client::{Client, applied, codes, everywhere, now};
use crate::support::manifests;

const URI: &str = "file:///nowhere/a.yaml";

/// A number that must be a string behind wide characters, a misplaced field, and what only unsafe fixes resolve.
const FAULTY: &str = "# Größe 😀\napiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: \"a\" # 😀\nspec:\n  schedule: \"0 3 * * *\"\n  concurrencyPolicy: forbid\n  jobTemplate:\n    spec:\n      template:\n        # zwölf Versuche\n        backoffLimit: 12 # é\n        spec:\n          restartPolicy: Always\n          containers:\n          - {name: a, image: \"b:1\", args: [\"😀ä\", \"1\"]}\n";

fn titles(actions: &[Value]) -> Vec<&str> {
    actions.iter().map(|action| action["title"].as_str().unwrap()).collect()
}

#[test]
fn fixes_one_by_one() {
    let mut client = Client::new(Some("baseline"));
    let before = client.open_and_look(URI, FAULTY);
    let actions = client.actions(URI, everywhere(), Some(&["quickfix"]));
    let fixes: Vec<&Value> =
        actions.iter().filter(|action| !action["title"].as_str().unwrap().starts_with("Ignore")).collect();
    assert!(fixes.len() >= 3, "{:?}", titles(&actions));
    let mut version = 1;
    let (mut safe, mut needs_review) = (0, 0);
    for fix in fixes {
        assert_eq!(fix["kind"], "quickfix");
        let of = &fix["diagnostics"][0];
        assert!(before.contains(of), "about a finding that is shown: {of}");
        let is_unsafe = fix["title"].as_str().unwrap().ends_with("(unsafe fix: review it)");
        assert_eq!(fix["isPreferred"].as_bool().unwrap_or_default(), !is_unsafe);
        if is_unsafe {
            needs_review += 1
        } else {
            safe += 1
        }
        let text = applied(FAULTY, &fix["edit"], URI, 1);
        version += 1;
        let uri = format!("file:///nowhere/{version}.yaml");
        let after = client.open_and_look(&uri, &text);
        assert!(after.len() < before.len(), "{}: {:?}", fix["title"], codes(&after));
    }
    assert!(safe > 0 && needs_review > 0, "{:?}", titles(&actions));
    client.end();
}

/// Only what is asked for, of the version that was asked about.
#[test]
fn of_a_range_and_a_version() {
    let mut client = Client::new(Some("baseline"));
    client.open_and_look(URI, FAULTY);
    let line =
        |line: u32| json!({"start": {"line": line, "character": 0}, "end": {"line": line, "character": 99}});
    let of_policy = client.actions(URI, line(7), Some(&["quickfix"]));
    assert!(!of_policy.is_empty());
    assert!(
        of_policy.iter().all(|action| action["diagnostics"][0]["range"]["start"]["line"] == 7),
        "{of_policy:?}"
    );
    assert!(
        client.actions(URI, line(0), None).iter().all(|action| action["kind"] == "source.fixAll.jobguard")
    );
    let text = FAULTY.replace("# Größe 😀\n", "");
    client.replace(URI, 2, &text);
    let moved = client.actions(URI, line(6), Some(&["quickfix"]));
    assert_eq!(titles(&moved), titles(&of_policy));
    let fixed = applied(&text, &moved[0]["edit"], URI, 2);
    assert!(fixed.contains("concurrencyPolicy: Forbid"), "{fixed}");
    client.end();
}

/// An editor that knows no versions of documents in edits gets them by URI.
#[test]
fn for_an_old_editor() {
    let mut client = Client::with(super::client::settings(Some("baseline")), json!({"capabilities": {}}));
    client.open_and_look(URI, FAULTY);
    let actions = client.actions(URI, everywhere(), Some(&["source.fixAll"]));
    assert!(actions[0]["edit"]["changes"][URI].is_array(), "{actions:?}");
    client.end();
}

/// All at once: the very text that `lint --fix` writes, of every manifest of this repository.
#[test]
fn all_safe_fixes() {
    let policy = load::preset(Preset::Recommended, registry().catalog()).unwrap();
    let linter = Linter::new(&policy, now());
    let mut client = Client::new(Some("recommended"));
    let (mut fixed, mut unchanged) = (0, 0);
    let texts = manifests(&["yaml"]).into_iter().filter_map(|path| std::fs::read_to_string(path).ok());
    // A text after each length, so that all kinds of it are tried in bounded time.
    for (number, text) in texts.chain([FAULTY.to_owned()]).enumerate().filter(|(number, _)| number % 2 == 0) {
        if text.starts_with('\u{FEFF}') || text.contains("\r") && !text.contains("\r\n") {
            continue;
        }
        let uri = format!("file:///nowhere/{number}.yaml");
        let source = Source::Text { name: uri.clone(), bytes: text.clone().into_bytes() };
        let after =
            linter.fix(&[source], Safety::Safe, &|| {}).texts.into_iter().next().map(|text| text.after);
        client.open(&uri, &text);
        let actions = client.actions(&uri, everywhere(), Some(&["source.fixAll"]));
        match &after {
            Some(after) if !actions.is_empty() => {
                assert_eq!(actions.len(), 1);
                assert_eq!(actions[0]["kind"], "source.fixAll.jobguard");
                assert_eq!(applied(&text, &actions[0]["edit"], &uri, 1), *after, "{text}");
                fixed += 1;
            }
            // Where not a single finding is promised to be fixed, that something changes all the same is not offered.
            Some(_) => assert_eq!(
                linter
                    .lint(&[Source::Text { name: uri.clone(), bytes: text.clone().into_bytes() }])
                    .report
                    .diagnostics
                    .iter()
                    .filter(|one| one.fix == Some(Safety::Safe))
                    .count(),
                0,
                "{text}"
            ),
            None => {
                assert!(actions.is_empty(), "{text}");
                unchanged += 1;
            }
        }
        client.notify("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    }
    println!("{fixed} texts fixed, {unchanged} without a fix");
    assert!(fixed > 10 && unchanged > 10, "{fixed} fixed, {unchanged} unchanged");
    client.end();
}

#[test]
fn ignoring_a_finding() {
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: a\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - {name: a, image: b}\n";
    for (text, expected) in [
        (job.to_owned(), "  annotations:\n"),
        (
            job.replace(
                "  name: a\n",
                "  name: a\n  annotations:\n    jobguard.dev/ignore: job/paused-by-parallelism (later)\n",
            ),
            "(later); ",
        ),
        (
            format!("apiVersion: v1\nkind: List\nitems:\n- {}", job.trim_end().replace('\n', "\n  ")),
            "annotations:\n",
        ),
        (format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\n---\n{job}"), "  annotations:\n"),
    ] {
        let mut client = Client::new(Some("strict"));
        let before = client.open_and_look(URI, &text);
        let wanted = before
            .iter()
            .find(|one| one["severity"] != 1 && !one["code"].as_str().unwrap().starts_with("suppression/"))
            .expect("a finding that may be ignored");
        let actions = client.actions(URI, wanted["range"].clone(), Some(&["quickfix"]));
        let rule = wanted["code"].as_str().unwrap();
        let title = format!("Ignore {rule} in this object for 90 days");
        let ignore = actions
            .iter()
            .find(|action| action["title"] == title.as_str())
            .unwrap_or_else(|| panic!("{title}: {:?}", titles(&actions)));
        assert_eq!(ignore["diagnostics"][0], *wanted);
        let after = applied(&text, &ignore["edit"], URI, 1);
        assert!(after.contains(expected), "{after}");
        assert!(after.contains(&format!("{rule} until=2026-04-01 (say why)")), "{after}");
        client.replace(URI, 2, &after);
        let left = client.shown_of(URI, 2);
        assert!(left.len() < before.len() && !codes(&left).contains(&rule), "{:?}", codes(&left));
        // What the API server refuses, and what the policy denies, is not offered to be ignored.
        for action in client.actions(URI, everywhere(), Some(&["quickfix"])) {
            assert!(!action["title"].as_str().unwrap().starts_with("Ignore api/"), "{action}");
        }
        client.end();
    }
}
