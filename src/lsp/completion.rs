//! What may be typed at a place.

use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation, MarkupContent, MarkupKind,
    Position, TextEdit,
};

use super::hover::rule_text;
use super::policy_files::is_policy;
use super::policy_schema;
use super::position::Places;
use super::shared::Snapshot;
use super::spot::kind_of_batch;
use super::typing::{Typing, What, typing};
use super::values;
use crate::engine::ANNOTATION;
use crate::policy::Policy;
use crate::rules::registry_of;
use jobguard_apiserver::{Holds, Kind, field_info};
use jobguard_cron::{Schedule, zone_names};
use jobguard_manifest::Span;

/// Schedules that people want.
const SCHEDULES: &[&str] = &[
    "*/15 * * * *",
    "0 * * * *",
    "30 2 * * *",
    "30 2 * * 1-5",
    "30 2 * * 0",
    "0 6,18 * * *",
    "15 4 1 * *",
    "0 5 1 1 *",
    "@hourly",
    "@daily",
    "@weekly",
    "@monthly",
];

/// Something that may be typed.
struct Offer {
    label: String,
    kind: CompletionItemKind,
    detail: Option<String>,
    documentation: Option<String>,
    insert: String,
}

impl Offer {
    fn new(label: &str, kind: CompletionItemKind) -> Self {
        Self { label: label.to_owned(), kind, detail: None, documentation: None, insert: label.to_owned() }
    }

    fn value(label: &str) -> Self {
        Self::new(label, CompletionItemKind::ENUM_MEMBER)
    }

    fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

/// What may be typed at a position.
pub(super) fn completion(snapshot: &Snapshot, position: Position) -> Vec<CompletionItem> {
    let is_json =
        snapshot.document.path.as_ref().is_some_and(|path| path.extension() == Some("json".as_ref()));
    let places = Places::new(&snapshot.document.text, snapshot.client.encoding);
    let offset = places.offset(position);
    let Some(typing) = typing(places.text(), offset).filter(|_| !is_json) else { return Vec::new() };
    let (offers, start) = match is_policy(&snapshot.document) {
        true => (of_policy(&typing, &snapshot.policy.clusters), typing.start),
        false => of_manifest(snapshot, &typing, places.text(), offset),
    };
    let range = places.range(Span::new(start, offset));
    let item = |(position, offer): (usize, Offer)| CompletionItem {
        sort_text: Some(format!("{position:05}")),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit { range, new_text: offer.insert })),
        label: offer.label,
        kind: Some(offer.kind),
        detail: offer.detail,
        documentation: offer
            .documentation
            .map(|value| Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value })),
        ..CompletionItem::default()
    };
    offers.into_iter().enumerate().map(item).collect()
}

fn of_manifest(snapshot: &Snapshot, typing: &Typing<'_>, text: &str, offset: usize) -> (Vec<Offer>, usize) {
    let policies = &snapshot.policy.clusters;
    let (steps, start) = (&typing.steps[..], typing.start);
    if typing.what == What::Value {
        match steps {
            [.., "metadata", "annotations", ANNOTATION] => {
                return of_annotation(policies, text, typing, offset);
            }
            ["apiVersion"] => return (vec![Offer::value("batch/v1")], start),
            ["kind"] => return (["CronJob", "Job"].map(Offer::value).into(), start),
            _ => {}
        }
    }
    let Some((kind, steps)) = object_at(text, typing) else {
        let begin = ["apiVersion", "kind", "metadata", "spec"].map(|name| key(name, Holds::Text, typing));
        let is_begun = steps.is_empty() && typing.what == What::Key;
        return (if is_begun { begin.into() } else { Vec::new() }, start);
    };
    let offers = match typing.what {
        What::Key if steps.ends_with(&["metadata", "annotations"]) => {
            vec![key(ANNOTATION, Holds::Text, typing)]
        }
        What::Key => of_fields(policies, kind, steps, typing),
        What::Value => of_value(kind, steps, typing),
    };
    (offers, start)
}

/// The object that somebody types in, and the steps from it: of the document, or of an item of its list.
fn object_at<'s, 't>(text: &'t str, typing: &'s Typing<'t>) -> Option<(Kind, &'s [&'t str])> {
    let document = document_around(text, typing.start);
    let (column, steps) = match &typing.steps[..] {
        ["items", "0", steps @ ..] => {
            let before = &text[..typing.start];
            let dash = before.rfind("\n- ").or_else(|| before.rfind("\n  - "))?;
            let column = before[dash + 1..].find('-')? + 2;
            (column, steps)
        }
        steps => (0, steps),
    };
    let part = if column > 0 { item_around(text, typing.start, column - 2)? } else { document };
    let of = |key: &str| {
        let lines = part.lines().filter_map(|line| {
            let line = line.trim_end();
            let line = line.strip_prefix('-').map_or(line, |rest| rest.trim_start());
            let indent = line.len() - line.trim_start().len();
            (indent == 0 || indent == column).then(|| line.trim_start())
        });
        let mut values = lines.filter_map(|line| {
            let line = line.trim_start_matches("- ");
            Some(line.strip_prefix(key)?.strip_prefix(':')?.trim().trim_matches(['"', '\'']))
        });
        values.next()
    };
    Some((kind_of_batch(of("apiVersion")?, of("kind")?)?, steps))
}

fn document_around(text: &str, at: usize) -> &str {
    let start = text[..at].rfind("\n---").map_or(0, |start| start + 1);
    let end = text[at..].find("\n---").map_or(text.len(), |end| at + end);
    let part = &text[start..end];
    // The line of the separator itself.
    if part.starts_with("---") { part.split_once('\n').map_or("", |(_, rest)| rest) } else { part }
}

/// The text of the element of a list whose dash stands at `column`.
fn item_around(text: &str, at: usize, column: usize) -> Option<&str> {
    let dash = format!("\n{}- ", " ".repeat(column));
    let start = text[..at].rfind(&dash)? + 1;
    let end = text[at..].find(&dash).map_or(text.len(), |end| at + end);
    Some(&text[start..end])
}

fn of_fields(policies: &[Policy], kind: Kind, steps: &[&str], typing: &Typing<'_>) -> Vec<Offer> {
    let Some(policy) = policies.first() else { return Vec::new() };
    let fields = policy.server.fields_at(kind, steps).into_iter();
    // What only the server writes is no field of a manifest.
    let is_written = |name: &str| !(steps.is_empty() && name == "status") && name != "managedFields";
    let free = fields.filter(|field| !typing.others.contains(&field.name) && is_written(field.name));
    free.map(|field| key(field.name, field.holds, typing).detail(field.type_name)).collect()
}

/// A key with what comes behind it.
fn key(name: &str, holds: Holds, typing: &Typing<'_>) -> Offer {
    let indent = " ".repeat(typing.column);
    let behind = match holds {
        Holds::Object | Holds::Map => format!(":\n{indent}  "),
        Holds::Objects | Holds::List => format!(":\n{indent}- "),
        Holds::Bool | Holds::Number | Holds::Text => ": ".to_owned(),
    };
    let behind = if matches!(name, "metadata" | "spec") { format!(":\n{indent}  ") } else { behind };
    Offer { insert: format!("{name}{behind}"), ..Offer::new(name, CompletionItemKind::FIELD) }
}

fn of_value(kind: Kind, steps: &[&str], typing: &Typing<'_>) -> Vec<Offer> {
    let is_quoted = typing.word.starts_with(['"', '\'']);
    match (kind, steps) {
        (Kind::CronJob, ["spec", "schedule"]) => SCHEDULES
            .iter()
            .filter_map(|one| {
                let words = Schedule::parse(one).ok()?.words();
                let insert = if is_quoted { (*one).to_owned() } else { format!("\"{one}\"") };
                let insert = if is_quoted { format!("{}{insert}", &typing.word[..1]) } else { insert };
                Some(Offer { insert, ..Offer::value(one) }.detail(words))
            })
            .collect(),
        (Kind::CronJob, ["spec", "timeZone"]) => {
            let word = typing.word.trim_start_matches(['"', '\'']).to_ascii_lowercase();
            let names = zone_names().filter(|name| name.to_ascii_lowercase().contains(&word));
            names.map(|name| Offer::new(name, CompletionItemKind::CONSTANT)).collect()
        }
        _ => {
            let Some(field) = field_info(kind, steps) else { return Vec::new() };
            let words = match field.holds {
                Holds::Bool => Some(values::BOOL),
                _ => values::of(kind, steps, &field.type_name),
            };
            words.into_iter().flatten().map(|word| Offer::value(word)).collect()
        }
    }
}

/// Rules that the annotation may name, at the last word of it.
fn of_annotation(policies: &[Policy], text: &str, typing: &Typing<'_>, offset: usize) -> (Vec<Offer>, usize) {
    let typed = &text[typing.start..offset];
    let start = offset - typed.len() + typed.rfind([',', ';', ' ', '"', '\'']).map_or(0, |at| at + 1);
    // In a reason, or at a date.
    if typed.rfind('(') > typed.rfind(')') || typed[start - typing.start..].starts_with("until") {
        return (Vec::new(), start);
    }
    let Some(policy) = policies.first() else { return (Vec::new(), start) };
    let rules = registry_of(policy).rules().iter().filter(|rule| rule.spec.is_settable());
    let can_be = rules.filter(|rule| {
        let setting = registry_of(policy).setting(rule, policy.base());
        setting.is_some_and(|setting| policy.suppressions.cover(setting.level))
    });
    let offer = |rule: &&'static crate::engine::Rule| Offer {
        documentation: Some(rule_text(rule)),
        ..Offer::new(rule.id(), CompletionItemKind::REFERENCE).detail(rule.spec.summary)
    };
    (can_be.map(offer).collect(), start)
}

fn of_policy(typing: &Typing<'_>, policies: &[Policy]) -> Vec<Offer> {
    let steps = &typing.steps[..];
    // Names of rules in lists: of an exception, say.
    if typing.what == What::Key
        && matches!(steps, [.., "rules", "0"])
        && let Some(policy) = policies.first()
    {
        let rules = registry_of(policy).rules().iter().filter(|rule| rule.spec.is_settable());
        return rules
            .map(|rule| Offer::new(rule.id(), CompletionItemKind::REFERENCE).detail(rule.spec.summary))
            .collect();
    }
    match typing.what {
        What::Key => {
            let keys =
                policy_schema::keys(steps).into_iter().filter(|key| !typing.others.contains(&key.name));
            keys.map(|one| {
                let holds = match (one.is_list, one.is_object) {
                    (true, _) => Holds::List,
                    (_, true) if !one.name.contains('/') => Holds::Object,
                    _ => Holds::Text,
                };
                Offer { documentation: one.description.map(str::to_owned), ..key(one.name, holds, typing) }
            })
            .collect()
        }
        What::Value => policy_schema::values(steps).iter().map(|value| Offer::value(value)).collect(),
    }
}
