//! `pod/privileged`

use k8s_openapi::api::core::v1::WindowsSecurityContextOptions;

use super::{cel, levels};
use crate::engine::{Cel, Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// Containers that own their node.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "pod/privileged",
        summary: "a privileged container has full access to its node",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Off, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::TooMuch],
        what: "`securityContext.privileged: true` on a container, init containers included, and its equivalent \
               on Windows: `windowsOptions.hostProcess: true` in the `securityContext` of a container or of the \
               Pod.\n\n\
               Other ways to reach the node (`hostPID`, `hostPath`, capabilities such as `SYS_ADMIN`) are not \
               checked: the Pod Security Standards cover all of them.",
        why: "A privileged container is root on the node, with access to all its devices: an attacker in the \
              container controls the node, and gets the credentials of every Pod on it. Few Jobs need more than \
              a single capability.",
        examples: &[
            Example::bad(
                "full access to the node",
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
            Example::bad(
                "full access to a Windows node",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  template:
    spec:
      restartPolicy: Never
      hostNetwork: true
      securityContext:
        windowsOptions:
          hostProcess: true
          runAsUserName: NT AUTHORITY\SYSTEM
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "only the capability that is needed",
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
            "https://kubernetes.io/docs/tasks/configure-pod-container/create-hostprocess-pod/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(Cel::new("has(JOB.template.spec.securityContext) && has(JOB.template.spec.securityContext.windowsOptions) && \
         has(JOB.template.spec.securityContext.windowsOptions.hostProcess) && \
         JOB.template.spec.securityContext.windowsOptions.hostProcess || \
         CONTAINERS.exists(container, has(container.securityContext) && \
         (has(container.securityContext.privileged) && container.securityContext.privileged || \
         has(container.securityContext.windowsOptions) && \
         has(container.securityContext.windowsOptions.hostProcess) && \
         container.securityContext.windowsOptions.hostProcess))").names(&[cel::CONTAINERS])),
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    const HOST_PROCESS: &str = "a host process has full access to its Windows node";
    const HELP: &str =
        "remove hostProcess: reading files and calling services needs only an ordinary container";
    let Some(job) = object.job() else { return };
    let is_host_process = |options: Option<&WindowsSecurityContextOptions>| {
        options.and_then(|all| all.host_process) == Some(true)
    };
    let of_pod = job.pod().and_then(|pod| pod.security_context.as_ref()?.windows_options.as_ref());
    if is_host_process(of_pod) {
        sink.report(job.path("template.spec.securityContext.windowsOptions.hostProcess"), HOST_PROCESS)
            .help(HELP);
    }
    for part in job.containers() {
        let Some(context) = &part.container.security_context else { continue };
        if context.privileged == Some(true) {
            sink.report(
                part.path("securityContext.privileged"),
                "a privileged container has root access to its node",
            )
            .help("remove it, and add only the capability that is needed under securityContext.capabilities");
        }
        // What the Pod says is said once.
        if is_host_process(context.windows_options.as_ref()) && !is_host_process(of_pod) {
            sink.report(part.path("securityContext.windowsOptions.hostProcess"), HOST_PROCESS).help(HELP);
        }
    }
}
