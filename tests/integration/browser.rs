//! The pages of `jobguard preview` and `jobguard lint` in a real browser, where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt as _;

/// What opens pages: node with playwright-core, which drives a Chromium.
struct Browser {
    node: PathBuf,
    modules: PathBuf,
    chromium: PathBuf,
}

impl Browser {
    /// The browser that is there; or prints what is missing.
    ///
    /// # Panics
    /// If `JOBGUARD_BROWSER_MODULES` names a folder without playwright-core: what is named is what the test should not pass
    /// without.
    fn find() -> Option<Self> {
        let skipped = |why: &str| {
            let _ = writeln!(std::io::stderr(), "skipped: there is no {why}; `.ci/run test` installs it");
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        let on_path = |names: &[&str]| {
            let folders = std::env::split_paths(&path);
            let mut files = folders.flat_map(|folder| names.iter().map(move |name| folder.join(name)));
            files.find(|file| file.is_file())
        };
        let Some(modules) = std::env::var_os("JOBGUARD_BROWSER_MODULES").filter(|name| !name.is_empty())
        else {
            skipped("playwright-core (JOBGUARD_BROWSER_MODULES names no folder node_modules)");
            return None;
        };
        let modules = PathBuf::from(modules);
        assert!(modules.join("playwright-core").is_dir(), "no playwright-core in {}", modules.display());
        let Some(node) = on_path(&["node"]) else {
            skipped("node");
            return None;
        };
        let Some(chromium) = on_path(&["chromium", "chromium-browser", "google-chrome"]) else {
            skipped("Chromium");
            return None;
        };
        Some(Self { node, modules, chromium })
    }
}

/// The page that a command makes of some manifests.
fn page(command: &str, arguments: &[&str], manifests: &str) -> Vec<u8> {
    let mut program = Command::cargo_bin("jobguard").unwrap();
    program
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([command, "-", "--format", "html"])
        .args(arguments)
        .env_remove("JOBGUARD_POLICY");
    let output = assert_cmd::Command::from_std(program).write_stdin(manifests).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The page of a preview.
fn preview(manifests: &str) -> Vec<u8> {
    page("preview", &["--from", "2027-03-24T11:00:00Z", "--zone", "Europe/Berlin"], manifests)
}

/// The page of findings.
fn findings(arguments: &[&str]) -> Vec<u8> {
    let mut program = Command::cargo_bin("jobguard").unwrap();
    program
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["lint", "--format", "html", "--policy", "strict", "--now", "2026-01-01T00:00:00Z"])
        .args(arguments)
        .env_remove("JOBGUARD_POLICY");
    program.output().unwrap().stdout
}

/// A CronJob. All texts are quoted as JSON, which is YAML too.
fn cron_job([namespace, name, schedule]: [&str; 3], [zone, label]: [&str; 2]) -> String {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    format!(
        r#"---
apiVersion: batch/v1
kind: CronJob
metadata:
  namespace: {}
  name: {}
  labels: {{ team: {}, "app.kubernetes.io/name": {} }}
  annotations: {{ jobguard.dev/expected-runtime: 10m }}
spec:
  schedule: {}
  timeZone: {}
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      backoffLimit: 3
      activeDeadlineSeconds: 3600
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: main
              image: registry.example/main:1.0
              resources: {{ requests: {{ cpu: 250m, memory: 256Mi }} }}
"#,
        quoted(namespace),
        quoted(name),
        quoted(label),
        quoted(name),
        quoted(schedule),
        quoted(zone)
    )
}

/// CronJobs of a few teams.
fn fleet() -> String {
    const SCHEDULES: [&str; 6] =
        ["0 2 * * *", "*/15 * * * *", "0 0 * * *", "30 4 * * 1-5", "0 * * * *", "17 3 1 * *"];
    const ZONES: [&str; 3] = ["Europe/Berlin", "America/New_York", "Etc/UTC"];
    const TEAMS: [&str; 4] = ["payments", "search", "web", "ops"];
    let mut all = String::from(
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: { name: team, namespace: search }\nspec: { hard: { pods: '2' } }\n",
    );
    for number in 0..24 {
        let name = format!("{}-{number}", ["backup", "report", "cleanup", "sync"][number % 4]);
        let team = TEAMS[number / 2 % 4];
        // Writing into a String does not fail.
        let _ = write!(
            all,
            "{}",
            cron_job(
                [team, &name, SCHEDULES[number % 6]],
                [ZONES[number % 3], ["gold", "silver"][number % 2]]
            )
        );
    }
    all
}

/// Names that are markup, code or invisible.
fn hostile() -> String {
    let names = [
        "</script><img src=x onerror=alert(1)>",
        "<!--<script>alert(1)</script>",
        "\"onmouseover=alert(1) x=\"&amp;'",
        "a\u{202e}b\u{200b}c\u{2066}d",
        "${alert(1)}{{alert(1)}}]]>",
        &"long-".repeat(50),
    ];
    names.iter().map(|name| cron_job([name, name, "0 2 * * *"], ["Asia/Kathmandu", name])).collect()
}

/// Opens pages in a browser, and does with them what a script says, in so many tests.
fn open(script: &str, pages: &[(&str, Vec<u8>)], tests: usize) {
    let Some(Browser { node, modules, chromium }) = Browser::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    // Pictures stay where somebody wants to look at them.
    let named = std::env::var_os("JOBGUARD_BROWSER_SHOTS").filter(|name| !name.is_empty());
    let into: &Path = named.as_ref().map_or(folder.path(), Path::new);
    for (name, page) in pages {
        std::fs::write(into.join(name).with_extension("html"), page).unwrap();
    }
    let output = Command::new(node)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(script))
        .arg(into)
        .env("JOBGUARD_BROWSER_MODULES", modules)
        .env("JOBGUARD_CHROMIUM", chromium)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert_eq!(out.lines().filter(|line| line.starts_with("ok: ")).count(), tests, "{out}");
}

#[test]
fn previews_do_what_people_do_with_them() {
    let single = cron_job(["payments", "backup", "0 2 * * *"], ["Europe/Berlin", "gold"]);
    let pages = [("fleet", fleet()), ("hostile", hostile()), ("single", single)];
    open("preview.mjs", &pages.map(|(name, manifests)| (name, preview(&manifests))), 13);
}

#[test]
fn findings_do_what_people_do_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let hostile = write("<img src=x onerror=alert(1)>.yaml", &hostile());
    let many: String = (0..1_600)
        .map(|number| cron_job(["team", &format!("job-{number}"), "0 2 30 2 *"], ["", "gold"]))
        .collect();
    let many = write("many.yaml", &many);
    let pages = [
        ("findings", findings(&["tests/manifests", "examples"])),
        ("findings-hostile", findings(&[&hostile])),
        ("many", findings(&[&many])),
    ];
    open("report.mjs", &pages, 12);
}
