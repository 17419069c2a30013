#![doc = include_str!("../README.md")]
//! # In detail
//!
//! The schedule dialect of Kubernetes CronJobs: parsing with the position of the fault, and fire times.
//!
//! The API server parses `spec.schedule` with the standard parser of Go's `robfig/cron` v3, and the CronJob
//! controller asks the same library for the next time. [`Schedule`] accepts what it accepts, and names the same
//! times, oddities included; [`load_zone`] accepts the names that `spec.timeZone` accepts.
//!
//! An expression is one of
//!
//! * five fields, separated by white space: minute, hour, day of month, month, weekday;
//! * `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight`, `@hourly`;
//! * `@every DURATION`, with a duration as Go writes them (`1h30m`).
//!
//! A field is a list, separated by commas, of `*`, `?` (the same), `N` or `N-M`, each with an optional step
//! (`N/S` means `N-MAX/S`). Months and weekdays may be named by their first three letters.

mod calendar;
mod clock_change;
mod descriptors;
mod dialects;
mod error;
mod expression;
mod field;
mod field_kind;
mod names;
mod next;
mod other_schedulers;
mod parse;
mod quartz;
mod reading;
mod schedule;
mod scheduler;
mod six_fields;
mod spread;
mod words;
mod zone;

pub use clock_change::{ClockChange, is_by_whole_hours};
pub use error::{ForeignSyntax, ParseError, ParseErrorKind};
pub use field::{Field, FieldSet, Part};
pub use field_kind::FieldKind;
pub use jobguard_text::duration::DurationFault;
pub use quartz::QuartzDay;
pub use reading::{Dialect, Reading, agreed, translate};
pub use schedule::Schedule;
pub use scheduler::Scheduler;
pub use spread::{spread, spread_descriptor};
pub use words::zone_words;
pub use zone::{
    HostZone, ZoneError, ZoneErrorKind, host_zone, known_zone, load_zone, zone_data_version, zone_names,
};

#[cfg(test)]
mod tests;
