//! `ref/missing-object`

use std::collections::BTreeSet;

use super::levels;
use crate::engine::{
    Check, Docs, Example, JobPart, Known, Nearness, NeighbourKind, NeighbourSource, Object, Question,
    Reference, Rule, RuleContext, Severity, Sink, Symptom,
};
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};
use jobguard_text::nearest;

/// Names that nothing has.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "ref/missing-object",
        summary: "an object that the Pods need does not exist, although others of its kind do",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[OptionSpec {
            name: "secrets",
            summary: "Whether a missing Secret is reported even if no other Secret has a similar name.",
            kind: OptionKind::Bool { default: false },
        }],
    },
    docs: Docs {
        symptoms: &[Symptom::NoPods],
        what: "A ConfigMap, Secret, PersistentVolumeClaim or ServiceAccount that the Job's Pods cannot start \
               without (it is not `optional`), or a Secret of its `imagePullSecrets`, does not exist. In manifests, this is reported if there is one \
               with a similar name: with the hash that kustomize appends to the names of what it generates, or \
               with a typing error. It is also reported if the folder has others of the kind and nothing that \
               may create more: documents that cannot be read, or kustomizations and charts that are not \
               rendered. Operators create Secrets with all kinds of names, so for a Secret this is reported only \
               with the option `secrets`. What every namespace has (the ServiceAccount `default`, the ConfigMap \
               `kube-root-ca.crt`) is never reported.\n\n\
               The webhook looks in the cluster, with `--watch-config-maps`, `--watch-secrets`, \
               `--watch-persistent-volume-claims` and `--watch-service-accounts`.",
        why: "Without its ServiceAccount no Pod is created; without the others, Pods wait in \
              CreateContainerConfigError, ContainerCreating or Pending. None of this counts as a failure: the \
              Job waits until its deadline, or forever if it has none.",
        examples: &[
            Example::bad(
                "the Secret for images has nearly this name",
                r#"apiVersion: v1
kind: Secret
metadata:
  name: registry-login
type: kubernetes.io/dockerconfigjson
data:
  .dockerconfigjson: e30=
---
apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  template:
    spec:
      restartPolicy: Never
      imagePullSecrets:
      - name: registry-logn
      containers:
      - name: import
        image: example.com/import:2
"#,
            ),
            Example::good(
                "a SealedSecret becomes a Secret of its name",
                r#"apiVersion: v1
kind: Secret
metadata:
  name: app-secret
data:
  password: eA==
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: app-secrets
spec:
  encryptedData:
    token: AgA=
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
      - name: import
        image: example.com/import:2
        env:
        - name: TOKEN
          valueFrom:
            secretKeyRef:
              name: app-secrets
              key: token
"#,
            ),
            Example::good(
                "another Secret, and one for images that something else may make",
                r#"apiVersion: v1
kind: Secret
metadata:
  name: database
data:
  password: eA==
---
apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  template:
    spec:
      restartPolicy: Never
      imagePullSecrets:
      - name: registry-login
      containers:
      - name: import
        image: example.com/import:2
"#,
            ),
            Example::bad(
                "kustomize has appended a hash to the ConfigMap's name",
                r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: settings-7f9ck2hd6g
data:
  LEVEL: info
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
        envFrom:
        - configMapRef:
            name: settings
"#,
            ),
            Example::bad(
                "a typing error",
                r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: shop-settings
data:
  LEVEL: info
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
        envFrom:
        - configMapRef:
            name: shop-setings
"#,
            ),
            Example::good(
                "the ConfigMap exists",
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
  name: import
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
                "optional: the Pods start without it",
                r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: others
data:
  LEVEL: info
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
        envFrom:
        - configMapRef:
            name: settings
            optional: true
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/#restrictions",
            "https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/generatoroptions/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// What every namespace has, or is given by what runs in many clusters.
const ALWAYS_THERE: &[(NeighbourKind, &str)] = &[
    (NeighbourKind::ConfigMap, "istio-ca-root-cert"),
    (NeighbourKind::ConfigMap, "kube-root-ca.crt"),
    (NeighbourKind::ConfigMap, "openshift-service-ca.crt"),
    (NeighbourKind::ServiceAccount, "builder"),
    (NeighbourKind::ServiceAccount, "default"),
    (NeighbourKind::ServiceAccount, "deployer"),
    (NeighbourKind::ServiceAccount, "pipeline"),
];

/// The characters of the hashes that kustomize appends: those of hexadecimal numbers, but for some that it replaces so that
/// they spell no word.
const HASH: &str = "2456789bcdfghkmt";
/// How many characters such a hash has.
const HASH_LENGTH: usize = 10;

/// Of how many missing objects of one Job, and among how many neighbours, a name like theirs is looked for.
const MAX_COMPARED: (usize, usize) = (3, 200);

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let mut seen: BTreeSet<(NeighbourKind, &str)> = BTreeSet::new();
    let mut compared = 0;
    for reference in job.references().filter(|reference| !reference.optional || reference.is_for_images()) {
        let (kind, name) = (reference.kind, reference.name);
        if ALWAYS_THERE.contains(&(kind, name)) {
            continue;
        }
        let Some(known) = context.known(kind, Question::Missing(name)) else { continue };
        if !seen.insert((kind, name)) || known.index.find(name, object.namespace()).next().is_some() {
            continue;
        }
        if known.source == NeighbourSource::Cluster {
            not_in_cluster(&reference, (object, &job), known, sink);
            continue;
        }
        compared += 1;
        not_in_input(&reference, (object, &job), (known, compared <= MAX_COMPARED.0), context, sink);
    }
}

fn not_in_cluster(
    reference: &Reference<'_>,
    (object, job): (&Object, &JobPart<'_>),
    known: &Known,
    sink: &mut Sink,
) {
    // What may have been made since is not missed.
    if known.lost.is_some() {
        return;
    }
    let (kind, name) = (reference.kind.as_str(), reference.name);
    let namespace = object.namespace().unwrap_or("default");
    sink.report(
        reference.path(job),
        format!("there is no {kind} {name:?} in namespace {namespace}, and {}", effect(reference, "it")),
    )
    .help(format!("create the {kind}, or correct the name"))
    // A node may have what it needs itself.
    .at_most(if reference.is_for_images() { Severity::Info } else { Severity::Warning });
}

fn not_in_input(
    reference: &Reference<'_>,
    (object, job): (&Object, &JobPart<'_>),
    (known, compare): (&Known, bool),
    context: &RuleContext<'_>,
    sink: &mut Sink,
) {
    let (kind, name) = (reference.kind.as_str(), reference.name);
    let is_near = |neighbour: &&_| known.nearness(neighbour, object, context) >= Nearness::Likely;
    let base = without_hash(name).unwrap_or(name);
    let prefix = format!("{base}-");
    let generated = known.index.beginning(&prefix, object.namespace()).take(MAX_COMPARED.1);
    if let Some(other) = generated.filter(is_near).find(|other| without_hash(&other.name) == Some(base)) {
        let other = &other.name;
        sink.report(
            reference.path(job),
            format!(
                "there is no {kind} {name:?} here, only {other:?}: kustomize has appended a hash to its \
                     name, but not in this reference"
            ),
        )
        .help(format!(
            "add this object to the kustomization that generates the {kind}, use {other}, or set \
             generatorOptions.disableNameSuffixHash"
        ));
        return;
    }
    let names = || {
        let neighbours = known.index.within(object.namespace()).take(MAX_COMPARED.1);
        neighbours.filter(is_near).map(|neighbour| neighbour.name.as_str())
    };
    // What makes Secrets may make one of this very name; and names that are counted are no slips of each other.
    let is_made = reference.kind == NeighbourKind::Secret && known.partial;
    let slip = (compare && !is_made).then(|| nearest(name, names())).flatten();
    if let Some(other) = slip.filter(|other| without_digits(other) != without_digits(name)) {
        sink.report(reference.path(job), format!("there is no {kind} {name:?} here, but there is {other:?}"))
            .help(format!("did you mean {other}? {}", effect(reference, &format!("the {kind}"))));
        return;
    }
    let is_made_by_others = match reference.kind {
        NeighbourKind::Secret => !context.bool("secrets"),
        // A StatefulSet's, say.
        NeighbourKind::PersistentVolumeClaim => name.ends_with(|last: char| last.is_ascii_digit()),
        _ => false,
    };
    let has_others = || context.file().is_some_and(|file| known.index.has_beside(file, object.namespace()));
    if known.partial || is_made_by_others || !has_others() {
        return;
    }
    sink.report(
        reference.path(job),
        format!("there is no {kind} {name:?} in the input, although there are others"),
    )
    .help(format!(
        "make sure that it exists, or correct the name; {}",
        effect(reference, &format!("the {kind}"))
    ))
    .at_most(Severity::Info);
}

/// What comes of it that an object is not there.
fn effect(reference: &Reference<'_>, it: &str) -> String {
    match reference.is_for_images() {
        true => format!("private images are not pulled without {it}"),
        false => format!("Pods do not start without {it}"),
    }
}

/// A name but for its digits.
fn without_digits(name: &str) -> String {
    name.chars().filter(|character| !character.is_ascii_digit()).collect()
}

/// A name without the hash that kustomize has appended, where it ends with one.
fn without_hash(name: &str) -> Option<&str> {
    let (base, hash) = name.rsplit_once('-')?;
    let is_hash = hash.len() == HASH_LENGTH && hash.chars().all(|character| HASH.contains(character));
    (is_hash && !base.is_empty()).then_some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_kustomize() {
        assert_eq!(without_hash("report-settings-7f9ck2hd6g"), Some("report-settings"));
        for name in
            ["report-settings", "a-0123456789", "a-7f9ck2hd6", "-7f9ck2hd6g", "a-permission", "7f9ck2hd6g"]
        {
            assert_eq!(without_hash(name), None, "{name}");
        }
    }
}
