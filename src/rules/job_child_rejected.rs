//! `job/child-rejected`

use super::{api_restart_policy, everywhere};
use crate::embedded::Maker;
use crate::engine::{
    Check, Docs, Example, Finding, Object, Rule, RuleContext, Sink, Symptom, fold, server_findings,
};
use crate::policy::{Level, RuleSpec};
use jobguard_apiserver::Workload;
use jobguard_manifest::{FieldPath, Segment};

/// An object that is accepted, and whose every Job is refused.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/child-rejected",
        summary: "the object is accepted, but every Job that its controller creates is refused",
        since: "0.1.0",
        renamed_from: &["cron/child-rejected"],
        levels: everywhere(Level::Deny),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::DidNotRun, Symptom::NoPods],
        what: "The API server does not validate a CronJob's `jobTemplate` as it validates a Job. Labels that \
               only the API server may set, names that become too long or are not valid host names, and more, \
               are checked only when the controller creates a Job. In a JobSet, a KEDA ScaledJob, an \
               AnalysisTemplate of Argo Rollouts, an AdvancedCronJob of OpenKruise, or a kind that the policy \
               adds with `embeddedJobs`, it checks little more than the types of the Job's fields. This rule \
               builds the Job as the controller would, with what the controller fills in, and validates it.",
        why: "The object is accepted and looks like any other, but no Job ever starts. The only signs are events \
              (`FailedCreate` on a CronJob) or the controller's log: it tries to create the Job again and again, \
              and fails each time.",
        examples: &[
            Example::bad(
                "the label job-name is set by the API server",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        metadata:
          labels:
            job-name: nightly
        spec:
          restartPolicy: Never
          containers:
          - name: main
            image: example.com/app:1.0
"#,
            ),
            Example::bad(
                "a Job in a JobSet that restarts its containers forever",
                r#"apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata:
  name: training
spec:
  replicatedJobs:
  - name: workers
    template:
      spec:
        parallelism: 4
        completions: 4
        activeDeadlineSeconds: 7200
        template:
          spec:
            restartPolicy: Always
            containers:
            - name: main
              image: example.com/train:1.0
"#,
            ),
            Example::good(
                "a Job in a JobSet that ends",
                r#"apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata:
  name: training
spec:
  replicatedJobs:
  - name: workers
    template:
      spec:
        parallelism: 4
        completions: 4
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
                "another label",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        metadata:
          labels:
            app: nightly
        spec:
          restartPolicy: Never
          containers:
          - name: main
            image: example.com/app:1.0
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/",
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-labels",
            "https://jobset.sigs.k8s.io/docs/concepts/",
            "https://keda.sh/docs/latest/reference/scaledjob-spec/",
            "https://argo-rollouts.readthedocs.io/en/stable/analysis/job/",
            "https://openkruise.io/docs/user-manuals/advancedcronjob",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/cronjob/cronjob_controllerv2.go",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/apis/batch/validation/validation.go",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// What is said of one CronJob at most: the first objection is enough to act on.
const MAX_REPORTED: usize = 5;

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let maker = object.maker();
    // What a controller makes of another object is judged here alone.
    if let (Some(maker), false) = (maker, context.objections().is_empty()) {
        let mut findings = context.objections().to_vec();
        fold(&mut findings);
        for finding in &findings {
            report_made(object, maker, finding, sink);
        }
        return;
    }
    let Workload::CronJob(cron_job) = object.workload() else { return };
    // A CronJob that is itself refused makes no Jobs.
    if context.is_refused() {
        return;
    }
    // All runs fare alike: only the number at the end of the Job's name differs.
    let errors = context.server().validate_child_of_accepted(cron_job, context.now());
    let mut findings: Vec<_> = server_findings(&errors, context.registry()).collect();
    fold(&mut findings);
    for finding in findings.into_iter().take(MAX_REPORTED) {
        let kind = maker.map_or("CronJob", |maker| maker.kind.as_str());
        let report = sink.report(
            in_cron_job(&finding.path),
            format!("every Job that this {kind} creates is refused: {}", finding.message),
        );
        let report = match &finding.at {
            Some(at) => report.at(in_cron_job(at)),
            None => report,
        };
        // That it never runs does not become worse with another reason.
        report.of_whole().help(finding.help.unwrap_or_else(|| help(kind)));
    }
}

/// Reports what the API server will object to in a Job that is made of another object, or in when it runs.
fn report_made(object: &Object, maker: &Maker, finding: &Finding, sink: &mut Sink) {
    let kind = &maker.kind;
    let is_about_runs = matches!(object.workload(), Workload::CronJob(_))
        && !finding.path.starts_with(&FieldPath::root().fields("spec.jobTemplate"));
    let made = if maker.makes_pods { "Pod" } else { "Job" };
    let is_about_name = finding.path.starts_with(&FieldPath::root().fields("metadata.name"));
    let name_fault = maker.name_fault.as_ref().filter(|_| is_about_name);
    let is_about_restarts = finding.rule == &api_restart_policy::RULE;
    let (problem, own_help) = match name_fault {
        Some((problem, help)) => (problem.as_str(), Some(*help)),
        // A Pod that is no Job's may have any.
        None if maker.makes_pods && is_about_restarts => (
            finding.message.strip_suffix(" of a Job").unwrap_or(&finding.message),
            Some("set restartPolicy: Always, OnFailure or Never"),
        ),
        None => (finding.message.as_str(), None),
    };
    let message = match is_about_runs {
        true => format!("no Job of this {kind} ever runs: {problem}"),
        false => format!("every {made} that this {kind} creates is refused: {problem}"),
    };
    let report = sink.adopt(finding, message).of_whole();
    if let Some(help) = own_help {
        report.help(help);
    } else if finding.help.is_none() && finding.fix.is_none() {
        report.help(help(kind));
    }
}

fn help(kind: &str) -> String {
    format!("change it: the {kind} is accepted like this, but will never run")
}

/// The field of the CronJob that a field of its Job comes from.
fn in_cron_job(path: &FieldPath) -> FieldPath {
    let (prefix, rest) = match path.segments() {
        [Segment::Field(spec), rest @ ..] if spec == "spec" => ("spec.jobTemplate.spec", rest),
        [Segment::Field(metadata), Segment::Field(name), ..] if metadata == "metadata" && name == "name" => {
            return path.clone();
        }
        [Segment::Field(metadata), rest @ ..] if metadata == "metadata" => {
            ("spec.jobTemplate.metadata", rest)
        }
        rest => ("", rest),
    };
    let mut mapped = FieldPath::parse(prefix);
    for segment in rest {
        mapped.push(segment.clone());
    }
    mapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_job_stand_in_the_template() {
        for (job, cron_job) in [
            ("metadata.name", "metadata.name"),
            ("metadata.labels[a]", "spec.jobTemplate.metadata.labels[a]"),
            ("spec.completions", "spec.jobTemplate.spec.completions"),
            ("spec", "spec.jobTemplate.spec"),
        ] {
            assert_eq!(in_cron_job(&FieldPath::parse(job)).to_string(), cron_job);
        }
    }
}
