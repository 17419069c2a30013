//! `pod/privileged`

use super::levels;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink};
use crate::policy::{Level, RuleSpec};

/// Containers that own their node.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "pod/privileged",
        summary: "a privileged container owns its node",
        levels: levels(Level::Off, Level::Off, Level::Warn),
        options: &[],
    },
    docs: Docs {
        what: "`securityContext.privileged: true` on a container, init containers included.",
        why: "A privileged container is root on the node, with all its devices: whoever gets into it has \
              the node, and the credentials of every Pod there. Few Jobs need more than one capability of \
              it.",
        examples: &[
            Example::bad(
                "all of the node",
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
        securityContext:
          privileged: true
"#,
            ),
            Example::good(
                "the one capability that is needed",
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
        securityContext:
          capabilities:
            add: [NET_ADMIN]
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
            "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
        ],
    },
    check: Check::Object(check),
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    for part in job.containers() {
        let context = part.container.security_context.as_ref();
        if context.and_then(|context| context.privileged) == Some(true) {
            sink.report(
                part.path("securityContext.privileged"),
                "a privileged container is root on its node",
            )
            .help("remove it, and add the one capability that is needed under securityContext.capabilities");
        }
    }
}
