//! `jobguard lint --fix` on real files.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::process::Output;

use assert_cmd::Command;

const MISSING: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      \
                       containers: [{name: a, image: b}]\n";
const MENDED: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      \
                      containers: [{name: a, image: b}]\n      restartPolicy: Never\n";

fn jobguard(folder: &std::path::Path, arguments: &[&str], input: &str) -> (String, String, Option<i32>) {
    let Output { stdout, stderr, status } = Command::cargo_bin("jobguard")
        .unwrap()
        .current_dir(folder)
        .env("JOBGUARD_POLICY", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixes/policy/never.yaml"))
        .env("NO_COLOR", "1")
        .arg("lint")
        .args(arguments)
        .write_stdin(input)
        .output()
        .unwrap();
    (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap(), status.code())
}

#[test]
fn files_are_replaced_and_keep_their_permissions() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("job.yaml");
    fs::write(&file, MISSING).unwrap();
    fs::write(folder.path().join("other.yaml"), "a: 1\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("job.yaml", folder.path().join("link")).unwrap();
    }
    // One file by two names is fixed once; what is left is that its object is there twice.
    let (_, err, status) = jobguard(folder.path(), &["--fix", "link", "."], "");
    assert_eq!((err.as_str(), status), ("fixed 2 findings in 2 files\n", Some(1)));
    assert_eq!(fs::read_to_string(&file).unwrap(), MENDED);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(folder.path().join("link")).unwrap().is_symlink());
    }
    // Nothing is left beside them.
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["job.yaml", "link", "other.yaml"]);
    let (_, err, status) = jobguard(folder.path(), &["--fix"], "");
    assert_eq!((err.as_str(), status), ("nothing to fix\n", Some(0)));
}

#[test]
fn a_diff_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("job.yaml");
    fs::write(&file, MISSING).unwrap();
    let (out, err, status) = jobguard(folder.path(), &["--diff"], "");
    assert_eq!(
        out,
        "--- a/job.yaml\n+++ b/job.yaml\n@@ -5,3 +5,4 @@\n   template:\n     spec:\n       \
         containers: [{name: a, image: b}]\n+      restartPolicy: Never\n"
    );
    assert_eq!(err, "would fix 1 finding in 1 file; 0 findings would be left\n");
    assert_eq!(status, Some(1));
    assert_eq!(fs::read_to_string(&file).unwrap(), MISSING);
    fs::write(&file, MENDED).unwrap();
    let (out, err, status) = jobguard(folder.path(), &["--diff"], "");
    assert_eq!((out.as_str(), err.as_str(), status), ("", "nothing to fix\n", Some(0)));
    let (.., status) = jobguard(folder.path(), &["--diff", "--format", "json"], "");
    assert_eq!(status, Some(2));
}

#[test]
fn standard_input_comes_out_mended() {
    let folder = tempfile::tempdir().unwrap();
    let (out, err, status) = jobguard(folder.path(), &["--fix", "-"], MISSING);
    assert_eq!(out, MENDED);
    assert_eq!(err, "Checked 1 object in 1 file: no findings\nfixed 1 finding in 1 file\n");
    assert_eq!(status, Some(0));
    // What cannot be fixed comes out as it is.
    let broken = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a\u{1b}[2J\n";
    let (out, err, status) = jobguard(folder.path(), &["--unsafe-fixes", "-"], broken);
    assert_eq!((out.as_str(), status), (broken, Some(1)));
    assert!(err.contains("api/syntax") && err.ends_with("nothing could be fixed automatically\n"), "{err}");
    let (out, ..) = jobguard(folder.path(), &["--diff", "-"], MISSING);
    assert!(out.starts_with("--- a/<stdin>\n+++ b/<stdin>\n"), "{out}");
}

#[test]
fn safeties_and_what_the_report_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("job.yaml");
    fs::write(&file, MISSING).unwrap();
    let (out, ..) = jobguard(folder.path(), &["--policy", "baseline", "--format", "json"], "");
    assert!(out.contains("\"fix\": \"unsafe\""), "{out}");
    let (out, err, status) = jobguard(folder.path(), &["--policy", "baseline", "--fix"], "");
    assert!(out.contains("[fixable with --unsafe-fixes]"), "{out}");
    assert!(out.ends_with("Checked 1 object in 1 file: 1 error; 1 fixable with --unsafe-fixes\n"), "{out}");
    assert_eq!((err.as_str(), status), ("nothing could be fixed automatically\n", Some(1)));
    let (.., status) = jobguard(folder.path(), &["--policy", "baseline", "--unsafe-fixes"], "");
    assert_eq!(status, Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), MENDED);
}

#[test]
#[cfg(unix)]
fn a_read_only_file_stays() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("job.yaml");
    fs::write(&file, MISSING).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    let (_, err, status) = jobguard(folder.path(), &["--fix"], "");
    assert_eq!(status, Some(2));
    assert!(
        err.contains("nothing to fix\n") && err.contains("error: job.yaml: the fixes could not be written"),
        "{err}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), MISSING);
}

#[test]
fn what_is_not_utf_8_stays() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("job.yaml");
    let mut bytes = MISSING.as_bytes().to_vec();
    bytes.extend(b"# \xff\n");
    fs::write(&file, &bytes).unwrap();
    let (_, err, status) = jobguard(folder.path(), &["--fix"], "");
    let reason = "job.yaml: cannot fix this file: what is not UTF-8 cannot be written back as it was\n";
    assert_eq!((err, status), (format!("{reason}nothing could be fixed automatically\n"), Some(1)));
    assert_eq!(fs::read(&file).unwrap(), bytes);
}

/// What cannot be read may hide errors. Where they are more than the fix corrects, it is not made unasked, and that is said.
#[test]
fn no_fix_is_made_that_leaves_more_errors() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cron.yaml");
    let text = |containers: &str| {
        format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: a}}\nspec:\n  schedule: */5 * * * *\n  jobTemplate:\n    \
             spec:\n      template:\n        spec:\n          restartPolicy: Never\n          containers: {containers}\n"
        )
    };
    let quoted = |text: &str| text.replace("*/5 * * * *", "\"*/5 * * * *\"");
    let two = text("[{name: a}, {name: b}]");
    fs::write(&file, &two).unwrap();
    let (out, err, status) = jobguard(folder.path(), &["--fix"], "");
    assert_eq!((fs::read_to_string(&file).unwrap(), status), (two.clone(), Some(1)));
    assert!(out.ends_with("; 1 fixable with --unsafe-fixes\n"), "{out}");
    assert!(err.starts_with("cron.yaml: some fixes were not applied, since more errors"), "{err}");
    jobguard(folder.path(), &["--unsafe-fixes"], "");
    assert_eq!(fs::read_to_string(&file).unwrap(), quoted(&two));
    // As many as before: one that was corrected, and one that comes to light.
    let one = text("[{name: a}]");
    fs::write(&file, &one).unwrap();
    let (_, err, _) = jobguard(folder.path(), &["--fix"], "");
    assert_eq!(
        (fs::read_to_string(&file).unwrap(), err.as_str()),
        (quoted(&one), "fixed 1 finding in 1 file\n")
    );
}
