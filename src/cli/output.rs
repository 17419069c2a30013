//! The terminal: colour, width, and the only places that print.

use std::io::{self, IsTerminal, Write};

use anstream::AutoStream;
use anyhow::Result;
use clap::ValueEnum;

use jobguard_text::plain_lines;

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where the program speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    choice: anstream::ColorChoice,
}

impl Terminal {
    pub(crate) fn new(color: Color) -> Self {
        let choice = match color {
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
            Color::Auto => AutoStream::choice(&io::stdout()),
        };
        Self { choice }
    }

    /// Whether standard output is coloured.
    pub(crate) fn color(&self) -> bool {
        !matches!(self.choice, anstream::ColorChoice::Never)
    }

    /// How wide to write: the terminal's width as far as it says, otherwise enough for any line.
    pub(crate) fn width(&self) -> usize {
        if !io::stdout().is_terminal() {
            return 140;
        }
        let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let asked = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
        said.or_else(asked).map_or(140, |columns| columns.max(60))
    }

    /// Prints to standard output.
    pub(crate) fn print(&self, text: &str) -> Result<()> {
        let mut out = AutoStream::new(io::stdout().lock(), self.choice);
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(())
    }

    /// Writes bytes to standard output as they are.
    pub(crate) fn print_bytes(&self, bytes: &[u8]) -> Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()?;
        Ok(())
    }

    /// Whether standard output is a terminal.
    pub(crate) fn is_interactive(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Says on standard error why something could not be done.
    pub(crate) fn complain(&self, error: &anyhow::Error) {
        self.note(&format!("error: {error:#}"));
    }

    /// Says something on standard error. Names of files, and what errors quote, are anybody's.
    pub(crate) fn note(&self, text: &str) {
        // A closed standard error leaves no place to report to.
        let _ = writeln!(io::stderr().lock(), "{}", plain_lines(text));
    }

    /// Whether what is printed is shown to people or read by a CI system, rather than kept as it is: a terminal, or
    /// the log of a CI job.
    pub(crate) fn is_shown(&self) -> bool {
        self.is_interactive() || (in_ci() && !is_regular_file(&io::stdout()))
    }
}

/// Whether a CI system reads what is printed: by the variables that most set, Azure and TeamCity.
fn in_ci() -> bool {
    ["CI", "TF_BUILD", "TEAMCITY_VERSION"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "false"))
}

#[cfg(unix)]
fn is_regular_file(out: &impl std::os::fd::AsFd) -> bool {
    let file = out.as_fd().try_clone_to_owned().map(std::fs::File::from);
    file.and_then(|file| file.metadata()).is_ok_and(|metadata| metadata.is_file())
}

#[cfg(not(unix))]
fn is_regular_file<T>(_: &T) -> bool {
    false
}

/// Whether the reader of our output went away.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
