//! What is filled in.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::subject::Reading;
use super::super::{Defaults, Settings};
use super::layer::Layered;
use super::model::{Origin, SettingTrace, Step};

/// What is filled in by `layers`, or was and is not any more. Only what matches an object itself fills anything in.
pub(super) fn trace(base: &Settings, layers: &[Layered<'_>]) -> Vec<SettingTrace> {
    let mut defaults = base.defaults.clone();
    let mut traces: BTreeMap<String, Vec<Step<Value>>> = BTreeMap::new();
    let mut before = entries(&defaults);
    for layer in layers.iter().filter(|layer| layer.reading == Reading::Own) {
        layer.layer().defaults.apply(&mut defaults);
        let after = entries(&defaults);
        for (key, (path, value)) in &after {
            if let Some(origin) = origin(layer, path) {
                traces.entry(key.clone()).or_default().push(Step { value: value.clone(), origin });
            }
        }
        for (key, (path, _)) in &before {
            if !after.contains_key(key) {
                // Taken back itself, or with the section around it.
                let origin = (1..=path.len()).rev().find_map(|depth| origin(layer, &path[..depth]));
                let origin = origin.unwrap_or(Origin::BuiltIn);
                traces.entry(key.clone()).or_default().push(Step { value: Value::Null, origin });
            }
        }
        before = after;
    }
    traces.into_iter().map(|(key, steps)| SettingTrace { key, steps }).collect()
}

fn origin(layer: &Layered<'_>, path: &[String]) -> Option<Origin> {
    let path: Vec<&str> = std::iter::once("defaults").chain(path.iter().map(String::as_str)).collect();
    layer.places.origin(layer.of_override, &path, None)
}

/// What is filled in, by its name: where a policy says so, and the value.
pub(super) fn entries(defaults: &Defaults) -> BTreeMap<String, (Vec<String>, Value)> {
    let mut all = BTreeMap::new();
    let mut put = |path: &[&str], value: Option<Value>| {
        let path: Vec<String> = path.iter().map(|&part| part.to_owned()).collect();
        all.extend(value.map(|value| (path.join("."), (path, value))));
    };
    let Defaults {
        restart_policy,
        active_deadline_seconds,
        ttl_seconds_after_finished,
        starting_deadline_seconds,
        time_zone,
        spread_minutes,
        labels,
        annotations,
        template_labels,
        template_annotations,
        ignore_disruptions,
    } = defaults;
    put(&["restartPolicy"], restart_policy.map(|policy| policy.as_str().into()));
    put(&["activeDeadlineSeconds"], active_deadline_seconds.map(Value::from));
    put(&["ttlSecondsAfterFinished"], ttl_seconds_after_finished.map(Value::from));
    put(&["startingDeadlineSeconds"], starting_deadline_seconds.map(Value::from));
    put(&["timeZone"], time_zone.clone().map(Value::from));
    put(&["spreadMinutes"], spread_minutes.then_some(true.into()));
    put(&["podFailurePolicy", "ignoreDisruptions"], ignore_disruptions.then_some(true.into()));
    let maps: [(&[&str], _); 4] = [
        (&["labels"], labels),
        (&["annotations"], annotations),
        (&["template", "labels"], template_labels),
        (&["template", "annotations"], template_annotations),
    ];
    for (section, map) in maps {
        for (key, value) in map {
            let path: Vec<String> =
                section.iter().map(|&part| part.to_owned()).chain([key.clone()]).collect();
            all.insert(format!("{}[{key}]", section.join(".")), (path, value.clone().into()));
        }
    }
    all
}
