//! Reviews of objects whose Jobs a controller makes. They are read as trees: of their fields, only those of Jobs have
//! types here.

use serde_json::value::RawValue;

use super::decode::{self, Sent};
use super::request::{Operation, PassedOver, Request};
use super::unjudged::Unjudged;
use crate::embedded::{MAX_JOBS, Outer, OuterKind};
use crate::engine::{ANNOTATION, Context, MadeOptions, MadeVerdict, Verdict, check_made};
use crate::rules;
use jobguard_apiserver::{KubernetesVersion, Server};
use jobguard_manifest::{FieldPath, NodeId, NodeKind, Tree};
use jobguard_text::plain_within;

/// The longest place that is named in an answer without a verdict, in characters.
const MAX_PLACE: usize = 200;

/// An object of a request, and its stored version on UPDATE.
pub(super) struct OuterObject<'a> {
    new: Tree<'a>,
    old: Option<Tree<'a>>,
    kind: &'a OuterKind,
    /// The namespace of the request.
    namespace: Option<&'a str>,
}

/// Why there is no verdict on such an object.
pub(super) enum NoVerdict {
    PassedOver(PassedOver),
    Unjudged(Unjudged),
}

impl<'a> OuterObject<'a> {
    /// The object of a request, which is of a kind that holds Jobs.
    ///
    /// # Errors
    ///
    /// Why there is no verdict on it.
    pub(super) fn read(request: &'a Request<Sent<'a>>, kind: &'a OuterKind) -> Result<Self, NoVerdict> {
        if let Some(why) = request.passed_over() {
            return Err(NoVerdict::PassedOver(why));
        }
        let raw = |sent: &'a Option<Sent<'a>>| match sent {
            Some(Sent::Raw(raw)) => Some(*raw),
            _ => None,
        };
        let Some(new) = raw(&request.object) else { return Err(NoVerdict::Unjudged(Unjudged::NoObject)) };
        let Some(new) = decode::tree(new) else {
            let problem =
                format!("its {} cannot be read: it is no JSON object", plain_within(&kind.kind, MAX_PLACE));
            return Err(NoVerdict::Unjudged(Unjudged::Unreadable { problem }));
        };
        let is_update = request.operation == Operation::Update;
        let old = raw(&request.old_object).filter(|_| is_update).and_then(|raw: &RawValue| decode::tree(raw));
        let namespace = request.namespace.as_deref().filter(|namespace| !namespace.is_empty());
        let object = Self { new, old, kind, namespace };
        // The API server keeps the time of the deletion in every new version.
        let stored = object.old.as_ref().unwrap_or(&object.new);
        if is_update && at(stored, "metadata.deletionTimestamp").is_some() {
            return Err(NoVerdict::PassedOver(PassedOver::BeingDeleted));
        }
        Ok(object)
    }

    /// Its namespace; none where it is in none.
    pub(super) fn namespace(&self) -> Option<&str> {
        text(&self.new, "metadata.namespace").or(self.namespace)
    }

    /// Its name, or the start of one that is to be generated.
    pub(super) fn name(&self) -> &str {
        text(&self.new, "metadata.name")
            .or_else(|| text(&self.new, "metadata.generateName"))
            .unwrap_or_default()
    }

    fn outer<'s>(&'s self, tree: &'s Tree<'a>) -> Outer<'s, 'a> {
        Outer { tree, node: tree.root(), kind: self.kind, annotation: ANNOTATION, namespace: self.namespace }
    }

    /// The verdict on its Jobs.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub(super) fn judge(&self, context: &Context<'_>) -> Result<Verdict, Unjudged> {
        let (new, old) = (self.outer(&self.new), self.old.as_ref().map(|old| self.outer(old)));
        // As new as there is, so that no field is lost that a newer server has.
        let reader = Server::of(KubernetesVersion::NEWEST);
        // The Jobs come here, too, and are given the policy's defaults then.
        let how = MadeOptions { reader: &reader, text: None, fills: true };
        let Ok(made) = check_made(&new, old.as_ref(), context, how) else {
            let is_same = old.is_some_and(|old| {
                let spec = |outer: &Outer<'_, '_>| {
                    outer.tree.get(outer.node, "spec").map(|spec| outer.tree.to_value(spec))
                };
                spec(&old) == spec(&new)
            });
            return Err(if is_same {
                Unjudged::StoredTooLarge
            } else {
                Unjudged::TooManyJobs { limit: MAX_JOBS }
            });
        };
        if made.verdict.cancelled {
            return Err(Unjudged::TimedOut);
        }
        let MadeVerdict { mut verdict, lacks, misspelt, .. } = made;
        let without = lacks
            .and_then(|path| rules::manifest_no_jobs::finding(self.kind, path, misspelt.as_deref(), context));
        verdict.findings.extend(without);
        Ok(verdict)
    }
}

fn text<'t>(tree: &'t Tree<'_>, path: &'static str) -> Option<&'t str> {
    tree.str(at(tree, path)?).filter(|text| !text.is_empty())
}

/// A field that is set.
fn at(tree: &Tree<'_>, path: &'static str) -> Option<NodeId> {
    let found = tree.locate(tree.root(), &FieldPath::root().fields(path));
    (found.exact && tree[found.node].kind != NodeKind::Null).then_some(found.node)
}
