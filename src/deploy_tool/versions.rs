//! What changes in an object with each version of what is deployed.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::names::{APP_VERSION, CHECKSUM, HELM_CHART};
use super::readers::MapKind;

/// The labels and annotations that hold a version, or a hash of something else.
pub fn version_keys(metadata: &ObjectMeta) -> impl Iterator<Item = (MapKind, &str)> {
    let labels = metadata.labels.iter().flatten().map(|(key, _)| (MapKind::Labels, key.as_str()));
    let annotations =
        metadata.annotations.iter().flatten().map(|(key, _)| (MapKind::Annotations, key.as_str()));
    labels
        .chain(annotations)
        .filter(|(_, key)| [APP_VERSION, HELM_CHART].contains(key) || key.starts_with(CHECKSUM))
}

/// Whether the name of an object may be another with each version: it is generated, or ends in a number or a hash, or
/// holds the version.
pub fn may_name_version(metadata: &ObjectMeta) -> bool {
    if metadata.generate_name.as_ref().is_some_and(|prefix| !prefix.is_empty()) {
        return true;
    }
    let Some(name) = metadata.name.as_deref().filter(|name| !name.is_empty()) else { return true };
    let last = name.rsplit(['-', '.']).next().unwrap_or_default();
    let version =
        metadata.labels.as_ref().and_then(|labels| labels.get(APP_VERSION)).map(|version| plain(version));
    last.contains(|c: char| c.is_ascii_digit())
        || version.is_some_and(|version| !version.is_empty() && plain(name).contains(&version))
}

/// A text without what a version in a name may have, or not: dots, dashes, a capital.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_with_versions() {
        for (name, may) in [
            ("migrate", false),
            ("s3-sync", false),
            ("migrate-3", true),
            ("migrate-4.2.0-alpine", true),
            ("migrate-4-2-0-alpine", true),
            ("migrate-7f9c2", true),
            ("", true),
        ] {
            let metadata: ObjectMeta =
                serde_json::from_value(json!({"name": name, "labels": {APP_VERSION: "4.2.0"}})).unwrap();
            assert_eq!(may_name_version(&metadata), may, "{name}");
        }
    }

    #[test]
    fn keys_with_versions() {
        let metadata: ObjectMeta = serde_json::from_value(json!({
            "labels": {APP_VERSION: "1", HELM_CHART: "shop-1", "app": "shop"},
            "annotations": {"checksum/config": "0", "checksum": "0"},
        }))
        .unwrap();
        let keys: Vec<_> = version_keys(&metadata).map(|(_, key)| key).collect();
        assert_eq!(keys, [APP_VERSION, HELM_CHART, "checksum/config"]);
    }
}
