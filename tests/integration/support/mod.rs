//! What the tests share.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

pub(crate) mod edits;
#[cfg(feature = "cluster")]
pub(crate) mod fake_cluster;
pub(crate) mod fix;
pub(crate) mod policy_folder;
pub(crate) mod recordings;
#[cfg(all(feature = "serve", unix))]
pub(crate) mod server;

use std::path::{Path, PathBuf};

/// The manifests of this repository: the files whose names end in one of `endings`, in the same order on every machine.
pub(crate) fn manifests(endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<_> = ["examples", "tests/fixes", "tests/manifests", "tests/rules", "tests/cases"]
        .map(|name| Path::new(env!("CARGO_MANIFEST_DIR")).join(name))
        .into();
    while let Some(folder) = folders.pop() {
        let mut paths: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .and_then(|ending| ending.to_str())
                .is_some_and(|ending| endings.contains(&ending))
            {
                found.push(path);
            }
        }
    }
    found
}

/// The API server that is meant where no version is named.
pub(crate) fn server() -> jobguard::apiserver::Server {
    jobguard::apiserver::Server::of(jobguard::apiserver::KubernetesVersion::default())
}
