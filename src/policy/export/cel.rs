//! What CEL can say of the rules.
//!
//! An expression holds where the rule would speak. `JOB` stands for the Job's spec (or that of a CronJob's Job template),
//! `OBJECT` for the object, `variables.cron` says whether it is a CronJob, and `{name}` is an option of the rule. The API
//! server has filled in its defaults by then; a CronJob's Job template has none yet.

/// A rule in CEL.
pub(super) struct CelRule {
    /// The rule's id.
    pub(super) id: &'static str,
    /// Whether it speaks.
    pub(super) speaks: &'static str,
}

const fn rule(id: &'static str, speaks: &'static str) -> CelRule {
    CelRule { id, speaks }
}

/// Whether an object is a hook of Argo CD or Helm.
const HOOK: &str = "has(OBJECT.metadata.annotations) && OBJECT.metadata.annotations.exists(key, \
    OBJECT.metadata.annotations[key].trim() != '' && (key == 'helm.sh/hook' || \
    key == 'argocd.argoproj.io/hook' && OBJECT.metadata.annotations[key].trim() != 'Skip'))";

/// Whether it says when its tool deletes it.
const HOOK_DELETED: &str = "OBJECT.metadata.annotations.exists(key, OBJECT.metadata.annotations[key].trim() != '' && \
    (key == 'helm.sh/hook-delete-policy' || key == 'argocd.argoproj.io/hook-delete-policy'))";

/// The limit on retries.
const RETRIES: &str = "(has(JOB.backoffLimitPerIndex) ? JOB.backoffLimitPerIndex : \
    (has(JOB.backoffLimit) ? JOB.backoffLimit : 6))";

/// All containers but ephemeral ones.
const CONTAINERS: &str = "(JOB.template.spec.containers + \
    (has(JOB.template.spec.initContainers) ? JOB.template.spec.initContainers : []))";

/// The names of which an expression may make use.
pub(super) const NAMES: [(&str, &str); 4] =
    [("HOOK_DELETED", HOOK_DELETED), ("HOOK", HOOK), ("RETRIES", RETRIES), ("CONTAINERS", CONTAINERS)];

/// The rules that CEL can say whole, ordered by id.
pub(super) const RULES: &[CelRule] = &[
    rule("cron/deadline-missing", "variables.cron && !has(OBJECT.spec.startingDeadlineSeconds)"),
    rule(
        "cron/deadline-short",
        "variables.cron && has(OBJECT.spec.startingDeadlineSeconds) && OBJECT.spec.startingDeadlineSeconds < 10",
    ),
    rule(
        "cron/forbid-no-deadline",
        "variables.cron && has(OBJECT.spec.concurrencyPolicy) && OBJECT.spec.concurrencyPolicy == 'Forbid' && \
         !has(JOB.activeDeadlineSeconds)",
    ),
    rule(
        "cron/history-zero",
        "variables.cron && has(OBJECT.spec.failedJobsHistoryLimit) && OBJECT.spec.failedJobsHistoryLimit == 0",
    ),
    rule("cron/suspended", "variables.cron && has(OBJECT.spec.suspend) && OBJECT.spec.suspend"),
    rule(
        "job/disruptions-count",
        "RETRIES <= {maxRetries} && !(has(JOB.podFailurePolicy) && \
         JOB.podFailurePolicy.rules.filter(rule, has(rule.onPodConditions) && rule.onPodConditions.exists(condition, \
         condition.type == 'DisruptionTarget' && (!has(condition.status) || condition.status == 'True')))\
         .map(rule, rule.action).indexOf('Ignore') == 0)",
    ),
    rule(
        "job/indexed-peers",
        "has(JOB.completionMode) && JOB.completionMode == 'Indexed' && has(JOB.completions) && \
         has(JOB.template.spec.subdomain) && JOB.template.spec.subdomain != '' && \
         (has(JOB.parallelism) ? JOB.parallelism : 1) >= 1 && \
         (has(JOB.parallelism) ? JOB.parallelism : 1) < JOB.completions",
    ),
    rule("job/max-backoff", "RETRIES > {max}"),
    rule("job/max-completions", "has(JOB.completions) && JOB.completions > {max}"),
    rule("job/max-parallelism", "(has(JOB.parallelism) ? JOB.parallelism : 1) > {max}"),
    rule("job/no-deadline", "!has(JOB.activeDeadlineSeconds)"),
    rule("job/onfailure-logs", "JOB.template.spec.restartPolicy == 'OnFailure'"),
    rule(
        "job/parallelism-exceeds-completions",
        "has(JOB.parallelism) && has(JOB.completions) && JOB.parallelism > JOB.completions && JOB.completions != 1",
    ),
    rule("job/paused-by-parallelism", "has(JOB.parallelism) && JOB.parallelism == 0"),
    rule(
        "job/peer-dns",
        "has(JOB.template.spec.subdomain) && JOB.template.spec.subdomain != '' && \
         (has(JOB.template.spec.dnsPolicy) && JOB.template.spec.dnsPolicy == 'Default' || \
         has(JOB.template.spec.dnsPolicy) && JOB.template.spec.dnsPolicy == 'None' && \
         !(has(JOB.template.spec.dnsConfig) && has(JOB.template.spec.dnsConfig.searches) && \
         JOB.template.spec.dnsConfig.searches.exists(domain, domain.matches('^[^.]*[.]svc([.]|$)'))) || \
         (!has(JOB.template.spec.dnsPolicy) || JOB.template.spec.dnsPolicy == 'ClusterFirst') && \
         has(JOB.template.spec.hostNetwork) && JOB.template.spec.hostNetwork)",
    ),
    rule(
        "job/ttl-hook-conflict",
        "!variables.cron && has(JOB.ttlSecondsAfterFinished) && HOOK && \
         (HOOK_DELETED || JOB.ttlSecondsAfterFinished < {minTtl})",
    ),
    rule(
        "job/ttl-missing",
        "!variables.cron && !has(JOB.ttlSecondsAfterFinished) && !has(OBJECT.metadata.ownerReferences) && !(HOOK)",
    ),
    rule(
        "job/work-queue-completions",
        "has(JOB.parallelism) && has(JOB.completions) && JOB.completions == 1 && JOB.parallelism >= 2",
    ),
    rule(
        "pod/privileged",
        "CONTAINERS.exists(container, has(container.securityContext) && \
         has(container.securityContext.privileged) && container.securityContext.privileged)",
    ),
    rule(
        "pod/resources",
        "CONTAINERS.exists(container, ['cpu', 'memory'].exists(resource, \
         !(has(container.resources) && (has(container.resources.requests) && resource in container.resources.requests || \
         has(container.resources.limits) && resource in container.resources.limits)) && \
         !(has(JOB.template.spec.resources) && (has(JOB.template.spec.resources.requests) && \
         resource in JOB.template.spec.resources.requests || has(JOB.template.spec.resources.limits) && \
         resource in JOB.template.spec.resources.limits))))",
    ),
    rule(
        "pod/service-account-token",
        "!(has(JOB.template.spec.automountServiceAccountToken) && !JOB.template.spec.automountServiceAccountToken) && \
         !(has(JOB.template.spec.serviceAccountName) && !(JOB.template.spec.serviceAccountName in ['', 'default']))",
    ),
];
