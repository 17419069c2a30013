//! What there is to say about a schedule.

use anyhow::Result;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::verdict;
use crate::engine::Finding;
use jobguard_cron::{ClockChange, FieldKind, ParseError, Reading, Schedule, translate};

/// What is asked.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) expression: String,
    /// The schedule's time zone.
    pub(super) zone: Zone,
    /// The time zone of who reads it.
    pub(super) reader: Option<Zone>,
    pub(super) from: Timestamp,
    /// How many runs are shown.
    pub(super) count: usize,
}

/// A time zone by its name.
#[derive(Debug)]
pub(super) struct Zone {
    pub(super) name: String,
    pub(super) zone: TimeZone,
}

impl Question {
    /// Twelve months later.
    pub(super) fn until(&self) -> Timestamp {
        self.from.checked_add(SignedDuration::from_hours(365 * 24)).unwrap_or(Timestamp::MAX)
    }
}

/// The answer.
#[derive(Debug)]
pub(super) struct Facts {
    /// The schedule, or why Kubernetes refuses it.
    pub(super) schedule: Result<Schedule, ParseError>,
    pub(super) runs: Vec<Timestamp>,
    pub(super) frequency: Option<Frequency>,
    /// What changes of the clock do to the runs of the coming year.
    pub(super) changes: Vec<ClockChange>,
    /// What the rules say about it.
    pub(super) findings: Vec<Finding>,
    /// What other programs mean by it, with the next times there.
    pub(super) readings: Vec<(Reading, Vec<Timestamp>)>,
}

/// How often it runs, by the calendar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frequency {
    /// Runs in four years of 1461 days.
    pub(super) in_four_years: u64,
    /// Whether every week has as many.
    pub(super) is_weekly: bool,
    /// Seconds between two runs, at least.
    pub(super) shortest: Option<u64>,
    /// Seconds between two runs, at most.
    pub(super) longest: Option<u64>,
}

/// Days of four years.
const FOUR_YEARS: u32 = 1_461;

impl Frequency {
    fn of(schedule: &Schedule, question: &Question) -> Self {
        let values = |kind| schedule.field(kind).map_or(0, |field| u64::from(field.set().len()));
        let in_four_years = match schedule.every() {
            Some(seconds) => u64::from(FOUR_YEARS) * 86_400 / seconds,
            None => {
                let today = question.zone.zone.to_datetime(question.from).date();
                let times = values(FieldKind::Minute) * values(FieldKind::Hour);
                u64::from(schedule.dates_within(today, FOUR_YEARS)) * times
            }
        };
        let is_weekly = match schedule.every() {
            Some(seconds) => (7_u64 * 86_400).is_multiple_of(seconds),
            None => values(FieldKind::DayOfMonth) == 31 && values(FieldKind::Month) == 12,
        };
        Self {
            in_four_years,
            is_weekly,
            shortest: schedule.shortest_interval(),
            longest: schedule.longest_interval(),
        }
    }

    /// Runs a week, in hundredths, rounded.
    pub(super) fn hundredths_a_week(&self) -> u64 {
        let days = u64::from(FOUR_YEARS);
        (self.in_four_years * 700 + days / 2) / days
    }
}

impl Facts {
    pub(super) fn of(question: &Question) -> Result<Self> {
        let Question { expression, zone, from, .. } = question;
        let schedule = Schedule::parse(expression);
        let (mut runs, mut changes, mut frequency) = (Vec::new(), Vec::new(), None);
        if let Ok(schedule) = &schedule {
            runs.extend(schedule.upcoming(*from, &zone.zone).take(question.count));
            changes.extend(schedule.clock_changes(*from, question.until(), &zone.zone));
            frequency = Some(Frequency::of(schedule, question));
        }
        let readings = translate(expression)
            .into_iter()
            .map(|reading| {
                let times = reading.next(*from, &zone.zone, question.count);
                (reading, times)
            })
            .collect();
        let findings = verdict::findings(expression, &zone.name, *from)?;
        Ok(Self { schedule, runs, frequency, changes, findings, readings })
    }
}
