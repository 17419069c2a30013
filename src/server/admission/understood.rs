//! A request as API servers write it, read in one pass.

use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::decode::{Known, Sent};
use super::request::{GroupVersionKind, Request, UserInfo, passed_over};

/// A request with its objects, where they are judged: API servers write the request's own fields before its objects, and
/// those of a request that is not judged are skipped.
///
/// Whatever is unusual is an error: a second reader, which has more time, says what is wrong or makes do with it.
#[derive(Debug)]
pub(super) struct Understood<'a>(pub(super) Request<Sent<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Understood<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RequestVisitor).map(Understood)
    }
}

/// The API group of the objects that have types here.
const BATCH: &str = "batch";

struct RequestVisitor;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Key {
    Uid,
    Kind,
    SubResource,
    Name,
    Namespace,
    Operation,
    UserInfo,
    Object,
    OldObject,
    DryRun,
    #[serde(other)]
    Other,
}

/// Reads a value into its place, once.
fn once<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    place: &mut Option<T>,
    map: &mut A,
) -> Result<(), A::Error> {
    put(place, map.next_value()?)
}

/// Puts a value in its place, once.
fn put<T, E: serde::de::Error>(place: &mut Option<T>, value: T) -> Result<(), E> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::custom("given twice")),
    }
}

impl<'de> Visitor<'de> for RequestVisitor {
    type Value = Request<Sent<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let missing = A::Error::missing_field;
        let (mut uid, mut kind, mut operation) = (None, None::<GroupVersionKind>, None);
        let (mut sub_resource, mut name, mut namespace) = (None::<Option<String>>, None, None);
        let mut user_info = None::<Option<UserInfo>>;
        let (mut object, mut old_object) = (None::<Option<Sent<'de>>>, None);
        let mut dry_run = None::<Option<bool>>;
        while let Some(key) = map.next_key()? {
            match key {
                Key::Uid => once(&mut uid, &mut map)?,
                Key::Kind => once(&mut kind, &mut map)?,
                Key::SubResource => once(&mut sub_resource, &mut map)?,
                Key::Name => once(&mut name, &mut map)?,
                Key::Namespace => once(&mut namespace, &mut map)?,
                Key::Operation => once(&mut operation, &mut map)?,
                Key::UserInfo => once(&mut user_info, &mut map)?,
                Key::DryRun => once(&mut dry_run, &mut map)?,
                Key::Object | Key::OldObject => {
                    let of = sub_resource.as_ref().and_then(Option::as_deref);
                    let place = if matches!(key, Key::Object) { &mut object } else { &mut old_object };
                    let is_judged = operation.is_none_or(|operation| passed_over(operation, of).is_none());
                    match &kind {
                        _ if !is_judged => drop(map.next_value::<IgnoredAny>()?),
                        // What is made of it depends on the kind, and `Job` is one in other groups, too.
                        Some(kind) if kind.group != BATCH => {
                            let mut raw = None::<Option<&'de RawValue>>;
                            once(&mut raw, &mut map)?;
                            put(place, raw.flatten().map(Sent::Raw))?;
                        }
                        _ => {
                            let mut known = None::<Option<Known>>;
                            once(&mut known, &mut map)?;
                            put(place, known.flatten().map(|Known(workload)| Sent::Read(workload)))?;
                        }
                    }
                }
                Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Request {
            uid: uid.ok_or_else(|| missing("uid"))?,
            kind: kind.ok_or_else(|| missing("kind"))?,
            sub_resource: sub_resource.flatten(),
            name: name.flatten(),
            namespace: namespace.flatten(),
            operation: operation.ok_or_else(|| missing("operation"))?,
            user_info: user_info.flatten(),
            object: object.flatten(),
            old_object: old_object.flatten(),
            dry_run: dry_run.flatten().unwrap_or_default(),
        })
    }
}
