//! The facts about a Service that rules need.

use crate::engine::ServiceFacts;
use jobguard_manifest::{NodeId, NodeKind, Tree};

use super::classify::text;

/// The facts of the Service at `node`; none where it has no name.
pub(super) fn facts(tree: &Tree<'_>, node: NodeId) -> Option<ServiceFacts> {
    let metadata = tree.get(node, "metadata")?;
    let spec = tree.get(node, "spec");
    let selector = spec
        .and_then(|spec| tree.get(spec, "selector"))
        .map(|selector| match &tree[selector].kind {
            NodeKind::Map(entries) => entries
                .iter()
                .filter(|entry| !entry.shadowed)
                .filter_map(|entry| match &tree[entry.value].kind {
                    NodeKind::Str(value) => Some((entry.key.to_string(), value.to_string())),
                    _ => None,
                })
                .collect(),
            _ => Default::default(),
        })
        .unwrap_or_default();
    let is_set_to = |name, value| spec.is_some_and(|spec| text(tree, spec, name) == Some(value));
    Some(ServiceFacts {
        namespace: text(tree, metadata, "namespace").map(str::to_owned),
        name: text(tree, metadata, "name")?.to_owned(),
        headless: is_set_to("clusterIP", "None")
            || spec.is_some_and(|spec| first_of_cluster_ips(tree, spec) == Some("None")),
        external: is_set_to("type", "ExternalName"),
        selector,
    })
}

/// The first of `clusterIPs`, the newer form of `clusterIP`, where that is not set.
fn first_of_cluster_ips<'t>(tree: &'t Tree<'_>, spec: NodeId) -> Option<&'t str> {
    if text(tree, spec, "clusterIP").is_some_and(|address| !address.is_empty()) {
        return None;
    }
    let NodeKind::Seq(addresses) = &tree[tree.get(spec, "clusterIPs")?].kind else { return None };
    tree.str(*addresses.first()?)
}
