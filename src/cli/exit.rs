//! How the program ends.

use std::process::ExitCode;

/// The exit status, the same for every subcommand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// 0: done, and nothing to object to.
    Success,
    /// 1: there are findings at or above the threshold.
    Findings,
    /// 2: could not do what was asked: bad usage, a bad policy, an unreadable file.
    Failure,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::Success => 0,
            ExitStatus::Findings => 1,
            ExitStatus::Failure => 2,
        })
    }
}
