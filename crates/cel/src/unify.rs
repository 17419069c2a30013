//! Whether a value of one type can stand where another one is asked for; what is unknown of types is found on the way.

use std::sync::Arc;

use crate::types::Type;

/// What a check may cost, in looks at types. Whatever is left unchecked is left to the evaluation.
const MAX_STEPS: usize = 200_000;
/// How many levels of types are looked at: unknown ones may stand for further unknown ones.
const MAX_LEVELS: usize = 100;

/// What is known of the types that were unknown at first.
#[derive(Debug, Default)]
pub(crate) struct Unifier<'v> {
    known: Vec<Option<Type<'v>>>,
    /// What to undo where an attempt fails: the positions, with what was known there.
    trail: Vec<(usize, Option<Type<'v>>)>,
    steps: usize,
}

impl<'v> Unifier<'v> {
    /// A new unknown type.
    pub(crate) fn unknown(&mut self) -> Type<'v> {
        self.known.push(None);
        Type::Unknown(self.known.len() - 1)
    }

    /// Whether the check has cost as much as it may.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.steps > MAX_STEPS
    }

    fn step(&mut self) -> bool {
        self.steps += 1;
        self.is_exhausted()
    }

    /// Whether `given` can stand where `wanted` is asked for; what was unknown is known then.
    pub(crate) fn assignable(&mut self, given: &Type<'v>, wanted: &Type<'v>) -> bool {
        self.all_assignable(std::slice::from_ref(given), std::slice::from_ref(wanted))
    }

    /// The same of several.
    pub(crate) fn all_assignable(&mut self, given: &[Type<'v>], wanted: &[Type<'v>]) -> bool {
        let before = self.trail.len();
        let fits = given.len() == wanted.len()
            && given.iter().zip(wanted).all(|(given, wanted)| self.fits(given, wanted, 0));
        if !fits {
            for (at, old) in self.trail.drain(before..).rev() {
                self.known[at] = old;
            }
        }
        fits
    }

    fn fits(&mut self, given: &Type<'v>, wanted: &Type<'v>, level: usize) -> bool {
        if self.step() || level > MAX_LEVELS {
            return true;
        }
        if let Type::Unknown(at) = wanted {
            match self.settle(*at, given, level) {
                (true, _) => return true,
                (false, true) => return false,
                (false, false) => {}
            }
        }
        if let Type::Unknown(at) = given {
            return self.settle(*at, wanted, level).0;
        }
        match (given, wanted) {
            (Type::Dyn, _) | (_, Type::Dyn) => true,
            (Type::Null, other) | (other, Type::Null) => other.is_nullable(),
            (Type::List(given), Type::List(wanted)) | (Type::Optional(given), Type::Optional(wanted)) => {
                self.fits(given, wanted, level + 1)
            }
            (Type::Map(key, value), Type::Map(wanted_key, wanted_value)) => {
                self.fits(key, wanted_key, level + 1) && self.fits(value, wanted_value, level + 1)
            }
            (Type::Record(one), Type::Record(other)) => one.name == other.name,
            (given, wanted) => given == wanted,
        }
    }

    /// Whether the unknown type at `at` can be `of`, and whether something was known of it.
    fn settle(&mut self, at: usize, of: &Type<'v>, level: usize) -> (bool, bool) {
        if *of == Type::Unknown(at) {
            return (true, true);
        }
        if let Some(known) = self.known.get(at).cloned().flatten() {
            if *of == known {
                return (true, true);
            }
            if !self.fits(of, &known, level + 1) {
                return (false, true);
            }
            let general = if less_specific(of, &known) { of.clone() } else { known };
            if !self.is_within(at, &general, 0) {
                self.know(at, general);
            }
            return (true, true);
        }
        if self.is_within(at, of, 0) {
            return (false, false);
        }
        self.know(at, of.clone());
        (true, false)
    }

    fn know(&mut self, at: usize, of: Type<'v>) {
        if let Some(known) = self.known.get_mut(at) {
            self.trail.push((at, known.replace(of)));
        }
    }

    /// Whether the unknown type at `at` is a part of `of`.
    fn is_within(&mut self, at: usize, of: &Type<'v>, level: usize) -> bool {
        if self.step() || level > MAX_LEVELS {
            return true;
        }
        match of {
            Type::Unknown(other) if *other == at => true,
            Type::Unknown(other) => match self.known.get(*other).cloned().flatten() {
                Some(known) => self.is_within(at, &known, level + 1),
                None => false,
            },
            Type::List(of) | Type::Optional(of) => self.is_within(at, of, level + 1),
            Type::Map(key, value) => {
                self.is_within(at, key, level + 1) || self.is_within(at, value, level + 1)
            }
            _ => false,
        }
    }

    /// A type with all that is known put into it.
    pub(crate) fn resolved(&mut self, of: &Type<'v>) -> Type<'v> {
        self.resolved_at(of, 0)
    }

    fn resolved_at(&mut self, of: &Type<'v>, level: usize) -> Type<'v> {
        if self.step() || level > MAX_LEVELS {
            return Type::Dyn;
        }
        match of {
            Type::Unknown(at) => match self.known.get(*at).cloned().flatten() {
                Some(known) => self.resolved_at(&known, level + 1),
                None => of.clone(),
            },
            Type::List(of) => Type::list(self.resolved_at(of, level + 1)),
            Type::Optional(of) => Type::optional(self.resolved_at(of, level + 1)),
            Type::Map(key, value) => {
                Type::map(self.resolved_at(key, level + 1), self.resolved_at(value, level + 1))
            }
            other => other.clone(),
        }
    }

    /// A declared type with `unknown` types of its own.
    pub(crate) fn fresh(of: &Type<'static>, unknown: &[Type<'v>]) -> Type<'v> {
        match of {
            Type::Unknown(at) => unknown.get(*at).cloned().unwrap_or(Type::Dyn),
            Type::List(of) => Type::List(Arc::new(Self::fresh(of, unknown))),
            Type::Optional(of) => Type::Optional(Arc::new(Self::fresh(of, unknown))),
            Type::Map(key, value) => {
                Type::Map(Arc::new(Self::fresh(key, unknown)), Arc::new(Self::fresh(value, unknown)))
            }
            other => other.clone(),
        }
    }
}

/// Whether `one` is as general as `other`, or more so.
pub(crate) fn less_specific(one: &Type<'_>, other: &Type<'_>) -> bool {
    match (one, other) {
        (Type::Dyn | Type::Unknown(_), _) => true,
        (_, Type::Dyn | Type::Unknown(_)) => false,
        (Type::List(one), Type::List(other)) | (Type::Optional(one), Type::Optional(other)) => {
            less_specific(one, other)
        }
        (Type::Map(key, value), Type::Map(other_key, other_value)) => {
            less_specific(key, other_key) && less_specific(value, other_value)
        }
        (one, other) => one == other,
    }
}

/// Whether two types are the same, whatever is unknown of them.
pub(crate) fn equivalent(one: &Type<'_>, other: &Type<'_>) -> bool {
    match (one, other) {
        (Type::Dyn | Type::Unknown(_), Type::Dyn | Type::Unknown(_)) => true,
        (Type::List(one), Type::List(other)) | (Type::Optional(one), Type::Optional(other)) => {
            equivalent(one, other)
        }
        (Type::Map(key, value), Type::Map(other_key, other_value)) => {
            equivalent(key, other_key) && equivalent(value, other_value)
        }
        (one, other) => one == other,
    }
}
