//! Field paths to places in the text.

use crate::path::{FieldPath, Segment};

use super::tree::{NodeId, NodeKind, Span, Tree};

/// The place that a field path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located {
    /// What to point at: the value of a field that has one in a word; the key where the value is absent, null, a list
    /// or an object.
    pub span: Span,
    /// The key of the entry that was reached; none for a list item and for the object itself.
    pub key_span: Option<Span>,
    /// The node that was reached: the field's value, or its nearest parent's.
    pub node: NodeId,
    /// Whether the field itself was reached, and not only a parent of it.
    pub exact: bool,
}

impl Tree<'_> {
    /// Where the field `path` of the object `object` stands; for a field that is absent (or that only the server
    /// knows), its nearest parent. An index leads to a key too where the value is an object, since a numeric key of
    /// a map is written like one.
    pub fn locate(&self, object: NodeId, path: &FieldPath) -> Located {
        let mut node = object;
        let mut key_span = None;
        let mut exact = true;
        for segment in path.segments() {
            let next = match (&self[node].kind, segment) {
                (NodeKind::Map(_), Segment::Field(key) | Segment::Key(key)) => self.entry(node, key),
                (NodeKind::Map(_), Segment::Index(index)) => self.entry(node, &index.to_string()),
                (NodeKind::Seq(items), segment) => {
                    let index = match segment {
                        Segment::Index(index) => Some(*index),
                        Segment::Field(key) | Segment::Key(key) => key.parse().ok(),
                    };
                    match index.and_then(|index: usize| items.get(index)) {
                        Some(item) => {
                            node = *item;
                            key_span = None;
                            continue;
                        }
                        None => None,
                    }
                }
                _ => None,
            };
            let Some(entry) = next else {
                exact = false;
                break;
            };
            node = entry.value;
            key_span = Some(entry.key_span);
        }
        let value = &self[node];
        let in_a_word = match value.kind {
            NodeKind::Null | NodeKind::Seq(_) | NodeKind::Map(_) => false,
            _ => !value.span.is_empty(),
        };
        let span = match key_span {
            _ if in_a_word => value.span,
            Some(key) => key,
            None => self.first_line(node),
        };
        Located { span, key_span, node, exact }
    }

    /// What stands for a value without key, such as a list item: its first key, or its first item's.
    fn first_line(&self, node: NodeId) -> Span {
        let mut node = node;
        loop {
            match &self[node].kind {
                NodeKind::Map(entries) => {
                    let own =
                        |span: &Span| span.start >= self[node].span.start && span.end <= self[node].span.end;
                    return entries.iter().map(|e| e.key_span).find(own).unwrap_or(self[node].span);
                }
                // Only down into the first item: it begins where the list does.
                NodeKind::Seq(items) => match items.first() {
                    Some(item) if self[*item].span.start >= self[node].span.start => node = *item,
                    _ => return self[node].span,
                },
                _ => return self[node].span,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

    const TEXT: &str = "\
apiVersion: batch/v1
kind: Job
metadata:
  labels: {app: a, 8080: b}
spec:
  template:
    spec:
      restartPolicy: Always
      volumes:
      containers:
      - name: c
        env:
        - name: X
      - image: y
";

    fn locate(path: &str) -> String {
        let documents = read(TEXT);
        let tree = documents[0].content.as_ref().unwrap();
        let found = tree.locate(tree.root(), &FieldPath::parse(path));
        let line = TEXT[..found.span.start].matches('\n').count() + 1;
        let exact = if found.exact { "" } else { "parent " };
        format!("{exact}{line}:{}", &TEXT[found.span.start..found.span.end])
    }

    #[test]
    fn values_keys_and_parents() {
        assert_eq!(locate("spec.template.spec.restartPolicy"), "8:Always");
        assert_eq!(locate("spec.template.spec.containers"), "10:containers");
        assert_eq!(locate("spec.template.spec.volumes"), "9:volumes");
        assert_eq!(locate("spec.template.spec.containers[0].env[0].name"), "13:X");
        assert_eq!(locate("spec.template.spec.containers[1]"), "14:image");
        assert_eq!(locate("spec.template.spec.containers[1].name"), "parent 14:image");
        assert_eq!(locate("spec.template.spec.containers[2]"), "parent 10:containers");
        assert_eq!(locate("spec.template.spec.dnsPolicy"), "parent 7:spec");
        assert_eq!(locate("spec.template.labels"), "parent 6:template");
        assert_eq!(locate("spec.template.spec.restartPolicy.x"), "parent 8:Always");
        assert_eq!(locate("metadata.labels[8080]"), "4:b");
        assert_eq!(locate("metadata.labels[app]"), "4:a");
        assert_eq!(locate("metadata.name"), "parent 3:metadata");
        assert_eq!(locate("status"), "parent 1:apiVersion");
        assert_eq!(locate(""), "1:apiVersion");
    }
}
