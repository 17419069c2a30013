//! The language server, as an editor sees it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod actions;
mod client;
mod findings;
mod knowledge;
mod policies;
mod process;
mod random;
mod robust;
mod workspace;
