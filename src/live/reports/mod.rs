//! Reports that stand in the cluster, for the tools that show such: `jobguard audit --report`.
//!
//! An object has one report, in its namespace, and is its owner, so that the report goes with it. What an audit did not
//! judge, it says nothing of: neither writes nor deletes it such a report.

mod build;
mod keep;
mod model;
mod tally;
#[cfg(test)]
mod tests;

pub use build::Found;
pub use keep::{NoApi, keep};
pub use model::Api;
pub use tally::{Kept, Mode};
