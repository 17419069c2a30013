//! What will happen, for people: what CronJobs and Jobs do in a stretch of time.
//!
//! [`collect`] reads what [`crate::linter`] reads, without a verdict. [`preview`] asks [`crate::forecast`] about it and puts
//! the answers in words ([`Preview`]). The formats write that, and know nothing else.

mod bars;
mod collect;
mod cron_job;
mod fleet;
mod groups;
mod html;
mod ics;
mod job;
mod job_words;
mod json;
mod make;
mod markdown;
mod model;
mod notes;
mod options;
mod quotas;
mod show;
mod svg;
mod text;
mod times;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod picture_tests;

#[cfg(feature = "cluster")]
pub(crate) use collect::collect_text;
pub use collect::{Collected, Input, collect};
pub use html::write as write_html;
pub use ics::write as write_ics;
pub use job_words::{
    after_words, bound_words, duration_words, end_words, event_words, pattern_words, title_words,
    what_if_fault, what_if_words,
};
pub use json::write as write_json;
pub use make::preview;
pub use markdown::write as write_markdown;
pub use model::*;
pub use options::Options;
pub use svg::write as write_svg;
pub use text::{TextStyle, write as write_text};
