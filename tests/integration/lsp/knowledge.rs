//! What there is to know of what stands somewhere, where it comes from, and what a document holds.

use serde_json::{Value, json};

use super::client::{Client, uri};

const URI: &str = "file:///nowhere/a.yaml";

const CRON_JOB: &str = "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: nightly\n  annotations:\n    jobguard.dev/ignore: job/no-deadline (short)\nspec:\n  schedule: \"30 2 * * 1-5\"\n  timeZone: Europe/Berlin\n  concurrencyPolicy: Forbid\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never\n          serviceAccountName: runner\n          containers:\n          - name: main\n            image: b:1\n            envFrom:\n            - configMapRef: {name: settings}\n          volumes:\n          - name: key\n            secret: {secretName: key}\n";

/// The position of a piece of a text, and some bytes further.
fn at(text: &str, piece: &str, further: usize) -> Value {
    let byte = text.find(piece).unwrap_or_else(|| panic!("{piece}")) + further;
    let line = text[..byte].matches('\n').count();
    let start = text[..byte].rfind('\n').map_or(0, |at| at + 1);
    json!({"line": line, "character": text[start..byte].encode_utf16().count()})
}

fn hover(client: &mut Client, uri: &str, position: Value) -> Option<String> {
    let params = json!({"textDocument": {"uri": uri}, "position": position});
    let hover = client.request("textDocument/hover", params).unwrap();
    Some(hover.pointer("/contents/value")?.as_str().unwrap().to_owned())
}

#[test]
fn hovering() {
    let mut client = Client::new(Some("recommended"));
    client.open(URI, CRON_JOB);
    let mut of = |piece: &str, further: usize| hover(&mut client, URI, at(CRON_JOB, piece, further));
    let schedule = of("30 2", 3).unwrap();
    assert!(schedule.contains("at 02:30, Monday to Friday"), "{schedule}");
    assert!(schedule.contains("- Thu 2026-01-01 02:30"), "{schedule}");
    assert!(of("Europe/Berlin", 1).unwrap().contains("02:30"));
    let policy = of("concurrencyPolicy", 2).unwrap();
    assert!(policy.contains("`v1.ConcurrencyPolicy`") && policy.contains("`Replace`"), "{policy}");
    assert!(policy.contains("By default `Allow`"), "{policy}");
    assert!(of("restartPolicy", 0).unwrap().contains("One of `Never`, `OnFailure`"));
    assert!(of("containers", 0).unwrap().contains("`[]v1.Container`"));
    let rule = of("job/no-deadline", 6).unwrap();
    assert!(
        rule.starts_with("**job/no-deadline**") && rule.contains("/docs/rules/job/no-deadline.md"),
        "{rule}"
    );
    assert_eq!(of("nightly", 2).unwrap(), "**name** `string`");
    // A version that has the field, and one that came later.
    let new = CRON_JOB.replace(
        "restartPolicy: Never",
        "restartPolicy: Never\n          securityContext: {appArmorProfile: {type: RuntimeDefault}}",
    );
    client.replace(URI, 2, &new);
    let profile = hover(&mut client, URI, at(&new, "appArmorProfile", 3)).unwrap();
    assert!(profile.contains("since Kubernetes 1.30"), "{profile}");
    // Nothing in the air, in what cannot be read, and beyond every end.
    assert_eq!(hover(&mut client, URI, json!({"line": 5, "character": 0})), None);
    assert_eq!(hover(&mut client, URI, json!({"line": 99_999, "character": 7})), None);
    client.replace(URI, 3, "a: [");
    assert_eq!(hover(&mut client, URI, json!({"line": 0, "character": 0})), None);
    let policy = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: a}\nspec:\n  mode: warn\n  rules:\n    job/no-deadline: deny\n";
    client.open("file:///nowhere/jobguard.yaml", policy);
    let mut of = |piece: &str| hover(&mut client, "file:///nowhere/jobguard.yaml", at(policy, piece, 1));
    assert!(of("mode").unwrap().contains("enforce"));
    assert!(of("job/no-deadline").unwrap().starts_with("**job/no-deadline**"));
    client.end();
}

/// Completions at the mark `|` of a text, by their labels.
fn offered(client: &mut Client, uri: &str, text: &str) -> Vec<String> {
    let position = at(text, "|", 0);
    client.open(uri, &text.replacen('|', "", 1));
    let params = json!({"textDocument": {"uri": uri}, "position": position});
    let items = client.request("textDocument/completion", params).unwrap();
    items.as_array().unwrap().iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn completing() {
    let mut client = Client::new(Some("recommended"));
    let mut of = |text: &str| offered(&mut client, URI, text);
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  completions: 1\n";
    let keys = of(&format!("{job}  |\n"));
    assert!(keys.contains(&"template".to_owned()) && keys.contains(&"backoffLimit".to_owned()), "{keys:?}");
    assert!(!keys.contains(&"completions".to_owned()), "it is there already");
    let pod = format!("{job}  template:\n    spec:\n      restartPolicy: |");
    assert_eq!(of(&pod), ["Never", "OnFailure"]);
    let container =
        format!("{job}  template:\n    spec:\n      containers:\n      - name: a\n        imagePull|");
    let keys = of(&container);
    assert!(keys.contains(&"imagePullPolicy".to_owned()) && !keys.contains(&"name".to_owned()), "{keys:?}");
    assert_eq!(of(&format!("{job}  completionMode: |")), ["NonIndexed", "Indexed"]);
    assert_eq!(of(&format!("{job}  suspend: |")), ["true", "false"]);
    // What only a newer version has is no field of this one; what only the server writes is nobody's to write.
    assert!(!of(&format!("{job}|")).contains(&"status".to_owned()));
    let cron_job = job.replace("kind: Job", "kind: CronJob").replace("  completions: 1\n", "");
    let zones = of(&format!("{cron_job}  timeZone: berl|"));
    assert_eq!(zones, ["Europe/Berlin"]);
    assert!(of(&format!("{cron_job}  schedule: |")).contains(&"30 2 * * 1-5".to_owned()));
    assert_eq!(of(&format!("{cron_job}  concurrencyPolicy: F|")), ["Allow", "Forbid", "Replace"]);
    assert_eq!(of("api|"), ["apiVersion", "kind", "metadata", "spec"]);
    assert_eq!(of("apiVersion: batch/v1\nkind: |"), ["CronJob", "Job"]);
    let rules =
        of("apiVersion: batch/v1\nkind: Job\nmetadata:\n  annotations:\n    jobguard.dev/ignore: job/|\n");
    assert!(rules.contains(&"job/indexed-peers".to_owned()), "{rules:?}");
    assert!(!rules.contains(&"job/no-deadline".to_owned()), "what is off needs no ignoring");
    assert!(!rules.iter().any(|rule| rule.starts_with("api/")), "what no annotation can ignore");
    assert!(of("apiVersion: batch/v1\nkind: Job\nmetadata:\n  annotations:\n    jobguard.dev/ignore: job/no-deadline (be|\n").is_empty());
    // In the second document, and in an item of a list.
    assert_eq!(
        of(&format!("kind: Other\n---\n{job}  completionMode: |\n---\nkind: Other\n")),
        ["NonIndexed", "Indexed"]
    );
    let list =
        format!("apiVersion: v1\nkind: List\nitems:\n- {}  completionMode: |\n", job.replace('\n', "\n  "));
    assert_eq!(of(&list), ["NonIndexed", "Indexed"]);
    // Of other kinds, nothing is known.
    assert!(of("apiVersion: apps/v1\nkind: Deployment\nspec:\n  |\n").is_empty());
    let policy = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: a}\nspec:\n";
    let mut of = |text: &str| offered(&mut client, "file:///nowhere/jobguard.yaml", text);
    assert!(of(&format!("{policy}  |\n")).contains(&"suppressions".to_owned()));
    assert!(of(&format!("{policy}  rules:\n    |\n")).contains(&"job/no-deadline".to_owned()));
    assert!(of(&format!("{policy}  rules:\n    job/no-deadline: |\n")).contains(&"warn".to_owned()));
    assert!(of(&format!("{policy}  mode: |\n")).contains(&"audit".to_owned()));
    assert!(
        of(&format!("{policy}  exceptions:\n  - rules:\n    - |\n")).contains(&"job/no-deadline".to_owned())
    );
    client.end();
}

/// What is taken stands where the word was, and what comes of it is a manifest.
#[test]
fn taking_what_is_offered() {
    let mut client = Client::new(Some("baseline"));
    let text = "apiVersion: batch/v1\nkind: Job\nspec:\n  temp";
    client.open(URI, text);
    let params = json!({"textDocument": {"uri": URI}, "position": {"line": 3, "character": 6}});
    let items = client.request("textDocument/completion", params).unwrap();
    let item = items.as_array().unwrap().iter().find(|item| item["label"] == "template").unwrap();
    assert_eq!(item["textEdit"]["range"]["start"], json!({"line": 3, "character": 2}));
    assert_eq!(item["textEdit"]["newText"], "template:\n    ");
    client.end();
}

#[test]
fn symbols() {
    let text = format!(
        "{CRON_JOB}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\n---\nkind: [\n---\na: 1\n"
    );
    let mut client = Client::new(Some("recommended"));
    client.open(URI, &text);
    let symbols =
        client.request("textDocument/documentSymbol", json!({"textDocument": {"uri": URI}})).unwrap();
    let names: Vec<&str> =
        symbols.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["CronJob nightly", "ConfigMap settings"]);
    let children = symbols[0]["children"].as_array().unwrap();
    let of = |name: &str| children.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(of("schedule")["detail"], "30 2 * * 1-5");
    assert_eq!(of("restartPolicy")["detail"], "Never");
    assert_eq!(of("containers")["children"][0]["name"], "main");
    assert_eq!(of("containers")["children"][0]["detail"], "b:1");
    client.end();
    let mut plain = Client::with(super::client::settings(None), json!({"capabilities": {}}));
    plain.open(URI, &text);
    let symbols =
        plain.request("textDocument/documentSymbol", json!({"textDocument": {"uri": URI}})).unwrap();
    assert_eq!(symbols[0]["location"]["uri"], URI);
    plain.end();
}

#[test]
fn definitions() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".git")).unwrap();
    let write = |name: &str, kind: &str, object: &str| {
        let text = format!("# first\n---\napiVersion: v1\nkind: {kind}\nmetadata:\n  name: {object}\n");
        std::fs::write(folder.path().join(name), &text).unwrap();
        (uri(&folder.path().join(name)), text)
    };
    let (account, _) = write("account.yaml", "ServiceAccount", "runner");
    let (other, _) = write("other.yaml", "Secret", "runner");
    let (open, text) = write("config.yaml", "ConfigMap", "before");
    let job = folder.path().join("job.yaml");
    std::fs::write(&job, CRON_JOB).unwrap();
    let mut client = Client::in_folder(folder.path(), Some("recommended"));
    client.open(&uri(&job), CRON_JOB);
    client.open(&open, &text.replace("before", "settings"));
    let mut of = |piece: &str| {
        let params = json!({"textDocument": {"uri": uri(&job)}, "position": at(CRON_JOB, piece, 1)});
        client.request("textDocument/definition", params).unwrap()
    };
    let found = of("runner");
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found[0]["uri"], account.as_str());
    assert_ne!(found[0]["uri"], other.as_str());
    assert_eq!(found[0]["range"]["start"], json!({"line": 5, "character": 8}));
    assert_eq!(of("settings")[0]["uri"], open.as_str(), "as the editor has it");
    assert_eq!(of("key}"), json!([]), "it is nowhere");
    assert_eq!(of("Forbid"), json!([]));
    client.end();
}
