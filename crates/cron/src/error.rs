//! What can be wrong with a schedule, said in plain words.

use std::ops::Range;

use super::field_kind::FieldKind;
use super::quartz::QuartzDay;
use super::scheduler::Scheduler;
use jobguard_text::duration::DurationFault;

/// A schedule that the API server refuses.
///
/// Displayed as what is wrong and what to do about it; the two halves are [`ParseError::problem`] and
/// [`ParseError::remedy`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}; {}", self.problem(), self.remedy())]
pub struct ParseError {
    /// The bytes at fault in the expression.
    pub span: Range<usize>,
    /// The field at fault, when it is one field.
    pub field: Option<FieldKind>,
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// The text at fault, cut to a short piece.
    found: String,
}

/// What is wrong with a schedule.
///
/// What a kind offers instead (`replacement`, `suggestion`, `meant` and so on) goes in the place of the error's
/// span; `equivalent` and `schedule` go in the place of the whole expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseErrorKind {
    /// Nothing, or white space only.
    Empty,
    /// `TZ=` or `CRON_TZ=` before the schedule: the CronJob's `timeZone` is the place for it.
    TimeZonePrefix {
        /// The zone as it is written; empty for UTC.
        zone: String,
        /// What follows the prefix; possibly nothing, and possibly at fault as well.
        schedule: String,
    },
    /// The zone of a tolerated prefix does not exist.
    UnknownPrefixZone {
        /// The zone as it is written.
        zone: String,
    },
    /// No space and schedule after the zone of a tolerated prefix.
    PrefixWithoutSchedule,
    /// Fewer than five fields.
    TooFewFields {
        /// How many there are.
        found: usize,
        /// The same with `*` for the fields that are missing, when that is a schedule.
        completed: Option<String>,
    },
    /// More than five fields, of no dialect that is known here.
    TooManyFields {
        /// How many there are.
        found: usize,
    },
    /// Six fields, the first of them seconds, as Quartz and Spring write it.
    SecondsField {
        /// The same times in five fields, when there is such a schedule.
        equivalent: Option<String>,
    },
    /// Six fields, the last of them a year.
    YearField,
    /// Seven fields, the first of them seconds and the last a year.
    SecondsAndYear {
        /// The same times in five fields, when there is such a schedule.
        equivalent: Option<String>,
    },
    /// Five good fields and a command: a line of a crontab.
    Command {
        /// The five fields.
        schedule: String,
    },
    /// `@reboot`.
    Reboot,
    /// White space around a schedule that begins with `@`; a YAML block scalar (`|`) ends in such.
    SurroundingSpace {
        /// The schedule without it.
        inner: String,
    },
    /// A descriptor with capitals, or without its `@`.
    DescriptorSpelling {
        /// The descriptor that is meant.
        descriptor: &'static str,
    },
    /// A word with `@` that is no descriptor.
    UnknownDescriptor {
        /// The nearest one.
        suggestion: Option<&'static str>,
    },
    /// The duration of `@every`.
    Duration(DurationFault),
    /// What a scheduler reads that is no cron.
    OtherScheduler {
        /// Whose it is.
        scheduler: Scheduler,
        /// The same as Kubernetes writes it, where that is certain.
        equivalent: Option<String>,
    },
    /// Quotation marks inside of the value.
    Quoted {
        /// The text between them.
        inner: String,
    },
    /// A placeholder that no template engine has filled in.
    Template,
    /// A character that only looks like one of a schedule, or cannot be seen.
    Lookalike {
        /// The one that is meant; none for what should be taken away.
        meant: Option<char>,
    },
    /// Syntax of another cron.
    Foreign(ForeignSyntax),
    /// A range or a step that lacks a number.
    MissingNumber,
    /// Neither a number nor anything else that a field can hold.
    NotANumber,
    /// A word that is no name of the field.
    UnknownName {
        /// The name that it begins like.
        suggestion: Option<&'static str>,
    },
    /// A name that belongs in another field.
    NameOfOtherField {
        /// The field it belongs in.
        belongs: FieldKind,
    },
    /// A range with more than two ends.
    TooManyHyphens,
    /// An element with more than one step.
    TooManySlashes,
    /// A value below the field's minimum.
    BelowMinimum,
    /// A value above the field's maximum.
    AboveMaximum,
    /// Weekday 7.
    SundaySeven {
        /// The same with 0 for Sunday, when it can be written.
        replacement: Option<String>,
    },
    /// A range whose end comes before its start.
    Backwards {
        /// The two ranges that wrap around, when that can be what is meant.
        replacement: Option<String>,
    },
    /// A step of 0, or a negative one.
    StepNotPositive,
    /// A step beyond what 64 bits hold.
    StepTooLarge,
}

/// Syntax that other crons know and Kubernetes does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForeignSyntax {
    /// A day as Quartz writes it: `L`, `15W`, `5#2`.
    Quartz {
        /// The day.
        day: QuartzDay,
        /// The schedule that comes nearest, where there is one.
        schedule: Option<String>,
    },
    /// `H`: a time spread by hash (Jenkins).
    Hashed,
    /// `0~59`: a random time (cronie, OpenBSD).
    Random,
}

/// How much of the text at fault a message quotes, in characters.
const QUOTED: usize = 40;

impl ParseError {
    pub(super) fn new(
        span: Range<usize>,
        field: Option<FieldKind>,
        found: &str,
        kind: ParseErrorKind,
    ) -> Self {
        Self { span, field, kind, found: shortened(found) }
    }

    /// What is wrong: one sentence without a full stop.
    pub fn problem(&self) -> String {
        use ParseErrorKind as Kind;
        let found = &self.found;
        let text = match &self.kind {
            Kind::Empty => "the schedule is empty",
            Kind::TimeZonePrefix { .. } => {
                "the schedule contains a time zone, which Kubernetes refuses there"
            }
            Kind::UnknownPrefixZone { .. } => return format!("there is no time zone `{found}`"),
            Kind::PrefixWithoutSchedule => "no schedule follows the time zone",
            Kind::TooFewFields { found: 1, .. } => "the schedule has one field, not five",
            Kind::TooFewFields { found, .. } | Kind::TooManyFields { found } => {
                return format!("the schedule has {found} fields, not five");
            }
            Kind::SecondsField { .. } => "the schedule has six fields, of which the first looks like seconds",
            Kind::YearField => "the schedule has six fields, of which the last looks like a year",
            Kind::SecondsAndYear { .. } => "the schedule has seven fields, as with seconds and a year",
            Kind::Command { .. } => "a command follows the schedule, as in a crontab",
            Kind::Reboot => "Kubernetes has no `@reboot`",
            Kind::SurroundingSpace { .. } => "there is white space around the schedule",
            Kind::DescriptorSpelling { .. } => return format!("`{found}` is not spelt correctly"),
            Kind::UnknownDescriptor { .. } => return format!("there is no descriptor `{found}`"),
            Kind::Duration(fault) => return duration_problem(*fault, found),
            Kind::OtherScheduler { scheduler, .. } => match scheduler {
                Scheduler::Aws => "this is the syntax of AWS schedules",
                Scheduler::Systemd => "this is a calendar expression of systemd",
                Scheduler::Interval => "a schedule does not name intervals and times in this form",
            },
            Kind::Quoted { .. } => "quotation marks are part of the schedule",
            Kind::Template => "the schedule contains a placeholder that was not filled in",
            Kind::Lookalike { .. } => {
                let code = found.chars().next().map_or(0, u32::from);
                return format!("the character U+{code:04X} cannot be part of a schedule");
            }
            Kind::Foreign(syntax) => return foreign_problem(syntax, found),
            Kind::MissingNumber => return format!("a number is missing in `{found}`{}", self.place()),
            Kind::NotANumber => return format!("`{found}`{} is not a number", self.place()),
            Kind::UnknownName { .. } => return format!("`{found}`{} is not a name", self.place()),
            Kind::NameOfOtherField { belongs } => {
                return format!("`{found}` is a {belongs}, but is{}", self.place());
            }
            Kind::TooManyHyphens => return format!("`{found}`{} has too many hyphens", self.place()),
            Kind::TooManySlashes => return format!("`{found}`{} is a second step", self.place()),
            Kind::BelowMinimum => return format!("`{found}`{} is too small", self.place()),
            Kind::AboveMaximum => return format!("`{found}`{} is too large", self.place()),
            Kind::SundaySeven { .. } => "weekday 7 does not exist in Kubernetes",
            Kind::Backwards { .. } => return format!("the range `{found}`{} runs backwards", self.place()),
            Kind::StepNotPositive => return format!("the step `{found}`{} is not above 0", self.place()),
            Kind::StepTooLarge => return format!("the step `{found}`{} is too large", self.place()),
        };
        text.to_owned()
    }

    /// What to do about it: one sentence without a full stop.
    pub fn remedy(&self) -> String {
        use ParseErrorKind as Kind;
        let text = match &self.kind {
            Kind::Empty => "write minute, hour, day of month, month and weekday, such as `0 3 * * *`",
            Kind::TimeZonePrefix { zone, .. } if zone.is_empty() || zone == "Local" => {
                "remove it, and set `timeZone` in the CronJob's spec to the zone that you mean"
            }
            Kind::TimeZonePrefix { zone, .. } => {
                return format!("remove it, and set `timeZone: {}` in the CronJob's spec", shortened(zone));
            }
            Kind::UnknownPrefixZone { .. } => {
                "write the schedule without it, and a zone such as `Europe/Berlin` in `timeZone`"
            }
            Kind::PrefixWithoutSchedule => {
                "write minute, hour, day of month, month and weekday, and the zone in `timeZone`"
            }
            Kind::TooFewFields { completed: Some(completed), .. } => {
                return format!("put `*` where any value will do: `{}`", shortened(completed));
            }
            Kind::TooFewFields { .. } | Kind::TooManyFields { .. } => {
                "write minute, hour, day of month, month and weekday, separated by spaces"
            }
            Kind::SecondsField { equivalent: Some(same) }
            | Kind::SecondsAndYear { equivalent: Some(same) } => {
                return format!("write the five fields from the minute on: `{}`", shortened(same));
            }
            Kind::SecondsField { .. } => {
                "leave it out: a CronJob starts on the minute (weekdays count from 0, Sunday)"
            }
            Kind::SecondsAndYear { .. } => {
                "leave out the first and the last: Kubernetes has neither (weekdays count from 0, Sunday)"
            }
            Kind::YearField => "leave it out: a schedule comes back every year",
            Kind::Command { schedule } => {
                let schedule = shortened(schedule);
                return format!(
                    "write `{schedule}` here, and the command in the container of the jobTemplate"
                );
            }
            Kind::Reboot => "use a DaemonSet for what each node start needs, or a Job for what runs once",
            Kind::SurroundingSpace { inner } => return format!("write `{}` alone", shortened(inner)),
            Kind::DescriptorSpelling { descriptor } => return format!("write `{descriptor}`"),
            Kind::UnknownDescriptor { suggestion: Some(name) } => return format!("did you mean `{name}`?"),
            Kind::UnknownDescriptor { suggestion: None } => {
                "write @yearly, @monthly, @weekly, @daily, @hourly, `@every 1h30m`, or five fields"
            }
            Kind::Duration(DurationFault::TooLong) => "write less than 292 years, in hours at most",
            Kind::Duration(DurationFault::UnknownUnit) if self.found == "d" => {
                "write a day as 24h, or use `@daily`"
            }
            Kind::Duration(_) => "write numbers with units h, m or s, without spaces: `@every 1h30m`",
            Kind::OtherScheduler { equivalent: Some(same), .. } => {
                let is_by_clock = self.found.to_ascii_lowercase().starts_with("cron(");
                let zone = if is_by_clock { "; AWS counts in UTC where no zone is set" } else { "" };
                return format!("write `{}`{zone}", shortened(same));
            }
            Kind::OtherScheduler { .. } => "write five fields, such as `0 12 * * *`, or `@every 5m`",
            Kind::Quoted { inner } => return format!("write `{}` without them", shortened(inner)),
            Kind::Template => "render the template first",
            Kind::Lookalike { meant: Some(meant) } => return format!("write `{meant}`"),
            Kind::Lookalike { meant: None } => "take it away (it was perhaps copied from a web page)",
            Kind::Foreign(ForeignSyntax::Quartz { day, schedule }) => {
                return day.remedy(schedule.as_deref().map(shortened).as_deref());
            }
            Kind::Foreign(ForeignSyntax::Hashed | ForeignSyntax::Random) => {
                "choose a value, another one for each CronJob"
            }
            Kind::UnknownName { suggestion: Some(name) } => return format!("write `{name}`"),
            Kind::NameOfOtherField { .. } => "the order is minute, hour, day of month, month, weekday",
            Kind::TooManyHyphens => "a range has one start and one end: `1-5`",
            Kind::TooManySlashes => "an element has one step: `*/5` or `10-50/5`",
            Kind::SundaySeven { replacement: Some(same) } if same == "0" => "write 0 or SUN for Sunday",
            Kind::SundaySeven { replacement: Some(same) } => {
                return format!("write 0 or SUN for Sunday: `{same}`");
            }
            Kind::SundaySeven { .. } => "write 0 or SUN for Sunday",
            Kind::Backwards { replacement: Some(same) } => {
                return format!("write the two ranges that it wraps around to: `{same}`");
            }
            Kind::Backwards { .. } => {
                "write the two ranges that it wraps around to, with a comma between them"
            }
            Kind::StepNotPositive => "write 1 or more, where 1 is every value",
            Kind::StepTooLarge => "write a step within the field's range",
            Kind::AboveMaximum if self.field == Some(FieldKind::Hour) && self.found == "24" => {
                "hours are 0 to 23, and midnight is 0"
            }
            Kind::AboveMaximum if self.field == Some(FieldKind::Minute) && self.found == "60" => {
                "minutes are 0 to 59, and the full hour is 0"
            }
            Kind::MissingNumber | Kind::NotANumber | Kind::UnknownName { .. } => return self.allowed(true),
            Kind::BelowMinimum | Kind::AboveMaximum => return self.allowed(false),
        };
        text.to_owned()
    }

    /// Where in the schedule, as the rest of a sentence.
    fn place(&self) -> String {
        self.field.map_or_else(String::new, |field| format!(" in the {field} field"))
    }

    /// What the field takes.
    fn allowed(&self, syntax: bool) -> String {
        let Some(field) = self.field else { return "write a number".to_owned() };
        let mut text = format!("write {} to {}", field.min(), field.max());
        if let [first, .., last] = field.names() {
            text.push_str(&format!(" or {first} to {last}"));
        }
        if syntax {
            text.push_str(", with `*`, lists `1,2`, ranges `1-3` and steps `*/2`");
        }
        text
    }
}

fn duration_problem(fault: DurationFault, found: &str) -> String {
    match fault {
        DurationFault::Missing => "`@every` needs a duration after one space".to_owned(),
        DurationFault::Number => format!("a number is expected at `{found}` in the duration"),
        DurationFault::Unit => format!("`{found}` has no unit in the duration"),
        DurationFault::UnknownUnit => format!("`{found}` is not a unit of a duration"),
        DurationFault::TooLong => format!("the duration `{found}` is too long"),
        DurationFault::NotWhole => format!("the duration `{found}` {fault}"),
    }
}

fn foreign_problem(syntax: &ForeignSyntax, found: &str) -> String {
    let (meaning, whose) = match syntax {
        ForeignSyntax::Quartz { day, .. } => return day.problem(found),
        ForeignSyntax::Hashed => ("a time spread by hash", "Jenkins"),
        ForeignSyntax::Random => ("a random time", "other cron programs"),
    };
    format!("`{found}` ({meaning}) is syntax of {whose} that Kubernetes does not know")
}

/// At most [`QUOTED`] characters of a text.
pub(super) fn shortened(text: &str) -> String {
    jobguard_text::shortened(text, QUOTED)
}

#[cfg(test)]
pub(super) mod tests;
