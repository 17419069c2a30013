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
        what: "An operator of the shell (`>`, `2>&1`, `|`, `&&`, `;` ...) as a word of a command that is started without one; \
               `$NAME` and `${NAME}` of a variable that the container sets; `$(date +%F)` and other commands in \
               parentheses; `$(NAME)` where the container has no variable of that name; `*` in a file's name for `rm`, `cp` \
               and the like. All but the operators, and what stands in `args` of an image whose program is not known, are \
               no more than a note.\n\n\
               Kubernetes itself replaces `$(NAME)` in `command` and `args`, and only where NAME is one of the container's \
               variables; with `envFrom` nobody knows here which there are, and nothing is said. `$$(NAME)` is left as \
               `$(NAME)`. Programs that have expressions of their own, or hand their arguments to a shell (awk, perl, psql, \
               ssh ...), are passed over.",
        why: "Strings of `command` and `args` go to the program as they are. `[\"pg_dump\", \"shop\", \">\", \"/backup/shop.sql\"]` \
              makes no file: pg_dump is given `>` as an argument. A bucket called `$BUCKET` is not found, or, worse, made.",
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
                "a shell writes it",
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
                "Kubernetes puts the value there",
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
const RUN_IN_SHELL: &str = "run the command line with sh -c, in one string behind it";

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
                format!("no shell runs this command, so ${name} is passed on as it is written"),
                format!("write $({name}), which Kubernetes replaces; for anything else {RUN_IN_SHELL}"),
            )
        }
        Unexpanded::AnyVariable => (
            "no shell runs this command, so $NAME is passed on as it is written".to_owned(),
            format!("{RUN_IN_SHELL}; Kubernetes replaces only $(NAME) of variables that the container sets"),
        ),
        Unexpanded::Substitution => (
            "no shell runs this command, so $(...) is passed on as it is written: Kubernetes replaces only names of the \
             container's variables in it"
                .to_owned(),
            RUN_IN_SHELL.to_owned(),
        ),
        Unexpanded::Undeclared => (
            "the container sets no variable of this name, so $(...) is passed on as it is written".to_owned(),
            "add the variable to env, or correct its name; $$(...) is how to write one that is to stay".to_owned(),
        ),
        Unexpanded::Pattern => (
            "no shell runs this command, so * is a part of the name of one file".to_owned(),
            RUN_IN_SHELL.to_owned(),
        ),
    }
}
