//! What objects are made into.

use std::borrow::Cow;

/// What an object is made into.
pub trait Form {
    /// An object, or a part of it.
    type Value;
    /// Null.
    fn null() -> Self::Value;
    /// A boolean.
    fn bool(value: bool) -> Self::Value;
    /// A whole number.
    fn int(value: i64) -> Self::Value;
    /// Another number.
    fn float(value: f64) -> Self::Value;
    /// A text.
    fn text(text: String) -> Self::Value;
    /// A list.
    fn list(items: Vec<Self::Value>) -> Self::Value;
    /// A map, or an object by its fields.
    fn map(entries: Vec<(Cow<'static, str>, Self::Value)>) -> Self::Value;
}
