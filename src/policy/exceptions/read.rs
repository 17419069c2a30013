//! The `exceptions` section.

use std::collections::HashMap;

use jiff::civil::Date;

use crate::policy::Place;
use crate::policy::reader::{Reader, Value, quoted};
use crate::policy::rules::{self, Target};
use crate::policy::{Match, RuleSpec};
use jobguard_apiserver::names;
use jobguard_manifest::At;
use jobguard_manifest::{NodeKind, Span};

/// More exceptions than this are no exceptions.
pub(in crate::policy) const MAX_EXCEPTIONS: usize = 500;
/// How many rules one exception names: more than there are.
pub(in crate::policy) const MAX_RULES: usize = 200;
/// The longest name of an exception, in bytes.
pub(in crate::policy) const MAX_NAME: usize = 63;
/// The longest reason, in characters.
pub(in crate::policy) const MAX_REASON: usize = 500;

/// An exception as a file writes it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::policy) struct Excepted {
    pub(in crate::policy) name: Option<String>,
    pub(in crate::policy) field: String,
    /// As written, and what is meant.
    pub(in crate::policy) rules: Vec<(String, Target)>,
    pub(in crate::policy) matching: Match,
    pub(in crate::policy) reason: String,
    pub(in crate::policy) until: Option<Date>,
    pub(in crate::policy) span: Span,
    /// What the span comes to, which the loader works out.
    pub(in crate::policy) place: Place,
}

/// How a value is read that other sections have as well.
type Read<T> = fn(&mut Reader<'_>, Value, &At<'_>) -> T;

/// What the section is read with.
#[derive(Clone, Copy)]
pub(in crate::policy) struct With<'c> {
    pub(in crate::policy) catalog: &'c [&'static RuleSpec],
    /// Reads a `match`.
    pub(in crate::policy) matches: Read<Match>,
    /// Reads a day; the outer none is a fault, the inner one `null`.
    pub(in crate::policy) day: Read<Option<Option<Date>>>,
}

pub(in crate::policy) fn read(
    reader: &mut Reader<'_>,
    section: Value,
    at: &At<'_>,
    with: With<'_>,
) -> Vec<Excepted> {
    let items = reader.list(section, at);
    if items.len() > MAX_EXCEPTIONS {
        reader.fault(section.span, at, format!("more than {MAX_EXCEPTIONS} exceptions"), None);
        return Vec::new();
    }
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut out = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let here = at.index(index);
        out.extend(one(reader, item, &here, index, &mut names, with));
    }
    out
}

fn one(
    reader: &mut Reader<'_>,
    item: Value,
    at: &At<'_>,
    index: usize,
    names: &mut HashMap<String, usize>,
    with: With<'_>,
) -> Option<Excepted> {
    let start = Span { start: item.span.start, end: item.span.start };
    let entries = reader.object(item, at, &["name", "rules", "match", "reason", "until"]);
    let (mut name, mut rules, mut matching, mut reason, mut until) = (None, None, None, None, None);
    for entry in entries {
        let value = reader.value(entry);
        let here = at.field(&entry.key);
        match entry.key.as_ref() {
            "name" => name = named(reader, value, &here, index, names),
            "rules" => rules = Some(rules_of(reader, value, &here, with.catalog)),
            "match" => matching = Some((with.matches)(reader, value, &here)),
            "reason" => reason = Some(reason_of(reader, value, &here)),
            _ => until = (with.day)(reader, value, &here).flatten(),
        }
    }
    // What is no object is reported as such.
    if !matches!(reader.kind(item), NodeKind::Map(_) | NodeKind::Null) {
        return None;
    }
    let missing = [
        (rules.is_none(), "rules is missing", "name the rules that do not count, such as [job/no-deadline]"),
        (
            matching.is_none(),
            "match is missing",
            "say which objects it is for, by namespaces, names, labels, namespaceLabels, kinds, ownerKinds or users; \
             for every object, set the level of the rule in spec.rules",
        ),
        (
            reason.is_none(),
            "reason is missing",
            "say why the rules do not count here, for those who read it later",
        ),
    ];
    for (_, message, help) in missing.into_iter().filter(|(is_missing, ..)| *is_missing) {
        reader.fault(start, at, message, Some(help.to_owned()));
    }
    Some(Excepted {
        name,
        field: at.to_string(),
        rules: rules?,
        matching: matching?,
        reason: reason??,
        until,
        span: start,
        place: Place::default(),
    })
}

fn named(
    reader: &mut Reader<'_>,
    value: Value,
    at: &At<'_>,
    index: usize,
    names: &mut HashMap<String, usize>,
) -> Option<String> {
    let name = reader.string(value, at)?;
    if name.len() > MAX_NAME || !names::dns_subdomain(name).is_empty() {
        let help = format!("use lower-case letters, digits, '-' and '.', at most {MAX_NAME}");
        reader.fault(value.span, at, format!("{} is not a valid name", quoted(name)), Some(help));
        return None;
    }
    if let Some(other) = names.insert(name.to_owned(), index) {
        let help = "give each exception a name of its own, or none";
        reader.fault(
            value.span,
            at,
            format!("is the name of exceptions[{other}] as well"),
            Some(help.to_owned()),
        );
    }
    Some(name.to_owned())
}

fn rules_of(
    reader: &mut Reader<'_>,
    value: Value,
    at: &At<'_>,
    catalog: &[&'static RuleSpec],
) -> Vec<(String, Target)> {
    let items = reader.list(value, at);
    if items.is_empty() && matches!(reader.kind(value), NodeKind::Seq(_) | NodeKind::Null) {
        let help = "name the rules that do not count, such as [job/no-deadline]";
        reader.fault(value.span, at, "is empty", Some(help.to_owned()));
    }
    if items.len() > MAX_RULES {
        let help = "name categories, such as job/*";
        reader.fault(value.span, at, format!("more than {MAX_RULES} rules"), Some(help.to_owned()));
        return Vec::new();
    }
    let mut out: Vec<(String, Target)> = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let here = at.index(index);
        let Some(key) = reader.string(item, &here) else { continue };
        if out.iter().any(|(other, _)| other == key) {
            let message = format!("{} is named twice", quoted(key));
            reader.fault(item.span, &here, message, Some("keep one of them".to_owned()));
            continue;
        }
        // Rules about a file find nothing in an object that `match` could match.
        if key.split('/').next() == Some("manifest") {
            let message =
                format!("{} cannot be excepted: it is about a file, not about one object", quoted(key));
            let help = "set its level in spec.rules, or leave the file out with spec.exclude";
            reader.fault(item.span, &here, message, Some(help.to_owned()));
            continue;
        }
        let Some(target) = rules::target(reader, (key, item.span), &here, catalog, "excepted") else {
            continue;
        };
        // By its former name as well as by the one that it has now.
        if let Some((other, _)) = out.iter().find(|(_, other)| *other == target) {
            let message =
                format!("{} is the same rule as {}, which is named already", quoted(key), quoted(other));
            reader.fault(item.span, &here, message, Some("keep one of them".to_owned()));
            continue;
        }
        out.push((key.to_owned(), target));
    }
    out
}

fn reason_of(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Option<String> {
    let reason = reader.string(value, at)?.trim();
    if reason.is_empty() {
        let help = "say why the rules do not count here, for those who read it later";
        reader.fault(value.span, at, "is empty", Some(help.to_owned()));
        return None;
    }
    if reason.chars().count() > MAX_REASON {
        let help = "say it in a sentence, and link to the rest";
        reader.fault(value.span, at, format!("longer than {MAX_REASON} characters"), Some(help.to_owned()));
        return None;
    }
    Some(reason.to_owned())
}
