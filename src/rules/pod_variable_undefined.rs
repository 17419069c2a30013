//! `pod/variable-undefined`

use std::collections::HashSet;

use super::levels;
use crate::command::{may_be_of_service, references};
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// A variable that there is not.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "pod/variable-undefined",
        summary: "$(NAME) in a variable's value, of a variable that the container does not set",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Off, Level::Info),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoEffect],
        what: "`$(NAME)`, in capitals, in the value of a variable, where the container has no variable of that name. Of \
               containers with `envFrom` nothing is said, nor of names that variables of Services have. What stands in \
               `command` and `args` is for `pod/shell-syntax`.",
        why: "Kubernetes leaves it as it is written. That may be meant, where the program itself replaces it; `$$(NAME)` says so.",
        examples: &[
            Example::bad(
                "a slip of the pen",
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
          value: postgres://$(DB_HOTS)/shop
"#,
            ),
            Example::good(
                "what is to stay, and what a Service sets",
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
        - name: PATTERN
          value: $$(DATE).log
        - name: URL
          value: http://$(SHOP_SERVICE_HOST)/
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// Of how many variables of one container this is said.
const MAX_REPORTED: usize = 8;

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    for part in job.containers() {
        let variables = part.container.env.as_deref().unwrap_or_default();
        let has_others = part.container.env_from.as_ref().is_some_and(|sources| !sources.is_empty());
        if has_others
            || !variables.iter().any(|one| one.value.as_deref().is_some_and(|value| value.contains("$(")))
        {
            continue;
        }
        let known: HashSet<&str> = variables.iter().map(|variable| variable.name.as_str()).collect();
        let is_unknown = |name: &&str| {
            let is_index = job.is_indexed() && *name == "JOB_COMPLETION_INDEX";
            is_name(name) && !known.contains(name) && !may_be_of_service(name) && !is_index
        };
        let found = variables.iter().enumerate().filter_map(|(index, variable)| {
            Some((index, references(variable.value.as_deref()?).find(is_unknown)?))
        });
        for (index, name) in found.take(MAX_REPORTED) {
            let name = jobguard_text::plain_within(name, 60);
            sink.report(
                part.path("env").index(index).field("value"),
                format!("$({name}) is passed on as it is written: the container sets no {name}"),
            )
            .help(format!("set {name} above it, or correct the name; $$({name}) says that it is to stay"));
        }
    }
}

/// Whether it is written as a variable of the environment mostly is.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
