//! What the API server silently leaves out of an object (`api/field-dropped`).

use jobguard_apiserver::{Dropped, KubernetesVersion, Topic};
use jobguard_manifest::{FieldPath, Segment};

use super::{Anchor, Context, Finding, Object, Severity};

/// A finding for each field that is left out: an error where the version has been named, else a warning, since the
/// cluster may be of another one.
pub(super) fn findings<'a>(
    object: &'a Object,
    context: &'a Context<'_>,
) -> impl Iterator<Item = Finding> + 'a {
    let policy = context.policy;
    let rule = context.registry.of_topic(Topic::Dropped);
    let severity = if policy.versions.is_empty() { Severity::Warning } else { Severity::Error };
    // With several versions, the report names those that it holds for.
    let who = match policy.versions.as_slice() {
        [_, _, ..] => "the API server".to_owned(),
        _ => format!("Kubernetes {}", policy.server.version()),
    };
    object.dropped().map(move |dropped| {
        let mut finding = rule.finding(severity, dropped.path.clone(), message(dropped, &who));
        finding.help = Some(help(dropped, policy.server.version()));
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

fn help(dropped: &Dropped, version: KubernetesVersion) -> String {
    let gate = dropped.gate;
    if gate.is_on_by_default(version.minor()) {
        return format!("remove it, or switch {gate} on again");
    }
    match version.next_with(gate) {
        Some(on) => format!("remove it, or use Kubernetes {on} or later, where {gate} is on by default"),
        None => format!(
            "remove it, or switch {gate} on; no version up to {} has it on by default",
            KubernetesVersion::NEWEST
        ),
    }
}
