//! Two lists at once, of which one is looked up in the other.

use serde_json::{Value, json};

use super::schema::base;

type Make = fn(usize) -> Value;

/// What to call it, and an object with so many of both.
pub(crate) const ALL: &[(&str, Make)] = &[
    ("profiles of containers in annotations", profiles_in_annotations),
    ("profiles of absent containers in annotations", profiles_of_nobody),
    ("volumes and mounts", mounts),
    ("variables from files in volumes", files),
    ("ports of many containers", ports),
    ("ports of the host", host_ports),
    ("claims", claims),
    ("requests of many containers, and the Pod's", requests),
    ("a request of many digits beside many", digits),
    ("a limit of many digits beside many", limit_digits),
    ("a limit of many zeros beside many", zeros),
    ("failure rules of containers", failure_rules),
    ("the same exit code again and again", exit_codes),
    ("selectors", selectors),
    ("files of projected volumes", projected),
    ("containers that offend", offenders),
    ("containers that offend, in another order", offenders),
    ("variables that are set again", variables),
    ("an annotation of many names", names),
    ("an annotation of many rules, and many findings", rules),
    ("an annotation of one long name", long_name),
    ("a template in every field", placeholders),
    ("containers that never end", endless),
    ("programs of a script, and mounts", programs_and_mounts),
    ("words of a command line, and variables", words_and_variables),
    ("dollars in an argument", dollars),
    ("parentheses in a script", |count| script("((a);b) ; ".repeat(count))),
    ("loops in a script", |count| script("while true; do a; done & ".repeat(count))),
    ("here-documents of a script", |count| script(format!("cat {}\n", "<<A ".repeat(count)))),
    ("quotes in a script", |count| script("a \"$(b \"c\")\" 'd' `e`; ".repeat(count))),
];

fn script(text: String) -> Value {
    with(|object| {
        let ending = format!("{text}\ntail -f /log");
        pod(object)["containers"] = json!([
            {"name": "a", "image": "example.com/app:1.0", "command": ["bash", "-c", ending, "x", "y"]},
            {"name": "b", "image": "example.com/app:1.0"},
        ]);
    })
}

fn endless(count: usize) -> Value {
    with(|object| {
        pod(object)["containers"] = each(count, |n| match n % 3 {
            0 => json!({"name": format!("c{n}"), "image": "fluent/fluent-bit:3"}),
            1 => json!({"name": format!("c{n}"), "image": "a", "command": ["sh", "-c", "tail -f /x"]}),
            _ => container(n),
        });
    })
}

fn programs_and_mounts(count: usize) -> Value {
    with(|object| {
        pod(object)["volumes"] =
            each(count, |n| json!({"name": format!("v{n}"), "configMap": {"name": "s"}}));
        let mounts = each(count, |n| json!({"name": format!("v{n}"), "mountPath": format!("/data/{n}")}));
        let programs: String = (0..count).map(|n| format!("/data/x{n}/a && /data/y{n}/b; ")).collect();
        pod(object)["containers"][0]["command"] = json!(["sh", "-c", programs]);
        pod(object)["containers"][0]["volumeMounts"] = mounts;
    })
}

fn dollars(count: usize) -> Value {
    with(|object| {
        pod(object)["containers"][0]["command"] = json!(["app", format!("{})", "$(a b".repeat(count * 8))]);
    })
}

fn words_and_variables(count: usize) -> Value {
    with(|object| {
        pod(object)["containers"][0]["command"] = json!(["app"]);
        pod(object)["containers"][0]["args"] = each(count, |n| format!("$(A{n}) sh $$ ${{x").into());
        pod(object)["containers"][0]["env"] =
            each(count, |n| json!({"name": format!("A{n}"), "value": format!("$(A{})", n + 1)}));
    })
}

fn pod(object: &mut Value) -> &mut Value {
    &mut object["spec"]["template"]["spec"]
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut object = base("Job");
    change(&mut object);
    object
}

fn each(count: usize, element: impl Fn(usize) -> Value) -> Value {
    (0..count).map(element).collect()
}

fn container(number: usize) -> Value {
    json!({"name": format!("c{number}"), "image": "example.com/app:1.0"})
}

fn apparmor(count: usize, prefix: &str) -> Value {
    with(|object| {
        pod(object)["containers"] = each(count, container);
        let annotations = (0..count).map(|n| {
            (format!("container.apparmor.security.beta.kubernetes.io/{prefix}{n}"), "unconfined".into())
        });
        object["spec"]["template"]["metadata"]["annotations"] = Value::Object(annotations.collect());
    })
}

fn profiles_in_annotations(count: usize) -> Value {
    apparmor(count, "c")
}

fn profiles_of_nobody(count: usize) -> Value {
    apparmor(count, "nobody")
}

fn mounts(count: usize) -> Value {
    with(|object| {
        pod(object)["volumes"] = each(count, |n| json!({"name": format!("v{n}"), "emptyDir": {}}));
        pod(object)["containers"][0]["volumeMounts"] =
            each(count, |n| json!({"name": format!("v{n}"), "mountPath": format!("/data/{n}")}));
        pod(object)["containers"][0]["volumeDevices"] =
            each(count, |n| json!({"name": format!("v{n}"), "devicePath": format!("/dev/{n}")}));
    })
}

fn files(count: usize) -> Value {
    with(|object| {
        pod(object)["volumes"] = each(count, |n| json!({"name": format!("v{n}"), "emptyDir": {}}));
        pod(object)["containers"][0]["env"] = each(count, |n| {
            let file = json!({"volumeName": format!("v{}", n + 1), "path": "a", "key": "K"});
            json!({"name": format!("E{n}"), "valueFrom": {"fileKeyRef": file}})
        });
    })
}

fn ports(count: usize) -> Value {
    with(|object| {
        pod(object)["containers"] = each(count, |n| {
            let mut container = container(n);
            container["ports"] =
                json!([{"containerPort": 80, "name": "http"}, {"containerPort": 80, "hostIP": "1.2.3.4"}]);
            container
        });
    })
}

fn host_ports(count: usize) -> Value {
    with(|object| {
        pod(object)["containers"] = each(count, |n| {
            let mut container = container(n);
            container["ports"] =
                json!([{"containerPort": 80, "hostPort": 80, "hostIP": format!("10.0.0.{n}")}]);
            container
        });
    })
}

fn claims(count: usize) -> Value {
    with(|object| {
        pod(object)["resourceClaims"] =
            each(count, |n| json!({"name": format!("c{n}"), "resourceClaimName": "x"}));
        let claims = (0..count).map(|n| json!({"name": "c0", "request": format!("r{n}")}));
        let again = (0..count).map(|n| json!({"name": format!("c{n}")}));
        pod(object)["containers"][0]["resources"]["claims"] = claims.chain(again).collect();
    })
}

fn asking(count: usize, requests: impl Fn(usize) -> Value, of_pod: Value) -> Value {
    with(|object| {
        pod(object)["resources"] = of_pod;
        for (list, policy) in [("containers", None), ("initContainers", Some("Always"))] {
            pod(object)[list] = each(count, |n| {
                let mut container =
                    json!({"name": format!("{list}{n}"), "image": "a:1", "resources": requests(n)});
                if let Some(policy) = policy {
                    container["restartPolicy"] = policy.into();
                }
                container
            });
        }
    })
}

fn requests(count: usize) -> Value {
    let of_pod = json!({"requests": {"cpu": "1"}, "limits": {"cpu": "1", "memory": "1"}});
    asking(count, |_| json!({"requests": {"cpu": "1m"}, "limits": {"cpu": "2", "memory": "3"}}), of_pod)
}

fn digits(count: usize) -> Value {
    let many = "9".repeat(count * 8);
    let of_pod = json!({"requests": {"cpu": many}, "limits": {"cpu": many}});
    asking(count, |n| json!({"requests": {"cpu": if n == 0 { many.as_str() } else { "1" }}}), of_pod)
}

fn limit_digits(count: usize) -> Value {
    let of_pod = json!({"limits": {"hugepages-2Mi": "9".repeat(count * 8)}});
    asking(count, |_| json!({"limits": {"hugepages-2Mi": "2Mi"}}), of_pod)
}

fn zeros(count: usize) -> Value {
    asking(
        count,
        |_| json!({}),
        json!({"limits": {"cpu": "0".repeat(count * 8), "memory": "0".repeat(count * 8)}}),
    )
}

fn failure_rules(count: usize) -> Value {
    with(|object| {
        pod(object)["containers"] = each(count, container);
        let rule = |n: usize| {
            let codes = json!({"containerName": format!("c{n}"), "operator": "In", "values": [n]});
            json!({"action": "Ignore", "onExitCodes": codes})
        };
        object["spec"]["podFailurePolicy"]["rules"] = each(count, rule);
    })
}

fn exit_codes(count: usize) -> Value {
    with(|object| {
        let values = (0..count).map(|n| n / 2).rev().collect::<Vec<_>>();
        let rule = json!({"action": "Ignore", "onExitCodes": {"operator": "In", "values": values}});
        object["spec"]["podFailurePolicy"]["rules"] = json!([rule]);
    })
}

fn selectors(count: usize) -> Value {
    with(|object| {
        let labels: serde_json::Map<String, Value> =
            (0..count).map(|n| (format!("k{n}"), "v".into())).collect();
        let key = |n: usize| json!({"key": format!("k{n}"), "operator": "In", "values": ["w", "v"]});
        object["spec"]["manualSelector"] = true.into();
        object["spec"]["selector"] = json!({"matchLabels": labels, "matchExpressions": each(count, key)});
        object["spec"]["template"]["metadata"]["labels"] = Value::Object(labels.clone());
        let keys = each(count, |n| format!("k{n}").into());
        pod(object)["topologySpreadConstraints"] = json!([{
            "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "matchLabelKeys": keys,
            "labelSelector": {"matchLabels": labels, "matchExpressions": each(count, key)},
        }]);
    })
}

fn projected(count: usize) -> Value {
    with(|object| {
        let items = each(count, |n| json!({"key": "k", "path": format!("d/{}", n / 2)}));
        pod(object)["volumes"] =
            json!([{"name": "v", "projected": {"sources": [{"secret": {"name": "s", "items": items}}]}}]);
    })
}

fn offenders(count: usize) -> Value {
    with(|object| {
        pod(object)["containers"] = each(
            count,
            |n| json!({"name": format!("c{n}"), "image": "a", "securityContext": {"privileged": true}, "readinessProbe": {}}),
        );
        pod(object)["initContainers"] = each(count, |n| json!({"name": "same", "image": format!("i{n}")}));
    })
}

fn variables(count: usize) -> Value {
    with(|object| {
        pod(object)["containers"][0]["env"] =
            each(count, |n| json!({"name": "PATH", "value": format!("{n}:$(PATH)")}));
    })
}

fn ignoring(annotation: String) -> Value {
    with(|object| object["metadata"]["annotations"] = json!({"jobguard.dev/ignore": annotation}))
}

fn names(count: usize) -> Value {
    ignoring((0..count * 10).map(|n| format!("cron/zone-missin{n}")).collect::<Vec<_>>().join(","))
}

fn rules(count: usize) -> Value {
    let mut object = offenders(count);
    let names: Vec<&str> = jobguard::rules::registry().rules().iter().map(|rule| rule.id()).collect();
    object["metadata"]["annotations"] = json!({"jobguard.dev/ignore": names.join(" ")});
    object
}

fn long_name(count: usize) -> Value {
    ignoring(format!("cron/zone-missing{}", "g".repeat(count * 100)))
}

fn placeholders(count: usize) -> Value {
    with(|object| {
        pod(object)["containers"] = each(count, |n| json!({"name": format!("c{n}"), "image": "$IMAGE"}));
    })
}
