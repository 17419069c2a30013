//! `pod/shell-syntax`

use super::levels;
use crate::command::{Misread, Unexpanded, unexpanded};
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Severity, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// What only a shell understands, where none is.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "pod/shell-syntax",
        summary: "shell syntax in a command that no shell runs",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Command],
        what: "In a command that is started without a shell: a shell operator (`>`, `2>&1`, `|`, `&&`, `;` ...) \
               as a word of its own; `$NAME` and `${NAME}` of a variable that the container sets; `$(date +%F)` \
               and other command substitutions; `$(NAME)` if the container has no variable of that name; `*` in \
               a file name for `rm`, `cp` and the like. Everything except the operators, and anything in `args` \
               of an image whose program is not known, is an info at most.\n\n\
               Kubernetes itself replaces `$(NAME)` in `command` and `args`, but only if NAME is one of the \
               container's variables; with `envFrom` these are not known here, and nothing is reported. \
               `$$(NAME)` becomes the literal `$(NAME)`. Programs that have expressions of their own, or pass \
               their arguments to a shell (awk, perl, psql, ssh ...), are skipped.",
        why: "The strings of `command` and `args` are passed to the program literally. `[\"pg_dump\", \"shop\", \
              \">\", \"/backup/shop.sql\"]` writes no file: pg_dump gets `>` as an argument. A bucket called \
              `$BUCKET` is not found or, worse, created.",
        examples: &[
            Example::bad(
                "no file is written",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: backup
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: backup
        image: postgres:17
        command: ["pg_dump", "shop", ">", "/backup/shop.sql"]
"#,
            ),
            Example::good(
                "a shell runs the redirection",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: backup
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: backup
        image: postgres:17
        command: ["sh", "-c", "pg_dump shop > /backup/shop.sql"]
"#,
            ),
            Example::bad(
                "the name of a variable, not its value",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: upload
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: upload
        image: example.com/tools:7
        command: ["aws", "s3", "sync", "/data", "s3://$BUCKET"]
        env:
        - name: BUCKET
          value: acme-backups
"#,
            ),
            Example::good(
                "Kubernetes replaces it by the value",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: upload
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: upload
        image: example.com/tools:7
        command: ["aws", "s3", "sync", "/data", "s3://$(BUCKET)"]
        env:
        - name: BUCKET
          value: acme-backups
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/",
            "https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/third_party/forked/golang/expansion/expand.go",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// How to have a shell.
const RUN_IN_SHELL: &str = "run the command line with sh -c, as one string after it";

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    for part in job.containers() {
        let Some(Misread { what, word, is_guess }) = unexpanded(part.container, job.is_indexed()) else {
            continue;
        };
        let (message, help) = worded(what);
        let report = sink.report(part.path_of_word(word), message).help(help);
        let is_certain = matches!(what, Unexpanded::Operator(_) | Unexpanded::Pattern) && !is_guess;
        if !is_certain {
            report.at_most(Severity::Info);
        }
    }
}

/// What to say. Nothing of an argument is quoted but an operator or the name of a variable, since it may be secret.
fn worded(what: Unexpanded<'_>) -> (String, String) {
    match what {
        Unexpanded::Operator(operator) => (
            format!("no shell runs this command, so {operator} is passed to the program as an argument"),
            RUN_IN_SHELL.to_owned(),
        ),
        Unexpanded::Variable(name) => {
            let name = jobguard_text::plain_within(name, 60);
            (
                format!("no shell runs this command, so ${name} is passed to the program literally"),
                format!("write $({name}), which Kubernetes replaces; for anything else {RUN_IN_SHELL}"),
            )
        }
        Unexpanded::AnyVariable => (
            "no shell runs this command, so $NAME is passed to the program literally".to_owned(),
            format!("{RUN_IN_SHELL}; Kubernetes replaces only $(NAME) of variables that the container sets"),
        ),
        Unexpanded::Substitution => (
            "no shell runs this command, so $(...) is passed to the program literally: Kubernetes replaces only \
             $(NAME) of the container's variables"
                .to_owned(),
            RUN_IN_SHELL.to_owned(),
        ),
        Unexpanded::Undeclared => (
            "the container sets no variable of this name, so $(...) is passed to the program literally".to_owned(),
            "add the variable to env, or correct its name; write $$(...) if it is meant literally".to_owned(),
        ),
        Unexpanded::Pattern => (
            "no shell runs this command, so * is taken as part of a file name".to_owned(),
            RUN_IN_SHELL.to_owned(),
        ),
    }
}
