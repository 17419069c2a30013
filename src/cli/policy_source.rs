//! Which policy holds: the one named, or the nearest `jobguard.yaml`, or `recommended`.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};

use crate::engine::registry;
use crate::policy::{Policy, PolicyErrors, Preset, load};

/// The policy that `named` asks for: a preset's name or a file. Without it, the nearest `jobguard.yaml` from the
/// current folder upwards, and without that, `recommended`.
pub(crate) fn find(named: Option<&str>) -> Result<Policy> {
    match named {
        Some(name) => match Preset::from_name(name) {
            Some(preset) => built_in(preset),
            None => file(Path::new(name)),
        },
        None => {
            let here = std::env::current_dir().context("cannot tell the current folder")?;
            match load::discover(&here) {
                Some(path) => file(&path),
                None => built_in(Preset::Recommended),
            }
        }
    }
}

/// A built-in policy.
pub(crate) fn built_in(preset: Preset) -> Result<Policy> {
    load::preset(preset, registry().catalog()).map_err(|errors| told(&errors))
}

/// A policy file.
pub(crate) fn file(path: &Path) -> Result<Policy> {
    load::read_file(path, registry().catalog()).map_err(|errors| told(&errors))
}

/// All faults of a policy, one a line.
fn told(errors: &PolicyErrors) -> anyhow::Error {
    anyhow!("the policy is not usable:\n{errors}")
}
