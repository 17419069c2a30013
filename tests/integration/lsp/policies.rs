//! The policy of a document is the one that `lint` would find, as it was last saved without a fault.

use std::path::Path;

use serde_json::json;

use super::client::{Client, codes, uri};

const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - {name: a, image: \"b:1\"}\n";

fn policy(rules: &str) -> String {
    format!(
        "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {{name: test}}\nspec:\n  extends: baseline\n  rules:\n    {rules}\n"
    )
}

fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join(".git")).unwrap();
    std::fs::create_dir_all(folder.path().join("jobs/deep")).unwrap();
    folder
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

#[test]
fn found_reloaded_and_broken() {
    let folder = repository();
    let at = |name: &str| folder.path().join(name);
    write(&at("jobguard.yaml"), &policy("job/no-deadline: deny"));
    write(&at("jobs/deep/a.yaml"), JOB);
    let mut client = Client::in_folder(folder.path(), None);
    let job = uri(&at("jobs/deep/a.yaml"));
    let shown = client.open_and_look(&job, JOB);
    assert_eq!((codes(&shown), &shown[0]["severity"]), (vec!["job/no-deadline"], &json!(1)));
    // The policy itself is open: nothing of it counts before it is saved.
    let of_policy = uri(&at("jobguard.yaml"));
    assert!(client.open_and_look(&of_policy, &policy("job/no-deadline: deny")).is_empty());
    client.replace(&of_policy, 2, &policy("job/no-deadline: warn"));
    assert!(client.shown_of(&of_policy, 2).is_empty());
    client.replace(&job, 2, JOB);
    assert_eq!(client.shown_of(&job, 2)[0]["severity"], 1);
    write(&at("jobguard.yaml"), &policy("job/no-deadline: warn"));
    client.save(&of_policy);
    let shown = client.shown_when(&job, |shown| shown.iter().any(|one| one["severity"] == 2));
    assert_eq!(codes(&shown), ["job/no-deadline"]);
    // Broken: told in the policy, while the last good one holds.
    let broken = policy("job/no-deadlin: off");
    client.replace(&of_policy, 3, &broken);
    let faults = client.shown_of(&of_policy, 3);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0]["range"]["start"], json!({"line": 6, "character": 4}));
    assert!(faults[0]["message"].as_str().unwrap().contains("job/no-deadline"), "{faults:?}");
    write(&at("jobguard.yaml"), &broken);
    client.save(&of_policy);
    client.replace(&job, 3, JOB);
    assert_eq!(client.shown_of(&job, 3)[0]["severity"], 2);
    // A nearer one, told by whoever watches files.
    write(&at("jobs/jobguard.yaml"), &policy("job/no-deadline: off"));
    client.notify(
        "workspace/didChangeWatchedFiles",
        json!({"changes": [{"uri": uri(&at("jobs/jobguard.yaml")), "type": 1}]}),
    );
    assert!(client.shown_when(&job, <[_]>::is_empty).is_empty());
    client.end();
}

/// A policy that nobody has open shows its faults all the same, until it has none.
#[test]
fn a_broken_policy_that_is_not_open() {
    let folder = repository();
    let file = folder.path().join("jobguard.yaml");
    write(&file, &policy("job/no-deadlin: off"));
    let mut client = Client::in_folder(folder.path(), None);
    let job = uri(&folder.path().join("a.yaml"));
    client.open(&job, JOB);
    let faults = client.shown_when(&uri(&file), |shown| !shown.is_empty());
    assert_eq!(faults[0]["range"]["start"], json!({"line": 6, "character": 4}));
    write(&file, &policy("job/no-deadline: deny"));
    client.save(&job);
    client.shown_when(&uri(&file), <[_]>::is_empty);
    client.shown_when(&job, |shown| codes(shown) == ["job/no-deadline"]);
    client.end();
}

#[test]
fn policies_by_their_kind() {
    let mut client = Client::new(None);
    let text = policy("job/none: warn").replace("extends: baseline", "extends: bseline");
    let shown = client.open_and_look("file:///nowhere/team.yaml", &text);
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown.iter().all(|one| one["code"] == "policy" && one["severity"] == 1), "{shown:?}");
    // While it is typed: nothing but the beginning of one.
    assert!(
        !client
            .open_and_look(
                "file:///nowhere/jobguard.yaml",
                "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy"
            )
            .is_empty()
    );
    client.end();
}

#[test]
fn named_by_the_editor() {
    let folder = repository();
    write(&folder.path().join("team.yaml"), &policy("job/no-deadline: deny"));
    let mut client = Client::in_folder(folder.path(), Some("team.yaml"));
    let job = uri(&folder.path().join("a.yaml"));
    assert_eq!(codes(&client.open_and_look(&job, JOB)), ["job/no-deadline"]);
    client.notify(
        "workspace/didChangeConfiguration",
        json!({"settings": {"jobguard": {"policy": "baseline"}}}),
    );
    assert!(client.shown_when(&job, <[_]>::is_empty).is_empty());
    // Of two versions, what holds for one of them says so.
    let text =
        JOB.replace("restartPolicy: Never", "restartPolicy: Never\n      schedulingGates: [{name: a/b}]");
    client.notify(
        "workspace/didChangeConfiguration",
        json!({"settings": {"jobguard": {"kubernetesVersion": "1.29,1.36"}}}),
    );
    client.replace(&job, 2, &text);
    client.shown_of(&job, 2);
    client.end();
}

#[test]
fn paths_that_the_policy_excludes() {
    let folder = repository();
    write(&folder.path().join("jobguard.yaml"), &policy("job/no-deadline: deny\n  exclude: [/jobs/]"));
    let mut client = Client::in_folder(folder.path(), None);
    for (name, count) in [("jobs/a.yaml", 0), ("a.yaml", 1)] {
        let path = folder.path().join(name);
        write(&path, JOB);
        assert_eq!(client.open_and_look(&uri(&path), JOB).len(), count, "{name}");
    }
    client.end();
}
