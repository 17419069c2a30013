//! What is kept of a Pod.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Container as Spec;
use serde_json::Value;

use super::facts::Meta;
use super::value::{get, is_true, list, number, string, strings, text, time};
use crate::command::NeverEnds;

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
    /// Whether its containers are ready, and since when they are, or are not.
    pub(super) ready: Option<PodCondition>,
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
    /// Whether its image is known for a server, which never ends by itself.
    pub(super) is_server: bool,
    pub(super) state: State,
    /// Whether its startup probe has succeeded; none where its kubelet does not say.
    pub(super) is_started: Option<bool>,
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
    pub(super) started: Option<Timestamp>,
    pub(super) finished: Option<Timestamp>,
    /// Whether the container, or its Pod, has a limit of memory.
    pub(super) has_memory_limit: bool,
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
            ready: condition("Ready"),
            containers: init.chain(main).collect(),
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        matches!(self.phase.as_str(), "Succeeded" | "Failed")
    }

    /// Whether each container that it is there for has ended.
    pub(super) fn is_done(&self) -> bool {
        let mut main = self.containers.iter().filter(|container| container.holds_pod()).peekable();
        main.peek().is_some() && main.all(|container| matches!(container.state, State::Ended(_)))
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
    let has_others = list(value, spec).len() > 1;
    let of_pod = get(value, "spec.resources.limits.memory").is_some();
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
        let is_limited = of_pod || get(container, "resources.limits.memory").is_some();
        Container {
            role,
            image: string(container, "image"),
            is_server: !is_init && has_others && is_server(container),
            state: status.map_or(State::Unknown, |status| state(status, is_limited)),
            is_started: status
                .filter(|status| status.get("started").is_some())
                .map(|status| is_true(status, "started")),
            last: status.and_then(|status| ended(get(status, "lastState.terminated")?, is_limited)),
            restarts: status.and_then(|status| number(status, "restartCount")).unwrap_or(0),
            name,
        }
    })
}

/// Whether its image is known for a server, and it runs nothing else. What a bundle hides of a command says nothing.
fn is_server(container: &Value) -> bool {
    if container.get("command").is_some() {
        return false;
    }
    let spec = Spec {
        image: text(container, "image").map(str::to_owned),
        args: Some(strings(container, "args")).filter(|args| !args.is_empty()),
        ..Spec::default()
    };
    NeverEnds::of(&spec, std::iter::empty()).is_some()
}

fn state(status: &Value, is_limited: bool) -> State {
    if let Some(waiting) = get(status, "state.waiting").filter(|waiting| waiting.is_object()) {
        return State::Waiting { reason: string(waiting, "reason"), message: string(waiting, "message") };
    }
    if let Some(running) = get(status, "state.running").filter(|running| running.is_object()) {
        return State::Running { since: time(running, "startedAt") };
    }
    get(status, "state.terminated")
        .and_then(|state| ended(state, is_limited))
        .map_or(State::Unknown, State::Ended)
}

fn ended(terminated: &Value, has_memory_limit: bool) -> Option<Ended> {
    let reason = string(terminated, "reason");
    let is_of_runtime = RUNTIME_REASONS.contains(&reason.as_str());
    Some(Ended {
        code: number(terminated, "exitCode")?,
        message: if is_of_runtime { string(terminated, "message") } else { String::new() },
        reason,
        started: time(terminated, "startedAt"),
        finished: time(terminated, "finishedAt"),
        has_memory_limit,
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

/// Parts of names that sidecars have.
const SIDECARS: [&str; 18] = [
    "proxy",
    "sidecar",
    "envoy",
    "istio",
    "linkerd",
    "daprd",
    "agent",
    "fluent",
    "filebeat",
    "promtail",
    "vector",
    "otel",
    "collector",
    "exporter",
    "shipper",
    "logger",
    "metrics",
    "pgbouncer",
];

impl Ended {
    /// Whether it ran for a while: what fails then is not that it could not be started.
    pub(super) fn has_run(&self) -> bool {
        const A_WHILE: i64 = 10;
        let seconds = self.started.zip(self.finished).map(|(from, to)| to.as_second() - from.as_second());
        seconds.is_some_and(|seconds| seconds > A_WHILE)
    }
}

impl Container {
    /// Whether its name or its image says that it serves the others.
    pub(super) fn is_known_sidecar(&self) -> bool {
        self.is_server
            || self
                .name
                .split(['-', '_', '.'])
                .any(|part| SIDECARS.iter().any(|known| part.starts_with(known)))
    }

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
