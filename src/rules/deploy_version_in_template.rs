//! `deploy/version-in-template`

use super::levels;
use crate::deploy_tool::{MapKind, Replacement, may_name_version, version_keys};
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// A Pod template that changes with each version.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "deploy/version-in-template",
        summary: "a version in the Pod template of a Job that its tool updates in place",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Immutable, Symptom::Deployment],
        what: "The labels `helm.sh/chart` and `app.kubernetes.io/version`, and annotations such as \
               `checksum/config`, in the Pod template of a Job that a deployment tool (known by its labels and \
               annotations) applies again with each version. Not reported if the Job is a hook that is deleted \
               first, is replaced by its tool (Argo CD's `Force=true,Replace=true`, Flux's `force: enabled`, \
               kapp), has a TTL, or has a name that ends in a number or a hash and so may change with each \
               version.",
        why: "The Pod template of a Job is immutable. The next version of the chart or of the program changes \
              the label, and with it the template: the upgrade fails with `field is immutable`, even if the \
              image stays the same.",
        examples: &[
            Example::bad(
                "the chart's version",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: shop-init
  labels:
    app.kubernetes.io/managed-by: Helm
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 600
  template:
    metadata:
      labels:
        app.kubernetes.io/name: shop
        helm.sh/chart: shop-7.1.3
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "on the Job alone",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: shop-init
  labels:
    app.kubernetes.io/managed-by: Helm
    helm.sh/chart: shop-7.1.3
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 600
  template:
    metadata:
      labels:
        app.kubernetes.io/name: shop
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/",
            "https://helm.sh/docs/chart_best_practices/labels/",
            "https://github.com/helm/helm/issues/7082",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let metadata = object.metadata();
    let Some(job) = object.job().filter(|job| !job.of_cron_job) else { return };
    let is_owned = metadata.owner_references.as_ref().is_some_and(|owners| !owners.is_empty());
    let is_gone = job.spec.ttl_seconds_after_finished.is_some();
    if object.deploy_tool().is_none_or(|tool| !tool.changes_in_place) {
        return;
    }
    if is_owned || is_gone || may_name_version(metadata) || Replacement::of(metadata).is_some() {
        return;
    }
    let Some(template) = job.template().metadata.as_ref() else { return };
    let mut keys = version_keys(template);
    let Some((kind, first)) = keys.next() else { return };
    let path =
        |kind: MapKind, key: &str| job.path("template.metadata").field(kind.field()).key(key.to_owned());
    let mut reported = sink
        .report(
            path(kind, first),
            format!(
                "{first} changes with each version, but the Pod template of an existing Job is immutable: \
                     the next version fails to deploy"
            ),
        )
        .help("remove it from the Pod template; on the Job itself it does no harm");
    for (kind, key) in keys.take(3) {
        reported = reported.related(path(kind, key), "this too");
    }
}
