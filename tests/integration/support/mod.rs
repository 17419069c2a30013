//! What the tests share.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

pub(crate) mod edits;
pub(crate) mod fix;
pub(crate) mod recordings;
#[cfg(all(feature = "serve", unix))]
pub(crate) mod server;

/// The API server that is meant where no version is named.
pub(crate) fn server() -> jobguard::apiserver::Server {
    jobguard::apiserver::Server::of(jobguard::apiserver::KubernetesVersion::default())
}
