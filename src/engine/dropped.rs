//! What the API server leaves out of an object without a word (`api/field-dropped`).

use jobguard_apiserver::{Dropped, KubernetesVersion, Topic};

use super::{Anchor, Context, Finding, Object, Severity};

/// A finding for each field that is left out: an error where somebody has named the version, else a warning, since the
/// cluster may be of another one.
pub(super) fn findings<'a>(
    object: &'a Object,
    context: &'a Context<'_>,
) -> impl Iterator<Item = Finding> + 'a {
    let policy = context.policy;
    let rule = context.registry.of_topic(Topic::Dropped);
    let severity = if policy.versions.is_empty() { Severity::Warning } else { Severity::Error };
    object.dropped().iter().map(move |dropped| {
        let version = policy.server.version();
        let mut finding = rule.finding(severity, dropped.path.clone(), message(dropped, version));
        finding.help = Some(help(dropped, version));
        finding.anchor = Anchor::Key;
        finding
    })
}

fn message(dropped: &Dropped, version: KubernetesVersion) -> String {
    let Dropped { gate, effect, .. } = dropped;
    let field = dropped.path.last_field().unwrap_or_default();
    let dropped = if dropped.by_jobs_only { "drops it from the CronJob's Jobs" } else { "drops it" };
    format!(
        "{field} has no effect: Kubernetes {version} {dropped} without a word, and {effect}; its feature gate {gate} is off"
    )
}

fn help(dropped: &Dropped, version: KubernetesVersion) -> String {
    let gate = dropped.gate;
    let on = KubernetesVersion::all()
        .filter(|other| *other > version)
        .find(|other| gate.state(other.minor()).is_some_and(|state| state.on));
    match on {
        Some(on) => format!("remove it, or use Kubernetes {on} or later, where {gate} is on by default"),
        None => format!("remove it; no version up to {} has {gate} on by default", KubernetesVersion::NEWEST),
    }
}
