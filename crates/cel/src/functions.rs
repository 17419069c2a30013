//! The functions of the language and of Kubernetes' libraries: their names, their arguments, who computes them and what
//! computing them costs.

/// A function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Function {
    /// With its namespace (`math.greatest`).
    pub(crate) name: &'static str,
    /// Whether it follows its first argument and a dot.
    pub(crate) form: Form,
    /// The fewest and the most arguments, what stands before the dot not counted.
    pub(crate) arguments: (usize, usize),
    pub(crate) how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Method,
    Global,
    Either,
}

/// Who computes it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum How {
    /// We.
    Native(Native),
    /// The crate `kube-cel`.
    Library(Charge),
}

/// Functions that are computed here: those that the crate `cel` computes otherwise than `cel-go`, and those that most
/// expressions have, since every call of the library copies its arguments twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Native {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    Find,
    FindAll,
    Bool,
    Bytes,
    Double,
    Duration,
    Dyn,
    Int,
    String,
    Timestamp,
    Type,
    Uint,
    Date(DatePart),
    OptionalNone,
    OptionalOf,
    OptionalOfNonZero,
    OptionalValue,
    HasValue,
    Or,
    OrValue,
    Join,
    LowerAscii,
    UpperAscii,
    Quantity,
}

/// What of a timestamp or a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatePart {
    Date,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    FullYear,
    Hours,
    Milliseconds,
    Minutes,
    Month,
    Seconds,
}

/// What a call of the library costs besides a look at all arguments, twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charge {
    /// Nothing.
    Plain,
    /// The product of the weights of two lists, or of a list with itself.
    Product,
    /// What sorting costs beside looking at all.
    Sort,
    /// The product of two texts.
    Search,
    /// What a replacement may make of a text.
    Replace,
    /// The numbers that `lists.range` makes.
    Range,
    /// What a format makes, with the digits that it asks for.
    Format,
}

const fn native(name: &'static str, form: Form, arguments: (usize, usize), native: Native) -> Function {
    Function { name, form, arguments, how: How::Native(native) }
}

const fn library(name: &'static str, form: Form, arguments: (usize, usize), charge: Charge) -> Function {
    Function { name, form, arguments, how: How::Library(charge) }
}

const fn date(name: &'static str, part: DatePart) -> Function {
    native(name, Form::Method, (0, 1), Native::Date(part))
}

use Charge::{Format, Plain, Product, Range, Replace, Search, Sort};
use Form::{Either, Global, Method};

/// All functions, by name.
#[rustfmt::skip]
pub(crate) const FUNCTIONS: &[Function] = &[
    library("add", Method, (1, 1), Plain),
    library("asApproximateFloat", Method, (0, 0), Plain),
    library("asInteger", Method, (0, 0), Plain),
    library("base64.decode", Global, (1, 1), Plain),
    library("base64.encode", Global, (1, 1), Plain),
    native("bool", Global, (1, 1), Native::Bool),
    native("bytes", Global, (1, 1), Native::Bytes),
    library("charAt", Method, (1, 1), Plain),
    library("cidr", Global, (1, 1), Plain),
    library("compareTo", Method, (1, 1), Plain),
    native("contains", Method, (1, 1), Native::Contains),
    library("containsCIDR", Method, (1, 1), Plain),
    library("containsIP", Method, (1, 1), Plain),
    library("distinct", Method, (0, 0), Product),
    native("double", Global, (1, 1), Native::Double),
    native("duration", Global, (1, 1), Native::Duration),
    native("dyn", Global, (1, 1), Native::Dyn),
    native("endsWith", Method, (1, 1), Native::EndsWith),
    library("family", Method, (0, 0), Plain),
    native("find", Method, (1, 1), Native::Find),
    native("findAll", Method, (1, 2), Native::FindAll),
    library("first", Method, (0, 0), Plain),
    library("flatten", Method, (0, 1), Sort),
    library("format", Method, (1, 1), Format),
    library("format.byte", Global, (0, 0), Plain),
    library("format.date", Global, (0, 0), Plain),
    library("format.datetime", Global, (0, 0), Plain),
    library("format.dns1035Label", Global, (0, 0), Plain),
    library("format.dns1035LabelPrefix", Global, (0, 0), Plain),
    library("format.dns1123Label", Global, (0, 0), Plain),
    library("format.dns1123LabelPrefix", Global, (0, 0), Plain),
    library("format.dns1123Subdomain", Global, (0, 0), Plain),
    library("format.dns1123SubdomainPrefix", Global, (0, 0), Plain),
    library("format.labelValue", Global, (0, 0), Plain),
    library("format.named", Global, (1, 1), Plain),
    library("format.qualifiedName", Global, (0, 0), Plain),
    library("format.uri", Global, (0, 0), Plain),
    library("format.uuid", Global, (0, 0), Plain),
    date("getDate", DatePart::Date),
    date("getDayOfMonth", DatePart::DayOfMonth),
    date("getDayOfWeek", DatePart::DayOfWeek),
    date("getDayOfYear", DatePart::DayOfYear),
    library("getEscapedPath", Method, (0, 0), Plain),
    date("getFullYear", DatePart::FullYear),
    library("getHost", Method, (0, 0), Plain),
    library("getHostname", Method, (0, 0), Plain),
    date("getHours", DatePart::Hours),
    date("getMilliseconds", DatePart::Milliseconds),
    date("getMinutes", DatePart::Minutes),
    date("getMonth", DatePart::Month),
    library("getPort", Method, (0, 0), Plain),
    library("getQuery", Method, (0, 0), Plain),
    library("getScheme", Method, (0, 0), Plain),
    date("getSeconds", DatePart::Seconds),
    native("hasValue", Method, (0, 0), Native::HasValue),
    library("indexOf", Method, (1, 2), Search),
    native("int", Global, (1, 1), Native::Int),
    library("ip", Either, (0, 1), Plain),
    library("ip.isCanonical", Global, (1, 1), Plain),
    library("isCIDR", Global, (1, 1), Plain),
    library("isGlobalUnicast", Method, (0, 0), Plain),
    library("isGreaterThan", Method, (1, 1), Plain),
    library("isIP", Global, (1, 1), Plain),
    library("isInteger", Method, (0, 0), Plain),
    library("isLessThan", Method, (1, 1), Plain),
    library("isLinkLocalMulticast", Method, (0, 0), Plain),
    library("isLinkLocalUnicast", Method, (0, 0), Plain),
    library("isLoopback", Method, (0, 0), Plain),
    library("isQuantity", Global, (1, 1), Plain),
    library("isSemver", Global, (1, 2), Plain),
    library("isSorted", Method, (0, 0), Plain),
    library("isURL", Global, (1, 1), Plain),
    library("isUnspecified", Method, (0, 0), Plain),
    native("join", Method, (0, 1), Native::Join),
    library("jsonpatch.escapeKey", Global, (1, 1), Plain),
    library("last", Method, (0, 0), Plain),
    library("lastIndexOf", Method, (1, 2), Search),
    library("lists.range", Global, (1, 1), Range),
    native("lowerAscii", Method, (0, 0), Native::LowerAscii),
    library("major", Method, (0, 0), Plain),
    library("masked", Method, (0, 0), Plain),
    native("matches", Method, (1, 1), Native::Matches),
    library("math.abs", Global, (1, 1), Plain),
    library("math.bitAnd", Global, (2, 2), Plain),
    library("math.bitNot", Global, (1, 1), Plain),
    library("math.bitOr", Global, (2, 2), Plain),
    library("math.bitShiftLeft", Global, (2, 2), Plain),
    library("math.bitShiftRight", Global, (2, 2), Plain),
    library("math.bitXor", Global, (2, 2), Plain),
    library("math.ceil", Global, (1, 1), Plain),
    library("math.floor", Global, (1, 1), Plain),
    library("math.greatest", Global, (1, 20), Plain),
    library("math.isFinite", Global, (1, 1), Plain),
    library("math.isInf", Global, (1, 1), Plain),
    library("math.isNaN", Global, (1, 1), Plain),
    library("math.least", Global, (1, 20), Plain),
    library("math.round", Global, (1, 1), Plain),
    library("math.sign", Global, (1, 1), Plain),
    library("math.sqrt", Global, (1, 1), Plain),
    library("math.trunc", Global, (1, 1), Plain),
    library("max", Method, (0, 0), Plain),
    library("min", Method, (0, 0), Plain),
    library("minor", Method, (0, 0), Plain),
    native("optional.none", Global, (0, 0), Native::OptionalNone),
    native("optional.of", Global, (1, 1), Native::OptionalOf),
    native("optional.ofNonZeroValue", Global, (1, 1), Native::OptionalOfNonZero),
    native("or", Method, (1, 1), Native::Or),
    native("orValue", Method, (1, 1), Native::OrValue),
    library("patch", Method, (0, 0), Plain),
    library("prefixLength", Method, (0, 0), Plain),
    native("quantity", Global, (1, 1), Native::Quantity),
    library("replace", Method, (2, 3), Replace),
    library("reverse", Method, (0, 0), Plain),
    library("semver", Global, (1, 2), Plain),
    library("sets.contains", Global, (2, 2), Product),
    library("sets.equivalent", Global, (2, 2), Product),
    library("sets.intersects", Global, (2, 2), Product),
    library("sign", Either, (0, 1), Plain),
    native("size", Either, (0, 1), Native::Size),
    library("slice", Method, (2, 2), Plain),
    library("sort", Method, (0, 0), Sort),
    library("split", Method, (1, 2), Plain),
    native("startsWith", Method, (1, 1), Native::StartsWith),
    native("string", Global, (1, 1), Native::String),
    library("strings.quote", Global, (1, 1), Plain),
    library("sub", Method, (1, 1), Plain),
    library("substring", Method, (1, 2), Plain),
    library("sum", Method, (0, 0), Plain),
    native("timestamp", Global, (1, 1), Native::Timestamp),
    library("trim", Method, (0, 0), Plain),
    native("type", Global, (1, 1), Native::Type),
    native("uint", Global, (1, 1), Native::Uint),
    native("upperAscii", Method, (0, 0), Native::UpperAscii),
    library("url", Global, (1, 1), Plain),
    library("validate", Method, (1, 1), Plain),
    native("value", Method, (0, 0), Native::OptionalValue),
];

/// Whether API servers do not have a function or macro, though other engines do: none of 1.36 has it in its policies.
pub(crate) fn is_beyond_kubernetes(name: &str) -> bool {
    ["math.", "base64.", "jsonpatch."].iter().any(|namespace| name.starts_with(namespace))
        || name == "cel.bind"
}

/// Macros: called like functions, and known by other means.
pub(crate) const MACROS: &[&str] = &[
    "all",
    "cel.bind",
    "exists",
    "exists_one",
    "existsOne",
    "filter",
    "has",
    "map",
    "optFlatMap",
    "optMap",
    "transformList",
    "transformMap",
];

/// The function with this name.
pub(crate) fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.binary_search_by_key(&name, |function| function.name).ok().map(|at| &FUNCTIONS[at])
}

/// What stands before the dot of functions that are no methods.
pub(crate) fn is_namespace(name: &str) -> bool {
    FUNCTIONS
        .iter()
        .any(|function| function.name.split_once('.').is_some_and(|(namespace, _)| namespace == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_in_order() {
        assert!(FUNCTIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
