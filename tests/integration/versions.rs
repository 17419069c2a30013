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
    assert_eq!(lint(&[]), ("Checked 1 object in 1 file: no findings\n".to_owned(), String::new(), Some(0)));
    assert_eq!(lint(&["--kubernetes-version", "1.36"]), lint(&[]));
}

#[test]
fn several_versions_are_one_report_that_names_them() {
    let (stdout, stderr, code) = lint(&["--kubernetes-version", "1.29-1.30, 1.33,1.36-1.37"]);
    assert_eq!((stderr.as_str(), code), ("", Some(1)));
    insta::assert_snapshot!("several_versions", stdout);
    // What holds for all of them has no remark, and neither has what one version says.
    for versions in ["1.31", "1.29-1.32", "1.32,1.30", "1.29.1-1.32.13"] {
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
    for versions in [
        "1.28",
        "1.38",
        "1.30-1.38",
        "1.36-1.34",
        "latest",
        "1.31,,1.32",
        "",
        "1.36.1-1.29",
        "1.31.4 1.35",
        "1.031",
    ] {
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
            format!(
                "error: {flag} works for one Kubernetes version at a time: name a single one with --kubernetes-version\n"
            )
        );
    }
    // So none is promised.
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("job.yaml"),
        JOB.replace("restartPolicy: Never\n      host", "restartpolicy: Never\n      host"),
    )
    .unwrap();
    let of = |version| jobguard(folder.path(), &["lint", "job.yaml", "--kubernetes-version", version]).0;
    assert!(of("1.36").contains("fixable with"), "{}", of("1.36"));
    assert!(
        of("1.35-1.36").contains("did you mean restartPolicy?") && !of("1.35-1.36").contains("fixable with")
    );
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
    // As kube-apiserver's flag: given twice, and with the name of its component.
    let (stdout, ..) = lint(
        &[&one[..], &["UserNamespacesSupport=true", "--feature-gates", "kube:ProcMountType=true"]].concat(),
    );
    assert!(!stdout.contains("hostUsers") && !stdout.contains("procMount"), "{stdout}");
    // With several versions, one of them has to take it.
    let several =
        |versions| lint(&["--kubernetes-version", versions, "--feature-gates", "HostnameOverride=true"]);
    assert_eq!(several("1.33,1.34").2, Some(1));
    assert_eq!(several("1.32,1.33").2, Some(2));
    // What somebody has switched off is not to be had by a newer version.
    let (stdout, ..) =
        lint(&["--feature-gates", "ContainerRestartRules=false,InPlacePodVerticalScaling=true"]);
    assert!(stdout.contains(": no findings"), "{stdout}");
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
    assert_eq!(
        jobguard(folder.path(), &["--version", "-v"]),
        jobguard(folder.path(), &["--version", "--verbose"])
    );
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

/// A Pod's spec as a Job, with these lines between its `restartPolicy` and its container.
fn job_of(pod: &str, container: &str) -> String {
    let indented =
        |text: &str, by: &str| text.lines().map(|line| format!("{by}{line}\n")).collect::<String>();
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: a}}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n{}      \
         containers:\n      - name: main\n        image: example.com/a:1.0\n{}",
        indented(pod, "      "),
        indented(container, "        ")
    )
}

/// What there is to say about a text: the rule, message and help of each finding.
fn found(text: &str, arguments: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("job.yaml"), text).unwrap();
    let policy: &[&str] = if arguments.contains(&"--policy") { &[] } else { &["--policy", "baseline"] };
    let all = [&["lint", "job.yaml", "--format", "json"], policy, arguments].concat();
    let (stdout, stderr, _) = jobguard(folder.path(), &all);
    let report: Value = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"));
    let findings = report["findings"].as_array().unwrap();
    let line = |finding: &Value| {
        let of = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let versions = finding["kubernetesVersions"].as_array().map(|all| {
            let all: Vec<&str> = all.iter().map(|one| one.as_str().unwrap()).collect();
            format!(" [{}]", all.join(","))
        });
        format!("{} {} -- {}{}", of("rule"), of("message"), of("help"), versions.unwrap_or_default())
    };
    findings.iter().map(line).collect()
}

#[test]
fn findings_of_several_versions_are_paired_by_what_they_say() {
    let nameservers = "dnsPolicy: None\ndnsConfig: {nameservers: [\"1.2.3.04\", \"1.2.3.04\"]}\ninitContainers:\n- {name: s, image: \"a:1\", \
                       restartPolicy: Always, ports: [{containerPort: 80, name: http}]}";
    let text = job_of(nameservers, "ports: [{containerPort: 80, name: http}]");
    let of = |versions: &str| found(&text, &["--kubernetes-version", versions]);
    let bare = |findings: Vec<String>| -> Vec<String> {
        findings.into_iter().map(|finding| finding.split(" [").next().unwrap().to_owned()).collect()
    };
    let (older, newer) = (of("1.32"), of("1.33"));
    let mut each: Vec<String> = older.iter().chain(&newer).cloned().collect();
    each.sort();
    each.dedup();
    let mut both = bare(of("1.32,1.33"));
    both.sort();
    both.dedup();
    assert_eq!(both, each);
    assert!(newer.len() > older.len() && both.iter().any(|finding| finding.contains("port")), "{both:?}");
}

#[test]
fn advice_is_that_of_each_version() {
    let text = job_of("schedulingG: {podGroupName: g}", "");
    let found = found(&text, &["--kubernetes-version", "1.29,1.36"]);
    insta::assert_snapshot!(found.join("\n"), @r#"
    api/unknown-field PodSpec has no field schedulingG -- did you mean schedulingGates or schedulingGroup? (Kubernetes 1.36); did you mean schedulingGates? (Kubernetes 1.29) [1.29,1.36]
    "#);
}

#[test]
fn a_review_names_the_version_that_it_judges_as() {
    let folder = tempfile::tempdir().unwrap();
    let policy = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: p}\nspec: {extends: baseline, kubernetesVersion: \"1.31,1.34\"}\n";
    fs::write(folder.path().join("policy.yaml"), policy).unwrap();
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a", "namespace": "d"},
        "spec": {"template": {"spec": {
            "restartPolicy": "Never", "hostUsers": false, "containers": [{"name": "main", "image": "a:1"}],
        }}},
    });
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "kind": {"group": "batch", "version": "v1", "kind": "Job"},
        "resource": {"group": "batch", "version": "v1", "resource": "jobs"},
        "name": "a", "namespace": "d", "operation": "CREATE", "userInfo": {"username": "x"}, "object": job,
    }});
    fs::write(folder.path().join("review.json"), review.to_string()).unwrap();
    let (stdout, stderr, _) =
        jobguard(folder.path(), &["review", "--validate", "--policy", "policy.yaml", "review.json"]);
    assert!(
        stdout.contains("hostUsers has no effect: Kubernetes 1.31 silently drops it"),
        "{stdout}{stderr}"
    );
}

#[test]
fn one_cause_is_one_finding_in_every_version() {
    let claim = job_of("resourceClaims:\n- name: c\n  source: {resourceClaimName: x}", "");
    let file = job_of(
        "volumes:\n- {name: v, emptyDir: {}}",
        "env:\n- name: A\n  valueFrom: {fileKeyRef: {volumeName: v, path: a, key: A}}",
    );
    let certificate = job_of(
        "volumes:\n- name: v\n  projected:\n    sources:\n    - podCertificate: {signerName: a.b/c, keyType: ED25519}",
        "",
    );
    let restart = job_of(
        "",
        "restartPolicy: Never\nrestartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [1]}}]",
    );
    let sleep = job_of("", "lifecycle: {preStop: {sleep: {seconds: 5}}}");
    let mut all = Vec::new();
    for (text, versions) in [
        (&claim, &["1.31", "1.34"][..]),
        (&file, &["1.29", "1.34"]),
        (&certificate, &["1.36"]),
        (&restart, &["1.34"]),
        (&sleep, &["1.29"]),
    ] {
        for version in versions {
            let found = found(text, &["--kubernetes-version", version]);
            assert_eq!(found.len(), 1, "{version}: {found:#?}");
            all.push(format!("{version}: {}", found[0]));
        }
    }
    insta::assert_snapshot!(all.join("\n"), @r#"
    1.31: api/field-dropped resourceClaims has no effect: Kubernetes 1.31 silently drops it, because the feature gate DynamicResourceAllocation is off; the Pod's containers get no device -- remove it, or use Kubernetes 1.34 or later, where DynamicResourceAllocation is on by default
    1.34: api/unknown-field PodResourceClaim has no field source after Kubernetes 1.30 -- move resourceClaimName up, in place of source
    1.29: api/unknown-field EnvVarSource has no field fileKeyRef before Kubernetes 1.34 -- remove it, or use Kubernetes 1.35 or later
    1.34: api/field-dropped fileKeyRef has no effect: Kubernetes 1.34 silently drops it, because the feature gate EnvFiles is off; valueFrom is left empty, which the API server refuses -- remove it, or use Kubernetes 1.35 or later, where EnvFiles is on by default
    1.36: api/field-dropped podCertificate has no effect: Kubernetes 1.36 silently drops it, because the feature gate PodCertificateRequest is off; the projected volume has an empty source in its place, and no file -- remove it, or use Kubernetes 1.37 or later, where PodCertificateRequest is on by default
    1.34: api/field-dropped restartPolicy has no effect: Kubernetes 1.34 silently drops it, because the feature gate ContainerRestartRules is off; the Pod's restartPolicy applies to the container -- remove it, or use Kubernetes 1.35 or later, where ContainerRestartRules is on by default
    1.29: api/field-dropped sleep has no effect: Kubernetes 1.29 silently drops it, because the feature gate PodLifecycleSleepAction is off; the hook is left empty, which the API server refuses -- remove it, or use Kubernetes 1.30 or later, where PodLifecycleSleepAction is on by default
    "#);
}

#[test]
fn what_is_dropped_and_happens_anyway_is_not_reported() {
    for (pod, version) in [
        ("hostUsers: true", "1.32"),
        ("securityContext: {supplementalGroupsPolicy: Merge}", "1.32"),
        ("securityContext: {seLinuxChangePolicy: Recursive}", "1.32"),
        ("resources: {}", "1.33"),
    ] {
        let of = |pod: &str| found(&job_of(pod, ""), &["--kubernetes-version", version]);
        assert_eq!(of(pod), Vec::<String>::new(), "{pod}");
    }
    let managed =
        |by: &str| job_of("", "").replace("  template:\n", &format!("  managedBy: {by}\n  template:\n"));
    let of = |by: &str| found(&managed(by), &["--kubernetes-version", "1.31"]);
    assert!(of("kubernetes.io/job-controller").is_empty());
    assert_eq!(of("example.com/queue").len(), 1);
}

#[test]
fn no_advice_leads_to_a_refusal_or_to_an_endless_job() {
    let always = job_of("", "restartPolicy: Always");
    let dropped = [
        (always.clone(), "1.34"),
        (job_of("", "securityContext: {procMount: Unmasked}"), "1.30"),
        (job_of("securityContext: {seLinuxChangePolicy: MountOption}", ""), "1.32"),
        (job_of("", "").replace("  template:\n", "  managedBy: \"\"\n  template:\n"), "1.31"),
    ];
    let of = |(text, version): &(String, &str)| found(text, &["--kubernetes-version", version]).join("\n");
    let said: Vec<String> = dropped.iter().map(of).collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    api/field-dropped restartPolicy has no effect: Kubernetes 1.34 silently drops it, because the feature gate ContainerRestartRules is off; the Pod's restartPolicy applies to the container -- remove it; if the container is a sidecar, move it to initContainers, where restartPolicy: Always makes it a native one
    job/container-restart-always this does not make a sidecar: from Kubernetes 1.35 on the container is restarted forever, and the Job cannot complete; older versions refuse or drop the field -- remove the line: the Pod's own restartPolicy, Never or OnFailure, is enough
    api/field-dropped procMount has no effect: Kubernetes 1.30 silently drops it, because the feature gate ProcMountType is off; it becomes Default -- remove it
    api/field-dropped seLinuxChangePolicy has no effect: Kubernetes 1.32 silently drops it, because the feature gate SELinuxChangePolicy is off; volumes are relabelled file by file (Recursive) -- remove it, or use Kubernetes 1.37 or later, where SELinuxChangePolicy and SELinuxMount are on by default
    api/field-dropped managedBy has no effect: Kubernetes 1.31 silently drops it, because the feature gate JobManagedBy is off; the built-in Job controller runs the Job, too -- remove it
    "#);
}

#[test]
fn a_suppression_is_used_if_any_version_needs_it() {
    // 1.33 drops what the Pod as a whole asks for.
    let text = job_of("resources: {requests: {cpu: \"1\", memory: 1Gi}}", "")
        .replace("{name: a}", "{name: a, annotations: {jobguard.dev/ignore: pod/resources}}");
    let of = |versions| {
        let found = found(&text, &["--kubernetes-version", versions, "--policy", "strict"]);
        found.iter().filter(|finding| finding.starts_with("suppression/unused")).count()
    };
    assert_eq!([of("1.33"), of("1.34"), of("1.34-1.36"), of("1.33-1.36")], [0, 1, 1, 0]);
}

#[test]
fn a_name_that_is_written_twice_is_refused_once() {
    let ignoring = "api/field-not-in-version, api/field-dropped";
    let text = job_of("hostUsers: false", "")
        .replace("{name: a}", &format!("{{name: a, annotations: {{jobguard.dev/ignore: '{ignoring}'}}}}"));
    let found = found(&text, &["--kubernetes-version", "1.32"]);
    let refused: Vec<&String> =
        found.iter().filter(|finding| finding.starts_with("suppression/not-allowed")).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].contains("api/field-not-in-version cannot be ignored"), "{refused:?}");
}
