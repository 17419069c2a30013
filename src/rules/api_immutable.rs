//! `api/immutable`

use super::ALWAYS;
use crate::deploy_tool::remedy_for_fixed_fields;
use crate::engine::{Check, Docs, Object, Precedence, Rule, ServerCheck, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::{FieldError, Topic, Workload};

/// A change of what cannot be changed.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/immutable",
        summary: "a field is changed that is immutable once the object exists",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Immutable],
        what: "Most of a Job's spec is immutable once the Job exists: `selector`, `completionMode`, \
               `podFailurePolicy`, `successPolicy`, `backoffLimitPerIndex`, `managedBy` and the Pod template. \
               `completions` of an Indexed Job can be changed together with `parallelism`, to the same number. \
               In the Pod template of a suspended Job, the node selector, node affinity, tolerations, scheduling \
               gates, labels and annotations can be changed if the Job was never started (since 1.36: if it has \
               no Pods), and since 1.36 container resources too.\n\n\
               The linter can find this only with `--against`, which names the stored objects. It compares them \
               with what `kubectl apply` would make of them: a field that the manifest does not set, and that \
               was not applied before, is not a change.\n\n\
               If the tool that deploys the Job replaces it (Helm and Argo CD hooks, Argo CD's \
               `Force=true,Replace=true`, Flux's `force: enabled`, kapp's `fallback-on-replace`), nothing is \
               refused; an info says that the Job runs again.",
        why: "`kubectl apply` of the changed manifest fails if the Job already exists. To run a Job with every \
              release, give it a new name each time (with a tag or a hash in it), make it a hook, which is \
              deleted first, or let the deployment tool replace it. By hand, run `kubectl delete job` first, or \
              `kubectl replace --force`.",
        examples: &[],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#mutable-scheduling-directives",
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#elastic-indexed-jobs",
            "https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#how-apply-calculates-differences-and-merges-changes",
            "https://helm.sh/docs/topics/charts_hooks/#hook-deletion-policies",
            "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#force-sync",
            "https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources",
            "https://carvel.dev/kapp/docs/latest/apply/",
        ],
    },
    check: Check::Server(ServerCheck::on(Topic::Immutable).help(help)),
    precedence: &[Precedence::BehindMissing],
    cel: None,
};

fn help(error: &FieldError, object: &Object) -> Option<&'static str> {
    match object.workload() {
        Workload::Job(job) if error.help.is_none() => Some(remedy_for_fixed_fields(&job.metadata)),
        _ => None,
    }
}
