//! The programs, and what an expression means to one of them.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::wall::WallTimes;
use crate::expression;
use crate::schedule::Schedule;
use crate::zone::known_zone;

/// A program, or a family of programs, with schedules of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Six or seven fields; weekdays count from 1, Sunday.
    Quartz,
    /// Quartz's days (`L`, `15W`, `5#2`) in five fields.
    QuartzInFive,
    /// croniter, and with it Airflow: five fields with `L` and `#`; weekdays count from 0, Sunday.
    Croniter,
    /// Six fields; weekdays count from 0 or 7, Sunday.
    Spring,
    /// The `cron` crate of Rust: six or seven fields; weekdays count from 1, Sunday.
    CronCrate,
    /// Go's `robfig/cron` with seconds: the library of Kubernetes with one field more.
    Go,
    /// `cron(...)` and `rate(...)` of Amazon EventBridge; weekdays count from 1, Sunday.
    Aws,
    /// `OnCalendar=` of systemd's timers.
    Systemd,
    /// `H` of Jenkins.
    Jenkins,
    /// `0~59` of cronie and OpenBSD.
    Random,
    /// A user's crontab; weekday 7 is Sunday as well.
    Crontab,
    /// A crontab of the system, which names a user before the command.
    SystemCrontab,
    /// `TZ=` or `CRON_TZ=` before the schedule.
    ZonePrefix,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quartz => "Quartz",
            Self::QuartzInFive => "Quartz's days in five fields",
            Self::Croniter => "croniter (Airflow)",
            Self::Spring => "Spring",
            Self::CronCrate => "Rust's cron crate",
            Self::Go => "Go's robfig/cron with seconds",
            Self::Aws => "AWS EventBridge",
            Self::Systemd => "systemd timers",
            Self::Jenkins => "Jenkins",
            Self::Random => "cronie, OpenBSD cron",
            Self::Crontab => "a crontab",
            Self::SystemCrontab => "a system crontab (/etc/crontab)",
            Self::ZonePrefix => "cron programs that take a time zone",
        })
    }
}

/// What an expression means to one program.
#[derive(Debug, Clone)]
pub struct Reading {
    /// To whom.
    pub dialect: Dialect,
    /// When it fires there, in words.
    pub meaning: String,
    /// The schedule that fires at the same times in Kubernetes; none where there is none, or that is not certain.
    pub schedule: Option<String>,
    /// The time zone that the expression itself names.
    pub zone: Option<String>,
    pub(super) times: Times,
}

/// What is known of the times at which a reading fires.
#[derive(Debug, Clone)]
pub(super) enum Times {
    /// By the clock on the wall.
    Wall(Box<WallTimes>),
    /// As a schedule of Kubernetes does.
    Schedule(Box<Schedule>),
    /// By chance, or on an event.
    Unknown,
}

impl Reading {
    pub(super) fn of_wall(dialect: Dialect, times: WallTimes) -> Self {
        let (meaning, schedule) = (times.words(), times.in_five());
        Self { dialect, meaning, schedule, zone: None, times: Times::Wall(Box::new(times)) }
    }

    /// The reading of what fires just as a schedule of Kubernetes; none where it is none.
    pub(super) fn of_schedule(dialect: Dialect, text: &str) -> Option<Self> {
        let schedule = expression::read(text, 0).ok()?;
        Some(Self {
            dialect,
            meaning: schedule.words(),
            schedule: Some(text.to_owned()),
            zone: None,
            times: Times::Schedule(Box::new(schedule)),
        })
    }

    pub(super) fn without_times(dialect: Dialect, meaning: &str) -> Self {
        Self { dialect, meaning: meaning.to_owned(), schedule: None, zone: None, times: Times::Unknown }
    }

    /// The first `count` times after `after`, by the clock of `zone` unless the expression names one itself; fewer where it ends,
    /// none where chance or an event decides. A local time that the clock skips or repeats is taken as the first that it can be:
    /// programs differ there.
    pub fn next(&self, after: Timestamp, zone: &TimeZone, count: usize) -> Vec<Timestamp> {
        let own = self.zone.as_deref().and_then(known_zone);
        let zone = own.as_ref().unwrap_or(zone);
        match &self.times {
            Times::Wall(times) => times
                .upcoming(zone.to_datetime(after))
                .filter_map(|time| zone.to_timestamp(time).ok())
                .filter(|time| *time > after)
                .take(count)
                .collect(),
            Times::Schedule(schedule) => schedule.upcoming(after, zone).take(count).collect(),
            Times::Unknown => Vec::new(),
        }
    }
}
