//! What the exit code of a container usually means.

use super::pod_facts::Ended;

/// What an exit code usually means, as the end of a sentence; none where it is the program's own.
pub(super) fn meaning(ended: &Ended) -> Option<String> {
    if ended.reason == "OOMKilled" {
        let why = match ended.has_memory_limit {
            true => "the kernel killed it: it used more memory than its limit",
            false => {
                "the kernel killed it: its node, or the cgroup above it, was out of memory; it has no limit of its own"
            }
        };
        return Some(why.to_owned());
    }
    let known = match ended.code {
        0 => "it succeeded",
        1 => "a general error of the program",
        2 => "often wrong arguments, or a syntax error in a shell script",
        126 if ended.has_run() => "a command that it ran could not be executed",
        127 if ended.has_run() => "a command that it ran was not found",
        126 => "the command was found, but cannot be executed",
        127 => "the command was not found",
        128 if ended.reason == "StartError" || ended.reason == "ContainerCannotRun" => {
            "the container could not be started"
        }
        130 => "it was ended by SIGINT",
        134 => "it aborted itself (SIGABRT)",
        137 => {
            "it was killed (SIGKILL): by the kernel for want of memory, or since it did not end within \
             its grace period"
        }
        139 => "it crashed (SIGSEGV)",
        143 => "it was asked to end (SIGTERM), and did",
        255 => "often an exit status below 0, or one that ssh passes on",
        code @ 129..=159 => return Some(format!("it was ended by signal {}", code - 128)),
        _ => return None,
    };
    Some(known.to_owned())
}

/// `exit code 137 (it was killed ...)`.
pub(super) fn words(ended: &Ended) -> String {
    match meaning(ended) {
        Some(meaning) => format!("exit code {} ({meaning})", ended.code),
        None => format!("exit code {}", ended.code),
    }
}

/// What to do about it. `log` is the command that shows the container's log.
pub(super) fn advice(ended: &Ended, log: &str) -> String {
    if ended.reason == "OOMKilled" {
        let change = match ended.has_memory_limit {
            true => "Raise resources.limits.memory of the container, or let the program use less",
            false => {
                "Set resources.requests.memory and resources.limits.memory of the container to what it really uses, so that \
                 it is put on a node that has as much"
            }
        };
        return change.to_owned();
    }
    match ended.code {
        126 | 127 if ended.has_run() => {
            format!("Correct the script, or use an image that has what it runs; its log names that: {log}")
        }
        126 | 127 => "Correct the command, or use an image that has it".to_owned(),
        128 if !ended.message.is_empty() => "Correct the command, or use an image that has it".to_owned(),
        137 => "Look whether it needs more memory (resources.limits.memory), and whether it ends when it is sent SIGTERM"
            .to_owned(),
        143 | 130 => "Look what ended it: a deadline, a drain, or a failing liveness probe".to_owned(),
        _ => format!("Read its log: {log}"),
    }
}
