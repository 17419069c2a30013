//! The Helm chart, rendered by the real helm over a matrix of values.
//!
//! Skipped, with a word, where there is no helm.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod audit;
mod helm;
#[cfg(feature = "cluster")]
mod monitoring;
mod notes;
mod pipelines;
mod platforms;
mod workflows;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use helm::{CASES, CHART, Helm, values};
use serde_json::{Value, json};

/// The objects in a rendered text.
fn objects(text: &str) -> Vec<Value> {
    jobguard::manifest::read(text)
        .into_iter()
        .map(|document| {
            let tree = document.content.unwrap_or_else(|error| panic!("{}\n{text}", error.message));
            tree.to_value(tree.root())
        })
        .collect()
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The arguments that the server is started with.
fn arguments(objects: &[Value]) -> Vec<String> {
    let deployment = of_kind(objects, "Deployment")[0];
    let list = strings(&deployment["spec"]["template"]["spec"]["containers"][0]["args"]);
    list.into_iter().map(str::to_owned).collect()
}

/// Runs `check` on every case.
fn every_case(check: impl Fn(&str, &[Value])) {
    let Some(helm) = Helm::find() else { return };
    for case in CASES {
        check(case, &objects(&helm.template(case, &[])));
    }
}

#[test]
fn helm_finds_nothing_to_say() {
    let Some(helm) = Helm::find() else { return };
    for case in CASES {
        let file = values(case);
        let mut arguments = vec!["lint", "--strict", CHART];
        arguments.extend(file.iter().flat_map(|file| ["--values", file.as_str()]));
        let output = helm.run(&arguments);
        assert!(output.status.success(), "{case}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn what_is_rendered() {
    let Some(helm) = Helm::find() else { return };
    for case in CASES {
        let text = helm.template(case, &[]);
        // The dashboard is long, a file of its own, and looked at below.
        let text = match text.split_once("  jobguard.json: |-\n") {
            Some((before, rest)) => {
                let after = rest.find("\n---").map_or("", |end| &rest[end..]);
                format!("{before}  jobguard.json: (files/dashboard.json){after}")
            }
            None => text,
        };
        insta::with_settings!({snapshot_path => "../chart", prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!(case, text);
        });
    }
}

#[test]
fn objects_are_whole_and_told_apart() {
    every_case(|case, objects| {
        let mut seen = BTreeSet::new();
        for object in objects {
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
            let key = (text("/kind"), text("/metadata/namespace"), text("/metadata/name"));
            assert!(text("/apiVersion").is_some() && key.0.is_some() && key.2.is_some(), "{case}: {object}");
            assert!(seen.insert(key), "{case}: twice: {object}");
        }
    });
}

#[test]
fn webhooks_never_block_more_than_was_asked_for() {
    every_case(|case, objects| {
        let mut kinds = BTreeMap::new();
        for object in objects {
            let Some(webhooks) = object["webhooks"].as_array() else { continue };
            kinds.insert(object["kind"].as_str().unwrap(), &webhooks[0]);
            for webhook in webhooks {
                let expressions = webhook["namespaceSelector"]["matchExpressions"].as_array().unwrap();
                let excluded = strings(&expressions[0]["values"]);
                assert_eq!(expressions[0]["key"], "kubernetes.io/metadata.name");
                assert_eq!(expressions[0]["operator"], "NotIn");
                assert!(
                    excluded.contains(&"kube-system") && excluded.contains(&"guard"),
                    "{case}: {excluded:?}"
                );
                assert_eq!(webhook["sideEffects"], "None");
                assert_eq!(webhook["matchPolicy"], "Equivalent");
                assert_eq!(webhook["rules"][0]["operations"], serde_json::json!(["CREATE", "UPDATE"]));
                assert!(webhook["name"].as_str().unwrap().split('.').count() >= 3, "{webhook}");
                assert!(webhook["timeoutSeconds"].as_u64().unwrap() <= 10);
                // In the other modes somebody else writes it: what the chart says would be drift.
                let bundle = webhook["clientConfig"].get("caBundle");
                assert_eq!(bundle.is_some(), case == "existing-secret", "{case}: {bundle:?}");
            }
        }
        let policy = |kind: &str| kinds.get(kind).map(|webhook| webhook["failurePolicy"].as_str().unwrap());
        if policy("MutatingWebhookConfiguration") == Some("Fail") {
            panic!("{case}: the mutating webhook may block");
        }
        let fails = policy("ValidatingWebhookConfiguration") == Some("Fail");
        assert_eq!(fails, case == "everything", "{case}");
    });
}

#[test]
fn further_kinds_are_validated_and_nothing_is_filled_in_there() {
    let Some(helm) = Helm::find() else { return };
    let objects = objects(&helm.template("everything", &[]));
    let rules = |kind: &str| of_kind(&objects, kind)[0]["webhooks"][0]["rules"].as_array().unwrap().clone();
    let batch = json!({
        "apiGroups": ["batch"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["cronjobs", "jobs"],
        "scope": "Namespaced",
    });
    let further = |group: &str, version: &str, resource: &str, scope: &str| {
        json!({
            "apiGroups": [group],
            "apiVersions": [version],
            "operations": ["CREATE", "UPDATE"],
            "resources": [resource],
            "scope": scope,
        })
    };
    let job_sets = further("jobset.x-k8s.io", "*", "jobsets", "*");
    let templates = further("argoproj.io", "v1alpha1", "clusteranalysistemplates", "Cluster");
    assert_eq!(rules("ValidatingWebhookConfiguration"), [batch.clone(), job_sets, templates]);
    assert_eq!(rules("MutatingWebhookConfiguration"), [batch]);
}

#[test]
fn nothing_keeps_a_webhook_when_the_release_goes() {
    every_case(|case, objects| {
        for object in objects {
            let kept = &object["metadata"]["annotations"]["helm.sh/resource-policy"];
            assert!(kept.is_null(), "{case}: {object}");
            // Hooks are no part of the release: nobody deletes them with it.
            let hook = &object["metadata"]["annotations"]["helm.sh/hook"];
            assert!(hook.is_null() || hook == "test", "{case}: {object}");
        }
    });
}

#[test]
fn pods_are_restricted_and_end_in_time() {
    every_case(|case, objects| {
        let deployment = of_kind(objects, "Deployment")[0];
        let mut pods = vec![&deployment["spec"]["template"]["spec"]];
        pods.extend(of_kind(objects, "Pod").iter().map(|pod| &pod["spec"]));
        let cron_jobs = of_kind(objects, "CronJob").into_iter();
        pods.extend(cron_jobs.map(|cron_job| &cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]));
        for pod in &pods {
            assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{case}");
            assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{case}");
            assert_eq!(
                pod["hostNetwork"],
                if case == "everything" && pod.get("restartPolicy").is_none() {
                    Value::Bool(true)
                } else {
                    Value::Null
                }
            );
            for container in pod["containers"].as_array().unwrap() {
                let context = &container["securityContext"];
                assert_eq!(context["allowPrivilegeEscalation"], false, "{case}");
                assert_eq!(context["readOnlyRootFilesystem"], true, "{case}");
                assert_eq!(context["capabilities"]["drop"], serde_json::json!(["ALL"]), "{case}");
                assert!(container["resources"]["limits"]["memory"].is_string(), "{case}");
            }
        }
        let delay = arguments(objects)
            .iter()
            .find_map(|argument| {
                argument.strip_prefix("--shutdown-delay=")?.strip_suffix('s')?.parse::<u64>().ok()
            })
            .unwrap();
        let grace = pods[0]["terminationGracePeriodSeconds"].as_u64().unwrap();
        assert!(grace >= delay + 15, "{case}: {grace} s");
        // On the hosts' network an old Pod must go before a new one finds its ports free.
        let going = u8::from(pods[0]["hostNetwork"] == true);
        let update = &deployment["spec"]["strategy"]["rollingUpdate"];
        assert_eq!(
            (&update["maxUnavailable"], &update["maxSurge"]),
            (&going.into(), &(1 - going).into()),
            "{case}"
        );
        // A Service must find the replicas, and not the test's Pod.
        let selector = of_kind(objects, "Service")[0]["spec"]["selector"].as_object().unwrap();
        let finds = |labels: &Value| selector.iter().all(|(key, value)| labels.get(key) == Some(value));
        assert!(finds(&deployment["spec"]["template"]["metadata"]["labels"]), "{case}");
        assert!(of_kind(objects, "Pod").iter().all(|pod| !finds(&pod["metadata"]["labels"])), "{case}");
    });
}

#[test]
fn rights_are_the_least() {
    every_case(|case, objects| {
        let arguments = arguments(objects);
        let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
        let mut granted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        // Those of the test and of the audit are accounts of their own.
        let is_own = |object: &&Value| {
            object["metadata"]["name"] != "rel-jobguard-test"
                && !object["metadata"]["name"].as_str().unwrap().contains("-audit")
        };
        for role in objects.iter().filter(is_own) {
            for rule in
                role["rules"].as_array().into_iter().flatten().filter(|rule| rule.get("verbs").is_some())
            {
                for resource in strings(&rule["resources"]) {
                    granted.entry(resource).or_default().extend(strings(&rule["verbs"]));
                    let named = rule["resourceNames"].as_array().is_some_and(|names| !names.is_empty());
                    let is_watched = strings(&rule["verbs"]).into_iter().eq(["list", "watch"]);
                    assert!(named || is_watched, "{case}: {rule}");
                }
            }
        }
        let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        if has("--self-managed") {
            for resource in ["secrets", "mutatingwebhookconfigurations", "validatingwebhookconfigurations"] {
                wanted.insert(resource, ["get", "update", "watch"].into());
            }
        }
        for (flag, resource) in [
            ("--watch-services", "services"),
            ("--watch-namespaces", "namespaces"),
            ("--watch-cron-jobs", "cronjobs"),
            ("--watch-config-maps", "configmaps"),
            ("--watch-deployments", "deployments"),
            ("--watch-horizontal-pod-autoscalers", "horizontalpodautoscalers"),
            ("--watch-limit-ranges", "limitranges"),
            ("--watch-persistent-volume-claims", "persistentvolumeclaims"),
            ("--watch-pod-disruption-budgets", "poddisruptionbudgets"),
            ("--watch-resource-quotas", "resourcequotas"),
            ("--watch-secrets", "secrets"),
            ("--watch-service-accounts", "serviceaccounts"),
            ("--watch-stateful-sets", "statefulsets"),
        ] {
            if has(flag) {
                wanted.entry(resource).or_default().extend(["list", "watch"]);
            }
        }
        assert_eq!(granted, wanted, "{case}");
        let token =
            &of_kind(objects, "Deployment")[0]["spec"]["template"]["spec"]["automountServiceAccountToken"];
        let shows_audits = arguments.iter().any(|argument| argument.starts_with("--audit-summary="));
        assert_eq!(token, !wanted.is_empty() || shows_audits, "{case}");
    });
}

/// Who may write webhook configurations is restricted to the `caBundle`, where API servers can do that.
#[test]
fn the_account_that_writes_webhooks_is_restricted() {
    every_case(|case, objects| {
        let policies = of_kind(objects, "ValidatingAdmissionPolicy");
        let managed = arguments(objects).iter().any(|argument| argument == "--self-managed");
        assert_eq!(policies.len(), usize::from(managed), "{case}");
        let Some(policy) = policies.first() else { return };
        assert_ne!(policy["spec"]["failurePolicy"], "Ignore", "{case}");
        let account = &of_kind(objects, "Deployment")[0]["spec"]["template"]["spec"]["serviceAccountName"];
        let condition = policy["spec"]["matchConditions"][0]["expression"].as_str().unwrap();
        let user = format!("'system:serviceaccount:guard:{}'", account.as_str().unwrap());
        assert!(condition.ends_with(&user), "{case}: {condition}");
        let binding = of_kind(objects, "ValidatingAdmissionPolicyBinding")[0];
        assert_eq!(binding["spec"]["policyName"], policy["metadata"]["name"], "{case}");
        assert_eq!(binding["spec"]["validationActions"], serde_json::json!(["Deny"]), "{case}");
    });
    let Some(helm) = Helm::find() else { return };
    let served = "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration";
    let policy = "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy";
    for (arguments, expected) in [
        (&["--kube-version", "1.29.14"][..], false),
        (&["--kube-version", "v1.30.1-eks-1234"], true),
        // Of a cluster that was asked, what it serves counts, and not its version.
        (&["--kube-version", "1.33.0", "--api-versions", served], false),
        (&["--kube-version", "1.33.0", "--api-versions", served, "--api-versions", policy], true),
        (&["--kube-version", "1.29.14", "--set", "rbac.admissionPolicy=always"], true),
        (&["--set", "rbac.admissionPolicy=never"], false),
        // Whoever gives the rights otherwise gives them to the same account.
        (&["--set", "rbac.create=false"], true),
        (&["--set", "mutating.enabled=false"], true),
        (&["--set", "mutating.enabled=false,validating.enabled=false"], false),
        (&["--set", "certificates.mode=certManager,rbac.admissionPolicy=always"], false),
    ] {
        let objects = objects(&helm.template("default", arguments));
        for kind in ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"] {
            assert_eq!(of_kind(&objects, kind).len(), usize::from(expected), "{arguments:?}: {kind}");
        }
    }
}

/// Out of the Pods leads nothing but the way to API servers, and none where none is needed.
#[test]
fn network_policies_let_out_calls_to_api_servers_alone() {
    let Some(helm) = Helm::find() else { return };
    let anywhere = r#"[{"ports": [{"port": 443, "protocol": "TCP"}, {"port": 6443, "protocol": "TCP"}]}]"#;
    let named =
        r#"[{"ports": [{"port": 6443, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]}]"#;
    let peer = "networkPolicy.apiServerPeers[0].ipBlock.cidr=10.0.0.1/32,networkPolicy.apiServerPorts={6443}";
    for (values, egress) in [
        ("networkPolicy.enabled=true", anywhere),
        (peer, named),
        // What is given goes before what is found, and here is no cluster to look into.
        (&format!("{peer},networkPolicy.apiServerLookup=true"), named),
        ("networkPolicy.apiServerLookup=true", anywhere),
        ("certificates.mode=certManager", "[]"),
        ("certificates.mode=certManager,watch.services=true", anywhere),
    ] {
        let arguments = ["--set", "networkPolicy.enabled=true", "--set", values];
        let objects = objects(&helm.template("default", &arguments));
        let policy = of_kind(&objects, "NetworkPolicy")[0];
        let egress: Value = serde_json::from_str(egress).unwrap();
        assert_eq!(policy["spec"]["egress"], egress, "{values}");
        assert_eq!(strings(&policy["spec"]["policyTypes"]), ["Ingress", "Egress"]);
    }
}

#[test]
fn one_replica_has_no_budget_and_autoscaling_no_fixed_number() {
    every_case(|case, objects| {
        let budget = of_kind(objects, "PodDisruptionBudget");
        assert_eq!(budget.is_empty(), case == "cert-manager-issuer", "{case}");
        let replicas = &of_kind(objects, "Deployment")[0]["spec"]["replicas"];
        assert_eq!(replicas.is_null(), case == "everything", "{case}");
    });
}

#[test]
fn wrong_values_are_refused() {
    let Some(helm) = Helm::find() else { return };
    for (wrong, word) in [
        ("replicas=3", "replicas"),
        ("replicaCount=many", "replicaCount"),
        ("image.tag=a b", "image.tag"),
        ("image.digest=latest", "image.digest"),
        ("validating.failurePolicy=fail", "validating.failurePolicy"),
        ("validating.timeoutSeconds=31", "validating.timeoutSeconds"),
        ("mutating.matchConditions[0].name=x", "expression"),
        ("certificates.mode=magic", "certificates.mode"),
        ("certificates.existingSecret.caBundle=LS0tLS1CRUdJTi", "caBundle"),
        ("certificates.existingSecret.caBundle=-----BEGIN PRIVATE KEY-----", "caBundle"),
        ("policy.preset=lenient", "policy.preset"),
        ("policy.inline.rule.a=b", "policy.inline"),
        ("policy.inline.mode=Warn", "policy.inline.mode"),
        ("policy.inline.overrides[0].rules.a=off", "match is required"),
        ("excludeNamespaces[0]=Kube_System", "excludeNamespaces"),
        ("extraKinds[0].resources[0]=jobsets", "apiGroups"),
        ("extraKinds[0].apiGroups[0]=batch,extraKinds[0].resources[0]=jobs", "extraKinds"),
        ("log.level=verbose", "log.level"),
        ("ports.webhook=443", "ports.webhook"),
        ("service.port=99999", "service.port"),
        ("podDisruptionBudget.maxUnavailable=half", "podDisruptionBudget.maxUnavailable"),
        ("strategy.rollingUpdate.maxUnavailable=x", "strategy.rollingUpdate"),
        ("podAnnotations.a=1", "podAnnotations"),
        ("terminationGracePeriodSeconds=20", "too short"),
        ("rbac.admissionPolicy=maybe", "rbac.admissionPolicy"),
        ("serviceAccount.create=false", "serviceAccount.name"),
        ("serviceAccount.create=false,serviceAccount.name=default", "serviceAccount.name"),
        ("audit.schedule=daily", "audit.schedule"),
        ("audit.report=yes", "audit.report"),
        ("audit.namespaces[0]=Shop", "audit.namespaces"),
        ("audit.enabled=true,audit.serviceAccount.create=false", "audit.serviceAccount.name"),
        (
            "audit.enabled=true,audit.serviceAccount.create=false,audit.serviceAccount.name=default",
            "audit.serviceAccount.name",
        ),
        ("serviceAccount.create=false,certificates.mode=certManager", "serviceAccount.name"),
        ("networkPolicy.apiServerLookup=yes", "networkPolicy.apiServerLookup"),
        ("podMonitor.interval=often", "podMonitor.interval"),
        ("serviceMonitor.enabled=true,podMonitor.enabled=true", "enable one of them"),
        ("autoscaling.enabled=true,autoscaling.maxReplicas=1", "less than minReplicas"),
        ("certificates.mode=existingSecret", "certificates.existingSecret.name"),
        ("clientAuth.enabled=true", "clientAuth.configMap"),
        ("policy.existingConfigMap.name=a,policy.inline.mode=warn", "either inline or existingConfigMap"),
    ] {
        let output = helm.run(&["template", "rel", CHART, "--set", wrong]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{wrong} is accepted");
        assert!(said.contains(word), "{wrong}: {said}");
    }
}

/// Every value has its place in the schema, and the other way round.
#[test]
fn values_and_schema_know_each_other() {
    fn compare(path: &str, value: &Value, schema: &Value, definitions: &Value) {
        let schema = match schema["$ref"].as_str() {
            Some(name) => &definitions[name.trim_start_matches("#/definitions/")],
            None => schema,
        };
        let (Some(value), Some(properties)) = (value.as_object(), schema["properties"].as_object()) else {
            return;
        };
        for (key, value) in value {
            let property = properties.get(key).unwrap_or_else(|| panic!("{path}{key} is not in the schema"));
            compare(&format!("{path}{key}."), value, property, definitions);
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(CHART);
    let schema: Value = serde_json::from_slice(&fs::read(root.join("values.schema.json")).unwrap()).unwrap();
    let values = objects(&fs::read_to_string(root.join("values.yaml")).unwrap()).remove(0);
    compare("", &values, &schema, &schema["definitions"]);
    let known: BTreeSet<&String> = values.as_object().unwrap().keys().collect();
    for key in schema["properties"].as_object().unwrap().keys() {
        assert!(
            known.contains(key) || ["enabled", "global"].contains(&key.as_str()),
            "values.yaml lacks {key}"
        );
    }
}

fn jobguard(arguments: &[&str], input: &str) -> (bool, String) {
    let output = Command::cargo_bin("jobguard")
        .unwrap()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("JOBGUARD_POLICY")
        .env("NO_COLOR", "1")
        .args(arguments)
        .write_stdin(input)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (output.status.success(), text)
}

#[cfg(feature = "cluster")]
#[test]
fn the_program_knows_its_arguments() {
    let (_, help) = jobguard(&["serve", "--help"], "");
    every_case(|case, objects| {
        for argument in arguments(objects).iter().filter(|argument| argument.starts_with("--")) {
            let flag = argument.split('=').next().unwrap();
            assert!(
                help.contains(&format!("{flag} ")) || help.contains(&format!("{flag}\n")),
                "{case}: {argument}"
            );
        }
    });
}

#[test]
fn the_program_reads_the_policy() {
    every_case(|case, objects| {
        for map in of_kind(objects, "ConfigMap") {
            let Some(policy) = map["data"]["jobguard.yaml"].as_str() else { continue };
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("jobguard.yaml");
            fs::write(&file, policy).unwrap();
            let (ok, said) = jobguard(&["policy", "check", file.to_str().unwrap()], "");
            assert!(ok, "{case}: {said}");
        }
    });
}

/// What is given inline builds on the preset; a mode alone does not bring back another one's rules.
#[test]
fn an_inline_policy_extends_the_preset() {
    let Some(helm) = Helm::find() else { return };
    for (values, extended) in [
        ("policy.inline.mode=warn", "extends: recommended\n"),
        ("policy.preset=strict,policy.inline.mode=warn", "extends: strict\n"),
        ("policy.preset=strict,policy.inline.extends=baseline", "extends: baseline\n"),
    ] {
        let text = helm.template("default", &["--set", values]);
        assert!(text.contains(extended), "{values}: {text}");
    }
}

/// With `mode: audit` no answer could tell the test anything.
#[test]
fn a_silent_policy_has_no_test() {
    let Some(helm) = Helm::find() else { return };
    let objects = objects(&helm.template("default", &["--set", "policy.inline.mode=audit"]));
    assert!(of_kind(&objects, "Pod").is_empty());
}

/// The API server refuses the settings of one strategy beside the name of another.
#[test]
fn the_other_strategy_has_no_settings() {
    let Some(helm) = Helm::find() else { return };
    let objects = objects(&helm.template("default", &["--set", "strategy.type=Recreate"]));
    let strategy = &of_kind(&objects, "Deployment")[0]["spec"]["strategy"];
    assert_eq!(*strategy, serde_json::json!({"type": "Recreate"}));
}

/// The Job of `helm test` is one that the API server accepts and every policy speaks of.
#[test]
fn the_test_asks_for_what_is_found() {
    let Some(helm) = Helm::find() else { return };
    let objects = objects(&helm.template("default", &[]));
    let job = of_kind(&objects, "ConfigMap").iter().find_map(|map| map["data"]["job.yaml"].as_str()).unwrap();
    for policy in ["baseline", "recommended", "strict"] {
        let (_, said) = jobguard(&["lint", "-", "--policy", policy], job);
        assert!(said.contains("[job/work-queue-completions]") && !said.contains("[api/"), "{said}");
    }
    let values =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(CHART).join("values.yaml")).unwrap();
    assert!(values.contains("expect: job/work-queue-completions"));
}

#[test]
fn our_own_manifests_are_clean() {
    let (ok, said) =
        jobguard(&["lint", "--policy", "strict", "--fail-on", "info", "certs", "deploy", "examples/ci"], "");
    assert!(ok, "{said}");
    let Some(helm) = Helm::find() else { return };
    for case in CASES {
        let (ok, said) =
            jobguard(&["lint", "-", "--policy", "strict", "--fail-on", "info"], &helm.template(case, &[]));
        assert!(ok, "{case}: {said}");
    }
}

/// The manifests for people without Helm are what the chart renders. `JOBGUARD_BLESS=1` writes them.
#[test]
fn plain_manifests_are_the_chart_s() {
    let Some(helm) = Helm::find() else { return };
    let template = |more: &[&str]| {
        let mut arguments =
            vec!["template", "jobguard", CHART, "--namespace", "jobguard", "--set", "test.enabled=false"];
        arguments.extend(more);
        let output = helm.run(&arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // Whatever applies these, Helm it is not.
        let text = String::from_utf8(output.stdout).unwrap();
        let told = ["helm.sh/chart:", "app.kubernetes.io/managed-by:"];
        let kept = text.lines().filter(|line| !told.iter().any(|word| line.trim_start().starts_with(word)));
        kept.fold(String::new(), |all, line| all + line + "\n")
    };
    let issued = ["--set", "certificates.mode=certManager"];
    let all = template(&issued);
    let (certificates, rest): (Vec<&str>, Vec<&str>) = all
        .split("---\n")
        .filter(|document| !document.is_empty())
        .partition(|document| document.contains("\napiVersion: cert-manager.io/"));
    for (file, text) in [
        ("deploy/self-managed/jobguard.yaml", template(&[])),
        ("deploy/cert-manager/jobguard.yaml", format!("---\n{}", rest.join("---\n"))),
        ("certs/cert-manager/certificates.yaml", format!("---\n{}", certificates.join("---\n"))),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        if std::env::var_os("JOBGUARD_BLESS").is_some() {
            fs::write(&path, text).unwrap();
        } else {
            let known = fs::read_to_string(&path).unwrap_or_default();
            assert!(known == text, "{file} is not what the chart renders: run again with JOBGUARD_BLESS=1");
        }
    }
}

/// What whoever looks for keys would find.
#[test]
fn no_private_key_lies_about() {
    for folder in ["certs", "charts", "deploy", "examples"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in ignore::Walk::new(path).filter_map(Result::ok) {
            let Ok(bytes) = fs::read(entry.path()) else { continue };
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("PRIVATE KEY-----\n"), "{}", entry.path().display());
        }
    }
}

/// The one that `policy.fallback` names, else the preset that the policy builds on; nothing where a policy cannot be wrong.
#[test]
fn a_policy_that_can_be_wrong_has_a_fallback() {
    let Some(helm) = Helm::find() else { return };
    let own = ["--set", "policy.existingConfigMap.name=own"];
    for (more, fallback) in [
        (&[][..], None),
        (&["--set", "policy.preset=strict"], None),
        (&own, Some("recommended")),
        (&[own[0], "policy.existingConfigMap.name=own,policy.preset=baseline"], Some("baseline")),
        (&["--set", "policy.inline.mode=warn,policy.preset=strict"], Some("strict")),
        (&["--set", "policy.inline.extends=strict"], Some("strict")),
        (&["--set", "policy.inline.mode=warn,policy.fallback=none"], Some("none")),
    ] {
        let objects = objects(&helm.template("default", more));
        let passed = arguments(&objects)
            .into_iter()
            .find_map(|argument| argument.strip_prefix("--policy-fallback=").map(str::to_owned));
        assert_eq!(passed.as_deref(), fallback, "{more:?}");
    }
}
