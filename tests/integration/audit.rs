//! `jobguard audit`, and `jobguard preview --live`, of an API server that a test has made.
#![cfg(feature = "cluster")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, str};

use assert_cmd::Command;
use jobguard::engine::Neighbours;
use jobguard::linter::{Beside, Linter, StoredText};
use jobguard::policy::{Policy, Preset, load};
use jobguard::rules::registry;
use jobguard::sources::Source;
use serde_json::{Value, json};

use crate::outputs::sarif_schema;
use crate::support::fake_cluster::{FakeCluster, Trouble};
use crate::support::recordings::CONFORMANCE;

/// What a command said.
struct Said {
    status: i32,
    out: String,
    err: String,
}

fn run(cluster: &FakeCluster, arguments: &[&str]) -> Said {
    run_in(Path::new(env!("CARGO_MANIFEST_DIR")), cluster, arguments)
}

fn run_in(folder: &Path, cluster: &FakeCluster, arguments: &[&str]) -> Said {
    let mut command = Command::cargo_bin("jobguard").unwrap();
    command.current_dir(folder).env_remove("JOBGUARD_POLICY").env("CI", "1");
    let output = command.env("KUBECONFIG", cluster.kubeconfig()).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn audit(cluster: &FakeCluster, arguments: &[&str]) -> Said {
    run(
        cluster,
        &[&["audit", "--now", "2026-06-01T00:00:00Z", "--policy", "recommended"], arguments].concat(),
    )
}

fn as_json(cluster: &FakeCluster, arguments: &[&str]) -> Value {
    let said = audit(cluster, &[&["--format", "json"], arguments].concat());
    serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err))
}

fn pod() -> Value {
    json!({"restartPolicy": "Never", "containers": [{"name": "main", "image": "example.com/a:1", "resources": {}}]})
}

fn cron_job(namespace: &str, name: &str, schedule: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "schedule": schedule, "timeZone": "Etc/UTC", "concurrencyPolicy": "Allow", "suspend": false,
            "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
            "jobTemplate": {"metadata": {}, "spec": {"template": {"metadata": {}, "spec": pod()}}},
        },
    })
}

/// A Job; with an owner, a CronJob's.
fn job(namespace: &str, name: &str, owner: Option<&str>) -> Value {
    // Of each its own.
    let uid = name.bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let uid = format!("99999999-0000-4000-8000-{:012}", uid % 1_000_000_000_000);
    let labels = json!({"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name,
        "controller-uid": uid, "job-name": name});
    let mut job = json!({
        "metadata": {"name": name, "namespace": namespace, "labels": labels, "uid": uid},
        "spec": {
            "parallelism": 1, "completions": 1, "backoffLimit": 6, "suspend": false, "completionMode": "NonIndexed",
            "podReplacementPolicy": "TerminatingOrFailed", "manualSelector": false,
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}},
            "template": {"metadata": {"labels": labels}, "spec": pod()},
        },
        "status": {},
    });
    if let Some(owner) = owner {
        job["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "batch/v1", "kind": "CronJob", "name": "owner", "uid": owner, "controller": true,
        }]);
    }
    job
}

/// A fleet with a fault, in two namespaces.
fn fleet() -> FakeCluster {
    let cluster = FakeCluster::start();
    cluster.namespace("default", json!({}));
    cluster.namespace("shop", json!({"team": "web"}));
    let mut nightly = cron_job("shop", "nightly", "0 0 31 2 *");
    nightly["metadata"]["uid"] = json!("11111111-0000-4000-8000-000000000000");
    nightly["metadata"]["managedFields"] = json!([{"manager": "kubectl", "time": "never"}]);
    cluster.store("batch/v1", "cronjobs", nightly);
    cluster.store("batch/v1", "cronjobs", cron_job("default", "report", "30 2 * * *"));
    for run in 0..3 {
        let run = job("shop", &format!("nightly-{run}"), Some("11111111-0000-4000-8000-000000000000"));
        cluster.store("batch/v1", "jobs", run);
    }
    let mut queue = job("default", "queue", None);
    queue["spec"]["parallelism"] = json!(5);
    cluster.store("batch/v1", "jobs", queue);
    cluster
}

fn rules_of(report: &Value) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|finding| (word(&finding["rule"]), word(&finding["file"]))).collect()
}

#[test]
fn what_stands_there_is_judged() {
    let cluster = fleet();
    let said = audit(&cluster, &[]);
    assert_eq!(said.status, 1, "{}", said.err);
    assert!(said.out.contains("cluster:dev/shop/CronJob/nightly: spec.schedule\n"), "{}", said.out);
    // What the server has set is not blamed, and the Jobs of a CronJob are its business.
    assert!(!said.out.contains("api/"), "{}", said.out);
    assert!(
        said.out.contains("Checked 3 objects and 3 that they control in cluster dev: 1 error"),
        "{}",
        said.out
    );
    let report = as_json(&cluster, &[]);
    assert_eq!(report["cluster"]["serverVersion"], "v1.36.0");
    assert_eq!((&report["objects"], &report["cluster"]["owned"]), (&json!(3), &json!(3)));
    let error = report["findings"].as_array().unwrap().iter().find(|one| one["level"] == "error").unwrap();
    assert_eq!((&error["rule"], &error["path"]), (&json!("cron/never-fires"), &json!("spec.schedule")));
    assert_eq!((&error["line"], &error["object"]["namespace"]), (&Value::Null, &json!("shop")));
    let all = as_json(&cluster, &["--include-owned"]);
    assert_eq!((&all["objects"], &all["cluster"]["owned"]), (&json!(6), &json!(0)));
    // Nothing but GET is ever sent.
    assert!(cluster.requests().iter().all(|request| request.starts_with("GET ")));
    // The output is the same in every run.
    assert_eq!(audit(&cluster, &["-f", "html"]).out, audit(&cluster, &["-f", "html"]).out);
}

#[test]
fn every_format_holds_it() {
    let cluster = fleet();
    cluster.trouble(Trouble::forbidden("/api/v1/secrets"));
    for format in ["text", "json", "sarif", "github", "junit", "html", "markdown"] {
        let said = audit(&cluster, &["-f", format]);
        assert_eq!(said.status, 1, "{format}: {}", said.err);
        for words in ["never fires", "list secrets in all namespaces"] {
            assert!(said.out.contains(words), "{format} lacks {words:?}:\n{}", said.out);
        }
        // Places in a text that nobody sees.
        assert!(!said.out.contains(":1:") && !said.out.contains("line 1"), "{format}:\n{}", said.out);
    }
    let sarif: Value = serde_json::from_str(&audit(&cluster, &["-f", "sarif"]).out).unwrap();
    let errors: Vec<String> = sarif_schema().iter_errors(&sarif).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    // Each namespace is a suite of its objects, whether or not something was found in them.
    let junit = audit(&cluster, &["-f", "junit"]).out;
    assert!(junit.contains("<testsuite name=\"cluster:dev/shop\" tests=\"1\""), "{junit}");
    assert!(junit.contains("<testcase name=\"CronJob default/report\""), "{junit}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.json");
    let both = audit(&cluster, &["-o", &format!("json:{}", file.display())]);
    assert!(both.out.contains("Checked 3") && fs::read_to_string(&file).unwrap().contains("\"cluster\""));
}

#[test]
fn pages_are_read_one_by_one() {
    let cluster = FakeCluster::start();
    cluster.namespace("a", json!({}));
    for number in 0..1_203 {
        cluster.store("batch/v1", "cronjobs", cron_job("a", &format!("c-{number:04}"), "0 0 31 2 *"));
    }
    let report = as_json(&cluster, &[]);
    assert_eq!(report["objects"], 1_203);
    assert_eq!(report["summary"]["error"], 1_203);
    let pages = |cluster: &FakeCluster| {
        cluster.requests().iter().filter(|one| one.contains("cronjobs?") && one.contains("limit=500")).count()
    };
    assert_eq!(pages(&cluster), 3);
    // Each kind takes a page at least; asking for the version, the groups and what may be listed takes a few.
    let calls = report["cluster"]["calls"].as_u64().unwrap();
    assert!(calls < 3 + 20, "{calls}");
    // An expired list is continued where the server says, and that is said.
    let gone = |token: &str| json!({"kind": "Status", "code": 410, "reason": "Expired", "metadata": {"continue": token}});
    cluster.trouble(Trouble::of("/apis/batch/v1/cronjobs", "continue=500", 1, 410, gone("inconsistent-500")));
    let report = as_json(&cluster, &[]);
    assert_eq!(report["objects"], 1_203);
    assert!(report["notCovered"].to_string().contains("the list expired (410)"), "{}", report["notCovered"]);
    // Where it does not say, the rest is missing, and that is said, too.
    cluster.trouble(Trouble::of("/apis/batch/v1/cronjobs", "continue=500", 1, 410, gone("")));
    let report = as_json(&cluster, &[]);
    assert_eq!(report["objects"], 500);
    assert!(
        report["notCovered"].to_string().contains("the rest of the CronJobs"),
        "{}",
        report["notCovered"]
    );
}

#[test]
fn what_is_too_much_at_once_is_retried() {
    let cluster = fleet();
    let busy = Trouble {
        headers: "Retry-After: 1\r\n",
        ..Trouble::of("/apis/batch/v1/jobs", "limit=500", 2, 429, json!({}))
    };
    cluster.trouble(busy);
    let started = Instant::now();
    assert_eq!(as_json(&cluster, &[])["objects"], 3);
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
    // Not for ever.
    cluster.trouble(Trouble {
        times: None,
        ..Trouble::of("/apis/batch/v1/jobs", "", 1, 503, json!({"message": "no etcd"}))
    });
    let said = audit(&cluster, &[]);
    assert_eq!(said.status, 2);
    assert!(said.err.contains("cannot list jobs.batch") && said.err.contains("503: no etcd"), "{}", said.err);
}

#[test]
fn rights_decide_what_is_read() {
    let cluster = fleet();
    // By default as much as may be: first everything, then namespace by namespace.
    for path in ["/apis/batch/v1/cronjobs", "/apis/batch/v1/jobs", "/apis/batch/v1/namespaces/default/"] {
        cluster.trouble(Trouble::forbidden(path));
    }
    let said = audit(&cluster, &[]);
    assert!(
        said.out.contains("Checked 1 object and 3 that it controls in namespace shop of cluster dev"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("namespace default: no right to list cronjobs.batch or jobs.batch"),
        "{}",
        said.out
    );
    // All or nothing where all is asked for.
    let said = audit(&cluster, &["-A"]);
    assert_eq!(said.status, 2);
    assert!(said.err.contains("missing right: list cronjobs.batch in all namespaces"), "{}", said.err);
    // Without the names of the namespaces there is the context's own.
    cluster.trouble(Trouble::forbidden("/api/v1/namespaces?"));
    let said = audit(&cluster, &["--context", "prod"]);
    assert!(said.out.contains("in namespace shop of cluster prod"), "{}", said.out);
    assert!(said.out.contains("namespaces other than shop"), "{}", said.out);
    let said = audit(&cluster, &[]);
    assert_eq!(said.status, 2);
    assert!(said.err.contains("neither CronJobs nor Jobs"), "{}", said.err);
}

#[test]
fn nothing_else_is_read() {
    let cluster = fleet();
    let report = as_json(&cluster, &["-n", "shop"]);
    assert_eq!((&report["objects"], &report["cluster"]["namespaces"]), (&json!(1), &json!(["shop"])));
    let requests = cluster.requests();
    let elsewhere = requests.iter().filter(|one| !one.contains("/namespaces/shop"));
    let elsewhere: BTreeSet<&str> = elsewhere.map(String::as_str).collect();
    assert_eq!(elsewhere, ["GET /version", "GET /apis"].into());
    // Of Secrets and the like nothing but metadata is asked for.
    for (path, metadata) in
        [("/secrets", true), ("/configmaps", true), ("/services?", false), ("/cronjobs", false)]
    {
        let accepted = cluster.accepted(path);
        assert!(!accepted.is_empty(), "{path}");
        assert!(
            accepted.iter().all(|accepted| accepted.contains("PartialObjectMetadata") == metadata),
            "{path}"
        );
    }
    let said = audit(&cluster, &["-n", "shop", "-n", "nowhere"]);
    assert_eq!(said.status, 2);
    assert!(said.err.contains("there is no namespace nowhere"), "{}", said.err);
    // A selector is of what is judged, not of what stands beside it.
    let mut labelled = cron_job("shop", "labelled", "0 0 31 2 *");
    labelled["metadata"]["labels"] = json!({"app": "x"});
    cluster.store("batch/v1", "cronjobs", labelled);
    let report = as_json(&cluster, &["-l", "app=x"]);
    assert_eq!(report["objects"], 1);
    let selected =
        |path: &str| cluster.requests().iter().any(|one| one.contains(path) && one.contains("labelSelector"));
    assert!(selected("/cronjobs") && !selected("/services"));
}

#[test]
fn other_kinds_are_read_where_they_are_served() {
    let cluster = fleet();
    assert!(!cluster.requests().iter().any(|one| one.contains("jobsets")));
    cluster.serve_kind("jobset.x-k8s.io", "JobSet", "jobsets", true);
    let template = json!({"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a:1"}]},
        "metadata": {}}, "parallelism": 5, "completions": 1}});
    let set = json!({
        "apiVersion": "jobset.x-k8s.io/v1", "kind": "JobSet",
        "metadata": {"name": "train", "namespace": "shop"},
        "spec": {"replicatedJobs": [{"name": "w", "replicas": 1, "template": template}]},
    });
    cluster.store("jobset.x-k8s.io/v1", "jobsets", set);
    let report = as_json(&cluster, &[]);
    assert!(
        rules_of(&report)
            .contains(&("job/work-queue-completions".to_owned(), "cluster:dev/shop/JobSet/train".to_owned())),
        "{:?}",
        rules_of(&report)
    );
    // An older CRD does not serve the kind of this version.
    let absent =
        json!({"kind": "Status", "code": 404, "message": "the server could not find the requested resource"});
    cluster.trouble(Trouble {
        times: None,
        ..Trouble::of("/apis/jobset.x-k8s.io/v1/jobsets", "", 1, 404, absent)
    });
    assert!(
        as_json(&cluster, &[])["notCovered"].to_string().contains("does not serve jobsets.jobset.x-k8s.io")
    );
}

#[test]
fn rules_know_what_stands_beside() {
    let cluster = fleet();
    let mut reads = cron_job("shop", "reads", "0 1 * * *");
    let mounted = json!([{"name": "c", "configMap": {"name": "settings"}}]);
    reads["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"] = mounted;
    cluster.store("batch/v1", "cronjobs", reads);
    let missing = |cluster: &FakeCluster| {
        let report = as_json(cluster, &[]);
        rules_of(&report).iter().any(|(rule, _)| rule == "ref/missing-object")
    };
    assert!(missing(&cluster));
    cluster.store("v1", "configmaps", json!({"metadata": {"name": "settings", "namespace": "shop"}}));
    assert!(!missing(&cluster));
    // Where ConfigMaps may not be listed, nothing is known of them.
    cluster.trouble(Trouble::forbidden("/api/v1/configmaps"));
    assert!(!missing(&cluster));
}

#[test]
fn rules_about_all_objects_see_all_of_them() {
    let cluster = FakeCluster::start();
    for number in 0..12 {
        let mut one = cron_job(if number < 6 { "a" } else { "b" }, &format!("c-{number:02}"), "0 2 * * *");
        if number > 0 {
            one["metadata"]["annotations"] = json!({"jobguard.dev/ignore": "cron/collision"});
        }
        cluster.store("batch/v1", "cronjobs", one);
    }
    let report = as_json(&cluster, &[]);
    let collisions: Vec<_> =
        rules_of(&report).into_iter().filter(|(rule, _)| rule == "cron/collision").collect();
    assert_eq!(collisions.len(), 1, "{:?}", rules_of(&report));
    assert_eq!(collisions[0].1, "cluster:dev/a/CronJob/c-00");
    // Within one namespace they are few enough.
    assert!(!rules_of(&as_json(&cluster, &["-n", "a"])).iter().any(|(rule, _)| rule == "cron/collision"));
}

#[test]
fn the_server_says_its_version() {
    let cluster = fleet();
    for (version, judged) in
        [("v1.31.4", "1.31"), ("v1.36.0-gke.1200", "1.36"), ("v1.99.0", "1.37"), ("v1.20.1", "1.29")]
    {
        cluster.set_version(version);
        let markdown = audit(&cluster, &["-f", "markdown"]).out;
        assert!(markdown.contains(&format!("as Kubernetes {judged} judges them")), "{version}: {markdown}");
        assert_eq!(
            markdown.contains("which is not known"),
            ["v1.99.0", "v1.20.1"].contains(&version),
            "{version}: {markdown}"
        );
    }
    let several = audit(&cluster, &["--kubernetes-version", "1.31,1.35-1.36", "-f", "markdown"]).out;
    assert!(several.contains("as Kubernetes 1.31, 1.35-1.36 judge"), "{several}");
}

#[test]
fn baselines_and_suppressions_are_those_of_lint() {
    let cluster = fleet();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("known.json");
    let file = file.to_str().unwrap();
    let written = audit(&cluster, &["--write-baseline", file]);
    assert_eq!(written.status, 0, "{}", written.err);
    let known = audit(&cluster, &["--baseline", file]);
    assert_eq!(known.status, 0, "{}", known.out);
    cluster.store("batch/v1", "cronjobs", cron_job("shop", "another", "0 0 30 2 *"));
    let new = audit(&cluster, &["--baseline", file]);
    assert_eq!(new.status, 1);
    assert!(new.out.contains("shop/CronJob/another") && !new.out.contains("CronJob/nightly"), "{}", new.out);
    let mut ignored = job("shop", "ignored", None);
    ignored["spec"]["parallelism"] = json!(5);
    ignored["metadata"]["annotations"] =
        json!({"jobguard.dev/ignore": "job/work-queue-completions (it was tried)"});
    cluster.store("batch/v1", "jobs", ignored);
    let report = as_json(&cluster, &[]);
    assert!(!rules_of(&report).iter().any(|(_, file)| file.ends_with("/ignored")), "{:?}", rules_of(&report));
    assert!(report["suppressed"].to_string().contains("shop/Job/ignored"), "{}", report["suppressed"]);
    assert_eq!(audit(&cluster, &["--fail-on", "never"]).status, 0);
}

#[test]
fn overrides_match_on_the_labels_of_namespaces() {
    let cluster = fleet();
    let folder = tempfile::tempdir().unwrap();
    let policy = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: p}\nspec:\n  extends: recommended\n  \
                  overrides:\n  - match: {namespaceLabels: {team: web}}\n    rules: {cron/never-fires: {level: off}}\n";
    fs::write(folder.path().join("p.yaml"), policy).unwrap();
    let said = run_in(folder.path(), &cluster, &["audit", "--policy", "p.yaml"]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
    assert!(!said.out.contains("never-fires"), "{}", said.out);
}

#[test]
fn manifests_are_named_where_there_are_some() {
    let cluster = fleet();
    let folder = tempfile::tempdir().unwrap();
    let manifest = "# Ours\napiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: nightly\nspec:\n  schedule: 0 0 31 2 *\n";
    fs::create_dir(folder.path().join("jobs")).unwrap();
    fs::write(folder.path().join("jobs/nightly.yaml"), manifest).unwrap();
    let arguments = ["audit", "--policy", "recommended", "--owner-files", "jobs"];
    let said = run_in(folder.path(), &cluster, &arguments);
    assert!(said.out.contains("--> jobs/nightly.yaml:7:13"), "{}", said.out);
    assert!(said.out.contains("schedule: 0 0 31 2 *"), "{}", said.out);
    // Of two it is not known which.
    fs::write(folder.path().join("jobs/again.yaml"), manifest).unwrap();
    let said = run_in(folder.path(), &cluster, &arguments);
    assert!(said.out.contains("--> cluster:dev/shop/CronJob/nightly"), "{}", said.out);
    // Unless one says the namespace.
    let ours = manifest.replace("nightly\n", "nightly\n  namespace: shop\n");
    fs::write(folder.path().join("jobs/again.yaml"), ours).unwrap();
    let said = run_in(folder.path(), &cluster, &arguments);
    assert!(said.out.contains("--> jobs/again.yaml:8:13"), "{}", said.out);
}

#[test]
fn rights_are_read_only() {
    let cluster = FakeCluster::start();
    for arguments in [&["audit", "--print-rbac"][..], &["audit", "--print-rbac", "-n", "a", "-n", "b"]] {
        let said = run(&cluster, arguments);
        assert_eq!(said.status, 0, "{}", said.err);
        let mut kinds = Vec::new();
        for document in jobguard::manifest::read(&said.out) {
            let tree = document.content.unwrap();
            let role = tree.to_value(tree.root());
            kinds.push(role["kind"].as_str().unwrap().to_owned());
            for rule in role["rules"].as_array().unwrap() {
                assert!(rule["verbs"] == json!(["list"]) || rule["verbs"] == json!(["get"]), "{rule}");
                assert!(!rule["resources"].to_string().contains("secrets"), "{rule}");
            }
        }
        let expected: &[&str] =
            if arguments.len() == 2 { &["ClusterRole"] } else { &["Role", "Role", "ClusterRole"] };
        assert_eq!(kinds, expected);
    }
    // It is no question for a cluster.
    assert!(cluster.requests().is_empty());
}

#[test]
fn rights_to_write_are_those_that_are_asked_for() {
    let cluster = FakeCluster::start();
    let said = run(
        &cluster,
        &[
            "audit",
            "--print-rbac",
            "-n",
            "a",
            "--report",
            "--report-api=openreports",
            "--summary-config-map=b/sum",
        ],
    );
    assert_eq!(said.status, 0, "{}", said.err);
    let documents: Vec<Value> = jobguard::manifest::read(&said.out)
        .into_iter()
        .map(|document| document.content.unwrap())
        .map(|tree| tree.to_value(tree.root()))
        .collect();
    let writes: Vec<(&Value, &Value)> = documents
        .iter()
        .flat_map(|role| role["rules"].as_array().unwrap().iter().map(move |rule| (&role["metadata"], rule)))
        .filter(|(_, rule)| rule["verbs"].to_string().contains("patch"))
        .collect();
    let [(of_reports, reports), (of_summary, summary)] = writes.as_slice() else { panic!("{writes:?}") };
    assert_eq!((&of_reports["namespace"], &reports["resources"]), (&json!("a"), &json!(["reports"])));
    assert_eq!((&of_summary["namespace"], &summary["resourceNames"]), (&json!("b"), &json!(["sum"])));
    assert_eq!(summary["verbs"], json!(["patch"]));
}

#[test]
fn a_folder_of_owners_that_is_not_there_is_an_error() {
    let cluster = FakeCluster::start();
    let said = audit(&cluster, &["--owner-files", "/no/such/folder", "--fail-on", "never"]);
    assert_eq!(said.status, 2, "{}", said.out);
    assert!(said.err.contains("/no/such/folder"), "{}", said.err);
}

#[test]
fn who_cannot_be_reached_is_named() {
    let cluster = FakeCluster::start();
    let said = audit(&cluster, &["--context", "test"]);
    assert_eq!(said.status, 2);
    assert!(said.err.contains("has no context \"test\"; it has dev, prod"), "{}", said.err);
    let said = audit(&cluster, &["--kubeconfig", "/no/such/file"]);
    assert!(said.err.contains("/no/such/file: there is no such file"), "{}", said.err);
    cluster.trouble(Trouble {
        times: None,
        ..Trouble::of("/version", "", 1, 401, json!({"message": "Unauthorized"}))
    });
    let said = audit(&cluster, &[]);
    assert_eq!(said.status, 2);
    assert!(said.err.contains("does not accept the credentials (401)"), "{}", said.err);
}

#[test]
fn a_preview_of_a_cluster_knows_how_long_runs_took() {
    let cluster = fleet();
    for (run, minutes) in [("a", 2), ("b", 4), ("c", 30)] {
        let mut ended = job("default", &format!("report-{run}"), Some("x"));
        ended["metadata"]["ownerReferences"][0]["name"] = json!("report");
        ended["status"] = json!({"startTime": "2026-05-01T02:30:00Z",
            "completionTime": format!("2026-05-01T02:{:02}:00Z", 30 + minutes - 1)});
        cluster.store("batch/v1", "jobs", ended);
    }
    let arguments = ["preview", "--live", "--from", "2026-06-01", "--zone", "UTC", "--policy", "recommended"];
    let said = run(&cluster, &arguments);
    assert_eq!(said.status, 0, "{}", said.err);
    assert!(said.out.contains("2 CronJobs"), "{}", said.out);
    let words = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("a run takes 29 minutes (p95 of 3 finished Jobs, median 3 minutes)"),
        "{}",
        said.out
    );
    let json: Value =
        serde_json::from_str(&run(&cluster, &[&arguments[..], &["-f", "json"]].concat()).out).unwrap();
    let report = json["cronJobs"].as_array().unwrap().iter().find(|one| one["name"] == "report").unwrap();
    let expected = json!({"seconds": 29 * 60, "source": "measured", "measured": {"runs": 3, "median": 180, "p95": 29 * 60}});
    assert_eq!(report["expectedRunTime"], expected);
    // A flag about clusters without one.
    let said = run(&cluster, &["preview", "--context", "dev"]);
    assert_eq!(said.status, 2);
    assert!(said.err.contains("--context is about a cluster: add --live"), "{}", said.err);
}

fn preset(preset: Preset) -> Policy {
    load::preset(preset, registry().catalog()).unwrap()
}

/// What an audit says of an object is what lint says of its manifest once the API server has filled in its defaults.
#[test]
fn an_audit_says_what_lint_says() {
    let now = "2026-06-01T12:00:00Z".parse().unwrap();
    let neighbours = Neighbours::default();
    let beside = Beside { neighbours: &neighbours, namespace_labels: None, owner_labels: None };
    let mut count = 0;
    for policy in [Preset::Recommended, Preset::Strict].map(preset) {
        let linter = Linter::new(&policy, now);
        for file in ["cronjob.jsonl", "job.jsonl", "combined.jsonl", "podtemplate.jsonl"] {
            let Some(vectors) = CONFORMANCE.find_or_report(file) else { continue };
            for line in vectors.lines() {
                let vector: Value = serde_json::from_str(line).unwrap();
                if vector["accepted"] != true
                    || !matches!(vector["object"]["kind"].as_str(), Some("CronJob" | "Job"))
                {
                    continue;
                }
                let defaulted = &vector["defaulted"];
                let mut stored = defaulted.clone();
                let metadata = stored["metadata"].as_object_mut().unwrap();
                metadata.insert("uid".to_owned(), json!("11111111-2222-4333-8444-555555555555"));
                metadata.insert("creationTimestamp".to_owned(), json!("2026-01-01T00:00:00Z"));
                metadata.insert("resourceVersion".to_owned(), json!("7"));
                let stored = StoredText {
                    name: "cluster:x".into(),
                    text: stored.to_string().replace("<uid>", "11111111-2222-4333-8444-555555555555"),
                };
                let audited = linter.lint_stored(&stored, beside, Some(Vec::new()));
                let manifest =
                    [Source::Text { name: "m".to_owned(), bytes: written(&vector, defaulted).into() }];
                let linted = linter.lint(&manifest).report;
                let said = |diagnostics: &[jobguard::diagnostic::Diagnostic]| -> BTreeSet<String> {
                    // What is only about the moment of creation is over.
                    let is_over = |one: &&jobguard::diagnostic::Diagnostic| {
                        one.rule.id().starts_with("api/") || one.rule.id() == "deploy/generate-name"
                    };
                    let of = diagnostics.iter().filter(|one| !is_over(one));
                    of.map(|one| format!("{} {} {} {}", one.severity, one.rule.id(), one.path, one.message))
                        .collect()
                };
                assert_eq!(
                    said(&audited.diagnostics),
                    said(&linted.diagnostics),
                    "{}: {defaulted}",
                    vector["id"]
                );
                count += 1;
            }
        }
    }
    assert!(count > 500, "{count}");
}

/// The manifest of which the defaults are those of the stored object: what only the server sets of a Job is not in it.
fn written(vector: &Value, defaulted: &Value) -> String {
    let mut manifest = defaulted.clone();
    manifest["apiVersion"] = vector["object"]["apiVersion"].clone();
    if manifest["kind"] == "Job" && vector["object"]["spec"]["manualSelector"] != true {
        let spec = manifest["spec"].as_object_mut().unwrap();
        spec.remove("selector");
        let of_server = [
            "batch.kubernetes.io/controller-uid",
            "batch.kubernetes.io/job-name",
            "controller-uid",
            "job-name",
        ];
        for labels in ["/spec/template/metadata/labels", "/metadata/labels"] {
            if let Some(labels) = manifest.pointer_mut(labels).and_then(Value::as_object_mut) {
                of_server.iter().for_each(|label| drop(labels.remove(*label)));
            }
        }
    }
    manifest.to_string()
}

/// The commands of the page, and what they print.
#[test]
fn the_page_shows_what_is_printed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/audit.md");
    let page = fs::read_to_string(&path).unwrap();
    let cluster = fleet();
    cluster.trouble(Trouble::forbidden("/api/v1/secrets"));
    let folder = tempfile::tempdir().unwrap();
    let (mut written, mut commands) = (String::new(), 0);
    for piece in page.split_inclusive("\n```") {
        let Some(block) = piece.strip_prefix("console\n$ jobguard ") else {
            written.push_str(piece);
            continue;
        };
        let (command, _) = block.split_once('\n').unwrap();
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let said = run_in(folder.path(), &cluster, &arguments);
        let printed = format!("{}{}", said.out, said.err);
        written.push_str(&format!("console\n$ jobguard {command}\n{}\n```", printed.trim_end()));
        commands += 1;
    }
    if std::env::var_os("JOBGUARD_BLESS").is_some() {
        fs::write(&path, &written).unwrap();
        return;
    }
    assert!(commands >= 2, "{commands}");
    assert_eq!(written, page, "JOBGUARD_BLESS=1 writes what is printed");
}
