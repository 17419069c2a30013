//! What a text holds beside its objects that makes kubectl fail: documents that are no objects, and objects and lists that
//! do not say what they are.

use crate::batch::Kind;
use crate::engine::{Finding, Safety, Severity};
use crate::manifest::{self, NodeId, NodeKind, Span, Tree};
use crate::path::FieldPath;
use crate::rules;

use super::classify::{Class, classify, text, type_of};

/// How many documents of one text are reported.
pub(super) const MAX_REPORTED: usize = 10;

/// A place in the text, and what is wrong there.
pub(super) type Remark = (Finding, Span);

/// A document that is no object: kubectl sends the objects before it, and fails. Only beside a Job or CronJob is that
/// anything of ours: a text of other things is none that somebody means to apply.
pub(super) fn no_object(tree: &Tree<'_>) -> Option<Remark> {
    let root = tree.root();
    let what = match &tree[root].kind {
        NodeKind::Map(_) | NodeKind::Null => return None,
        NodeKind::Seq(_) => "a list",
        NodeKind::Str(_) => "a text",
        NodeKind::Bool(_) => "a boolean",
        _ => "a number",
    };
    let message = format!("kubectl fails at this document: it is {what}, and no object");
    let help = "remove it, or write it as a comment";
    let span = tree[root].span;
    // Where it begins is enough to find it.
    Some((syntax(message, help), Span { end: span.start, ..span }))
}

/// A list of Jobs or CronJobs that does not say its type in full.
pub(super) fn list(tree: &Tree<'_>) -> Option<Remark> {
    let root = tree.root();
    let stated = |field| text(tree, root, field).filter(|text| !text.is_empty());
    let items = tree.entry(root, "items")?;
    let NodeKind::Seq(nodes) = &tree[items.value].kind else { return None };
    let is_ours = |api_version, kind| !matches!(classify(api_version, kind), Class::Other | Class::Service);
    match (stated("apiVersion"), stated("kind")) {
        (None, Some(kind)) if kind.ends_with("List") => {
            // Items without a type of their own have that of the list, and a finding each that it lacks one.
            let holds_ours = manifest::objects(tree).iter().any(|object| {
                let (api_version, kind) = type_of(tree, object);
                object.implied.is_none() && is_ours(api_version, kind)
            });
            let span = tree.entry(root, "kind")?.key_span;
            let message = format!("the {kind} does not say its apiVersion, without which kubectl refuses it");
            let help = if kind == "List" { "add apiVersion: v1" } else { "add its apiVersion" };
            holds_ours.then(|| (syntax(message, help), span))
        }
        (_, None) => {
            let is_ours = |item: &NodeId| is_ours(text(tree, *item, "apiVersion"), text(tree, *item, "kind"));
            let message =
                "the list of objects does not say its kind, without which kubectl reads none of them";
            let help = "add apiVersion: v1 and kind: List";
            nodes.iter().any(is_ours).then(|| (syntax(message.to_owned(), help), items.key_span))
        }
        _ => None,
    }
}

fn syntax(message: String, help: &str) -> Finding {
    let mut finding = rules::api_syntax::RULE.finding(Severity::Error, FieldPath::root(), message);
    finding.help = Some(help.to_owned());
    finding
}

/// What an object of the batch group is that does not say its kind: by its fields, where they tell.
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
    Some(Class::Misplaced {
        kind,
        field: "kind",
        message: format!(
            "the object of {api_version} does not say its kind, without which kubectl refuses it"
        ),
        help: format!("add kind: {}", kind.as_str()),
        fix: (kind.as_str(), Safety::Unsafe),
    })
}

/// An object of the batch group that does not say its kind, where its fields do not tell either.
pub(super) fn unknown_of_batch(tree: &Tree<'_>) -> Option<Remark> {
    let root = tree.root();
    let entry = tree.entry(root, "apiVersion")?;
    let api_version = tree.str(entry.value).filter(|version| version.starts_with("batch/"))?;
    if text(tree, root, "kind").is_some_and(|kind| !kind.is_empty()) || of_batch(tree, root).is_some() {
        return None;
    }
    if tree.get(root, "items").is_some() {
        return None;
    }
    let message =
        format!("the object of {api_version} does not say its kind, without which kubectl refuses it");
    Some((syntax(message, "add kind: Job or kind: CronJob"), entry.key_span))
}
