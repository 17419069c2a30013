//! Findings while somebody types are those of `lint`.

use std::path::{Path, PathBuf};

use jobguard::diagnostic::Diagnostic;
use jobguard::linter::Linter;
use jobguard::lsp::Ending;
use jobguard::policy::{Preset, load};
use jobguard::rules::registry;
use jobguard::sources::{Source, find};
use serde_json::{Value, json};

use super::client::{Client, capabilities, codes, now, settings, uri};

const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      restartPolicy: Always\n      containers:\n      - {name: a, image: \"b:1\"}\n";

#[test]
fn while_somebody_types() {
    let mut client = Client::new(Some("baseline"));
    assert_eq!(client.initialized["serverInfo"]["name"], "jobguard");
    let sync = &client.initialized["capabilities"]["textDocumentSync"];
    assert_eq!(sync["change"], 2, "incremental: {sync}");
    let uri = "file:///nowhere/a%20b.yaml";
    let shown = client.open_and_look(uri, JOB);
    assert_eq!(codes(&shown), ["api/restart-policy"], "{shown:#?}");
    let one = &shown[0];
    assert_eq!(one["severity"], 1);
    assert_eq!(one["source"], "jobguard");
    assert!(one["codeDescription"]["href"].as_str().unwrap().ends_with("/docs/rules/api/restart-policy.md"));
    assert_eq!(one["range"]["start"], json!({"line": 6, "character": 21}));
    assert_eq!(one["range"]["end"], json!({"line": 6, "character": 27}));
    assert!(one["message"].as_str().unwrap().contains("\nhelp: "), "{one}");
    // Half a word, then a whole one.
    let range = |from: u32, to: u32| json!({"start": {"line": 6, "character": from}, "end": {"line": 6, "character": to}});
    client.change(uri, 2, json!([{"range": range(21, 27), "text": "Nev"}]));
    assert_eq!(codes(&client.shown_of(uri, 2)), ["api/restart-policy"]);
    client.change(
        uri,
        3,
        json!([{"range": range(24, 24), "text": "e"}, {"range": range(25, 25), "text": "r"}]),
    );
    assert_eq!(client.shown_of(uri, 3), Vec::<Value>::new());
    // Of several changes in a row only the last must be told.
    for version in 4..20 {
        client.replace(uri, version, &JOB.replace("Always", &format!("v{version}")));
    }
    assert_eq!(codes(&client.shown_of(uri, 19)), ["api/restart-policy"]);
    client.notify("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    let closed = client.shown(uri);
    assert_eq!(closed["diagnostics"], json!([]));
    assert_eq!(client.end(), Ending::Orderly);
}

/// The places of findings behind characters of one to four bytes, in each encoding.
#[test]
fn columns_as_the_editor_counts_them() {
    let text = JOB
        .replace("spec:\n      restartPolicy: Always", "spec:\n      \"restartPolicy\": Always # é")
        .replace("{name: a}\nspec", "{name: a, annotations: {\"a.b/é😀\": x, a: [1]}}\nspec");
    let mut starts = Vec::new();
    for encoding in ["utf-8", "utf-16", "utf-32"] {
        let mut capabilities = capabilities();
        capabilities["general"]["positionEncodings"] = json!([encoding, "utf-16"]);
        let mut client = Client::with(settings(Some("baseline")), json!({"capabilities": capabilities}));
        assert_eq!(client.initialized["capabilities"]["positionEncoding"], encoding);
        let shown = client.open_and_look("untitled:Untitled-1", &text);
        let one = shown.iter().find(|one| one["range"]["start"]["line"] == 2).unwrap();
        starts.push(one["range"]["start"]["character"].as_u64().unwrap());
        client.end();
    }
    let line = text.lines().nth(2).unwrap();
    let before = &line[..usize::try_from(starts[0]).unwrap()];
    assert!(before.contains('😀'), "{before}");
    assert_eq!(starts[1], u64::try_from(before.encode_utf16().count()).unwrap());
    assert_eq!(starts[2], u64::try_from(before.chars().count()).unwrap());
}

#[test]
fn only_what_is_a_manifest() {
    let mut client = Client::new(Some("strict"));
    for (name, text) in [
        ("tsconfig.json", "{ // a comment\n \"compilerOptions\": {}, }"),
        ("values.yaml", "replicas: 3\nimage: x\n"),
        ("deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"),
        ("empty.yaml", ""),
    ] {
        let shown = client.open_and_look(&format!("file:///nowhere/{name}"), text);
        assert_eq!(shown, Vec::<Value>::new(), "{name}");
    }
    let document =
        json!({"uri": "file:///nowhere/a.md", "languageId": "markdown", "version": 1, "text": JOB});
    client.notify("textDocument/didOpen", json!({"textDocument": document}));
    client.open_and_look("file:///nowhere/after.yaml", "");
    let mut of_list = JOB.replace('\n', "\n  ");
    of_list.insert_str(0, "apiVersion: v1\nkind: List\nitems:\n- ");
    let shown = client.open_and_look("file:///nowhere/list.yaml", of_list.trim_end());
    assert!(codes(&shown).contains(&"api/restart-policy"), "{shown:?}");
    client.end();
}

/// A template of a chart is told to be one where it could hold a Job, as `lint` does; a patch of a kustomization likewise.
#[test]
fn what_is_no_manifest_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".git")).unwrap();
    std::fs::create_dir_all(folder.path().join("app/templates")).unwrap();
    std::fs::write(folder.path().join("app/Chart.yaml"), "name: app\n").unwrap();
    let path = folder.path().join("app/templates/job.yaml");
    std::fs::write(&path, JOB).unwrap();
    std::fs::create_dir_all(folder.path().join("o")).unwrap();
    std::fs::write(folder.path().join("o/kustomization.yaml"), "patches: [{path: p.yaml}]\n").unwrap();
    std::fs::write(folder.path().join("o/p.yaml"), JOB).unwrap();
    let mut client = Client::new(Some("recommended"));
    for (path, how) in [(path, "helm template"), (folder.path().join("o/p.yaml"), "kubectl kustomize")] {
        let shown = client.open_and_look(&uri(&path), JOB);
        assert_eq!(codes(&shown), ["manifest/not-judged"], "{path:?}: {shown:?}");
        assert_eq!((&shown[0]["severity"], &shown[0]["range"]["start"]["line"]), (&json!(3), &json!(0)));
        assert!(shown[0]["message"].as_str().unwrap().contains(how), "{shown:?}");
    }
    client.end();
}

/// What is compared of a finding: the rule, the place and the words.
type Said = (String, [u64; 4], String);

fn of_lint(finding: &Diagnostic, has_mark: bool) -> Said {
    let region = finding.region;
    let column = |line: usize, column: usize| column - 1 + usize::from(has_mark && line == 1 && column > 1);
    let place = [
        region.line - 1,
        column(region.line, region.column),
        region.end_line - 1,
        column(region.end_line, region.end_column),
    ];
    let text = jobguard_text::plain(&finding.text());
    let help = finding.help.as_ref().map(|help| format!("\nhelp: {}", jobguard_text::plain(help)));
    (
        finding.rule.id().to_owned(),
        place.map(|part| u64::try_from(part).unwrap()),
        text + &help.unwrap_or_default(),
    )
}

fn of_editor(shown: &Value) -> Said {
    let at = |end: &str, part: &str| shown["range"][end][part].as_u64().unwrap();
    (
        shown["code"].as_str().unwrap().to_owned(),
        [at("start", "line"), at("start", "character"), at("end", "line"), at("end", "character")],
        shown["message"].as_str().unwrap().to_owned(),
    )
}

/// One core: on every manifest of this repository the editor shows what `lint` reports of the file.
#[test]
fn the_same_as_lint() {
    let (mut documents, mut findings, mut skipped) = (0, 0, 0);
    for preset in [Preset::Recommended, Preset::Strict] {
        let policy = load::preset(preset, registry().catalog()).unwrap();
        let linter = Linter { with_fixes: false, ..Linter::new(&policy, now()) };
        let mut capabilities = capabilities();
        capabilities["general"]["positionEncodings"] = json!(["utf-32"]);
        let mut client = Client::with(settings(Some(preset.as_str())), json!({"capabilities": capabilities}));
        for source in fixtures() {
            let Source::File { path, .. } = &source else { continue };
            let Ok(text) = String::from_utf8(std::fs::read(path).unwrap()) else {
                skipped += 1;
                continue;
            };
            let has_mark = text.starts_with('\u{FEFF}');
            let report = linter.lint(std::slice::from_ref(&source)).report;
            let expected: Vec<Said> =
                report.diagnostics.iter().take(2_000).map(|finding| of_lint(finding, has_mark)).collect();
            let uri = uri(path);
            let shown: Vec<Said> = client.open_and_look(&uri, &text).iter().map(of_editor).collect();
            // Names of other files differ: the editor has no current folder.
            assert_eq!(shown, expected, "{}", path.display());
            client.notify("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
            (documents, findings) = (documents + 1, findings + shown.len());
        }
        client.end();
    }
    println!("{documents} documents, {findings} findings, {skipped} not UTF-8");
    assert!(documents > 500 && findings > 500, "{documents} documents, {findings} findings");
}

/// Every manifest of this repository, as it is found in a folder. Those that are expected are read as YAML, too.
fn fixtures() -> Vec<Source> {
    let folders: Vec<PathBuf> =
        ["examples", "tests/fixes", "tests/manifests", "tests/rules", "tests/cases", "tests/corpus"]
            .map(|name| Path::new(env!("CARGO_MANIFEST_DIR")).join(name))
            .into();
    find(&folders).sources
}
