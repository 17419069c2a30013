//! Whose schedules are recognised that are no cron.

/// A schedule of another scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheduler {
    /// `rate(...)` or `cron(...)` of AWS.
    Aws,
    /// `OnCalendar=` of a timer of systemd.
    Systemd,
    /// An interval, in words or as a bare duration: `every 5 minutes`, `5m`.
    Interval,
}
