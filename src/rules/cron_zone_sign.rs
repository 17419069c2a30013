//! `cron/zone-sign`

use super::{levels, zone_of_time_of_day};
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_cron::known_zone;

/// Zones whose sign is not what people read.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/zone-sign",
        summary: "the sign of an Etc/GMT time zone is inverted",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::WrongTime],
        what: "A `timeZone` such as `Etc/GMT+2` in a CronJob whose schedule names a time of day. `Etc/UTC`, \
               `Etc/GMT` and `Etc/GMT+0` are not reported.",
        why: "These zones use the POSIX sign, which counts hours west of Greenwich: `Etc/GMT+2` is UTC-2. If \
              Berlin's summer time was meant, the run is four hours off. And none of these zones follows \
              daylight saving time.",
        examples: &[
            Example::bad(
                "two hours behind UTC",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: open-desk
spec:
  schedule: "30 8 * * 1-5"
  timeZone: Etc/GMT+2
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
                "a place, with its daylight saving time",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: open-desk
spec:
  schedule: "30 8 * * 1-5"
  timeZone: Europe/Berlin
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

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some((name, path)) = zone_of_time_of_day(object) else { return };
    let Some((sign, hours)) = offset(name) else { return };
    let (meant, other) = if sign == '+' { ('-', "behind") } else { ('+', "ahead of") };
    sink.report(
        path,
        format!("Etc/GMT{sign}{hours} is UTC{meant}{hours}, {hours} h {other} UTC: the sign is inverted"),
    )
    .help(if known_zone(&format!("Etc/GMT{meant}{hours}")).is_some() {
        format!(
            "name a place such as Europe/Berlin, which also follows daylight saving time; UTC{sign}{hours} is \
             Etc/GMT{meant}{hours}"
        )
    } else {
        // There are more hours east of Greenwich than west of it.
        "name a place such as Europe/Berlin, which also follows daylight saving time".to_owned()
    });
}

/// Sign and hours of a zone such as `Etc/GMT+2`; none for zero.
fn offset(name: &str) -> Option<(char, u8)> {
    let rest = name.strip_prefix("Etc/GMT")?;
    let sign = rest.chars().next().filter(|sign| matches!(sign, '+' | '-'))?;
    let hours = rest.get(1..)?.parse().ok().filter(|hours| *hours > 0)?;
    Some((sign, hours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(offset("Etc/GMT+2"), Some(('+', 2)));
        assert_eq!(offset("Etc/GMT-14"), Some(('-', 14)));
        for name in ["Etc/GMT", "Etc/GMT0", "Etc/GMT+0", "Etc/GMT-0", "Etc/UTC", "GMT+0", "Etc/GMTé", "UTC"]
        {
            assert_eq!(offset(name), None, "{name}");
        }
    }
}
