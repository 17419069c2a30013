//! `manifest/not-judged`

use super::everywhere;
use crate::engine::{Check, Docs, Example, Rule, Symptom};
use crate::policy::{Level, RuleSpec};

/// What looks like a manifest and is none by itself.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "manifest/not-judged",
        summary: "a template, values or a patch: not a manifest by itself, so not checked",
        since: "0.1.0",
        renamed_from: &[],
        levels: everywhere(Level::Info),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Checks],
        what: "One info for each chart and each kustomization that has files which are not manifests by \
               themselves, and one for each object that is a patch. Nothing else is reported about them, and \
               `--fix` does not change them.\n\n\
               - **Charts**: files directly beside a `Chart.yaml` (values), in its `ci/` (values for tests) and \
               in its `templates/`, in subcharts too. Files in `crds/`, which Helm installs as they are, are \
               checked.\n\
               - **Kustomizations**: files that a `kustomization.yaml`, `kustomization.yml` or `Kustomization` \
               names as patches (`patches`, `patchesStrategicMerge`, `patchesJson6902`), `replacements`, \
               `transformers`, `generators`, `validators`, `configurations`, values of its `helmCharts`, and \
               data of its ConfigMap and Secret generators. Its `resources` are checked.\n\
               - **Patches**: an object with a directive of a strategic merge patch (`$patch`, `$retainKeys`, \
               `$setElementOrder/...`, `$deleteFromPrimitiveList/...`), and an object that lacks a field that \
               every Job or CronJob needs, if the input has a complete object of the same kind, namespace and \
               name (in another folder, if only `restartPolicy` is missing, which is easily forgotten in \
               manifests too).\n\n\
               Charts and kustomizations are skipped without an info if none of these files has the word `job`.",
        why: "A patch contains only what changes, values have no fixed format, and a template is input for a \
              program. Checked as manifests they would be full of errors that nobody made, and a field added to \
              a patch would override the one in the base. What counts is the rendered result: `helm template \
              CHART | jobguard lint -`, `kubectl kustomize FOLDER | jobguard lint -`.",
        examples: &[
            Example::bad(
                "a strategic merge patch",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-report
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
          - name: proxy
            $patch: delete
"#,
            ),
            Example::bad(
                "a patch beside what it changes",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: resize-images
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: resize
        image: example.com/resize:1.4
---
apiVersion: batch/v1
kind: Job
metadata:
  name: resize-images
spec:
  parallelism: 4
"#,
            ),
            Example::good(
                "what the patch makes of it",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: resize-images
spec:
  parallelism: 4
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: resize
        image: example.com/resize:1.4
"#,
            ),
        ],
        sources: &[
            "https://helm.sh/docs/topics/charts/#the-chart-file-structure",
            "https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/",
            "https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md",
        ],
    },
    check: Check::Text,
    precedence: &[],
    cel: None,
};
