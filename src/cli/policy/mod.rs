//! `jobguard policy`: one file a subcommand.

mod check;
pub(super) mod exceptions;
mod export;
mod show;

use anyhow::Result;

use super::ExitStatus;
use super::args::{PolicyArgs, PolicyCommand};
use super::output::Terminal;
use crate::policy::schema;
use crate::rules::registry;

pub(crate) fn run(args: PolicyArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let text = match args.command {
        PolicyCommand::Exceptions(args) => return exceptions::run(&args, terminal),
        PolicyCommand::Check { file, now } => check::run(file, now)?,
        PolicyCommand::Show { name } => show::run(&name)?,
        PolicyCommand::Export(args) => export::run(*args)?,
        PolicyCommand::Schema => {
            format!("{}\n", serde_json::to_string_pretty(&schema::generate(registry().catalog()))?)
        }
    };
    terminal.print(&text)?;
    Ok(ExitStatus::Success)
}
