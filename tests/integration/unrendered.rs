//! Charts and kustomizations of the kinds that people report, one a folder of `tests/unrendered/`: linted without a false
//! error, and left as they are by every fix, so that what is rendered from them stays the same.
//!
//! `said.txt` is what people read about the folder (`JOBGUARD_BLESS=1 cargo test --test integration unrendered::`
//! writes it), `render.txt` has the commands that render it: a line each, run in the folder where helm (`HELM`, or on the
//! PATH) or kubectl (in `KUBEBUILDER_ASSETS`, or on the PATH) is there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is not part of a chart or a kustomization.
const OWN: [&str; 2] = ["said.txt", "render.txt"];

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/unrendered");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 12);
    cases
}

/// All files below a folder, by their names in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

/// A copy of a case, in a repository of its own.
fn copy(case: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir(copy.path().join(".git")).unwrap();
    for (name, content) in files(case).into_iter().filter(|(name, _)| !OWN.contains(&name.as_str())) {
        let path = copy.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    copy
}

/// Runs `jobguard lint` in a folder: standard output, standard error, exit status.
fn lint(folder: &Path, arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = assert_cmd::Command::cargo_bin("jobguard")
        .unwrap()
        .current_dir(folder)
        .env_remove("JOBGUARD_POLICY")
        .env("NO_COLOR", "1")
        .env("COLUMNS", "120")
        .args(["lint", "--now", "2026-01-01T00:00:00Z"])
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

/// With a default that every patch without a restartPolicy would be given.
fn policy() -> String {
    format!("{}/tests/fixes/policy/never.yaml", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn no_error_is_said_of_what_is_no_manifest() {
    for case in cases() {
        let folder = copy(&case);
        let (said, err, status) = lint(folder.path(), &[]);
        assert_eq!((err.as_str(), status), ("", Some(0)), "{}: {said}", case.display());
        let expected = case.join("said.txt");
        if std::env::var_os("JOBGUARD_BLESS").is_some() {
            fs::write(&expected, &said).unwrap();
        }
        let expected = fs::read_to_string(expected).unwrap_or_default();
        assert_eq!(said, expected, "{}", case.display());
        assert!(said.contains("manifest/not-judged"), "{}: {said}", case.display());
    }
}

/// As a hook of git and an editor do: each file by its name, and all of them.
#[test]
fn files_that_are_named_are_no_other() {
    for case in cases() {
        let folder = copy(&case);
        let names: Vec<String> =
            files(folder.path()).into_keys().filter(|name| !name.contains(".git/")).collect();
        let named: Vec<&str> = names.iter().map(String::as_str).filter(|name| has_manifests(name)).collect();
        let (said, _, status) = lint(folder.path(), &named);
        assert_eq!(status, Some(0), "{}: {said}", case.display());
        if case.file_name().is_some_and(|name| name == "patches-by-name") {
            continue;
        }
        for name in named {
            let (said, _, status) = lint(folder.path(), &["--fix", "--policy", &policy(), name]);
            assert_eq!(status, Some(0), "{} {name}: {said}", case.display());
        }
        assert_eq!(files(folder.path()), files(copy(&case).path()), "{}", case.display());
    }
}

fn has_manifests(name: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending))
}

#[test]
fn no_fix_changes_what_is_rendered() {
    for case in cases() {
        let folder = copy(&case);
        let before = (files(folder.path()), rendered(&case, folder.path()));
        let never = policy();
        for (fix, policy) in
            [("--fix", never.as_str()), ("--unsafe-fixes", &never), ("--unsafe-fixes", "strict")]
        {
            let arguments = [fix, "--policy", policy];
            let (said, ..) = lint(folder.path(), &arguments);
            let after = (files(folder.path()), rendered(&case, folder.path()));
            assert_eq!(before, after, "{} {arguments:?}: {said}", case.display());
        }
    }
}

/// What each command of a case prints; none where its program is not there.
fn rendered(case: &Path, folder: &Path) -> Vec<Option<String>> {
    let commands = fs::read_to_string(case.join("render.txt")).unwrap_or_default();
    commands
        .lines()
        .map(|command| {
            let (program, arguments) = command.split_once(' ').unwrap();
            let Some(path) = program_at(program) else {
                eprintln!("skipped: {command}: there is no {program}");
                return None;
            };
            let output = Command::new(path)
                .args(arguments.split(' '))
                .current_dir(folder)
                .env("HELM_NO_PLUGINS", "1")
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {command}: {said}", case.display());
            Some(String::from_utf8(output.stdout).unwrap())
        })
        .collect()
}

fn program_at(name: &str) -> Option<PathBuf> {
    let named = match name {
        "helm" => std::env::var_os("HELM").map(PathBuf::from),
        _ => std::env::var_os("KUBEBUILDER_ASSETS").map(|folder| PathBuf::from(folder).join(name)),
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(name));
    named.into_iter().chain(on_path).find(|path| path.is_file())
}

/// The counterpart: the same files where nothing makes them a chart or a kustomization are manifests, and are judged.
#[test]
fn without_what_makes_them_so_they_are_judged() {
    for (case, gone, judged) in [
        ("chart-many-values", "chart/Chart.yaml", "chart/production.yml"),
        ("kustomize-config-maps", "kustomization.yaml", "data/job.yaml"),
    ] {
        let folder = copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/unrendered").join(case));
        fs::remove_file(folder.path().join(gone)).unwrap();
        let (said, _, status) = lint(folder.path(), &[]);
        assert_eq!(status, Some(1), "{case}");
        assert!(said.contains(judged), "{case}: {said}");
    }
    // Nor is a namesake in another namespace what an incomplete object is a patch of.
    let folder = copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/unrendered/patches-by-name"));
    let base = folder.path().join("base/cronjob.yaml");
    let text = fs::read_to_string(&base).unwrap();
    fs::write(&base, text.replace("  name: report\n", "  name: report\n  namespace: etl\n")).unwrap();
    let (said, _, status) = lint(folder.path(), &[]);
    assert_eq!(status, Some(1));
    assert!(
        said.contains("clusters/us/report.yaml") && !said.contains("error[api/containers]: clusters/eu"),
        "{said}"
    );
}

/// A document that does not say its API version is not fixed unasked.
#[test]
fn no_safe_fix_without_an_api_version() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.yaml");
    let text = "kind: CronJob\nmetadata: {name: a}\nspec:\n  schedule: '0 3 * * *'\n  restartPolicy: Never\n  jobTemplate:\n    \
                spec:\n      backoffLimit: \"3\"\n      template:\n        spec:\n          containers: [{name: a, image: b}]\n";
    for text in [
        text,
        &text
            .replace("\"3\"", "3")
            .replace("'0 3 * * *'", "*/5 * * * *")
            .replace("  restartPolicy: Never\n", ""),
    ] {
        fs::write(&file, text).unwrap();
        lint(folder.path(), &["--fix", "--policy", &policy()]);
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
        // With one, they are.
        let with = format!("apiVersion: batch/v1\n{text}");
        fs::write(&file, &with).unwrap();
        lint(folder.path(), &["--fix", "--policy", &policy()]);
        assert_ne!(fs::read_to_string(&file).unwrap(), with);
    }
}

/// Beside a namesake in its own folder, with which it is applied, a Job that only lacks a restartPolicy is a manifest
/// with a fault.
#[test]
fn a_policy_that_is_forgotten_is_no_patch_of_a_neighbour() {
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      containers: [{name: a, image: b}]\n";
    for (other, is_fixed) in [("base/b.yaml", true), ("patches/b.yaml", false)] {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("base/a.yaml", &format!("{job}      restartPolicy: OnFailure\n"));
        write(other, job);
        let (said, ..) = lint(folder.path(), &["--policy", &policy()]);
        assert_eq!(said.contains("error[api/restart-policy]"), is_fixed, "{other}: {said}");
        assert_eq!(said.contains("info[manifest/not-judged]"), !is_fixed, "{other}: {said}");
        lint(folder.path(), &["--fix", "--policy", &policy()]);
        let after = fs::read_to_string(folder.path().join(other)).unwrap();
        assert_eq!(after.contains("restartPolicy: Never"), is_fixed, "{other}");
    }
}

const BAD: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {}\n";

fn folder_with(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    for name in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, BAD.replace("name: a", &format!("name: {}", name.replace(['/', '.'], "-")))).unwrap();
    }
    folder
}

#[test]
fn paths_are_left_out_by_globs() {
    let folder = folder_with(&["a/b.yaml", "vendor/c.yaml", "d.gen.yaml"]);
    let with = |arguments: &[&str]| lint(folder.path(), arguments);
    assert_eq!(with(&[]).2, Some(1));
    let (out, err, status) = with(&["--exclude", "vendor/", "--exclude", "*.gen.yaml", "--exclude", "/a"]);
    assert_eq!(status, Some(0), "{out}");
    assert_eq!(err, "3 paths left out by --exclude: a, d.gen.yaml, vendor\n");
    // Files that are named, too; and a folder, from within another.
    let (_, err, status) = with(&["--exclude", "vendor/", "vendor/c.yaml"]);
    assert_eq!((err.as_str(), status), ("1 path left out by --exclude: vendor/c.yaml\n", Some(0)));
    assert_eq!(with(&["--exclude", "vendor/", "vendor"]).2, Some(0));
    assert_eq!(with(&["--exclude", "vendor/", "a/b.yaml"]).2, Some(1));
    assert_eq!(with(&["--exclude", "*", "--exclude", "!/a", "--exclude", "!b.yaml"]).2, Some(1));
    // What is left out is left as it is.
    with(&["--unsafe-fixes", "--exclude", "vendor/"]);
    assert!(fs::read_to_string(folder.path().join("vendor/c.yaml")).unwrap().ends_with("spec: {}\n"));
    let (_, err, status) = with(&["--exclude", "{a"]);
    assert_eq!(status, Some(2));
    assert!(err.contains("--exclude \"{a\""), "{err}");
}

#[test]
fn a_policy_leaves_out_paths_below_its_own_folder() {
    let folder = folder_with(&["a/b.yaml", "vendor/c.yaml", "sub/vendor/c.yaml"]);
    let policy = |exclude: &str| {
        let text = format!(
            "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {{name: p}}\nspec:\n  exclude: {exclude}\n"
        );
        fs::write(folder.path().join("jobguard.yaml"), text).unwrap();
    };
    policy("[/vendor/, a]");
    let (out, err, status) = lint(folder.path(), &[]);
    assert!(status == Some(1) && out.contains("sub/vendor/c.yaml") && !out.contains("a/b.yaml"), "{out}");
    assert!(
        err.contains("2 paths left out by exclude of ") && err.contains("jobguard.yaml: a, vendor\n"),
        "{err}"
    );
    // From a folder below, the globs are relative to the policy still.
    assert_eq!(lint(&folder.path().join("vendor"), &[]).2, Some(0));
    assert_eq!(lint(&folder.path().join("vendor"), &["c.yaml"]).2, Some(0));
    assert_eq!(lint(&folder.path().join("sub"), &[]).2, Some(1));
    policy("[vendor, a, '']");
    let (_, err, status) = lint(folder.path(), &[]);
    assert!(status == Some(2) && err.contains("spec.exclude[2]"), "{err}");
}

/// A patch whose kustomization nobody sees: no fix gives it what its base has.
#[test]
fn an_object_that_lacks_more_than_a_policy_is_given_nothing() {
    let patch = "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: any\nspec:\n  jobTemplate:\n    spec:\n      \
                 template:\n        spec:\n          containers:\n          - name: main\n            \
                 image: busybox:1.36\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("patch.yaml");
    fs::write(&path, patch).unwrap();
    lint(folder.path(), &["--fix"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), patch);
    fs::write(&path, patch.replace("  jobTemplate", "  schedule: \"0 1 * * *\"\n  jobTemplate")).unwrap();
    lint(folder.path(), &["--fix"]);
    assert!(fs::read_to_string(&path).unwrap().contains("restartPolicy: "));
}

#[cfg(unix)]
#[test]
fn what_is_left_out_is_left_out_behind_a_link_too() {
    let folder = folder_with(&["deploy/a.yaml", "b.yaml"]);
    std::os::unix::fs::symlink("deploy/a.yaml", folder.path().join("link.yaml")).unwrap();
    let before = files(folder.path());
    for named in ["link.yaml", "."] {
        let (_, err, _) =
            lint(folder.path(), &["--unsafe-fixes", "--exclude", "/deploy", "--exclude", "/b.yaml", named]);
        assert!(err.contains("link.yaml"), "{err}");
        assert_eq!(files(folder.path()), before, "{named}");
    }
}
