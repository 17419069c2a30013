//! Why an API server refuses an object, by the words that controllers report it in.

use super::answer::Certainty;

/// Why an API server refuses an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// An admission webhook says no.
    Webhook,
    /// An admission webhook does not answer.
    WebhookAway,
    /// A ValidatingAdmissionPolicy says no.
    Policy,
    /// A ResourceQuota is used up.
    Quota,
    /// A ResourceQuota counts what the Pods do not say.
    QuotaUnsaid,
    /// A LimitRange.
    LimitRange,
    /// There is no such service account.
    ServiceAccount,
    /// Pod Security Admission.
    PodSecurity,
    /// OpenShift's security context constraints.
    Constraints,
    /// There is no such PriorityClass.
    PriorityClass,
    /// There is no such RuntimeClass.
    RuntimeClass,
    /// The namespace is being deleted.
    NamespaceEnds,
    /// The object is not valid.
    Invalid,
    /// The controller may not.
    Rights,
    /// Something else.
    Other,
}

/// What is said of a refusal: where Jobs are refused, and where Pods are.
struct Words {
    refusal: Refusal,
    job: &'static str,
    pod: &'static str,
    what: &'static str,
    change: &'static str,
    /// The field of a Job that is about it.
    field: &'static str,
}

const WORDS: [Words; 15] = [
    Words {
        refusal: Refusal::Webhook,
        job: "job-refused-webhook",
        pod: "pods-refused-webhook",
        what: "an admission webhook denies",
        change: "Change what the webhook objects to, or ask who runs it",
        field: "",
    },
    Words {
        refusal: Refusal::WebhookAway,
        job: "job-refused-webhook-away",
        pod: "pods-refused-webhook-away",
        what: "an admission webhook that must be asked cannot be reached, and so the API server refuses",
        change: "See to the webhook's Pods, Service and certificate, or ask who runs it",
        field: "",
    },
    Words {
        refusal: Refusal::Policy,
        job: "job-refused-policy",
        pod: "pods-refused-policy",
        what: "a ValidatingAdmissionPolicy denies",
        change: "Change what the policy objects to, or ask who keeps it",
        field: "",
    },
    Words {
        refusal: Refusal::Quota,
        job: "job-refused-quota",
        pod: "pods-refused-quota",
        what: "a ResourceQuota of the namespace is used up, and so the API server refuses",
        change: "Request less, remove what uses the quota (finished Jobs and Pods may), or have it raised",
        field: "spec.template.spec",
    },
    Words {
        refusal: Refusal::QuotaUnsaid,
        job: "job-refused-quota-unsaid",
        pod: "pods-refused-quota-unsaid",
        what: "a ResourceQuota counts resources that the containers do not set, and so the API server \
               refuses",
        change: "Set the resources that the message names in each container",
        field: "spec.template.spec.containers[0].resources",
    },
    Words {
        refusal: Refusal::LimitRange,
        job: "job-refused-limit-range",
        pod: "pods-refused-limit-range",
        what: "a LimitRange of the namespace does not allow what a container asks for, and so the API \
               server refuses",
        change: "Keep the containers' requests and limits within the LimitRange",
        field: "spec.template.spec.containers[0].resources",
    },
    Words {
        refusal: Refusal::ServiceAccount,
        job: "job-refused-service-account",
        pod: "pods-refused-service-account",
        what: "the service account is not there, and so the API server refuses",
        change: "Create the ServiceAccount, or name another one",
        field: "spec.template.spec.serviceAccountName",
    },
    Words {
        refusal: Refusal::PodSecurity,
        job: "job-refused-pod-security",
        pod: "pods-refused-pod-security",
        what: "the namespace's Pod Security level forbids",
        change: "Set the securityContext that the message asks for",
        field: "spec.template.spec.securityContext",
    },
    Words {
        refusal: Refusal::Constraints,
        job: "job-refused-constraints",
        pod: "pods-refused-constraints",
        what: "no security context constraint allows",
        change: "Ask for less, or let the service account use a constraint that allows it",
        field: "spec.template.spec.securityContext",
    },
    Words {
        refusal: Refusal::PriorityClass,
        job: "job-refused-priority-class",
        pod: "pods-refused-priority-class",
        what: "the PriorityClass is not there, and so the API server refuses",
        change: "Create the PriorityClass, or name another one",
        field: "spec.template.spec.priorityClassName",
    },
    Words {
        refusal: Refusal::RuntimeClass,
        job: "job-refused-runtime-class",
        pod: "pods-refused-runtime-class",
        what: "the RuntimeClass is not there, and so the API server refuses",
        change: "Create the RuntimeClass, or name another one",
        field: "spec.template.spec.runtimeClassName",
    },
    Words {
        refusal: Refusal::NamespaceEnds,
        job: "job-refused-namespace",
        pod: "pods-refused-namespace",
        what: "the namespace is being deleted, and so the API server refuses",
        change: "Use another namespace; in this one nothing can be created any more",
        field: "",
    },
    Words {
        refusal: Refusal::Invalid,
        job: "job-refused-invalid",
        pod: "pods-refused-invalid",
        what: "it is not valid, so that the API server refuses",
        change: "Correct the field that the message names",
        field: "",
    },
    Words {
        refusal: Refusal::Rights,
        job: "job-refused-rights",
        pod: "pods-refused-rights",
        what: "the controller has no right to it, and so the API server refuses",
        change: "Ask an administrator: the controllers' own roles were changed",
        field: "",
    },
    Words {
        refusal: Refusal::Other,
        job: "job-refused",
        pod: "pods-refused",
        what: "the API server refuses",
        change: "Change what the message objects to",
        field: "",
    },
];

impl Refusal {
    /// By the words of the API server, as a controller's event has them.
    pub(super) fn of(message: &str) -> Self {
        let has = |part: &str| message.contains(part);
        // What others say of an object may hold any words: theirs are looked at first.
        if has("admission webhook ") && has(" denied the request") {
            Self::Webhook
        } else if has("failed calling webhook") || has("failed to call webhook") {
            Self::WebhookAway
        } else if has("ValidatingAdmissionPolicy ") {
            Self::Policy
        } else if has("exceeded quota") {
            Self::Quota
        } else if has("failed quota") {
            Self::QuotaUnsaid
        } else if has("violates PodSecurity") {
            Self::PodSecurity
        } else if has("security context constraint") {
            Self::Constraints
        } else if has("because it is being terminated") {
            Self::NamespaceEnds
        } else if has("error looking up service account") || has("serviceaccount ") && has("not found") {
            Self::ServiceAccount
        } else if has("PriorityClass") && has("was found") {
            Self::PriorityClass
        } else if has("RuntimeClass") && has("not found") {
            Self::RuntimeClass
        } else if has(" cannot create resource ") {
            Self::Rights
        } else if has("usage per ") || has("limit to request ratio per ") {
            Self::LimitRange
        } else if has(" is invalid: ") {
            Self::Invalid
        } else {
            Self::Other
        }
    }

    fn words(self) -> &'static Words {
        let known = WORDS.iter().find(|words| words.refusal == self);
        known.unwrap_or(&WORDS[WORDS.len() - 1])
    }

    /// The id of a reason why a Job is not made, or why its Pods are not.
    pub(super) fn id(self, of_pods: bool) -> &'static str {
        if of_pods { self.words().pod } else { self.words().job }
    }

    /// What happens, as the beginning of a sentence that goes on with what is refused.
    pub(super) fn what(self) -> &'static str {
        self.words().what
    }

    /// What to do about it.
    pub(super) fn change(self) -> &'static str {
        self.words().change
    }

    /// The field of a Job that is to be changed, where that is always the same.
    pub(super) fn field(self) -> Option<&'static str> {
        Some(self.words().field).filter(|field| !field.is_empty())
    }

    /// The same as what an event says is certain: the API server's own words.
    pub(super) const CERTAINTY: Certainty = Certainty::Certain;
}

/// What the API server said, without what every controller puts in front of it.
pub(super) fn said(message: &str) -> &str {
    let rest =
        message.strip_prefix("Error creating job: ").or_else(|| message.strip_prefix("Error creating: "));
    rest.unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_servers_words() {
        for (message, refusal) in [
            (
                r#"Error creating: pods "a-x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"#,
                Refusal::Quota,
            ),
            (
                r#"Error creating: pods "a-x" is forbidden: failed quota: q: must specify limits.cpu for: main"#,
                Refusal::QuotaUnsaid,
            ),
            (
                r#"Error creating: pods "a-x" is forbidden: error looking up service account ns/b: serviceaccount "b" not found"#,
                Refusal::ServiceAccount,
            ),
            (
                r#"Error creating: pods "a-x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false"#,
                Refusal::PodSecurity,
            ),
            (
                r#"Error creating: pods "a-x" is forbidden: maximum cpu usage per Container is 1, but limit is 2"#,
                Refusal::LimitRange,
            ),
            (
                r#"Error creating job: admission webhook "check.jobguard.dev" denied the request: exceeded quota"#,
                Refusal::Webhook,
            ),
            (
                r#"Error creating: Internal error occurred: failed calling webhook "a.b": failed to call webhook: Post "https://x": EOF"#,
                Refusal::WebhookAway,
            ),
            (
                r#"Error creating: pods "a" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"#,
                Refusal::Policy,
            ),
            (
                r#"Error creating: pods "a" is forbidden: no PriorityClass with name high was found"#,
                Refusal::PriorityClass,
            ),
            (
                r#"Error creating job: Job.batch "a-1" is invalid: spec.template.labels: Invalid value"#,
                Refusal::Invalid,
            ),
            (
                r#"Error creating: pods "a-x" is forbidden: unable to create new content in namespace a because it is being terminated"#,
                Refusal::NamespaceEnds,
            ),
            ("Error creating: etcdserver: request timed out", Refusal::Other),
        ] {
            assert_eq!(Refusal::of(message), refusal, "{message}");
        }
    }

    #[test]
    fn each_has_its_words() {
        for words in &WORDS {
            assert_eq!(words.refusal.id(false), words.job);
            assert!(words.pod.starts_with("pods-refused") && words.job.starts_with("job-refused"));
        }
    }
}
