//! What a request says of itself before its objects: enough to answer it, and to say in a log what it was about.

use std::cell::RefCell;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::request::{API_VERSION, GroupVersionKind, Operation, PassedOver, Request, UserInfo, passed_over};

/// A request without its objects. What could not be read is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// Names the question, and its answer.
    pub(crate) uid: String,
    /// Of the object as sent.
    pub(crate) kind: GroupVersionKind,
    /// What is about to be done, where that is known.
    pub(crate) operation: Option<Operation>,
    /// Whether nothing is going to be stored, where that is known: an API server says so after the objects.
    pub(crate) dry_run: Option<bool>,
    api_version: String,
    sub_resource: Option<String>,
    name: Option<String>,
    namespace: Option<String>,
    user: Option<String>,
}

impl Head {
    /// Reads as much as there is, of a body that may be cut off or wrong anywhere. An API server writes all of it
    /// before the objects, which are passed over.
    pub(crate) fn read(body: &[u8]) -> Self {
        let head = RefCell::new(Self::default());
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        // Whatever was read before the fault is in `head`.
        let _ = Part::Review(&head).deserialize(&mut deserializer);
        head.into_inner()
    }

    /// Whether an answer can be given: there is a uid, and the review is of the version that is answered in.
    pub(crate) fn can_be_answered(&self) -> bool {
        !self.uid.is_empty() && self.api_version == API_VERSION
    }

    /// Why no verdict is asked for, where that is so.
    pub(crate) fn passed_over(&self) -> Option<PassedOver> {
        passed_over(self.operation?, self.sub_resource.as_deref())
    }

    /// The object's name.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref().filter(|name| !name.is_empty())
    }

    /// The object's namespace.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref().filter(|namespace| !namespace.is_empty())
    }

    /// Who asks.
    pub(crate) fn user(&self) -> &str {
        self.user.as_deref().unwrap_or_default()
    }
}

impl<O> From<&Request<O>> for Head {
    fn from(request: &Request<O>) -> Self {
        Self {
            uid: request.uid.clone(),
            kind: request.kind.clone(),
            operation: Some(request.operation),
            dry_run: Some(request.dry_run),
            api_version: API_VERSION.to_owned(),
            sub_resource: request.sub_resource.clone(),
            name: request.name.clone(),
            namespace: request.namespace.clone(),
            user: Some(request.user().to_owned()),
        }
    }
}

/// Which map is being read, into which head.
#[derive(Clone, Copy)]
enum Part<'a> {
    Review(&'a RefCell<Head>),
    Request(&'a RefCell<Head>),
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match (self, key.as_str()) {
                (Self::Review(head), "apiVersion") => {
                    let version = map.next_value()?;
                    head.borrow_mut().api_version = version;
                }
                (Self::Review(head), "request") => map.next_value_seed(Part::Request(head))?,
                (Self::Request(head), key) => {
                    // Read before it is put down: a reader that fails must not hold the cell.
                    match key {
                        "uid" => {
                            let uid = map.next_value()?;
                            head.borrow_mut().uid = uid;
                        }
                        "kind" => {
                            let kind = map.next_value()?;
                            head.borrow_mut().kind = kind;
                        }
                        "operation" => {
                            let word = map.next_value::<String>()?;
                            let word = serde::de::value::StrDeserializer::<A::Error>::new(&word);
                            head.borrow_mut().operation = Operation::deserialize(word).ok();
                        }
                        "subResource" => {
                            let name = map.next_value()?;
                            head.borrow_mut().sub_resource = name;
                        }
                        "name" => {
                            let name = map.next_value()?;
                            head.borrow_mut().name = name;
                        }
                        "namespace" => {
                            let namespace = map.next_value()?;
                            head.borrow_mut().namespace = namespace;
                        }
                        "dryRun" => {
                            let value = map.next_value::<&RawValue>()?;
                            head.borrow_mut().dry_run = Some(value.get() == "true");
                        }
                        "userInfo" => {
                            let user = map.next_value::<Option<UserInfo>>()?;
                            head.borrow_mut().user = user.and_then(|user| user.username);
                        }
                        "object" | "oldObject" if head.borrow().is_whole() => {
                            return Err(A::Error::custom("all that is wanted has been read"));
                        }
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

impl Head {
    fn is_whole(&self) -> bool {
        !self.uid.is_empty() && !self.kind.kind.is_empty() && self.user.is_some()
    }
}
