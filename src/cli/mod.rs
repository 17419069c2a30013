//! The command line: one file a subcommand, arguments in `args`.

mod args;
#[cfg(feature = "cluster")]
mod audit;
#[cfg(feature = "cluster")]
mod audit_reports;
mod baseline;
#[cfg(feature = "cluster")]
mod cluster_args;
#[cfg(feature = "cluster")]
mod complete;
mod exit;
mod findings;
mod findings_args;
mod fix;
mod inputs;
mod lint;
#[cfg(feature = "lsp")]
mod lsp;
mod namespace;
mod output;
mod own_rule;
mod policy;
mod policy_source;
mod preview;
mod progress;
#[cfg(feature = "serve")]
mod review;
mod rules;
mod schedule;
#[cfg(feature = "serve")]
mod serve;
mod targets;
mod time;
mod version;
#[cfg(feature = "cluster")]
mod watches;
mod why;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use args::{Cli, Command};
pub use exit::ExitStatus;
use output::Terminal;

/// Runs the program with the arguments of the process.
pub fn main() -> std::process::ExitCode {
    #[cfg(feature = "cluster")]
    if complete::answered() {
        return std::process::ExitCode::SUCCESS;
    }
    let cli = Cli::parse();
    let terminal = Terminal::new(cli.color);
    let Some(command) = cli.command.filter(|_| !cli.version) else {
        if cli.version {
            return exit(
                terminal.print(&version::text(cli.verbose)).map(|()| ExitStatus::Success),
                &terminal,
            );
        }
        let message = "'jobguard' requires a subcommand but one was not provided";
        Cli::command().error(ErrorKind::MissingSubcommand, message).exit()
    };
    let result = match command {
        Command::Lint(args) => lint::run(*args, &terminal),
        #[cfg(feature = "cluster")]
        Command::Audit(args) => audit::run(*args, &terminal),
        Command::Preview(args) => preview::run(*args, &terminal),
        Command::Why(args) => why::run(*args, &terminal),
        Command::Rules(args) => rules::run(args, &terminal),
        Command::Policy(args) => policy::run(args, &terminal),
        Command::Schedule(args) => schedule::run(args, &terminal),
        #[cfg(feature = "lsp")]
        Command::Lsp(args) => lsp::run(args, &terminal),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(*args),
        #[cfg(feature = "serve")]
        Command::Review(args) => review::run(args, &terminal),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "jobguard", &mut script);
            #[cfg(feature = "cluster")]
            script.extend_from_slice(complete::script(shell).as_bytes());
            terminal.print(&String::from_utf8_lossy(&script)).map(|()| ExitStatus::Success)
        }
    };
    exit(result, &terminal)
}

/// The exit status of a result, whose error is printed.
fn exit(result: anyhow::Result<ExitStatus>, terminal: &Terminal) -> std::process::ExitCode {
    let status = result.unwrap_or_else(|error| {
        // A closed pipe (`jobguard ... | head`) is the reader's wish, not a fault.
        if output::is_broken_pipe(&error) {
            return ExitStatus::Success;
        }
        terminal.complain(&error);
        ExitStatus::Failure
    });
    status.into()
}
