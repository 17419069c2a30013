//! The pieces that the scanner cuts a text into.

use std::borrow::Cow;

use crate::tree::{Span, Style};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    StreamEnd,
    Directive,
    DocumentStart,
    DocumentEnd,
    /// A list or an object begins by indentation; nothing is written for it.
    BlockSeqStart,
    BlockMapStart,
    BlockEnd,
    FlowSeqStart,
    FlowMapStart,
    FlowSeqEnd,
    FlowMapEnd,
    /// `-`
    Dash,
    /// `,`
    Comma,
    /// `?`, or the beginning of a key that has none.
    Key,
    /// `:`
    Colon,
    Scalar(Style),
    /// A scalar that is a key, its `:` included.
    KeyScalar(Style),
    Anchor,
    Alias,
    Tag,
}

/// Where a token stands, and its text.
#[derive(Debug, Default)]
pub(super) struct Token<'t> {
    pub(super) span: Span,
    /// A scalar's value, an anchor's or alias's name; left from before otherwise.
    pub(super) text: Cow<'t, str>,
}
