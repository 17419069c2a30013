//! The audit by schedule: what the chart makes for it, and what rights it has.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use assert_cmd::Command;
use serde_json::{Value, json};

use super::helm::{CASES, Helm};
use super::{objects, of_kind, strings};

const NAME: &str = "rel-jobguard-audit";

fn rendered(helm: &Helm, values: &str) -> Vec<Value> {
    objects(&helm.template("default", &["--set", values]))
}

/// What a role grants: verbs by group and resource.
fn granted(role: &Value) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut granted: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for rule in role["rules"].as_array().unwrap() {
        for group in strings(&rule["apiGroups"]) {
            for resource in strings(&rule["resources"]) {
                let verbs = strings(&rule["verbs"]).into_iter().map(str::to_owned);
                granted.entry((group.to_owned(), resource.to_owned())).or_default().extend(verbs);
            }
        }
    }
    granted
}

fn named<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let of_name = |object: &&&Value| object["metadata"]["name"] == name;
    of_kind(objects, kind).iter().find(of_name).unwrap_or_else(|| panic!("no {kind} {name}"))
}

#[test]
fn without_the_wish_there_is_nothing_of_it() {
    let Some(helm) = Helm::find() else { return };
    for case in CASES.into_iter().filter(|case| *case != "everything") {
        let text = helm.template(case, &[]);
        assert!(
            !text.contains("audit") || !objects(&text).iter().any(|one| one["kind"] == "CronJob"),
            "{case}"
        );
    }
}

/// What `jobguard audit --print-rbac` says that an audit uses, and no more; reports only where they are asked for.
#[test]
fn it_has_the_rights_that_it_uses() {
    let Some(helm) = Helm::find() else { return };
    let output = Command::cargo_bin("jobguard")
        .unwrap()
        .args(["audit", "--print-rbac", "--policy=recommended"])
        .output();
    let printed = objects(&String::from_utf8(output.unwrap().stdout).unwrap());
    let batch = |key: &(String, String)| key.0 == "batch";
    // Kinds of extensions are asked about where the release is.
    let is_built_in =
        |group: &str| !group.contains('.') || group.ends_with(".k8s.io") && group != "jobset.x-k8s.io";
    let mut used = granted(named(&printed, "ClusterRole", "jobguard-audit"));
    used.retain(|(group, _), _| is_built_in(group));
    let role = |values: &str| {
        let all = rendered(&helm, &format!("audit.enabled=true,{values}"));
        granted(named(&all, "ClusterRole", NAME))
    };
    assert_eq!(role("audit.report=none"), used);
    let mut few = used.clone();
    few.retain(|key, _| batch(key) || key.1 == "namespaces");
    assert_eq!(role("audit.neighbours=false"), few);
    let verbs: BTreeSet<String> = ["get", "list", "create", "patch", "delete"].map(str::to_owned).into();
    let reports = [("openreports.io", "reports"), ("wgpolicyk8s.io", "policyreports")]
        .map(|(group, resource)| (group.to_owned(), resource.to_owned()));
    for (report, which) in [("auto", 0..2), ("openreports", 0..1), ("policyreport", 1..2)] {
        let mut expected = used.clone();
        expected.extend(reports[which].iter().map(|key| (key.clone(), verbs.clone())));
        assert_eq!(role(&format!("audit.report={report}")), expected, "{report}");
    }
    let kinds = "extraKinds[0].apiGroups[0]=jobset.x-k8s.io,extraKinds[0].resources[0]=jobsets";
    assert!(role(kinds).contains_key(&("jobset.x-k8s.io".to_owned(), "jobsets".to_owned())));
}

#[test]
fn in_some_namespaces_it_has_rights_there_alone() {
    let Some(helm) = Helm::find() else { return };
    let all = rendered(&helm, "audit.enabled=true,audit.report=auto,audit.namespaces={a,b}");
    let role = named(&all, "ClusterRole", NAME);
    assert_eq!(
        role["rules"],
        json!([{"apiGroups": [""], "resources": ["namespaces"], "resourceNames": ["a", "b"], "verbs": ["get"]}])
    );
    let everywhere = rendered(&helm, "audit.enabled=true,audit.report=auto");
    let mut expected = granted(named(&everywhere, "ClusterRole", NAME));
    expected.retain(|key, _| key.1 != "namespaces");
    for namespace in ["a", "b"] {
        let is_there = |one: &&&Value| one["metadata"]["namespace"] == namespace;
        assert_eq!(granted(of_kind(&all, "Role").iter().find(is_there).unwrap()), expected);
        let binding = of_kind(&all, "RoleBinding");
        let binding = binding.iter().find(is_there).unwrap();
        assert_eq!(
            binding["subjects"][0],
            json!({"kind": "ServiceAccount", "name": NAME, "namespace": "guard"})
        );
    }
    let arguments = arguments(&all);
    assert!(
        arguments.contains(&"--namespace=a".to_owned())
            && !arguments.contains(&"--all-namespaces".to_owned())
    );
}

/// Two accounts share one ConfigMap: one writes it, one reads it, and neither any other.
#[test]
fn the_summary_is_all_that_it_writes_by_itself() {
    let Some(helm) = Helm::find() else { return };
    let all = rendered(&helm, "audit.enabled=true");
    assert_eq!(named(&all, "ConfigMap", NAME)["data"], Value::Null);
    for (role, account, verbs) in [
        ("rel-jobguard-audit-summary", NAME, json!(["patch"])),
        ("rel-jobguard-audit-shown", "rel-jobguard", json!(["list", "watch"])),
    ] {
        let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [NAME], "verbs": verbs}]);
        assert_eq!(named(&all, "Role", role)["rules"], rules);
        assert_eq!(named(&all, "RoleBinding", role)["subjects"][0]["name"], account);
    }
    assert!(arguments(&all).contains(&format!("--summary-config-map=guard/{NAME}")));
    assert!(super::arguments(&all).contains(&format!("--audit-summary=guard/{NAME}")));
    // Rights are given by the release, or by nobody.
    let without = rendered(&helm, "audit.enabled=true,rbac.create=false");
    let roles = without.iter().filter(|one| one["kind"].as_str().unwrap().contains("Role"));
    assert!(!roles.into_iter().any(|one| one["metadata"]["name"].as_str().unwrap().contains("-audit")));
}

fn arguments(objects: &[Value]) -> Vec<String> {
    let cron_job = named(objects, "CronJob", NAME);
    let pod = &cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    strings(&pod["containers"][0]["args"]).into_iter().map(str::to_owned).collect()
}

/// What the release's webhook would say of it, if it were asked: by the strictest policy.
#[test]
fn its_cron_job_is_one_that_we_like() {
    let Some(helm) = Helm::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    for (case, values) in
        [("default", "audit.enabled=true,audit.report=auto"), ("everything", "audit.report=openreports")]
    {
        let file = folder.path().join(format!("{case}.yaml"));
        fs::write(&file, helm.template(case, &["--set", values])).unwrap();
        let output = Command::cargo_bin("jobguard")
            .unwrap()
            .args([
                "lint",
                "--policy=strict",
                "--fail-on=info",
                "--verbose",
                "--kubernetes-version=1.29-1.37",
            ])
            .arg(&file)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        assert!(output.status.success() && said.contains("Checked 1 object"), "{case}: {said}");
    }
}

/// It runs by the policy that the webhook judges by, wherever that comes from.
#[test]
fn it_has_the_policy_of_the_webhook() {
    let Some(helm) = Helm::find() else { return };
    let policy = |values: &str| {
        let all = rendered(&helm, &format!("audit.enabled=true,{values}"));
        let of =
            |arguments: Vec<String>| arguments.into_iter().find(|one| one.starts_with("--policy=")).unwrap();
        let (own, webhook) = (of(arguments(&all)), of(super::arguments(&all)));
        assert_eq!(own, webhook, "{values}");
        let pod = &named(&all, "CronJob", NAME)["spec"]["jobTemplate"]["spec"]["template"]["spec"];
        (own, pod["volumes"][0]["configMap"]["name"].clone())
    };
    assert_eq!(policy("policy.preset=strict"), ("--policy=strict".to_owned(), Value::Null));
    let file = || "--policy=/etc/jobguard/policy/jobguard.yaml".to_owned();
    assert_eq!(policy("policy.inline.mode=warn"), (file(), json!("rel-jobguard-policy")));
    assert_eq!(policy("policy.existingConfigMap.name=mine"), (file(), json!("mine")));
}

/// A name has 52 characters at most, so that its Jobs have names.
#[test]
fn long_names_are_cut() {
    let Some(helm) = Helm::find() else { return };
    let long = "x".repeat(60);
    let all = rendered(&helm, &format!("audit.enabled=true,fullnameOverride={long}"));
    let name = of_kind(&all, "CronJob")[0]["metadata"]["name"].as_str().unwrap();
    assert!(name.len() <= 52 && name.ends_with("-audit"), "{name}");
}

#[test]
fn its_pods_reach_api_servers_alone() {
    let Some(helm) = Helm::find() else { return };
    let all = rendered(&helm, "audit.enabled=true,networkPolicy.enabled=true");
    let policy = named(&all, "NetworkPolicy", NAME);
    assert_eq!(policy["spec"]["ingress"], json!([]));
    let ports = json!([{"ports": [{"port": 443, "protocol": "TCP"}, {"port": 6443, "protocol": "TCP"}]}]);
    assert_eq!(policy["spec"]["egress"], ports);
    let labels =
        &named(&all, "CronJob", NAME)["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"];
    let selects = |policy: &Value| {
        let selector = policy["spec"]["podSelector"]["matchLabels"].as_object().unwrap();
        selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    };
    assert!(selects(policy) && !selects(named(&all, "NetworkPolicy", "rel-jobguard")));
    // Nor does the Service lead to them.
    let selector = named(&all, "Service", "rel-jobguard")["spec"]["selector"].as_object().unwrap();
    assert!(!selector.iter().all(|(key, value)| labels.get(key) == Some(value)));
}
