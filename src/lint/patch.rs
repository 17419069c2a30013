//! Objects that are patches: they change another object, so that a field which they lack is not missing.

use crate::engine::{Context, Finding, Fix, Safety, Severity};
use crate::rules;
use jobguard_apiserver::Kind;
use jobguard_manifest::edit::Edit;
use jobguard_manifest::{At, FieldPath, Segment};
use jobguard_manifest::{NodeId, NodeKind, Tree};

use super::namesakes::{Identity, Incomplete, Namesakes};

/// The directives of a strategic merge patch: no API type has a field that begins so.
const DIRECTIVES: [&str; 2] = ["$patch", "$retainKeys"];
/// Directives that name the list that they are about.
const DIRECTIVES_OF_LISTS: [&str; 2] = ["$deleteFromPrimitiveList/", "$setElementOrder/"];

/// The field that is missing most often in manifests.
const RESTART_POLICY: &str = "restartPolicy";

/// What a Job or CronJob is to the linter.
#[derive(Debug)]
pub(super) enum Standing {
    /// A manifest; with its identity where it lacks no required field.
    Manifest(Option<Identity>),
    /// It lacks a required field: a manifest, unless the input has a namesake that does not.
    Doubtful(Incomplete),
    /// A patch, and the remark about it, unless the policy has none.
    Patch(Option<Box<Finding>>),
}

/// What the object at `node` is. Linear in its keys.
pub(super) fn standing(
    complete: Option<Namesakes<'_>>,
    context: &Context<'_>,
    tree: &Tree<'_>,
    node: NodeId,
    kind: Kind,
) -> Standing {
    let identity = || Identity::of(tree, node, kind.as_str());
    standing_of(complete, context, (tree, node), identity, || missing(tree, node, kind))
}

/// What the object at `node` is, by its identity and the first required field that it lacks.
pub(super) fn standing_of(
    complete: Option<Namesakes<'_>>,
    context: &Context<'_>,
    (tree, node): (&Tree<'_>, NodeId),
    identity: impl FnOnce() -> Option<Identity>,
    missing: impl FnOnce() -> Option<FieldPath>,
) -> Standing {
    if let Some((path, directive)) = directive(tree, node) {
        let message = format!(
            "{directive} makes this a strategic merge patch: it is not checked; lint what kustomize renders from \
             its base and this patch"
        );
        return Standing::Patch(remark(context, path, message));
    }
    let Some(identity) = identity() else { return Standing::Manifest(None) };
    let Some(missing) = missing() else { return Standing::Manifest(Some(identity)) };
    let only_policy = is_policy(&missing);
    let incomplete = Incomplete { identity, only_policy };
    let Some(complete) = complete else { return Standing::Doubtful(incomplete) };
    let Some(file) = complete.file_of(&incomplete) else { return Standing::Manifest(None) };
    let message = format!(
        "this is probably a patch of the {} of the same name in {file}, since it has no {missing}: it is not checked",
        incomplete.identity.kind
    );
    Standing::Patch(remark(context, FieldPath::root().fields("metadata.name"), message))
}

/// A remark about a patch, at the level that the policy has for it.
fn remark(context: &Context<'_>, path: FieldPath, message: String) -> Option<Box<Finding>> {
    let rule = &rules::manifest_not_judged::RULE;
    let setting = context.registry.setting(rule, context.policy.base())?;
    Some(Box::new(rule.finding(Severity::of(setting.level)?, path, message)))
}

/// The first directive of a strategic merge patch in the object at `node`. Linear in its keys.
fn directive(tree: &Tree<'_>, node: NodeId) -> Option<(FieldPath, String)> {
    if tree.may_have_dollar_key() { find(tree, node, &At::root()) } else { None }
}

fn find(tree: &Tree<'_>, node: NodeId, at: &At<'_>) -> Option<(FieldPath, String)> {
    match &tree[node].kind {
        NodeKind::Map(entries) => entries.iter().find_map(|entry| {
            let key = entry.key.as_ref();
            let is_directive = key.starts_with('$')
                && (DIRECTIVES.contains(&key)
                    || DIRECTIVES_OF_LISTS.iter().any(|begin| key.strip_prefix(begin).is_some_and(is_name)));
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
pub(super) fn names_version(text: &str) -> bool {
    text.split("apiVersion").skip(1).any(|rest| {
        let value = rest.trim_start_matches(['"', '\'', ':', ' ']);
        value.starts_with(|c: char| c.is_ascii_alphanumeric())
    })
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() < 100 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The first required field that the object at `node` lacks, in the order of the type. A few look-ups for each container.
pub(super) fn missing(tree: &Tree<'_>, node: NodeId, kind: Kind) -> Option<FieldPath> {
    let mut at = node;
    let (schedule, way): (_, &[&'static str]) = match kind {
        Kind::CronJob => (true, &["spec", "jobTemplate", "spec", "template", "spec"]),
        Kind::Job => (false, &["spec", "template", "spec"]),
    };
    let path =
        |steps: &[&'static str]| steps.iter().fold(FieldPath::root(), |path, field| path.field(*field));
    for (depth, field) in way.iter().enumerate() {
        if depth == 1 && schedule && value(tree, at, "schedule").is_none() {
            return Some(path(&way[..depth]).field("schedule"));
        }
        let Some(below) = value(tree, at, field) else { return Some(path(&way[..=depth])) };
        at = below;
    }
    let containers = value(tree, at, "containers").map(|containers| &tree[containers].kind);
    let Some(NodeKind::Seq(containers)) = containers else {
        return Some(path(way).field("containers"));
    };
    if containers.is_empty() {
        return Some(path(way).field("containers"));
    }
    for (index, container) in containers.iter().enumerate() {
        for field in ["name", "image"] {
            if value(tree, *container, field).is_none() {
                return Some(path(way).field("containers").index(index).field(field));
            }
        }
    }
    value(tree, at, RESTART_POLICY).is_none().then(|| path(way).field(RESTART_POLICY))
}

/// Makes every fix unsafe that adds a field to the object at `node`, where that is `missing` a required field other than
/// `restartPolicy`: it may be a patch whose base is not in the input, and has these fields.
pub(super) fn make_additions_unsafe<'f>(
    tree: &Tree<'_>,
    node: NodeId,
    missing: Option<&FieldPath>,
    fixes: impl Iterator<Item = &'f mut Fix>,
) {
    if missing.is_none_or(is_policy) {
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

/// A field with a value that is not empty.
fn value(tree: &Tree<'_>, node: NodeId, field: &str) -> Option<NodeId> {
    let value = tree.get(node, field)?;
    let is_set = match &tree[value].kind {
        NodeKind::Null => false,
        NodeKind::Str(text) => !text.is_empty(),
        _ => true,
    };
    is_set.then_some(value)
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
            assert!(names_version(text), "{text}");
        }
        for text in ["kind: Job", "apiVersion:\nkind: Job", "apiVersion: */5 * * * *", ""] {
            assert!(!names_version(text), "{text}");
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
}
