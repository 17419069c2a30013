//! `cron/step-beyond-range`

use super::levels;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Severity, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_cron::{Field, FieldKind, Part};
use jobguard_manifest::FieldPath;

/// Steps that never take a step.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/step-beyond-range",
        summary: "a step is at least as large as its range, so only one value is left",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::WrongTime],
        what: "A step that is as large as the range it applies to, or larger: `*/90` in the minute field, `*/48` \
               in the hour field, `10-20/30`. Only the first value of the range is left.\n\n\
               Where this is what the step says anyway, as with `*/60` minutes and `*/24` hours, it is an info \
               at most.",
        why: "A step counts within its field and starts again with every hour, day, month, year or week: `0 */48 \
              * * *` is meant to run every second day, but runs every day at midnight. A schedule of five fields \
              cannot express that.",
        examples: &[
            Example::bad(
                "once an hour",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: refresh-cache
spec:
  schedule: "*/90 * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: cache
            image: example.com/refresh-cache:1.4
"#,
            ),
            Example::bad(
                "every day, not every second day",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: rotate-keys
spec:
  schedule: "0 */48 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: keys
            image: example.com/rotate-keys:1.4
"#,
            ),
            Example::good(
                "counts from the last run",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: refresh-cache
spec:
  schedule: "@every 90m"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: cache
            image: example.com/refresh-cache:1.4
"#,
            ),
        ],
        sources: &["https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax"],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(cron) = object.cron() else { return };
    let Some(timetable) = cron.timetable else { return };
    for field in timetable.schedule().fields() {
        let Some(beyond) = beyond(field, &cron.spec.schedule) else { continue };
        let report = sink
            .report(FieldPath::root().field("spec").field("schedule"), beyond.message())
            .about(field.kind().to_string())
            .help(beyond.remedy());
        if beyond.is_exact {
            report.at_most(Severity::Info);
        }
    }
}

/// A step that leaves one value.
#[derive(Debug, PartialEq, Eq)]
struct Beyond<'a> {
    kind: FieldKind,
    written: &'a str,
    step: u64,
    only: u8,
    /// Whether the distance from one such value to the next is the step all the same.
    is_exact: bool,
    /// Whether it is all of its field, and goes on to the field's last value.
    is_whole: bool,
}

/// The first step of a field that leaves one value of what it goes over, those that do not say what they mean first.
fn beyond<'a>(field: &Field, text: &'a str) -> Option<Beyond<'a>> {
    let kind = field.kind();
    let is_alone = field.parts().len() == 1;
    let of_part = |part: &Part| {
        let step = part.step.filter(|step| *step > 1 && part.set().len() == 1)?;
        let written = text.get(part.span.clone())?;
        let is_whole = is_alone && part.end == kind.max();
        // Months are not of one length.
        let is_exact =
            is_whole && kind != FieldKind::DayOfMonth && step == u64::from(kind.max() - kind.min()) + 1;
        Some(Beyond { kind, written, step, only: part.start, is_exact, is_whole })
    };
    field.parts().iter().filter_map(of_part).min_by_key(|beyond| beyond.is_exact)
}

impl Beyond<'_> {
    fn value(&self) -> String {
        let index = usize::from(self.only - self.kind.min());
        self.kind.names().get(index).map_or_else(|| self.only.to_string(), |name| (*name).to_owned())
    }

    fn message(&self) -> String {
        let Self { kind, written, .. } = self;
        let value = self.value();
        if self.is_exact {
            return format!("{written} in the {kind} field means only {value}");
        }
        let beyond = match kind {
            _ if !self.is_whole => "its range",
            FieldKind::Minute => "the hour",
            FieldKind::Hour => "the day",
            FieldKind::DayOfMonth => "the month",
            FieldKind::Month => "the year",
            FieldKind::Weekday => "the week",
        };
        format!("{written} in the {kind} field means only {value}: a step does not go beyond {beyond}")
    }

    fn remedy(&self) -> String {
        let Self { kind, step, .. } = self;
        let value = self.value();
        match kind {
            _ if self.is_exact || !self.is_whole => format!("write {value} if that is what you mean"),
            FieldKind::Minute => {
                format!("write @every {step}m for every {step} minutes, or {value} for once an hour")
            }
            FieldKind::Hour => format!(
                "write @every {step}h for every {step} hours (not at a fixed time of day), or {value} for once a day"
            ),
            FieldKind::DayOfMonth => {
                format!("write {value} for once a month, or name the days that you mean")
            }
            FieldKind::Month => format!("write {value} for once a year, or name the months that you mean"),
            FieldKind::Weekday => {
                format!("write {value} for once a week, or name the weekdays that you mean")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jobguard_cron::Schedule;

    use super::*;

    fn found(text: &str) -> Vec<(FieldKind, String, u8, bool)> {
        let schedule = Schedule::parse(text).unwrap();
        let found = schedule.fields().iter().filter_map(|field| beyond(field, text));
        found.map(|found| (found.kind, found.written.to_owned(), found.only, found.is_exact)).collect()
    }

    #[test]
    fn steps_that_leave_one_value() {
        use FieldKind::{DayOfMonth, Hour, Minute, Month, Weekday};
        for (text, kind, written, only, is_exact) in [
            ("*/90 * * * *", Minute, "*/90", 0, false),
            ("*/61 3 * * *", Minute, "*/61", 0, false),
            ("*/60 * * * *", Minute, "*/60", 0, true),
            ("30/60 * * * *", Minute, "30/60", 30, true),
            ("30/30 * * * *", Minute, "30/30", 30, false),
            ("10-20/30 * * * *", Minute, "10-20/30", 10, false),
            ("10-20/60 * * * *", Minute, "10-20/60", 10, false),
            ("*/60,30 * * * *", Minute, "*/60", 0, false),
            ("0 */48 * * *", Hour, "*/48", 0, false),
            ("0 */24 * * *", Hour, "*/24", 0, true),
            ("0 0-23/36 * * *", Hour, "0-23/36", 0, false),
            ("0 9-17/9 * * *", Hour, "9-17/9", 9, false),
            ("0 0 */31 * *", DayOfMonth, "*/31", 1, false),
            ("0 0 */32 * *", DayOfMonth, "*/32", 1, false),
            ("0 0 1 */18 *", Month, "*/18", 1, false),
            ("0 0 1 */12 *", Month, "*/12", 1, true),
            ("0 0 * * */14", Weekday, "*/14", 0, false),
            ("0 0 * * */7", Weekday, "*/7", 0, true),
        ] {
            assert_eq!(found(text), [(kind, written.to_owned(), only, is_exact)], "{text}");
        }
    }

    #[test]
    fn steps_that_take_a_step() {
        for text in [
            "*/15 * * * *",
            "*/59 * * * *",
            "*/40 9 * * *",
            "59/1 * * * *",
            "0 */23 * * *",
            "0 9-17/8 * * *",
            "0 0 */30 * *",
            "0 0 1 */11 *",
            "5 4 3 2 *",
            "@hourly",
            "@every 90m",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn what_is_said() {
        let schedules = [
            "*/90 * * * *",
            "*/60 * * * *",
            "0 */48 * * *",
            "0 0 */32 * *",
            "0 0 1 */18 *",
            "10-20/30,40 * * * *",
        ];
        let said = |text: &str| -> Vec<String> {
            let schedule = Schedule::parse(text).unwrap();
            let found = schedule.fields().iter().filter_map(|field| beyond(field, text));
            found.map(|beyond| format!("{}; {}", beyond.message(), beyond.remedy())).collect()
        };
        insta::assert_snapshot!(schedules.map(|text| said(text).join("\n")).join("\n"), @r"
        */90 in the minute field means only 0: a step does not go beyond the hour; write @every 90m for every 90 minutes, or 0 for once an hour
        */60 in the minute field means only 0; write 0 if that is what you mean
        */48 in the hour field means only 0: a step does not go beyond the day; write @every 48h for every 48 hours (not at a fixed time of day), or 0 for once a day
        */32 in the day of month field means only 1: a step does not go beyond the month; write 1 for once a month, or name the days that you mean
        */18 in the month field means only JAN: a step does not go beyond the year; write JAN for once a year, or name the months that you mean
        10-20/30 in the minute field means only 10: a step does not go beyond its range; write 10 if that is what you mean
        ");
    }
}
