//! `job/deadline-before-retries`

use super::levels;
use crate::engine::{
    Check, ContainerPart, DEFAULT_BACKOFF_LIMIT, Docs, Example, JobPart, Object, Rule, RuleContext, Severity,
    Sink, Symptom,
};
use crate::policy::{Level, RuleSpec};
use jobguard_text::duration;

/// Retries that the deadline never lets start.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/deadline-before-retries",
        summary: "activeDeadlineSeconds ends the Job before all of its retries can start",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::FailedEarly],
        what: "`activeDeadlineSeconds` expires before a Pod that always fails has used up its retries, even if \
               only the delays between them are counted.\n\n\
               With `restartPolicy: Never` the Job controller waits 10 s before the first retry, then 20 s, 40 s \
               and so on up to 10 minutes: six retries take 10m30s. With `backoffLimitPerIndex` each index has \
               delays of its own. With `OnFailure` the kubelet restarts the container at once, then after 10 s, \
               20 s, 40 s and so on up to 5 minutes (a node can be configured for less), and the restarts of all \
               containers count together, those of init containers and native sidecars included. If several Pods \
               run at once, or several containers in a Pod, they may use up the retries together, and the \
               shortest possible time is taken. A Pod that succeeds in between resets the Job's delay; this is \
               not taken into account.\n\n\
               Nothing is reported if containers have a `restartPolicy` or `restartPolicyRules` of their own, \
               which make the kubelet restart them as well or not at all, or for `backoffLimitPerIndex` with \
               `OnFailure`, which job/per-index-onfailure reports.\n\n\
               With a `backoffLimit` of 6 this is an info at most, since that is the default of the API server.",
        why: "The two fields contradict each other. The Job ends with DeadlineExceeded instead of \
              BackoffLimitExceeded, after fewer attempts than intended, and nothing says that one limit has \
              overridden the other.",
        examples: &[
            Example::bad(
                "five retries need 310 s",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: pi
spec:
  backoffLimit: 5
  activeDeadlineSeconds: 100
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "time for all of them",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: pi
spec:
  backoffLimit: 5
  activeDeadlineSeconds: 600
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy",
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup",
            "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/job/backoff_utils.go",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/job/job_controller.go",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let Some(deadline) = job.spec.active_deadline_seconds else { return };
    let Some(retries) = Retries::of(&job) else { return };
    let needed = retries.needed();
    if retries.limit < 1 || deadline > needed {
        return;
    }
    let last = retries.last_before(deadline);
    let outcome = match (retries.lanes, last) {
        (2.., _) => "they cannot all be used".to_owned(),
        (_, 0) => "none can start".to_owned(),
        (_, last) => match retries.earliest(last) {
            0 => format!("retry {last} is the last that can start"),
            after => format!("retry {last}, after {}, is the last that can start", duration::short(after)),
        },
    };
    let at_least = if retries.lanes > 1 { "at least " } else { "" };
    let unstated = retries.field == "backoffLimit" && retries.limit == i64::from(DEFAULT_BACKOFF_LIMIT);
    // Nobody has asked for all six of them, and some do start.
    if unstated && last > 1 {
        return;
    }
    // So short that no retry may have been meant at all.
    let no_retry = if unstated && job.restart_policy() == Some("Never") {
        "; restartPolicy Never does not turn retries off, backoffLimit: 0 does"
    } else {
        ""
    };
    let report = sink
        .report(
            job.path("activeDeadlineSeconds"),
            format!(
                "the Job ends after {}, but the delays before its {} retries alone take {at_least}{}: \
                 {outcome}{no_retry}",
                duration::short(deadline),
                retries.limit,
                duration::short(needed),
            ),
        )
        .weight(needed.saturating_sub(deadline))
        .help(if retries.lanes > 1 {
            format!("set activeDeadlineSeconds well above {needed}, or lower {}", retries.field)
        } else {
            format!("set activeDeadlineSeconds well above {needed}, or {} to {last}", retries.field)
        });
    if unstated {
        report.at_most(Severity::Info);
    } else {
        report.related(job.path(retries.field), "how often a failed Pod is retried");
    }
}

/// When retries start at the earliest: the delays before them, as if a Pod failed the moment that it starts.
struct Retries {
    /// The field that limits them.
    field: &'static str,
    /// How many there are.
    limit: i64,
    /// How many may fail at the same moment, and so share a delay.
    lanes: i64,
    /// Whether the kubelet restarts the container in its Pod, and not the Job's controller the Pod.
    in_place: bool,
}

impl Retries {
    /// The retries of a Job; none where they do not go by the Pod's `restartPolicy` and the Job's limits alone.
    fn of(job: &JobPart<'_>) -> Option<Self> {
        if job.containers().any(ContainerPart::has_own_restarts) {
            return None;
        }
        let in_place = job.restarts_in_place();
        if let Some(limit) = job.spec.backoff_limit_per_index {
            // Each index has a Pod of its own, and only that index's failures count. Restarts in place do not.
            let of_index = Self { field: "backoffLimitPerIndex", limit: limit.into(), lanes: 1, in_place };
            return Some(of_index).filter(|_| !in_place);
        }
        let pods = i64::from(job.pods_at_once());
        // Each container that is restarted counts, init containers and sidecars too. That init containers have to wait
        // for each other only makes it longer.
        let containers = if in_place { job.containers().count().max(1) } else { 1 };
        let lanes = pods.saturating_mul(i64::try_from(containers).unwrap_or(i64::MAX));
        Some(Self { field: "backoffLimit", limit: job.backoff_limit().into(), lanes, in_place })
    }

    /// The seconds that the delays before the retry take; 0 for none.
    fn earliest(&self, retry: i64) -> i64 {
        if retry < 1 {
            return 0;
        }
        if self.in_place {
            // Restarts of each container, of which the first comes at once.
            let restarts = (retry - 1) / self.lanes + 1;
            return (1..restarts.min(6)).map(|restart| delay(restart, 300)).sum::<i64>()
                + (restarts - 6).max(0).saturating_mul(300);
        }
        // Failures that come together are counted one by one, and the last count makes the delay: the fewest
        // and shortest delays are those before `retry` and every `lanes` failures earlier.
        let long = ((retry - 6) / self.lanes + i64::from((retry - 6) % self.lanes > 0)).max(0);
        let rest = retry - long.saturating_mul(self.lanes);
        let mut total = long.saturating_mul(600);
        let mut failures = rest;
        while failures >= 1 {
            total = total.saturating_add(delay(failures, 600));
            failures -= self.lanes;
        }
        total
    }

    /// The seconds that the delays take until the limit is passed.
    fn needed(&self) -> i64 {
        // So many failures may come at once that the last ones need no retry to pass it.
        let at_once = if self.in_place { 1 } else { self.lanes };
        self.earliest(self.limit.saturating_sub(at_once - 1))
    }

    /// The last retry that starts before `deadline`.
    fn last_before(&self, deadline: i64) -> i64 {
        let (mut known, mut beyond) = (0, self.limit + 1);
        while beyond - known > 1 {
            let middle = known + (beyond - known) / 2;
            if self.earliest(middle) < deadline {
                known = middle;
            } else {
                beyond = middle;
            }
        }
        known
    }
}

/// 10 s, doubled with each failure after the first, up to `most`.
fn delay(failures: i64, most: i64) -> i64 {
    let doublings = u32::try_from(failures - 1).unwrap_or(0).min(10);
    (10_i64 << doublings).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retries(lanes: i64, in_place: bool) -> Retries {
        Retries { field: "backoffLimit", limit: 10, lanes, in_place }
    }

    #[test]
    fn known_delays() {
        let never: Vec<i64> = (0..=8).map(|retry| retries(1, false).earliest(retry)).collect();
        assert_eq!(never, [0, 10, 30, 70, 150, 310, 630, 1230, 1830]);
        let on_failure: Vec<i64> = (0..=8).map(|retry| retries(1, true).earliest(retry)).collect();
        assert_eq!(on_failure, [0, 0, 10, 30, 70, 150, 310, 610, 910]);
    }

    #[test]
    fn together_they_are_faster() {
        // Three fail (40 s), then four more: the limit of six is passed.
        assert_eq!(Retries { limit: 6, ..retries(4, false) }.needed(), 40);
        assert_eq!(Retries { limit: 3, ..retries(4, false) }.needed(), 0);
        assert_eq!(retries(4, false).earliest(6), 320 + 20);
        assert_eq!(retries(100, false).earliest(10), 600);
        assert_eq!(retries(3, true).earliest(3), 0);
        assert_eq!(retries(3, true).earliest(6), 10);
        assert_eq!(retries(3, true).earliest(7), 30);
    }

    #[test]
    fn the_last_that_starts() {
        for (deadline, last) in [(1, 0), (10, 0), (11, 1), (100, 3), (631, 6), (100_000, 10)] {
            assert_eq!(retries(1, false).last_before(deadline), last, "{deadline}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_sum_is_what_adding_up_gives(retry in 1_i64..200, lanes in 1_i64..20) {
            let mut failures = retry;
            let mut total = 0;
            while failures >= 1 {
                total += delay(failures, 600);
                failures -= lanes;
            }
            proptest::prop_assert_eq!(retries(lanes, false).earliest(retry), total);
            let restarts = (retry + lanes - 1) / lanes;
            let in_place: i64 = (1..restarts).map(|restart| delay(restart, 300)).sum();
            proptest::prop_assert_eq!(retries(lanes, true).earliest(retry), in_place);
        }

        #[test]
        fn never_panics(retry in proptest::num::i64::ANY, lanes in 1_i64.., in_place: bool) {
            let _ = retries(lanes, in_place).earliest(retry.min(i64::from(i32::MAX)));
        }
    }
}
