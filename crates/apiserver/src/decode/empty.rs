//! Fields that were meant to be in the empty field right above them, and stand beside it: they are not indented enough.

use super::suggest::{Meant, What};
use super::{MAX_KEY, Walk};
use crate::Suggestion;
use crate::schema::{Field, Shape, TypeId};
use jobguard_manifest::edit::Edit;
use jobguard_manifest::{At, Entry, NodeKind};
use jobguard_text::shortened;

impl Walk<'_> {
    /// What to say about an unknown field of an object of type `id`, right below the field `above` that has nothing;
    /// nothing where it cannot be meant to be in there. `slip` is what else it may have been meant to be.
    pub(super) fn in_empty(
        &mut self,
        id: TypeId,
        entry: &Entry<'_>,
        above: Option<&'static Field>,
        slip: Option<&Meant<'_>>,
        at: &At<'_>,
    ) -> Option<(String, Suggestion)> {
        let is_misspelt = matches!(slip, Some(Meant { what: Some(What::Name(_)), .. }));
        let in_it = match above {
            Some(object) if matches!(object.shape, Shape::Object(_)) && !is_misspelt => {
                self.in_object(object, entry, at)
            }
            Some(map)
                if matches!(map.shape, Shape::Map(_)) && (slip.is_none() || entry.key.contains('/')) =>
            {
                return self.in_map(map, entry, at);
            }
            _ => None,
        };
        match slip {
            None => in_it.or_else(|| self.in_annotations(id, entry, at)),
            Some(_) => in_it,
        }
    }

    /// What to say about a field of the empty object right above it; nothing where that object has no such field, or the
    /// field there cannot have the value.
    fn in_object(&mut self, above: &Field, entry: &Entry<'_>, at: &At<'_>) -> Option<(String, Suggestion)> {
        let Shape::Object(object) = above.shape else { return None };
        self.schema.field(object, &entry.key)?;
        let mut route = self.route.clone();
        route.push(above.name);
        self.fits(entry, &route).then(|| beside(above, entry, at, true))
    }

    /// What to say about a field that was meant to be in a free map that has nothing; nothing where the map cannot have
    /// its value.
    fn in_map(&self, map: &Field, entry: &Entry<'_>, at: &At<'_>) -> Option<(String, Suggestion)> {
        let is_text = matches!(self.tree[entry.value].kind, NodeKind::Str(_));
        if !is_text && !matches!(self.tree[entry.value].kind, NodeKind::Int(_) | NodeKind::Bool(_)) {
            return None;
        }
        // No field has such a name: it is the key of an entry.
        Some(beside(map, entry, at, is_text && entry.key.contains('/')))
    }

    /// What to say about a field that can only be the key of an annotation, or of a label; nothing where the object has
    /// neither.
    fn in_annotations(&self, id: TypeId, entry: &Entry<'_>, at: &At<'_>) -> Option<(String, Suggestion)> {
        let map = self.schema.field(id, "annotations").filter(|_| entry.key.contains('/'))?;
        let (_, Suggestion { edit, .. }) = self.in_map(map, entry, at)?;
        let help = format!("{} belongs under annotations, or under labels", shortened(&entry.key, MAX_KEY));
        Some((help, Suggestion { edit, certain: false }))
    }
}

/// That an entry belongs in the empty field `above`, and the move that puts it there.
fn beside(above: &Field, entry: &Entry<'_>, at: &At<'_>, certain: bool) -> (String, Suggestion) {
    let key = shortened(&entry.key, MAX_KEY);
    let help =
        format!("{key} belongs under {0}, the empty field above it: indent it further than {0}", above.name);
    let within = at.field(above.name);
    let to = match above.shape {
        Shape::Map(_) => within.key(&entry.key).to_path(),
        _ => within.field(&entry.key).to_path(),
    };
    (help, Suggestion { edit: Edit::Move { from: at.field(&entry.key).to_path(), to }, certain })
}
