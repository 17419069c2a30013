//! What will happen, as arithmetic without words: when schedules fire in a stretch of time, what then runs at once, and how
//! a Job may go.

mod fleet;
pub mod job;
mod meeting;
mod run_time;
mod seconds;
mod starts;
mod window;

#[cfg(test)]
mod fleet_tests;

pub use fleet::{BusyMinute, Forecast, Load, Member, MemberRuns, Peak, Question, Series, forecast};
pub use meeting::{Concurrency, Meeting, Runs};
pub use run_time::{
    AboutRun, BadRunTime, Measured, RUN_TIME_ANNOTATION, RunTime, RunTimeSource, RunTimes, Stated,
    parse_run_time,
};
pub use seconds::controller_seconds;
pub use starts::{for_each_start, starts_in_minute};
pub use window::{MINUTE, WEEK_HOURS, Window, WindowError};
