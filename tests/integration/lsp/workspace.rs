//! Rules that compare files see the whole workspace, with the texts of the editor in place of its files.

use super::client::{Client, codes, uri};

fn cron_job(name: &str, service_account: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: {name}\n  namespace: jobs\nspec:\n  schedule: \"0 3 * * *\"\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never\n          serviceAccountName: {service_account}\n          containers:\n          - {{name: a, image: \"b:1\"}}\n"
    )
}

fn account(name: &str) -> String {
    format!("apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {name}, namespace: jobs}}\n")
}

#[test]
fn the_same_object_in_two_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".git")).unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("a.yaml"), cron_job("same", "x")).unwrap();
    std::fs::write(at("b.yaml"), cron_job("other", "x")).unwrap();
    let mut client = Client::in_folder(folder.path(), Some("recommended"));
    let (a, b) = (uri(&at("a.yaml")), uri(&at("b.yaml")));
    let has = |shown: &[serde_json::Value]| codes(shown).contains(&"ref/duplicate-object");
    assert!(!has(&client.open_and_look(&a, &cron_job("same", "x"))));
    // In the editor alone: the file still has the other name.
    assert!(!has(&client.open_and_look(&b, &cron_job("same", "x"))));
    let shown = client.shown_when(&b, has);
    let one = shown.iter().find(|one| one["code"] == "ref/duplicate-object").unwrap();
    let line = one["range"]["start"]["line"].as_u64().unwrap();
    assert!(one["message"].as_str().unwrap().contains("a.yaml"), "{one}");
    // It stays while lines are added above it, without another look at the workspace.
    client.replace(&b, 2, &format!("# a comment\n{}", cron_job("same", "x")));
    let moved = client.shown_of(&b, 2);
    let one = moved.iter().find(|one| one["code"] == "ref/duplicate-object").expect("kept");
    assert_eq!(one["range"]["start"]["line"].as_u64().unwrap(), line + 1);
    // Of a line that has changed nothing is kept, and the next look finds nothing either.
    client.replace(&b, 3, &cron_job("changed", "x"));
    assert!(!has(&client.shown_of(&b, 3)));
    client.save(&b);
    client.replace(&b, 4, &cron_job("changed", "x"));
    assert!(!has(&client.shown_of(&b, 4)));
    client.end();
}

#[test]
fn what_another_file_names() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".git")).unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("accounts.yaml"), account("runner")).unwrap();
    std::fs::write(at("a.yaml"), cron_job("a", "runer")).unwrap();
    let mut client = Client::in_folder(folder.path(), Some("recommended"));
    let a = uri(&at("a.yaml"));
    client.open(&a, &cron_job("a", "runer"));
    let has = |shown: &[serde_json::Value]| codes(shown).contains(&"ref/missing-object");
    let shown = client.shown_when(&a, has);
    let one = shown.iter().find(|one| one["code"] == "ref/missing-object").unwrap();
    assert!(one["message"].as_str().unwrap().contains("runer"), "{one}");
    // The other file gets it, in the editor alone.
    let accounts = uri(&at("accounts.yaml"));
    client.open(&accounts, &account("runer"));
    client.shown_when(&a, |shown| !has(shown));
    client.end();
}
