//! `job/ttl-hook-conflict`

use super::everywhere;
use crate::deploy_tool::Hook;
use crate::engine::{Cel, Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom, Weight};
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};
use jobguard_manifest::FieldPath;

/// A hook that is gone before the tool that runs it has looked.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/ttl-hook-conflict",
        summary: "a TTL may delete a hook before its tool has seen the result",
        since: "0.1.0",
        renamed_from: &[],
        levels: everywhere(Level::Warn),
        options: &[OptionSpec {
            name: "minTtl",
            summary: "The shortest TTL that leaves the tool time to see the result of its hook.",
            kind: OptionKind::Seconds { default: 60, min: 0, max: 86_400 },
        }],
    },
    docs: Docs {
        symptoms: &[Symptom::Deployment, Symptom::LogsGone],
        what: "A Job that is a hook of Helm (`helm.sh/hook`) or Argo CD (`argocd.argoproj.io/hook`) and has a \
               `ttlSecondsAfterFinished` below `minTtl`, 60 s by default, with or without a delete policy. A TTL \
               of some minutes beside a delete policy is fine: it removes the Jobs that the policy leaves.",
        why: "The tool waits until the hook has finished, and then looks at the result. A short TTL may delete \
              the Job before that: older versions of Argo CD then wait forever for a hook that is gone, Helm 4 \
              waits until its timeout, after which the release fails, and Helm 3 takes any deletion for success.",
        examples: &[
            Example::bad(
                "deleted before the tool has seen the result",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    argocd.argoproj.io/hook: PostSync
spec:
  ttlSecondsAfterFinished: 0
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "a delete policy, and ten minutes for the Jobs that it leaves",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: post-install
    helm.sh/hook-delete-policy: hook-succeeded
spec:
  backoffLimit: 3
  ttlSecondsAfterFinished: 600
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "the TTL alone",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: post-install
spec:
  ttlSecondsAfterFinished: 600
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
            "https://helm.sh/docs/topics/charts_hooks/#hook-deletion-policies",
            "https://argo-cd.readthedocs.io/en/stable/user-guide/resource_hooks/",
            "https://github.com/argoproj/argo-cd/issues/21055",
            "https://github.com/helm/helm/pull/32586",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(Cel::new("!variables.cron && has(JOB.ttlSecondsAfterFinished) && HOOK && JOB.ttlSecondsAfterFinished < {minTtl}").weight("0 - JOB.ttlSecondsAfterFinished").names(&[("HOOK", HOOK)])),
};

/// Whether an object is a hook of Argo CD or Helm.
const HOOK: &str = "has(OBJECT.metadata.annotations) && OBJECT.metadata.annotations.exists(key, \
    OBJECT.metadata.annotations[key].trim() != '' && (key == 'helm.sh/hook' || \
    key == 'argocd.argoproj.io/hook' && OBJECT.metadata.annotations[key].trim() != 'Skip'))";

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job().filter(|job| !job.of_cron_job) else { return };
    let (Some(ttl), Some(hook)) = (job.spec.ttl_seconds_after_finished, Hook::of(object.metadata())) else {
        return;
    };
    if i64::from(ttl) >= context.int("minTtl") {
        return;
    }
    let (annotation, _) = hook.annotation;
    sink.report(
        job.path("ttlSecondsAfterFinished"),
        format!(
            "the TTL deletes this {0} hook {ttl} s after it ends, perhaps before {0} has seen the result",
            hook.tool
        ),
    )
    .weight(Weight::of_least(ttl))
    .help(format!(
        "set ttlSecondsAfterFinished to 600, or remove it and let {} delete the hook by {}",
        hook.tool,
        hook.delete_policy_annotation()
    ))
    .related(
        FieldPath::root().field("metadata").field("annotations").key(annotation),
        "makes the Job a hook",
    );
}
