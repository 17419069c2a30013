//! `jobguard policy show`

use anyhow::{Result, anyhow};

use crate::policy::Preset;

/// The file of a built-in policy.
pub(super) fn run(name: &str) -> Result<String> {
    let names = Preset::ALL.map(Preset::as_str).join(", ");
    let preset = Preset::from_name(name)
        .ok_or_else(|| anyhow!("there is no built-in policy {name:?}; there are {names}"))?;
    Ok(preset.text().to_owned())
}
