//! What is wrong with a text that cannot be read.

use crate::tree::Span;

/// Why reading stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// What is at fault; empty where something is missing.
    pub span: Span,
}

/// The kinds of faults. Where one says that something began earlier, the number is the byte where it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// No value begins with this character.
    Character(char),
    /// A tab stands where indentation is looked for.
    Tab,
    /// A text in quotes that is never closed.
    UnclosedQuote,
    /// An escape that is none.
    Escape,
    /// Something else than a comment follows `|` or `>`.
    BlockHeader,
    /// The name of an anchor or alias is missing, or goes on with what no name holds.
    Name,
    /// A tag that is none, or whose handle nothing declares.
    Tag,
    /// A directive, or what follows directives.
    Directive,
    /// A key whose `:` is missing.
    MissingColon,
    /// A `:` where no key can have ended.
    Colon,
    /// A `?` where no key can begin.
    KeyMark,
    /// A `-` where no item of a list can begin.
    Dash,
    /// A list or an object is used as a key.
    CollectionKey,
    /// No value begins here.
    NoValue,
    /// An object began there, and this is no key of it.
    NoKey(usize),
    /// A list began there, and this is no item of it.
    NoItem(usize),
    /// A `[` stands there, and neither `,` nor `]` here.
    InSequence(usize),
    /// A `{` stands there, and neither `,` nor `}` here.
    InMapping(usize),
    /// Values are nested too deep.
    TooDeep,
}

impl Fault {
    /// Boxed, so that results fit into registers.
    #[cold]
    pub(super) fn at(kind: FaultKind, start: usize, end: usize) -> Box<Self> {
        Box::new(Self { kind, span: Span::new(start, end) })
    }
}
