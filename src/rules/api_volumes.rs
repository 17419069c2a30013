//! `api/volumes`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Rule, ServerCheck, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::Topic;

/// A volume or a mount is incomplete or malformed.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/volumes",
        summary: "a volume or a mount is incomplete or malformed",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "Each volume needs a unique name and at most one source, with the fields that this source requires \
               (a volume without a source is an `emptyDir`). Each mount needs a path and the name of a volume of \
               the Pod.",
        why: "The API server refuses the object.",
        examples: &[
            Example::bad(
                "no volume has the name in the mount",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  template:
    spec:
      restartPolicy: Never
      volumes:
      - name: data
        emptyDir: {}
      containers:
      - name: main
        image: example.com/app:1.0
        volumeMounts:
        - name: date
          mountPath: /data
"#,
            ),
            Example::good(
                "the mount names a volume of the Pod",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  template:
    spec:
      restartPolicy: Never
      volumes:
      - name: data
        emptyDir: {}
      containers:
      - name: main
        image: example.com/app:1.0
        volumeMounts:
        - name: data
          mountPath: /data
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/storage/volumes/",
            "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/",
        ],
    },
    check: Check::Server(ServerCheck::on(Topic::Volumes)),
    precedence: &[],
    cel: None,
};
