//! What the API server silently leaves out of an object (`api/field-dropped`).

use jobguard_apiserver::{Dropped, Fate, Gate, KubernetesVersion, Server, Topic};
use jobguard_manifest::{FieldPath, Segment};

use super::{Anchor, Context, Finding, Object, Severity};

/// A finding for each field whose loss matters: an error where the version has been named, else a warning, since the
/// cluster may be of another one.
pub(super) fn findings<'a>(
    object: &'a Object,
    context: &'a Context<'_>,
) -> impl Iterator<Item = Finding> + 'a {
    let policy = context.policy;
    let rule = context.registry.of_topic(Topic::Dropped);
    let severity = if policy.versions.is_empty() { Severity::Warning } else { Severity::Error };
    let server = &policy.server;
    // The report of several versions names those that it holds for.
    let who = || match policy.is_one_of_several {
        true => "the API server".to_owned(),
        false => format!("Kubernetes {}", server.version()),
    };
    object.dropped().filter(|dropped| dropped.matters()).map(move |dropped| {
        let mut finding = rule.finding(severity, dropped.path.clone(), message(dropped, &who()));
        finding.help = Some(help(dropped, server));
        finding.anchor = Anchor::Key;
        finding
    })
}

fn message(dropped: &Dropped, who: &str) -> String {
    let Dropped { gate, effect, .. } = dropped;
    let from = if dropped.by_jobs_only { " from the CronJob's Jobs" } else { "" };
    format!(
        "{} has no effect: {who} silently drops it{from}, because the feature gate {gate} is off; {effect}",
        name(dropped)
    )
}

/// The field, or the element of a list: `hostUsers`, `volumes[1]`.
fn name(dropped: &Dropped) -> String {
    let segments = dropped.path.segments();
    let field = segments.iter().rposition(|segment| matches!(segment, Segment::Field(_))).unwrap_or_default();
    let mut name = FieldPath::root();
    segments[field..].iter().for_each(|segment| name.push(segment.clone()));
    name.to_string()
}

fn help(dropped: &Dropped, server: &Server) -> String {
    match dropped.fate {
        Fate::Effect => advice(&[dropped.gate], server),
        Fate::EffectWith(other) => advice(&[dropped.gate, other], server),
        Fate::Endless => "remove it; if the container is a sidecar, move it to initContainers, where restartPolicy: Always \
                          makes it a native one"
            .to_owned(),
        Fate::Refused | Fate::Default | Fate::Along => "remove it".to_owned(),
    }
}

/// What to do about a field that would have an effect if all of these gates were on.
fn advice(gates: &[Gate], server: &Server) -> String {
    let version = server.version();
    let names: Vec<&str> = gates.iter().map(|gate| gate.name()).collect();
    let (names, are) = (names.join(" and "), if gates.len() == 1 { "is" } else { "are" });
    let by_default =
        |version: KubernetesVersion| gates.iter().all(|gate| gate.is_on_by_default(version.minor()));
    if by_default(version) || gates.iter().any(|gate| server.is_switched_off(*gate)) {
        return format!("remove it, or switch {names} on again");
    }
    match server.later().find(|later| gates.iter().all(|gate| later.on(*gate))).map(|later| later.version()) {
        Some(on) if by_default(on) => {
            format!("remove it, or use Kubernetes {on} or later, where {names} {are} on by default")
        }
        Some(on) => format!("remove it, or use Kubernetes {on} or later, where {names} {are} on"),
        None if by_default(KubernetesVersion::NEWEST) => format!("remove it, or switch {names} on"),
        None => format!(
            "remove it, or switch {names} on; no version up to {} has {} on by default",
            KubernetesVersion::NEWEST,
            if gates.len() == 1 { "it" } else { "both" }
        ),
    }
}
