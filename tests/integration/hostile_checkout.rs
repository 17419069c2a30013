//! A checkout whose author means harm, and a CI job that lints it: nothing outside of it is read, shown, waited for or
//! written, and nothing in it is taken for a command. What somebody names is read all the same.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use jobguard::report::FORMATS;

const SECRET: &str = "AWS_SECRET_ACCESS_KEY: wJalrXUtnFEMI: [\n";
/// What lies outside of every checkout and may hold secrets.
const ENVIRONMENT: &str = if cfg!(target_os = "linux") { "/proc/self/environ" } else { "/etc/hosts" };
const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      \
                   restartPolicy: Always\n      containers: [{name: a, image: b}]\n";

/// A folder with a checkout, and a secret and a Job beside it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(place.at("repo/.git")).unwrap();
        fs::create_dir_all(place.at("repo/jobs")).unwrap();
        fs::write(place.at("secret"), SECRET).unwrap();
        fs::write(place.at("outside.yaml"), JOB).unwrap();
        fs::write(place.at("repo/.git/config"), SECRET).unwrap();
        place
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) -> &Self {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), text).unwrap();
        self
    }

    fn link(&self, target: impl AsRef<Path>, path: &str) -> &Self {
        symlink(target, self.at(path)).unwrap();
        self
    }

    fn pipe(&self, path: &str) -> &Self {
        assert!(Command::new("mkfifo").arg(self.at(path)).status().unwrap().success());
        self
    }

    /// Runs jobguard in the checkout; one that waits for ever fails.
    fn run(&self, arguments: &[&str]) -> Told {
        let mut command = assert_cmd::Command::cargo_bin("jobguard").unwrap();
        command.current_dir(self.at("repo")).env_remove("JOBGUARD_POLICY").env("CI", "1").args(arguments);
        Told::of(&command.timeout(Duration::from_secs(60)).output().unwrap())
    }
}

struct Told {
    out: String,
    err: String,
    code: Option<i32>,
}

impl Told {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { out: text(&output.stdout), err: text(&output.stderr), code: output.status.code() }
    }

    fn shows(&self, text: &str) -> bool {
        self.out.contains(text) || self.err.contains(text)
    }

    fn no_secret(&self) {
        for piece in ["AWS_SECRET", "wJalr", "PATH="] {
            assert!(!self.shows(piece), "{}{}", self.out, self.err);
        }
        assert!(self.code.is_some(), "killed, since it did not end");
    }
}

#[test]
fn links_lead_nowhere_but_to_what_is_linted() {
    let place = Place::new();
    place
        .write("repo/jobs/real.txt", JOB)
        .link("real.txt", "repo/jobs/inside.yaml")
        .link(place.at("repo/jobs/real.txt"), "repo/jobs/inside-absolute.yaml")
        .link("../../secret", "repo/jobs/out.yaml")
        .link(ENVIRONMENT, "repo/jobs/environ.yaml")
        .link("../.git/config", "repo/jobs/token.yaml")
        .link("..", "repo/jobs/up")
        .link("up/../../secret", "repo/jobs/in-the-middle.yaml")
        .link("../..", "repo/jobs/folder")
        .link("../..", "repo/jobs/folder.yaml")
        .link("round.yaml", "repo/jobs/round.json")
        .link("/dev/zero", "repo/jobs/zero.yaml")
        .pipe("repo/jobs/pipe.yaml");
    for format in FORMATS.map(|format| format.name) {
        let told = place.run(&["lint", "-f", format]);
        told.no_secret();
        assert!(told.out.contains("jobs/inside.yaml"), "{}", told.out);
        assert!(told.out.contains("jobs/inside-absolute.yaml"), "{}", told.out);
        assert!(!told.shows("outside.yaml"), "{}", told.out);
        assert!(!told.out.contains("zero.yaml") && !told.out.contains("pipe.yaml"), "{}", told.out);
    }
    let told = place.run(&["lint"]);
    assert!(
        told.err.contains("5 files left out (a link that leads out of the folder): jobs/environ.yaml"),
        "{}",
        told.err
    );
    assert!(
        told.err.contains("1 file left out (a pipe, a device or a socket): jobs/pipe.yaml"),
        "{}",
        told.err
    );
    // The stored side of a comparison is walked in the same way.
    place.write("new.yaml", JOB);
    place.run(&["lint", "../new.yaml", "--against", "jobs"]).no_secret();
    // A folder that is named through a link is the folder behind it, and only that.
    place.link("repo/jobs", "named");
    let told = place.run(&["lint", "../named"]);
    told.no_secret();
    assert!(told.out.contains("named/inside.yaml"), "{}", told.out);
}

#[test]
fn fixes_stay_inside() {
    let place = Place::new();
    place
        .write("repo/real.txt", JOB)
        .link("../real.txt", "repo/jobs/inside.yaml")
        .link("../../outside.yaml", "repo/jobs/outside.yaml")
        .link("../..", "repo/jobs/up");
    let told = place.run(&["lint", "--unsafe-fixes"]);
    assert!(told.err.contains("fixed 1 finding in 1 file"), "{}", told.err);
    assert_eq!(fs::read_to_string(place.at("outside.yaml")).unwrap(), JOB);
    assert!(fs::read_to_string(place.at("repo/real.txt")).unwrap().contains("restartPolicy: Never"));
    assert!(fs::symlink_metadata(place.at("repo/jobs/inside.yaml")).unwrap().is_symlink());
    // What somebody names is written wherever it is.
    let told = place.run(&["lint", "--unsafe-fixes", "jobs/outside.yaml"]);
    assert!(told.err.contains("fixed 1 finding in 1 file"), "{}", told.err);
    assert!(fs::read_to_string(place.at("outside.yaml")).unwrap().contains("restartPolicy: Never"));
    assert!(fs::symlink_metadata(place.at("repo/jobs/outside.yaml")).unwrap().is_symlink());
}

#[test]
fn what_is_named_is_read_whatever_it_is() {
    let place = Place::new();
    place.link("../../outside.yaml", "repo/jobs/link.yaml").pipe("repo/pipe");
    let told = place.run(&["lint", "jobs/link.yaml"]);
    assert!(told.code == Some(1) && told.out.contains("jobs/link.yaml:7"), "{}", told.out);
    let program = assert_cmd::cargo::cargo_bin("jobguard");
    let shell = |script: &str| {
        let mut command = assert_cmd::Command::new("bash");
        command.args(["-c", script]).current_dir(place.at("repo")).env("JOBGUARD", &program);
        Told::of(&command.timeout(Duration::from_secs(60)).output().unwrap())
    };
    for script in [
        r#""$JOBGUARD" lint /dev/stdin <../outside.yaml"#,
        r#"cat ../outside.yaml | "$JOBGUARD" lint /dev/stdin"#,
        r#""$JOBGUARD" lint <(cat ../outside.yaml)"#,
        r#"cat ../outside.yaml >pipe & "$JOBGUARD" lint pipe"#,
        r#""$JOBGUARD" lint --policy <("$JOBGUARD" policy show strict) ../outside.yaml"#,
    ] {
        let told = shell(script);
        assert_eq!(told.code, Some(1), "{script}: {}", told.err);
        assert!(told.out.contains("error[api/restart-policy]"), "{script}: {}{}", told.out, told.err);
    }
    // Named or not, there is an end to it.
    let told = place.run(&["lint", "/dev/zero"]);
    assert!(told.code == Some(2) && told.err.contains("larger than 64 MiB"), "{}", told.err);
    let told = place.run(&["lint", "--policy", "/dev/zero", "jobs"]);
    assert!(told.code == Some(2) && told.err.contains("larger than 1048576 bytes"), "{}", told.err);
}

#[test]
fn what_dot_ignore_hides_is_told_once() {
    let place = Place::new();
    place.write("repo/jobs/a.yaml", JOB).write("repo/jobs/b.yaml", JOB).write("repo/vendor/c.yaml", JOB);
    place.write("repo/.gitignore", "vendor/\n").write("repo/jobs/.ignore", "*\n");
    for arguments in [&["lint"][..], &["lint", "-q"], &["lint", "jobs", "."], &["lint", "-f", "json"]] {
        let told = place.run(arguments);
        assert_eq!(told.err, "2 files left out by .ignore; --no-ignore to lint them\n", "{arguments:?}");
        assert_eq!(told.code, Some(0), "{arguments:?}");
    }
    // An .ignore above the folder that is linted counts as well.
    fs::rename(place.at("repo/jobs/.ignore"), place.at("repo/.ignore")).unwrap();
    assert!(place.run(&["lint", "jobs"]).err.starts_with("2 files left out by .ignore"));
    let told = place.run(&["lint", "--no-ignore"]);
    assert_eq!((told.err.as_str(), told.code), ("", Some(1)));
    assert!(told.out.contains("vendor/c.yaml") && told.out.contains("jobs/a.yaml"), "{}", told.out);
    // What git ignores is not told: there is a lot of that in any checkout.
    fs::remove_file(place.at("repo/.ignore")).unwrap();
    let told = place.run(&["lint"]);
    assert_eq!((told.err.as_str(), told.code), ("", Some(1)));
    assert!(!told.out.contains("vendor"), "{}", told.out);
}

#[test]
fn lists_of_files_to_ignore_are_no_traps() {
    let place = Place::new();
    place.write("repo/jobs/a.yaml", JOB).write("repo/other/b.yaml", JOB);
    place.link("/dev/zero", "repo/jobs/.gitignore").pipe("repo/other/.ignore");
    let told = place.run(&["lint"]);
    told.no_secret();
    assert!(told.out.contains("jobs/a.yaml") && told.out.contains("other/b.yaml"), "{}", told.out);
    assert!(told.err.contains("2 files not heeded"), "{}", told.err);
    place.link("/dev/zero", "repo/.ignore");
    let told = place.run(&["lint", "jobs"]);
    assert!(told.code == Some(1) && told.out.contains("jobs/a.yaml"), "{}{}", told.out, told.err);
}

fn policy(extends: &str) -> String {
    format!(
        "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {{name: x}}\nspec: {{extends: {extends:?}}}\n"
    )
}

#[test]
fn policies_that_are_come_across_stay_in_the_repository() {
    let place = Place::new();
    place.write("repo/jobs/a.yaml", JOB).write("org.yaml", &policy("strict"));
    place.write("repo/ci/base.yaml", &policy("strict")).link("ci/base.yaml", "repo/base-link.yaml");
    place.pipe("repo/pipe").link("../secret", "repo/linked").write("repo/notes", SECRET);
    let secret = place.at("secret").display().to_string();
    for (extends, why) in [
        ("../org.yaml", "lies outside of"),
        (secret.as_str(), "lies outside of"),
        ("linked", "lies outside of"),
        (ENVIRONMENT, "lies outside of"),
        (".git/config", "lies in .git"),
        ("pipe", "not a regular file"),
        ("/dev/zero", "lies outside of"),
        ("notes", "it is not a policy"),
        ("jobs", "not a regular file"),
    ] {
        place.write("repo/jobguard.yaml", &policy(extends));
        for arguments in
            [&["lint"][..], &["lint", "--policy", "jobguard.yaml"], &["policy", "check", "jobguard.yaml"]]
        {
            let told = place.run(arguments);
            told.no_secret();
            assert!(told.code == Some(2) && told.err.contains(why), "{extends}: {}", told.err);
        }
    }
    for extends in ["ci/base.yaml", "./base-link.yaml"] {
        place.write("repo/jobguard.yaml", &policy(extends));
        let told = place.run(&["lint"]);
        assert!(told.code == Some(1) && told.err.is_empty(), "{extends}: {}", told.err);
    }
    // The policy file itself.
    for (target, why) in [
        ("../secret", "lies outside of"),
        ("../org.yaml", "lies outside of"),
        ("/dev/zero", "lies outside of"),
        ("notes", "not a policy"),
    ] {
        fs::remove_file(place.at("repo/jobguard.yaml")).unwrap();
        place.link(target, "repo/jobguard.yaml");
        let told = place.run(&["lint"]);
        told.no_secret();
        assert!(told.code == Some(2) && told.err.contains(why), "{target}: {}", told.err);
    }
    fs::remove_file(place.at("repo/jobguard.yaml")).unwrap();
    place.pipe("repo/jobguard.yaml");
    let told = place.run(&["lint"]);
    assert!(told.code == Some(2) && told.err.contains("not a regular file"), "{}", told.err);
    fs::remove_file(place.at("repo/jobguard.yaml")).unwrap();
    // Above the repository nothing is looked for; what somebody names may be there, and be a link.
    place.write("jobguard.yaml", "no policy at all");
    assert_eq!(place.run(&["lint"]).err, "");
    place.link("../org.yaml", "repo/org-link.yaml");
    for named in ["../org.yaml", "org-link.yaml"] {
        let told = place.run(&["lint", "jobs", "--policy", named]);
        assert!(told.code == Some(1) && told.err.is_empty(), "{named}: {}", told.err);
    }
    let told = place.run(&["lint", "--policy", "notes"]);
    told.no_secret();
    assert_eq!(told.code, Some(2));
}

#[test]
fn without_a_repository_a_policy_extends_what_lies_beside_it() {
    let place = Place::new();
    fs::remove_dir_all(place.at("repo/.git")).unwrap();
    place.write("repo/jobs/a.yaml", JOB).write("org.yaml", &policy("strict"));
    place.write("repo/jobguard.yaml", &policy("../org.yaml"));
    let told = place.run(&["lint"]);
    assert!(told.code == Some(2) && told.err.contains("lies outside of"), "{}", told.err);
    // Whoever names the policy says that its files are theirs.
    assert_eq!(place.run(&["lint", "--policy", "jobguard.yaml"]).err, "");
    place.write("repo/base.yaml", &policy("strict")).write("repo/jobguard.yaml", &policy("base.yaml"));
    assert_eq!(place.run(&["lint"]).err, "");
}

#[test]
fn reports_are_not_written_through_a_link_of_the_checkout() {
    let place = Place::new();
    place.write("repo/jobs/a.yaml", JOB).write("repo/real.json", "").write("profile", "mine\n");
    place
        .link("../profile", "repo/out.json")
        .link("../not-there", "repo/new.json")
        .link("..", "repo/up")
        .link(".git/config", "repo/git.json")
        .link("real.json", "repo/in.json");
    for name in ["out.json", "new.json", "up/profile", "git.json", "./jobs/../out.json"] {
        let told = place.run(&["lint", "-o", &format!("json:{name}")]);
        assert!(told.code == Some(2) && told.err.contains("it lies "), "{name}: {}", told.err);
    }
    assert_eq!(fs::read_to_string(place.at("profile")).unwrap(), "mine\n");
    assert_eq!(fs::read_to_string(place.at("repo/.git/config")).unwrap(), SECRET);
    assert!(!place.at("not-there").exists());
    let told = place.run(&[
        "lint",
        "jobs",
        "-o",
        "json:in.json",
        "-o",
        "text:../outside.txt",
        "-o",
        "sarif:/dev/null",
    ]);
    assert_eq!((told.code, told.err.as_str()), (Some(1), ""));
    assert!(fs::read_to_string(place.at("repo/real.json")).unwrap().contains("api/restart-policy"));
    assert!(place.at("outside.txt").exists());
}

#[test]
fn nothing_is_a_command_in_a_ci_log() {
    let place = Place::new();
    let commands = [
        "::error::pwned",
        "##[add-path]x",
        "##vso[task.setvariable variable=a]b",
        "##teamcity[buildProblem]",
    ];
    for (position, command) in commands.iter().enumerate() {
        let text = JOB.replace("Always", &format!("\"{command}\""));
        let text =
            text.replace("{name: a}", &format!("\n  name: \"{command}\"\n  {command:?}: 1 # {command}"));
        place.write(&format!("repo/{command}{position}.yaml"), &text);
        place.write(&format!("repo/jobs/\n{command}\u{202e}.yaml"), &format!("{command}\n{text}: [\n"));
    }
    let policies = |name: &str| {
        let told = place.run(&["policy", "check", name]);
        assert_eq!(told.code, Some(2));
        told
    };
    place.write("repo/::error::x.yml", "apiVersion: jobguard.dev/v1alpha1\n\"##vso[x]\": 1\n");
    let mut all: Vec<(String, Told)> = FORMATS
        .iter()
        .map(|format| format.name)
        .map(|format| {
            (
                format.to_owned(),
                place.run(&["lint", "-f", format, "--statistics", "-v", "##[gone].yaml", "."]),
            )
        })
        .collect();
    // A line of a diff's context is one behind a blank.
    let around = JOB.replace("spec:\n  template", "spec:\n  # ##[error]x ##vso[y] ##teamcity[z]\n  template");
    let text = format!("{around}---\nx: \"\n::error::pwned\n\"\n");
    place.write("repo/##[fix].yaml", &text);
    let told = place.run(&["lint", "##[fix].yaml", "--unsafe-fixes", "--diff"]);
    assert!(told.out.contains("+      restartPolicy: Never"), "{}{}", told.out, told.err);
    all.push(("diff".to_owned(), told));
    all.push(("policy".to_owned(), policies("::error::x.yml")));
    all.push(("no policy".to_owned(), policies("::error::y.yml")));
    for (name, told) in all {
        let written = format!("{}\n{}", told.out, told.err);
        for line in written.lines() {
            for command in ["##[", "##vso[", "##teamcity["] {
                assert!(!line.contains(command), "{name}: {line}");
            }
            let ours = ["::error file=", "::warning file=", "::notice file="];
            let is_ours = name == "github" && ours.iter().any(|ours| line.starts_with(ours));
            assert!(is_ours || !line.trim_start().starts_with("::"), "{name}: {line}");
        }
    }
    // What programs read is exact.
    let json: serde_json::Value = serde_json::from_str(&place.run(&["lint", "-f", "json"]).out).unwrap();
    let files: Vec<&str> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["file"].as_str().unwrap())
        .collect();
    assert!(files.contains(&"##[add-path]x1.yaml"), "{files:?}");
}
