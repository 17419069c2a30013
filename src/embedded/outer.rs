//! An object that holds Jobs: the places where they stand, and those where they should and do not.

use std::borrow::Cow;

use jobguard_manifest::{FieldPath, NodeId, NodeKind, Segment, Tree};

use super::kind::{JobType, OuterKind};
use super::pattern::{MAX_JOBS, Misplaced, near_key};

/// An object of a kind that holds Jobs.
#[derive(Debug, Clone, Copy)]
pub struct Outer<'a, 't> {
    /// The document that it stands in.
    pub tree: &'a Tree<'t>,
    /// The object.
    pub node: NodeId,
    /// Its kind.
    pub kind: &'a OuterKind,
    /// An annotation of the outer object that is for its Jobs, too.
    pub annotation: &'static str,
    /// The namespace, where the object does not say it.
    pub namespace: Option<&'a str>,
}

/// A place in an object where a Job stands, or where it says when something runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    pub(super) path: FieldPath,
    /// None where only the schedule is known.
    pub(super) template: Option<(NodeId, JobType)>,
    pub(super) is_scheduled: bool,
}

/// The places of an object's Jobs.
#[derive(Debug, Default)]
pub struct Slots {
    /// Those where something stands, in the order of the text.
    pub all: Vec<Slot>,
    /// Fields that should lead to Jobs and do not, as the kind's schema has it.
    pub misplaced: Vec<Misplaced>,
    /// Where Jobs should stand, in an object that has none.
    pub lacks: Option<FieldPath>,
}

impl Slot {
    /// Whether a Job stands there, and not only when something runs.
    pub fn holds_job(&self) -> bool {
        self.template.is_some()
    }
}

impl Slots {
    /// Whether the object is none that there is anything to say about.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.misplaced.is_empty() && self.lacks.is_none()
    }
}

/// An object holds more Jobs than are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyJobs;

impl Outer<'_, '_> {
    /// The places of its Jobs.
    ///
    /// # Errors
    ///
    /// Where there are more than [`MAX_JOBS`].
    pub fn slots(&self) -> Result<Slots, TooManyJobs> {
        let mut slots = Slots::default();
        let structure = self.kind.structure.as_ref();
        let stands_instead = structure.and_then(|known| known.instead).is_some_and(|path| {
            self.at(&FieldPath::root().fields(path))
                .is_some_and(|node| self.tree[node].kind != NodeKind::Null)
        });
        for (pattern, of) in &self.kind.jobs {
            let found = pattern.find(self.tree, self.node, MAX_JOBS + 1 - slots.all.len(), structure);
            slots.all.extend(found.values.into_iter().map(|(path, node)| Slot {
                path,
                template: Some((node, *of)),
                is_scheduled: false,
            }));
            if !stands_instead {
                slots.misplaced.extend(found.misplaced);
            }
            if slots.all.len() > MAX_JOBS {
                return Err(TooManyJobs);
            }
        }
        let needs_jobs = structure.is_none_or(|known| known.needs_jobs) && !stands_instead;
        if needs_jobs && slots.all.is_empty() && slots.misplaced.is_empty() {
            slots.lacks = self.kind.jobs.first().map(|(pattern, _)| pattern.end(self.tree, self.node));
        }
        self.schedule(&mut slots);
        Ok(slots)
    }

    fn schedule(&self, slots: &mut Slots) {
        let Some(schedule) = &self.kind.schedule else { return };
        // Where the fields of a CronJob are known, this one is required as it is there.
        let is_required = !schedule.fields.is_empty()
            && schedule
                .expression
                .parent()
                .and_then(|parent| self.at(&parent))
                .is_some_and(|parent| matches!(self.tree[parent].kind, NodeKind::Map(_)));
        if !is_required && self.at(&schedule.expression).is_none() {
            return;
        }
        match slots.all.as_mut_slice() {
            [one] => one.is_scheduled = true,
            _ => {
                slots.all.push(Slot { path: schedule.expression.clone(), template: None, is_scheduled: true })
            }
        }
    }

    /// What tells a Job from others of the object in another version of it: its place, with names for positions.
    pub fn name_of(&self, slot: &Slot) -> FieldPath {
        let mut at = FieldPath::root();
        let mut named = FieldPath::root();
        for segment in slot.path.segments() {
            at.push(segment.clone());
            let name = matches!(segment, Segment::Index(_))
                .then(|| self.text_at(&at.clone().field("name")))
                .flatten();
            named.push(match name {
                Some(name) => Segment::Key(Cow::Owned(name.to_owned())),
                None => segment.clone(),
            });
        }
        named
    }

    /// The key beside a field that is not there, which is perhaps meant to be that.
    pub fn misspelt(&self, path: &FieldPath) -> Option<&str> {
        near_key(self.tree, self.at(&path.parent()?)?, path.last_field()?)
    }

    pub(super) fn text_at(&self, path: &FieldPath) -> Option<&str> {
        self.tree.str(self.at(path)?)
    }

    pub(super) fn at(&self, path: &FieldPath) -> Option<NodeId> {
        let found = self.tree.locate(self.node, path);
        found.exact.then_some(found.node)
    }
}
