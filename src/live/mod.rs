//! What stands in a running cluster, judged as it is there: `jobguard audit`; what it will do: `jobguard preview --live`;
//! and why something in it did not run: `jobguard why`.
//!
//! Objects come page by page, are judged by the linter as stored objects, and are let go. Of namespaces that were not asked
//! about nothing is read, and nothing is written to the cluster but reports and a summary, where somebody asks for them. What
//! the rights do not allow is no failure, but a sentence in the report.

#[cfg(feature = "cluster")]
mod audit;
#[cfg(feature = "cluster")]
mod beside;
#[cfg(test)]
#[cfg(feature = "cluster")]
mod fake_api;
#[cfg(feature = "cluster")]
mod judge;
#[cfg(feature = "cluster")]
mod kinds;
#[cfg(feature = "cluster")]
mod object;
#[cfg(feature = "cluster")]
mod owners;
#[cfg(feature = "cluster")]
mod preview;
#[cfg(feature = "cluster")]
mod reports;
#[cfg(feature = "cluster")]
mod rights;
#[cfg(feature = "cluster")]
mod scope;
#[cfg(feature = "cluster")]
mod summary;
pub mod why;

#[cfg(feature = "cluster")]
pub use audit::{Audit, Audited, audit};
#[cfg(feature = "cluster")]
pub use judge::JudgedInCluster;
#[cfg(feature = "cluster")]
pub use owners::OwnerFiles;
#[cfg(feature = "cluster")]
pub use preview::{LiveCollected, LivePreview, MeasuredRunTimes, collect_live};
#[cfg(feature = "cluster")]
pub use reports::{Api, Found, Kept, Mode, NoApi, keep};
#[cfg(feature = "cluster")]
pub use rights::{Roles, roles};
#[cfg(feature = "cluster")]
pub use scope::Asked;
#[cfg(feature = "cluster")]
pub use summary::{summarise, write_summary};
