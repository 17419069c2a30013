//! What is asked of a preview.

use jiff::tz::TimeZone;

use crate::forecast::job::WhatIf;
use crate::forecast::{RunTimes, Window};

/// What is asked of a preview.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The stretch of time that it is about.
    pub window: Window,
    /// The reader's time zone.
    pub zone: &'a TimeZone,
    /// Its name.
    pub zone_name: &'a str,
    /// How long runs take.
    pub run_times: &'a dyn RunTimes,
    /// How many runs of each CronJob formats for people list.
    pub runs: usize,
    /// How many runs of each CronJob formats for programs list at most.
    pub most_runs: usize,
    /// How the tries of Jobs go; nothing where only the worst case is asked for.
    pub what_ifs: &'a [WhatIf],
    /// How many steps the levels over time have at most.
    pub steps: usize,
}
