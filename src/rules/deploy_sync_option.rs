//! `deploy/sync-option`

use super::levels;
use crate::deploy_tool::names::ARGO_SYNC_OPTIONS;
use crate::deploy_tool::{SyncOptions, UnknownSwitch};
use crate::engine::{Check, Docs, Example, Fix, Object, Rule, RuleContext, Safety, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;
use jobguard_text::quote;

/// An option or a switch that its tool ignores.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "deploy/sync-option",
        summary: "a sync option of Argo CD, or a Flux annotation, has an unknown value",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Deployment, Symptom::NoEffect],
        what: "An option in `argocd.argoproj.io/sync-options` that Argo CD does not know and that resembles one \
               that it knows: `replace=true`, `Prune=False`, or two options without a comma between them. Or an \
               annotation of Flux (`kustomize.toolkit.fluxcd.io/force`, `prune`, `reconcile`) that is `true` or \
               `false` instead of `enabled` or `disabled`.",
        why: "Argo CD and Flux compare these values exactly, and silently ignore all others. An object that \
              should be kept is pruned, or one that should be replaced is not.",
        examples: &[
            Example::bad(
                "options begin with a capital",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    argocd.argoproj.io/sync-options: prune=False
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
                "as Argo CD spells it",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    argocd.argoproj.io/sync-options: Prune=false
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
            "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/",
            "https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    for UnknownSwitch { map, name, written, meant } in UnknownSwitch::all(object.metadata()) {
        let path = FieldPath::root().field("metadata").field(map.field()).key(name);
        let fix = Fix::set(Safety::Safe, format!("write {meant}"), path.clone(), meant);
        let message = format!("{} is not a value that Flux knows here, and it ignores it", quote(written));
        sink.report(path, message).help(format!("write {meant}")).fix(fix);
    }
    let Some(options) = SyncOptions::of(object.metadata()) else { return };
    let misspelt = options.misspelt();
    let Some(first) = misspelt.first() else { return };
    let path = FieldPath::root().fields("metadata.annotations").key(ARGO_SYNC_OPTIONS);
    let message = format!("{} is not a sync option of Argo CD, which ignores it", quote(first.written));
    let reported = sink.report(path.clone(), message);
    let meant: Vec<&str> = misspelt.iter().map(|option| option.meant.as_str()).collect();
    let reported = reported.help(format!("write {}", meant.join(",")));
    if let Some(corrected) = options.corrected() {
        reported.fix(Fix::set(Safety::Safe, format!("write {}", meant.join(",")), path, corrected));
    }
}
