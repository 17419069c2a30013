//! `deploy/hook-name`

use super::levels;
use crate::deploy_tool::{ARGO_HOOKS, HELM_HOOKS, WordList};
use crate::engine::{Check, Docs, Example, Fix, Object, Rule, RuleContext, Safety, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;
use jobguard_text::{one_of, quote};

/// A hook that its tool does not know.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "deploy/hook-name",
        summary: "a hook name that Helm or Argo CD does not know",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Deployment, Symptom::NoEffect],
        what: "A word in `helm.sh/hook` or `argocd.argoproj.io/hook` that is not the name of a hook. Helm \
               ignores case, Argo CD does not. Argo CD knows Helm's names in Helm's annotation, but not in its \
               own. Helm 2's `crd-install` and `test-failure` no longer exist.",
        why: "Helm skips a whole manifest that names one unknown hook, and only logs an info line: the Job is \
              never created, neither as a hook nor as an ordinary resource. A comma after the last name is \
              enough. Argo CD ignores names that it does not know, and never creates an object whose annotation \
              has no known one.",
        examples: &[
            Example::bad(
                "a typing error",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: pre-instal,pre-upgrade
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
                "Argo CD's names have capitals",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    argocd.argoproj.io/hook: presync
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
                "names of hooks",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
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
                "a phase of the sync",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    argocd.argoproj.io/hook: PreSync
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
            "https://helm.sh/docs/topics/charts_hooks/",
            "https://github.com/helm/helm/blob/v4.0.0/pkg/release/v1/util/manifest_sorter.go",
            "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/",
            "https://argo-cd.readthedocs.io/en/stable/user-guide/helm/#helm-hooks",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    for list in [&HELM_HOOKS, &ARGO_HOOKS] {
        let Some(value) = list.value(object.metadata()) else { continue };
        look(list, value, sink);
    }
}

fn look(list: &'static WordList, value: &str, sink: &mut Sink) {
    let unknown = list.unknown(value);
    let is_all = list.known(value).next().is_none();
    // Argo CD passes over what is empty, but an annotation with nothing in it makes a hook of no phase.
    let Some(first) = unknown.first().map(|unknown| unknown.word).or(is_all.then_some("")) else { return };
    let effect = match (list.tool, is_all) {
        ("Helm", _) => "Helm skips this manifest and only logs an info line",
        (_, true) => "Argo CD never creates this object",
        (_, false) => "Argo CD ignores it",
    };
    let is_only_empty = unknown.iter().all(|unknown| unknown.word.is_empty());
    let message = match (first.is_empty(), is_all) {
        (true, true) => format!("no hook is named: {effect}"),
        (true, false) if is_only_empty => format!("the empty name next to a comma is not a hook: {effect}"),
        _ => {
            let first =
                unknown.iter().map(|unknown| unknown.word).find(|word| !word.is_empty()).unwrap_or(first);
            format!("{} is not a hook of {}: {effect}", quote(first), list.tool)
        }
    };
    let path = FieldPath::root().fields("metadata.annotations").key(list.annotation);
    let reported = sink.report(path.clone(), message);
    match list.corrected(value) {
        Some(corrected) => {
            let title = format!("write {corrected}");
            let fix = Fix::set(Safety::Safe, title, path, corrected.clone());
            let how = if list.lacks_comma(value) { "separate them by commas:" } else { "write" };
            reported.help(format!("{how} {corrected}")).fix(fix);
        }
        None if unknown.iter().any(|unknown| unknown.word.eq_ignore_ascii_case("crd-install")) => {
            reported.help("crd-install was removed in Helm 3, which installs the chart's folder crds/ first");
        }
        None => {
            reported.help(format!("write {}", one_of(list.words)));
        }
    }
}
