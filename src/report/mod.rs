//! Findings as people and tools read them: one file a format, listed in [`FORMATS`].
//!
//! Formats see diagnostics and the run that they are of, and nothing else.

mod checkstyle;
mod concise;
mod counts;
mod diff;
mod format;
mod github;
mod gitlab;
mod html;
mod json;
mod junit;
mod lines;
mod markdown;
mod objects;
mod rdjson;
mod run;
mod sarif;
mod sarif_places;
mod sarif_suppression;
mod sarif_uri;
mod style;
mod text;

pub use checkstyle::write as write_checkstyle;
pub use concise::write as write_concise;
#[cfg(feature = "cli")]
pub(crate) use counts::baseline as baseline_line;
pub use format::{FORMATS, Format};
pub use github::write as write_github;
pub use gitlab::write as write_gitlab;
pub use html::write as write_html;
pub(crate) use json::escape as escape_json;
pub use json::write as write_json;
#[cfg(any(feature = "cli", feature = "serve"))]
pub(crate) use json::write_document;
pub use junit::write as write_junit;
pub use markdown::write as write_markdown;
pub use rdjson::write as write_rdjson;
pub use run::{RuleEntry, Run};
pub use sarif::write as write_sarif;
pub use style::Style;
pub use text::{statistics, write as write_text};

#[cfg(test)]
mod baseline_tests;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod html_tests;
