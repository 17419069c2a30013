//! Limits of a policy's own rules.

/// The most rules that a policy may have of its own, with those of the files it extends.
pub const MAX_RULES: usize = 100;
/// The longest expression, in bytes.
pub const MAX_EXPRESSION: usize = 4 * 1024;
/// The longest message, help or link, in bytes.
pub const MAX_TEXT: usize = 1024;
/// The longest id, in bytes.
pub const MAX_ID: usize = 100;
