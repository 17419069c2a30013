//! `deploy/misplaced-metadata`

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::levels;
use crate::deploy_tool::{MapKind, Place, Reader, Replacement};
use crate::engine::{
    Check, Docs, Example, Fix, Object, Reported, Rule, RuleContext, Safety, Severity, Sink, Symptom,
};
use crate::policy::{Level, RuleSpec};
use jobguard_apiserver::Workload;
use jobguard_manifest::FieldPath;
use jobguard_manifest::edit::Edit;
use jobguard_text::shortened;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// An annotation or a label that nobody reads where it stands.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "deploy/misplaced-metadata",
        summary: "an annotation or label is in a place where its tool does not read it",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoEffect, Symptom::Deployment],
        what: "Annotations and labels that a tool reads in one place, but that are in another. Those for Pods \
               (Istio's `sidecar.istio.io/inject`, Linkerd's `linkerd.io/inject`, Vault's, \
               `cluster-autoscaler.kubernetes.io/safe-to-evict`, `karpenter.sh/do-not-disrupt`, \
               `prometheus.io/scrape` and others) on the Job, the CronJob or its Job template; those for the \
               object itself (`helm.sh/hook`, `argocd.argoproj.io/hook`, sync waves and options, Flux's and \
               kapp's) in a template; Kueue's `queue-name` on a CronJob or in a Pod template, although it \
               belongs on the Job; and annotations for hooks, waves and delete policies of Helm and Argo CD among the \
               labels. Not reported if the right place has the same key.",
        why: "The tool does not read them there, and there is no warning. The Job is not a hook and is deployed \
              along with everything else; a sidecar is injected that keeps the Job from completing; a Pod that \
              should be spared is evicted when its node is scaled down. A Pod gets only the labels and \
              annotations of its Pod template.",
        examples: &[
            Example::bad(
                "the autoscaler looks at Pods",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: gpu-batch
  annotations:
    cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 600
  ttlSecondsAfterFinished: 3600
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::bad(
                "not a hook",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: gpu-batch
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 600
  ttlSecondsAfterFinished: 3600
  template:
    metadata:
      annotations:
        helm.sh/hook: pre-upgrade
        helm.sh/hook-weight: "-5"
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "on the Pods",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: gpu-batch
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 600
  ttlSecondsAfterFinished: 3600
  template:
    metadata:
      annotations:
        cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
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
  name: gpu-batch
  annotations:
    helm.sh/hook: pre-upgrade
    helm.sh/hook-weight: "-5"
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
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-template",
            "https://helm.sh/docs/topics/charts_hooks/",
            "https://istio.io/latest/docs/reference/config/annotations/",
            "https://linkerd.io/2/reference/proxy-configuration/",
            "https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md",
            "https://karpenter.sh/docs/concepts/disruption/#pod-level-controls",
            "https://kueue.sigs.k8s.io/docs/tasks/run/run_cronjobs/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// How many keys a message names.
const NAMED: usize = 3;

/// How many keys are moved at most: to look for each of them takes the longer the more there are.
const MAX_MOVED: usize = 100;

/// How much of a key a message shows, in characters.
const MAX_KEY: usize = 80;

/// A place of an object that has metadata.
#[derive(Clone)]
struct Spot<'o> {
    place: Place,
    /// In words, behind "has no effect".
    name: Cow<'static, str>,
    path: &'static str,
    metadata: Option<&'o ObjectMeta>,
}

/// The places of an object, from the outermost in.
fn spots(object: &Object) -> Vec<Spot<'_>> {
    let of_pods = object.job().and_then(|job| job.template().metadata.as_ref());
    let spot = |place, name: &'static str, path, metadata| Spot { place, name: name.into(), path, metadata };
    match object.workload() {
        Workload::Job(_) => vec![
            // The object is the Job.
            spot(Place::Job, "on the Job", "metadata", Some(object.metadata())),
            spot(Place::Pod, "in the Pod template", "spec.template.metadata", of_pods),
        ],
        Workload::CronJob(cron_job) => vec![
            Spot {
                name: format!("on the {}", object.kind_as_written()).into(),
                ..spot(Place::Object, "", "metadata", Some(object.metadata()))
            },
            spot(
                Place::Job,
                "in the Job template",
                "spec.jobTemplate.metadata",
                cron_job.spec.job_template.metadata.as_ref(),
            ),
            spot(Place::Pod, "in the Pod template", "spec.jobTemplate.spec.template.metadata", of_pods),
        ],
    }
}

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    // What another object makes is as its author has it there.
    if object.metadata().owner_references.as_ref().is_some_and(|owners| !owners.is_empty()) {
        return;
    }
    let spots = spots(object);
    // Two moves to one place may both have to make it: the second is offered once the first is done.
    let mut moved_to = Vec::new();
    for here in &spots {
        for kind in [MapKind::Annotations, MapKind::Labels] {
            let mut misplaced: Vec<(usize, Misplaced<'_>)> = Vec::new();
            for (key, value) in entries(here, kind).into_iter().flatten() {
                let Some(reader) = Reader::of(kind, key, value) else { continue };
                // A Job has no place of its own besides that of the object.
                let right = spots.iter().position(|spot| spot.place == reader.place).unwrap_or(0);
                let there = &spots[right];
                if there.path == here.path || has(&spots, there, kind, key) {
                    continue;
                }
                let is_same = |(other, group): &&mut (usize, Misplaced<'_>)| {
                    *other == right && group.place == reader.place
                };
                match misplaced.iter_mut().find(is_same) {
                    Some((_, group)) => group.add(key, reader),
                    None => misplaced.push((right, Misplaced::new(key, reader))),
                }
            }
            for (right, group) in misplaced {
                let is_first = !moved_to.contains(&right);
                moved_to.push(right);
                let reported = report(object, &group, kind, (here, &spots[right]), sink);
                if is_first && group.keys.len() <= MAX_MOVED {
                    reported.fix(fix(object, &group, (kind, kind), (here, &spots[right])));
                }
            }
        }
        let Some(own) = spots.first() else { continue };
        let as_labels = entries(here, MapKind::Labels).into_iter().flatten().filter_map(|(key, _)| {
            let reader = Reader::of_label_for_annotation(key)?;
            (!has(&spots, own, MapKind::Annotations, key)).then_some((key.as_str(), reader))
        });
        let group = as_labels.fold(None, |group: Option<Misplaced<'_>>, (key, reader)| match group {
            Some(mut group) => {
                group.add(key, reader);
                Some(group)
            }
            None => Some(Misplaced::new(key, reader)),
        });
        if let Some(group) = group {
            let is_first = !moved_to.contains(&0);
            moved_to.push(0);
            let reported = report_label(object, &group, (here, own), sink);
            if is_first {
                reported.fix(fix(object, &group, (MapKind::Labels, MapKind::Annotations), (here, own)));
            }
        }
    }
}

fn report_label<'s>(
    object: &Object,
    group: &Misplaced<'_>,
    (here, own): (&Spot<'_>, &Spot<'_>),
    sink: &'s mut Sink,
) -> Reported<'s> {
    let named = group.named();
    let (is, have, them) = match group.keys.len() {
        1 => ("is an annotation", "it has", "it"),
        _ => ("are annotations", "they have", "them"),
    };
    let effect = match (group.makes_hook, object.workload()) {
        (true, Workload::Job(_)) => ", and this Job is not a hook",
        _ => "",
    };
    let from = map(here, MapKind::Labels);
    let mut paths = group.keys.iter().map(|key| from.clone().key((*key).to_owned()));
    let reported = sink
        .report(
            paths.next().unwrap_or_else(|| from.clone()),
            format!("{named} {is}: among the labels {have} no effect{effect}"),
        )
        .at_key()
        .help(format!("move {them} to {}", map(own, MapKind::Annotations)));
    paths.take(NAMED).fold(reported, |reported, path| reported.related(path, "this too"))
}

fn entries<'o>(spot: &Spot<'o>, kind: MapKind) -> Option<&'o BTreeMap<String, String>> {
    let metadata = spot.metadata?;
    match kind {
        MapKind::Annotations => metadata.annotations.as_ref(),
        MapKind::Labels => metadata.labels.as_ref(),
    }
}

/// Whether a place has a key. A Job without labels gets those of its Pods.
fn has(spots: &[Spot<'_>], spot: &Spot<'_>, kind: MapKind, key: &str) -> bool {
    let has = |spot: &Spot<'_>| entries(spot, kind).is_some_and(|map| map.contains_key(key));
    let is_bare = || {
        spot.place == Place::Job
            && kind == MapKind::Labels
            && entries(spot, kind).is_none_or(BTreeMap::is_empty)
    };
    has(spot) || (is_bare() && spots.iter().any(|other| other.place == Place::Pod && has(other)))
}

/// Keys that belong in the same other place.
struct Misplaced<'o> {
    place: Place,
    keys: Vec<&'o str>,
    makes_hook: bool,
}

impl<'o> Misplaced<'o> {
    fn new(key: &'o str, reader: Reader) -> Self {
        Self { place: reader.place, keys: vec![key], makes_hook: reader.of_hook }
    }

    fn add(&mut self, key: &'o str, reader: Reader) {
        self.keys.push(key);
        self.makes_hook |= reader.of_hook;
    }

    /// The keys in words.
    fn named(&self) -> String {
        let (first, rest) = self.keys.split_at(self.keys.len().min(NAMED));
        let first: Vec<String> = first.iter().map(|key| shortened(key, MAX_KEY)).collect();
        match (first.as_slice(), rest.len()) {
            ([only], 0) => only.clone(),
            ([all @ .., last], 0) => format!("{} and {last}", all.join(", ")),
            (first, more) => format!("{} and {more} more", first.join(", ")),
        }
    }
}

fn map(spot: &Spot<'_>, kind: MapKind) -> FieldPath {
    FieldPath::root().fields(spot.path).field(kind.field())
}

fn report<'s>(
    object: &Object,
    group: &Misplaced<'_>,
    kind: MapKind,
    (here, there): (&Spot<'_>, &Spot<'_>),
    sink: &'s mut Sink,
) -> Reported<'s> {
    let named = group.named();
    let one = group.keys.len() == 1;
    let (have, them) = if one { ("it has", "it") } else { ("they have", "them") };
    let kind_of = match kind {
        MapKind::Annotations => "annotation",
        MapKind::Labels => "label",
    };
    let is = match (group.place, one) {
        (Place::Pod, true) => format!("is a Pod {kind_of}"),
        (Place::Pod, false) => format!("are Pod {kind_of}s"),
        (Place::Job, true) => format!("is a Job {kind_of}"),
        (Place::Job, false) => format!("are Job {kind_of}s"),
        (Place::Object, true) => format!("is read from the {}'s own metadata", object.kind().as_str()),
        (Place::Object, false) => format!("are read from the {}'s own metadata", object.kind().as_str()),
    };
    let effect = match (group.makes_hook, object.workload()) {
        (true, Workload::Job(_)) => ", and this Job is not a hook",
        _ => "",
    };
    let mut paths = group.keys.iter().map(|key| map(here, kind).key((*key).to_owned()));
    let mut reported = sink
        .report(
            paths.next().unwrap_or_else(|| map(here, kind)),
            format!("{named} {is}: {} {have} no effect{effect}", here.name),
        )
        .at_key()
        .help(format!("move {them} to {}", map(there, kind)));
    if group.place == Place::Job && here.place == Place::Pod {
        // Kueue queues single Pods too, where it is set up to.
        reported = reported.at_most(Severity::Info);
    }
    paths.take(NAMED).fold(reported, |reported, path| reported.related(path, "this too"))
}

fn fix(
    object: &Object,
    group: &Misplaced<'_>,
    (kind, to): (MapKind, MapKind),
    (here, there): (&Spot<'_>, &Spot<'_>),
) -> Fix {
    let keys = group.keys.iter().map(|key| (*key).to_owned()).collect();
    let (from, to) = (map(here, kind), map(there, to));
    let title = format!("move {} to {to}", group.named());
    Fix::new(safety(object, group), title, Edit::MoveEntries { from, keys, to })
}

/// Whether nobody need look at what a move comes to.
fn safety(object: &Object, group: &Misplaced<'_>) -> Safety {
    let metadata = object.metadata();
    let is_job = matches!(object.workload(), Workload::Job(_));
    // The template of a Job that exists cannot change: the next deployment would fail.
    let is_fixed = is_job
        && object.deploy_tool().is_some_and(|tool| tool.changes_in_place)
        && Replacement::of(metadata).is_none();
    Safety::safe_if(match group.place {
        Place::Pod => !is_fixed,
        Place::Job => !is_job,
        // A CronJob that is a hook is deployed at another moment, and does not run then.
        Place::Object => is_job || !group.makes_hook,
    })
}
