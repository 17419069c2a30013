//! `cron/zone-no-dst`

use super::{levels, zone_of_time_of_day};
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// Zones that are named after the standard time of places with a summer time, and have none.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/zone-no-dst",
        summary: "the time zone is a fixed offset that does not follow daylight saving time",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::WrongTime],
        what: "`timeZone: EST` or `MST` in a CronJob whose schedule names a time of day. `EST5EDT` and `MST7MDT` \
               do follow daylight saving time, and `HST` is the time in Hawaii all year.",
        why: "`EST` is five hours behind UTC all year, as in Panama. In New York and Toronto that is the time in \
              winter only: from March to November the run is an hour late there.",
        examples: &[
            Example::bad(
                "half past eight in winter, half past nine in summer",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: open-desk
spec:
  schedule: "30 8 * * 1-5"
  timeZone: EST
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: desk
            image: example.com/open-desk:1.4
"#,
            ),
            Example::good(
                "half past eight all year",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: open-desk
spec:
  schedule: "30 8 * * 1-5"
  timeZone: America/Toronto
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: desk
            image: example.com/open-desk:1.4
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones",
            "https://data.iana.org/time-zones/theory.html",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// A zone, how far it is from UTC, where its clock is right all year, and where it is right in winter.
const STANDARD_TIMES: [(&str, &str, &str, &str); 2] = [
    ("EST", "UTC-5", "America/Panama", "America/New_York or America/Toronto"),
    ("MST", "UTC-7", "America/Phoenix", "America/Denver or America/Edmonton"),
];

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some((name, path)) = zone_of_time_of_day(object) else { return };
    let Some((zone, offset, without, with)) = STANDARD_TIMES.iter().find(|(zone, ..)| *zone == name) else {
        return;
    };
    sink.report(path, format!("{zone} is {offset} all year: it does not follow daylight saving time"))
        .help(format!("name a place: {with}, which follow it, or {without}, which does not have it"));
}
