//! `job/ttl-hook-conflict`

use super::everywhere;
use crate::engine::{Check, Docs, Example, Hook, LONGEST_LIMIT, Object, Rule, RuleContext, Sink, Weight};
use crate::path::FieldPath;
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};

/// A hook that is gone before the tool that runs it has looked.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/ttl-hook-conflict",
        summary: "a hook is removed by its tool, and a TTL may be faster",
        levels: everywhere(Level::Warn),
        options: &[OptionSpec {
            name: "minTtl",
            summary: "The shortest TTL of a hook without a delete policy of its own.",
            kind: OptionKind::Seconds { default: 60, min: 0, max: 86_400 },
        }],
    },
    docs: Docs {
        what: "A Job that is a hook of Helm (`helm.sh/hook`) or Argo CD (`argocd.argoproj.io/hook`) and has \
               `ttlSecondsAfterFinished` as well: beside a delete policy of the hook \
               (`hook-delete-policy`), whatever the TTL, up to a year; without one, if the TTL is shorter than the option \
               `minTtl`. A hook whose only cleaner is a TTL of a few minutes is what both tools recommend.",
        why: "Whoever runs a hook waits until it has finished, and then decides by the delete policy whether it \
              stays, so that its log can be read. A TTL deletes the Job whatever the policy keeps. And a short \
              one may delete it before the tool has looked: older versions of Argo CD then wait for ever for a \
              hook that is gone, Helm 4 waits until its timeout, after which the release fails, and Helm 3 takes \
              any deletion for success.",
        examples: &[
            Example::bad(
                "two ways to be deleted",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: post-install
    helm.sh/hook-delete-policy: hook-succeeded
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
            Example::bad(
                "gone before anybody looks",
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
                "the delete policy alone",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: post-install
    helm.sh/hook-delete-policy: hook-succeeded
spec:
  backoffLimit: 3
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
};

/// The most that a message quotes of a delete policy, in characters.
const QUOTE: usize = 60;

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job().filter(|job| !job.of_cron_job) else { return };
    let (Some(ttl), Some(hook)) = (job.spec.ttl_seconds_after_finished, Hook::of(object)) else { return };
    // What is removed after years only is not removed.
    if i64::from(ttl) > LONGEST_LIMIT {
        return;
    }
    let annotation = |name| FieldPath::root().field("metadata").field("annotations").key(name);
    let path = job.path("ttlSecondsAfterFinished");
    if let Some((name, policy)) = hook.delete_policy {
        let policy: String = policy.chars().take(QUOTE).collect();
        sink.report(
            path,
            format!(
                "the TTL deletes this {} hook {ttl} s after its end, whatever its delete policy {policy:?} keeps",
                hook.tool
            ),
        )
        .weight(Weight::of_least(ttl))
        .help("remove ttlSecondsAfterFinished, or the delete policy")
        .related(annotation(name), "this decides already when the Job goes");
    } else if i64::from(ttl) < context.int("minTtl") {
        sink.report(
            path,
            format!(
                "the TTL deletes this {0} hook {ttl} s after its end, perhaps before {0} has seen how it ended",
                hook.tool
            ),
        )
        .weight(Weight::of_least(ttl))
        .help("set ttlSecondsAfterFinished to 600, or replace it by a delete policy of the hook")
        .related(annotation(hook.annotation), "makes the Job a hook");
    }
}
