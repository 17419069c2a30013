//! `deploy/hook-delete-policy`

use super::levels;
use crate::deploy_tool::{ARGO_DELETE_POLICIES, HELM_DELETE_POLICIES, Hook, WordList};
use crate::engine::{Check, Docs, Example, Fix, Object, Rule, RuleContext, Safety, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;
use jobguard_text::{one_of, quote};

/// A delete policy that its tool does not know.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "deploy/hook-delete-policy",
        summary: "the hook's delete policy is not one that Helm or Argo CD knows",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Deployment],
        what: "A word in `helm.sh/hook-delete-policy` or `argocd.argoproj.io/hook-delete-policy` of a hook that \
               is not a delete policy. Helm ignores case, Argo CD does not. Argo CD reads Helm's annotation too, \
               but only with Helm's names in it.",
        why: "An unknown policy has no effect, and with Helm it also replaces the default, \
              `before-hook-creation`: the Job of the first run stays, and the next upgrade fails because a Job \
              of this name already exists. Argo CD falls back to its default, which may delete a Job that was to \
              be kept.",
        examples: &[
            Example::bad(
                "two typing errors",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: pre-upgrade
    helm.sh/hook-delete-policy: before-hook-create,hook-succeded
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 600
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::bad(
                "Helm's name in Argo CD's annotation",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    argocd.argoproj.io/hook: PreSync
    argocd.argoproj.io/hook-delete-policy: hook-succeeded
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 600
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "Helm's policies",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 600
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "Helm's policies on a hook of Argo CD",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    argocd.argoproj.io/hook: PreSync
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 600
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
            "https://github.com/helm/helm/blob/v4.0.0/pkg/action/hooks.go",
            "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/",
            "https://argo-cd.readthedocs.io/en/stable/user-guide/helm/#helm-hooks",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let metadata = object.metadata();
    let Some(hook) = Hook::of(metadata) else { return };
    for list in [&HELM_DELETE_POLICIES, &ARGO_DELETE_POLICIES] {
        let Some(value) = list.value(metadata) else { continue };
        look(list, value, &hook, sink);
    }
}

fn look(list: &'static WordList, value: &str, hook: &Hook<'_>, sink: &mut Sink) {
    let unknown = list.unknown(value);
    let named = unknown.iter().map(|unknown| unknown.word).find(|word| !word.is_empty());
    let is_all = list.known(value).next().is_none();
    let what = match named {
        Some(word) => format!("{} is not a delete policy of {}", quote(word), list.tool),
        // A comma too many does nothing.
        None if list.tool == "Helm" && is_all && !hook.is_argo() => "an empty delete policy".to_owned(),
        None => return,
    };
    let effect = match (list.tool, is_all) {
        ("Helm", _) if hook.is_argo() => ": Argo CD ignores it",
        ("Helm", true) if named.is_none() => {
            " switches the default before-hook-creation off: the Job stays, and the next run fails because it exists"
        }
        ("Helm", true) => {
            ", and the default before-hook-creation is off: the Job stays, and the next run fails because it exists"
        }
        ("Helm", false) => ": Helm ignores it",
        (_, true) if hook.deletes.before_creation => {
            ": Argo CD ignores it, and falls back to BeforeHookCreation"
        }
        _ => ": Argo CD ignores it",
    };
    let path = FieldPath::root().fields("metadata.annotations").key(list.annotation);
    let reported = sink.report(path.clone(), format!("{what}{effect}"));
    match list.corrected(value) {
        Some(corrected) => {
            let title = format!("write {corrected}");
            let fix = Fix::set(Safety::Safe, title, path, corrected.clone());
            let how = if list.lacks_comma(value) { "separate them by commas:" } else { "write" };
            reported.help(format!("{how} {corrected}")).fix(fix);
        }
        None => {
            reported.help(format!("write {}", one_of(list.words)));
        }
    }
}
