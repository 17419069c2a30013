//! `api/field-dropped`

use super::{ALWAYS, api_unknown_field};
use crate::engine::{Check, Docs, Example, Precedence, Rule, ServerCheck, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::Topic;

/// A field that the API server leaves out without a word.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/field-dropped",
        summary: "a field that the API server silently drops, because its feature gate is off",
        since: "0.1.0",
        renamed_from: &["api/field-not-in-version"],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoEffect],
        what: "A field that the API server knows but drops, because its feature gate is off: `managedBy` before \
               1.32, `resources` of a whole Pod before 1.34, `lifecycle.stopSignal` in every version so far. The \
               message names the gate and says what happens without the field; the help names the first version \
               that has the gate on by default. A field set to what happens anyway (`hostUsers: true`) is not \
               reported.\n\n\
               This is an error if you name the version (`--kubernetes-version`, or `kubernetesVersion` in the \
               policy), otherwise a warning, since your cluster may run another version. If your clusters set \
               feature gates themselves, name them: `--feature-gates`, or `featureGates` in the policy.\n\n\
               [versions.md](../../versions.md) lists the fields and gates of all versions.",
        why: "There is no sign of it: the object is accepted, `kubectl` prints `created`, and the Job runs \
              without the field. The API server does not validate the field either, so a mistake in it shows up \
              only after an upgrade that turns the gate on.",
        examples: &[
            Example::bad(
                "no Kubernetes version sends this signal by default",
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
                "a hook sends the signal",
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
    precedence: &[Precedence::OverEmptied, Precedence::OverWithin(&[&api_unknown_field::RULE])],
    cel: None,
};
