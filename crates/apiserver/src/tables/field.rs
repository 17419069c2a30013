//! What the table of types is made of: a type has fields, and a field has a shape and the versions that know it.

use super::gates::{Gate, OLDEST_MINOR};

/// A type's place in [`TYPES`](super::TYPES).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TypeId(pub(super) u16);

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// An object with known fields.
    Object(TypeId),
    /// A list.
    List(&'static Shape),
    /// An object with free keys.
    Map(&'static Shape),
    /// A 32-bit whole number.
    Int32,
    /// A 64-bit whole number.
    Int64,
    /// `true` or `false`.
    Bool,
    /// Text.
    Str,
    /// RFC 3339 text.
    Time,
    /// A resource quantity, as text or as a number.
    Quantity,
    /// A 32-bit whole number or text.
    IntOrString,
    /// Anything; never looked into.
    Opaque,
}

/// A field of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its name, as written in a manifest.
    pub(crate) name: &'static str,
    /// What it may be.
    pub(crate) shape: Shape,
    /// The name of its type in the API server's own language, or of its elements' type for a list, where that is a text
    /// type with a name of its own: `v1.RestartPolicy`, `types.UID`.
    pub(crate) named: Option<&'static str>,
    /// The first minor version that knows it, of those that the tables know.
    pub(crate) since: u8,
    /// The last minor version that knows it, unless the newest does.
    pub(crate) until: Option<u8>,
    /// Whether the API server tells nothing from zero: a pointer in its own language.
    pub(crate) pointer: bool,
    /// The gates that the API's own comments name, in any version. They need not be all that matter.
    pub(crate) gates: &'static [Gate],
}

impl Field {
    /// A field that every version knows; the table adds what is different.
    pub(super) const fn new(name: &'static str, shape: Shape) -> Self {
        Self { name, shape, named: None, since: OLDEST_MINOR, until: None, pointer: false, gates: &[] }
    }

    pub(super) const fn pointer(self) -> Self {
        Self { pointer: true, ..self }
    }

    pub(super) const fn named(self, name: &'static str) -> Self {
        Self { named: Some(name), ..self }
    }

    pub(super) const fn since(self, minor: u8) -> Self {
        Self { since: minor, ..self }
    }

    pub(super) const fn until(self, minor: u8) -> Self {
        Self { until: Some(minor), ..self }
    }

    pub(super) const fn gates(self, gates: &'static [Gate]) -> Self {
        Self { gates, ..self }
    }

    /// Whether a minor version knows the field.
    pub(crate) fn known_in(&self, minor: u8) -> bool {
        self.since <= minor && self.until.is_none_or(|until| minor <= until)
    }

    /// Whether zero, `false` or an empty text is the same to the API server as nothing.
    pub(crate) fn zero_is_unset(&self) -> bool {
        !self.pointer && matches!(self.shape, Shape::Int32 | Shape::Int64 | Shape::Bool | Shape::Str)
    }

    /// Whether the API server has the object even where it is not written, if only empty.
    pub(crate) fn is_always_there(&self) -> bool {
        !self.pointer && matches!(self.shape, Shape::Object(_))
    }
}

/// An object's type.
#[derive(Debug)]
pub(crate) struct Type {
    /// Its short name: `JobSpec`. No two types share one.
    pub(crate) name: &'static str,
    /// The last part of its package's path in the API server: `v1`.
    pub(crate) package: &'static str,
    /// Its fields, sorted by name.
    pub(crate) fields: &'static [Field],
    /// A hash table with open addressing over `fields`: one more than a field's position there, 0 for a free slot. Two
    /// look-ups for every field of an object were a third of decoding when they were binary searches.
    slots: [u8; SLOTS],
}

/// How many slots a type's hash table has: a power of two, and more than any type has fields.
const SLOTS: usize = 64;

impl Type {
    pub(super) const fn new(name: &'static str, package: &'static str, fields: &'static [Field]) -> Self {
        assert!(fields.len() < SLOTS, "a free slot ends each search");
        let mut slots = [0; SLOTS];
        let mut at = 0;
        while at < fields.len() {
            let mut slot = first_slot(fields[at].name.as_bytes());
            while slots[slot] != 0 {
                slot = (slot + 1) % SLOTS;
            }
            at += 1;
            #[expect(clippy::cast_possible_truncation, reason = "there are fewer fields than slots")]
            {
                slots[slot] = at as u8;
            }
        }
        Self { name, package, fields, slots }
    }

    /// The field `name`, of any version.
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        let mut slot = first_slot(name.as_bytes());
        loop {
            let field = &self.fields[usize::from(self.slots[slot]).checked_sub(1)?];
            if field.name == name {
                return Some(field);
            }
            slot = (slot + 1) % SLOTS;
        }
    }
}

/// Where the search for a name begins. The factors are those of a few hundred with which names meet least often: a name is
/// found at 1.1 slots on average.
const fn first_slot(name: &[u8]) -> usize {
    let [first, ..] = name else { return 0 };
    let (middle, last) = (name[name.len() / 2], name[name.len() - 1]);
    (name.len() * 9 + *first as usize * 7 + middle as usize * 23 + last as usize) % SLOTS
}
