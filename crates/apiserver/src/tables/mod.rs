//! Stub.
mod gates;
pub use gates::Gate;
pub(crate) const OLDEST_MINOR: u8 = 29;
pub(crate) const NEWEST_MINOR: u8 = 37;
