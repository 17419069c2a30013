//! The parser's events, reduced to what a value tree needs, with byte spans into the whole text. Apart
//! from the kinds of faults, nothing else knows the parser crate.

use std::borrow::Cow;

use granit_parser::{ErrorKind, Parser, ScalarStyle, StrInput, StructureStyle};

use super::MAX_DEPTH;
use super::scalar::Tag;
use super::tree::{Span, Style};

/// A step of the document.
#[derive(Debug)]
pub(super) enum Event<'t> {
    /// A scalar. `style` and an empty span tell a missing value from a written one; its text is then empty.
    Scalar { text: Cow<'t, str>, style: Style, anchor: Anchor, tag: Option<Tag> },
    /// A list begins.
    SeqStart { flow: bool, anchor: Anchor },
    /// An object begins.
    MapStart { flow: bool, anchor: Anchor },
    /// A list or object ends.
    End,
    /// An alias of an anchor seen before.
    Alias(usize),
    /// An alias of no anchor.
    UnknownAlias,
    /// The name of the anchor that the last node carries, with its `&`.
    AnchorName,
    /// The document ends.
    DocumentEnd,
}

/// The number of the anchor a node carries; none for 0.
pub(super) type Anchor = usize;

/// A fault the parser found.
#[derive(Debug)]
pub(super) struct Fault {
    /// What it says.
    pub(super) kind: ErrorKind,
    /// Where it stood, in the whole text.
    pub(super) at: usize,
}

/// The events of one document.
pub(super) struct Events<'t> {
    parser: Parser<'t, StrInput<'t>>,
    base: usize,
}

impl<'t> Events<'t> {
    /// The events of `text`, a piece of a longer one that begins at byte `base` of it.
    pub(super) fn new(text: &'t str, base: usize) -> Self {
        let options = granit_parser::options! {
            emit_comments: false,
            emit_unresolved_aliases: true,
            emit_anchor_events: true,
            // Whatever stands before `---` is a document of its own to kubectl, so a directive never has one.
            disallow_directives: true,
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH,
        };
        Self { parser: Parser::new_from_str_with_options(text, options), base }
    }

    /// The next event; none at the end of the text.
    pub(super) fn next(&mut self) -> Option<Result<(Event<'t>, Span), Fault>> {
        use granit_parser::Event as Raw;
        loop {
            let (raw, span) = match self.parser.next_event()? {
                Ok(event) => event,
                Err(error) => {
                    let at = self.base + error.marker().byte_offset().unwrap_or(0);
                    return Some(Err(Fault { kind: error.kind().clone(), at }));
                }
            };
            let start = self.base + span.start.byte_offset().unwrap_or(0);
            let span = Span::new(start, self.base + span.end.byte_offset().unwrap_or(0));
            let event = match raw {
                Raw::Scalar(text, style, anchor, tag) => {
                    let style = match style {
                        ScalarStyle::SingleQuoted => Style::SingleQuoted,
                        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                        ScalarStyle::Literal => Style::Literal,
                        ScalarStyle::Folded => Style::Folded,
                        _ => Style::Plain,
                    };
                    // The parser says `~` for a value that is not there.
                    let text =
                        if style == Style::Plain && span.is_empty() { Cow::Borrowed("") } else { text };
                    Event::Scalar { text, style, anchor, tag: tag.as_deref().map(known_tag) }
                }
                Raw::SequenceStart(style, anchor, _) => {
                    Event::SeqStart { flow: style == StructureStyle::Flow, anchor }
                }
                Raw::MappingStart(style, anchor, _) => {
                    Event::MapStart { flow: style == StructureStyle::Flow, anchor }
                }
                Raw::SequenceEnd | Raw::MappingEnd => Event::End,
                Raw::Alias(anchor) => Event::Alias(anchor),
                Raw::UnresolvedAlias(_) => Event::UnknownAlias,
                Raw::Anchor(..) => Event::AnchorName,
                Raw::DocumentEnd => Event::DocumentEnd,
                // Stream and document starts say nothing here; comments are not asked for.
                _ => continue,
            };
            return Some(Ok((event, span)));
        }
    }
}

fn known_tag(tag: &granit_parser::Tag) -> Tag {
    match tag.suffix_in_namespace("tag:yaml.org,2002:") {
        Some(name) => Tag::from_core(&name),
        None => Tag::Other,
    }
}
