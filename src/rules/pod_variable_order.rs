//! `pod/variable-order`

use std::collections::HashMap;

use super::levels;
use crate::command::{may_be_of_service, references};
use crate::engine::{Check, ContainerPart, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// A variable that is used before it is there.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "pod/variable-order",
        summary: "$(NAME) in a variable's value, of a variable that is set further down",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoEffect],
        what: "`$(NAME)` in the value of a variable, where NAME stands further down in the same `env`, or is the variable \
               itself. `JOB_COMPLETION_INDEX` counts as the last one: the Job controller adds it behind the others, unless \
               the container sets it.\n\n\
               Of containers with `envFrom` nothing is said, since the name may come from there, nor of names that \
               variables of Services have (`X_PORT`, `X_SERVICE_HOST`). In `command` and `args` the order does not matter.",
        why: "Kubernetes fills in the variables from the top, each with those above it, and leaves `$(NAME)` as it is written \
              where there is none: the program is given the dollar and the parentheses. Variables that the image sets are not \
              known to it: `$(PATH):/opt/bin` is no list of folders with one more.",
        examples: &[
            Example::bad(
                "the host is set below the URL",
                r#"apiVersion: batch/v1
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
        - name: URL
          value: postgres://$(DB_HOST)/shop
        - name: DB_HOST
          value: db.example.com
"#,
            ),
            Example::bad(
                "the index of a Pod comes last",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  completions: 3
  completionMode: Indexed
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
        env:
        - name: SHARD
          value: shard-$(JOB_COMPLETION_INDEX)
"#,
            ),
            Example::bad(
                "a port that the container sets itself",
                r#"apiVersion: batch/v1
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
        - name: URL
          value: http://db:$(DB_PORT)/
        - name: DB_PORT
          value: "5432"
"#,
            ),
            Example::good(
                "the host is set first",
                r#"apiVersion: batch/v1
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
        - name: DB_HOST
          value: db.example.com
        - name: URL
          value: postgres://$(DB_HOST)/shop
"#,
            ),
            Example::good(
                "the index is among the variables",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  completions: 3
  completionMode: Indexed
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
        env:
        - name: JOB_COMPLETION_INDEX
          valueFrom:
            fieldRef:
              fieldPath: metadata.annotations['batch.kubernetes.io/job-completion-index']
        - name: SHARD
          value: shard-$(JOB_COMPLETION_INDEX)
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/",
            "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables",
            "https://kubernetes.io/docs/tasks/job/indexed-parallel-processing-static/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// The variable that the Job controller gives the Pods of an Indexed Job.
const INDEX: &str = "JOB_COMPLETION_INDEX";
/// Of how many variables of one container this is said.
const MAX_REPORTED: usize = 8;
/// The most that a message says of a name, in characters.
const NAME: usize = 60;

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    for part in job.containers() {
        look(part, job.is_indexed(), sink);
    }
}

fn look(part: ContainerPart<'_>, is_indexed: bool, sink: &mut Sink) {
    let variables = part.container.env.as_deref().unwrap_or_default();
    let has_others = part.container.env_from.as_ref().is_some_and(|sources| !sources.is_empty());
    let value = |variable: &k8s_openapi::api::core::v1::EnvVar| {
        variable.value.as_deref().is_some_and(|value| value.contains("$("))
    };
    if has_others || !variables.iter().any(value) {
        return;
    }
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (index, variable) in variables.iter().enumerate() {
        first.entry(&variable.name).or_insert(index);
    }
    // `DB_PORT` is what people set themselves far more often than what a Service is called.
    let is_own_port =
        |name: &str| first.contains_key(name) && !name.contains("_SERVICE_") && name.ends_with("_PORT");
    let late = variables.iter().enumerate().filter_map(|(index, variable)| {
        let is_late = |name: &&str| match first.get(name) {
            Some(at) => *at >= index,
            None => is_indexed && *name == INDEX,
        };
        let mut names = references(variable.value.as_deref()?)
            .filter(|name| is_own_port(name) || !may_be_of_service(name));
        Some((index, variable, names.find(is_late)?))
    });
    for (index, variable, late) in late.take(MAX_REPORTED) {
        let path = part.path("env").index(index).field("value");
        let name = jobguard_text::plain_within(late, NAME);
        let own = jobguard_text::plain_within(&variable.name, NAME);
        match first.get(late) {
            Some(at) if *at == index => {
                sink.report(path, format!("$({name}) is passed on as it is written: a variable does not know its own value, nor what the image sets"))
                    .help("write the value out, or put them together in a shell");
            }
            Some(at) => {
                sink.report(
                    path,
                    format!("$({name}) is passed on as it is written: {name} is set only further down"),
                )
                .help(format!("move {name} above {own}"))
                .related(part.path("env").index(*at).field("name"), "set here");
            }
            None => {
                sink.report(path, format!("$({name}) is passed on as it is written: the Job controller adds {name} behind the variables that are set here"))
                    .help(format!(
                        "set {name} above {own}, from fieldRef metadata.annotations['batch.kubernetes.io/job-completion-index']"
                    ));
            }
        }
    }
}
