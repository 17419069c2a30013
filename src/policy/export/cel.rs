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
    /// What of it is left to the webhook.
    pub(super) rest: Option<&'static str>,
    /// How bad it is where it speaks, the larger the worse; none where all that is bad is equally so.
    pub(super) weight: Option<&'static str>,
}

const fn rule(id: &'static str, speaks: &'static str) -> CelRule {
    CelRule { id, speaks, rest: None, weight: None }
}

/// A rule of which CEL says less than the webhook, never more.
const fn part(id: &'static str, speaks: &'static str, rest: &'static str) -> CelRule {
    CelRule { id, speaks, rest: Some(rest), weight: None }
}

impl CelRule {
    const fn weight(self, weight: &'static str) -> Self {
        Self { weight: Some(weight), ..self }
    }
}

/// Whether an object is a hook of Argo CD or Helm.
const HOOK: &str = "has(OBJECT.metadata.annotations) && OBJECT.metadata.annotations.exists(key, \
    OBJECT.metadata.annotations[key].trim() != '' && (key == 'helm.sh/hook' || \
    key == 'argocd.argoproj.io/hook' && OBJECT.metadata.annotations[key].trim() != 'Skip'))";

/// The limit on retries.
const RETRIES: &str = "(has(JOB.backoffLimitPerIndex) ? JOB.backoffLimitPerIndex : \
    (has(JOB.backoffLimit) ? JOB.backoffLimit : 6))";

/// All containers but ephemeral ones.
const CONTAINERS: &str = "(JOB.template.spec.containers + \
    (has(JOB.template.spec.initContainers) ? JOB.template.spec.initContainers : []))";

/// Whether the rule of the podFailurePolicy that decides about exit code 1 ignores it.
const IGNORES_FAILURES: &str = "has(JOB.podFailurePolicy) && JOB.podFailurePolicy.rules.filter(rule, \
    has(rule.onExitCodes) ? (1 in rule.onExitCodes.values) == (rule.onExitCodes.operator == 'In') : \
    has(rule.onPodConditions) && rule.onPodConditions.exists(condition, condition.type + '=' + \
    (has(condition.status) ? condition.status : 'True') in \
    ['ContainersReady=False', 'Initialized=True', 'PodReadyToStartContainers=False', \
    'PodReadyToStartContainers=True', 'PodScheduled=True', 'Ready=False']))\
    .map(rule, rule.action).indexOf('Ignore') == 0";

/// Whether the kubelet restarts `container` after exit code 1, by rules of its own.
const RESTART_RULES: &str = "has(container.restartPolicyRules) && container.restartPolicyRules.exists(rule, \
    has(rule.exitCodes) && (has(rule.exitCodes.values) && 1 in rule.exitCodes.values) == \
    (rule.exitCodes.operator == 'In'))";

/// Whether the kubelet restarts a container of a Pod that it otherwise never restarts.
const RESTARTS_UNCOUNTED: &str = "JOB.template.spec.restartPolicy != 'OnFailure' && \
    CONTAINERS.exists(container, has(container.restartPolicy) && container.restartPolicy != 'Always' && \
    (container.restartPolicy == 'OnFailure' || RESTART_RULES))";

/// Whether `container` asks for some of `resource`.
const CONTAINER_ASKS: &str = "has(container.resources) && \
    (has(container.resources.requests) && resource in container.resources.requests ? \
    quantity(container.resources.requests[resource]).isGreaterThan(quantity('0')) : \
    has(container.resources.limits) && resource in container.resources.limits && \
    quantity(container.resources.limits[resource]).isGreaterThan(quantity('0')))";

/// Whether the Pod itself does.
const POD_ASKS: &str = "has(JOB.template.spec.resources) && \
    (has(JOB.template.spec.resources.requests) && resource in JOB.template.spec.resources.requests ? \
    quantity(JOB.template.spec.resources.requests[resource]).isGreaterThan(quantity('0')) : \
    has(JOB.template.spec.resources.limits) && resource in JOB.template.spec.resources.limits && \
    quantity(JOB.template.spec.resources.limits[resource]).isGreaterThan(quantity('0')))";

/// The names of which an expression may make use, each before those of which it makes use itself.
pub(super) const NAMES: [(&str, &str); 8] = [
    ("HOOK", HOOK),
    ("RETRIES", RETRIES),
    ("IGNORES_FAILURES", IGNORES_FAILURES),
    ("RESTARTS_UNCOUNTED", RESTARTS_UNCOUNTED),
    ("CONTAINERS", CONTAINERS),
    ("RESTART_RULES", RESTART_RULES),
    ("CONTAINER_ASKS", CONTAINER_ASKS),
    ("POD_ASKS", POD_ASKS),
];

/// The rules that CEL can say, ordered by id.
pub(super) const RULES: &[CelRule] = &[
    rule(
        "cron/deadline-missing",
        "variables.cron && (!has(OBJECT.spec.startingDeadlineSeconds) || \
         OBJECT.spec.startingDeadlineSeconds > {maxDeadline})",
    ),
    part(
        "cron/deadline-short",
        "variables.cron && has(OBJECT.spec.startingDeadlineSeconds) && (OBJECT.spec.startingDeadlineSeconds < 10 || \
         OBJECT.spec.startingDeadlineSeconds == 9223372036854775807)",
        "other deadlines that the controller cannot count",
    )
    .weight("OBJECT.spec.startingDeadlineSeconds < 10 ? 0 - OBJECT.spec.startingDeadlineSeconds : 1"),
    rule(
        "cron/forbid-no-deadline",
        "variables.cron && has(OBJECT.spec.concurrencyPolicy) && OBJECT.spec.concurrencyPolicy == 'Forbid' && \
         (!has(JOB.activeDeadlineSeconds) || JOB.activeDeadlineSeconds > {maxDeadline} || \
         has(JOB.template.spec.terminationGracePeriodSeconds) && \
         JOB.template.spec.terminationGracePeriodSeconds > {maxDeadline})",
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
         condition.type == 'DisruptionTarget' && (!has(condition.status) || condition.status == 'True')) || \
         has(rule.onExitCodes) && [137, 143].all(code, \
         (code in rule.onExitCodes.values) == (rule.onExitCodes.operator == 'In')))\
         .map(rule, rule.action).indexOf('Ignore') == 0)",
    )
    .weight("0 - RETRIES"),
    rule(
        "job/indexed-peers",
        "has(JOB.completionMode) && JOB.completionMode == 'Indexed' && has(JOB.completions) && \
         has(JOB.template.spec.subdomain) && JOB.template.spec.subdomain != '' && \
         (has(JOB.parallelism) ? JOB.parallelism : 1) >= 1 && \
         (has(JOB.parallelism) ? JOB.parallelism : 1) < JOB.completions",
    )
    .weight("JOB.completions - (has(JOB.parallelism) ? JOB.parallelism : 1)"),
    part(
        "job/max-backoff",
        "RETRIES > {max} || IGNORES_FAILURES || RESTARTS_UNCOUNTED",
        "rules that ignore, or restart after, most exit codes but not 1",
    )
    .weight("IGNORES_FAILURES || RESTARTS_UNCOUNTED ? 9223372036854775807 : RETRIES"),
    rule("job/max-completions", "has(JOB.completions) && JOB.completions > {max}")
    .weight("JOB.completions"),
    rule("job/max-parallelism", "(has(JOB.parallelism) ? JOB.parallelism : 1) > {max}")
    .weight("(has(JOB.parallelism) ? JOB.parallelism : 1)"),
    rule(
        "job/no-deadline",
        "!has(JOB.activeDeadlineSeconds) || JOB.activeDeadlineSeconds > {maxDeadline} || \
         has(JOB.template.spec.terminationGracePeriodSeconds) && \
         JOB.template.spec.terminationGracePeriodSeconds > {maxDeadline}",
    ),
    rule(
        "job/onfailure-logs",
        "JOB.template.spec.restartPolicy == 'OnFailure' && \
         JOB.template.spec.containers.exists(container, !has(container.restartPolicy) || \
         container.restartPolicy != 'Never' || \
         has(container.restartPolicyRules) && container.restartPolicyRules.size() > 0)",
    ),
    rule(
        "job/parallelism-exceeds-completions",
        "has(JOB.completions) && (has(JOB.parallelism) ? JOB.parallelism : 1) > JOB.completions && \
         JOB.completions != 1",
    )
    .weight("JOB.parallelism - JOB.completions"),
    rule(
        "job/paused-by-parallelism",
        "has(JOB.parallelism) && JOB.parallelism == 0 && !(has(JOB.suspend) && JOB.suspend)",
    ),
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
        "!variables.cron && has(JOB.ttlSecondsAfterFinished) && HOOK && JOB.ttlSecondsAfterFinished < {minTtl}",
    )
    .weight("0 - JOB.ttlSecondsAfterFinished"),
    rule(
        "job/work-queue-completions",
        "has(JOB.parallelism) && has(JOB.completions) && JOB.completions == 1 && JOB.parallelism >= 2",
    )
    .weight("JOB.parallelism"),
    rule(
        "pod/privileged",
        "has(JOB.template.spec.securityContext) && has(JOB.template.spec.securityContext.windowsOptions) && \
         has(JOB.template.spec.securityContext.windowsOptions.hostProcess) && \
         JOB.template.spec.securityContext.windowsOptions.hostProcess || \
         CONTAINERS.exists(container, has(container.securityContext) && \
         (has(container.securityContext.privileged) && container.securityContext.privileged || \
         has(container.securityContext.windowsOptions) && \
         has(container.securityContext.windowsOptions.hostProcess) && \
         container.securityContext.windowsOptions.hostProcess))",
    ),
    rule(
        "pod/resources",
        "CONTAINERS.exists(container, ['cpu', 'memory'].exists(resource, !(CONTAINER_ASKS) && !(POD_ASKS)))",
    ),
    rule(
        "pod/service-account-token",
        "!(has(JOB.template.spec.serviceAccountName) && !(JOB.template.spec.serviceAccountName in ['', 'default'])) && \
         (!(has(JOB.template.spec.automountServiceAccountToken) && !JOB.template.spec.automountServiceAccountToken) || \
         has(JOB.template.spec.volumes) && JOB.template.spec.volumes.exists(volume, has(volume.projected) && \
         has(volume.projected.sources) && volume.projected.sources.exists(source, has(source.serviceAccountToken) && \
         (!has(source.serviceAccountToken.audience) || \
         source.serviceAccountToken.audience.matches('^$|^(https://)?kubernetes[.]default[.]svc')))))",
    ),
];
