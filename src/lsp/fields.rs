//! What the API has to say about a field.

use serde_json::Value;

use super::spot::Spot;
use super::values;
use crate::policy::Policy;
use jobguard_apiserver::{Kind, KubernetesVersion, Server, Workload, field_info};
use jobguard_manifest::edit::{Edit, perform};
use jobguard_manifest::{FieldPath, Segment, Tree};

/// The longest default that is shown, in bytes of JSON.
const MAX_DEFAULT: usize = 200;
/// The largest object whose defaults are made for this, in values.
const MAX_VALUES: usize = 20_000;

/// A field as Markdown: its type, its values, its default, and which versions have it.
pub(super) fn describe(policies: &[Policy], tree: &Tree<'_>, spot: &Spot, kind: Kind) -> Option<String> {
    let field = field_info(kind, &spot.steps())?;
    let mut text = format!("**{}** `{}`", field.name, field.type_name);
    if let Some(values) = values::of(kind, &spot.steps(), &field.type_name) {
        let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
        text.push_str(&format!("\n\nOne of {}.", values.join(", ")));
    }
    let server = &policies.first()?.server;
    if let Some(default) = default_of(server, tree, spot, kind) {
        text.push_str(&format!("\n\nBy default `{default}`."));
    }
    let mut versions = Vec::new();
    if let Some(since) = field.since {
        versions.push(format!("since Kubernetes {since}"));
    }
    if let Some(until) = field.until {
        versions.push(format!("until Kubernetes {until}"));
    }
    if !versions.is_empty() {
        text.push_str(&format!("\n\nIn the API {}.", versions.join(", ")));
    }
    for gate in field.gates {
        let version = server.version();
        let state = if server.on(*gate) { "on" } else { "off" };
        let next = version.next_with(*gate).filter(|_| !server.on(*gate));
        let next =
            next.map(|next: KubernetesVersion| format!(", on by default since {next}")).unwrap_or_default();
        text.push_str(&format!("\n\nFeature gate `{gate}`: {state} in Kubernetes {version}{next}."));
    }
    Some(text)
}

/// What the API server would fill in if the field were not there.
fn default_of(server: &Server, tree: &Tree<'_>, spot: &Spot, kind: Kind) -> Option<String> {
    if tree.node_count() > MAX_VALUES {
        return None;
    }
    let path = path_of(tree, spot);
    let mut value = tree.to_value(spot.object);
    let root = Tree::from_value(&value);
    perform(&mut value, "", &root, &FieldPath::root(), &Edit::Remove { path: path.clone() }).ok()?;
    // Without what it stands in, an empty object may be no object any more.
    let bare = Tree::from_value(&value);
    let workload = server.decode(&bare, bare.root(), kind).workload?;
    let filled = match server.created(workload).into_workload() {
        Workload::Job(job) => serde_json::to_value(job).ok()?,
        Workload::CronJob(cron_job) => serde_json::to_value(cron_job).ok()?,
    };
    let default = filled.pointer(&path.to_json_pointer()).filter(|value| !value.is_null())?;
    let is_nothing = matches!(default, Value::Object(map) if map.is_empty());
    let text = match default {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    (!is_nothing && !text.is_empty() && text.len() <= MAX_DEFAULT).then_some(text)
}

fn path_of(tree: &Tree<'_>, spot: &Spot) -> FieldPath {
    let mut path = FieldPath::root();
    let mut node = Some(spot.object);
    for step in &spot.steps {
        let is_list = node.is_some_and(|node| matches!(tree[node].kind, jobguard_manifest::NodeKind::Seq(_)));
        match step.parse::<usize>() {
            Ok(index) if is_list => {
                node = node.and_then(|node| match &tree[node].kind {
                    jobguard_manifest::NodeKind::Seq(items) => items.get(index).copied(),
                    _ => None,
                });
                path = path.index(index);
            }
            _ => {
                node = node.and_then(|node| tree.get(node, step));
                path.push(Segment::Field(step.clone().into()));
            }
        }
    }
    path
}
