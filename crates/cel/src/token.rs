//! What text is made of.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    Word,
    Int,
    Uint,
    Float,
    Text,
    Bytes,
    /// An operator or a bracket.
    Sign,
    /// After the last one.
    End,
}
