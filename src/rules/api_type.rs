//! `api/type`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Rule, ServerCheck, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::Topic;

/// A value has the wrong type.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/type",
        summary: "a value has the wrong type",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "A field's value has another type than the API expects: a string where a number is needed, a \
               number where a string is needed, a list where an object is needed. In objects that embed Jobs, \
               such as a ScaledJob, also a field on the way to the Job that the CRD requires and that is \
               missing.",
        why: "The API server cannot decode the object and refuses it before any other check. YAML makes this \
              easy to get wrong: `\"3\"` is a string, `on` is a boolean, and `[\"sh\"]` with a backslash in \
              front is a string.",
        examples: &[
            Example::bad(
                "a number in quotes",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  backoffLimit: "3"
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "a number",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  backoffLimit: 3
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
            "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/",
            "https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation",
        ],
    },
    check: Check::Server(ServerCheck::on(Topic::Type)),
    precedence: &[],
    cel: None,
};
