//! What stands in a running cluster, judged as it is there: `jobguard audit`; and what it will do: `jobguard preview --live`.
//!
//! Objects come page by page, are judged by the linter as stored objects, and are let go. Of namespaces that were not asked
//! about nothing is read, and nothing is written to the cluster but reports and a summary, where somebody asks for them. What
//! the rights do not allow is no failure, but a sentence in the report.

mod audit;
mod beside;
#[cfg(test)]
mod fake_api;
mod judge;
mod kinds;
mod object;
mod owners;
mod preview;
mod reports;
mod rights;
mod scope;
mod summary;

pub use audit::{Audit, Audited, audit};
pub use judge::JudgedInCluster;
pub use owners::OwnerFiles;
pub use preview::{LiveCollected, LivePreview, MeasuredRunTimes, collect_live};
pub use reports::{Api, Found, Kept, Mode, NoApi, keep};
pub use rights::{Roles, roles};
pub use scope::Asked;
pub use summary::{summarise, write_summary};
