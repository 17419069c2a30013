//! Settings that are neither rules nor defaults.

use serde_json::{Value, json};

use super::super::Policy;
use super::model::{Origin, SettingTrace, Step};
use super::place::Places;
use crate::embedded::{OuterKind, OuterKinds};

/// The settings of a policy, each with the last of its files that sets it (the most basic file is the first).
pub(super) fn trace(policy: &Policy, places: &[&Places<'_>]) -> Vec<SettingTrace> {
    let list = |items: &mut dyn Iterator<Item = String>| Value::from(items.collect::<Vec<_>>());
    let versions = match policy.versions.is_empty() {
        true => policy.server.version().to_string(),
        false => policy.versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
    };
    let gates = policy.feature_gates.to_string();
    let settings: Vec<(&[&str], Value)> = vec![
        (&["mode"], policy.mode.as_str().into()),
        (&["kubernetesVersion"], versions.into()),
        (&["featureGates"], list(&mut gates.split(',').filter(|gate| !gate.is_empty()).map(str::to_owned))),
        (&["embeddedJobs"], list(&mut embedded(policy))),
        (&["controllerJobs"], policy.controller_jobs.as_str().into()),
        (&["controllers"], policy.controllers.clone().into()),
        (&["existing"], policy.existing.as_str().into()),
        (&["existingDenyFrom"], policy.existing_deny_from.map(|date| date.to_string()).into()),
        (&["onTimeout"], policy.on_timeout.as_str().into()),
        (&["suppressions", "allow"], policy.suppressions.allow.into()),
        (&["suppressions", "categories"], policy.suppressions.categories.into()),
        (
            &["suppressions", "levels"],
            list(&mut policy.suppressions.levels.iter().map(|level| level.as_str().to_owned())),
        ),
        (&["limits", "maxElements"], policy.limits.max_elements.into()),
        (&["exclude"], policy.exclude.as_ref().map_or(json!([]), |exclude| exclude.globs.clone().into())),
    ];
    let origin = |path: &[&str]| {
        let mut said = places.iter().rev().filter_map(|places| places.origin(None, path, None));
        said.next().unwrap_or(Origin::BuiltIn)
    };
    settings
        .into_iter()
        .map(|(path, value)| SettingTrace {
            key: path.join("."),
            steps: vec![Step { value, origin: origin(path) }],
        })
        .collect()
}

/// What the policy says about kinds that embed Jobs, beyond the built-in ones.
fn embedded(policy: &Policy) -> impl Iterator<Item = String> + '_ {
    let known = OuterKinds::default();
    let own = policy.outer_kinds.iter().filter(move |kind| !known.iter().any(|other| other == *kind));
    own.map(|kind| {
        let OuterKind { group, kind, jobs, schedule, placeholders, .. } = kind;
        let jobs = jobs.iter().map(|(path, is)| format!("{path} ({is:?})"));
        let schedule = schedule.iter().map(|schedule| {
            let zone = schedule.time_zone.as_ref().map(|zone| format!(" in {zone}")).unwrap_or_default();
            format!("runs by {}{zone}", schedule.expression)
        });
        let marks = placeholders.iter().map(|marks| format!("placeholders {}*{}", marks.opens, marks.closes));
        let all = jobs.chain(schedule).chain(marks).collect::<Vec<_>>().join(", ");
        format!("{kind}.{group}: {}", if all.is_empty() { "none" } else { &all })
    })
}
