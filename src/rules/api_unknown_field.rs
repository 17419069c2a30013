//! `api/unknown-field`

use super::{ALWAYS, template_unexpanded};
use crate::engine::{
    Check, Docs, Example, Finding, Fix, Precedence, Rule, Safety, ServerCheck, Severity, Symptom,
};
use crate::policy::RuleSpec;
use jobguard_apiserver::{Cause, Topic};
use jobguard_manifest::FieldPath;

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
        symptoms: &[Symptom::Refused, Symptom::NoEffect],
        what: "A field is misspelt, or at the wrong level: `backoffLimit` belongs in the Job's spec, \
               `restartPolicy` in the Pod template's spec. The finding names the most similar field, or the \
               place where the field belongs.\n\n\
               For a field that only other Kubernetes versions have, the finding names the first (or last) of \
               them, and the first one that also keeps it: a version may know a field and still drop it. \
               [versions.md](../../versions.md) lists such fields.\n\n\
               A Job with the spec of a CronJob (`schedule`, `jobTemplate`), or a CronJob with the spec of a Job \
               (`template`, and no `schedule`), has the wrong kind. Nothing else is then reported about its \
               spec; `--unsafe-fixes` changes the kind.",
        why: "`kubectl` requests strict validation by default, and the API server refuses such a manifest. For \
              clients that do not request it, the API server drops the field and returns a warning (`unknown \
              field ...`). Helm 3 prints the warning and goes on, and many clients do not show it; the Job then \
              runs with a default instead of what was written.",
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
    check: Check::Server(ServerCheck::on(Topic::UnknownField)),
    precedence: &[Precedence::Merges(name_wrong_kind)],
    cel: None,
};

/// Puts one finding, that the kind is wrong, in the place of all that there is to say about the spec of an object whose
/// spec is that of the other kind. Returns the others.
fn name_wrong_kind(findings: &mut Vec<Finding>) -> Vec<Finding> {
    let spec = FieldPath::root().field("spec");
    let is_unknown = |field: &'static str| {
        let path = spec.clone().field(field);
        findings.iter().any(|finding| finding.rule == &RULE && finding.path == path)
    };
    let lacks = |field: &'static str| {
        let path = spec.clone().fields(field);
        findings.iter().any(|finding| finding.cause == Some(Cause::Required) && finding.path == path)
    };
    // A Job alone has no jobTemplate, a CronJob alone no template; and only one that is none lacks the rest.
    let (kind, written) = if is_unknown("jobTemplate") && lacks("template.spec.containers") {
        let is_cron_job = is_unknown("schedule");
        (
            "CronJob",
            if is_cron_job { "schedule and jobTemplate are fields" } else { "jobTemplate is a field" },
        )
    } else if is_unknown("template")
        && lacks("schedule")
        && lacks("jobTemplate.spec.template.spec.containers")
    {
        ("Job", "template is a field")
    } else {
        return Vec::new();
    };
    let (of_spec, mut kept): (Vec<Finding>, Vec<Finding>) = std::mem::take(findings)
        .into_iter()
        .partition(|finding| finding.rule != &template_unexpanded::RULE && finding.path.starts_with(&spec));
    let path = FieldPath::root().field("kind");
    let message = format!("the kind should be {kind}: {written} of a {kind}");
    let mut finding = RULE.finding(Severity::Error, path.clone(), message);
    finding.cause = Some(Cause::NotSupported);
    finding.help = Some(format!("write kind: {kind}"));
    finding.fix = Some(Fix::set(Safety::Unsafe, format!("set kind to {kind}"), path, kind));
    kept.push(finding);
    *findings = kept;
    of_spec
}
