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
        what: "One remark for each chart and each kustomization with files that are no manifests by themselves, and one \
               for each object that is a patch. Nothing else is said of them, and `--fix` leaves them as they are.\n\n\
               - **Charts**: what stands directly beside a `Chart.yaml` (values), in its `ci/` (values for tests) and in \
               its `templates/`, in subcharts too. Files in `crds/`, which Helm installs as they are, are judged.\n\
               - **Kustomizations**: the files that a `kustomization.yaml`, `kustomization.yml` or `Kustomization` names \
               as patches (`patches`, `patchesStrategicMerge`, `patchesJson6902`), `replacements`, `transformers`, \
               `generators`, `validators`, `configurations`, values of its `helmCharts`, and data of its generators of \
               ConfigMaps and Secrets. Its `resources` are judged.\n\
               - **Patches**: an object with a directive of a strategic merge patch (`$patch`, `$retainKeys`, \
               `$setElementOrder/...`, `$deleteFromPrimitiveList/...`), and one that lacks what every Job or CronJob must \
               have, where the input has an object of the same kind, name and namespace that lacks nothing of it (in another folder, \
               where it lacks a `restartPolicy` alone: that is forgotten in manifests too).\n\n\
               A chart or a kustomization is passed over in silence where none of these files has the word `job`.",
        why: "A patch says only what changes, values say what they like, and a template is text for a program. Judged as \
              manifests they are full of errors that nobody made, and a field that is added to a patch overrides what \
              stands in the base. What counts is what is rendered: `helm template CHART | jobguard lint -`, `kubectl \
              kustomize FOLDER | jobguard lint -`.",
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
