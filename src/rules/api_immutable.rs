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
        summary: "a field is changed that cannot be changed once the object exists",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Immutable],
        what: "Most of a Job's spec is fixed when the Job is created: `selector`, `completionMode`, \
               `podFailurePolicy`, `successPolicy`, `backoffLimitPerIndex`, `managedBy` and the Pod template. \
               `completions` of an Indexed Job can change together with `parallelism`, to the same number. A \
               suspended Job that runs no Pods may get other resources, node selectors, node affinity, tolerations, \
               scheduling gates, and other labels and annotations in its template.\n\n\
               The linter can only tell with `--against`, which names what is stored. It judges the object that `kubectl \
               apply` would make: what the manifest does not write, and was not applied before, is no change.\n\n\
               Where the tool that deploys the Job replaces it (Helm's and Argo CD's hooks, Argo CD's \
               `Force=true,Replace=true`, Flux's `force: enabled`, kapp's `fallback-on-replace`), nothing is refused; a \
               remark says that the Job runs again.",
        why: "`kubectl apply` of a changed manifest fails on a Job that ran before. Deployments that run a Job with each \
              version give it another name each time (a tag or a hash in it), make it a hook, which is deleted \
              first, or have their tool replace it. By hand, `kubectl delete job` or `kubectl replace --force` comes \
              first.",
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
