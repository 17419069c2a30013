//! What pages and pictures are made of: a look, the shell of a self-contained HTML file, a few kinds of pictures drawn as
//! SVG, and what makes foreign text harmless in HTML, in scripts' data and in Markdown.
//!
//! Nothing here is loaded from a network, and nothing in a page is executed or applied but what this program has written:
//! the shell says so to the browser by a Content-Security-Policy of hashes.

mod data;
mod heat;
mod level;
mod markdown;
mod picture;
mod scale;
mod shell;
mod strip;
mod timeline;

#[cfg(test)]
mod look_tests;

pub use data::data_block;
pub use heat::{DAYS, HeatMap, Week};
pub use level::{Level, Tick};
pub use markdown::{code, diagram_words, text as markdown_text};
pub use picture::{Picture, Shape};
pub use scale::{Shades, Unit, compact};
pub use shell::{Document, LOOK};
pub use strip::Strip;
pub use timeline::{Kind, LEGEND, Span, Timeline};

use jobguard_text::plain_within;

/// How many characters a page shows of a text that somebody else has written, where nothing says otherwise.
pub const SHOWN: usize = 300;

/// The painter of [`Picture`]s that come as JSON, for a page's script: defines `paint(picture, id)`.
pub const PAINTER: &str = include_str!("paint.js");

/// A text that somebody else has written, without what is not seen or turns the direction around, and never long. It is
/// still to be escaped for where it goes; `maud` does so by itself.
pub fn foreign(text: &str) -> String {
    plain_within(text, SHOWN)
}
