//! `manifest/no-jobs`

use super::{everywhere, quoted_name};
use crate::embedded::OuterKind;
use crate::engine::{Anchor, Check, Context, Docs, Example, Finding, Fix, Rule, Safety, Severity, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;
use jobguard_manifest::edit::Edit;

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
        what: "A JobSet, a KEDA ScaledJob, an AdvancedCronJob of OpenKruise, or an object of a kind that the \
               policy adds with `embeddedJobs`, has nothing at the paths where its Jobs belong. Not reported are \
               AnalysisTemplates, whose metrics may all have other providers, and AdvancedCronJobs with a \
               `broadcastJobTemplate`. An object is reported too whose API group has no such kind, but one of nearly \
               the same name (`Jobset`).",
        why: "A misspelt field is enough: then nothing in the object is checked, and its controller creates no \
              Job. For a kind that the policy adds, the paths in the policy may be wrong.",
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
            Example::bad(
                "API servers distinguish capital letters",
                r#"apiVersion: jobset.x-k8s.io/v1alpha2
kind: Jobset
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

/// Of an object of a kind that has no Job, at the level of the policy; `path` is the field that would lead to one, and
/// `misspelt` a key beside it that is perhaps meant to be that.
pub fn finding(
    kind: &OuterKind,
    path: FieldPath,
    misspelt: Option<&str>,
    context: &Context<'_>,
) -> Option<Finding> {
    let places: Vec<String> = kind.jobs.iter().map(|(pattern, _)| pattern.to_string()).collect();
    let no_job =
        format!("this {} has no Job at {}, so that nothing of it is checked", kind.kind, places.join(" or "));
    let field = path.last_field().map(str::to_owned);
    let Some(((written, field), parent)) = misspelt.zip(field).zip(path.parent()) else {
        let mut finding = reported(path, no_job, context)?;
        let help = match kind.structure {
            Some(_) => "write its Jobs there; see that no field on the way is misspelt",
            None => "write its Jobs there, or correct the paths under embeddedJobs in the policy",
        };
        finding.help = Some(help.to_owned());
        return Some(finding);
    };
    let there = parent.field(written.to_owned());
    let mut finding =
        reported(path, format!("{no_job}: {} is not one of its fields", quoted_name(written)), context)?;
    finding.at = Some(there.clone());
    finding.anchor = Anchor::Key;
    finding.help = Some(format!("did you mean {field}?"));
    let edit = Edit::RenameKey { path: there, to: field.clone() };
    finding.fix = Some(Fix::new(Safety::Unsafe, format!("rename it to {field}"), edit));
    Some(finding)
}

/// Of an object of no kind that the API group has, where one has nearly its name.
pub fn misspelt_kind(meant: &OuterKind, written: &str, context: &Context<'_>) -> Option<Finding> {
    let path = FieldPath::root().field("kind");
    let (group, kind) = (&meant.group, &meant.kind);
    let message = format!(
        "the API group {group} has no kind {}, so that nothing of the object is checked",
        quoted_name(written)
    );
    let mut finding = reported(path.clone(), message, context)?;
    finding.help = Some(format!("did you mean {kind}? write kind: {kind}"));
    let safety = Safety::safe_if(kind.eq_ignore_ascii_case(written));
    finding.fix = Some(Fix::set(safety, format!("set kind to {kind}"), path, kind.to_string()));
    Some(finding)
}

fn reported(path: FieldPath, message: String, context: &Context<'_>) -> Option<Finding> {
    let setting = context.registry.setting(&RULE, context.policy.base())?;
    Some(RULE.finding(Severity::of(setting.level)?, path, message))
}
