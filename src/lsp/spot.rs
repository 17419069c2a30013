//! What stands at a place of a document that can be read: a field of an object, by its key or its value.

use jobguard_apiserver::Kind;
use jobguard_manifest::{self as manifest, NodeId, NodeKind, Span, Tree};

/// A field at a place.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    /// The object.
    pub(super) object: NodeId,
    /// The keys from the object to the field; for an element of a list, its number.
    pub(super) steps: Vec<String>,
    /// The field's value.
    pub(super) node: NodeId,
    /// What stands there: the key, or the value.
    pub(super) span: Span,
}

impl Spot {
    /// The steps, to be asked about.
    pub(super) fn steps(&self) -> Vec<&str> {
        self.steps.iter().map(String::as_str).collect()
    }

    /// Which of the two kinds the object is, if it is one.
    pub(super) fn kind(&self, tree: &Tree<'_>) -> Option<Kind> {
        let of = |key| tree.get(self.object, key).and_then(|node| tree.str(node));
        kind_of_batch(of("apiVersion")?, of("kind")?)
    }
}

/// The kind of an object by what it states.
pub(super) fn kind_of_batch(api_version: &str, kind: &str) -> Option<Kind> {
    match (api_version.split_once('/')?.0, kind) {
        ("batch", "Job") => Some(Kind::Job),
        ("batch", "CronJob") => Some(Kind::CronJob),
        _ => None,
    }
}

/// What `use_it` makes of the field at a byte; none where there is none, or nothing to make of it.
pub(super) fn at<T>(
    text: &str,
    offset: usize,
    mut use_it: impl FnMut(&Tree<'_>, &Spot) -> Option<T>,
) -> Option<T> {
    let mut found = None;
    manifest::read_each(text, |document| {
        let Ok(tree) = &document.content else { return };
        let is_here = document.span.start <= offset && offset <= document.span.end;
        if found.is_some() || !is_here {
            return;
        }
        let objects = manifest::objects(tree);
        let around = |object: &&manifest::ObjectRef| holds(tree[object.node].span, offset);
        let Some(object) = objects.iter().find(around) else { return };
        let mut spot =
            Spot { object: object.node, steps: Vec::new(), node: object.node, span: Span::default() };
        if descend(tree, offset, &mut spot) {
            found = use_it(tree, &spot);
        }
    });
    found
}

fn descend(tree: &Tree<'_>, offset: usize, spot: &mut Spot) -> bool {
    loop {
        match &tree[spot.node].kind {
            NodeKind::Map(entries) => {
                let mut own = entries.iter().filter(|entry| !entry.merged);
                let Some(entry) =
                    own.find(|entry| holds(entry.key_span, offset) || holds(tree[entry.value].span, offset))
                else {
                    return false;
                };
                spot.steps.push(entry.key.to_string());
                spot.node = entry.value;
                if holds(entry.key_span, offset) {
                    spot.span = entry.key_span;
                    return true;
                }
            }
            NodeKind::Seq(items) => {
                let here = items.iter().enumerate().find(|(_, item)| holds(tree[**item].span, offset));
                let Some((position, item)) = here else { return false };
                spot.steps.push(position.to_string());
                spot.node = *item;
            }
            _ => {
                spot.span = tree[spot.node].span;
                return true;
            }
        }
    }
}

fn holds(span: Span, offset: usize) -> bool {
    !span.is_empty() && span.start <= offset && offset <= span.end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> Option<String> {
        let offset = text.find('|').unwrap();
        at(&text.replacen('|', "", 1), offset, |tree, spot| {
            Some(format!("{} {:?}", spot.steps.join("."), spot.kind(tree)))
        })
    }

    #[test]
    fn keys_and_values() {
        let job = "apiVersion: batch/v1\nkind: Job\nspec:\n  template:\n    spec:\n      containers:\n      - name: a\n        args: [x, y]\n";
        let of = |from: &str, to: &str| steps(&job.replacen(from, to, 1)).unwrap();
        assert_eq!(of("template", "temp|late"), "spec.template Some(Job)");
        assert_eq!(of("a\n ", "a|\n "), "spec.template.spec.containers.0.name Some(Job)");
        assert_eq!(of("y]", "|y]"), "spec.template.spec.containers.0.args.1 Some(Job)");
        let list = format!(
            "a: 1\n---\napiVersion: v1\nkind: List\nitems:\n- {}",
            job.trim_end().replace('\n', "\n  ")
        );
        assert_eq!(steps(&list.replacen("template", "|template", 1)).unwrap(), "spec.template Some(Job)");
        assert_eq!(steps("a: [|"), None);
        assert_eq!(steps("|"), None);
    }
}
