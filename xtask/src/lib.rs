//! House-keeping of the repository: the tables of what each Kubernetes version knows.
//!
//! [`kubernetes`] ties the parts together: [`sources`] and [`features`] read a checkout of Kubernetes, [`fields`] and
//! [`gates`] keep what all versions have, and [`emit`] writes the tables.

pub mod emit;
pub mod explained;
pub mod features;
pub mod fields;
pub mod gates;
pub mod golang;
pub mod kubernetes;
pub mod sources;
pub mod version;
