//! Where the fields of a Job that a controller makes stand in the object that it is made of.

use jobguard_manifest::edit::Edit;
use jobguard_manifest::{FieldPath, Segment};

/// Where the fields of a Job stand in the outer object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Where the Job as a whole stands.
    base: FieldPath,
    /// Fields, and where they stand with all below them; nowhere for what the controller alone decides on. The longest
    /// first.
    moved: Vec<(FieldPath, Option<FieldPath>)>,
}

impl Places {
    /// Of a Job that stands at `base`.
    pub(super) fn at(base: FieldPath) -> Self {
        Self { base, moved: Vec::new() }
    }

    /// Says where a field stands, with all below it.
    pub(super) fn put(&mut self, field: FieldPath, there: Option<FieldPath>) {
        let length = field.segments().len();
        // Of two that say something of the same field, the later counts.
        let after = |(other, _): &(FieldPath, _)| other.segments().len() <= length;
        let position = self.moved.iter().position(after).unwrap_or(self.moved.len());
        self.moved.insert(position, (field, there));
    }

    /// Where a field stands; none where the controller alone decides on it.
    pub fn outer(&self, field: &FieldPath) -> Option<FieldPath> {
        match self.moved.iter().find(|(prefix, _)| field.starts_with(prefix)) {
            Some((prefix, Some(there))) => Some(join(there, &field.segments()[prefix.segments().len()..])),
            Some((_, None)) => None,
            None => Some(self.base.clone()),
        }
    }

    /// Where a field stands that is there, or could be written there.
    pub fn exact(&self, field: &FieldPath) -> Option<FieldPath> {
        let is_known = self.moved.iter().any(|(prefix, _)| field.starts_with(prefix));
        self.outer(field).filter(|_| is_known)
    }

    /// The same change, of the outer object; none where it cannot be made there.
    pub fn edit(&self, edit: &Edit) -> Option<Edit> {
        Some(match edit {
            Edit::Set { path, value } => Edit::Set { path: self.exact(path)?, value: value.clone() },
            Edit::Insert { path, value } => Edit::Insert { path: self.exact(path)?, value: value.clone() },
            Edit::Remove { path } => Edit::Remove { path: self.exact(path)? },
            Edit::Move { from, to } => Edit::Move { from: self.exact(from)?, to: self.exact(to)? },
            Edit::MoveEntries { from, keys, to } => {
                Edit::MoveEntries { from: self.exact(from)?, keys: keys.clone(), to: self.exact(to)? }
            }
            Edit::Transfer { list, indices, to, with } => Edit::Transfer {
                list: self.exact(list)?,
                indices: indices.clone(),
                to: self.exact(to)?,
                with: with.clone(),
            },
            Edit::RenameKey { path, to } => {
                let renamed = path.parent()?.field(to.clone());
                let (path, renamed) = (self.exact(path)?, self.exact(&renamed)?);
                // Both must stand in the same object for one to become the other.
                if path.parent()? != renamed.parent()? {
                    return None;
                }
                Edit::RenameKey { path, to: to.clone() }
            }
            Edit::Quote { path } => Edit::Quote { path: self.exact(path)? },
            Edit::Reorder { path, order } => Edit::Reorder { path: self.exact(path)?, order: order.clone() },
            Edit::Text(edit) => Edit::Text(edit.clone()),
        })
    }
}

/// A path, and steps from its end on.
pub(super) fn join(path: &FieldPath, rest: &[Segment]) -> FieldPath {
    rest.iter().cloned().fold(path.clone(), |mut path, segment| {
        path.push(segment);
        path
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_counts() {
        let path = FieldPath::parse;
        let mut places = Places::at(path("spec.jobs[1]"));
        places.put(path("spec"), Some(path("spec.jobs[1].template.spec")));
        places.put(path("spec.suspend"), Some(path("spec.suspend")));
        places.put(path("metadata"), None);
        places.put(path("metadata.name"), Some(path("metadata.name")));
        for (field, outer) in [
            (
                "spec.template.spec.containers[0].image",
                Some("spec.jobs[1].template.spec.template.spec.containers[0].image"),
            ),
            ("spec.suspend", Some("spec.suspend")),
            ("metadata.name", Some("metadata.name")),
            ("metadata.ownerReferences[0]", None),
            ("kind", Some("spec.jobs[1]")),
            ("", Some("spec.jobs[1]")),
        ] {
            assert_eq!(places.outer(&path(field)).map(|path| path.to_string()).as_deref(), outer, "{field}");
        }
        let set = |field: &str| places.edit(&Edit::Set { path: path(field), value: 1.into() });
        assert!(set("spec.completions").is_some());
        assert_eq!((set("kind"), set("metadata.uid")), (None, None));
        let rename = |from: &str, to: &str| places.edit(&Edit::RenameKey { path: path(from), to: to.into() });
        assert!(rename("spec.complitions", "completions").is_some());
        assert_eq!(rename("spec.suspended", "suspend"), None);
    }
}
