//! Where a field that the API does not have was probably meant to be.
//!
//! A name that is nearly one of the fields there is a slip of the pen; a name that is a field elsewhere is in the
//! wrong place, most often because the indentation is wrong. Both are answered from the schema.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::Kind;
use jobguard_text::distance as letters_apart;

use crate::schema::{Schema, Shape, TypeId};

/// How far away a place may be to be worth naming, in levels up and down.
const FAR: usize = 5;
/// How many names are offered at once.
const OFFERED: usize = 3;
/// Names longer than any field are not compared.
const LONGEST: usize = 64;

/// Every place that has a field of some name: the fields that lead to the object which has it.
type Places = HashMap<&'static str, Vec<Vec<&'static str>>>;

static JOB_PLACES: LazyLock<Places> = LazyLock::new(|| places(Kind::Job));
static CRON_JOB_PLACES: LazyLock<Places> = LazyLock::new(|| places(Kind::CronJob));

/// What an unknown field was probably meant to be.
#[derive(Debug)]
pub(super) struct Meant<'s> {
    /// What to tell people.
    pub(super) help: String,
    /// The same for programs, where it is one thing.
    pub(super) what: Option<What<'s>>,
}

/// The one thing that it was probably meant to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum What<'s> {
    /// A field of the same object.
    Name(&'s str),
    /// The field of this name in another object, which no list stands before.
    Place {
        /// The fields that lead to that object.
        route: &'s [&'static str],
        /// Whether there is no other such object within reach.
        certain: bool,
    },
}

/// What to say about the unknown field `key` of an object of type `ty` at `route`.
pub(super) fn place(
    schema: Schema,
    kind: Kind,
    route: &[&str],
    ty: TypeId,
    key: &str,
) -> Option<Meant<'static>> {
    if key.len() > LONGEST {
        return None;
    }
    let names = || schema.fields(ty).map(|field| field.name);
    let slips = near(names(), key, slip_distance(key));
    if !slips.is_empty() {
        return Some(did_you_mean(&slips));
    }
    let here = match kind {
        Kind::Job => &JOB_PLACES,
        Kind::CronJob => &CRON_JOB_PLACES,
    };
    let known: Vec<&'static [&'static str]> = (here.get(key).into_iter().flatten().map(Vec::as_slice))
        .filter(|place| schema.reaches(kind, place, key) && !is_in(route, place, key))
        .collect();
    if let Some(to) = nearest(&known, route) {
        let what = only(schema, kind, &known, route, to);
        return Some(Meant { help: belongs(key, route, to), what });
    }
    let mut similar = near(names(), key, key.len() / 4);
    if similar.is_empty() && key.len() >= 4 {
        let lower = key.to_lowercase();
        let is_most_of = |name: &&str| name.len() < 2 * key.len() && name.to_lowercase().contains(&lower);
        similar = names().filter(is_most_of).take(OFFERED).collect();
    }
    if !similar.is_empty() {
        return Some(did_you_mean(&similar));
    }
    let (other, places) = match kind {
        Kind::Job => (Kind::CronJob, &CRON_JOB_PLACES),
        Kind::CronJob => (Kind::Job, &JOB_PLACES),
    };
    let spec = places.get(key)?.iter().find(|path| path.as_slice() == ["spec"])?;
    schema.reaches(other, spec, key).then_some(())?;
    let id = schema.root(other);
    debug_assert_eq!(schema.ty(id).name, other.as_str());
    let help = format!("{key} is a field of a {}'s {}", other.as_str(), spec.join("."));
    Some(Meant { help, what: None })
}

/// Whether the object at `route` is the field `key` of the object at `place`, or within it: that one is there already, and
/// is not missing the field.
fn is_in(route: &[&str], place: &[&str], key: &str) -> bool {
    route.starts_with(place) && route.get(place.len()) == Some(&key)
}

/// How many letters may differ in a slip of the pen.
fn slip_distance(key: &str) -> usize {
    match key.len() {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

/// The names closest to `key`: those that differ in case only, or in at most `most` letters.
fn near<'s>(names: impl Iterator<Item = &'s str>, key: &str, most: usize) -> Vec<&'s str> {
    let mut found: Vec<(usize, &str)> = names
        .map(|name| (letters_apart(name, key), name))
        .filter(|(differing, _)| *differing <= most)
        .collect();
    found.sort_unstable();
    let best = found.first().map(|(differing, _)| *differing);
    found
        .into_iter()
        .filter(|(differing, _)| Some(*differing) == best)
        .map(|(_, name)| name)
        .take(OFFERED)
        .collect()
}

fn did_you_mean<'s>(names: &[&'s str]) -> Meant<'s> {
    let what = match names {
        [name] => Some(What::Name(name)),
        _ => None,
    };
    Meant { help: format!("did you mean {}?", names.join(" or ")), what }
}

/// `to` as the one place for the field; none where it leads through a list, or another place is as near.
fn only(
    schema: Schema,
    kind: Kind,
    places: &[&'static [&'static str]],
    route: &[&str],
    to: &'static [&'static str],
) -> Option<What<'static>> {
    let steps = |place: &[&str]| route.len() + place.len() - 2 * shared(route, place);
    let others: Vec<usize> = within_reach(places, route)
        .filter(|place| *place != to && is_plain(schema, kind, place, shared(route, place)))
        .map(&steps)
        .collect();
    let is_nearest = others.iter().all(|other| *other > steps(to));
    (is_nearest && is_plain(schema, kind, to, shared(route, to)))
        .then_some(What::Place { route: to, certain: others.is_empty() })
}

/// Whether the steps of a way behind the first `from` lead through objects alone, not through lists.
fn is_plain(schema: Schema, kind: Kind, place: &[&str], from: usize) -> bool {
    let mut id = schema.root(kind);
    for (position, step) in place.iter().enumerate() {
        let Some(field) = schema.field(id, step) else { return false };
        let mut shape = &field.shape;
        while let Shape::List(inner) | Shape::Map(inner) = shape {
            if position >= from {
                return false;
            }
            shape = inner;
        }
        let Shape::Object(next) = shape else { return false };
        id = *next;
    }
    true
}

/// The place nearest to `route`: fewest levels away, straight up or straight down first.
fn nearest(places: &[&'static [&'static str]], route: &[&str]) -> Option<&'static [&'static str]> {
    within_reach(places, route).min_by_key(|place| {
        let (up, down) = distance(route, place);
        (up + down, usize::from(up > 0 && down > 0), down)
    })
}

fn within_reach(
    places: &[&'static [&'static str]],
    route: &[&str],
) -> impl Iterator<Item = &'static [&'static str]> {
    places.iter().copied().filter(move |place| {
        let (up, down) = distance(route, place);
        up + down <= FAR && (up == 0 || down == 0 || up + down <= 2)
    })
}

/// How many levels up and then down it is from one object to another.
fn distance(route: &[&str], place: &[&str]) -> (usize, usize) {
    let shared = shared(route, place);
    (route.len() - shared, place.len() - shared)
}

fn shared(a: &[&str], b: &[&str]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn belongs(key: &str, route: &[&str], to: &[&str]) -> String {
    let shared = shared(route, to);
    let (up, down) = (route.len() - shared, to.len() - shared);
    let place = if to.is_empty() { "the top of the object".to_owned() } else { to.join(".") };
    match (up, down) {
        (_, 0) => format!("{key} belongs to {place}, {} up", levels(up)),
        (0, _) => format!("{key} belongs under {}, {} down", to[shared..].join("."), levels(down)),
        _ => format!("{key} belongs to {place}"),
    }
}

fn levels(count: usize) -> String {
    match count {
        1 => "one level".to_owned(),
        2 => "two levels".to_owned(),
        3 => "three levels".to_owned(),
        4 => "four levels".to_owned(),
        _ => format!("{count} levels"),
    }
}

fn places(kind: Kind) -> Places {
    let schema = Schema::newest();
    let mut found = Places::new();
    visit(schema, schema.root(kind), &mut Vec::new(), &mut found);
    found
}

fn visit(schema: Schema, id: TypeId, route: &mut Vec<&'static str>, found: &mut Places) {
    for field in schema.fields(id) {
        // These two are not written by hand, and ephemeral containers have no place in a template.
        if matches!(field.name, "status" | "managedFields" | "ephemeralContainers") {
            continue;
        }
        found.entry(field.name).or_default().push(route.clone());
        let mut shape = &field.shape;
        while let Shape::List(inner) | Shape::Map(inner) = shape {
            shape = inner;
        }
        if let Shape::Object(next) = shape
            && route.len() < 16
        {
            route.push(field.name);
            visit(schema, *next, route, found);
            route.pop();
        }
    }
}
