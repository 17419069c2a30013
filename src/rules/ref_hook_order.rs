//! `ref/hook-order`

use std::collections::BTreeSet;

use super::levels;
use crate::deploy_tool::{Late, Moment};
use crate::engine::{
    Check, Docs, Example, Neighbour, NeighbourKind, NeighbourSource, Object, Question, Rule, RuleContext,
    Severity, Sink, Symptom,
};
use crate::policy::{Level, RuleSpec};
use jobguard_apiserver::Kind;
use jobguard_manifest::FieldPath;

/// Hooks that need what is not there yet.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "ref/hook-order",
        summary: "a hook needs an object that its tool creates only later, or has already deleted",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Deployment, Symptom::NoPods],
        what: "A Job that runs as a hook, or in a sync wave, before an object of the same release that its Pods \
               cannot start without. For example: a Helm `pre-install` hook that uses a ConfigMap, Secret, \
               ServiceAccount or claim that is not such a hook itself, or is one with a higher \
               `helm.sh/hook-weight`; an Argo CD PreSync hook that uses an object synced after it; a Job in an \
               earlier `argocd.argoproj.io/sync-wave` than the object it uses; a hook that runs after deletion \
               (`post-delete`, PostDelete) and uses an object that is deleted with the release. Objects belong \
               to one release if they are in one file, or if Helm's comments (`# Source:`) or their labels say \
               so. The rule looks at rendered manifests, such as the output of `helm template`.",
        why: "At the first installation the object does not exist when the hook runs. The hook's Pods are not \
              created, or wait for the object; the tool waits for the hook, and creates nothing more until it \
              times out. An upgrade works, because the object exists from before, with its old content. An \
              object that a hook after deletion needs is gone by then: its Pods never start, and `helm \
              uninstall` or the deletion of the Application hangs.",
        examples: &[
            Example::bad(
                "a ConfigMap of the chart",
                r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  LEVEL: info
---
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-weight: "-1"
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
        envFrom:
        - configMapRef:
            name: settings
"#,
            ),
            Example::bad(
                "synced after the PreSync hook",
                r#"apiVersion: v1
kind: Secret
metadata:
  name: login
stringData:
  user: app
  password: example
---
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    argocd.argoproj.io/hook: PreSync
    argocd.argoproj.io/hook-delete-policy: BeforeHookCreation
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
        env:
        - name: PASSWORD
          valueFrom:
            secretKeyRef:
              name: login
              key: password
"#,
            ),
            Example::good(
                "a hook that comes first",
                r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-weight: "-5"
data:
  LEVEL: info
---
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-weight: "-1"
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
        envFrom:
        - configMapRef:
            name: settings
"#,
            ),
            Example::good(
                "a hook after the installation",
                r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  LEVEL: info
---
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: post-install,post-upgrade
    helm.sh/hook-weight: "-1"
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
        envFrom:
        - configMapRef:
            name: settings
"#,
            ),
        ],
        sources: &[
            "https://helm.sh/docs/topics/charts_hooks/",
            "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    // Nobody waits for the Jobs of a CronJob.
    if object.kind() != Kind::Job {
        return;
    }
    let Some(job) = object.job() else { return };
    let metadata = object.metadata();
    let moment = Moment::of(|mark| {
        let maps = [&metadata.annotations, &metadata.labels];
        maps.into_iter().flatten().find_map(|map| map.get(mark)).map(String::as_str)
    });
    let mut seen: BTreeSet<(NeighbourKind, &str)> = BTreeSet::new();
    for reference in job.references().filter(|reference| !reference.optional) {
        let (kind, name) = (reference.kind, reference.name);
        let Some(known) = context.known(kind, Question::Named(name)) else { continue };
        if known.source != NeighbourSource::Input || !seen.insert((kind, name)) {
            continue;
        }
        // The same name may stand in several files: one that comes first is enough.
        let mut severest = Severity::Error;
        let mut found: Option<Late> = None;
        let is_late = known.index.find(name, object.namespace()).all(|other| {
            let Some(late) = together(object, &moment, other, context).and_then(|(others, of)| {
                severest = severest.min(of);
                moment.waits_for(&others, &format!("the {}", kind.as_str()))
            }) else {
                return false;
            };
            found = Some(late);
            true
        });
        let Some(Late { is_gone, when, remedy }) = found.filter(|_| is_late) else { continue };
        let kind = kind.as_str();
        let reported = sink
            .report(
                reference.path(&job),
                if is_gone {
                    format!("the {kind} {name:?} no longer exists when this Job runs: {when}")
                } else {
                    format!("the {kind} {name:?} does not exist yet when this Job first runs: {when}")
                },
            )
            .help(remedy)
            .at_most(severest);
        if moment.is_ordered() {
            let path = FieldPath::root().field("metadata").field("annotations");
            reported.related(path, "when the Job runs");
        }
    }
}

/// When a neighbour is created that is of the same release as the Job, and how severe it is at most if that is too late; none
/// where they are of two releases.
fn together<'a>(
    object: &Object,
    moment: &Moment<'_>,
    other: &'a Neighbour,
    context: &RuleContext<'_>,
) -> Option<(Moment<'a>, Severity)> {
    let marks = &other.origin.marks;
    let others =
        Moment::of(|name| marks.iter().find(|(mark, _)| *mark == name).map(|(_, value)| value.as_str()));
    let by_chart = object.chart().zip(other.origin.chart.as_deref()).map(|(one, other)| one == other);
    let by_marks = moment.shares_release(&others);
    if by_chart == Some(false) || by_marks == Some(false) {
        return None;
    }
    let file = other.origin.file.as_deref();
    let is_said = by_chart.or(by_marks).is_some() || file.is_some() && file == context.file();
    Some((others, if is_said { Severity::Error } else { Severity::Info }))
}
