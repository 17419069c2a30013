//! What functions and operators take and return, and since which version API servers have them in new policies.
//!
//! Source: the declarations of `cel-go` and of Kubernetes' libraries. A server takes a function in an expression that is new to it one version after the
//! one that introduced it, so that the version before can read what is stored.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::types::Type;

/// What a function takes and returns.
#[derive(Debug)]
pub(crate) struct Overload {
    pub(crate) method: bool,
    /// What stands before the dot of a method comes first.
    pub(crate) arguments: Vec<Type<'static>>,
    /// Whether the last argument may stand more than once.
    variadic: bool,
    pub(crate) result: Type<'static>,
    /// How many types are left open.
    pub(crate) unknowns: usize,
}

/// The most arguments of a function that takes any number.
const MOST: usize = 20;

impl Overload {
    /// The types of so many arguments; none where it does not take as many.
    pub(crate) fn types(&self, count: usize) -> Option<impl Iterator<Item = &Type<'static>>> {
        let fits = self.arguments.len() == count || self.variadic && count >= 1;
        fits.then(|| (0..count).filter_map(|at| self.arguments.get(at).or(self.arguments.last())))
    }
}

/// How a function can be called: the fewest and the most arguments, what stands before a dot not counted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Forms {
    pub(crate) global: Option<(usize, usize)>,
    pub(crate) method: Option<(usize, usize)>,
}

/// No version has it.
const NEVER: u8 = u8::MAX;
const COMPARED: &str = "(bool,bool)bool (int,int)bool (int,double)bool (int,uint)bool (uint,uint)bool (uint,double)bool \
    (uint,int)bool (double,double)bool (double,int)bool (double,uint)bool (string,string)bool (bytes,bytes)bool \
    (timestamp,timestamp)bool (duration,duration)bool";
const DATE: &str = "timestamp.()int timestamp.(string)int";
const TIME: &str = "timestamp.()int timestamp.(string)int duration.()int";
const FORMAT: &str = "()Format";
const INT_BITS: &str = "(int,int)int (uint,uint)uint";
const SHIFT: &str = "(int,int)int (uint,int)uint";

/// Each function by its name, with its overloads, and the first minor version of Kubernetes that takes it in a new policy; 0 where
/// all have it that have the policies. Capital letters alone stand for any type, the same one wherever they stand.
#[rustfmt::skip]
const SIGNATURES: &[(&str, &str, u8)] = &[
    ("?:", "(bool,A,A)A", 0),
    ("!", "(bool)bool", 0),
    ("-_", "(double)double (int)int", 0),
    ("==", "(A,A)bool", 0),
    ("!=", "(A,A)bool", 0),
    ("<", COMPARED, 0),
    ("<=", COMPARED, 0),
    (">", COMPARED, 0),
    (">=", COMPARED, 0),
    ("+", "(bytes,bytes)bytes (double,double)double (duration,duration)duration (duration,timestamp)timestamp \
        (timestamp,duration)timestamp (int,int)int (list(A),list(A))list(A) (string,string)string (uint,uint)uint", 0),
    ("-", "(double,double)double (duration,duration)duration (int,int)int (timestamp,duration)timestamp \
        (timestamp,timestamp)duration (uint,uint)uint", 0),
    ("*", "(double,double)double (int,int)int (uint,uint)uint", 0),
    ("/", "(double,double)double (int,int)int (uint,uint)uint", 0),
    ("%", "(int,int)int (uint,uint)uint", 0),
    ("in", "(A,list(A))bool (A,map(A,B))bool", 0),
    ("[]", "(list(A),int)A (map(A,B),A)B (opt(list(A)),int)opt(A) (opt(map(A,B)),A)opt(B)", 0),
    ("[?]", "(list(A),int)opt(A) (opt(list(A)),int)opt(A) (map(A,B),A)opt(B) (opt(map(A,B)),A)opt(B)", 0),
    ("add", "Quantity.(Quantity)Quantity Quantity.(int)Quantity", 0),
    ("asApproximateFloat", "Quantity.()double", 0),
    ("asInteger", "Quantity.()int", 0),
    ("base64.decode", "(string)bytes", NEVER),
    ("base64.encode", "(bytes)string", NEVER),
    ("bool", "(bool)bool (string)bool", 0),
    ("bytes", "(bytes)bytes (string)bytes", 0),
    ("charAt", "string.(int)string", 0),
    ("cidr", "(string)CIDR", 31),
    ("compareTo", "Quantity.(Quantity)int Semver.(Semver)int", 0),
    ("contains", "string.(string)bool", 0),
    ("containsCIDR", "CIDR.(string)bool CIDR.(CIDR)bool", 31),
    ("containsIP", "CIDR.(string)bool CIDR.(IP)bool", 31),
    ("distinct", "list(A).()list(A)", 35),
    ("double", "(double)double (int)double (string)double (uint)double", 0),
    // An int is declared too, and has no value in any evaluation.
    ("duration", "(duration)duration (string)duration", 0),
    ("dyn", "(A)dyn", 0),
    ("endsWith", "string.(string)bool", 0),
    ("family", "IP.()int", 31),
    ("find", "string.(string)string", 0),
    ("findAll", "string.(string)list(string) string.(string,int)list(string)", 0),
    ("first", "list(A).()opt(A)", 34),
    ("flatten", "list(list(A)).()list(A) list(dyn).(int)list(dyn)", 35),
    ("format", "string.(list(dyn))string", 30),
    ("format.byte", FORMAT, 31),
    ("format.date", FORMAT, 31),
    ("format.datetime", FORMAT, 31),
    ("format.dns1035Label", FORMAT, 31),
    ("format.dns1035LabelPrefix", FORMAT, 31),
    ("format.dns1123Label", FORMAT, 31),
    ("format.dns1123LabelPrefix", FORMAT, 31),
    ("format.dns1123Subdomain", FORMAT, 31),
    ("format.dns1123SubdomainPrefix", FORMAT, 31),
    ("format.labelValue", FORMAT, 31),
    ("format.named", "(string)opt(Format)", 31),
    ("format.qualifiedName", FORMAT, 31),
    ("format.uri", FORMAT, 31),
    ("format.uuid", FORMAT, 31),
    ("getDate", DATE, 0),
    ("getDayOfMonth", DATE, 0),
    ("getDayOfWeek", DATE, 0),
    ("getDayOfYear", DATE, 0),
    ("getEscapedPath", "URL.()string", 0),
    ("getFullYear", DATE, 0),
    ("getHost", "URL.()string", 0),
    ("getHostname", "URL.()string", 0),
    ("getHours", TIME, 0),
    ("getMilliseconds", TIME, 0),
    ("getMinutes", TIME, 0),
    ("getMonth", DATE, 0),
    ("getPort", "URL.()string", 0),
    ("getQuery", "URL.()map(string,list(string))", 0),
    ("getScheme", "URL.()string", 0),
    ("getSeconds", TIME, 0),
    ("hasValue", "opt(A).()bool", 0),
    ("indexOf", "string.(string)int string.(string,int)int list(A).(A)int", 0),
    ("int", "(int)int (double)int (duration)int (string)int (timestamp)int (uint)int", 0),
    ("ip", "(string)IP CIDR.()IP", 31),
    ("ip.isCanonical", "(string)bool", 31),
    ("isCIDR", "(string)bool", 31),
    ("isGlobalUnicast", "IP.()bool", 31),
    ("isGreaterThan", "Quantity.(Quantity)bool Semver.(Semver)bool", 0),
    ("isIP", "(string)bool", 31),
    ("isInteger", "Quantity.()bool", 0),
    ("isLessThan", "Quantity.(Quantity)bool Semver.(Semver)bool", 0),
    ("isLinkLocalMulticast", "IP.()bool", 31),
    ("isLinkLocalUnicast", "IP.()bool", 31),
    ("isLoopback", "IP.()bool", 31),
    ("isQuantity", "(string)bool", 0),
    ("isSemver", "(string)bool (string,bool)bool", 34),
    ("isSorted", "list(int).()bool list(uint).()bool list(double).()bool list(bool).()bool list(duration).()bool \
        list(timestamp).()bool list(string).()bool list(bytes).()bool", 0),
    ("isURL", "(string)bool", 0),
    ("isUnspecified", "IP.()bool", 31),
    ("join", "list(string).()string list(string).(string)string", 0),
    ("jsonpatch.escapeKey", "(string)string", NEVER),
    ("last", "list(A).()opt(A)", 34),
    ("lastIndexOf", "string.(string)int string.(string,int)int list(A).(A)int", 0),
    ("lists.range", "(int)list(int)", 35),
    ("lowerAscii", "string.()string", 0),
    ("major", "Semver.()int", 34),
    ("masked", "CIDR.()CIDR", 31),
    ("matches", "(string,string)bool string.(string)bool", 0),
    ("math.abs", "(double)double (int)int (uint)uint", NEVER),
    ("math.bitAnd", INT_BITS, NEVER),
    ("math.bitNot", "(int)int (uint)uint", NEVER),
    ("math.bitOr", INT_BITS, NEVER),
    ("math.bitShiftLeft", SHIFT, NEVER),
    ("math.bitShiftRight", SHIFT, NEVER),
    ("math.bitXor", INT_BITS, NEVER),
    ("math.ceil", "(double)double", NEVER),
    ("math.floor", "(double)double", NEVER),
    ("math.greatest", "(dyn...)dyn", NEVER),
    ("math.isFinite", "(double)bool", NEVER),
    ("math.isInf", "(double)bool", NEVER),
    ("math.isNaN", "(double)bool", NEVER),
    ("math.least", "(dyn...)dyn", NEVER),
    ("math.round", "(double)double", NEVER),
    ("math.sign", "(double)double (int)int (uint)uint", NEVER),
    ("math.sqrt", "(double)double (int)double (uint)double", NEVER),
    ("math.trunc", "(double)double", NEVER),
    ("max", "list(int).()int list(uint).()uint list(double).()double list(bool).()bool list(duration).()duration \
        list(timestamp).()timestamp list(string).()string list(bytes).()bytes", 0),
    ("min", "list(int).()int list(uint).()uint list(double).()double list(bool).()bool list(duration).()duration \
        list(timestamp).()timestamp list(string).()string list(bytes).()bytes", 0),
    ("minor", "Semver.()int", 34),
    ("optional.none", "()opt(A)", 0),
    ("optional.of", "(A)opt(A)", 0),
    ("optional.ofNonZeroValue", "(A)opt(A)", 0),
    ("or", "opt(A).(opt(A))opt(A)", 0),
    ("orValue", "opt(A).(A)A", 0),
    ("patch", "Semver.()int", 34),
    ("prefixLength", "CIDR.()int", 31),
    ("quantity", "(string)Quantity", 0),
    ("replace", "string.(string,string)string string.(string,string,int)string", 0),
    ("reverse", "list(A).()list(A)", 35),
    ("semver", "(string)Semver (string,bool)Semver", 34),
    ("sets.contains", "(list(A),list(A))bool", 30),
    ("sets.equivalent", "(list(A),list(A))bool", 30),
    ("sets.intersects", "(list(A),list(A))bool", 30),
    ("sign", "(Quantity)int", 0),
    ("size", "(bytes)int bytes.()int (list(A))int list(A).()int (map(A,B))int map(A,B).()int (string)int string.()int", 0),
    ("slice", "list(A).(int,int)list(A)", 35),
    ("sort", "list(int).()list(int) list(uint).()list(uint) list(double).()list(double) list(bool).()list(bool) \
        list(duration).()list(duration) list(timestamp).()list(timestamp) list(string).()list(string) list(bytes).()list(bytes)", 35),
    ("split", "string.(string)list(string) string.(string,int)list(string)", 0),
    ("startsWith", "string.(string)bool", 0),
    ("string", "(string)string (bool)string (bytes)string (double)string (duration)string (int)string (timestamp)string \
        (uint)string (IP)string (CIDR)string", 0),
    ("strings.quote", "(string)string", 30),
    ("sub", "Quantity.(Quantity)Quantity Quantity.(int)Quantity", 0),
    ("substring", "string.(int)string string.(int,int)string", 0),
    ("sum", "list(int).()int list(uint).()uint list(double).()double list(duration).()duration", 0),
    ("timestamp", "(timestamp)timestamp (int)timestamp (string)timestamp", 0),
    ("trim", "string.()string", 0),
    ("type", "(A)type", 0),
    ("uint", "(uint)uint (double)uint (int)uint (string)uint", 0),
    ("upperAscii", "string.()string", 0),
    ("url", "(string)URL", 0),
    ("validate", "Format.(string)opt(list(string))", 31),
    ("value", "opt(A).()A", 0),
];

/// The first version that has macros with two variables.
pub(crate) const TWO_VARIABLES: u8 = 33;

/// A function's overloads and its first version.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) overloads: Vec<Overload>,
    pub(crate) since: u8,
    forms: Forms,
}

static TABLE: LazyLock<HashMap<&'static str, Signature>> = LazyLock::new(|| {
    let read = |(name, text, since): &(&'static str, &str, u8)| {
        let overloads: Vec<Overload> = text.split_whitespace().filter_map(overload).collect();
        let forms = Forms { global: counts(&overloads, false), method: counts(&overloads, true) };
        (*name, Signature { overloads, since: *since, forms })
    };
    SIGNATURES.iter().map(read).collect()
});

/// What there is to know of a function or an operator.
pub(crate) fn signature(name: &str) -> Option<&'static Signature> {
    TABLE.get(name)
}

/// How a function can be called.
pub(crate) fn forms(name: &str) -> Forms {
    signature(name).map(|signature| signature.forms).unwrap_or_default()
}

/// The first minor version of Kubernetes that takes a function or a macro in a new policy; none where all do.
pub(crate) fn since(name: &str) -> Option<u8> {
    signature(name).map(|signature| signature.since).filter(|since| !matches!(*since, 0 | NEVER))
}

fn counts(overloads: &[Overload], method: bool) -> Option<(usize, usize)> {
    let mut out: Option<(usize, usize)> = None;
    for overload in overloads.iter().filter(|overload| overload.method == method) {
        let least = overload.arguments.len() - usize::from(method);
        let most = if overload.variadic { MOST } else { least };
        out = Some(out.map_or((least, most), |(low, high)| (low.min(least), high.max(most))));
    }
    out
}

/// An overload, by its text.
fn overload(text: &str) -> Option<Overload> {
    let mut reader = Reader { rest: text, letters: Vec::new() };
    let mut arguments = Vec::new();
    let method = !text.starts_with('(');
    if method {
        arguments.push(reader.of()?);
        reader.eat(".")?;
    }
    reader.eat("(")?;
    let mut variadic = false;
    while reader.eat(")").is_none() {
        arguments.push(reader.of()?);
        variadic = reader.eat("...").is_some();
        let _ = reader.eat(",");
    }
    let result = reader.of()?;
    Some(Overload { method, arguments, variadic, result, unknowns: reader.letters.len() })
}

struct Reader<'t> {
    rest: &'t str,
    /// The letters that stand for types.
    letters: Vec<&'t str>,
}

impl Reader<'_> {
    fn eat(&mut self, sign: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(sign)?;
        Some(())
    }

    fn of(&mut self) -> Option<Type<'static>> {
        let length = self.rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let (name, rest) = self.rest.split_at(length);
        self.rest = rest;
        let plain = match name {
            "dyn" => Type::Dyn,
            "bool" => Type::Bool,
            "int" => Type::Int,
            "uint" => Type::Uint,
            "double" => Type::Double,
            "string" => Type::String,
            "bytes" => Type::Bytes,
            "timestamp" => Type::Timestamp,
            "duration" => Type::Duration,
            "type" => Type::Meta,
            "Quantity" => Type::Library("Quantity"),
            "Semver" => Type::Library("Semver"),
            "Format" => Type::Library("Format"),
            "CIDR" => Type::Library("CIDR"),
            "URL" => Type::Library("URL"),
            "IP" => Type::Library("IP"),
            "list" | "map" | "opt" => {
                self.eat("(")?;
                let first = self.of()?;
                let made = match name {
                    "list" => Type::list(first),
                    "opt" => Type::optional(first),
                    _ => {
                        self.eat(",")?;
                        Type::map(first, self.of()?)
                    }
                };
                self.eat(")")?;
                return Some(made);
            }
            letter if letter.len() == 1 => {
                let known = self.letters.iter().position(|known| *known == letter);
                return Some(Type::Unknown(known.unwrap_or_else(|| {
                    self.letters.push(letter);
                    self.letters.len() - 1
                })));
            }
            _ => return None,
        };
        Some(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::{FUNCTIONS, is_beyond_kubernetes};

    #[test]
    fn every_function_has_a_signature() {
        for (name, text, since) in SIGNATURES {
            assert_eq!(
                signature(name).unwrap().overloads.len(),
                text.split_whitespace().count(),
                "{name}: {text}"
            );
            assert_eq!(*since == NEVER, is_beyond_kubernetes(name), "{name}");
            let is_operator = !name.starts_with(|c: char| c.is_ascii_alphabetic()) || *name == "in";
            assert!(is_operator || FUNCTIONS.iter().any(|function| function.name == *name), "{name}");
        }
        for function in FUNCTIONS {
            assert!(signature(function.name).is_some(), "{}", function.name);
        }
    }

    #[test]
    fn forms_are_counted() {
        let of = |name| (forms(name).global, forms(name).method);
        assert_eq!(of("ip"), (Some((1, 1)), Some((0, 0))));
        assert_eq!(of("indexOf"), (None, Some((1, 2))));
        assert_eq!(of("math.greatest"), (Some((1, 20)), None));
    }
}
