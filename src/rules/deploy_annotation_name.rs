//! `deploy/annotation-name`

use super::levels;
use crate::deploy_tool::MisspeltName;
use crate::engine::{Check, Docs, Example, Fix, Object, Rule, RuleContext, Safety, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;
use jobguard_manifest::edit::Edit;
use jobguard_text::quote;

/// An annotation of a tool whose name is misspelt.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "deploy/annotation-name",
        summary: "a misspelt annotation of Helm, Argo CD or Flux",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Deployment, Symptom::NoEffect],
        what: "An annotation under `helm.sh`, `argocd.argoproj.io` or `kustomize.toolkit.fluxcd.io` that the \
               tool does not have, with a name close to one that it has: `helm.sh/hooks`, \
               `argocd.argoproj.io/sync-option`.",
        why: "The API server accepts any annotation, and tools ignore those they do not know. A Job whose hook \
              annotation is misspelt is not a hook, and is deployed along with everything else.",
        examples: &[
            Example::bad(
                "not a hook",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hooks: pre-upgrade
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
                "a hook",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: pre-upgrade
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
            "https://argo-cd.readthedocs.io/en/stable/user-guide/annotations-and-labels/",
            "https://fluxcd.io/flux/components/kustomize/kustomizations/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// How many are reported.
const MAX_REPORTED: usize = 10;

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(annotations) = object.metadata().annotations.as_ref() else { return };
    let misspelt = annotations.keys().filter_map(|key| Some((key, MisspeltName::of(key)?)));
    for (key, MisspeltName { tool, meant }) in misspelt.take(MAX_REPORTED) {
        let path = FieldPath::root().fields("metadata.annotations").key(key.clone());
        let reported = sink
            .report(path.clone(), format!("{tool} has no annotation {}, and ignores it", quote(key)))
            .at_key()
            .help(format!("did you mean {meant}?"));
        if !annotations.contains_key(meant) {
            let edit = Edit::RenameKey { path, to: meant.to_owned() };
            reported.fix(Fix::new(Safety::Safe, format!("rename it to {meant}"), edit));
        }
    }
}
