//! An audit of a real API server: by rights that are its own, page by page.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::control_plane::ControlPlane;

struct Said {
    status: i32,
    out: String,
    err: String,
}

fn jobguard(kubeconfig: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jobguard"));
    let output = command.args(arguments).env("KUBECONFIG", kubeconfig).env("CI", "1").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn report(kubeconfig: &Path, arguments: &[&str]) -> Value {
    let said = jobguard(
        kubeconfig,
        &[&["audit", "--policy", "recommended", "--format", "json"], arguments].concat(),
    );
    serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err))
}

fn cron_job(namespace: &str, name: &str, schedule: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name, "namespace": namespace},
        "spec": {"schedule": schedule, "timeZone": "Etc/UTC", "jobTemplate": {"spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "main", "image": "example.com/a:1"}],
        }}}}},
    })
}

fn list(items: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

/// How many objects are listed at a time.
const PAGE: usize = 500;

#[test]
fn a_cluster_is_audited() {
    let Some(plane) = ControlPlane::start() else { return };
    let admin = plane.kubeconfig();
    let mut items = vec![namespace("shop"), namespace("quiet")];
    items.push(cron_job("shop", "nightly", "0 0 31 2 *"));
    items.extend((0..3 * PAGE / 2).map(|number| {
        cron_job("quiet", &format!("c-{number:04}"), &format!("{} {} * * *", number % 60, number / 60 % 24))
    }));
    let applied = plane.kubectl(&["create", "-f", "-"], &list(&items));
    assert!(applied.ok, "{}", applied.stderr);
    let run = plane.kubectl(&["create", "job", "by-hand", "-n", "shop", "--from=cronjob/nightly"], "");
    assert!(run.ok, "{}", run.stderr);

    // All of it, in pages, and nothing that the server has set is blamed.
    let all = report(&admin, &[]);
    let objects = 1 + 3 * PAGE / 2;
    assert_eq!((&all["objects"], &all["cluster"]["owned"]), (&json!(objects), &json!(1)));
    assert_eq!(all["notCovered"], json!([]));
    let findings = all["findings"].as_array().unwrap();
    assert!(
        findings.iter().all(|finding| !finding["rule"].as_str().unwrap().starts_with("api/")),
        "{findings:?}"
    );
    assert!(
        findings
            .iter()
            .any(|finding| finding["rule"] == "cron/never-fires" && finding["object"]["name"] == "nightly")
    );
    let calls = usize::try_from(all["cluster"]["calls"].as_u64().unwrap()).unwrap();
    assert!(calls <= objects.div_ceil(PAGE) + 20, "{calls}");
    let version = plane.kubectl(&["get", "--raw=/version"], "").stdout;
    assert_eq!(
        serde_json::from_str::<Value>(&version).unwrap()["gitVersion"],
        all["cluster"]["serverVersion"]
    );

    // What it says is what lint says of what kubectl gets.
    let got = plane.kubectl(&["get", "cronjobs", "-n", "shop", "-o", "json"], "").stdout;
    let file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    std::fs::write(file.path(), got).unwrap();
    let linted =
        jobguard(&admin, &["lint", "--policy", "recommended", "-f", "json", file.path().to_str().unwrap()]);
    let linted: Value = serde_json::from_str(&linted.out).unwrap();
    let said = |report: &Value| -> Vec<(Value, Value, Value)> {
        let of = |one: &Value| (one["rule"].clone(), one["path"].clone(), one["message"].clone());
        report["findings"].as_array().unwrap().iter().map(of).collect()
    };
    assert_eq!(said(&linted), said(&report(&admin, &["-n", "shop"])));

    // By the rights that it prints, in one namespace and no other.
    let roles = jobguard(&admin, &["audit", "--print-rbac", "-n", "shop"]);
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "auditor", "namespace": "shop"}});
    let subject = json!([{"kind": "ServiceAccount", "name": "auditor", "namespace": "shop"}]);
    let binding = |kind: &str, role: &str, name: &str| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": "auditor", "namespace": "shop"},
            "subjects": subject,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": name},
        })
    };
    for text in [
        roles.out,
        list(&[
            account,
            binding("RoleBinding", "Role", "jobguard-audit"),
            binding("ClusterRoleBinding", "ClusterRole", "jobguard-audit-shop"),
        ]),
    ] {
        let applied = plane.kubectl(&["apply", "-f", "-"], &text);
        assert!(applied.ok, "{}", applied.stderr);
    }
    let auditor = plane.kubeconfig_of("shop", "auditor");
    let mut own = report(&auditor, &["-n", "shop"]);
    // A right that has just been given is not known everywhere at once.
    plane.until("the rights hold", || {
        own = report(&auditor, &["-n", "shop"]);
        own["objects"] == json!(1) && own["errors"] == json!([])
    });
    assert_eq!(
        own["notCovered"],
        json!(["what rules say of other objects: missing right: list secrets in namespace shop"])
    );
    let elsewhere = jobguard(&auditor, &["audit", "-n", "quiet"]);
    assert_eq!(elsewhere.status, 2);
    assert!(
        elsewhere.err.contains("missing right: list cronjobs.batch in namespace quiet"),
        "{}",
        elsewhere.err
    );
    let everything = jobguard(&auditor, &["audit", "-A"]);
    assert_eq!(everything.status, 2, "{}", everything.out);
}

/// What a custom resource holds is judged where its definition is there.
#[test]
fn custom_resources_are_audited_where_they_are_served() {
    let Some(plane) = ControlPlane::start() else { return };
    let admin = plane.kubeconfig();
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {
            "name": "jobsets.jobset.x-k8s.io",
            "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/jobset"},
        },
        "spec": {
            "group": "jobset.x-k8s.io", "scope": "Namespaced",
            "names": {"kind": "JobSet", "plural": "jobsets", "singular": "jobset", "listKind": "JobSetList"},
            "versions": [{"name": "v1alpha2", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
            }}}],
        },
    });
    assert_eq!(report(&admin, &[])["objects"], 0);
    let applied = plane.kubectl(&["create", "-f", "-"], &definition.to_string());
    assert!(applied.ok, "{}", applied.stderr);
    let pod = json!({"restartPolicy": "Never", "containers": [{"name": "a", "image": "example.com/a:1"}]});
    let template = json!({"spec": {"parallelism": 5, "completions": 1, "template": {"spec": pod}}});
    let set = json!({
        "apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": {"name": "train", "namespace": "default"},
        "spec": {"replicatedJobs": [{"name": "w", "replicas": 1, "template": template}]},
    });
    plane.until("the definition is served", || plane.kubectl(&["apply", "-f", "-"], &set.to_string()).ok);
    let found = report(&admin, &["-n", "default"]);
    assert_eq!(found["objects"], 1, "{found:#}");
    let findings = found["findings"].as_array().unwrap();
    assert!(
        findings
            .iter()
            .any(|one| one["rule"] == "job/work-queue-completions" && one["object"]["kind"] == "JobSet"),
        "{findings:?}"
    );
}

/// What a fleet of CronJobs costs. Prints the numbers; `JOBGUARD_FLEET` is the number of objects, 20000 say. Build the
/// tests with `--release` where they are to mean anything.
#[test]
fn what_a_fleet_costs() {
    let Ok(asked) = std::env::var("JOBGUARD_FLEET") else {
        eprintln!(
            "== JOBGUARD_FLEET is not set: what a fleet of CronJobs costs is not measured, which takes minutes"
        );
        return;
    };
    let Some(plane) = ControlPlane::start() else { return };
    let admin = plane.kubeconfig();
    let objects: usize = asked.parse().unwrap();
    let mut there = 0;
    for part in [objects / 4, objects] {
        for chunk in (there..part).collect::<Vec<_>>().chunks(PAGE) {
            let items: Vec<Value> = chunk
                .iter()
                .map(|number| {
                    cron_job(
                        "default",
                        &format!("c-{number:05}"),
                        &format!("{} {} * * *", number % 60, number / 60 % 24),
                    )
                })
                .collect();
            let applied = plane.kubectl(&["create", "-f", "-"], &list(&items));
            assert!(applied.ok, "{}", applied.stderr);
        }
        there = part;
        let started = std::time::Instant::now();
        let report = report(&admin, &[]);
        let calls = usize::try_from(report["cluster"]["calls"].as_u64().unwrap()).unwrap();
        eprintln!("{part} objects: {:.1?}, {calls} calls", started.elapsed());
        assert_eq!(report["objects"], part);
        // Rules about all objects may look at all of them twice.
        assert!(calls <= 2 * part.div_ceil(PAGE) + 20, "{calls}");
    }
}
