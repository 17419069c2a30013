//! `manifest/no-jobs`

use super::everywhere;
use crate::embedded::OuterKind;
use crate::engine::{Check, Context, Docs, Example, Finding, Rule, Severity, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;

/// An object that should hold Jobs, and in which none is found.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "manifest/no-jobs",
        summary: "an object that should hold Jobs, such as a JobSet, has none where they belong",
        since: "0.1.0",
        renamed_from: &[],
        levels: everywhere(Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Checks, Symptom::DidNotRun],
        what: "A JobSet, a KEDA ScaledJob, an AdvancedCronJob of OpenKruise, or an object of a kind that the policy adds with \
               `embeddedJobs`, has nothing at the paths where its Jobs belong. Nothing is said of an AnalysisTemplate, whose \
               metrics may all have other providers, nor of an AdvancedCronJob with a `broadcastJobTemplate`.",
        why: "A misspelt field is enough: nothing of the object is checked then, and its controller makes no Job. Of a \
              kind that the policy adds, the paths in the policy may be wrong.",
        examples: &[
            Example::bad(
                "replicatedJobs misspelt",
                r#"apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata:
  name: training
spec:
  replicatedJob:
  - name: workers
    template:
      spec:
        activeDeadlineSeconds: 7200
        template:
          spec:
            restartPolicy: OnFailure
            containers:
            - name: main
              image: example.com/train:1.0
"#,
            ),
            Example::good(
                "a JobSet with a Job",
                r#"apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata:
  name: training
spec:
  replicatedJobs:
  - name: workers
    template:
      spec:
        activeDeadlineSeconds: 7200
        template:
          spec:
            restartPolicy: OnFailure
            containers:
            - name: main
              image: example.com/train:1.0
"#,
            ),
        ],
        sources: &[
            "https://jobset.sigs.k8s.io/docs/concepts/",
            "https://keda.sh/docs/latest/reference/scaledjob-spec/",
        ],
    },
    check: Check::Text,
    precedence: &[],
    cel: None,
};

/// Of an object of a kind that has no Job, at the level of the policy; `path` is the field that would lead to one.
pub fn finding(kind: &OuterKind, path: FieldPath, context: &Context<'_>) -> Option<Finding> {
    let setting = context.registry.setting(&RULE, context.policy.base())?;
    let places: Vec<String> = kind.jobs.iter().map(|(pattern, _)| pattern.to_string()).collect();
    let message =
        format!("this {} has no Job at {}, so that nothing of it is checked", kind.kind, places.join(" or "));
    let mut finding = RULE.finding(Severity::of(setting.level)?, path, message);
    let help = match kind.structure {
        Some(_) => "write its Jobs there; see that no field on the way is misspelt",
        None => "write its Jobs there, or correct the paths under embeddedJobs in the policy",
    };
    finding.help = Some(help.to_owned());
    Some(finding)
}
