//! `spec.customRules`, read.

use std::sync::Arc;

use jobguard_apiserver::Kind;
use jobguard_manifest::{At, Entry, NodeKind, Span};

use super::compiled::{Compiled, Written};
use super::limits::{MAX_EXPRESSION, MAX_ID, MAX_RULES, MAX_TEXT};
use super::path::{self, Wrong};
use super::rule::{OnError, OwnRule};
use crate::policy::reader::{Reader, Value, quoted};
use crate::policy::subject::Match;
use crate::policy::{Level, Place, RuleSpec, rules};

/// The keys of a rule.
const KEYS: &[&str] = &[
    "id",
    "level",
    "match",
    "expression",
    "message",
    "messageExpression",
    "path",
    "help",
    "docs",
    "onError",
];

/// The words of `onError`.
pub(super) const ON_ERROR: &[(&str, OnError)] = &[("deny", OnError::Deny), ("warn", OnError::Warn)];

/// Reads the section: the rules, and where each is written. `matches` reads a `match`.
pub(in crate::policy) fn read(
    reader: &mut Reader<'_>,
    section: Value,
    at: &At<'_>,
    catalog: &[&'static RuleSpec],
    matches: fn(&mut Reader<'_>, Value, &At<'_>) -> Match,
) -> Vec<(OwnRule, Span)> {
    let items = reader.list(section, at);
    if items.len() > MAX_RULES {
        reader.fault(section.span, at, format!("more than {MAX_RULES} rules"), None);
        return Vec::new();
    }
    let mut out: Vec<(OwnRule, Span)> = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let here = at.index(index);
        let entries = reader.object(item, &here, KEYS);
        let mut fields = Fields { reader, at: &here, entries };
        let id = fields.id(item, catalog);
        if let Some((id, span)) = &id
            && out.iter().any(|(other, _)| other.id == *id)
        {
            let help = "a rule is given once in a file; one of a file that is extended is replaced by its id";
            let message = format!("the rule {} is given above already", quoted(id));
            fields.reader.fault(*span, &here.field("id"), message, Some(help.to_owned()));
        }
        let rule = fields.rule(item, matches);
        if let (Some((id, _)), Some(rule)) = (id, rule) {
            out.push((OwnRule { id, ..rule }, item.span));
        }
    }
    out
}

/// The fields of one rule.
struct Fields<'r, 't, 'a> {
    reader: &'r mut Reader<'t>,
    at: &'a At<'a>,
    entries: Vec<&'t Entry<'t>>,
}

impl<'t> Fields<'_, 't, '_> {
    fn value(&self, key: &str) -> Option<Value> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(self.reader.value(entry))
    }

    /// A text that is not empty, and not too long.
    fn text(&mut self, key: &str, most: usize) -> Option<Written<'t>> {
        let value = self.value(key)?;
        let at = self.at.field(key);
        let text = self.reader.string(value, &at)?;
        if text.trim().is_empty() {
            self.reader.fault(value.span, &at, "is empty", None);
            return None;
        }
        if text.len() > most {
            self.reader.fault(value.span, &at, format!("is longer than {most} bytes"), None);
            return None;
        }
        Some(Written { text, value })
    }

    fn owned(&mut self, key: &str, most: usize) -> Option<String> {
        self.text(key, most).map(|written| written.text.trim_end().to_owned())
    }

    fn id(&mut self, item: Value, catalog: &[&'static RuleSpec]) -> Option<(String, Span)> {
        if self.value("id").is_none() {
            self.missing(item, "id", "write id: acme/owner-label, say");
            return None;
        }
        let written = self.text("id", MAX_ID)?;
        let (text, span) = (written.text, written.value.span);
        let at = self.at.field("id");
        let is_word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && !word.ends_with('-')
                && !word.contains("--")
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        let Some((category, name)) =
            text.split_once('/').filter(|(category, name)| is_word(category) && is_word(name))
        else {
            let help =
                "write a category and a name, in lower-case letters, digits and dashes: acme/owner-label";
            let message = format!("{} is not a valid id", quoted(text));
            self.reader.fault(span, &at, message, Some(help.to_owned()));
            return None;
        };
        // The catalog has those of the policy's own as well.
        let is_built_in = |spec: &&&'static RuleSpec| !spec.is_own();
        if catalog.iter().filter(is_built_in).any(|spec| spec.category() == category) {
            let message = format!("the category {} is built in", quoted(category));
            let help = format!("choose one of your own: acme/{name}");
            self.reader.fault(span, &at, message, Some(help));
            return None;
        }
        Some((text.to_owned(), span))
    }

    fn missing(&mut self, item: Value, key: &str, help: &str) {
        if matches!(self.reader.kind(item), NodeKind::Map(_) | NodeKind::Null) {
            let start = Span::new(item.span.start, item.span.start);
            self.reader.fault(start, self.at, format!("{key} is missing"), Some(help.to_owned()));
        }
    }

    fn rule(
        &mut self,
        item: Value,
        matches: fn(&mut Reader<'_>, Value, &At<'_>) -> Match,
    ) -> Option<OwnRule> {
        let level = match self.value("level") {
            Some(value) => rules::level(self.reader, value, &self.at.field("level")),
            None => Some(Level::Warn),
        };
        let matching = self.value("match").map(|value| matches(self.reader, value, &self.at.field("match")));
        let message = self.owned("message", MAX_TEXT);
        let path = self.path(matching.as_ref());
        let help = self.owned("help", MAX_TEXT);
        let docs = self.docs();
        let on_error = match self.value("onError") {
            Some(value) => self.reader.word(value, &self.at.field("onError"), ON_ERROR),
            None => Some(OnError::default()),
        };
        if self.value("expression").is_none() {
            self.missing(item, "expression", "write what has to be true, in CEL");
        }
        let expression = self.text("expression", MAX_EXPRESSION);
        let words = self.text("messageExpression", MAX_EXPRESSION);
        let expression = expression?;
        let compiled = Compiled::of(self.reader, self.at, expression, words)?;
        Some(OwnRule {
            id: String::new(),
            level: level?,
            has_level: self.value("level").is_some(),
            // What the span comes to, the loader works out.
            place: Place::default(),
            matching,
            expression: expression.text.to_owned(),
            message,
            message_expression: words.map(|words| words.text.to_owned()),
            path,
            help,
            docs,
            on_error: on_error?,
            compiled: Arc::new(compiled),
        })
    }

    /// The field to point at.
    fn path(&mut self, matching: Option<&Match>) -> Option<String> {
        let written = self.text("path", MAX_TEXT)?;
        let kinds = matching.and_then(|matching| matching.kinds.as_deref());
        let kinds = kinds.unwrap_or(&[Kind::Job, Kind::CronJob]);
        match path::check(written.text, kinds) {
            Ok(()) => Some(written.text.to_owned()),
            Err(Wrong { message, help }) => {
                self.reader.fault(written.value.span, &self.at.field("path"), message, Some(help));
                None
            }
        }
    }

    fn docs(&mut self) -> Option<String> {
        let written = self.text("docs", MAX_TEXT)?;
        let is_link = written.text.starts_with("https://") || written.text.starts_with("http://");
        let fits = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}()[]".contains(c);
        if !is_link || !written.text.chars().all(fits) {
            let message = format!("{} is not a link", quoted(written.text));
            let help = "write one that begins with https://";
            self.reader.fault(written.value.span, &self.at.field("docs"), message, Some(help.to_owned()));
            return None;
        }
        Some(written.text.to_owned())
    }
}
