//! The scheduler's words for why no node takes a Pod, summed up.

/// What stands in the way, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Summary {
    /// In words, without a full stop.
    pub(super) text: String,
    /// What to do.
    pub(super) change: &'static str,
    /// The field of a Pod's spec that is about it.
    pub(super) field: &'static str,
    /// Whether the scheduler waits for a volume or a claim.
    pub(super) is_about_volumes: bool,
}

/// What one part of the message means.
struct Part {
    has: &'static str,
    words: &'static str,
    change: &'static str,
    field: &'static str,
}

const PARTS: [Part; 12] = [
    Part {
        has: "untolerated taint",
        words: "a taint that the Pod does not tolerate",
        change: "Add a toleration, or use nodes without the taint",
        field: "tolerations",
    },
    Part {
        has: "didn't match Pod's node affinity/selector",
        words: "no label that nodeSelector or the node affinity asks for",
        change: "Correct nodeSelector or the node affinity, or label a node",
        field: "nodeSelector",
    },
    Part {
        has: "volume node affinity conflict",
        words: "no way to the volume, which is in another zone or on another node",
        change: "Let the Pod run where its volume is",
        field: "volumes",
    },
    Part {
        has: "anti-affinity rules",
        words: "a Pod already that this one must not run beside",
        change: "Loosen the anti-affinity, or add nodes",
        field: "affinity",
    },
    Part {
        has: "pod affinity rules",
        words: "no Pod that this one must run beside",
        change: "Correct the Pod affinity",
        field: "affinity",
    },
    Part {
        has: "topology spread constraints",
        words: "too many Pods already by topologySpreadConstraints",
        change: "Loosen topologySpreadConstraints, or add nodes",
        field: "topologySpreadConstraints",
    },
    Part {
        has: "didn't have free ports",
        words: "the host port in use",
        change: "Do without hostPort, or run fewer such Pods",
        field: "containers",
    },
    Part {
        has: "unschedulable",
        words: "been cordoned (unschedulable)",
        change: "Wait until the nodes are uncordoned, or add nodes",
        field: "",
    },
    Part {
        has: "Too many pods",
        words: "as many Pods as it may have",
        change: "Add nodes, or run fewer Pods at once",
        field: "",
    },
    Part {
        has: "unbound immediate PersistentVolumeClaims",
        words: "to wait for a PersistentVolumeClaim that is not bound",
        change: "See why the claim is not bound: kubectl describe pvc",
        field: "volumes",
    },
    Part {
        has: "find available persistent volumes to bind",
        words: "no volume for the claim",
        change: "Provide a volume that fits the claim",
        field: "volumes",
    },
    Part { has: "node(s) were not ready", words: "not ready", change: "See to the nodes", field: "" },
];

/// Sums up the scheduler's message: `0/5 nodes are available: 4 Insufficient cpu, 1 node(s) had untolerated taint ...`.
pub(super) fn summary(message: &str) -> Summary {
    let (message, _) = message.split_once(" preemption: ").unwrap_or((message, ""));
    let is_about_volumes =
        message.contains("persistentvolumeclaim") || message.contains("PersistentVolumeClaim");
    if message.contains("persistentvolumeclaim") && message.contains("not found") {
        let text = "a PersistentVolumeClaim that it mounts is not there".to_owned();
        let change = "Create the claim, or name another one";
        return Summary { text, change, field: "volumes", is_about_volumes };
    }
    let (total, rest) = match message.split_once(" nodes are available: ") {
        Some((counts, rest)) => {
            (counts.split_once('/').and_then(|(_, total)| total.parse::<u64>().ok()), rest)
        }
        None => (None, message),
    };
    if total == Some(0) || message.starts_with("no nodes available") {
        let text = "there is no node to schedule it to".to_owned();
        return Summary { text, change: "Add nodes", field: "", is_about_volumes };
    }
    let mut parts = Vec::new();
    let mut advice: Option<(u64, &'static str, &'static str)> = None;
    for (count, what) in counted(rest) {
        let known = PARTS.iter().find(|part| what.contains(part.has));
        let (words, change, field) = match (what.strip_prefix("Insufficient "), known) {
            (Some(resource), _) => (
                format!("too little free {}", resource.trim_end_matches('.')),
                "Request less, or add nodes that have as much",
                "containers[0].resources.requests",
            ),
            (None, Some(part)) => (part.words.to_owned(), part.change, part.field),
            (None, None) => {
                (what.trim_end_matches('.').to_owned(), "Change what the scheduler objects to", "")
            }
        };
        parts.push(match (count, known.is_none() && !what.starts_with("Insufficient ")) {
            (_, true) => format!("{count} {words}"),
            (1, false) => format!("1 has {words}"),
            (_, false) => format!("{count} have {words}"),
        });
        if advice.is_none_or(|(most, ..)| count > most) {
            advice = Some((count, change, field));
        }
    }
    let (_, change, field) = advice.unwrap_or((0, "Change what the scheduler objects to", ""));
    let text = match (parts.is_empty(), total) {
        (true, _) => "no node takes it".to_owned(),
        (false, Some(total)) => {
            format!("of {total} node{}, {}", if total == 1 { "" } else { "s" }, parts.join(", "))
        }
        (false, None) => parts.join(", "),
    };
    Summary { text, change, field, is_about_volumes }
}

/// `1 node(s) had untolerated taint {a: b}, 4 Insufficient cpu.` in its parts. A taint may hold commas.
fn counted(text: &str) -> Vec<(u64, &str)> {
    /// A message has no more kinds of objections than this.
    const MOST: usize = 20;
    let mut starts = vec![0];
    let comma = text.match_indices(", ").map(|(at, _)| at + 2);
    starts.extend(comma.filter(|at| text[*at..].starts_with(|c: char| c.is_ascii_digit())));
    starts.truncate(MOST);
    let ends = starts.iter().skip(1).map(|start| start - 2).chain([text.len()]);
    let parts = starts.iter().zip(ends).filter_map(|(start, end)| text.get(*start..end)?.split_once(' '));
    parts.filter_map(|(count, what)| Some((count.parse().ok()?, what.trim()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_and_what_is_wrong_with_them() {
        let summary_of = |message: &str| summary(message).text;
        assert_eq!(
            summary_of(
                "0/5 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, \
                 4 Insufficient cpu. preemption: 0/5 nodes are available: 1 Preemption is not helpful for scheduling."
            ),
            "of 5 nodes, 1 has a taint that the Pod does not tolerate, 4 have too little free cpu"
        );
        assert_eq!(
            summary_of("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."),
            "of 1 node, 1 has no label that nodeSelector or the node affinity asks for"
        );
        assert_eq!(summary_of("no nodes available to schedule pods"), "there is no node to schedule it to");
        let claim = summary(r#"0/1 nodes are available: persistentvolumeclaim "data" not found."#);
        assert!(claim.is_about_volumes && claim.text.contains("is not there"), "{claim:?}");
        assert_eq!(summary_of("something else"), "no node takes it");
        let advice = summary("0/3 nodes are available: 1 Insufficient memory, 2 node(s) were unschedulable.");
        assert_eq!(advice.change, "Wait until the nodes are uncordoned, or add nodes");
    }
}
