//! The fields of a Job and of a CronJob as one version knows them: names, types and nesting.

use super::Kind;
use super::tables::{self, CRON_JOB, JOB, NEWEST_MINOR};
pub(crate) use super::tables::{Field, Shape, Type, TypeId};

/// The fields of one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schema {
    minor: u8,
}

impl Schema {
    /// The fields that a minor version knows.
    pub(crate) const fn of(minor: u8) -> Self {
        Self { minor }
    }

    /// The fields of the newest version.
    pub(crate) const fn newest() -> Self {
        Self::of(NEWEST_MINOR)
    }

    /// The type of the object itself.
    pub(crate) const fn root(self, kind: Kind) -> TypeId {
        match kind {
            Kind::Job => JOB,
            Kind::CronJob => CRON_JOB,
        }
    }

    /// The shape of the object itself.
    pub(crate) const fn root_shape(kind: Kind) -> &'static Shape {
        match kind {
            Kind::Job => &Shape::Object(JOB),
            Kind::CronJob => &Shape::Object(CRON_JOB),
        }
    }

    /// A type.
    pub(crate) fn ty(self, id: TypeId) -> &'static Type {
        tables::ty(id)
    }

    /// The type of a short name, such as `PodSpec`.
    pub(crate) fn named(self, name: &str) -> Option<TypeId> {
        tables::named(name)
    }

    /// The field `name` of a type.
    pub(crate) fn field(self, id: TypeId, name: &str) -> Option<&'static Field> {
        self.ty(id).field(name).filter(|field| field.known_in(self.minor))
    }

    /// The fields of a type, by name.
    pub(crate) fn fields(self, id: TypeId) -> impl Iterator<Item = &'static Field> {
        self.ty(id).fields.iter().filter(move |field| field.known_in(self.minor))
    }

    /// Whether there is an object with a field `name` where `route` leads to.
    pub(crate) fn reaches(self, kind: Kind, route: &[&str], name: &str) -> bool {
        let object = route.iter().try_fold(self.root(kind), |id, step| {
            match self.field(id, step)?.shape.innermost() {
                Shape::Object(next) => Some(*next),
                _ => None,
            }
        });
        object.is_some_and(|id| self.field(id, name).is_some())
    }
}

impl Shape {
    /// The shape of the elements of a list or a map, or of those within these.
    pub(crate) fn innermost(&'static self) -> &'static Self {
        match self {
            Self::List(inner) | Self::Map(inner) => inner.innermost(),
            other => other,
        }
    }
}
