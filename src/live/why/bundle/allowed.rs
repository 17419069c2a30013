//! The fields of objects that a bundle keeps: those that an answer, or a rule beside it, may rest on. What is not listed is
//! left out, also what a newer server may add.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::live::why::known::Kind;

/// The fields of a kind's object below `spec`, `status` and so on. Lists are passed through; `*` is any key of a map.
pub(super) fn of(kind: Kind) -> &'static Allowed {
    match kind {
        Kind::CronJob => &CRON_JOB,
        Kind::Job => &JOB,
        Kind::Pod => &POD,
        Kind::Event => &EVENT,
        Kind::ResourceQuota => &QUOTA,
        Kind::LimitRange => &LIMIT_RANGE,
        Kind::ServiceAccount | Kind::Namespace => &NOTHING,
    }
}

/// Paths of fields that are kept.
#[derive(Debug, Default)]
pub(super) struct Allowed(BTreeSet<String>);

impl Allowed {
    fn new(lists: &[(&str, &[&str])]) -> Self {
        let paths = lists.iter().flat_map(|(prefix, paths)| {
            paths.iter().map(move |path| match (prefix.is_empty(), path.is_empty()) {
                (true, _) => (*path).to_owned(),
                (_, true) => (*prefix).to_owned(),
                _ => format!("{prefix}.{path}"),
            })
        });
        Self(paths.collect())
    }

    /// Whether the value of this field, which is no object, is kept.
    pub(super) fn holds(&self, path: &str) -> bool {
        if self.0.contains(path) {
            return true;
        }
        path.rsplit_once('.').is_some_and(|(parent, _)| self.0.contains(&format!("{parent}.*")))
    }

    /// Whether something of this object is kept, or that it is there.
    pub(super) fn holds_some(&self, path: &str) -> bool {
        self.0.contains(path) || {
            let begin = format!("{path}.");
            self.0.range(begin.clone()..).next().is_some_and(|next| next.starts_with(&begin))
        }
    }

    /// Whether the keys of this object are its user's own.
    pub(super) fn is_map(&self, path: &str) -> bool {
        self.0.contains(&format!("{path}.*"))
    }
}

static NOTHING: LazyLock<Allowed> = LazyLock::new(Allowed::default);

static CRON_JOB: LazyLock<Allowed> = LazyLock::new(|| {
    let mut allowed = Allowed::new(&[
        ("spec", CRON_JOB_SPEC),
        ("spec.jobTemplate.spec", JOB_SPEC),
        ("status", &["active.kind", "active.name", "active.namespace", "active.uid", "active.apiVersion"]),
        ("status", &["lastScheduleTime", "lastSuccessfulTime"]),
    ]);
    allowed.0.extend(pod_spec("spec.jobTemplate.spec.template.spec"));
    allowed
});

static JOB: LazyLock<Allowed> = LazyLock::new(|| {
    let mut allowed =
        Allowed::new(&[("spec", JOB_SPEC), ("status", JOB_STATUS), ("status.conditions", CONDITION)]);
    allowed.0.extend(pod_spec("spec.template.spec"));
    allowed
});

static POD: LazyLock<Allowed> = LazyLock::new(|| {
    let mut allowed = Allowed::new(&[
        ("status", &["phase", "reason", "message", "startTime", "qosClass"]),
        ("status.conditions", CONDITION),
        ("status.containerStatuses", CONTAINER_STATUS),
        ("status.initContainerStatuses", CONTAINER_STATUS),
    ]);
    allowed.0.extend(pod_spec("spec"));
    allowed
});

static EVENT: LazyLock<Allowed> = LazyLock::new(|| {
    Allowed::new(&[
        ("involvedObject", &["apiVersion", "kind", "name", "namespace", "uid"]),
        ("", &["reason", "message", "type", "count", "firstTimestamp", "lastTimestamp", "eventTime"]),
        ("", &["series.count", "series.lastObservedTime", "source.component", "reportingComponent"]),
    ])
});

static QUOTA: LazyLock<Allowed> = LazyLock::new(|| {
    Allowed::new(&[("", &["spec.hard.*", "spec.scopes", "status.hard.*", "status.used.*"])])
});

static LIMIT_RANGE: LazyLock<Allowed> = LazyLock::new(|| {
    let limits: &[&str] =
        &["type", "max.*", "min.*", "default.*", "defaultRequest.*", "maxLimitRequestRatio.*"];
    Allowed::new(&[("spec.limits", limits)])
});

fn pod_spec(prefix: &str) -> BTreeSet<String> {
    let at = |path: &str| format!("{prefix}.{path}");
    let mut lists: Vec<(String, &[&str])> = vec![(prefix.to_owned(), POD_SPEC), (at("volumes"), VOLUME)];
    lists.push((at("volumes.projected.sources"), PROJECTED));
    for containers in ["containers", "initContainers"] {
        lists.push((at(containers), CONTAINER));
        lists.push((at(&format!("{containers}.env.valueFrom")), VALUE_FROM));
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            lists.push((at(&format!("{containers}.{probe}")), PROBE));
            lists.push((at(&format!("{containers}.{probe}")), HANDLER));
        }
        for hook in ["postStart", "preStop"] {
            lists.push((at(&format!("{containers}.lifecycle.{hook}")), HANDLER));
        }
    }
    let lists: Vec<(&str, &[&str])> = lists.iter().map(|(prefix, paths)| (prefix.as_str(), *paths)).collect();
    Allowed::new(&lists).0
}

const CONDITION: &[&str] = &["type", "status", "reason", "message", "lastTransitionTime"];

const CRON_JOB_SPEC: &[&str] = &[
    "schedule",
    "timeZone",
    "startingDeadlineSeconds",
    "concurrencyPolicy",
    "suspend",
    "successfulJobsHistoryLimit",
    "failedJobsHistoryLimit",
    "jobTemplate.metadata.labels.*",
    "jobTemplate.metadata.annotations.*",
];

const JOB_SPEC: &[&str] = &[
    "parallelism",
    "completions",
    "completionMode",
    "activeDeadlineSeconds",
    "backoffLimit",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
    "suspend",
    "managedBy",
    "manualSelector",
    "selector.matchLabels.*",
    "podReplacementPolicy",
    "ttlSecondsAfterFinished",
    "podFailurePolicy.rules.action",
    "podFailurePolicy.rules.onExitCodes.containerName",
    "podFailurePolicy.rules.onExitCodes.operator",
    "podFailurePolicy.rules.onExitCodes.values",
    "podFailurePolicy.rules.onPodConditions.type",
    "podFailurePolicy.rules.onPodConditions.status",
    "successPolicy.rules.succeededIndexes",
    "successPolicy.rules.succeededCount",
    "template.metadata.labels.*",
    "template.metadata.annotations.*",
];

const JOB_STATUS: &[&str] = &[
    "startTime",
    "completionTime",
    "active",
    "ready",
    "succeeded",
    "failed",
    "terminating",
    "completedIndexes",
    "failedIndexes",
];

const POD_SPEC: &[&str] = &[
    "restartPolicy",
    "activeDeadlineSeconds",
    "terminationGracePeriodSeconds",
    "nodeName",
    "nodeSelector.*",
    "serviceAccountName",
    "automountServiceAccountToken",
    "schedulerName",
    "schedulingGates.name",
    "priorityClassName",
    "priority",
    "preemptionPolicy",
    "runtimeClassName",
    "overhead.*",
    "os.name",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "hostUsers",
    "shareProcessNamespace",
    "enableServiceLinks",
    "imagePullSecrets.name",
    "resources.limits.*",
    "resources.requests.*",
    "tolerations.key",
    "tolerations.operator",
    "tolerations.value",
    "tolerations.effect",
    "tolerations.tolerationSeconds",
    "securityContext.runAsUser",
    "securityContext.runAsGroup",
    "securityContext.runAsNonRoot",
    "securityContext.fsGroup",
    "securityContext.fsGroupChangePolicy",
    "securityContext.supplementalGroups",
    "securityContext.seccompProfile.type",
    "securityContext.seccompProfile.localhostProfile",
];

const CONTAINER: &[&str] = &[
    "name",
    "image",
    "imagePullPolicy",
    "command",
    "args",
    "workingDir",
    "restartPolicy",
    "restartPolicyRules.action",
    "restartPolicyRules.exitCodes.operator",
    "restartPolicyRules.exitCodes.values",
    "stdin",
    "stdinOnce",
    "tty",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "ports.name",
    "ports.containerPort",
    "ports.hostPort",
    "ports.protocol",
    "env.name",
    "env.value",
    "envFrom.prefix",
    "envFrom.configMapRef.name",
    "envFrom.configMapRef.optional",
    "envFrom.secretRef.name",
    "envFrom.secretRef.optional",
    "resources.limits.*",
    "resources.requests.*",
    "volumeMounts.name",
    "volumeMounts.mountPath",
    "volumeMounts.subPath",
    "volumeMounts.subPathExpr",
    "volumeMounts.readOnly",
    "volumeMounts.recursiveReadOnly",
    "volumeMounts.mountPropagation",
    "volumeDevices.name",
    "volumeDevices.devicePath",
    "securityContext.runAsUser",
    "securityContext.runAsGroup",
    "securityContext.runAsNonRoot",
    "securityContext.privileged",
    "securityContext.allowPrivilegeEscalation",
    "securityContext.readOnlyRootFilesystem",
    "securityContext.capabilities.add",
    "securityContext.capabilities.drop",
    "securityContext.seccompProfile.type",
    "securityContext.seccompProfile.localhostProfile",
];

const VALUE_FROM: &[&str] = &[
    "fieldRef.apiVersion",
    "fieldRef.fieldPath",
    "resourceFieldRef.containerName",
    "resourceFieldRef.resource",
    "resourceFieldRef.divisor",
    "configMapKeyRef.name",
    "configMapKeyRef.key",
    "configMapKeyRef.optional",
    "secretKeyRef.name",
    "secretKeyRef.key",
    "secretKeyRef.optional",
    "fileKeyRef.volumeName",
    "fileKeyRef.path",
    "fileKeyRef.key",
    "fileKeyRef.optional",
];

const PROBE: &[&str] = &[
    "initialDelaySeconds",
    "periodSeconds",
    "timeoutSeconds",
    "successThreshold",
    "failureThreshold",
    "terminationGracePeriodSeconds",
    "grpc.port",
];

/// What is called or run. The path has to be there, so its place is kept.
const HANDLER: &[&str] =
    &["exec.command", "httpGet.port", "httpGet.scheme", "httpGet.path", "tcpSocket.port", "sleep.seconds"];

/// Volumes of other kinds keep their names: what they are made of names servers, and may hold credentials.
const VOLUME: &[&str] = &[
    "name",
    "emptyDir",
    "emptyDir.medium",
    "emptyDir.sizeLimit",
    "hostPath.path",
    "hostPath.type",
    "persistentVolumeClaim.claimName",
    "persistentVolumeClaim.readOnly",
    "configMap.name",
    "configMap.optional",
    "configMap.defaultMode",
    "configMap.items.key",
    "configMap.items.path",
    "configMap.items.mode",
    "secret.secretName",
    "secret.optional",
    "secret.defaultMode",
    "secret.items.key",
    "secret.items.path",
    "secret.items.mode",
    "downwardAPI.defaultMode",
    "downwardAPI.items.path",
    "downwardAPI.items.mode",
    "downwardAPI.items.fieldRef.fieldPath",
    "downwardAPI.items.fieldRef.apiVersion",
    "downwardAPI.items.resourceFieldRef.containerName",
    "downwardAPI.items.resourceFieldRef.resource",
    "downwardAPI.items.resourceFieldRef.divisor",
    "projected.defaultMode",
    "csi.driver",
    "csi.readOnly",
    "image.reference",
    "image.pullPolicy",
];

const PROJECTED: &[&str] = &[
    "configMap.name",
    "configMap.optional",
    "configMap.items.key",
    "configMap.items.path",
    "configMap.items.mode",
    "secret.name",
    "secret.optional",
    "secret.items.key",
    "secret.items.path",
    "secret.items.mode",
    "serviceAccountToken.path",
    "serviceAccountToken.expirationSeconds",
    "downwardAPI.items.path",
    "downwardAPI.items.mode",
    "downwardAPI.items.fieldRef.fieldPath",
    "downwardAPI.items.fieldRef.apiVersion",
    "downwardAPI.items.resourceFieldRef.containerName",
    "downwardAPI.items.resourceFieldRef.resource",
    "downwardAPI.items.resourceFieldRef.divisor",
];

const CONTAINER_STATUS: &[&str] = &[
    "name",
    "image",
    "ready",
    "started",
    "restartCount",
    "state.waiting.reason",
    "state.waiting.message",
    "state.running",
    "state.running.startedAt",
    "state.terminated.exitCode",
    "state.terminated.signal",
    "state.terminated.reason",
    "state.terminated.message",
    "state.terminated.startedAt",
    "state.terminated.finishedAt",
    "lastState.terminated.exitCode",
    "lastState.terminated.signal",
    "lastState.terminated.reason",
    "lastState.terminated.message",
    "lastState.terminated.startedAt",
    "lastState.terminated.finishedAt",
];
