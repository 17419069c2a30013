//! `api/server-warning`

use super::always;
use crate::engine::{Check, Docs, Example, Precedence, Rule, ServerCheck, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_apiserver::Topic;

/// What the API server accepts with a warning.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/server-warning",
        summary: "the API server accepts this with a warning",
        since: "0.1.0",
        renamed_from: &[],
        levels: always(Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoEffect],
        what: "The API server accepts the object, but returns a warning: a port declared twice, a negative \
               `terminationGracePeriodSeconds`, a deprecated node label or annotation, a spread constraint that \
               selects no Pod, a Job name with dots, which ends up in the host names of its Pods.",
        why: "`kubectl` prints the warning and goes on; in a pipeline it is easily missed. It usually means that \
              something will not work as written.",
        examples: &[
            Example::bad(
                "the same port twice",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
        ports:
        - containerPort: 8080
        - containerPort: 8080
"#,
            ),
            Example::good(
                "once",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
        ports:
        - containerPort: 8080
"#,
            ),
        ],
        sources: &["https://kubernetes.io/blog/2020/09/03/warnings/"],
    },
    check: Check::Server(ServerCheck::on(Topic::ServerWarning)),
    precedence: &[Precedence::BehindRefusals],
    cel: None,
};
