//! `job/max-backoff`

use k8s_openapi::api::batch::v1::{PodFailurePolicy, PodFailurePolicyRule};

use super::{cel, levels};
use crate::engine::{
    Cel, Check, ContainerPart, Docs, Example, ExitCodes, Fix, JobPart, LONGEST_LIMIT, Object, Rule,
    RuleContext, Safety, Severity, Sink, Symptom,
};
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};

/// A Pod that fails again and again.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/max-backoff",
        summary: "backoffLimit is above the maximum that the policy allows",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Deny),
        options: &[OptionSpec {
            name: "max",
            summary: "The largest number of retries allowed, for the Job or for each index.",
            kind: OptionKind::Int { default: 20, min: 0, max: i32::MAX as i64 },
        }],
    },
    docs: Docs {
        symptoms: &[Symptom::RetriedTooOften, Symptom::NeverCompletes],
        what: "`backoffLimit` above the option `max`, 20 by default. In an Indexed Job with \
               `backoffLimitPerIndex` that field is checked instead, since `backoffLimit` then counts the \
               failures of all indexes together and may well be large. `--unsafe-fixes` sets it to `max`.\n\n\
               Also retries that no limit counts: a `podFailurePolicy` rule that ignores failures (`Ignore` on \
               an exit code, or on a Pod condition that every failed Pod has) in a Job without an \
               `activeDeadlineSeconds` of at most 365 days to end it; and, with `restartPolicy: Never`, a \
               container that the kubelet restarts all the same, by its own `restartPolicy: OnFailure` or by \
               `restartPolicyRules` for such exit codes (a regular container with `Always` is reported by \
               job/container-restart-always). A rule that ignores only the condition `DisruptionTarget`, or the \
               exit codes 137 and 143 of stopped containers, is not reported, nor is a native sidecar. If only a \
               few exit codes are ignored, by which a program may ask for a retry, this is a warning at most.",
        why: "A Pod that fails because of its input fails every time. The delay before each new Pod grows (10 s, \
              20 s, 40 s, up to 10 minutes): with 20 retries the delays alone take two and a half hours, with \
              100 retries 16 hours, during which nobody learns that the Job does not work. With a \
              `podFailurePolicy` that ignores disruptions a small limit is enough.",
        examples: &[
            Example::bad(
                "a thousand retries",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  backoffLimit: 1000
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::bad(
                "no failure is counted",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  backoffLimit: 3
  podFailurePolicy:
    rules:
    - action: Ignore
      onExitCodes:
        operator: NotIn
        values: [0]
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "three retries, and disruptions are ignored",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  backoffLimit: 3
  podFailurePolicy:
    rules:
    - action: Ignore
      onPodConditions:
      - type: DisruptionTarget
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
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#backoff-limit-per-index",
            "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restart-rules",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/job/job_controller.go",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(
        Cel::new("RETRIES > {max} || IGNORES_FAILURES || RESTARTS_UNCOUNTED")
            .in_part("rules that ignore exit codes other than 1, or restart after most of them")
            .weight("IGNORES_FAILURES || RESTARTS_UNCOUNTED ? 9223372036854775807 : RETRIES")
            .names(&[
                ("IGNORES_FAILURES", IGNORES_FAILURES),
                ("RESTARTS_UNCOUNTED", RESTARTS_UNCOUNTED),
                cel::RETRIES,
                cel::CONTAINERS,
                ("RESTART_RULES", RESTART_RULES),
            ]),
    ),
};

/// Whether the rule of the podFailurePolicy that decides about exit code 1 ignores it, and no deadline ends the Job.
const IGNORES_FAILURES: &str = "has(JOB.podFailurePolicy) && \
    !(has(JOB.activeDeadlineSeconds) && JOB.activeDeadlineSeconds <= 31536000) && JOB.podFailurePolicy.rules.filter(rule, \
    has(rule.onExitCodes) ? (1 in rule.onExitCodes.values) == (rule.onExitCodes.operator == 'In') : \
    has(rule.onPodConditions) && rule.onPodConditions.exists(condition, condition.type + '=' + \
    (has(condition.status) ? condition.status : 'True') in \
    ['ContainersReady=False', 'Initialized=True', 'PodReadyToStartContainers=False', \
    'PodReadyToStartContainers=True', 'PodScheduled=True', 'Ready=False']))\
    .map(rule, rule.action).indexOf('Ignore') == 0";

/// Whether the kubelet restarts a container of a Pod that it otherwise never restarts.
const RESTARTS_UNCOUNTED: &str = "JOB.template.spec.restartPolicy != 'OnFailure' && \
    CONTAINERS.exists(container, has(container.restartPolicy) && container.restartPolicy != 'Always' && \
    (container.restartPolicy == 'OnFailure' || RESTART_RULES))";

/// Whether the kubelet restarts `container` after exit code 1, by rules of its own.
const RESTART_RULES: &str = "has(container.restartPolicyRules) && container.restartPolicyRules.exists(rule, \
    has(rule.exitCodes) && (has(rule.exitCodes.values) && 1 in rule.exitCodes.values) == \
    (rule.exitCodes.operator == 'In'))";

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let (field, limit, of) = match job.spec.backoff_limit_per_index {
        Some(limit) => ("backoffLimitPerIndex", limit, "each index"),
        None => ("backoffLimit", job.backoff_limit(), "a Job"),
    };
    let has_end = job.spec.active_deadline_seconds.is_some_and(|seconds| seconds <= LONGEST_LIMIT);
    let policy = job.spec.pod_failure_policy.as_ref().filter(|_| !has_end);
    if let Some(Ignored { first, are_general }) = policy.and_then(ignored) {
        let report = sink
            .report(
                job.path("podFailurePolicy.rules").index(first),
                format!(
                    "failures that this rule ignores use up no retries: neither {field} nor a deadline stops \
                     them, and the Job may retry forever"
                ),
            )
            .of_whole()
            .about("podFailurePolicy")
            .help(
                "set activeDeadlineSeconds, or use the action Count; ignoring only the condition \
                   DisruptionTarget is fine",
            );
        if !are_general {
            report.at_most(Severity::Warning);
        }
    }
    let until = if has_end { "until activeDeadlineSeconds" } else { "forever" };
    for (part, rule) in job.containers().filter_map(|part| Some((part, restarts_uncounted(&job, part)?))) {
        sink.report(
            part.path(rule),
            format!("the kubelet restarts this container, and {field} does not count that: it may go on {until}"),
        )
        .help("remove it: the Job controller retries failed Pods; a native sidecar belongs under initContainers");
    }
    let max = context.int("max");
    if i64::from(limit) <= max {
        return;
    }
    sink.report(
        job.path(field),
        format!("{field} is {limit}, and the policy allows {of} at most {max} retries"),
    )
    .weight(limit)
    .help(format!(
        "set it to {max} or less, or raise the option max of this rule for this workload; a podFailurePolicy \
             can ignore disruptions"
    ))
    .fix(Fix::set(Safety::Unsafe, format!("set {field} to {max}"), job.path(field), max));
}

/// The most rules that the API server takes; a larger policy is not looked at.
const MAX_RULES: usize = 20;

/// What a podFailurePolicy ignores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ignored {
    /// The position of the first rule that ignores it, alone or with later ones.
    first: usize,
    /// Whether these are failures in general, and not a few exit codes.
    are_general: bool,
}

/// The failures that pass uncounted; none where these are at most disruptions.
fn ignored(policy: &PodFailurePolicy) -> Option<Ignored> {
    let rules = policy.rules.as_slice();
    if rules.len() > MAX_RULES || rules.iter().all(|rule| rule.action != IGNORE) {
        return None;
    }
    // Rules for every container, and then those for each that an ignoring rule names.
    let named = rules.iter().filter(|rule| rule.action == IGNORE).filter_map(container_of);
    let found = std::iter::once(None).chain(named.map(Some)).filter_map(|container| {
        let mut open = ExitCodes::ALL;
        let mut ignored = ExitCodes::default();
        let mut first = None;
        for (index, rule) in rules.iter().enumerate() {
            let matched = codes_of(rule, container).and(open);
            if rule.action == IGNORE && !matched.is_empty() {
                ignored = ignored.or(matched);
                first = first.or(Some(index));
            }
            open = open.without(matched);
        }
        let are_failures = !ignored.without(ExitCodes::STOPPED).is_empty();
        first.filter(|_| are_failures).map(|first| Ignored { first, are_general: ignored.are_general() })
    });
    // The first that is as bad as any.
    found.min_by_key(|ignored| !ignored.are_general)
}

const IGNORE: &str = "Ignore";

fn container_of(rule: &PodFailurePolicyRule) -> Option<&str> {
    rule.on_exit_codes.as_ref()?.container_name.as_deref()
}

/// The exit codes of the container with which a failed Pod matches the rule.
fn codes_of(rule: &PodFailurePolicyRule, container: Option<&str>) -> ExitCodes {
    match (&rule.on_exit_codes, &rule.on_pod_conditions) {
        (Some(codes), _)
            if codes.container_name.is_none() || codes.container_name.as_deref() == container =>
        {
            ExitCodes::of(&codes.operator, &codes.values).unwrap_or_default()
        }
        (None, Some(patterns)) => {
            let is_on_all = patterns.iter().any(|pattern| {
                let status = pattern.status.as_deref().unwrap_or("True");
                ON_FAILED_PODS.contains(&(pattern.type_.as_str(), status))
            });
            if is_on_all { ExitCodes::ALL } else { ExitCodes::default() }
        }
        _ => ExitCodes::default(),
    }
}

/// Conditions that every Pod has whose containers have run and failed. Of `PodReadyToStartContainers` it has one or the
/// other: it becomes False once the sandbox is gone, which may be before or after the Job's controller looks.
const ON_FAILED_PODS: [(&str, &str); 6] = [
    ("ContainersReady", "False"),
    ("Initialized", "True"),
    ("PodReadyToStartContainers", "False"),
    ("PodReadyToStartContainers", "True"),
    ("PodScheduled", "True"),
    ("Ready", "False"),
];

/// The field by which the kubelet restarts the container without an end, and no limit counts it: the Job's controller
/// counts restarts only where the Pod's own policy is `OnFailure`.
fn restarts_uncounted(job: &JobPart<'_>, part: ContainerPart<'_>) -> Option<&'static str> {
    let container = part.container;
    let own = container.restart_policy.as_deref()?;
    // Of those that are restarted for ever job/container-restart-always speaks.
    if part.is_sidecar() || part.restarts_forever() || job.restart_policy() == Some("OnFailure") {
        return None;
    }
    if own == "OnFailure" {
        return Some("restartPolicy");
    }
    let codes = container.restart_policy_rules.iter().flatten().filter_map(|rule| rule.exit_codes.as_ref());
    let restarted = codes
        .filter_map(|codes| ExitCodes::of(&codes.operator, codes.values.as_deref().unwrap_or_default()))
        .fold(ExitCodes::default(), ExitCodes::or);
    restarted.are_general().then_some("restartPolicyRules")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn ignoring(rules: Value) -> Option<(usize, bool)> {
        let policy: PodFailurePolicy = serde_json::from_value(json!({ "rules": rules })).unwrap();
        ignored(&policy).map(|ignored| (ignored.first, ignored.are_general))
    }

    fn codes(action: &str, operator: &str, values: &[i32]) -> Value {
        json!({"action": action, "onExitCodes": {"operator": operator, "values": values}})
    }

    fn condition(action: &str, name: &str, status: &str) -> Value {
        json!({"action": action, "onPodConditions": [{"type": name, "status": status}]})
    }

    #[test]
    fn failures_in_general() {
        let all: Vec<i32> = (1..=255).collect();
        let named = json!({
            "action": "Ignore",
            "onExitCodes": {"containerName": "main", "operator": "NotIn", "values": [0]},
        });
        let drained = condition("Ignore", "DisruptionTarget", "True");
        for (rules, first) in [
            (json!([codes("Ignore", "NotIn", &[0])]), 0),
            (json!([codes("Ignore", "NotIn", &[42])]), 0),
            (json!([codes("Ignore", "In", &[1])]), 0),
            (json!([codes("Ignore", "In", &all)]), 0),
            (json!([drained, codes("FailJob", "In", &[42]), codes("Ignore", "NotIn", &[0])]), 2),
            (json!([codes("Ignore", "In", &all[1..100]), codes("Ignore", "In", &all[100..])]), 0),
            (json!([named]), 0),
            (json!([codes("Count", "In", &[3]), named]), 1),
            (json!([condition("Ignore", "Ready", "False")]), 0),
            (json!([condition("Ignore", "PodScheduled", "True")]), 0),
            (json!([condition("Ignore", "PodReadyToStartContainers", "False")]), 0),
            (json!([condition("Ignore", "PodReadyToStartContainers", "True")]), 0),
        ] {
            assert_eq!(ignoring(rules.clone()), Some((first, true)), "{rules}");
        }
    }

    #[test]
    fn a_few_exit_codes() {
        for (rules, first) in [
            (json!([codes("Ignore", "In", &[42])]), 0),
            (json!([codes("FailJob", "In", &[42]), codes("Ignore", "In", &[75, 137])]), 1),
            (json!([codes("FailJob", "NotIn", &[42]), codes("Ignore", "NotIn", &[0])]), 1),
        ] {
            assert_eq!(ignoring(rules.clone()), Some((first, false)), "{rules}");
        }
    }

    #[test]
    fn failures_that_are_meant() {
        for rules in [
            json!([]),
            json!([condition("Ignore", "DisruptionTarget", "True")]),
            json!([codes("Ignore", "In", &[137, 143])]),
            json!([codes("FailJob", "NotIn", &[0]), codes("Ignore", "In", &[1])]),
            json!([condition("Count", "Ready", "False"), codes("Ignore", "NotIn", &[0])]),
            json!([codes("FailJob", "NotIn", &[0])]),
            json!([condition("Ignore", "Ready", "True")]),
        ] {
            assert_eq!(ignoring(rules.clone()), None, "{rules}");
        }
    }
}
