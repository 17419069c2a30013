//! `jobguard policy export`: what it writes, and what it never writes over.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use assert_cmd::Command;

/// Standard output, standard error and exit status in a folder.
fn export(folder: &Path, arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_jobguard"))
        .current_dir(folder)
        .args(["policy", "export"])
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

const POLICY: &str = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: p}\nspec:\n  existingDenyFrom: 2027-03-01\n";

#[test]
fn nothing_is_written_over_but_an_earlier_export() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("jobguard.yaml"), POLICY).unwrap();
    fs::write(here.join("job.yaml"), "kind: Job\n").unwrap();
    for file in ["jobguard.yaml", "job.yaml"] {
        let before = fs::read_to_string(here.join(file)).unwrap();
        let (_, said, status) = export(here, &["--output", file]);
        assert_eq!(status, Some(2), "{said}");
        assert!(
            said.contains(&format!("--output {file}: this file is there, and was not exported")),
            "{said}"
        );
        assert_eq!(fs::read_to_string(here.join(file)).unwrap(), before);
    }
    for _ in 0..2 {
        let (said, error, status) = export(here, &["--output", "floor.yaml"]);
        assert_eq!((said.as_str(), status), ("wrote floor.yaml\n", Some(0)), "{error}");
    }
    let (_, said, status) = export(here, &["--output", "no/floor.yaml"]);
    assert!(status == Some(2) && said.contains("there is no folder no"), "{said}");

    // An API server's own configuration stays, and with it nothing else is written.
    fs::create_dir(here.join("disk")).unwrap();
    fs::write(here.join("disk/admission.yaml"), "kind: AdmissionConfiguration\n").unwrap();
    let (_, said, status) = export(here, &["--format", "static", "--output", "disk"]);
    assert!(status == Some(2) && said.contains("admission.yaml: this file is there"), "{said}");
    assert_eq!(fs::read_dir(here.join("disk")).unwrap().count(), 1);
}

#[test]
fn files_for_a_disk_name_the_folder_that_they_are_in() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (said, error, status) = export(here, &["--format", "static", "--output", "disk"]);
    assert_eq!((said.lines().count(), status), (3, Some(0)), "{error}");
    let admission = fs::read_to_string(here.join("disk/admission.yaml")).unwrap();
    assert!(admission.contains("/disk/validating\"") && !admission.contains("\"disk"), "{admission}");
    let (_, error, status) = export(here, &["--format", "static", "--folder", "/a\nb: c"]);
    assert!(status == Some(2) && error.contains("control characters"), "{error}");
    let (_, error, status) = export(here, &["--format", "static", "--ca-bundle", "key.pem"]);
    assert!(status == Some(2) && error.contains("cannot read key.pem"), "{error}");
    fs::write(here.join("key.pem"), "-----BEGIN PRIVATE KEY-----\nsecret\n").unwrap();
    let (_, error, status) = export(here, &["--format", "static", "--ca-bundle", "key.pem"]);
    assert!(
        status == Some(2) && error.contains("holds a private key") && !error.contains("secret"),
        "{error}"
    );
    let (_, error, status) = export(here, &["--format", "map", "--url", "https://a:1"]);
    assert!(status == Some(2) && error.contains("--url goes with --format static only"), "{error}");
}

#[test]
fn what_a_day_brings_is_exported_from_that_day_on() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("jobguard.yaml"), POLICY).unwrap();
    let on = |day: &str| export(folder.path(), &["--format", "vap", "--now", day]).0;
    let (before, after) = (on("2027-02-28"), on("2027-03-01"));
    assert!(before.contains("# From 2027-03-01 on"), "{before}");
    assert!(!after.contains("# From 2027-03-01 on"), "{after}");
    assert!(
        before.matches("request.operation == 'UPDATE' && (").count()
            > after.matches("request.operation == 'UPDATE' && (").count()
    );
}

#[test]
fn what_kubectl_cannot_record_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let exceptions: String = (0..500)
        .map(|number| format!("  - {{rules: [\"*\"], match: {{names: [\"n{number}*\"]}}, reason: r}}\n"))
        .collect();
    fs::write(folder.path().join("jobguard.yaml"), format!("{POLICY}  exceptions:\n{exceptions}")).unwrap();
    let (text, error, _) = export(folder.path(), &[]);
    assert!(text.starts_with("# Too large for kubectl's record"), "{error}");
    assert!(text.contains("kubectl apply --server-side"));
}
