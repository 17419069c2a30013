//! The kinds that are known to hold Jobs. What their controllers fill in is in `controller.rs`.

use jobguard_manifest::FieldPath;

use super::kind::{Controller, JobType, OuterKind, Placeholders, Schedule};
use super::pattern::{Pattern, Structure};

use Controller::{ArgoRollouts, JobSet, Keda, Kruise};
use JobType::{JobSpec, JobTemplateSpec};

/// API group, kind, who makes the Jobs, and where what of them stands.
const KINDS: &[(&str, &str, Controller, &str, JobType)] = &[
    ("jobset.x-k8s.io", "JobSet", JobSet, "spec.replicatedJobs[*].template", JobTemplateSpec),
    ("keda.sh", "ScaledJob", Keda, "spec.jobTargetRef", JobSpec),
    ("argoproj.io", "AnalysisTemplate", ArgoRollouts, "spec.metrics[*].provider.job", JobTemplateSpec),
    ("argoproj.io", "ClusterAnalysisTemplate", ArgoRollouts, "spec.metrics[*].provider.job", JobTemplateSpec),
    ("argoproj.io", "AnalysisRun", ArgoRollouts, "spec.metrics[*].provider.job", JobTemplateSpec),
    ("apps.kruise.io", "AdvancedCronJob", Kruise, "spec.template.jobTemplate", JobTemplateSpec),
];

/// The fields of an AdvancedCronJob besides its schedule and time zone: those of a CronJob, but for `paused`.
const KRUISE_FIELDS: &[(&str, &str)] = &[
    ("startingDeadlineSeconds", "spec.startingDeadlineSeconds"),
    ("concurrencyPolicy", "spec.concurrencyPolicy"),
    ("suspend", "spec.paused"),
    ("successfulJobsHistoryLimit", "spec.successfulJobsHistoryLimit"),
    ("failedJobsHistoryLimit", "spec.failedJobsHistoryLimit"),
];

/// What the CRDs say of the way to the Jobs. A JobSet may be without any Job there, which is of no use; the metrics of an
/// analysis may come from elsewhere, or from other templates.
fn structure(controller: Controller) -> Option<Structure> {
    let (required, needs_jobs, instead): (&[&str], _, _) = match controller {
        JobSet => (&["template"], true, None),
        Keda => (&["spec", "jobTargetRef"], true, None),
        ArgoRollouts => (&["spec", "provider"], false, None),
        Kruise => (&["spec", "template"], true, Some("spec.template.broadcastJobTemplate")),
        Controller::Other => return None,
    };
    Some(Structure { required, needs_jobs, instead })
}

/// The kinds that are known.
pub(super) fn known() -> Vec<OuterKind> {
    KINDS
        .iter()
        .map(|(group, kind, controller, path, of)| OuterKind {
            group: (*group).into(),
            kind: (*kind).into(),
            // Each path of the table is one, which a test holds.
            jobs: Pattern::parse(path).map(|path| (path, *of)).into_iter().collect(),
            schedule: (*controller == Kruise).then(|| Schedule {
                expression: FieldPath::root().fields("spec.schedule"),
                time_zone: Some(FieldPath::root().fields("spec.timeZone")),
                fields: KRUISE_FIELDS,
            }),
            controller: *controller,
            structure: structure(*controller),
            placeholders: (*controller == ArgoRollouts)
                .then(|| Placeholders { opens: "{{args.".into(), closes: "}}".into() }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_jobs() {
        let known = known();
        assert_eq!(known.len(), KINDS.len());
        for (kind, (_, _, _, path, _)) in known.iter().zip(KINDS) {
            assert_eq!(kind.jobs[0].0.to_string(), *path);
        }
    }
}
