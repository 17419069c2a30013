//! `job/ttl-runs-again`

use super::levels;
use crate::deploy_tool::{CreatesAgain, Hook};
use crate::engine::{
    Check, Docs, Example, LONGEST_LIMIT, Object, Rule, RuleContext, Severity, Sink, Symptom,
};
use crate::policy::{Level, RuleSpec};

/// A Job that its controller runs again and again.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/ttl-runs-again",
        summary: "a TTL deletes a Job that a controller then creates, and so runs, again",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Deployment],
        what: "`ttlSecondsAfterFinished` of up to a year on a Job that a controller reconciles, judging by its \
               labels, annotations or field managers: Argo CD (`argocd.argoproj.io/...`), Flux \
               (`kustomize.toolkit.fluxcd.io/...`, `helm.toolkit.fluxcd.io/...`), Config Sync \
               (`configsync.gke.io/...`), KubeVela (`app.oam.dev/...`). Hooks are exempt: they are created only \
               at their own time. For Flux's helm-controller this is an info at most: it creates the Job with \
               the next upgrade, and before that only if drift detection is on.",
        why: "Once the TTL has deleted the Job, the cluster differs from the desired state, and the controller \
              creates the Job again with its next reconciliation or sync. A migration that was meant to run once \
              then runs every few minutes, or with every sync.",
        examples: &[
            Example::bad(
                "Flux runs it again after ten minutes",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: provision
  labels:
    kustomize.toolkit.fluxcd.io/name: apps
    kustomize.toolkit.fluxcd.io/namespace: flux-system
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
            Example::good(
                "the Job stays, so it runs once",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: provision
  labels:
    kustomize.toolkit.fluxcd.io/name: apps
    kustomize.toolkit.fluxcd.io/namespace: flux-system
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
        ],
        sources: &[
            "https://fluxcd.io/flux/use-cases/running-jobs/",
            "https://argo-cd.readthedocs.io/en/stable/user-guide/resource_hooks/",
            "https://cloud.google.com/kubernetes-engine/enterprise/config-sync/docs/reference/labels-and-annotations",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job().filter(|job| !job.of_cron_job) else { return };
    let Some(ttl) = job.spec.ttl_seconds_after_finished.filter(|ttl| i64::from(*ttl) <= LONGEST_LIMIT) else {
        return;
    };
    let metadata = object.metadata();
    let is_owned = metadata.owner_references.as_ref().is_some_and(|owners| !owners.is_empty());
    if is_owned || Hook::of(metadata).is_some() {
        return;
    }
    let tool = object.deploy_tool().filter(|tool| tool.creates_again != CreatesAgain::Deploying);
    let Some(tool) = tool else { return };
    let gone = format!("once the TTL has deleted it {ttl} s after it ends");
    let path = job.path("ttlSecondsAfterFinished");
    if tool.creates_again == CreatesAgain::IfDrifted {
        sink.report(
            path,
            format!(
                "{} creates this Job again, and so runs it again, {gone}: with the next upgrade, or at once where it \
                 corrects drift",
                tool.name
            ),
        )
        .help("remove ttlSecondsAfterFinished, or make the Job a Helm hook (such as helm.sh/hook: pre-upgrade)")
        .at_most(Severity::Info);
        return;
    }
    sink.report(path, format!("{} creates this Job again, and so runs it again, {gone}", tool.name)).help(
        if tool.name == "Argo CD" {
            "remove ttlSecondsAfterFinished, or make the Job a hook (argocd.argoproj.io/hook: Sync), which runs \
             once per sync"
        } else {
            "remove ttlSecondsAfterFinished: a Job that still exists is not run again"
        },
    );
}
