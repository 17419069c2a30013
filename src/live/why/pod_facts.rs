//! What is kept of a Pod.

use jiff::Timestamp;
use serde_json::Value;

use super::facts::Meta;
use super::value::{get, list, number, string, text, time};

/// A Pod.
#[derive(Debug, Clone)]
pub(super) struct PodFacts {
    pub(super) meta: Meta,
    pub(super) node: Option<String>,
    pub(super) scheduler: Option<String>,
    pub(super) gates: Vec<String>,
    pub(super) phase: String,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) started: Option<Timestamp>,
    pub(super) scheduled: Option<PodCondition>,
    pub(super) disruption: Option<PodCondition>,
    /// In the order of the Pod: init containers first.
    pub(super) containers: Vec<Container>,
}

/// A condition of a Pod that says why.
#[derive(Debug, Clone)]
pub(super) struct PodCondition {
    pub(super) is_true: bool,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) since: Option<Timestamp>,
}

/// What a container of a Pod is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It runs before the others, and ends.
    Init,
    /// It runs beside the others, and is ended when they are done: an init container with `restartPolicy: Always`.
    Sidecar,
    /// It is one of `containers`.
    Main,
}

/// A container.
#[derive(Debug, Clone)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) image: String,
    pub(super) state: State,
    /// How it ended the last time, where it was started again.
    pub(super) last: Option<Ended>,
    pub(super) restarts: i64,
}

/// What a container does.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// The kubelet has not said.
    Unknown,
    /// It does not run, or not any more.
    Waiting { reason: String, message: String },
    /// It runs.
    Running { since: Option<Timestamp> },
    /// It has ended.
    Ended(Ended),
}

/// How a container ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub(super) code: i64,
    pub(super) reason: String,
    /// What the container runtime says; never what the program wrote.
    pub(super) message: String,
    pub(super) finished: Option<Timestamp>,
}

/// Reasons for which a terminated container's message is the runtime's: otherwise it may be the end of the program's log.
pub(super) const RUNTIME_REASONS: [&str; 4] =
    ["ContainerCannotRun", "StartError", "ContainerStatusUnknown", "RunContainerError"];

impl PodFacts {
    pub(super) fn of(value: &Value) -> Self {
        let condition = |kind: &str| {
            let condition =
                list(value, "status.conditions").iter().find(|one| text(one, "type") == Some(kind))?;
            Some(PodCondition {
                is_true: text(condition, "status") == Some("True"),
                reason: string(condition, "reason"),
                message: string(condition, "message"),
                since: time(condition, "lastTransitionTime"),
            })
        };
        let init = containers(value, "spec.initContainers", "status.initContainerStatuses");
        let main = containers(value, "spec.containers", "status.containerStatuses");
        Self {
            meta: Meta::of(value),
            node: text(value, "spec.nodeName").map(str::to_owned),
            scheduler: text(value, "spec.schedulerName").map(str::to_owned),
            gates: list(value, "spec.schedulingGates").iter().map(|gate| string(gate, "name")).collect(),
            phase: string(value, "status.phase"),
            reason: string(value, "status.reason"),
            message: string(value, "status.message"),
            started: time(value, "status.startTime"),
            scheduled: condition("PodScheduled"),
            disruption: condition("DisruptionTarget").filter(|condition| condition.is_true),
            containers: init.chain(main).collect(),
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        matches!(self.phase.as_str(), "Succeeded" | "Failed")
    }

    /// When its last container ended.
    pub(super) fn ended(&self) -> Option<Timestamp> {
        let ends = self.containers.iter().filter_map(|container| match &container.state {
            State::Ended(ended) => ended.finished,
            _ => None,
        });
        ends.max()
    }
}

fn containers<'v>(value: &'v Value, spec: &str, status: &str) -> impl Iterator<Item = Container> + use<'v> {
    let is_init = spec == "spec.initContainers";
    let statuses = list(value, status);
    list(value, spec).iter().enumerate().map(move |(index, container)| {
        let name = string(container, "name");
        // Statuses have the containers' order, as a rule.
        let is_it = |status: &&Value| text(status, "name") == Some(&name);
        let status = statuses.get(index).filter(is_it).or_else(|| statuses.iter().find(is_it));
        let role = match (is_init, text(container, "restartPolicy")) {
            (true, Some("Always")) => Role::Sidecar,
            (true, _) => Role::Init,
            (false, _) => Role::Main,
        };
        Container {
            role,
            image: string(container, "image"),
            state: status.map_or(State::Unknown, state),
            last: status.and_then(|status| ended(get(status, "lastState.terminated")?)),
            restarts: status.and_then(|status| number(status, "restartCount")).unwrap_or(0),
            name,
        }
    })
}

fn state(status: &Value) -> State {
    if let Some(waiting) = get(status, "state.waiting").filter(|waiting| waiting.is_object()) {
        return State::Waiting { reason: string(waiting, "reason"), message: string(waiting, "message") };
    }
    if let Some(running) = get(status, "state.running").filter(|running| running.is_object()) {
        return State::Running { since: time(running, "startedAt") };
    }
    get(status, "state.terminated").and_then(ended).map_or(State::Unknown, State::Ended)
}

fn ended(terminated: &Value) -> Option<Ended> {
    let reason = string(terminated, "reason");
    let is_of_runtime = RUNTIME_REASONS.contains(&reason.as_str());
    Some(Ended {
        code: number(terminated, "exitCode")?,
        message: if is_of_runtime { string(terminated, "message") } else { String::new() },
        reason,
        finished: time(terminated, "finishedAt"),
    })
}

/// Whether a Pod of a Job may have this name: the Job's, or as much of it as fits, an index, and five random characters.
pub(super) fn may_be_pod_of(name: &str, job: &str, is_indexed: bool) -> bool {
    /// The characters that API servers make names of.
    const RANDOM: &str = "bcdfghjklmnpqrstvwxz2456789";
    /// What fits before the random part.
    const BASE: usize = 58;
    let Some((base, random)) = name.rsplit_once('-') else { return false };
    let is_random = random.len() == 5 && random.chars().all(|c| RANDOM.contains(c));
    let base = match (is_indexed, base.rsplit_once('-')) {
        (true, Some((base, index))) if index.bytes().all(|byte| byte.is_ascii_digit()) => base,
        _ => base,
    };
    is_random && (base == job || base.len() + 1 >= BASE && job.starts_with(base))
}

impl Container {
    /// Whether it still is to end before the Pod does.
    pub(super) fn holds_pod(&self) -> bool {
        self.role == Role::Main
    }
}

#[cfg(test)]
mod tests {
    use super::may_be_pod_of;

    #[test]
    fn pods_of_a_job_by_their_names() {
        assert!(may_be_pod_of("nightly-30-x7k2q", "nightly-30", false));
        assert!(may_be_pod_of("train-12-x7k2q", "train", true));
        assert!(!may_be_pod_of("train-12-x7k2q", "train", false));
        assert!(!may_be_pod_of("nightly-300-x7k2q", "nightly-30", false));
        assert!(!may_be_pod_of("nightly-30-aaaaa", "nightly-30", false));
        let long = "a".repeat(63);
        assert!(may_be_pod_of(&format!("{}-x7k2q", &long[..57]), &long, false));
    }
}
