//! What an audit leaves in a real cluster: as the chart runs it, with the rights that the chart gives it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::control_plane::{ControlPlane, free_port};
use super::helm::{CHART, Helm};
use super::replica::{NAME, Replica};

/// A CronJob that never runs, and one that somebody wants as it is.
const OBJECTS: &str = r#"
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: shop}
spec:
  schedule: "0 0 31 2 *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: main, image: "registry.example.com/report:1"}]
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: accepted
  namespace: shop
  annotations: {jobguard.dev/ignore: "cron/every-minute-of-hour (it polls)"}
spec:
  schedule: "* 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: main, image: "registry.example.com/report:1"}]
"#;

/// The CRDs of both APIs: those in the folder that JOBGUARD_REPORT_CRDS names, or ours, which know what we write and no more.
fn crds() -> String {
    if let Some(folder) = std::env::var_os("JOBGUARD_REPORT_CRDS") {
        let files =
            fs::read_dir(folder).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
        return files.collect::<Vec<_>>().join("\n---\n");
    }
    let one = |group: &str, version: &str, kind: &str, plural: &str, has_source: bool| {
        let text = || json!({"type": "string"});
        let number = || json!({"type": "integer"});
        let object = |properties: Value| json!({"type": "object", "properties": properties});
        let mut results = object(json!({
            "policy": text(), "rule": text(), "category": text(), "message": text(), "scored": {"type": "boolean"},
            "result": {"type": "string", "enum": ["pass", "fail", "warn", "error", "skip"]},
            "severity": {"type": "string", "enum": ["critical", "high", "low", "medium", "info"]},
            "properties": {"type": "object", "additionalProperties": text()},
            "source": text(),
            "timestamp": object(json!({"seconds": {"type": "integer", "format": "int64"}, "nanos": number()})),
        }));
        results["required"] = json!(["policy"]);
        let reference =
            json!({"apiVersion": text(), "kind": text(), "name": text(), "namespace": text(), "uid": text()});
        let summary = json!({"pass": number(), "fail": number(), "warn": number(), "error": number(), "skip": number()});
        let mut schema = object(json!({
            "scope": object(reference), "summary": object(summary), "results": {"type": "array", "items": results},
        }));
        if has_source {
            schema["properties"]["source"] = text();
        }
        json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.{group}")},
            "spec": {
                "group": group,
                "scope": "Namespaced",
                "names": {"kind": kind, "plural": plural},
                "versions": [{
                    "name": version, "served": true, "storage": true, "schema": {"openAPIV3Schema": schema},
                }],
            },
        })
        .to_string()
    };
    [
        one("openreports.io", "v1alpha1", "Report", "reports", true),
        one("wgpolicyk8s.io", "v1alpha2", "PolicyReport", "policyreports", false),
    ]
    .join("\n---\n")
}

/// What the CronJob of the release runs, with the rights of its account.
struct Audit {
    arguments: Vec<String>,
    kubeconfig: PathBuf,
}

impl Audit {
    fn of_release(plane: &ControlPlane) -> Self {
        let said = plane.kubectl(&["get", "cronjob", "rel-jobguard-audit", "-n", "guard", "-o", "json"], "");
        let cron_job: Value = serde_json::from_str(&said.stdout).unwrap();
        let pod = &cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
        let arguments = pod["containers"][0]["args"].as_array().unwrap();
        Self {
            arguments: arguments.iter().map(|argument| argument.as_str().unwrap().to_owned()).collect(),
            kubeconfig: plane.kubeconfig_of("guard", pod["serviceAccountName"].as_str().unwrap()),
        }
    }

    fn run(&self, more: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_jobguard"))
            .args(self.arguments.iter().filter(|argument| *argument != "--quiet"))
            .args(more)
            .env("KUBECONFIG", &self.kubeconfig)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        (output.status.code().unwrap(), said.concat())
    }
}

/// The reports there are, by their names.
fn reports(plane: &ControlPlane, resource: &str) -> BTreeMap<String, Value> {
    let said = plane.kubectl(&["get", resource, "-A", "-o", "json"], "");
    assert!(said.ok, "{}", said.stderr);
    let list: Value = serde_json::from_str(&said.stdout).unwrap();
    let items = list["items"].as_array().unwrap().iter();
    items.map(|one| (one["scope"]["name"].as_str().unwrap().to_owned(), one.clone())).collect()
}

#[test]
fn an_audit_by_schedule_leaves_reports_and_metrics() {
    let (Some(mut plane), Some(helm)) = (ControlPlane::start(), Helm::find()) else { return };
    let apply = |plane: &ControlPlane, text: &str| {
        let applied = plane.kubectl(&["apply", "-f", "-"], text);
        assert!(applied.ok, "{}", applied.stderr);
    };
    apply(&plane, &crds());
    assert!(plane.kubectl(&["create", "namespace", "shop"], "").ok);
    apply(&plane, OBJECTS);
    plane.until("the reports are served", || {
        ["reports", "policyreports"].iter().all(|resource| plane.kubectl(&["get", resource, "-A"], "").ok)
    });
    let kubeconfig = plane.kubeconfig();
    // No object is the webhooks' affair: nobody could reach them.
    let values = format!(
        "bindAddress=127.0.0.1,ports.webhook={},ports.metrics={},mutating.namespaceSelector.matchLabels.no=where,validating.namespaceSelector.matchLabels.no=where,\
         audit.enabled=true,audit.report=auto",
        free_port(),
        free_port()
    );
    let install = |verb: &str, more: &str| {
        let values = format!("{values}{more}");
        let output = helm.run(&[
            verb,
            "rel",
            CHART,
            "--kubeconfig",
            kubeconfig.to_str().unwrap(),
            "--namespace",
            "guard",
            "--create-namespace",
            "--set",
            &values,
        ]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    install("install", "");
    let replica = Replica::start(&plane);
    let shows = |line: &str| replica.get("/metrics").is_some_and(|text| text.contains(line));
    assert!(shows("jobguard_audit_timestamp_seconds 0.0\n"));

    // The first one, with the rights that it has and no others.
    let audit = Audit::of_release(&plane);
    let (code, said) = audit.run(&[]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("reports (openreports.io/v1alpha1 Report): ") && said.contains("cron/never-fires"),
        "{said}"
    );
    let first = reports(&plane, "reports");
    let report = &first["nightly"];
    assert_eq!(report["metadata"]["ownerReferences"][0]["kind"], "CronJob");
    let found =
        report["results"].as_array().unwrap().iter().find(|one| one["rule"] == "cron/never-fires").unwrap();
    assert_eq!(
        (&found["properties"]["path"], &found["policy"]),
        (&json!("spec.schedule"), &json!("recommended"))
    );
    let skipped = first["accepted"]["results"].as_array().unwrap();
    let skipped = skipped.iter().find(|one| one["rule"] == "cron/every-minute-of-hour").unwrap();
    assert_eq!(skipped["result"], "skip");
    let accepted = &first["accepted"]["summary"];
    assert!(accepted["skip"].as_u64().unwrap() >= 1, "{accepted}");

    // The replica shows it, with its own rights.
    plane.until("the summary is shown", || {
        shows("jobguard_audit_findings{rule=\"cron/never-fires\",level=\"")
            && shows("jobguard_audit_errors 0\n")
            && !shows("jobguard_audit_timestamp_seconds 0.0\n")
    });

    // Nothing has changed: the second one writes its summary alone.
    let (code, said) = audit.run(&["--report-passed"]);
    assert_eq!(code, 0, "{said}");
    let again = reports(&plane, "reports");
    for (name, report) in &first {
        assert_eq!(&again[name], report, "{name}");
    }
    let (code, said) = audit.run(&[]);
    assert_eq!((code, reports(&plane, "reports")), (0, first.clone()), "{said}");

    // What is bad is shown no longer than it is there.
    let bad = r#"{"data": {"summary.json": "{\"schemaVersion\": 1, \"time\": \"soon\"}"}}"#;
    let patched = plane.kubectl(&["patch", "configmap", "rel-jobguard-audit", "-n", "guard", "-p", bad], "");
    assert!(patched.ok, "{}", patched.stderr);
    plane.until("the log says so", || replica.log().contains("the audit's summary is not shown"));
    assert!(shows("jobguard_audit_findings{rule=\"cron/never-fires\",level=\""));

    // An upgrade leaves the summary alone.
    let (code, _) = audit.run(&[]);
    assert_eq!(code, 0);
    install("upgrade", ",audit.suspend=true");
    let kept = plane.kubectl(&["get", "configmap", "rel-jobguard-audit", "-n", "guard", "-o", "json"], "");
    assert!(kept.stdout.contains("cron/never-fires"), "{}", kept.stdout);

    // The other API, which the account may use as well.
    let (code, said) = audit.run(&["--report-api=policyreport"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("cannot be used multiple times"), "{said}");
    let other = Audit {
        arguments: audit
            .arguments
            .iter()
            .map(|one| one.replace("--report-api=auto", "--report-api=policyreport"))
            .collect(),
        kubeconfig: audit.kubeconfig.clone(),
    };
    for _ in 0..2 {
        let (code, said) = other.run(&[]);
        assert_eq!(code, 0, "{said}");
    }
    let policy_reports = reports(&plane, "policyreports");
    assert_eq!(policy_reports["nightly"]["results"][0]["source"], "jobguard");
    assert_eq!(policy_reports["nightly"]["metadata"]["generation"], 1);

    // What is put right has no report any more; what is deleted takes its report along.
    let mended = OBJECTS.replace("0 0 31 2 *", "0 0 30 4 *");
    let strict = plane.kubectl(&["apply", "-f", "-"], &mended);
    assert!(strict.ok, "{}", strict.stderr);
    let (code, said) = audit.run(&[]);
    assert_eq!(code, 0, "{said}");
    let now = reports(&plane, "reports");
    let rules =
        |report: Option<&Value>| report.map(|report| report["results"].to_string()).unwrap_or_default();
    assert!(!rules(now.get("nightly")).contains("cron/never-fires"), "{now:?}");
    if plane.run_controllers("garbage-collector-controller") {
        assert!(plane.kubectl(&["delete", "cronjob", "nightly", "-n", "shop"], "").ok);
        plane.until("the reports go with the CronJob", || {
            !reports(&plane, "reports").contains_key("nightly")
                && !reports(&plane, "policyreports").contains_key("nightly")
        });
    }

    // Without a right, the audit says so, and so do the metrics.
    let role = r#"[{"op": "replace", "path": "/rules", "value": [
        {"apiGroups": ["batch"], "resources": ["cronjobs", "jobs"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list"]}]}]"#;
    assert!(plane.kubectl(&["patch", "clusterrole", "rel-jobguard-audit", "--type=json", "-p", role], "").ok);
    plane.until("the right is gone", || audit.run(&[]).0 == 2);
    let (_, said) = audit.run(&[]);
    assert!(said.contains("missing right: list reports.openreports.io in all namespaces"), "{said}");
    plane.until("the metrics say so", || shows("jobguard_audit_errors 1\n"));
    let account = format!("--as=system:serviceaccount:guard:{NAME}");
    for (right, granted) in [
        (["get", "configmaps/rel-jobguard-audit"], false),
        (["watch", "configmaps/rel-jobguard-audit"], true),
        (["watch", "configmaps/other"], false),
        (["patch", "configmaps/rel-jobguard-audit"], false),
    ] {
        let asked = ["auth", "can-i", "-n", "guard", &account, right[0], right[1]];
        assert_eq!(plane.kubectl(&asked, "").stdout.trim() == "yes", granted, "{right:?}");
    }
}

#[test]
fn without_an_api_for_reports_an_audit_says_how_to_go_on() {
    let Some(plane) = ControlPlane::start() else { return };
    let audit = Audit {
        arguments: ["audit", "--policy=recommended", "--report"].map(str::to_owned).to_vec(),
        kubeconfig: plane.kubeconfig(),
    };
    let (code, said) = audit.run(&[]);
    assert_eq!(code, 2, "{said}");
    let words = "install the CRD (https://openreports.io), or leave out --report";
    assert!(said.contains(words), "{said}");
    // With a summary, that has it.
    let (code, said) = audit.run(&["--summary-config-map=default/summary"]);
    assert!(code == 2 && said.contains(words), "{said}");
    let there = plane.kubectl(&["get", "configmap", "summary", "-o", "jsonpath={.data.summary\\.json}"], "");
    let summary: Value = serde_json::from_str(&there.stdout).unwrap();
    assert_eq!(summary["errors"], 1);
    assert!(summary["errorMessages"][0].as_str().unwrap().contains(words), "{summary}");
}
