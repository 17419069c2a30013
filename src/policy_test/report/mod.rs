//! What came of tests, as people and tools read it: one file a format.

pub mod json;
pub mod junit;
pub mod text;
