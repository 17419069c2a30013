//! What the CEL forms of several rules have in common: names that stand for an expression.

/// The limit on retries.
pub(super) const RETRIES: (&str, &str) = (
    "RETRIES",
    "(has(JOB.backoffLimitPerIndex) ? JOB.backoffLimitPerIndex : \
    (has(JOB.backoffLimit) ? JOB.backoffLimit : 6))",
);

/// All containers but ephemeral ones.
pub(super) const CONTAINERS: (&str, &str) = (
    "CONTAINERS",
    "(JOB.template.spec.containers + \
    (has(JOB.template.spec.initContainers) ? JOB.template.spec.initContainers : []))",
);
