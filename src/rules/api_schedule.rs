//! `api/schedule`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Fix, Object, Rule, Safety, ServerCheck, Symptom};
use crate::policy::{Defaults, RuleSpec};
use jobguard_apiserver::{FieldError, Topic, Workload};
use jobguard_cron::{ParseErrorKind as Kind, Schedule, known_zone};
use jobguard_manifest::edit::Edit;

/// The schedule is not one that Kubernetes reads.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/schedule",
        summary: "the schedule is not a valid Kubernetes schedule",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused, Symptom::DidNotRun],
        what: "A schedule has five fields: minute (0-59), hour (0-23), day of the month (1-31), month (1-12 or \
               JAN-DEC), day of the week (0-6 or SUN-SAT), with lists, ranges and steps; or it is one of \
               `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually`, `@every \
               DURATION`. Seconds, `L`, `W`, `#`, `@reboot`, weekday 7 and a `TZ=` prefix are not supported.",
        why: "The API server refuses the object. Schedules copied from Quartz, Spring or a crontab often look \
              right but use syntax that Kubernetes does not have.",
        examples: &[
            Example::bad(
                "six fields, as in Quartz or Spring",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: main
            image: example.com/app:1.0
"#,
            ),
            Example::good(
                "every day at 03:00",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
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
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax",
            "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/cron-job-v1/",
        ],
    },
    check: Check::Server(ServerCheck::on(Topic::Schedule).fix(fix)),
    precedence: &[],
    cel: None,
};

fn fix(error: &FieldError, object: &Object, _: &Defaults) -> Option<Fix> {
    let Workload::CronJob(cron_job) = object.workload() else { return None };
    let Corrected { schedule, zone, safety } = correct(&cron_job.spec.schedule)?;
    let set = Edit::Set { path: error.path.clone(), value: schedule.clone().into() };
    let mut title = format!("write the schedule as {schedule:?}");
    let mut edits = vec![set];
    if let Some(zone) = zone {
        match cron_job.spec.time_zone.as_deref() {
            None => {
                title = format!("{title} and set timeZone to {zone}");
                let path = error.path.parent()?.field("timeZone");
                edits.push(Edit::Insert { path, value: zone.into() });
            }
            Some(same) if *same == zone => {}
            // Two zones, and no way to know which one is meant.
            Some(_) => return None,
        }
    }
    Some(Fix { safety, title, edits })
}

/// How many faults of one schedule are corrected.
const MAX_FAULTS: usize = 8;

/// A corrected schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Corrected {
    /// The schedule to write.
    schedule: String,
    /// The zone that stood in it.
    zone: Option<String>,
    /// How certain it is that this is meant.
    safety: Safety,
}

/// Corrects one fault after another until the schedule parses; none where one of them has no known correction.
fn correct(schedule: &str) -> Option<Corrected> {
    let mut corrected = Corrected { schedule: schedule.to_owned(), zone: None, safety: Safety::Safe };
    for _ in 0..MAX_FAULTS {
        let Err(error) = Schedule::parse(&corrected.schedule) else {
            return (corrected.schedule != schedule).then_some(corrected);
        };
        let replaced = |with: &str| {
            let mut text = corrected.schedule.clone();
            text.get(error.span.clone())?;
            text.replace_range(error.span.clone(), with);
            Some(text)
        };
        let (text, safety) = match &error.kind {
            // The times stay the same.
            Kind::TimeZonePrefix { zone, schedule }
                if corrected.zone.is_none() && known_zone(zone).is_some() =>
            {
                corrected.zone = Some(zone.clone());
                (schedule.clone(), Safety::Safe)
            }
            Kind::SecondsField { equivalent: Some(same) }
            | Kind::SecondsAndYear { equivalent: Some(same) } => (same.clone(), Safety::Safe),
            Kind::SundaySeven { replacement: Some(same) } => (replaced(same)?, Safety::Safe),
            Kind::SurroundingSpace { inner } | Kind::Quoted { inner } => (inner.clone(), Safety::Safe),
            Kind::DescriptorSpelling { descriptor } => {
                // Without its sign it may be systemd's, whose week begins on Monday.
                let is_systemds =
                    !corrected.schedule.trim_start().starts_with('@') && *descriptor == "@weekly";
                (replaced(descriptor)?, if is_systemds { Safety::Unsafe } else { Safety::Safe })
            }
            // To be reviewed.
            // AWS counts in UTC, and intervals begin at other times.
            Kind::OtherScheduler { equivalent: Some(same), .. } => (same.clone(), Safety::Unsafe),
            Kind::TooFewFields { completed: Some(completed), .. } => (completed.clone(), Safety::Unsafe),
            Kind::UnknownDescriptor { suggestion: Some(name) }
            | Kind::UnknownName { suggestion: Some(name) } => (replaced(name)?, Safety::Unsafe),
            Kind::Backwards { replacement: Some(same) } => (replaced(same)?, Safety::Unsafe),
            Kind::Lookalike { meant: Some(meant) } => {
                (replaced(meant.encode_utf8(&mut [0; 4]))?, Safety::Unsafe)
            }
            _ => return None,
        };
        corrected.schedule = text;
        corrected.safety = corrected.safety.max(safety);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corrected(schedule: &str) -> Option<(String, Option<String>, Safety)> {
        correct(schedule).map(|corrected| (corrected.schedule, corrected.zone, corrected.safety))
    }

    #[test]
    fn the_same_times() {
        let safe = |schedule: &str, zone: Option<&str>| {
            Some((schedule.to_owned(), zone.map(str::to_owned), Safety::Safe))
        };
        assert_eq!(corrected("0 */5 * * * *"), safe("*/5 * * * *", None));
        assert_eq!(corrected("0 3 * * 7"), safe("0 3 * * 0", None));
        assert_eq!(corrected("TZ=Europe/Berlin 0 3 * * *"), safe("0 3 * * *", Some("Europe/Berlin")));
        assert_eq!(corrected("CRON_TZ=Asia/Tokyo 0 3 * * 7"), safe("0 3 * * 0", Some("Asia/Tokyo")));
        assert_eq!(corrected("@Daily"), safe("@daily", None));
        assert_eq!(corrected("@hourly\n"), safe("@hourly", None));
    }

    #[test]
    fn perhaps_the_same_times() {
        assert_eq!(corrected("0 22-6 * * *").map(|(_, _, safety)| safety), Some(Safety::Unsafe));
        assert_eq!(
            corrected("cron(0 18 ? * 2-6 *)"),
            Some(("0 18 * * MON-FRI".to_owned(), None, Safety::Unsafe))
        );
        assert_eq!(corrected("@dayly").map(|(schedule, ..)| schedule).as_deref(), Some("@daily"));
    }

    #[test]
    fn no_answer() {
        for schedule in
            ["", "0 3 * * *", "5 0 3 * * *", "0 25 * * *", "@reboot", "TZ=Nowhere/City 0 3 * * *", "x"]
        {
            assert_eq!(corrected(schedule), None, "{schedule}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_corrected_can_be_read(schedule in "(TZ=UTC |CRON_TZ=Asia/Tokyo )?[-0-9*/,?@ a-zL#]{0,24}") {
            if let Some(corrected) = correct(&schedule) {
                proptest::prop_assert!(Schedule::parse(&corrected.schedule).is_ok(), "{:?}", corrected);
            }
        }
    }
}
