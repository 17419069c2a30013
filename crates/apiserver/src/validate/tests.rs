use serde_json::{Value, json};

use crate::Kind;
use crate::testing::{prepared, server};

fn said(kind: Kind, object: &Value) -> String {
    let line = |error: crate::FieldError| {
        let at = error.at.map(|at| format!(" (at {at})")).unwrap_or_default();
        let help = error.help.map(|help| format!("\n  {help}")).unwrap_or_default();
        format!("{}{at} {}: {}{help}", error.path, error.cause.as_str(), error.message)
    };
    server().validate_create(&prepared(kind, object)).into_iter().map(line).collect::<Vec<_>>().join("\n")
}

fn job(spec: Value) -> Value {
    let mut object = json!({
        "metadata": {"name": "sample"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}}},
    });
    for (key, value) in spec.as_object().unwrap() {
        object["spec"][key] = value.clone();
    }
    object
}

#[test]
fn a_plain_job_is_fine() {
    assert_eq!(said(Kind::Job, &job(json!({}))), "");
}

#[test]
fn an_empty_job_is_told_all_it_lacks() {
    insta::assert_snapshot!(said(Kind::Job, &json!({})), @r##"
    metadata.name FieldValueRequired: the object has no name
      set metadata.name, or metadata.generateName to have the server choose one
    spec.template.spec.containers FieldValueRequired: a Pod needs at least one container
    spec.template.spec.restartPolicy FieldValueRequired: a Job's Pods need restartPolicy Never or OnFailure; a Pod's own default, Always, is not allowed in a Job
      set restartPolicy: Never (a failed Pod is replaced) or OnFailure (its container is restarted in place)
    "##);
    insta::assert_snapshot!(said(Kind::CronJob, &json!({})), @r##"
    metadata.name FieldValueRequired: the object has no name
      set metadata.name, or metadata.generateName to have the server choose one
    spec.schedule FieldValueRequired: a CronJob needs a schedule
      set five fields: minute, hour, day of month, month, day of week, such as "*/5 * * * *"
    spec.jobTemplate.spec.template.spec.containers FieldValueRequired: a Pod needs at least one container
    spec.jobTemplate.spec.template.spec.restartPolicy FieldValueRequired: a Job's Pods need restartPolicy Never or OnFailure; a Pod's own default, Always, is not allowed in a Job
      set restartPolicy: Never (a failed Pod is replaced) or OnFailure (its container is restarted in place)
    "##);
}

#[test]
fn numbers_and_modes() {
    insta::assert_snapshot!(said(
        Kind::Job,
        &job(json!({
            "parallelism": -1, "backoffLimit": -1, "maxFailedIndexes": 1, "completionMode": "indexed",
            "managedBy": "controller", "podReplacementPolicy": "failed",
        }))
    ), @r##"
    spec.parallelism FieldValueInvalid: -1 is negative; the least is 0
    spec.backoffLimit FieldValueInvalid: -1 is negative; the least is 0
    spec.backoffLimitPerIndex FieldValueRequired: maxFailedIndexes counts indexes that have used up backoffLimitPerIndex, which is not set
      set backoffLimitPerIndex, or remove maxFailedIndexes
    spec.managedBy FieldValueInvalid: managedBy "controller" is not a domain with a path
      name the controller by a domain and a path, such as example.com/controller; leave the field out to have Kubernetes run the Job
    spec.completionMode FieldValueNotSupported: "indexed" is not a valid completionMode
      set completionMode: NonIndexed or Indexed
    spec.podReplacementPolicy FieldValueNotSupported: "failed" is not a valid podReplacementPolicy
      set podReplacementPolicy: TerminatingOrFailed or Failed
    "##);
    insta::assert_snapshot!(said(
        Kind::Job,
        &job(json!({
            "completions": 200_000, "parallelism": 200_000, "completionMode": "Indexed", "backoffLimitPerIndex": 1,
        }))
    ), @r##"
    spec.parallelism FieldValueInvalid: parallelism 200000 is above 100000, the most for an Indexed Job
    spec.maxFailedIndexes FieldValueRequired: above 100000 completions, with backoffLimitPerIndex, maxFailedIndexes must be set
      set maxFailedIndexes to at most 10000
    spec.parallelism FieldValueInvalid: parallelism 200000 is too large: above 100000 completions, with backoffLimitPerIndex, it is at most 10000
    "##);
    insta::assert_snapshot!(said(
        Kind::Job,
        &job(json!({
            "backoffLimitPerIndex": 1, "successPolicy": {"rules": [{}]},
        }))
    ), @r##"
    spec.backoffLimitPerIndex FieldValueInvalid: backoffLimitPerIndex needs an Indexed Job: without indexes there is nothing to count
      set completionMode: Indexed, or use backoffLimit
    spec.successPolicy FieldValueInvalid: a successPolicy needs an Indexed Job: it is about indexes
      set completionMode: Indexed and completions, or remove successPolicy
    "##);
}

#[test]
fn policies() {
    insta::assert_snapshot!(said(
        Kind::Job,
        &job(json!({"podFailurePolicy": {"rules": [
            {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [3, 0, 3], "containerName": "other"}},
            {"action": "Fail", "onPodConditions": [{"type": "a b", "status": "true"}]},
            {},
        ]}}))
    ), @r##"
    spec.podFailurePolicy.rules[0].action FieldValueInvalid: the action FailIndex needs backoffLimitPerIndex
      set backoffLimitPerIndex, or use FailJob
    spec.podFailurePolicy.rules[0].onExitCodes.containerName FieldValueInvalid: the Pod has no container "other"
      name one of the template's containers or init containers, or leave containerName out
    spec.podFailurePolicy.rules[0].onExitCodes.values[1] FieldValueInvalid: exit code 0 is success: no failed container has it
      remove the 0
    spec.podFailurePolicy.rules[0].onExitCodes.values[2] FieldValueDuplicate: exit code 3 is listed twice
    spec.podFailurePolicy.rules[0].onExitCodes.values FieldValueInvalid: the exit codes must be in ascending order
      sort the values
    spec.podFailurePolicy.rules[1].action FieldValueNotSupported: "Fail" is not a valid action of a podFailurePolicy
      set action: FailJob, FailIndex, Ignore or Count
    spec.podFailurePolicy.rules[1].onPodConditions[0].type FieldValueInvalid: the condition type "a b" has a malformed name part: use letters, digits, '-', '_' and '.', with a letter or digit first and last
      name a Pod condition, such as DisruptionTarget
    spec.podFailurePolicy.rules[1].onPodConditions[0].status FieldValueNotSupported: "true" is not a valid status of a Pod condition
      set status: "True", "False" or "Unknown", in quotes
    spec.podFailurePolicy.rules[2].action FieldValueRequired: a rule needs an action
      set action: FailJob, FailIndex, Ignore or Count
    spec.podFailurePolicy.rules[2] FieldValueInvalid: a rule needs onExitCodes or onPodConditions to say which failures it is about
      add one of them, or remove the rule
    "##);
    insta::assert_snapshot!(said(
        Kind::Job,
        &job(json!({
            "completionMode": "Indexed", "completions": 4, "parallelism": 2,
            "successPolicy": {"rules": [{"succeededIndexes": "0-9"}, {"succeededCount": 5}, {"succeededIndexes": "2,1"}]},
        }))
    ), @r##"
    spec.successPolicy.rules[0].succeededIndexes FieldValueInvalid: index "9" is too large: with 4 completions the last one is 3
      list indexes and ranges of them in ascending order, separated by commas: 0,2-4
    spec.successPolicy.rules[1].succeededCount FieldValueInvalid: succeededCount 5 is above completions, 4: it is never reached
    spec.successPolicy.rules[2].succeededIndexes FieldValueInvalid: index 1 does not come after the one before it
      list indexes and ranges of them in ascending order, separated by commas: 0,2-4
    "##);
}

#[test]
fn names_and_labels() {
    let mut object = job(json!({"completionMode": "Indexed", "completions": 100, "parallelism": 1}));
    object["metadata"] = json!({
        "name": "Report_for $ITEM",
        "labels": {"team a": "b c"},
        "annotations": {"a b": ""},
        "finalizers": ["cleanup"],
        "ownerReferences": [{"apiVersion": "batch/", "kind": "CronJob", "name": "c", "uid": "u"}],
    });
    object["spec"]["template"]["metadata"] = json!({"labels": {"job-name": "other", "x": "-"}});
    insta::assert_snapshot!(said(Kind::Job, &object), @r##"
    metadata.name FieldValueInvalid: the name "Report_for $ITEM" is not a DNS name: use lower-case letters, digits, '-' and '.', with a letter or digit first and last in each part
      choose a name such as nightly-backup
    metadata.labels (at metadata.labels[team a]) FieldValueInvalid: the label key "team a" has a malformed name part: use letters, digits, '-', '_' and '.', with a letter or digit first and last
    metadata.labels (at metadata.labels[team a]) FieldValueInvalid: the value of the label "team a", "b c", is not a label value: use letters, digits, '-', '_' and '.', with a letter or digit first and last
    metadata.annotations (at metadata.annotations[a b]) FieldValueInvalid: the annotation key "a b" has a malformed name part: use letters, digits, '-', '_' and '.', with a letter or digit first and last
    metadata.ownerReferences.apiVersion (at metadata.ownerReferences[0].apiVersion) FieldValueInvalid: an owner needs an apiVersion with a version, such as batch/v1
      owner references are set by controllers; in a manifest they are better left out
    metadata.finalizers[0] FieldValueInvalid: the finalizer "cleanup" has no domain
      a finalizer is written with its domain: example.com/cleanup
    spec.template.metadata.labels[job-name] FieldValueInvalid: the server sets this label to the Job's name, not "other"
      remove it: the server sets these labels and the selector itself, so that each Job has its own Pods
    spec.template.labels (at spec.template.metadata.labels[batch.kubernetes.io/job-name]) FieldValueInvalid: the value of the label "batch.kubernetes.io/job-name", "Report_for $ITEM", is not a label value: use letters, digits, '-', '_' and '.', with a letter or digit first and last
      the server gives this label the Job's name: choose a name that a label can have
    spec.template.labels (at spec.template.metadata.labels[x]) FieldValueInvalid: the value of the label "x", "-", is not a label value: use letters, digits, '-', '_' and '.', with a letter or digit first and last
    metadata.name FieldValueInvalid: the Job's last Pod would have the host name "Report_for $ITEM-99", which is not a DNS label: use lower-case letters, digits and '-', with a letter or digit first and last
      the name of an Indexed Job becomes part of host names: leave out dots, and use at most 60 characters
    "##);
}

#[test]
fn selectors() {
    insta::assert_snapshot!(said(Kind::Job, &job(json!({"selector": {"matchLabels": {"app": "a"}}}))), @r##"
    spec.selector FieldValueInvalid: the selector is not the one that the server generates for this Job
      remove it: the server sets these labels and the selector itself, so that each Job has its own Pods
    spec.template.metadata.labels FieldValueInvalid: the template's labels do not match the Job's selector, so it would not find its own Pods
      remove the selector, so that the server generates it, or give the template the labels that it selects
    "##);
    insta::assert_snapshot!(said(Kind::Job, &job(json!({"manualSelector": true}))), @r##"
    spec.selector FieldValueRequired: with manualSelector the Job needs a selector of its own
      remove manualSelector, so that the server generates a selector that no other Job has
    spec.template.metadata.labels FieldValueInvalid: a Job without selector does not select its own Pods
    "##);
}

#[test]
fn cron_jobs() {
    let spec = job(json!({"selector": {}, "manualSelector": true}))["spec"].clone();
    insta::assert_snapshot!(said(
        Kind::CronJob,
        &json!({
            "metadata": {"name": "a-name-that-is-much-too-long-for-the-name-of-any-cronjob"},
            "spec": {
                "schedule": "TZ=UTC 0 0 * * *", "timeZone": "Berlin", "concurrencyPolicy": "forbid",
                "failedJobsHistoryLimit": -1, "jobTemplate": {"spec": spec},
            },
        })
    ), @r##"
    spec.schedule FieldValueInvalid: the schedule contains a time zone, which Kubernetes refuses there
      remove it, and set `timeZone: UTC` in the CronJob's spec
    spec.timeZone FieldValueInvalid: there is no time zone `Berlin`
      did you mean `Europe/Berlin`?
    spec.concurrencyPolicy FieldValueNotSupported: "forbid" is not a valid concurrencyPolicy
      set concurrencyPolicy: Allow, Forbid or Replace
    spec.jobTemplate.spec.selector FieldValueInvalid: the selector in a CronJob's template would be shared by all its Jobs
      remove it: each Job of the CronJob gets a selector of its own
    spec.jobTemplate.spec.manualSelector FieldValueNotSupported: manualSelector cannot be true in a CronJob's template
      remove it: each Job of the CronJob gets a selector of its own
    spec.failedJobsHistoryLimit FieldValueInvalid: -1 is negative; the least is 0
    metadata.name FieldValueInvalid: a CronJob's name has at most 52 characters, not 56
      shorten it: its Jobs are named after it, with 11 more characters
    "##);
}

#[test]
fn what_makes_a_server_panic_is_named() {
    let without_completions = |success_policy: Value| {
        let mut spec = json!({"completionMode": "Indexed", "parallelism": 2});
        if !success_policy.is_null() {
            spec["successPolicy"] = success_policy;
        }
        let of_job = job(spec);
        let cron_job = json!({
            "metadata": {"name": "sample"},
            "spec": {"schedule": "@daily", "jobTemplate": {"spec": of_job["spec"]}},
        });
        let said = [said(Kind::Job, &of_job), said(Kind::CronJob, &cron_job)];
        assert!(said.iter().all(|said| said.contains("an Indexed Job needs completions")), "{said:?}");
        said.map(|said| said.contains("panic"))
    };
    assert_eq!(without_completions(json!({"rules": [{"succeededCount": 1}]})), [true, true]);
    assert_eq!(without_completions(json!({"rules": [{"succeededIndexes": "0"}]})), [true, true]);
    assert_eq!(without_completions(json!({"rules": []})), [false, false]);
    assert_eq!(without_completions(Value::Null), [false, false]);
}
