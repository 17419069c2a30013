//! What makes kubectl fail besides the objects themselves: documents that are no objects, and objects and lists without a
//! type.

use crate::engine::Finding;
use crate::rules::api_removed_version::Misplaced;
use crate::rules::api_syntax::{NoItem, NoObject};
use jobguard_apiserver::Kind;
use jobguard_manifest::{self as manifest, NodeId, NodeKind, Span, Tree};

use super::classify::{Class, classify, text, type_of, unknown_kind};

/// How many documents of one text are reported.
pub(crate) const MAX_REPORTED: usize = 10;

/// A finding, and its place in the text.
pub(crate) type Remark = (Finding, Span);

/// A document that is no object, or one without a kind: kubectl sends the objects before it, and fails. Reported only beside
/// a Job or CronJob: a text of other things may not be meant for kubectl.
pub(crate) fn no_object(tree: &Tree<'_>) -> Option<Remark> {
    let root = tree.root();
    let fault = match what_is_no_object(tree, root) {
        Some(what) => NoObject::Value(what),
        None if tree[root].kind == NodeKind::Null || has_kind(tree, root) => return None,
        None => NoObject::WithoutKind,
    };
    Some((fault.finding(), beginning(tree, root)))
}

/// What a value is that is neither an object nor nothing, in words.
fn what_is_no_object(tree: &Tree<'_>, node: NodeId) -> Option<&'static str> {
    Some(match &tree[node].kind {
        NodeKind::Map(_) | NodeKind::Null => return None,
        NodeKind::Seq(_) => "a list",
        NodeKind::Str(_) => "a string",
        NodeKind::Bool(_) => "a boolean",
        _ => "a number",
    })
}

fn has_kind(tree: &Tree<'_>, node: NodeId) -> bool {
    text(tree, node, "kind").is_some_and(|kind| !kind.is_empty())
}

/// The start of a value.
fn beginning(tree: &Tree<'_>, node: NodeId) -> Span {
    let span = tree[node].span;
    Span { end: span.start, ..span }
}

/// A document that holds Jobs or CronJobs in a form that kubectl reads no object from: a list without a `kind: List`
/// around it, or JSON with a comment before it, which as YAML is one text. Linear in the items, or bytes.
pub(crate) fn not_read(tree: &Tree<'_>) -> Option<Remark> {
    let root = tree.root();
    let fault = match &tree[root].kind {
        NodeKind::Seq(items) if items.iter().any(|item| is_workload(tree, *item)) => NoObject::Objects,
        NodeKind::Str(text) if holds_json_of_workload(text) => NoObject::JsonInText,
        _ => return None,
    };
    Some((fault.finding(), beginning(tree, root)))
}

fn is_workload(tree: &Tree<'_>, node: NodeId) -> bool {
    matches!(classify(text(tree, node, "apiVersion"), text(tree, node, "kind")), Class::Workload(_))
}

fn holds_json_of_workload(text: &str) -> bool {
    let has = |what: &str| text.contains(what);
    has("{\"")
        && has("\"apiVersion\"")
        && has("\"kind\"")
        && has("\"batch/v1\"")
        && (has("\"Job\"") || has("\"CronJob\""))
}

/// How deep lists within lists are followed.
const MAX_LISTS: usize = 16;

/// The first thing in a `List` at which kubectl fails: `items` that are no list, or one of them that is no object or does
/// not state its kind. Lists of other groups are not checked. Linear in the items.
pub(crate) fn bad_item(tree: &Tree<'_>) -> Option<Remark> {
    bad_item_of(tree, tree.root(), MAX_LISTS)
}

fn bad_item_of(tree: &Tree<'_>, list: NodeId, depth: usize) -> Option<Remark> {
    // Items of a typed list need not state their kind.
    let is_typed = match (text(tree, list, "apiVersion"), text(tree, list, "kind")) {
        _ if depth == 0 => return None,
        (Some("v1"), Some("List")) => false,
        (Some("batch/v1"), Some("JobList" | "CronJobList")) => true,
        _ => return None,
    };
    let items = tree.get(list, "items")?;
    let NodeKind::Seq(nodes) = &tree[items].kind else {
        if tree[items].kind == NodeKind::Null {
            return None;
        }
        return Some((NoObject::Items.finding(), beginning(tree, items)));
    };
    nodes.iter().enumerate().find_map(|(position, item)| {
        let what = match what_is_no_object(tree, *item) {
            Some(what) => NoItem::Value(what),
            None if is_typed || tree.is_left_out(*item) => return None,
            None if tree[*item].kind == NodeKind::Null => NoItem::Null,
            // The missing kind is reported with the object.
            None if has_kind(tree, *item) || of_batch(tree, *item).is_some() => {
                return bad_item_of(tree, *item, depth - 1);
            }
            None => NoItem::WithoutKind,
        };
        Some((NoObject::Item(position, what).finding(), beginning(tree, *item)))
    })
}

/// The first object of the batch group with a kind that the group does not have, nor a similar one. Linear in the items
/// of a list.
pub(crate) fn unknown_kind_of_batch(tree: &Tree<'_>) -> Option<Remark> {
    manifest::objects(tree).iter().find_map(|object| {
        let (api_version, kind) = type_of(tree, object);
        let kind = unknown_kind(api_version, kind)?;
        let span = match tree.entry(object.node, "kind") {
            Some(entry) => tree[entry.value].span,
            None => beginning(tree, object.node),
        };
        Some((NoObject::KindNotOfBatch(kind).finding(), span))
    })
}

/// A list of Jobs or CronJobs whose type is incomplete.
pub(crate) fn list(tree: &Tree<'_>) -> Option<Remark> {
    let root = tree.root();
    let stated = |field| text(tree, root, field).filter(|text| !text.is_empty());
    let items = tree.entry(root, "items")?;
    let NodeKind::Seq(nodes) = &tree[items.value].kind else { return None };
    let is_ours =
        |api_version, kind| !matches!(classify(api_version, kind), Class::Other | Class::Neighbour(_));
    match (stated("apiVersion"), stated("kind")) {
        (None, Some(kind)) if kind.ends_with("List") => {
            // Items without a type of their own have that of the list, and a finding each that it lacks one.
            let holds_ours = manifest::objects(tree).iter().any(|object| {
                let (api_version, kind) = type_of(tree, object);
                object.implied.is_none() && is_ours(api_version, kind)
            });
            let span = tree.entry(root, "kind")?.key_span;
            holds_ours.then(|| (NoObject::ListWithoutVersion(kind).finding(), span))
        }
        (_, None) => {
            let is_ours = |item: &NodeId| is_ours(text(tree, *item, "apiVersion"), text(tree, *item, "kind"));
            nodes.iter().any(is_ours).then(|| (NoObject::ListWithoutKind.finding(), items.key_span))
        }
        _ => None,
    }
}

/// The class of an object of the batch group without a kind, where its fields determine it.
pub(super) fn of_batch(tree: &Tree<'_>, node: NodeId) -> Option<Class> {
    let api_version = text(tree, node, "apiVersion").filter(|version| version.starts_with("batch/"))?;
    let kind = tree.get(node, "kind");
    if kind.is_some_and(|kind| {
        tree.str(kind).is_none_or(|kind| !kind.is_empty()) && tree[kind].kind != NodeKind::Null
    }) {
        return None;
    }
    let spec = tree.get(node, "spec")?;
    let kind = if ["schedule", "jobTemplate"].iter().any(|field| tree.get(spec, field).is_some()) {
        Kind::CronJob
    } else {
        tree.get(spec, "template")?;
        Kind::Job
    };
    Some(Class::Misplaced(Misplaced::without_kind(api_version, kind)))
}

/// An object of the batch group without a kind, where its fields do not determine it.
pub(crate) fn unknown_of_batch(tree: &Tree<'_>) -> Option<Remark> {
    let root = tree.root();
    let entry = tree.entry(root, "apiVersion")?;
    let api_version = tree.str(entry.value).filter(|version| version.starts_with("batch/"))?;
    if text(tree, root, "kind").is_some_and(|kind| !kind.is_empty()) || of_batch(tree, root).is_some() {
        return None;
    }
    if tree.get(root, "items").is_some() {
        return None;
    }
    Some((NoObject::BatchWithoutKind(api_version).finding(), entry.key_span))
}
