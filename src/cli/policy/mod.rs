//! `jobguard policy`: one file a subcommand.

mod check;
pub(crate) mod diff;
pub(super) mod exceptions;
mod export;
pub(crate) mod show;
pub(crate) mod test;
mod unused;

use anyhow::Result;

use super::ExitStatus;
use super::args::{PolicyArgs, PolicyCommand};
use super::output::Terminal;
use crate::policy::schema;
use crate::policy_test;
use crate::rules::registry;

pub(crate) fn run(args: PolicyArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let text = match args.command {
        PolicyCommand::Exceptions(args) => return exceptions::run(&args, terminal),
        PolicyCommand::Diff(args) => return diff::run(&args, terminal),
        PolicyCommand::Test(args) => return test::run(&args, terminal),
        PolicyCommand::Check { file, policy, now } => check::run(file, policy, now)?,
        PolicyCommand::Show(args) => {
            show::run(&args, terminal)?;
            return Ok(ExitStatus::Success);
        }
        PolicyCommand::Export(args) => export::run(*args)?,
        PolicyCommand::Schema { test } => {
            let schema =
                if test { policy_test::schema::generate() } else { schema::generate(registry().catalog()) };
            format!("{}\n", serde_json::to_string_pretty(&schema)?)
        }
    };
    terminal.print(&text)?;
    Ok(ExitStatus::Success)
}
