//! Flux's switches for a single object, which are `enabled` or `disabled`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::names::{FLUX_FORCE, FLUX_PRUNE, FLUX_RECONCILE};
use super::readers::MapKind;

/// A switch with a value that Flux does not know, and so ignores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownSwitch<'m> {
    /// Where it stands.
    pub map: MapKind,
    /// The annotation or label.
    pub name: &'static str,
    /// Its value, as it is written.
    pub written: &'m str,
    /// What was meant.
    pub meant: &'static str,
}

/// The switches that differ from Flux's own choice, and what that asks for.
const SWITCHES: [(&str, &str); 3] =
    [(FLUX_FORCE, "enabled"), (FLUX_PRUNE, "disabled"), (FLUX_RECONCILE, "disabled")];

impl<'m> UnknownSwitch<'m> {
    /// The switches of an object that say `true` or `false`, or something like it, where that makes a difference. Source:
    /// kustomize-controller, which takes no notice of case, and reads labels as well as annotations.
    pub fn all(metadata: &'m ObjectMeta) -> impl Iterator<Item = Self> {
        let maps = [
            (MapKind::Annotations, metadata.annotations.as_ref()),
            (MapKind::Labels, metadata.labels.as_ref()),
        ];
        let present = maps.into_iter().filter_map(|(map, entries)| Some((map, entries?)));
        present.flat_map(|(map, entries)| {
            SWITCHES.into_iter().filter_map(move |(name, meant)| {
                let written = entries.get(name)?.as_str();
                (said(written)? == meant).then_some(Self { map, name, written, meant })
            })
        })
    }
}

/// What a word says that is in place of `enabled` or `disabled`.
fn said(word: &str) -> Option<&'static str> {
    match word.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "enable" | "1" => Some("enabled"),
        "false" | "no" | "off" | "disable" | "0" => Some("disabled"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn switches_that_flux_ignores() {
        for (name, value, meant) in [
            (FLUX_FORCE, "true", Some("enabled")),
            (FLUX_FORCE, "Enabled", None),
            (FLUX_FORCE, "false", None),
            (FLUX_PRUNE, "False", Some("disabled")),
            (FLUX_PRUNE, "disabled", None),
            (FLUX_RECONCILE, "off", Some("disabled")),
            (FLUX_RECONCILE, "true", None),
        ] {
            for map in ["annotations", "labels"] {
                let metadata = serde_json::from_value(json!({map: {name: value}})).unwrap();
                let found: Vec<_> = UnknownSwitch::all(&metadata).map(|switch| switch.meant).collect();
                assert_eq!(found.first().copied(), meant, "{map} {name} {value}");
            }
        }
    }
}
