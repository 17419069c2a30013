//! What a container does when it has started and before it stops.

use k8s_openapi::api::core::v1::Lifecycle;

use super::context::PodContext;
use super::probes;
use crate::errors::Errors;
use jobguard_manifest::At;

/// Signals that a container of a Linux Pod can be stopped by, the real-time signals aside.
const LINUX_SIGNALS: &[&str] = &[
    "SIGABRT",
    "SIGALRM",
    "SIGBUS",
    "SIGCHLD",
    "SIGCLD",
    "SIGCONT",
    "SIGFPE",
    "SIGHUP",
    "SIGILL",
    "SIGINT",
    "SIGIO",
    "SIGIOT",
    "SIGKILL",
    "SIGPIPE",
    "SIGPOLL",
    "SIGPROF",
    "SIGPWR",
    "SIGQUIT",
    "SIGSEGV",
    "SIGSTKFLT",
    "SIGSTOP",
    "SIGSYS",
    "SIGTERM",
    "SIGTRAP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGUSR1",
    "SIGUSR2",
    "SIGVTALRM",
    "SIGWINCH",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGRTMIN",
    "SIGRTMAX",
];

/// Checks a container's `lifecycle`.
pub(super) fn check(lifecycle: &Lifecycle, pod: &PodContext<'_>, at: &At<'_>, report: &mut Errors<'_>) {
    if let Some(hook) = &lifecycle.post_start {
        probes::handler(hook.into(), pod.grace_period, &at.field("postStart"), report);
    }
    if let Some(hook) = &lifecycle.pre_stop {
        probes::handler(hook.into(), pod.grace_period, &at.field("preStop"), report);
    }
    if let Some(signal) = &lifecycle.stop_signal {
        stop_signal(signal, pod.os, &at.field("stopSignal"), report);
    }
}

/// Checks the signal that stops a container: which there are depends on the operating system that the Pod names.
fn stop_signal(signal: &str, os: Option<&str>, at: &At<'_>, report: &mut Errors<'_>) {
    match os {
        None => report.forbidden(at, "a stopSignal needs os.name in the Pod: set linux or windows"),
        Some("windows") if !matches!(signal, "SIGKILL" | "SIGTERM") => {
            report.not_supported(at, signal, &["SIGKILL", "SIGTERM"]);
        }
        Some("linux") if !LINUX_SIGNALS.contains(&signal) && !is_real_time(signal) => {
            report.not_supported(at, signal, &["SIGTERM", "SIGINT", "another signal of Linux by its name"]);
        }
        Some(_) => {}
    }
}

/// Whether this is one of the real-time signals between the first and the last, counted from the nearer of the two.
fn is_real_time(signal: &str) -> bool {
    let (digits, most) = if let Some(digits) = signal.strip_prefix("SIGRTMIN+") {
        (digits, 15)
    } else if let Some(digits) = signal.strip_prefix("SIGRTMAX-") {
        (digits, 14)
    } else {
        return false;
    };
    digits.parse().is_ok_and(|number: u8| (1..=most).contains(&number) && number.to_string() == digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_time_signals() {
        for good in ["SIGRTMIN+1", "SIGRTMIN+15", "SIGRTMAX-1", "SIGRTMAX-14"] {
            assert!(is_real_time(good), "{good}");
        }
        for bad in ["SIGRTMIN+0", "SIGRTMIN+16", "SIGRTMAX-15", "SIGRTMIN+01", "SIGRTMIN++1", "SIGRTMIN-1"] {
            assert!(!is_real_time(bad), "{bad}");
        }
    }
}
