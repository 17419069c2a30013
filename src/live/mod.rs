//! What stands in a running cluster, judged as it is there: `jobguard audit`; and what it will do: `jobguard preview --live`.
//!
//! Objects come page by page, are judged by the linter as stored objects, and are let go. Nothing is written to the
//! cluster, and of namespaces that were not asked about nothing is read. What the rights do not allow is no failure, but a
//! sentence in the report.

mod audit;
mod beside;
mod judge;
mod kinds;
mod object;
mod owners;
mod preview;
mod rights;
mod scope;

pub use audit::{Audit, Audited, audit};
pub use owners::OwnerFiles;
pub use preview::{LiveCollected, LivePreview, MeasuredRunTimes, collect_live};
pub use rights::{Roles, roles};
pub use scope::Asked;
