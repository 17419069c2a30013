//! `template/unexpanded`

mod placeholder;

use serde_json::Value;

use self::placeholder::{Grammar, Style, placeholder, stand_in};
use super::levels;
use crate::engine::{
    Check, Docs, Example, Object, Precedence, Rule, RuleContext, Severity, Sink, Symptom, any_text,
};
use crate::policy::{Level, RuleSpec};
use jobguard_apiserver::{JOB_NAME_LABELS, Kind, Workload};
use jobguard_manifest::{At, FieldPath};

/// A template that has been taken for a manifest.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "template/unexpanded",
        summary: "a placeholder of a template has not been filled in",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Deny, Level::Deny),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "A placeholder where a value is needed: `$ITEM`, `${ITEM}` or `$(ITEM)`; `{{ item }}` or `{% ... \
               %}` of Jinja, Go and Helm; `<no value>`, `<nil>` or `%!s(<nil>)`, which Go templates leave if a \
               value is missing; `<node-name>`, which should have been replaced. Checked are names, labels, \
               images, schedules, references to other objects and so on.\n\n\
               Also words that stand for a value, in names, images and node names, as a warning at most: `TODO`, \
               `CHANGEME`, `replace-me`, `your-registry/...`.\n\n\
               Not checked is what a program interprets itself: `command`, `args`, values of `env`, probes and \
               hooks, where `$VAR` and `$(VAR)` are valid, and annotations. In a path `$ITEM` is a placeholder \
               only in capitals and at the beginning of a word, since directories have names such as `$Extend`; \
               in user names (`DOM\\svc$batch`) it is not one. There is one finding for each object, at the \
               first placeholder.",
        why: "Template expansion creates many Jobs from one file: a script fills in each item, and the results \
              are applied. The template itself is not a valid manifest. At best the API server refuses it, with \
              a message about characters in names; where a field accepts any text, a Job is created that pulls \
              the image `$IMAGE`.",
        examples: &[
            Example::bad(
                "the template itself",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: process-item-$ITEM
  labels:
    jobgroup: jobexample
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: c
        image: busybox:1.36
        command: ["sh", "-c", "echo Processing item $ITEM && sleep 5"]
"#,
            ),
            Example::bad(
                "a value that the chart was not given",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: report
spec:
  schedule: "15 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: "example.com/report:<no value>"
"#,
            ),
            Example::bad(
                "a value that was to be written over",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: disk-cleanup
spec:
  template:
    spec:
      restartPolicy: Never
      nodeSelector:
        kubernetes.io/hostname: <node-name>
      containers:
      - name: main
        image: your-registry/disk-cleanup:1.0
"#,
            ),
            Example::good(
                "expanded for one item",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: process-item-apple
  labels:
    jobgroup: jobexample
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: c
        image: busybox:1.36
        command: ["sh", "-c", "echo Processing item $ITEM && sleep 5"]
        env:
        - name: ITEM
          value: apple
        - name: GREETING
          value: Hello $(ITEM)
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/tasks/job/parallel-processing-expansion/",
            "https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/",
        ],
    },
    check: Check::Object(check),
    precedence: &[Precedence::OverObjections],
    cel: None,
};

/// Fields that hold a program's own business, or free text; nothing below them is looked at.
const FREE: [&str; 10] = [
    "annotations",
    "args",
    "command",
    "lifecycle",
    "livenessProbe",
    "options",
    "readinessProbe",
    "startupProbe",
    "subPathExpr",
    "volumeAttributes",
];
/// Fields that hold a map with free keys.
const MAPS: [&str; 6] = ["labels", "limits", "matchLabels", "nodeSelector", "overhead", "requests"];
/// How many places are named.
const MAX_PLACES: usize = 4;
/// The most that a message quotes of a placeholder, in characters.
const QUOTE: usize = 40;

fn has_placeholder(text: &str) -> bool {
    placeholder(text, Grammar::Name).is_some()
}

/// Whether there is a placeholder in any place that is looked at, and perhaps in some others.
fn is_suspect(object: &Object) -> bool {
    let metadata = object.metadata();
    let names = [&metadata.name, &metadata.generate_name, &metadata.namespace];
    names.into_iter().flatten().any(|name| has_placeholder(name))
        || metadata.labels.as_ref().is_some_and(|labels| any_text(labels, has_placeholder))
        || match object.workload() {
            Workload::Job(job) => any_text(&job.spec, has_placeholder),
            Workload::CronJob(cron_job) => any_text(&cron_job.spec, has_placeholder),
        }
        || has_stand_in(object)
}

/// Whether a word stands for a value, in one of the few fields where that is looked for.
fn has_stand_in(object: &Object) -> bool {
    let metadata = object.metadata();
    let names = [&metadata.name, &metadata.generate_name, &metadata.namespace].into_iter().flatten();
    let job = object.job();
    let pod = job.and_then(|job| job.pod());
    let of_pod = pod.into_iter().flat_map(|pod| {
        let fields = [&pod.hostname, &pod.node_name, &pod.service_account_name].into_iter().flatten();
        fields.chain(pod.node_selector.iter().flat_map(|labels| labels.values()))
    });
    let images =
        job.into_iter().flat_map(|job| job.containers()).filter_map(|part| part.container.image.as_ref());
    names.chain(of_pod).chain(images).any(|text| stand_in(text).is_some())
}

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    // Nearly no manifest has one, and to say so must cost nearly nothing.
    if !is_suspect(object) {
        return;
    }
    let mut places = Places::default();
    look(object, &mut places);
    let count = places.count;
    // What is certain goes before a word, which might be a name after all.
    places.first.sort_by_key(|place| place.style == Style::StandIn);
    let mut places = places.first.into_iter();
    let Some(Place { path, text, style }) = places.next() else { return };
    let (message, help) = match style {
        Style::Lost => (
            format!("{text:?} is what a template leaves where it was given no value"),
            "give the template the value that it asks for, and render it again",
        ),
        Style::Angle | Style::StandIn => (
            format!("{text:?} has not been filled in: it stands for a value"),
            "write the value that it stands for",
        ),
        Style::Shell => (
            not_a_manifest(&text, object.kind()),
            "render the template first (envsubst, say), then lint the result",
        ),
        Style::Braces => (
            not_a_manifest(&text, object.kind()),
            "render the template first, with helm template, or with the program that its Jinja is \
             written for",
        ),
    };
    // It is one mistake, wherever it shows first.
    let mut report = sink.report(path, message).of_whole().weight(count).help(help);
    if style == Style::StandIn {
        report = report.at_most(Severity::Warning);
    }
    for place in places {
        let words = match place.style {
            Style::Lost => "is what a template leaves here, without a value",
            Style::Angle | Style::StandIn => "stands for a value here",
            Style::Shell | Style::Braces => "has not been filled in here",
        };
        report = report.related(place.path, format!("{:?} {words}", place.text));
    }
}

fn not_a_manifest(text: &str, kind: Kind) -> String {
    format!("{text:?} has not been filled in: this is a template for {}s, and not yet one", kind.as_str())
}

/// Where a placeholder stands.
struct Place {
    path: FieldPath,
    /// The placeholder, cut short.
    text: String,
    style: Style,
}

/// The places found.
#[derive(Default)]
struct Places {
    first: Vec<Place>,
    /// How many there are in all.
    count: usize,
}

/// Gathers the first places of `object`, and counts all.
fn look(object: &Object, places: &mut Places) {
    let metadata = object.metadata();
    let root = At::root();
    let at = root.field("metadata");
    // A name that the server has made from generateName shows the same fault once more.
    let generated = metadata.generate_name.as_deref().filter(|prefix| !prefix.is_empty());
    match generated {
        Some(prefix) => look_at(prefix, &at.field("generateName"), Grammar::Value, places),
        None => {
            look_at(metadata.name.as_deref().unwrap_or_default(), &at.field("name"), Grammar::Value, places)
        }
    }
    look_at(
        metadata.namespace.as_deref().unwrap_or_default(),
        &at.field("namespace"),
        Grammar::Value,
        places,
    );
    let (spec, template) = match object.workload() {
        Workload::Job(job) => {
            let template = job.spec.as_ref().and_then(|spec| spec.template.metadata.as_ref());
            (serde_json::to_value(&job.spec), template.and_then(|metadata| metadata.labels.as_ref()))
        }
        Workload::CronJob(cron_job) => (serde_json::to_value(&cron_job.spec), None),
    };
    for (key, value) in metadata.labels.iter().flatten() {
        // A Job without labels of its own has those of its Pods, which are looked at below.
        if template.and_then(|labels| labels.get(key)) != Some(value) {
            let label = at.field("labels");
            look_at(key, &label.key(key), Grammar::Name, places);
            look_at(value, &label.key(key), Grammar::Name, places);
        }
    }
    if let Ok(spec) = spec {
        walk(&spec, "spec", Grammar::Name, &root.field("spec"), places);
    }
}

/// Looks at all texts in `value`, which is the value, or an element, of `field`.
fn walk(value: &Value, field: &str, grammar: Grammar, at: &At<'_>, places: &mut Places) {
    match value {
        Value::String(text) => look_at(text, at, grammar, places),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, field, grammar, &at.index(index), places);
            }
        }
        Value::Object(entries) if MAPS.contains(&field) => {
            // The server makes these from the Job's name.
            let own = entries.iter().filter(|(key, _)| !JOB_NAME_LABELS.contains(&key.as_str()));
            for (key, value) in own {
                look_at(key, &at.key(key), Grammar::Name, places);
                let grammar = if field == "nodeSelector" { Grammar::Value } else { Grammar::Name };
                walk(value, key, grammar, &at.key(key), places);
            }
        }
        Value::Object(entries) => {
            for (name, value) in entries {
                let is_free = FREE.contains(&name.as_str()) || (field == "env" && name == "value");
                // The server makes the one out of the other.
                let is_mirrored = name == "serviceAccount" && entries.contains_key("serviceAccountName");
                if !is_free && !is_mirrored {
                    walk(value, name, Grammar::of(field, name), &at.field(name), places);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn look_at(text: &str, at: &At<'_>, grammar: Grammar, places: &mut Places) {
    if let Some((placeholder, style)) = placeholder(text, grammar) {
        places.count += 1;
        if places.first.len() >= MAX_PLACES {
            return;
        }
        let path = at.to_path();
        if places.first.last().is_none_or(|last| last.path != path) {
            places.first.push(Place { path, text: placeholder.chars().take(QUOTE).collect(), style });
        }
    }
}
