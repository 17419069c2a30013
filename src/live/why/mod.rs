//! Why a CronJob or Job did not run, is still running or failed: from what a cluster, or a file, tells to an answer.
//!
//! Pure: [`Known`] is filled by the caller with the objects that it has read, and with what it could not read; the time is
//! given. [`answer()`] finds the reasons, each with its evidence, and the formats write them.

mod alike;
mod answer;
mod assemble;
pub mod bundle;
mod clock;
mod container_words;
mod containers;
mod cron_job;
mod cron_past;
mod eviction;
mod exit_code;
mod facts;
mod findings;
mod gone;
mod html;
mod job;
mod known;
mod markdown;
mod place;
mod plain;
mod pod_facts;
mod pods;
mod refusal;
mod refused;
mod runs;
mod scheduling;
mod setup;
mod sidecars;
mod target;
mod text;
mod value;
mod view;
mod volumes;
mod words;

pub use answer::{
    Answer, Certainty, Evidence, Field, NextRun, Outcome, Place, Reason, RuleSaying, Run, SCHEMA_VERSION,
    State, Try,
};
pub use assemble::answer;
pub use html::write as write_html;
pub use known::{Kind, Known, NotFound};
pub use markdown::write as write_markdown;
pub use place::locate;
pub use target::{TargetKind, TargetRef};
pub use text::{TextStyle, write as write_text};

use std::io;

/// Writes an answer for programs: one JSON document.
///
/// # Errors
///
/// Those of the writer.
pub fn write_json(answer: &Answer, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, answer)?;
    out.write_all(b"\n")
}
