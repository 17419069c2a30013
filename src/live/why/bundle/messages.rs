//! What a bundle keeps of the messages that components of Kubernetes write: not what a program has printed, which probes
//! and hooks repeat, nor what somebody else reports.

use serde_json::Value;

use crate::live::why::pod_facts::RUNTIME_REASONS;
use crate::live::why::value::text;

/// What stands for what was taken out.
pub(super) const REDACTED: &str = "(redacted)";

/// The components whose words are kept: those of Kubernetes, and queues of Jobs.
const COMPONENTS: [&str; 16] = [
    "kubelet",
    "default-scheduler",
    "job-controller",
    "cronjob-controller",
    "controllermanager",
    "attachdetach-controller",
    "persistentvolume-controller",
    "ephemeral-volume-controller",
    "resource_claim",
    "taint-eviction-controller",
    "node-controller",
    "disruption",
    "kueue-admission",
    "kueue-job-controller",
    "batch/job-kueue-controller",
    "pod-garbage-collector",
];

/// The reasons of events whose messages are kept.
const REASONS: [&str; 49] = [
    "BackOff",
    "BackoffLimitExceeded",
    "Completed",
    "CreatedWorkload",
    "Created",
    "DeadlineExceeded",
    "DeletedWorkload",
    "ErrImageNeverPull",
    "Evicted",
    "Failed",
    "FailedAttachVolume",
    "FailedCreate",
    "FailedCreatePodSandBox",
    "FailedDelete",
    "FailedMapVolume",
    "FailedMount",
    "FailedScheduling",
    "InspectFailed",
    "InvalidSchedule",
    "JobAlreadyActive",
    "Killing",
    "MissSchedule",
    "MissingJob",
    "NetworkNotReady",
    "NodeNotReady",
    "NodeShutdown",
    "Nominated",
    "Preempted",
    "Preempting",
    "Pulled",
    "Pulling",
    "Resumed",
    "SandboxChanged",
    "SawCompletedJob",
    "Scheduled",
    "Started",
    "StartedWorkload",
    "Stopped",
    "SuccessfulAttachVolume",
    "SuccessfulCreate",
    "SuccessfulDelete",
    "SuccessfulMountVolume",
    "Suspended",
    "TaintManagerEviction",
    "TooManyActivePods",
    "TooManyMissedTimes",
    "UnexpectedJob",
    "Unhealthy",
    "UnknownTimeZone",
];

/// Reasons of a Pod's status for which its message is the kubelet's.
const POD_REASONS: [&str; 14] = [
    "DeadlineExceeded",
    "Evicted",
    "NodeAffinity",
    "NodeLost",
    "NodePorts",
    "NodeShutdown",
    "OutOfcpu",
    "OutOfephemeral-storage",
    "OutOfmemory",
    "OutOfpods",
    "Preempting",
    "Shutdown",
    "Terminated",
    "UnexpectedAdmissionError",
];

/// Reasons for which the message of a container that waits is the kubelet's or the runtime's.
const WAITING_REASONS: [&str; 11] = [
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImageInspectError",
    "ImagePullBackOff",
    "InvalidImageName",
    "RegistryUnavailable",
    "RunContainerError",
    "SignatureValidationFailed",
];

/// Conditions whose messages are the controllers' and the scheduler's. Others are of other controllers.
const CONDITIONS: [&str; 7] = [
    "Complete",
    "DisruptionTarget",
    "Failed",
    "FailureTarget",
    "PodScheduled",
    "SuccessCriteriaMet",
    "Suspended",
];

/// What is kept of an event's message.
pub(super) fn of_event(event: &Value) -> Option<String> {
    let reason = text(event, "reason")?;
    let message = text(event, "message").or_else(|| text(event, "note"))?;
    let paths =
        ["reportingComponent", "reportingController", "source.component", "deprecatedSource.component"];
    let component = paths.iter().find_map(|path| text(event, path));
    // Clusters may have schedulers of their own.
    let is_known = component.is_none_or(|name| {
        COMPONENTS.contains(&name) || reason == "FailedScheduling" && name.ends_with("scheduler")
    });
    if !is_known || !REASONS.contains(&reason) {
        return None;
    }
    match reason {
        // What follows is what the probe has read.
        "Unhealthy" => {
            let (probe, _) = message.split_once(" probe ")?;
            let is_probe = ["Liveness", "Readiness", "Startup"].contains(&probe);
            is_probe.then(|| format!("{probe} probe failed"))
        }
        _ => Some(cut(message)),
    }
}

/// What is kept of the message of a Pod's status.
pub(super) fn of_pod(status: &Value) -> Option<String> {
    let reason = text(status, "reason").filter(|reason| POD_REASONS.contains(reason));
    reason.and_then(|_| text(status, "message")).map(cut)
}

/// What is kept of a condition's message.
pub(super) fn of_condition(condition: &Value) -> Option<String> {
    let kind = text(condition, "type").filter(|kind| CONDITIONS.contains(kind));
    kind.and_then(|_| text(condition, "message")).map(cut)
}

/// What is kept of the message of a container that waits. A hook's holds its command, and what that has printed.
pub(super) fn of_waiting(waiting: &Value) -> Option<String> {
    let reason = text(waiting, "reason").filter(|reason| WAITING_REASONS.contains(reason));
    reason.and_then(|_| text(waiting, "message")).map(cut)
}

/// What is kept of the message of a container that has ended: otherwise it may be the end of the program's log.
pub(super) fn of_terminated(terminated: &Value) -> Option<String> {
    let reason = text(terminated, "reason").filter(|reason| RUNTIME_REASONS.contains(reason));
    reason.and_then(|_| text(terminated, "message")).map(cut)
}

/// Whether this is no more than the path of a program.
pub(super) fn is_program(word: &str) -> bool {
    word.len() <= 100 && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-'))
}

/// A message without the arguments of commands, what they have printed, and what addresses hold beside the host's name.
fn cut(message: &str) -> String {
    let mut message = message;
    for output in ["\nOutput:", "\nMounting arguments:", "Mounting arguments:", "; output:", " output: "] {
        if let Some((before, _)) = message.split_once(output) {
            message = before;
        }
    }
    let message = without_backquoted(&without_commands(message));
    message.split_inclusive(char::is_whitespace).map(without_credentials).collect()
}

/// `exec: "sh -c x": ...` without anything but a path.
fn without_commands(message: &str) -> String {
    const BEFORE: &str = "exec: ";
    let mut kept = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find(BEFORE) {
        let (before, after) = rest.split_at(at + BEFORE.len());
        kept.push_str(before);
        let Some(quoted) = after.strip_prefix('"') else {
            // The path stands there without quotes, up to a colon, or it is not known where it ends.
            let end = after.find(": ").unwrap_or(after.len());
            kept.push_str(if is_program(&after[..end]) { &after[..end] } else { REDACTED });
            rest = &after[end..];
            continue;
        };
        let end = quote(quoted);
        let word = &quoted[..end];
        kept.push('"');
        kept.push_str(if is_program(word) { word } else { REDACTED });
        rest = &quoted[end..];
    }
    kept.push_str(rest);
    kept
}

/// The runtime crun quotes programs so: "executable file `x` not found".
fn without_backquoted(message: &str) -> String {
    let parts = message.split('`').enumerate();
    let kept = parts.map(|(at, part)| if at % 2 == 0 || is_program(part) { part } else { REDACTED });
    kept.collect::<Vec<_>>().join("`")
}

/// Where the quoted text ends that begins here; at the end of all where the quote is not closed.
fn quote(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.char_indices().find(|(_, c)| {
        let is_end = *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |(at, _)| at)
}

/// A word without what an address holds before an `@` and after a `?`: `https://user:password@host/path?signature=...`.
fn without_credentials(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let (authority, path) = rest.find(['/', '?', '"']).map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let Some((path, query)) = path.split_once('?') else { return format!("{scheme}://{host}{path}") };
    let end = query.find(['"', '\'', ' ', '\n', ')']).map_or("", |at| &query[at..]);
    format!("{scheme}://{host}{path}?{REDACTED}{end}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_programs_print_is_cut() {
        let kept = |reason: &str, component: &str, message: &str| {
            of_event(&json!({"reason": reason, "message": message, "source": {"component": component}}))
        };
        let kept = |reason: &str, component: &str, message: &str| {
            kept(reason, component, message).unwrap_or_default()
        };
        assert_eq!(kept("Unhealthy", "kubelet", "Startup probe failed: secret"), "Startup probe failed");
        assert_eq!(kept("Unhealthy", "kubelet", "secret probe failed: secret"), "");
        assert_eq!(kept("FailedPostStartHook", "kubelet", "secret"), "");
        assert_eq!(kept("Failed", "app", "secret"), "");
        assert_eq!(kept("Paid", "", "secret"), "");
        assert_eq!(kept("FailedScheduling", "our-scheduler", "0/1 nodes"), "0/1 nodes");
        assert_eq!(
            kept(
                "Failed",
                "kubelet",
                r#"Error: exec: "secret \" x": not found, exec: "/bin/app": permission denied"#
            ),
            r#"Error: exec: "(redacted)": not found, exec: "/bin/app": permission denied"#
        );
        assert_eq!(kept("Failed", "kubelet", r#"Error: exec: "secret x"#), r#"Error: exec: "(redacted)"#);
        assert_eq!(
            kept("Failed", "kubelet", r#"Failed: Get "https://u:p@registry.io/v2/a?sig=secret": EOF"#),
            r#"Failed: Get "https://registry.io/v2/a?(redacted)": EOF"#
        );
        assert_eq!(
            kept(
                "FailedMount",
                "kubelet",
                "mount failed: exit status 32\nMounting arguments: -t nfs secret:/x\nOutput: secret"
            ),
            "mount failed: exit status 32"
        );
        assert_eq!(
            kept(
                "Failed",
                "kubelet",
                "Error: executable file `secret x` not found, executable file `app` not found"
            ),
            "Error: executable file `(redacted)` not found, executable file `app` not found"
        );
    }
}
