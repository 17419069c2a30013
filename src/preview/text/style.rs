//! How text looks.

/// How the text looks.
#[derive(Debug, Clone, Copy)]
pub struct TextStyle {
    /// Whether to colour it.
    pub color: bool,
    /// Whether to draw with ASCII characters alone.
    pub ascii: bool,
    /// Whether to show each object in full, however many there are.
    pub verbose: bool,
    /// How wide it may be, in characters.
    pub width: usize,
}
