//! `api/field-dropped`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Rule, ServerCheck};
use crate::policy::RuleSpec;
use jobguard_apiserver::Topic;

/// A field that the API server leaves out without a word.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/field-dropped",
        summary: "a field that the API server drops without a word, because its feature gate is off",
        since: "0.1.0",
        renamed_from: &["api/field-not-in-version"],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        what: "A field that the version knows and whose feature gate is off in it: `managedBy` before 1.32, resources of a \
               whole Pod before 1.34, `lifecycle.stopSignal` in every version so far. The message names the gate and the \
               first version that has it on by default, and says what comes of the object without the field.\n\n\
               An error where the version is named (`--kubernetes-version`, or `kubernetesVersion` in the policy), else a \
               warning: the cluster may be of another version. `featureGates` in the policy and `--feature-gates` say \
               which gates are set otherwise than the version has them.\n\n\
               [versions.md](../../versions.md) lists the fields and gates of all versions.",
        why: "No client hears of it: the object is accepted, `kubectl` says `created`, and the Job runs without the field. \
              Nothing in it is validated either, so a mistake in it shows up only when the gate is on, after an upgrade.",
        examples: &[
            Example::bad(
                "no version sends this signal by default",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: report
spec:
  template:
    spec:
      restartPolicy: Never
      os:
        name: linux
      containers:
      - name: main
        image: example.com/report:1.0
        lifecycle:
          stopSignal: SIGUSR1
"#,
            ),
            Example::good(
                "the program is told by a hook",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: report
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/report:1.0
        lifecycle:
          preStop:
            exec:
              command: [kill, -USR1, "1"]
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/api/pod/util.go",
        ],
    },
    check: Check::Server(ServerCheck::on(Topic::Dropped)),
    precedence: &[],
    cel: None,
};
