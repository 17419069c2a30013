//! `pod/image-tag`

use super::levels;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_apiserver::effective_tag;

/// An image that may be another one tomorrow.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "pod/image-tag",
        summary: "an image without a tag, or with the tag latest, can change at any time",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Off, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::TooMuch],
        what: "An image with the tag `latest`, or with neither tag nor digest, which means `latest`; init \
               containers and image volumes (`volumes[].image.reference`) included. If there is a digest the tag \
               does not matter: the digest decides, and is more precise than any tag.",
        why: "Which program runs then depends on the day, and if a Job has several Pods even on the node. \
              Failures cannot be reproduced, and there is no rollback. With `imagePullPolicy: Always`, the \
              default for such a tag, the registry is asked before each container starts (layers that the node \
              already has are not pulled again), and if the registry does not answer, the container does not \
              start. With `IfNotPresent` each node keeps the image that it happened to pull first.",
        examples: &[
            Example::bad(
                "no tag",
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
        image: busybox
"#,
            ),
            Example::bad(
                "latest",
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
        image: example.com:5000/import:latest
"#,
            ),
            Example::good(
                "a tag",
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
        image: busybox:1.36
"#,
            ),
            Example::good(
                "a digest",
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
        image: busybox@sha256:abababababababababababababababababababababababababababababababab
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy",
            "https://kubernetes.io/docs/concepts/configuration/overview/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    const HELP: &str = "set the tag or the digest of the version that you mean";
    let Some(job) = object.job() else { return };
    for part in job.containers() {
        if let Some(message) = part.container.image.as_deref().and_then(moving) {
            sink.report(part.path("image"), message).help(HELP);
        }
    }
    for (index, volume) in
        job.pod().and_then(|pod| pod.volumes.as_deref()).unwrap_or_default().iter().enumerate()
    {
        let image = volume.image.as_ref().and_then(|image| image.reference.as_deref());
        if let Some(message) = image.and_then(moving) {
            let path = job.path("template.spec.volumes").index(index).fields("image.reference");
            sink.report(path, message).help(HELP);
        }
    }
}

/// Why the image may be another one tomorrow. What is no image reference has no tag either.
fn moving(image: &str) -> Option<&'static str> {
    if image.contains('@') || effective_tag(image) != Some("latest") {
        return None;
    }
    Some(if image.ends_with(":latest") {
        "the tag latest can change at any time"
    } else {
        "an image without a tag means latest, which can change at any time"
    })
}
