//! Timelines worked out by hand from what the controller does.

use super::*;

fn lines(timeline: &Timeline) -> Vec<String> {
    timeline.events.iter().map(line).chain([end(timeline)]).collect()
}

fn worst(spec: Value, pod: Value, expected: i64) -> Timeline {
    forecast(&job(spec, pod), Some(expected), &[]).worst_case
}

fn supposed(spec: Value, pod: Value, expected: i64, texts: &[&str]) -> Timeline {
    let (spec, what_if) = (job(spec, pod), what_if(texts));
    WhatIf::check(&what_if, &spec).unwrap();
    forecast(&spec, Some(expected), &what_if).what_if.unwrap()
}

#[test]
fn six_retries_by_default() {
    let timeline = worst(json!({}), json!({}), 0);
    assert_eq!(
        lines(&timeline),
        [
            "0: start 1",
            "0: try 1 fails 1 Count -> 10",
            "10: try 2 fails 1 Count -> 30",
            "30: try 3 fails 1 Count -> 70",
            "70: try 4 fails 1 Count -> 150",
            "150: try 5 fails 1 Count -> 310",
            "310: try 6 fails 1 Count -> 630",
            "630: try 7 fails 1 Count",
            "630: BackoffLimitExceeded",
        ]
    );
    assert_eq!(timeline.end.by, By::BackoffLimit { limit: 6, failures: 7 });
    assert_eq!(timeline.left, Some(Left { failed_pods: 7, ..Left::default() }));
    assert!(!timeline.end.certain);
}

#[test]
fn each_try_takes_its_time() {
    let timeline = worst(json!({"backoffLimit": 2, "ttlSecondsAfterFinished": 100}), json!({}), 60);
    assert_eq!(
        lines(&timeline),
        [
            "0: start 1",
            "60: try 1 fails 1 Count -> 70",
            "130: try 2 fails 1 Count -> 150",
            "210: try 3 fails 1 Count",
            "210: BackoffLimitExceeded",
        ]
    );
    assert_eq!(timeline.removed_at_seconds, Some(310));
}

#[test]
fn restarts_in_place() {
    let on_failure = || json!({"restartPolicy": "OnFailure"});
    let timeline = worst(json!({}), on_failure(), 0);
    // The first restart comes at once, and the sixth is one too many.
    assert_eq!(
        lines(&timeline),
        [
            "0: start 1",
            "0: try 1 exits 1 -> 0",
            "0: try 2 exits 1 -> 10",
            "10: try 3 exits 1 -> 30",
            "30: try 4 exits 1 -> 70",
            "70: try 5 exits 1 -> 150",
            "150: try 6 exits 1 -> 310",
            "310: BackoffLimitExceeded",
        ]
    );
    assert_eq!(timeline.end.by, By::Restarts { limit: 6, restarts: 6 });
    assert_eq!(timeline.end.finished_by_seconds, Some(340));
    // The Pod is deleted, and its log with it.
    assert_eq!(timeline.left, Some(Left { deleted_pods: 1, ..Left::default() }));
    // 0 and 1 are the same.
    for limit in [0, 1] {
        let timeline = worst(json!({"backoffLimit": limit}), on_failure(), 5);
        assert_eq!(lines(&timeline), ["0: start 1", "5: try 1 exits 1 -> 5", "5: BackoffLimitExceeded"]);
    }
    // After ten minutes there is no delay.
    let long = worst(json!({"backoffLimit": 3}), on_failure(), 700);
    assert_eq!(end(&long), "2100: BackoffLimitExceeded");
    let short = worst(json!({"backoffLimit": 3}), on_failure(), 600);
    assert_eq!(end(&short), "1830: BackoffLimitExceeded");
    // Restarts of all Pods are added up: two Pods, each restarted twice, are four.
    let two = worst(json!({"backoffLimit": 4, "completions": 2, "parallelism": 2}), on_failure(), 1);
    assert_eq!(end(&two), "12: BackoffLimitExceeded");
}

#[test]
fn an_own_restart_policy_decides_before_the_pods() {
    let container = |policy: &str| json!({"containers": [{"name": "main", "restartPolicy": policy}]});
    let mut never = container("Never");
    never["restartPolicy"] = json!("OnFailure");
    assert_eq!(end(&worst(json!({"backoffLimit": 1}), never, 0)), "10: BackoffLimitExceeded");
    // Nothing counts these restarts.
    let forecast = forecast(&job(json!({"backoffLimit": 1}), container("OnFailure")), Some(0), &[]);
    assert_eq!(end(&forecast.worst_case), "never: Uncounted");
    assert!(forecast.bound.open.contains(&Open::OwnRestarts { container: "main".to_owned() }));
    // Without a rule, a rule's container ends as the Pod says.
    let rules = json!({"containers": [{"name": "main", "restartPolicy": "Never", "restartPolicyRules":
        [{"action": "Restart", "exitCodes": {"operator": "In", "values": [3]}}]}]});
    let spec = job(json!({"backoffLimit": 0}), rules);
    let what = |text: &str| super::forecast(&spec, Some(0), &what_if(&[text])).what_if.unwrap();
    assert_eq!(end(&what("exit=1")), "0: BackoffLimitExceeded");
    assert_eq!(end(&what("exit=3")), "never: Uncounted");
}

#[test]
fn each_index_has_retries_of_its_own() {
    let indexed = |more: Value| {
        let mut spec = json!({"completionMode": "Indexed", "completions": 3, "parallelism": 2,
            "backoffLimitPerIndex": 1});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        spec
    };
    assert_eq!(
        lines(&worst(indexed(json!({})), json!({}), 0)),
        [
            "0: start 2",
            "0: try 1 fails 2 Count -> 10",
            "10: try 2 fails 2 Count",
            "10: indexes failed 2",
            "10: start 1 index 2",
            "10: try 1 fails 1 index 2 Count -> 20",
            "20: try 2 fails 1 index 2 Count",
            "20: indexes failed 3",
            "20: FailedIndexes",
        ]
    );
    let one_by_one = worst(indexed(json!({"parallelism": 1, "maxFailedIndexes": 1})), json!({}), 5);
    assert_eq!(
        lines(&one_by_one),
        [
            "0: start 1 index 0",
            "5: try 1 fails 1 index 0 Count -> 15",
            "20: try 2 fails 1 index 0 Count",
            "20: indexes failed 1",
            "20: start 1 index 1",
            "25: try 1 fails 1 index 1 Count -> 35",
            "40: try 2 fails 1 index 1 Count",
            "40: indexes failed 2",
            "40: MaxFailedIndexesExceeded",
        ]
    );
    // An index that waits keeps its place: index 2 begins once index 0 has ended.
    assert_eq!(
        lines(&supposed(indexed(json!({})), json!({}), 5, &["exit=1,index=0", "exit=1,index=1,try=1"])),
        [
            "0: start 2",
            "5: try 1 fails 2 Count -> 15",
            "20: try 2 fails 1 index 0 Count",
            "20: indexes failed 1",
            "20: try 2 succeeds 1 index 1",
            "20: start 1 index 2",
            "25: try 1 succeeds 1 index 2",
            "25: FailedIndexes",
        ]
    );
    // A limit for all of them goes before.
    let both = worst(indexed(json!({"backoffLimit": 2})), json!({}), 0);
    assert_eq!(end(&both), "10: BackoffLimitExceeded");
    // Restarts in place are not an index's failures.
    let on_failure = worst(indexed(json!({"backoffLimit": 4})), json!({"restartPolicy": "OnFailure"}), 0);
    assert_eq!(end(&on_failure), "10: BackoffLimitExceeded");
}

#[test]
fn a_deadline_ends_everything() {
    let timeline = worst(json!({"activeDeadlineSeconds": 100}), json!({}), 0);
    assert_eq!(lines(&timeline)[4..], ["70: try 4 fails 1 Count", "100: DeadlineExceeded"]);
    assert!(timeline.end.certain);
    assert_eq!(timeline.end.finished_by_seconds, Some(100));
    let hanging = supposed(json!({"activeDeadlineSeconds": 100}), json!({}), 5, &["hang"]);
    assert_eq!(lines(&hanging), ["0: start 1", "0-100: try 1 hangs 1", "100: DeadlineExceeded"]);
    assert_eq!(hanging.end.finished_by_seconds, Some(130));
    assert_eq!(hanging.left, Some(Left { deleted_pods: 1, ..Left::default() }));
    // At the same moment, the limit goes before the deadline.
    let both = worst(json!({"activeDeadlineSeconds": 60, "backoffLimit": 2}), json!({}), 10);
    assert_eq!(end(&both), "60: BackoffLimitExceeded");
    // No Pod is created any more once it is over.
    let none = worst(json!({"activeDeadlineSeconds": 30, "backoffLimit": 2}), json!({}), 0);
    assert_eq!(end(&none), "30: DeadlineExceeded");
    assert_eq!(end(&worst(json!({"activeDeadlineSeconds": 0}), json!({}), 0)), "0: DeadlineExceeded");
    assert_eq!(end(&supposed(json!({}), json!({}), 5, &["hang"])), "never: Hang");
}

#[test]
fn a_pods_own_deadline_is_a_failure() {
    let pod = || json!({"activeDeadlineSeconds": 100, "terminationGracePeriodSeconds": 20});
    let spec = job(json!({"backoffLimit": 1}), pod());
    let known = forecast(&spec, None, &[]);
    assert_eq!(
        lines(&known.worst_case),
        [
            "0: start 1",
            "0-120: try 1 hangs 1",
            "120: try 1 fails 1 Count -> 130",
            "130-250: try 2 hangs 1",
            "250: try 2 fails 1 Count",
            "250: BackoffLimitExceeded",
        ]
    );
    assert_eq!(known.bound, Bound { latest_seconds: Some(250), open: vec![Open::Unscheduled] });
    assert_eq!(known.worst_case.left.unwrap().failed_pods, 2);
    // A container that takes longer is ended, however it would have ended.
    assert_eq!(
        end(&supposed(json!({"backoffLimit": 0}), pod(), 100, &["success"])),
        "120: BackoffLimitExceeded"
    );
    assert_eq!(end(&supposed(json!({"backoffLimit": 0}), pod(), 99, &["success"])), "99: CompletionsReached");
    // It is over all restarts of the Pod: the fifth is due at 150 s, and so the Pod fails before.
    let restarted = json!({"activeDeadlineSeconds": 100, "restartPolicy": "OnFailure"});
    assert_eq!(
        lines(&supposed(json!({"backoffLimit": 5}), restarted, 0, &["exit=1"]))[..9],
        [
            "0: start 1",
            "0: try 1 exits 1 -> 0",
            "0: try 2 exits 1 -> 10",
            "10: try 3 exits 1 -> 30",
            "30: try 4 exits 1 -> 70",
            "70: try 5 exits 1",
            "100: try 5 fails 1 Count -> 110",
            "110: try 6 exits 1 -> 110",
            "110: try 7 exits 1 -> 120",
        ]
    );
}

#[test]
fn rules_of_a_pod_failure_policy() {
    let policy = || {
        json!({"backoffLimit": 1, "podFailurePolicy": {"rules": [
            {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42], "containerName": "main"}},
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        ]}})
    };
    let fail_job = supposed(policy(), json!({}), 60, &["exit=42,try=2", "exit=1"]);
    assert_eq!(
        lines(&fail_job),
        [
            "0: start 1",
            "60: try 1 fails 1 Count -> 70",
            "130: try 2 fails 1 FailJob rule 0",
            "130: PodFailurePolicy",
        ]
    );
    assert_eq!(fail_job.end.by, By::PodFailurePolicy { rule: 0 });
    // With a policy, a Pod has failed once it has ended: the delay begins after its 30 s. The delays grow all the same.
    let ignored = supposed(policy(), json!({}), 60, &["disruption"]);
    assert_eq!(
        lines(&ignored)[..4],
        [
            "0: start 1",
            "90: try 1 fails 1 Ignore rule 1 -> 100",
            "190: try 2 fails 1 Ignore rule 1 -> 210",
            "300: try 3 fails 1 Ignore rule 1 -> 340",
        ]
    );
    assert_eq!(
        lines(&ignored)[7..],
        [
            // 340+90+80, 510+90+160, 760+90+320, 1170+90+600, 1860+90+600.
            "1260: try 7 fails 1 Ignore rule 1 -> 1860".to_owned(),
            "1950: try 8 fails 1 Ignore rule 1 -> 2550".to_owned(),
            "2550: again each 690 xNone Some((9, None)) failures 0 successes 0".to_owned(),
            "never: Uncounted".to_owned(),
        ]
    );
    // The worst case counts, but the rule keeps it open.
    let known = forecast(&job(policy(), json!({})), Some(0), &[]);
    assert_eq!(end(&known.worst_case), "10: BackoffLimitExceeded");
    assert_eq!(known.bound.open, [Open::TryLength, Open::Ignored { rule: 1 }]);
    assert_eq!(known.pods_in_all.at_most, AtMost::Unbounded);
}

#[test]
fn a_disrupted_pod_is_replaced_at_once_by_default() {
    let spec = || json!({"backoffLimit": 1});
    let at_once = supposed(spec(), json!({}), 60, &["disruption,try=1"]);
    assert_eq!(
        lines(&at_once),
        ["0: start 1", "60: try 1 fails 1 Count -> 70", "130: try 2 succeeds 1", "130: CompletionsReached"]
    );
    // The Pod that was disrupted is gone.
    assert_eq!(at_once.left, Some(Left { succeeded_pods: 1, deleted_pods: 1, failed_pods: 0 }));
    let mut waits = spec();
    waits["podReplacementPolicy"] = json!("Failed");
    let waits = supposed(waits, json!({}), 60, &["disruption,try=1"]);
    assert_eq!(end(&waits), "160: CompletionsReached");
}

#[test]
fn pods_that_fail_at_once_count_together() {
    let spec = |limit: i64| json!({"backoffLimit": limit, "completions": 6, "parallelism": 3});
    assert_eq!(
        lines(&worst(spec(2), json!({}), 5)),
        ["0: start 3", "5: try 1 fails 3 Count", "5: BackoffLimitExceeded"]
    );
    // Three in a row: 40 s.
    assert_eq!(
        lines(&worst(spec(4), json!({}), 5)),
        ["0: start 3", "5: try 1 fails 3 Count -> 45", "50: try 2 fails 3 Count", "50: BackoffLimitExceeded",]
    );
}

#[test]
fn a_success_ends_the_delay() {
    let indexed = json!({"completionMode": "Indexed", "completions": 3, "parallelism": 2});
    assert_eq!(
        lines(&supposed(indexed, json!({}), 5, &["exit=1,index=0"]))[..8],
        [
            // Index 1 succeeds at the same moment: no delay for index 0, nor for index 2.
            "0: start 2",
            "5: try 1 fails 1 index 0 Count -> 5",
            "5: try 1 succeeds 1 index 1",
            "5: start 1 index 2",
            "10: try 2 fails 1 index 0 Count -> 10",
            "10: try 1 succeeds 1 index 2",
            "15: try 3 fails 1 index 0 Count -> 25",
            "30: try 4 fails 1 index 0 Count -> 50",
        ]
    );
}

#[test]
fn a_success_policy_ends_what_still_runs() {
    let spec = |rules: Value| json!({"completionMode": "Indexed", "completions": 5, "parallelism": 5, "successPolicy": {"rules": rules}});
    let leader = supposed(
        spec(json!([{"succeededIndexes": "0"}])),
        json!({}),
        60,
        &["hang,index=3", "exit=1,index=4"],
    );
    assert_eq!(end(&leader), "60: SuccessPolicy");
    assert_eq!(leader.left, Some(Left { failed_pods: 1, succeeded_pods: 3, deleted_pods: 1 }));
    assert_eq!(leader.end.finished_by_seconds, Some(90));
    let two = json!([{"succeededIndexes": "3-4"}, {"succeededIndexes": "0-2", "succeededCount": 2}]);
    let two = supposed(spec(two), json!({}), 60, &["hang", "success,index=1", "success,index=2"]);
    assert_eq!(two.end.by, By::SuccessPolicy { rule: 1 });
    let none = supposed(spec(json!([{"succeededCount": 3}])), json!({}), 60, &["hang", "success,index=1"]);
    assert_eq!(end(&none), "never: Hang");
}

#[test]
fn a_work_queue_ends_with_the_first_success() {
    let queue = || json!({"parallelism": 3});
    let second = supposed(queue(), json!({}), 10, &["exit=1,try=1"]);
    // Three failures at once: 40 s.
    assert_eq!(
        lines(&second),
        ["0: start 3", "10: try 1 fails 3 Count -> 50", "60: try 2 succeeds 3", "60: CompletionsReached",]
    );
}

#[test]
fn nothing_to_do() {
    assert_eq!(end(&worst(json!({"completions": 0}), json!({}), 0)), "0: CompletionsReached");
    let paused = forecast(&job(json!({"parallelism": 0, "completions": 2}), json!({})), None, &[]);
    assert!(paused.paused);
    assert_eq!(end(&paused.worst_case), "never: Paused");
    assert_eq!(paused.pods_in_all, PodsInAll { at_least: Some(0), at_most: AtMost::Pods(0) });
    let deadline = json!({"parallelism": 0, "completions": 2, "activeDeadlineSeconds": 60});
    assert_eq!(end(&worst(deadline, json!({}), 0)), "60: DeadlineExceeded");
    let other = forecast(&job(json!({"managedBy": "kueue.x-k8s.io/multikueue"}), json!({})), None, &[]);
    assert_eq!(end(&other.worst_case), "never: OtherController");
    assert_eq!(other.pods_in_all.at_most, AtMost::Unknown);
}

#[test]
fn patterns_and_pods() {
    for (spec, pattern, at_once, at_least, at_most) in [
        (json!({}), Pattern::OneOff, 1, 1, 7),
        (json!({"completions": 1, "parallelism": 4}), Pattern::OneOff, 1, 1, 7),
        (json!({"completions": 5, "parallelism": 2}), Pattern::FixedCompletionCount, 2, 5, 11),
        (json!({"parallelism": 4, "backoffLimit": 0}), Pattern::WorkQueue, 4, 4, 4),
        (json!({"completionMode": "Indexed", "completions": 5}), Pattern::Indexed, 1, 5, 11),
        (
            json!({"completionMode": "Indexed", "completions": 5, "parallelism": 9, "backoffLimitPerIndex": 2}),
            Pattern::Indexed,
            5,
            5,
            15,
        ),
    ] {
        let known = forecast(&job(spec.clone(), json!({})), None, &[]);
        assert_eq!((known.pattern, known.pods_at_once), (pattern, at_once), "{spec}");
        let all = PodsInAll { at_least: Some(at_least), at_most: AtMost::Pods(at_most) };
        assert_eq!(known.pods_in_all, all, "{spec}");
    }
    let peers = job(json!({"completionMode": "Indexed", "completions": 2}), json!({"subdomain": "peers"}));
    assert_eq!(Pattern::of(&peers), Pattern::Peers);
}

#[test]
fn large_numbers_are_folded() {
    let many = worst(json!({"backoffLimit": i32::MAX}), json!({}), 0);
    // Eight tries have failed when the ninth begins at 1830 s, and 2147483647 may: of the tries that are left, the last
    // is the one too many.
    assert_eq!(
        lines(&many)[8..],
        [
            "1230: try 8 fails 1 Count -> 1830",
            "1830-1288490185230: again each 600 xSome(2147483639) Some((9, Some(2147483647))) \
             failures 2147483639 successes 0",
            "1288490185230: try 2147483648 fails 1 Count",
            "1288490185230: BackoffLimitExceeded",
        ]
    );
    // 630 s until the seventh try has failed, and 600 s for each after it.
    assert_eq!(many.end.at_seconds, Some(630 + 600 * (2_147_483_648 - 7)));
    let completions = json!({"completions": 1_000_000_000, "parallelism": 10});
    let all = supposed(completions, json!({}), 60, &["success"]);
    assert_eq!(end(&all), format!("{}: CompletionsReached", 6_000_000_000_i64));
    assert!(all.events.len() < 20, "{:?}", lines(&all));
    let indexes = json!({"completionMode": "Indexed", "completions": 1_000_000_000, "parallelism": 1,
        "backoffLimitPerIndex": 1_000_000_000, "maxFailedIndexes": 999_999_999});
    let indexes = worst(indexes, json!({}), 0);
    // The failures of all indexes together come to backoffLimit before the third index has had all its tries.
    assert_eq!(indexes.end.by, By::BackoffLimit { limit: 2_147_483_647, failures: 2_147_483_648 });
    assert!(indexes.events.len() < 80, "{}", indexes.events.len());
}

#[test]
fn as_json() {
    let spec = job(
        json!({"backoffLimit": 1, "activeDeadlineSeconds": 100, "ttlSecondsAfterFinished": 60,
            "podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]}}),
        json!({}),
    );
    let known = forecast(&spec, Some(5), &what_if(&["exit=42,container=main,try=1"]));
    assert_eq!(
        serde_json::to_value(&known).unwrap(),
        json!({
            "pattern": "oneOff",
            "suspended": false,
            "paused": false,
            "podsAtOnce": 1,
            "podsInAll": {"atLeast": 1, "atMost": 2},
            "bound": {"latestSeconds": 130, "open": []},
            "worstCase": {
                "tryLength": {"seconds": 5, "source": "expected"},
                "supposed": [{"happening": {"kind": "exit", "code": 1}}],
                "events": [
                    {"atSeconds": 0, "kind": "started", "pods": 1, "started": 1},
                    {"atSeconds": 5, "kind": "failed", "pods": 1, "try": 1, "cause": "exitCode", "exitCode": 1,
                        "container": "main", "action": "count", "failures": 1, "nextAtSeconds": 15},
                    {"atSeconds": 20, "kind": "failed", "pods": 1, "try": 2, "cause": "exitCode", "exitCode": 1,
                        "container": "main", "action": "count", "failures": 2},
                ],
                "end": {"certain": true, "atSeconds": 20, "finishedBySeconds": 20, "type": "Failed",
                    "reason": "BackoffLimitExceeded", "by": {"kind": "backoffLimit", "limit": 1, "failures": 2}},
                "left": {"failedPods": 2, "succeededPods": 0, "deletedPods": 0},
                "removedAtSeconds": 80,
            },
            "whatIf": {
                "tryLength": {"seconds": 5, "source": "expected"},
                "supposed": [{"happening": {"kind": "exit", "code": 42}, "container": "main", "try": 1}],
                "events": [
                    {"atSeconds": 0, "kind": "started", "pods": 1, "started": 1},
                    {"atSeconds": 5, "kind": "failed", "pods": 1, "try": 1, "cause": "exitCode", "exitCode": 42,
                        "container": "main", "rule": 0, "action": "failJob", "failures": 1},
                ],
                "end": {"certain": true, "atSeconds": 5, "finishedBySeconds": 5, "type": "Failed",
                    "reason": "PodFailurePolicy", "by": {"kind": "podFailurePolicy", "rule": 0}},
                "left": {"failedPods": 1, "succeededPods": 0, "deletedPods": 0},
                "removedAtSeconds": 65,
            },
        })
    );
}
