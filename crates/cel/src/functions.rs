//! The functions of the language and of Kubernetes' libraries: their names, who computes them and what
//! computing them costs.

/// A function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Function {
    /// With its namespace (`math.greatest`).
    pub(crate) name: &'static str,
    pub(crate) how: How,
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

const fn native(name: &'static str, native: Native) -> Function {
    Function { name, how: How::Native(native) }
}

const fn library(name: &'static str, charge: Charge) -> Function {
    Function { name, how: How::Library(charge) }
}

const fn date(name: &'static str, part: DatePart) -> Function {
    native(name, Native::Date(part))
}

use Charge::{Format, Plain, Product, Range, Replace, Search, Sort};

/// All functions, by name.
#[rustfmt::skip]
pub(crate) const FUNCTIONS: &[Function] = &[
    library("add", Plain),
    library("asApproximateFloat", Plain),
    library("asInteger", Plain),
    library("base64.decode", Plain),
    library("base64.encode", Plain),
    native("bool", Native::Bool),
    native("bytes", Native::Bytes),
    library("charAt", Plain),
    library("cidr", Plain),
    library("compareTo", Plain),
    native("contains", Native::Contains),
    library("containsCIDR", Plain),
    library("containsIP", Plain),
    library("distinct", Product),
    native("double", Native::Double),
    native("duration", Native::Duration),
    native("dyn", Native::Dyn),
    native("endsWith", Native::EndsWith),
    library("family", Plain),
    native("find", Native::Find),
    native("findAll", Native::FindAll),
    library("first", Plain),
    library("flatten", Sort),
    library("format", Format),
    library("format.byte", Plain),
    library("format.date", Plain),
    library("format.datetime", Plain),
    library("format.dns1035Label", Plain),
    library("format.dns1035LabelPrefix", Plain),
    library("format.dns1123Label", Plain),
    library("format.dns1123LabelPrefix", Plain),
    library("format.dns1123Subdomain", Plain),
    library("format.dns1123SubdomainPrefix", Plain),
    library("format.labelValue", Plain),
    library("format.named", Plain),
    library("format.qualifiedName", Plain),
    library("format.uri", Plain),
    library("format.uuid", Plain),
    date("getDate", DatePart::Date),
    date("getDayOfMonth", DatePart::DayOfMonth),
    date("getDayOfWeek", DatePart::DayOfWeek),
    date("getDayOfYear", DatePart::DayOfYear),
    library("getEscapedPath", Plain),
    date("getFullYear", DatePart::FullYear),
    library("getHost", Plain),
    library("getHostname", Plain),
    date("getHours", DatePart::Hours),
    date("getMilliseconds", DatePart::Milliseconds),
    date("getMinutes", DatePart::Minutes),
    date("getMonth", DatePart::Month),
    library("getPort", Plain),
    library("getQuery", Plain),
    library("getScheme", Plain),
    date("getSeconds", DatePart::Seconds),
    native("hasValue", Native::HasValue),
    library("indexOf", Search),
    native("int", Native::Int),
    library("ip", Plain),
    library("ip.isCanonical", Plain),
    library("isCIDR", Plain),
    library("isGlobalUnicast", Plain),
    library("isGreaterThan", Plain),
    library("isIP", Plain),
    library("isInteger", Plain),
    library("isLessThan", Plain),
    library("isLinkLocalMulticast", Plain),
    library("isLinkLocalUnicast", Plain),
    library("isLoopback", Plain),
    library("isQuantity", Plain),
    library("isSemver", Plain),
    library("isSorted", Plain),
    library("isURL", Plain),
    library("isUnspecified", Plain),
    native("join", Native::Join),
    library("jsonpatch.escapeKey", Plain),
    library("last", Plain),
    library("lastIndexOf", Search),
    library("lists.range", Range),
    native("lowerAscii", Native::LowerAscii),
    library("major", Plain),
    library("masked", Plain),
    native("matches", Native::Matches),
    library("math.abs", Plain),
    library("math.bitAnd", Plain),
    library("math.bitNot", Plain),
    library("math.bitOr", Plain),
    library("math.bitShiftLeft", Plain),
    library("math.bitShiftRight", Plain),
    library("math.bitXor", Plain),
    library("math.ceil", Plain),
    library("math.floor", Plain),
    library("math.greatest", Plain),
    library("math.isFinite", Plain),
    library("math.isInf", Plain),
    library("math.isNaN", Plain),
    library("math.least", Plain),
    library("math.round", Plain),
    library("math.sign", Plain),
    library("math.sqrt", Plain),
    library("math.trunc", Plain),
    library("max", Plain),
    library("min", Plain),
    library("minor", Plain),
    native("optional.none", Native::OptionalNone),
    native("optional.of", Native::OptionalOf),
    native("optional.ofNonZeroValue", Native::OptionalOfNonZero),
    native("or", Native::Or),
    native("orValue", Native::OrValue),
    library("patch", Plain),
    library("prefixLength", Plain),
    native("quantity", Native::Quantity),
    library("replace", Replace),
    library("reverse", Plain),
    library("semver", Plain),
    library("sets.contains", Product),
    library("sets.equivalent", Product),
    library("sets.intersects", Product),
    library("sign", Plain),
    native("size", Native::Size),
    library("slice", Plain),
    library("sort", Sort),
    library("split", Plain),
    native("startsWith", Native::StartsWith),
    native("string", Native::String),
    library("strings.quote", Plain),
    library("sub", Plain),
    library("substring", Plain),
    library("sum", Plain),
    native("timestamp", Native::Timestamp),
    library("trim", Plain),
    native("type", Native::Type),
    native("uint", Native::Uint),
    native("upperAscii", Native::UpperAscii),
    library("url", Plain),
    library("validate", Plain),
    native("value", Native::OptionalValue),
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
