//! `ref/missing-key`

use std::collections::BTreeSet;

use super::levels;
use crate::engine::{
    Check, Docs, Example, NeighbourKind, Object, Question, Rule, RuleContext, Sink, Symptom,
};
use crate::policy::{Level, RuleSpec};
use jobguard_text::nearest;

/// Entries that are not there.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "ref/missing-key",
        summary: "a key that the Pods need is not in its ConfigMap or Secret",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoPods],
        what: "A variable or a volume uses a key of a ConfigMap or Secret that the object, among the manifests \
               given, does not have; or a variable uses a key in a ConfigMap's `binaryData`, which only volumes \
               can use. An object without any keys is assumed to be filled in by something else. The webhook \
               knows only the names of such objects, never their content, so it does not have this rule.",
        why: "A container with a variable from a missing key does not start (CreateContainerConfigError), nor \
              does a Pod with such a volume. Neither counts as a failure: the Job waits until its deadline, or \
              forever if it has none.",
        examples: &[
            Example::bad(
                "a typing error",
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
  name: import
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
              key: pasword
"#,
            ),
            Example::good(
                "the key that exists",
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
  name: import
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
        ],
        sources: &[
            "https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/#restrictions",
            "https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// Of how many missing entries of one Job, and among how many that are there, a name like theirs is looked for.
const MAX_COMPARED: (usize, usize) = (3, 200);

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let mut seen: BTreeSet<(NeighbourKind, &str, &str, bool)> = BTreeSet::new();
    for reference in job.references().filter(|reference| !reference.optional) {
        let (kind, name) = (reference.kind, reference.name);
        let Some(key) = reference.key.filter(|key| !key.is_empty()) else { continue };
        let Some(known) = context.known(kind, Question::Named(name)) else { continue };
        if seen.contains(&(kind, name, key, reference.is_variable())) {
            continue;
        }
        // The same name may stand in several files, one for each environment: one that has it is enough.
        let mut severest = None;
        let mut there = None;
        let mut is_binary = false;
        let lacks = known.index.find(name, object.namespace()).all(|candidate| {
            severest = severest.max(known.nearness(candidate, object, context).severest());
            let keys = candidate.facts.keys().filter(|keys| !keys.is_empty());
            there = there.or(keys);
            let in_binary = reference.is_variable() && candidate.facts.is_binary(key);
            is_binary |= in_binary;
            keys.is_some_and(|keys| in_binary || !keys.contains(key))
        });
        let (Some(severest), Some(keys), true) = (severest, there, lacks) else { continue };
        seen.insert((kind, name, key, reference.is_variable()));
        if is_binary {
            sink.report(
                reference.path(&job),
                format!(
                    "the key {key:?} of the ConfigMap {name:?} is in its binaryData, which variables cannot use: \
                     the Pods do not start"
                ),
            )
            .help("move the key to data if its value is text, or mount it as a file")
            .at_most(severest);
            continue;
        }
        let similar = if seen.len() <= MAX_COMPARED.0 {
            nearest(key, keys.iter().take(MAX_COMPARED.1).map(String::as_str))
        } else {
            None
        };
        let kind = kind.as_str();
        let help = match similar {
            Some(similar) => {
                format!("did you mean {similar}? otherwise add the key to the {kind}")
            }
            None => format!(
                "add the key to the {kind}, correct its name, or set optional: true if the Pods can do without it"
            ),
        };
        sink.report(
            reference.path(&job),
            format!("the {kind} {name:?} has no key {key:?}, and the Pods do not start without it"),
        )
        .help(help)
        .at_most(severest);
    }
}
