//! What holds for every Job.

use proptest::prelude::*;
use proptest::test_runner::Config;

use super::super::success_policy;
use super::*;

fn count(most: i32) -> impl Strategy<Value = Option<i32>> {
    proptest::option::of(0..=most)
}

fn rules() -> impl Strategy<Value = Value> {
    let action = || prop_oneof![Just("Count"), Just("Ignore"), Just("FailIndex"), Just("FailJob")];
    let rule = prop_oneof![
        (action(), 1..4, any::<bool>()).prop_map(|(action, code, inside)| {
            let operator = if inside { "In" } else { "NotIn" };
            json!({"action": action, "onExitCodes": {"operator": operator, "values": [code]}})
        }),
        action().prop_map(|action| {
            json!({"action": action, "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]})
        }),
        action().prop_map(|action| {
            json!({"action": action, "onExitCodes": {"operator": "In", "values": [137]}})
        }),
    ];
    proptest::collection::vec(rule, 0..3).prop_map(|rules| json!({"rules": rules}))
}

fn success_rules() -> impl Strategy<Value = Value> {
    let rule = prop_oneof![
        (1..5).prop_map(|count| json!({"succeededCount": count})),
        prop_oneof![Just("0"), Just("1-3"), Just("0,2-4")]
            .prop_map(|indexes| json!({"succeededIndexes": indexes})),
        (1..3).prop_map(|count| json!({"succeededIndexes": "1-4", "succeededCount": count})),
    ];
    proptest::collection::vec(rule, 0..3).prop_map(|rules| json!({"rules": rules}))
}

/// Jobs whose numbers are at most `most`, some of which the API server would refuse.
fn jobs(most: i32, deadline: i64) -> impl Strategy<Value = JobSpec> {
    let numbers = (count(most), count(most), count(most), count(most), count(most));
    let times = (
        proptest::option::of(0..=deadline),
        proptest::option::weighted(0.3, 1..700_i64),
        prop_oneof![Just(0_i64), Just(30), 1..40_i64],
    );
    let rest = (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        proptest::option::weighted(0.4, rules()),
        proptest::option::weighted(0.2, success_rules()),
    );
    (numbers, times, rest).prop_map(|(numbers, (deadline, pod_deadline, grace), rest)| {
        let (completions, parallelism, limit, per_index, max_failed) = numbers;
        let (indexed, on_failure, only_failed, failure_policy, success_policy) = rest;
        let mut spec = json!({"completions": completions, "parallelism": parallelism, "backoffLimit": limit,
            "activeDeadlineSeconds": deadline, "successPolicy": success_policy.filter(|_| indexed),
            "completionMode": if indexed { "Indexed" } else { "NonIndexed" }});
        let fields = spec.as_object_mut().unwrap();
        if indexed {
            fields.insert("backoffLimitPerIndex".to_owned(), json!(per_index));
            fields.insert("maxFailedIndexes".to_owned(), json!(max_failed));
        }
        if only_failed {
            fields.insert("podReplacementPolicy".to_owned(), json!("Failed"));
        }
        if !on_failure {
            fields.insert("podFailurePolicy".to_owned(), json!(failure_policy));
        }
        fields.retain(|_, value| !value.is_null());
        let mut pod = json!({"restartPolicy": if on_failure { "OnFailure" } else { "Never" },
            "terminationGracePeriodSeconds": grace, "containers": [{"name": "main"}, {"name": "other"}]});
        if let Some(seconds) = pod_deadline {
            pod["activeDeadlineSeconds"] = json!(seconds);
        }
        job(spec, pod)
    })
}

fn suppositions() -> impl Strategy<Value = Vec<WhatIf>> {
    let happening = prop_oneof![
        (1..5).prop_map(|code| Happening::Exit { code }),
        Just(Happening::Disruption),
        Just(Happening::Hang),
        Just(Happening::Success),
    ];
    let one = (
        happening,
        proptest::option::weighted(0.2, prop_oneof![Just("main"), Just("other")]),
        proptest::option::of(1..4_u64),
        proptest::option::of(0..4_u64),
    );
    let one = one.prop_map(|(happening, container, attempt, index)| WhatIf {
        happening,
        container: container.filter(|_| happening != Happening::Disruption).map(str::to_owned),
        attempt,
        index,
    });
    proptest::collection::vec(one, 1..4)
}

fn length() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0_i64), 1..40_i64, Just(600), Just(601)]
}

fn holds(spec: &JobSpec, timeline: &Timeline) {
    let text = format!("{spec:?}\n{:#?}", timeline.events.iter().map(line).collect::<Vec<_>>());
    assert!(timeline.events.len() <= MOST_EVENTS, "{text}");
    let mut now = 0;
    for event in &timeline.events {
        assert!(event.at_seconds >= now, "{text}");
        now = event.at_seconds;
        assert!(event.until_seconds.is_none_or(|until| until >= now), "{text}");
        let next = match &event.kind {
            EventKind::Failed { next_at_seconds, .. } | EventKind::Restarts { next_at_seconds, .. } => {
                *next_at_seconds
            }
            _ => None,
        };
        assert!(next.is_none_or(|next| next >= now), "{text}");
        if let (Some(end), EventKind::Repeated { .. }) = (timeline.end.at_seconds, &event.kind) {
            assert!(event.until_seconds.is_some_and(|until| until <= end), "{text}");
        }
    }
    let end = &timeline.end;
    assert!(end.at_seconds.is_none_or(|at| at >= now), "{text}");
    assert!(end.finished_by_seconds >= end.at_seconds, "{text}");
    assert!(end.at_seconds.is_some() == (end.reason.is_some() && timeline.left.is_some()), "{text}");
    if let Some(deadline) = spec.active_deadline_seconds {
        let after = end.at_seconds.is_none_or(|at| at > deadline.max(0));
        assert!(!after || matches!(end.by, By::TooLong | By::OtherController), "{text}");
    }
}

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn time_goes_on_and_events_are_few(
        spec in jobs(i32::MAX, i64::MAX),
        what_if in suppositions(),
        expected in proptest::option::of(prop_oneof![length(), any::<i64>()]),
    ) {
        let known = forecast(&spec, expected, &what_if);
        holds(&spec, &known.worst_case);
        // Where every try goes alike, everything repeats itself soon.
        prop_assert!(known.worst_case.end.by != By::TooLong);
        holds(&spec, known.what_if.as_ref().unwrap());
        serde_json::to_string(&known).unwrap();
    }

    #[test]
    fn as_pod_by_pod(spec in jobs(5, 3_000), what_if in suppositions(), length in length()) {
        const SECONDS: i64 = 4_000;
        let plan = Plan::of(&spec);
        let scenario = Scenario { what_if, length: TryLength::of(Some(length)) };
        let rules = success_policy::rules(&spec, if plan.indexed { plan.items() } else { 0 }).unwrap();
        let naive = naive::run(&plan, &scenario, &rules, SECONDS);
        let known = Simulation::new(&plan, &scenario, &rules).run(true);
        let end = known.end.clone();
        let at = end.at_seconds.filter(|at| *at <= SECONDS);
        let found = at.map(|at| (at, end.reason.unwrap(), end.by));
        let text = || format!("{scenario:?}\n{:#?}", known.events.iter().map(line).collect::<Vec<_>>());
        prop_assert_eq!(&found, &naive.end, "{}", text());
        if found.is_some() {
            let left = known.left.unwrap();
            prop_assert_eq!((left.failed_pods, left.succeeded_pods, left.deleted_pods), naive.left, "{}", text());
            prop_assert_eq!(known.created, naive.created, "{}", text());
        }
    }

    #[test]
    fn folded_as_step_by_step(
        mut spec in jobs(120, 200_000),
        deadline in 0..200_000_i64,
        what_if in suppositions(),
        length in length(),
    ) {
        // What never ends cannot be taken step by step.
        spec.active_deadline_seconds = Some(deadline);
        let plan = Plan::of(&spec);
        let scenario = Scenario { what_if, length: TryLength::of(Some(length)) };
        let rules = success_policy::rules(&spec, if plan.indexed { plan.items() } else { 0 }).unwrap();
        let one = Simulation::new(&plan, &scenario, &rules).run(true);
        let other = Simulation::new(&plan, &scenario, &rules).run(false);
        prop_assert_eq!(&one.end, &other.end);
        prop_assert_eq!(one.left, other.left);
        prop_assert_eq!(one.created, other.created);
    }

    #[test]
    fn bounds_hold(spec in jobs(6, 3_000), what_if in suppositions(), length in length()) {
        let known = forecast(&spec, Some(length), &what_if);
        let bound = &known.bound;
        for timeline in [&known.worst_case, known.what_if.as_ref().unwrap()] {
            if let Some(latest) = bound.latest_seconds {
                prop_assert!(timeline.end.finished_by_seconds.is_some_and(|at| at <= latest), "{bound:?} {:?}", timeline.end);
            }
            let plan = Plan::of(&spec);
            let scenario = Scenario { what_if: timeline.supposed.clone(), length: TryLength::of(Some(length)) };
            let rules = success_policy::rules(&spec, if plan.indexed { plan.items() } else { 0 }).unwrap();
            let outcome = Simulation::new(&plan, &scenario, &rules).run(true);
            if let AtMost::Pods(most) = known.pods_in_all.at_most {
                prop_assert!(outcome.created <= most, "{} > {most}", outcome.created);
            }
        }
    }
}
