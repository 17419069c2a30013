//! Which containers of a Pod never end by themselves, and whether another ends them.

use k8s_openapi::api::core::v1::{Container, PodTemplateSpec};

use super::known::{self, Server};
use super::{CommandLine, Endless, Origin, Word};

/// What never ends of a container.
#[derive(Debug, Clone, Copy)]
pub enum NeverEnds<'a> {
    /// The program of its image.
    Server(&'static Server),
    /// Its image, by the policy.
    Listed,
    /// Its command line: why, and the word that shows it.
    Command(Endless, Word<'a>),
}

impl<'a> NeverEnds<'a> {
    /// Why a container never ends; none where it may. `listed` are images that never do.
    pub fn of<'p>(container: &'a Container, listed: impl Iterator<Item = &'p str>) -> Option<Self> {
        let image = container.image.as_deref().unwrap_or_default();
        let line = CommandLine::of(container);
        let why = if known::is_image(image, listed) {
            Self::Listed
        } else if line.origin() == Origin::Image {
            Self::Server(known::of_image(image, line.arguments())?)
        } else {
            let (why, word) = line.never_ends()?;
            Self::Command(why, word)
        };
        (!is_ended(container)).then_some(why)
    }

    /// The reason, as a clause.
    pub fn reason(&self) -> String {
        match self {
            Self::Server(server) => format!("{} runs until it is stopped", server.name),
            Self::Listed => "this image is one that runs until it is stopped".to_owned(),
            Self::Command(why, _) => why.reason(),
        }
    }

    /// The word of the command line that shows it; none where the image does.
    pub fn word(&self) -> Option<Word<'a>> {
        match self {
            Self::Server(_) | Self::Listed => None,
            Self::Command(_, word) => Some(*word),
        }
    }
}

/// Whether a variable of a container says that something ends it.
fn is_ended(container: &Container) -> bool {
    container.env.iter().flatten().any(|variable| known::is_ending_variable(&variable.name))
}

/// The parts of a command by which one container ends another.
const ENDING_TEXTS: [&str; 16] = [
    "quitquitquit",
    "linkerd-await",
    "scuttle",
    "kubexit",
    "envoy-preflight",
    "/shutdown",
    "/-/quit",
    "/quit",
    "/terminate",
    "/drain",
    "/v1/agent/leave",
    "kubectl exec",
    "kubectl delete",
    "nsenter",
    "docker stop",
    "docker kill",
];

/// Whether something may end those containers of a Pod that never end by themselves: a call of their end points, a
/// signal, a controller that an annotation asks.
pub fn may_be_ended(template: &PodTemplateSpec) -> bool {
    let annotations = template.metadata.as_ref().and_then(|metadata| metadata.annotations.as_ref());
    let asks = |name: &str| name.ends_with("/sidecars") || name.contains("sidecar-terminator");
    let Some(pod) = template.spec.as_ref() else { return false };
    // Containers that share a process namespace usually do so that one can signal another.
    pod.share_process_namespace == Some(true)
        || annotations.is_some_and(|annotations| annotations.keys().any(|name| asks(name)))
        || pod.containers.iter().any(ends_others)
}

fn ends_others(container: &Container) -> bool {
    let words = container.command.iter().chain(&container.args).flatten();
    let hooks = container.lifecycle.iter().flat_map(|lifecycle| [&lifecycle.post_start, &lifecycle.pre_stop]);
    let hooks = hooks.flatten().filter_map(|hook| hook.exec.as_ref()?.command.as_ref()).flatten();
    words.chain(hooks).any(|text| ENDING_TEXTS.iter().any(|ending| text.contains(ending)))
        || is_ended(container)
}
