//! Pages of `docs/` that are made from what the program knows, but for the rules' own.

pub mod versions;
