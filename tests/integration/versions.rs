//! API servers of other versions and with other feature gates, as people ask for them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::{Value, json};

/// What it prints, what it says on standard error, and its exit status.
type Said = (String, String, Option<i32>);

/// The program in `folder`, with a fixed clock and a plain terminal.
fn jobguard(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::cargo_bin("jobguard").unwrap();
    command.current_dir(folder).env_remove("JOBGUARD_POLICY").env_remove("COLUMNS").env("NO_COLOR", "1");
    let output = command.args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

/// Lints [`JOB`] in a folder of its own by the policy `baseline`, which has only what the API server says of it.
fn lint(arguments: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("job.yaml"), JOB).unwrap();
    let mut all = vec!["lint", "job.yaml", "--now", "2026-01-01T00:00:00Z", "--policy", "baseline"];
    all.extend(arguments);
    jobguard(folder.path(), &all)
}

/// A Job that 1.36 takes as it is. 1.31 drops four of its fields and refuses a name.
const JOB: &str = "apiVersion: batch/v1
kind: Job
metadata:
  name: train
spec:
  template:
    spec:
      restartPolicy: Never
      hostUsers: false
      resourceClaims:
      - name: gpu
        resourceClaimName: shared-gpu
      containers:
      - name: main
        image: example.com/train:1.0
        env:
        - name: \"A B\"
          value: x
        resizePolicy:
        - resourceName: cpu
          restartPolicy: NotRequired
        securityContext:
          procMount: Unmasked
";

#[test]
fn an_older_version_drops_and_refuses_what_the_default_one_takes() {
    let (stdout, stderr, code) = lint(&["--kubernetes-version", "1.31"]);
    assert_eq!((stderr.as_str(), code), ("", Some(1)));
    insta::assert_snapshot!("one_version", stdout);
    assert_eq!(lint(&[]), ("no findings: 1 object in 1 file\n".to_owned(), String::new(), Some(0)));
    assert_eq!(lint(&["--kubernetes-version", "1.36"]), lint(&[]));
}

#[test]
fn several_versions_are_one_report_that_names_them() {
    let (stdout, stderr, code) = lint(&["--kubernetes-version", "1.29-1.30, 1.33,1.36-1.37"]);
    assert_eq!((stderr.as_str(), code), ("", Some(1)));
    insta::assert_snapshot!("several_versions", stdout);
    // What holds for all of them has no remark, and neither has what one version says.
    for versions in ["1.31", "1.29-1.32", "1.32,1.30"] {
        let (stdout, ..) = lint(&["--kubernetes-version", versions]);
        let line = stdout.lines().find(|line| line.contains("hostUsers has no effect")).unwrap();
        assert!(!line.contains("(Kubernetes"), "{line}");
    }
}

#[test]
fn every_format_names_the_versions() {
    let several = |format: &'static str| {
        let (stdout, stderr, code) = lint(&["--kubernetes-version", "1.31-1.34", "--format", format]);
        assert_eq!((stderr.as_str(), code), ("", Some(1)), "{format}");
        stdout
    };
    let found: Value = serde_json::from_str(&several("json")).unwrap();
    let of = |path: &str| {
        let findings = found["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["path"].as_str().unwrap().ends_with(path));
        finding.unwrap()["kubernetesVersions"].clone()
    };
    assert_eq!(of(".hostUsers"), json!(["1.31-1.32"]));
    assert_eq!(of(".resourceClaims"), json!(["1.31-1.33"]));
    assert_eq!(of(".name"), json!(["1.31"]));

    let sarif: Value = serde_json::from_str(&several("sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results[0]["properties"]["kubernetesVersions"], json!(["1.31-1.32"]));
    let text = results[0]["message"]["text"].as_str().unwrap();
    assert!(text.contains("hostUsers") && text.contains("(Kubernetes 1.31-1.32)"), "{text}");
    for format in ["github", "junit"] {
        let text = several(format);
        assert!(text.contains("(Kubernetes 1.31-1.32)") && text.contains("(Kubernetes 1.31)"), "{text}");
    }

    // Of all versions: programs are told, people are not.
    let (stdout, ..) = lint(&["--kubernetes-version", "1.29,1.31", "--format", "json"]);
    assert!(stdout.contains("\"1.29\",\n        \"1.31\""), "{stdout}");
    let (stdout, ..) = lint(&["--kubernetes-version", "1.31", "--format", "json"]);
    assert!(!stdout.contains("kubernetesVersions"), "{stdout}");
}

#[test]
fn versions_that_are_none_are_refused() {
    for versions in ["1.28", "1.38", "1.30-1.38", "1.36-1.34", "latest", "1.31,,1.32", ""] {
        let (stdout, stderr, code) = lint(&["--kubernetes-version", versions]);
        assert_eq!((stdout.as_str(), code), ("", Some(2)), "{versions}");
        let why = "use Kubernetes versions from 1.29 to 1.37: one, such as 1.33, or several, such as 1.31,1.34-1.36";
        assert!(stderr.contains(why), "{versions}: {stderr}");
    }
}

#[test]
fn fixes_are_for_one_version() {
    let versions = ["--kubernetes-version", "1.31-1.32"];
    for flag in ["--fix", "--unsafe-fixes", "--diff"] {
        let (stdout, stderr, code) = lint(&[versions[0], versions[1], flag]);
        assert_eq!((stdout.as_str(), code), ("", Some(2)));
        assert_eq!(
            stderr,
            "error: --fix works for one Kubernetes version at a time: name a single one with --kubernetes-version\n"
        );
    }
    let (_, stderr, code) = lint(&["--kubernetes-version", "1.31", "--fix"]);
    assert_eq!(code, Some(1), "{stderr}");
}

#[test]
fn gates_are_set_as_the_api_server_takes_them() {
    let one = ["--kubernetes-version", "1.31", "--format", "github", "--feature-gates"];
    let with = |gates: &str| lint(&[&one[..], &[gates]].concat());
    let (stdout, ..) = with("UserNamespacesSupport=true,ProcMountType=true");
    assert!(stdout.contains("resizePolicy") && !stdout.contains("hostUsers"), "{stdout}");
    let mut faults = String::new();
    for gates in ["UserNamespaceSupport=true", "Nonsense=true", "JobManagedBy", "JobManagedBy=maybe"] {
        let (stdout, stderr, code) = with(gates);
        assert_eq!((stdout.as_str(), code), ("", Some(2)), "{gates}");
        faults += stderr.lines().next().unwrap();
        faults.push('\n');
    }
    for (version, gates) in [("1.31", "AppArmorFields=false"), ("1.31", "HostnameOverride=true")] {
        let (_, stderr, code) = lint(&["--kubernetes-version", version, "--feature-gates", gates]);
        assert_eq!(code, Some(2), "{gates}");
        faults += &stderr;
    }
    insta::assert_snapshot!("feature_gates", faults);
    // With several versions, one of them has to take it.
    let several =
        |versions| lint(&["--kubernetes-version", versions, "--feature-gates", "HostnameOverride=true"]);
    assert_eq!(several("1.33,1.34").2, Some(1));
    assert_eq!(several("1.32,1.33").2, Some(2));
    // What somebody has switched off is not to be had by a newer version.
    let (stdout, ..) =
        lint(&["--feature-gates", "ContainerRestartRules=false,InPlacePodVerticalScaling=true"]);
    assert!(stdout.starts_with("no findings"), "{stdout}");
    let (stdout, ..) =
        lint(&["--kubernetes-version", "1.33", "--feature-gates", "UserNamespacesSupport=false"]);
    assert!(stdout.contains("help: remove it, or switch UserNamespacesSupport on again"), "{stdout}");
}

#[test]
fn a_policy_names_versions_and_gates() {
    let folder = tempfile::tempdir().unwrap();
    let policy = |spec: &str| {
        let head = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: p}\nspec:\n  extends: baseline\n";
        fs::write(folder.path().join("jobguard.yaml"), format!("{head}{spec}")).unwrap();
    };
    let check = || jobguard(folder.path(), &["policy", "check", "jobguard.yaml"]);
    let lint = |arguments: &[&str]| {
        fs::write(folder.path().join("job.yaml"), JOB).unwrap();
        jobguard(folder.path(), &[&["lint", "job.yaml", "--format", "github"], arguments].concat()).0
    };
    policy("  kubernetesVersion: \"1.31,1.34\"\n  featureGates: {UserNamespacesSupport: true}\n");
    assert_eq!(check().2, Some(0));
    let text = lint(&[]);
    assert!(text.contains("resizePolicy") && text.contains("(Kubernetes 1.31)"), "{text}");
    assert!(!text.contains("hostUsers"), "{text}");
    // An argument takes the place of the versions, and adds to the gates.
    assert_eq!(lint(&["--kubernetes-version", "1.34"]), "");
    assert!(!lint(&["--feature-gates", "InPlacePodVerticalScaling=true"]).contains("resizePolicy"));

    policy(
        "  kubernetesVersion: 1.31\n  featureGates:\n    UserNamespaceSupport: true\n    ProcMountType: \"yes\"\n",
    );
    let (_, faults, code) = check();
    assert_eq!(code, Some(2));
    policy("  kubernetesVersion: \"1.28\"\n");
    let (_, version, code) = check();
    assert_eq!(code, Some(2));
    policy(
        "  kubernetesVersion: \"1.31\"\n  featureGates: {HostnameOverride: true, UserNamespacesSupport: true}\n",
    );
    let (note, _, code) = check();
    assert_eq!(code, Some(0));
    assert!(!lint(&[]).contains("hostUsers"));
    insta::assert_snapshot!("policy", [faults, version, note].concat());
}

/// A field that the default version drops, since no version has its gate on by default.
const DROPPED: &str = "apiVersion: batch/v1
kind: CronJob
metadata:
  name: stop
spec:
  schedule: '5 3 * * *'
  timeZone: Etc/UTC
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          os: {name: linux}
          containers:
          - name: main
            image: example.com/report:1.0
            lifecycle: {stopSignal: SIGUSR1}
";

#[test]
fn a_dropped_field_is_a_warning_unless_the_version_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("stop.yaml"), DROPPED).unwrap();
    let lint = |arguments: &[&str]| {
        jobguard(folder.path(), &[&["lint", "stop.yaml", "--policy", "baseline"], arguments].concat())
    };
    let (stdout, _, code) = lint(&[]);
    assert_eq!(code, Some(0));
    insta::assert_snapshot!("dropped_by_the_default_version", stdout);
    for version in ["1.36", "1.33-1.36"] {
        let (stdout, _, code) = lint(&["--kubernetes-version", version]);
        assert!(code == Some(1) && stdout.starts_with("error[api/field-dropped]"), "{stdout}");
    }
    let (stdout, _, code) = lint(&["--kubernetes-version", "1.32-1.33"]);
    assert_eq!(code, Some(1));
    assert!(
        stdout.contains("Lifecycle has no field stopSignal before Kubernetes 1.33 (Kubernetes 1.32)"),
        "{stdout}"
    );
    assert!(stdout.contains("SIGTERM") && stdout.contains("(Kubernetes 1.33)"), "{stdout}");
    assert_eq!(lint(&["--feature-gates", "ContainerStopSignals=true"]).2, Some(0));
}

#[test]
fn a_field_of_the_job_is_lost_by_the_jobs_of_a_cron_job() {
    let folder = tempfile::tempdir().unwrap();
    let text = DROPPED.replace("      template:\n", "      managedBy: example.com/queue\n      template:\n");
    let text = text.replace("            lifecycle: {stopSignal: SIGUSR1}\n", "");
    fs::write(folder.path().join("managed.yaml"), text).unwrap();
    let arguments = ["lint", "managed.yaml", "--policy", "baseline", "--kubernetes-version", "1.31"];
    let (stdout, ..) = jobguard(folder.path(), &arguments);
    insta::assert_snapshot!("dropped_from_the_jobs", stdout);
}

#[test]
fn the_former_name_of_the_rule_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let (stdout, _, code) = jobguard(folder.path(), &["rules", "api/field-not-in-version"]);
    assert!(code == Some(0) && stdout.starts_with("api/field-dropped: "), "{stdout}");
    // As any rule of the API server it cannot be suppressed, and is called by its name.
    let text = DROPPED.replace(
        "  name: stop\n",
        "  name: stop\n  annotations: {jobguard.dev/ignore: api/field-not-in-version}\n",
    );
    fs::write(folder.path().join("stop.yaml"), text).unwrap();
    let (stdout, ..) = jobguard(folder.path(), &["lint", "stop.yaml", "--format", "github"]);
    assert!(
        stdout.contains("title=api/field-dropped") && !stdout.contains("suppression/unknown-rule"),
        "{stdout}"
    );
    assert!(stdout.contains("title=suppression/not-allowed"), "{stdout}");
}

#[test]
fn the_version_is_one_line_and_more_where_more_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("jobguard {}\n", env!("CARGO_PKG_VERSION"));
    for flag in ["--version", "-V"] {
        assert_eq!(jobguard(folder.path(), &[flag]), (line.clone(), String::new(), Some(0)));
    }
    let (stdout, stderr, code) = jobguard(folder.path(), &["--version", "--verbose"]);
    assert_eq!((stderr.as_str(), code), ("", Some(0)));
    let rest = stdout.strip_prefix(&line).unwrap();
    let known =
        "Kubernetes versions: 1.29-1.37\ncompared with real servers: 1.29-1.36\nwhere none is named: 1.36\n";
    assert!(rest.starts_with(known), "{rest}");
    let zones = format!("time zone data: {}\n", jobguard::cron::zone_data_version());
    let features = if cfg!(feature = "cluster") { "features: serve, cluster\n" } else { "features: " };
    assert!(rest.contains(&zones) && rest.contains(features), "{rest}");
    // Alone it says nothing, and a command is still needed.
    assert_eq!(jobguard(folder.path(), &["--verbose"]).2, Some(2));
    let (_, stderr, code) = jobguard(folder.path(), &["--color", "never"]);
    assert!(code == Some(2) && stderr.contains("requires a subcommand"), "{stderr}");
}
