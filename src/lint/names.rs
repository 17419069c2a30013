//! Field paths with elements of lists by their names: `spec.template.spec.containers[name=main].image`. They stay the same when
//! elements come and go before them.

use jobguard_manifest::{FieldPath, NodeId, NodeKind, Segment, Tree};

/// Lists whose elements have another name than [`USUAL`]: the field of the list, and those of the element.
const NAMED_BY: &[(&str, &[&str])] = &[
    ("hostAliases", &["ip"]),
    // A number may be served under two protocols, and is what people mean by a port; names are optional.
    ("ports", &["containerPort", "port", "name"]),
    // Of a podFailurePolicy.
    ("rules", &["action"]),
    ("topologySpreadConstraints", &["topologyKey"]),
    ("volumeDevices", &["devicePath"]),
    ("volumeMounts", &["mountPath"]),
];

/// What names the elements of all other lists, the first that is there.
const USUAL: &[&str] = &["name", "key"];

/// Longer names are cut, in characters: what follows is rarely what tells two elements apart.
const MAX_NAME: usize = 253;

/// The path with names, of an object at `node`; none where it leads through no list. `at` is the same field in the text, where its
/// elements have other positions there.
///
/// An element without a name has no position either, `args[]`: whoever inserts an argument has not made a new fault of the
/// one behind it. Values of elements that have no fields are never part of it, since they may be secret.
pub(super) fn named(
    tree: &Tree<'_>,
    node: NodeId,
    path: &FieldPath,
    at: Option<&FieldPath>,
) -> Option<Box<str>> {
    let segments = path.segments();
    if !segments.iter().any(|segment| matches!(segment, Segment::Index(_))) {
        return None;
    }
    let places = at.filter(|at| is_same_field(path, at)).unwrap_or(path).segments();
    let (mut text, mut list, mut here) = (String::new(), "", Some(node));
    for (segment, place) in segments.iter().zip(places) {
        match (segment, here.map(|node| &tree[node].kind)) {
            (Segment::Field(field), _) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(field);
                list = field;
                here = here.and_then(|node| tree.get(node, field));
            }
            (Segment::Key(key), _) => {
                text.extend(["[", key, "]"]);
                here = here.and_then(|node| tree.get(node, key));
            }
            (Segment::Index(_), Some(NodeKind::Seq(items))) => {
                let element = match place {
                    Segment::Index(index) => items.get(*index).copied(),
                    _ => None,
                };
                let name = element.and_then(|element| name_of(tree, list, element)).unwrap_or_default();
                text.extend(["[", &name, "]"]);
                here = element;
            }
            // A numeric key of a map is written like a position.
            (Segment::Index(key), Some(NodeKind::Map(_))) => {
                let key = key.to_string();
                text.extend(["[", &key, "]"]);
                here = here.and_then(|node| tree.get(node, &key));
            }
            (Segment::Index(_), _) => {
                text.push_str("[]");
                here = None;
            }
        }
    }
    Some(text.into())
}

/// Whether two paths differ in positions alone.
fn is_same_field(one: &FieldPath, other: &FieldPath) -> bool {
    let (one, other) = (one.segments(), other.segments());
    let is_same = |(one, other): (&Segment, &Segment)| match (one, other) {
        (Segment::Index(_), Segment::Index(_)) => true,
        (one, other) => one == other,
    };
    one.len() == other.len() && one.iter().zip(other).all(is_same)
}

/// What tells an element of `list` from others: `name=main`. What a source of variables or of files is made from has a
/// name one level below: `configMapRef=settings`.
fn name_of(tree: &Tree<'_>, list: &str, element: NodeId) -> Option<String> {
    let own = NAMED_BY.iter().find(|(field, _)| *field == list).map_or(USUAL, |(_, by)| by);
    let named = |by: &&str| Some(format!("{by}={}", word(tree, tree.get(element, by)?)?));
    if let Some(name) = own.iter().find_map(named) {
        return Some(name);
    }
    let NodeKind::Map(entries) = &tree[element].kind else { return None };
    let below = entries
        .iter()
        .filter(|entry| !entry.shadowed && entry.key.len() <= MAX_NAME)
        .filter_map(|entry| Some((entry.key.as_ref(), word(tree, tree.get(entry.value, "name")?)?)));
    // Whatever the order in which they are written.
    below.min().map(|(key, name)| format!("{key}={name}"))
}

/// A value of one word.
fn word(tree: &Tree<'_>, node: NodeId) -> Option<String> {
    match &tree[node].kind {
        NodeKind::Str(text) if text.is_empty() => None,
        NodeKind::Str(text) => Some(text.chars().take(MAX_NAME).collect()),
        NodeKind::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str, path: &str, at: Option<&str>) -> Option<String> {
        let document = jobguard_manifest::read(text).into_iter().next().unwrap();
        let tree = document.content.unwrap();
        let at = at.map(FieldPath::parse);
        named(&tree, tree.root(), &FieldPath::parse(path), at.as_ref()).map(Into::into)
    }

    #[test]
    fn elements_have_names() {
        let text = "
containers:
- image: a
  name: main
  ports: [{containerPort: 80, name: web}, {name: other}]
  env: [{name: A, value: secret}]
  envFrom: [{configMapRef: {name: settings}, secretRef: {name: a}}, {}]
  volumeMounts: [{name: data, mountPath: /data}]
  args: [secret]
- {image: b}
labels: {'7': a, job-name: b}
";
        for (path, expected) in [
            ("containers[0].image", "containers[name=main].image"),
            ("containers[0].ports[0].name", "containers[name=main].ports[containerPort=80].name"),
            ("containers[0].ports[1]", "containers[name=main].ports[name=other]"),
            ("containers[0].env[0].value", "containers[name=main].env[name=A].value"),
            ("containers[0].envFrom[0]", "containers[name=main].envFrom[configMapRef=settings]"),
            ("containers[0].envFrom[1]", "containers[name=main].envFrom[]"),
            ("containers[0].volumeMounts[0]", "containers[name=main].volumeMounts[mountPath=/data]"),
            ("containers[0].args[0]", "containers[name=main].args[]"),
            ("containers[1].image", "containers[].image"),
            ("containers[9].image", "containers[].image"),
            ("volumes[0].name", "volumes[].name"),
            ("labels[7]", "labels[7]"),
        ] {
            assert_eq!(names(text, path, None).as_deref(), Some(expected), "{path}");
        }
        assert_eq!(names(text, "labels[job-name]", None), None);
    }

    #[test]
    fn the_text_has_other_positions() {
        let text = "containers: [{name: a}, {name: b}]";
        let named = |at| names(text, "containers[0].image", Some(at)).unwrap();
        assert_eq!(named("containers[1].image"), "containers[name=b].image");
        // Another field is none of its place.
        assert_eq!(named("containers[1]"), "containers[name=a].image");
    }
}
