//! What a parser says of a text, one step after the other: of YAML, and of JSON.

use std::borrow::Cow;

use super::properties::Tag;
use crate::tree::{NodeKind, Style};

/// A step of the document.
#[derive(Debug)]
pub enum Event<'t> {
    /// A scalar. `style` and an empty span tell a missing value from a written one; its text is then empty.
    Scalar {
        /// Its text, without quotes, escapes and indentation.
        text: Cow<'t, str>,
        /// How it is written.
        style: Style,
        /// The anchor it carries.
        anchor: Anchor,
        /// The tag it carries.
        tag: Option<Tag>,
    },
    /// A value that its notation tells the type of: in JSON, all but texts.
    Value(NodeKind<'t>),
    /// A list begins.
    SeqStart {
        /// Whether it is written in brackets.
        flow: bool,
        /// The anchor it carries.
        anchor: Anchor,
    },
    /// An object begins.
    MapStart {
        /// Whether it is written in braces.
        flow: bool,
        /// The anchor it carries.
        anchor: Anchor,
    },
    /// A list or object ends.
    End,
    /// An alias of an anchor seen before; of none where that is 0.
    Alias(Anchor),
    /// The document ends.
    DocumentEnd,
}

/// The number of the anchor a node carries; none for 0. A name that is used again is another anchor.
pub type Anchor = usize;
