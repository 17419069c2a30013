//! Fields that take one of a few words.

use jobguard_apiserver::Kind;

/// By the name of the field's type in the API server. A test asks the API server's validation about each.
pub(super) const BY_TYPE: &[(&str, &[&str])] = &[
    ("v1.CompletionMode", &["NonIndexed", "Indexed"]),
    ("v1.ConcurrencyPolicy", &["Allow", "Forbid", "Replace"]),
    ("v1.DNSPolicy", &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]),
    ("v1.PodFailurePolicyAction", &["FailJob", "FailIndex", "Ignore", "Count"]),
    ("v1.PodFailurePolicyOnExitCodesOperator", &["In", "NotIn"]),
    ("v1.PodReplacementPolicy", &["TerminatingOrFailed", "Failed"]),
    ("v1.PreemptionPolicy", &["PreemptLowerPriority", "Never"]),
    ("v1.PullPolicy", &["Always", "IfNotPresent", "Never"]),
    ("v1.TerminationMessagePolicy", &["File", "FallbackToLogsOnError"]),
    ("v1.Protocol", &["TCP", "UDP", "SCTP"]),
    ("v1.SeccompProfileType", &["RuntimeDefault", "Localhost", "Unconfined"]),
    ("v1.TaintEffect", &["NoSchedule", "PreferNoSchedule", "NoExecute"]),
    ("v1.TolerationOperator", &["Exists", "Equal"]),
];

/// The words that a field takes; none where it takes others, or it is not known which.
pub(super) fn of(kind: Kind, steps: &[&str], type_name: &str) -> Option<&'static [&'static str]> {
    if type_name == "v1.RestartPolicy" {
        let pod = match kind {
            Kind::Job => &["spec", "template", "spec", "restartPolicy"][..],
            Kind::CronJob => &["spec", "jobTemplate", "spec", "template", "spec", "restartPolicy"],
        };
        // A Pod's own default is refused in a Job; of a container it is another field.
        return (steps == pod).then_some(&["Never", "OnFailure"]);
    }
    BY_TYPE.iter().find(|(name, _)| *name == type_name).map(|(_, values)| *values)
}

/// The name of a type for people who write one: `bool` and the like have two values too.
pub(super) const BOOL: &[&str] = &["true", "false"];

#[cfg(test)]
mod tests {
    use super::*;
    use jobguard_apiserver::{KubernetesVersion, Server};
    use jobguard_manifest::Tree;
    use serde_json::{Value, json};

    /// A manifest that has the field with this value, by its type.
    fn manifest(type_name: &str, value: &str) -> Value {
        let mut job = json!({
            "metadata": {"name": "a"},
            "spec": {
                "completions": 1, "completionMode": "Indexed", "backoffLimitPerIndex": 1,
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}},
            },
        });
        let pod = "/spec/template/spec";
        let container = "/spec/template/spec/containers/0";
        let rule = json!({"action": "Count", "onExitCodes": {"operator": "In", "values": [1]}});
        let (at, key, new) = match type_name {
            "v1.CompletionMode" => {
                job["spec"].as_object_mut().unwrap().remove("backoffLimitPerIndex");
                ("/spec", "completionMode", json!(value))
            }
            "v1.PodReplacementPolicy" => ("/spec", "podReplacementPolicy", json!(value)),
            "v1.PodFailurePolicyAction" => {
                let rule = json!({"action": value, "onExitCodes": {"operator": "In", "values": [1]}});
                ("/spec", "podFailurePolicy", json!({"rules": [rule]}))
            }
            "v1.PodFailurePolicyOnExitCodesOperator" => {
                let mut rule = rule;
                rule["onExitCodes"]["operator"] = json!(value);
                ("/spec", "podFailurePolicy", json!({"rules": [rule]}))
            }
            "v1.DNSPolicy" => {
                job["spec"]["template"]["spec"]["dnsConfig"] = json!({"nameservers": ["1.2.3.4"]});
                (pod, "dnsPolicy", json!(value))
            }
            "v1.PreemptionPolicy" => (pod, "preemptionPolicy", json!(value)),
            "v1.PullPolicy" => (container, "imagePullPolicy", json!(value)),
            "v1.TerminationMessagePolicy" => (container, "terminationMessagePolicy", json!(value)),
            "v1.Protocol" => (container, "ports", json!([{"containerPort": 80, "protocol": value}])),
            "v1.SeccompProfileType" => {
                let mut profile = json!({"type": value});
                if value == "Localhost" {
                    profile["localhostProfile"] = json!("a.json");
                }
                (pod, "securityContext", json!({"seccompProfile": profile}))
            }
            "v1.TaintEffect" => (pod, "tolerations", json!([{"operator": "Exists", "effect": value}])),
            "v1.TolerationOperator" => (pod, "tolerations", json!([{"key": "a", "operator": value}])),
            other => panic!("{other}: say where it stands"),
        };
        job.pointer_mut(at).unwrap()[key] = new;
        job
    }

    fn objections(type_name: &str, value: &str) -> Vec<String> {
        let server = Server::of(KubernetesVersion::default());
        if type_name == "v1.ConcurrencyPolicy" {
            let job = json!({"metadata": {"name": "a"}, "spec": {"schedule": "@daily", "concurrencyPolicy": value,
                "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}}}}}});
            return validate(&server, &job, Kind::CronJob);
        }
        validate(&server, &manifest(type_name, value), Kind::Job)
    }

    fn validate(server: &Server, object: &Value, kind: Kind) -> Vec<String> {
        let tree = Tree::from_value(object);
        let workload = server.decode(&tree, tree.root(), kind).workload.unwrap();
        let prepared = server.created(workload).prepare_for_create();
        server
            .validate_create(&prepared)
            .into_iter()
            .map(|error| format!("{}: {} ({})", error.path, error.message, error.help.unwrap_or_default()))
            .collect()
    }

    /// Each word is taken, and another is refused by naming them.
    #[test]
    fn as_the_api_server_has_it() {
        for (name, values) in BY_TYPE {
            for value in *values {
                let objections = objections(name, value);
                assert!(objections.is_empty(), "{name} {value}: {objections:?}");
            }
            let objections = objections(name, "Nonsense").join("\n");
            assert!(!objections.is_empty(), "{name}");
            for value in *values {
                assert!(objections.contains(value), "{name} {value}: {objections}");
            }
        }
    }

    #[test]
    fn of_a_jobs_pods() {
        let pod = ["spec", "template", "spec", "restartPolicy"];
        assert_eq!(of(Kind::Job, &pod, "v1.RestartPolicy").unwrap(), ["Never", "OnFailure"]);
        assert_eq!(of(Kind::CronJob, &pod, "v1.RestartPolicy"), None);
        assert_eq!(of(Kind::Job, &pod, "string"), None);
    }
}
