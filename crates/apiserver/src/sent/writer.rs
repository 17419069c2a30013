//! Writes a value of the API's types in a form.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::de::value::Error;
use serde::ser::{
    Error as _, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer,
};

use super::form::Form;
use crate::pod::quantity::Quantity;
use crate::schema::{Schema, Shape, TypeId};
use crate::stored::written_as_null;
use crate::wanted::{EVERYTHING, Wanted};

/// Texts that are written even where they are empty: in Go, without `omitempty`.
const WRITTEN_EMPTY: [(&str, &str); 1] = [("HTTPHeader", "value")];

/// What is in a value, as far as it decides whether the value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Zero, `false`, or an empty text.
    Zero,
    EmptyList,
    EmptyMap,
    Some,
}

type Written<F> = (<F as Form>::Value, Content);

/// Writes one value.
pub(super) struct Writer<'w, F> {
    /// None of what the schema does not know.
    shape: Option<&'static Shape>,
    wanted: &'w Wanted,
    form: PhantomData<F>,
}

impl<'w, F: Form> Writer<'w, F> {
    pub(super) fn new(shape: Option<&'static Shape>, wanted: &'w Wanted) -> Self {
        Self { shape, wanted, form: PhantomData }
    }

    fn text(&self, text: String) -> Written<F> {
        let content = if text.is_empty() { Content::Zero } else { Content::Some };
        (F::text(text), content)
    }

    fn entries(&self, wanted: &'w Wanted, count: usize) -> Entries<'w, F> {
        let (of, elements) = match self.shape {
            Some(Shape::Object(id)) => (Some(*id), None),
            Some(Shape::Map(element)) => (None, Some(*element)),
            _ => (None, None),
        };
        Entries { of, elements, wanted, key: String::new(), entries: Vec::with_capacity(count) }
    }
}

impl<'w, F: Form> Serializer for Writer<'w, F> {
    type Ok = Written<F>;
    type Error = Error;
    type SerializeSeq = Items<'w, F>;
    type SerializeTuple = Impossible<Self::Ok, Error>;
    type SerializeTupleStruct = Impossible<Self::Ok, Error>;
    type SerializeTupleVariant = Impossible<Self::Ok, Error>;
    type SerializeMap = Entries<'w, F>;
    type SerializeStruct = Entries<'w, F>;
    type SerializeStructVariant = Impossible<Self::Ok, Error>;

    fn serialize_bool(self, value: bool) -> Result<Self::Ok, Error> {
        Ok((F::bool(value), if value { Content::Some } else { Content::Zero }))
    }

    fn serialize_i8(self, value: i8) -> Result<Self::Ok, Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<Self::Ok, Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<Self::Ok, Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<Self::Ok, Error> {
        Ok((F::int(value), if value == 0 { Content::Zero } else { Content::Some }))
    }

    fn serialize_u8(self, value: u8) -> Result<Self::Ok, Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<Self::Ok, Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<Self::Ok, Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<Self::Ok, Error> {
        match i64::try_from(value) {
            Ok(value) => self.serialize_i64(value),
            #[allow(clippy::cast_precision_loss)] // As in JSON: a number beyond what is whole there.
            Err(_) => self.serialize_f64(value as f64),
        }
    }

    fn serialize_f32(self, value: f32) -> Result<Self::Ok, Error> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<Self::Ok, Error> {
        Ok((if value.is_finite() { F::float(value) } else { F::null() }, Content::Some))
    }

    fn serialize_char(self, value: char) -> Result<Self::Ok, Error> {
        Ok(self.text(value.to_string()))
    }

    fn serialize_str(self, text: &str) -> Result<Self::Ok, Error> {
        let canonical = match self.shape {
            Some(Shape::Quantity) => Quantity::parse(text).ok().map(|quantity| quantity.canonical()),
            _ => None,
        };
        Ok(self.text(canonical.unwrap_or_else(|| text.to_owned())))
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Self::Ok, Error> {
        Err(Error::custom("bytes"))
    }

    fn serialize_none(self) -> Result<Self::Ok, Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Self::Ok, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Self::Ok, Error> {
        Ok((F::null(), Content::Some))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Self::Ok, Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<Self::Ok, Error> {
        self.serialize_str(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Self::Ok, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Self::Ok, Error> {
        Err(Error::custom("a variant"))
    }

    fn serialize_seq(self, count: Option<usize>) -> Result<Items<'w, F>, Error> {
        let shape = match self.shape {
            Some(Shape::List(element)) => Some(*element),
            _ => None,
        };
        let wanted = if self.shape.is_some() { self.wanted.element() } else { &EVERYTHING };
        Ok(Items { shape, wanted, items: Vec::with_capacity(count.unwrap_or_default()) })
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        Err(Error::custom("a tuple"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTuple, Error> {
        Err(Error::custom("a tuple"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTuple, Error> {
        Err(Error::custom("a variant"))
    }

    /// All entries: which there are decides whether the map is there.
    fn serialize_map(self, count: Option<usize>) -> Result<Entries<'w, F>, Error> {
        Ok(self.entries(&EVERYTHING, count.unwrap_or_default()))
    }

    fn serialize_struct(self, _: &'static str, count: usize) -> Result<Entries<'w, F>, Error> {
        Ok(self.entries(self.wanted, count))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(Error::custom("a variant"))
    }
}

/// The elements of a list.
pub(super) struct Items<'w, F: Form> {
    shape: Option<&'static Shape>,
    wanted: &'w Wanted,
    items: Vec<F::Value>,
}

impl<F: Form> SerializeSeq for Items<'_, F> {
    type Ok = Written<F>;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let (value, _) = value.serialize(Writer::<F>::new(self.shape, self.wanted))?;
        self.items.push(value);
        Ok(())
    }

    fn end(self) -> Result<Self::Ok, Error> {
        let content = if self.items.is_empty() { Content::EmptyList } else { Content::Some };
        Ok((F::list(self.items), content))
    }
}

/// The entries of a map, or the fields of an object.
pub(super) struct Entries<'w, F: Form> {
    /// The object's type; none of a map.
    of: Option<TypeId>,
    /// The shape of what is in a map.
    elements: Option<&'static Shape>,
    wanted: &'w Wanted,
    key: String,
    entries: Vec<(Cow<'static, str>, F::Value)>,
}

impl<F: Form> Entries<'_, F> {
    fn put<T: Serialize + ?Sized>(&mut self, name: Cow<'static, str>, value: &T) -> Result<(), Error> {
        let schema = Schema::newest();
        let Some(id) = self.of else {
            let (value, _) = value.serialize(Writer::<F>::new(self.elements, &EVERYTHING))?;
            self.entries.push((name, value));
            return Ok(());
        };
        let Some(wanted) = self.wanted.field(&name) else { return Ok(()) };
        let Some(field) = schema.field(id, &name) else {
            let (value, _) = value.serialize(Writer::<F>::new(None, &EVERYTHING))?;
            self.entries.push((name, value));
            return Ok(());
        };
        let (value, content) = value.serialize(Writer::<F>::new(Some(&field.shape), wanted))?;
        let is_left_out = match (&field.shape, content) {
            (Shape::List(_), Content::EmptyList) | (Shape::Map(_), Content::EmptyMap) => true,
            (_, Content::Zero) => {
                field.zero_is_unset() && !WRITTEN_EMPTY.contains(&(schema.ty(id).name, field.name))
            }
            _ => false,
        };
        if !is_left_out {
            self.entries.push((name, value));
        }
        Ok(())
    }

    fn written(mut self) -> Written<F> {
        if let Some(id) = self.of {
            let schema = Schema::newest();
            let is_missing = |entries: &[(Cow<'static, str>, F::Value)], name: &str| {
                !entries.iter().any(|(field, _)| field == name)
            };
            for name in written_as_null(schema.ty(id).name) {
                if self.wanted.field(name).is_some() && is_missing(&self.entries, name) {
                    self.entries.push((Cow::Borrowed(name), F::null()));
                }
            }
            for (name, below) in always_there(schema, id) {
                if let Some(wanted) = self.wanted.field(name)
                    && is_missing(&self.entries, name)
                {
                    self.entries.push((Cow::Borrowed(name), empty::<F>(schema, below, wanted)));
                }
            }
        }
        let content = if self.entries.is_empty() { Content::EmptyMap } else { Content::Some };
        (F::map(self.entries), content)
    }
}

impl<F: Form> SerializeStruct for Entries<'_, F> {
    type Ok = Written<F>;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.put(Cow::Borrowed(name), value)
    }

    fn end(self) -> Result<Self::Ok, Error> {
        Ok(self.written())
    }
}

impl<F: Form> SerializeMap for Entries<'_, F> {
    type Ok = Written<F>;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        (self.key, _) = key.serialize(Writer::<Name>::new(None, &EVERYTHING))?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = std::mem::take(&mut self.key);
        self.put(Cow::Owned(key), value)
    }

    fn end(self) -> Result<Self::Ok, Error> {
        Ok(self.written())
    }
}

/// The objects that a type always holds.
fn always_there(schema: Schema, id: TypeId) -> impl Iterator<Item = (&'static str, TypeId)> {
    schema.fields(id).filter(|field| field.is_always_there()).filter_map(|field| match field.shape {
        Shape::Object(below) => Some((field.name, below)),
        _ => None,
    })
}

/// An object of which nothing is written.
fn empty<F: Form>(schema: Schema, id: TypeId, wanted: &Wanted) -> F::Value {
    let entries = always_there(schema, id).filter_map(|(name, below)| {
        Some((Cow::Borrowed(name), empty::<F>(schema, below, wanted.field(name)?)))
    });
    F::map(entries.collect())
}

/// The text of a key: what is no text has none.
enum Name {}

impl Form for Name {
    type Value = String;

    fn null() -> String {
        String::new()
    }

    fn bool(_: bool) -> String {
        String::new()
    }

    fn int(_: i64) -> String {
        String::new()
    }

    fn float(_: f64) -> String {
        String::new()
    }

    fn text(text: String) -> String {
        text
    }

    fn list(_: Vec<String>) -> String {
        String::new()
    }

    fn map(_: Vec<(Cow<'static, str>, String)>) -> String {
        String::new()
    }
}
