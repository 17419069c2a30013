//! `jobguard policy`

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};

use super::ExitStatus;
use super::args::{ExportFormat, PolicyArgs, PolicyCommand};
use super::output::Terminal;
use super::policy_source;
use crate::export;
use crate::policy::{Preset, schema};
use crate::rules::registry;
use jobguard_text::plain;

pub(crate) fn run(args: PolicyArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let text = match args.command {
        PolicyCommand::Check { file } => {
            let (file, policy) = match file {
                Some(file) => (file.clone(), policy_source::file(&file)?),
                None => match policy_source::Origin::of(None)? {
                    origin @ policy_source::Origin::Found(_) => {
                        (PathBuf::from(origin.name()), origin.load()?)
                    }
                    _ => bail!("no jobguard.yaml in this folder or above it; name a file"),
                },
            };
            let ok = format!("{}: ok, policy {}\n", plain(&file.display().to_string()), policy.name);
            policy.notes().iter().fold(ok, |text, note| format!("{text}note: {}\n", plain(note)))
        }
        PolicyCommand::Show { name } => {
            let names = Preset::ALL.map(Preset::as_str).join(", ");
            let preset = Preset::from_name(&name)
                .ok_or_else(|| anyhow!("there is no built-in policy {name:?}; there are {names}"))?;
            preset.text().to_owned()
        }
        PolicyCommand::Export { policy, format: ExportFormat::Vap, exclude_namespaces } => {
            let policy = policy_source::Origin::of(policy.as_deref())?.load()?;
            let excluded: Vec<_> = exclude_namespaces.into_iter().filter(|name| !name.is_empty()).collect();
            export::vap(&policy, registry(), &excluded)
        }
        PolicyCommand::Schema => {
            format!("{}\n", serde_json::to_string_pretty(&schema::generate(registry().catalog()))?)
        }
    };
    terminal.print(&text)?;
    Ok(ExitStatus::Success)
}
