//! What differs, as people and tools read it: one file a format.

pub mod json;
pub mod text;
