//! `api/unknown-field`

use super::ALWAYS;
use jobguard_apiserver::Topic;
use crate::engine::{Check, Docs, Example, Rule};
use crate::policy::RuleSpec;

/// A field that the API does not have.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/unknown-field",
        summary: "a field that the API does not have",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        what: "A field is misspelt, or stands at the wrong level: `backoffLimit` belongs to the Job's spec, \
               `restartPolicy` to the Pod template's spec. The finding says the name that is nearest, or \
               the place where the field belongs. A field that only other Kubernetes versions have is named with the first (or \
               last) of them; [versions.md](../../versions.md) lists such fields. A Job with the spec of a CronJob (`schedule`, `jobTemplate`) is of the \
               wrong kind, and nothing else is said of its spec; `--unsafe-fixes` changes the kind.",
        why: "`kubectl` asks for strict validation by default, and such a manifest is refused. For clients that do not ask, \
              the API server drops the field and answers with a warning (`unknown field ...`). Helm 3 prints the warning \
              and goes on, many clients do not show it; the Job then runs with a default instead of what was written.",
        examples: &[
            Example::bad(
                "backoffLimit is the Job's, not the Pod's",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  template:
    spec:
      backoffLimit: 2
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "in the Job's spec",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  backoffLimit: 2
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
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/staging/src/k8s.io/apiserver/pkg/endpoints/handlers/create.go",
        ],
    },
    check: Check::Server(Topic::UnknownField),
};
