//! `jobguard policy check`

use std::path::PathBuf;

use anyhow::{Result, bail};
use jiff::Timestamp;

use super::super::policy_source::{self, Origin};
use jobguard_text::plain;

/// That a policy file can be used, what of it has no effect, and what there is to know of its exceptions.
pub(super) fn run(file: Option<PathBuf>, named: Option<String>, now: Option<Timestamp>) -> Result<String> {
    let (file, policy) = match file {
        Some(file) => (file.clone(), policy_source::file(&file)?),
        None => match Origin::of(named.or_else(policy_source::from_environment).as_deref())? {
            origin @ (Origin::Found(_) | Origin::Named(_) | Origin::Preset(_)) => {
                (PathBuf::from(origin.name()), origin.load()?)
            }
            Origin::Neither => bail!("no jobguard.yaml in this folder or above it; name a file"),
        },
    };
    let ok = format!("{}: ok, policy {}\n", plain(&file.display().to_string()), policy.name);
    let of_exceptions = policy.exception_notes(now.unwrap_or_else(Timestamp::now));
    let notes = policy.notes().iter().chain(&of_exceptions);
    Ok(notes.fold(ok, |text, note| format!("{text}note: {}\n", plain(note))))
}
