//! `cron/child-rejected`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, fold, server_findings};
use crate::policy::RuleSpec;
use jobguard_apiserver::Workload;
use jobguard_manifest::{FieldPath, Segment};

/// A CronJob whose every run is refused.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/child-rejected",
        summary: "the CronJob is accepted, and every Job that it makes is refused",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        what: "The API server does not judge a CronJob's `jobTemplate` as it judges a Job. Labels that only the \
               server may set, names that become too long or are no host names, and more, are looked at only when \
               the controller creates a Job. This rule makes that Job and judges it.",
        why: "The CronJob is accepted, `kubectl get cronjob` shows nothing unusual, and no run ever starts. All \
              there is to see are events of the CronJob, `FailedCreate`: the controller tries to create the Job again, \
              after pauses that grow, until the next run is due or `startingDeadlineSeconds` is over, and fails again.",
        examples: &[
            Example::bad(
                "the label job-name is the server's own",
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
            Example::good(
                "a label of one's own",
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
        let report = sink.report(
            in_cron_job(&finding.path),
            format!("every Job that this CronJob makes is refused: {}", finding.message),
        );
        let report = match &finding.at {
            Some(at) => report.at(in_cron_job(at)),
            None => report,
        };
        // That it never runs does not become worse with another reason.
        report.of_whole().help(
            finding.help.unwrap_or_else(|| {
                "change it: the CronJob is accepted as it is, and will never run".to_owned()
            }),
        );
    }
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
