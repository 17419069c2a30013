//! Objects that are patches: they say what changes in another object, so that what they do not say is no fault of theirs.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::{Context, Finding, Fix, Safety, Severity};
use crate::rules;
use jobguard_apiserver::Kind;
use jobguard_manifest::edit::Edit;
use jobguard_manifest::{At, FieldPath, Segment};
use jobguard_manifest::{NodeId, NodeKind, Tree};

use super::Linter;
use super::classify::text;

/// The directives of a strategic merge patch: no API type has a field that begins so.
const DIRECTIVES: [&str; 2] = ["$patch", "$retainKeys"];
/// Directives that name the list that they are about.
const DIRECTIVES_OF_LISTS: [&str; 2] = ["$deleteFromPrimitiveList/", "$setElementOrder/"];

/// The field that is forgotten most.
const RESTART_POLICY: &str = "restartPolicy";

/// What a Job or CronJob is to the linter.
#[derive(Debug)]
pub(super) enum Standing {
    /// A manifest; with its identity where it lacks nothing.
    Manifest(Option<Identity>),
    /// It lacks something: a manifest, unless the input has a namesake that does not.
    Doubtful(Incomplete),
    /// A patch, and the remark about it, unless the policy has none.
    Patch(Option<Box<Finding>>),
}

/// What the object at `node` is. One look at each of its keys.
pub(super) fn standing(
    linter: &Linter<'_>,
    context: &Context<'_>,
    tree: &Tree<'_>,
    node: NodeId,
    kind: Kind,
) -> Standing {
    if let Some((path, directive)) = directive(tree, node) {
        let message = format!(
            "{directive} makes this a strategic merge patch: it is not judged; judge what kustomize makes of its base with it"
        );
        return Standing::Patch(remark(context, path, message));
    }
    let Some(identity) = identity(tree, node, kind) else { return Standing::Manifest(None) };
    let Some(missing) = missing(tree, node, kind) else { return Standing::Manifest(Some(identity)) };
    let only_policy = is_policy(&missing);
    let incomplete = Incomplete { identity, only_policy };
    let Some(complete) = linter.complete else { return Standing::Doubtful(incomplete) };
    let Some(file) = complete.file_of(&incomplete) else { return Standing::Manifest(None) };
    let message = format!(
        "this is probably a patch of the {} of the same name in {file}, since it has no {missing}: it is not judged",
        kind.as_str()
    );
    Standing::Patch(remark(context, FieldPath::root().fields("metadata.name"), message))
}

/// A remark about a patch, at the level that the policy has for it.
fn remark(context: &Context<'_>, path: FieldPath, message: String) -> Option<Box<Finding>> {
    let rule = &rules::manifest_not_judged::RULE;
    let setting = context.registry.setting(rule, context.policy.base())?;
    Some(Box::new(rule.finding(Severity::of(setting.level)?, path, message)))
}

/// The first directive of a strategic merge patch in the object at `node`. One look at each key.
fn directive(tree: &Tree<'_>, node: NodeId) -> Option<(FieldPath, String)> {
    find(tree, node, &At::root())
}

fn find(tree: &Tree<'_>, node: NodeId, at: &At<'_>) -> Option<(FieldPath, String)> {
    match &tree[node].kind {
        NodeKind::Map(entries) => entries.iter().find_map(|entry| {
            let key = entry.key.as_ref();
            let is_directive = DIRECTIVES.contains(&key)
                || DIRECTIVES_OF_LISTS.iter().any(|begin| key.strip_prefix(begin).is_some_and(is_name));
            match is_directive {
                true => Some((at.field(key).to_path(), key.to_owned())),
                false => find(tree, entry.value, &at.field(key)),
            }
        }),
        NodeKind::Seq(items) => {
            items.iter().enumerate().find_map(|(index, item)| find(tree, *item, &at.index(index)))
        }
        _ => None,
    }
}

/// Whether a text that cannot be read may be a patch.
pub(super) fn mentions_directive(text: &str) -> bool {
    DIRECTIVES.iter().chain(&DIRECTIVES_OF_LISTS).any(|directive| text.contains(directive))
}

/// Whether a text that cannot be read may be an object of the API: it names a version.
pub(super) fn says_version(text: &str) -> bool {
    text.split("apiVersion").skip(1).any(|rest| {
        let value = rest.trim_start_matches(['"', '\'', ':', ' ']);
        value.starts_with(|c: char| c.is_ascii_alphanumeric())
    })
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() < 100 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// What the object at `node` lacks of that which every object of its kind must have: the first field, in the order of
/// the type. A few look-ups for each container.
fn missing(tree: &Tree<'_>, node: NodeId, kind: Kind) -> Option<FieldPath> {
    let mut path = FieldPath::root();
    let mut at = node;
    let (schedule, way): (_, &[&'static str]) = match kind {
        Kind::CronJob => (true, &["spec", "jobTemplate", "spec", "template", "spec"]),
        Kind::Job => (false, &["spec", "template", "spec"]),
    };
    for (depth, field) in way.iter().enumerate() {
        if depth == 1 && schedule && value(tree, at, "schedule").is_none() {
            return Some(path.field("schedule"));
        }
        path = path.field(*field);
        let Some(below) = value(tree, at, field) else { return Some(path) };
        at = below;
    }
    let containers = value(tree, at, "containers").map(|containers| &tree[containers].kind);
    let Some(NodeKind::Seq(containers)) = containers else { return Some(path.field("containers")) };
    if containers.is_empty() {
        return Some(path.field("containers"));
    }
    for (index, container) in containers.iter().enumerate() {
        for field in ["name", "image"] {
            if value(tree, *container, field).is_none() {
                return Some(path.field("containers").index(index).field(field));
            }
        }
    }
    value(tree, at, RESTART_POLICY).is_none().then(|| path.field(RESTART_POLICY))
}

/// Makes every fix unsafe that adds a field to the object at `node`, where that lacks something that is not forgotten as
/// easily as a `restartPolicy`: perhaps it is a patch whose base is not in the input, and has these fields.
pub(super) fn distrust_additions<'f>(
    tree: &Tree<'_>,
    node: NodeId,
    kind: Kind,
    fixes: impl Iterator<Item = &'f mut Fix>,
) {
    if missing(tree, node, kind).is_none_or(|missing| is_policy(&missing)) {
        return;
    }
    let adds = |edit: &Edit| match edit {
        Edit::Insert { .. } => true,
        Edit::Set { path, .. } => !tree.locate(node, path).exact,
        _ => false,
    };
    for fix in fixes.filter(|fix| fix.edits.iter().any(adds)) {
        fix.safety = fix.safety.max(Safety::Unsafe);
    }
}

fn is_policy(missing: &FieldPath) -> bool {
    matches!(missing.segments().last(), Some(Segment::Field(name)) if name == RESTART_POLICY)
}

/// A field that says something.
fn value(tree: &Tree<'_>, node: NodeId, field: &str) -> Option<NodeId> {
    let value = tree.get(node, field)?;
    let says_something = match &tree[value].kind {
        NodeKind::Null => false,
        NodeKind::Str(text) => !text.is_empty(),
        _ => true,
    };
    says_something.then_some(value)
}

/// What tells whether two objects are the same one. An object without a namespace is in whichever it is applied to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    kind: Kind,
    name: String,
    namespace: Option<String>,
}

/// The identity of the object at `node`; none where its name is generated, or missing.
fn identity(tree: &Tree<'_>, node: NodeId, kind: Kind) -> Option<Identity> {
    let metadata = tree.get(node, "metadata")?;
    let name = text(tree, metadata, "name").filter(|name| !name.is_empty())?.to_owned();
    let namespace = text(tree, metadata, "namespace").filter(|namespace| !namespace.is_empty());
    Some(Identity { kind, name, namespace: namespace.map(str::to_owned) })
}

/// An object that lacks something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Incomplete {
    identity: Identity,
    /// Whether that is a `restartPolicy` and nothing else, which is forgotten in manifests too.
    only_policy: bool,
}

/// The objects of the input that lack nothing: what is incomplete beside one of them is taken for its patch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompleteObjects(BTreeMap<(Kind, String), Vec<Place>>);

/// The namespace of an object, and its file.
type Place = (Option<String>, Arc<str>);

/// How many objects of the same name, in different namespaces or folders, are remembered.
const MAX_NAMESAKES: usize = 1_000;

impl CompleteObjects {
    /// Adds one that is in `file`.
    pub(super) fn add(&mut self, identity: Identity, file: &Arc<str>) {
        let Identity { kind, name, namespace } = identity;
        let places = self.0.entry((kind, name)).or_default();
        let is_there = |(other, there): &Place| *other == namespace && folder(there) == folder(file);
        if places.len() < MAX_NAMESAKES && !places.iter().any(is_there) {
            places.push((namespace, Arc::clone(file)));
        }
    }

    /// The same, for what is in `file`.
    pub fn seen_from<'a>(&'a self, file: &'a str) -> Namesakes<'a> {
        Namesakes { complete: self, file }
    }
}

/// The objects of the input that lack nothing, for what is in one of its files.
#[derive(Debug, Clone, Copy)]
pub struct Namesakes<'a> {
    complete: &'a CompleteObjects,
    file: &'a str,
}

impl<'a> Namesakes<'a> {
    /// The same, for what is in another file.
    pub(super) fn seen_from<'b>(self, file: &'b str) -> Namesakes<'b>
    where
        'a: 'b,
    {
        self.complete.seen_from(file)
    }

    /// The file of the object that this one is probably a patch of: of the same kind and name, and of no other namespace.
    /// What lacks a `restartPolicy` and nothing else is a manifest beside a namesake in its own folder: the two are
    /// applied together.
    pub(super) fn file_of(self, incomplete: &Incomplete) -> Option<&'a str> {
        let Incomplete { identity, only_policy } = incomplete;
        let places = self.complete.0.get(&(identity.kind, identity.name.clone()))?;
        let is_base = |(namespace, file): &&Place| {
            let is_same =
                namespace.is_none() || identity.namespace.is_none() || *namespace == identity.namespace;
            is_same && !(*only_policy && folder(file) == folder(self.file))
        };
        places.iter().find(is_base).map(|(_, file)| &**file)
    }
}

/// The folder of a file, as it is named.
fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jobguard_manifest as manifest;

    fn with<T>(text: &str, run: impl FnOnce(&Tree<'_>, NodeId) -> T) -> T {
        let documents = manifest::read(text);
        let tree = documents[0].content.as_ref().unwrap();
        run(tree, tree.root())
    }

    #[test]
    fn directives() {
        let found =
            |text: &str| with(text, |tree, node| directive(tree, node).map(|(path, _)| path.to_string()));
        for (text, path) in [
            ("spec: {$patch: replace}", "spec.$patch"),
            ("spec: {containers: [{name: a}, {$patch: delete}]}", "spec.containers[1].$patch"),
            ("spec: {strategy: {$retainKeys: [type]}}", "spec.strategy.$retainKeys"),
            ("$setElementOrder/env: []", "$setElementOrder/env"),
            ("$deleteFromPrimitiveList/finalizers: []", "$deleteFromPrimitiveList/finalizers"),
        ] {
            assert_eq!(found(text).as_deref(), Some(path), "{text}");
        }
        for text in ["patch: delete", "a: $patch", "$patches: 1", "$setElementOrder: 1", "$(VAR): 1", "$: 1"]
        {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn texts_that_name_a_version() {
        for text in ["apiVersion: batch/v1", "{\"apiVersion\": \"v1\"", "a: 1\napiVersion: 'v1'"] {
            assert!(says_version(text), "{text}");
        }
        for text in ["kind: Job", "apiVersion:\nkind: Job", "apiVersion: */5 * * * *", ""] {
            assert!(!says_version(text), "{text}");
        }
        assert!(mentions_directive("a: [\n  $patch: delete") && !mentions_directive("patch: a"));
    }

    #[test]
    fn what_is_missing() {
        let missing = |text: &str, kind| {
            with(text, |tree, node| missing(tree, node, kind).map(|path| path.to_string()))
        };
        let job = "{restartPolicy: Never, containers: [{name: a, image: b}]}";
        assert_eq!(missing(&format!("spec: {{template: {{spec: {job}}}}}"), Kind::Job), None);
        let cron = |schedule: &str| {
            format!("spec: {{{schedule} jobTemplate: {{spec: {{template: {{spec: {job}}}}}}}}}")
        };
        assert_eq!(missing(&cron("schedule: x,"), Kind::CronJob), None);
        assert_eq!(missing(&cron(""), Kind::CronJob).as_deref(), Some("spec.schedule"));
        for (pod, path) in [
            ("{restartPolicy: Never}", "containers"),
            ("{restartPolicy: Never, containers: []}", "containers"),
            ("{restartPolicy: Never, containers: {a: b}}", "containers"),
            ("{restartPolicy: Never, containers: [{image: b}]}", "containers[0].name"),
            ("{restartPolicy: Never, containers: [{name: a, image: b}, {name: c}]}", "containers[1].image"),
            ("{containers: [{name: a, image: b}]}", "restartPolicy"),
        ] {
            let path = format!("spec.template.spec.{path}");
            assert_eq!(missing(&format!("spec: {{template: {{spec: {pod}}}}}"), Kind::Job), Some(path));
        }
        assert_eq!(missing("metadata: {}", Kind::Job).as_deref(), Some("spec"));
    }

    #[test]
    fn namesakes() {
        let identity = |text: &str| with(text, |tree, node| identity(tree, node, Kind::Job));
        let mut complete = CompleteObjects::default();
        complete.add(identity("metadata: {name: a}").unwrap(), &"a.yaml".into());
        complete.add(identity("metadata: {name: b, namespace: x}").unwrap(), &"b.yaml".into());
        let incomplete =
            |text: &str, only_policy| Incomplete { identity: identity(text).unwrap(), only_policy };
        let file =
            |text: &str| complete.seen_from("c.yaml").file_of(&incomplete(text, false)).map(str::to_owned);
        for (text, expected) in [
            ("metadata: {name: a}", Some("a.yaml")),
            ("metadata: {name: a, namespace: other}", Some("a.yaml")),
            ("metadata: {name: b}", Some("b.yaml")),
            ("metadata: {name: b, namespace: x}", Some("b.yaml")),
            ("metadata: {name: b, namespace: other}", None),
            ("metadata: {name: c}", None),
        ] {
            assert_eq!(file(text).as_deref(), expected, "{text}");
        }
        assert_eq!(identity("metadata: {generateName: a}"), None);
        // Nothing but a forgotten policy: a patch only of what is elsewhere.
        let forgotten = incomplete("metadata: {name: a}", true);
        assert_eq!(complete.seen_from("c.yaml").file_of(&forgotten), None);
        assert_eq!(complete.seen_from("other/c.yaml").file_of(&forgotten), Some("a.yaml"));
    }
}
