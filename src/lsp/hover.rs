//! What there is to know of what stands at a place: a schedule, a rule, a field.

use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind, Position};

use super::fields;
use super::policy_files::is_policy;
use super::policy_schema;
use super::position::Places;
use super::schedules;
use super::shared::Snapshot;
use super::spot::{self, Spot};
use crate::docs::rule_page;
use crate::engine::Rule;
use crate::rules::registry_of;
use jobguard_apiserver::Kind;
use jobguard_manifest::{Span, Tree};
use jobguard_text::plain;

/// The longest word that is looked up.
const MAX_WORD: usize = 100;

/// What there is to know of what stands at a position.
pub(super) fn hover(snapshot: &Snapshot, position: Position) -> Option<Hover> {
    let places = Places::new(&snapshot.document.text, snapshot.client.encoding);
    let offset = places.offset(position);
    let (text, span) = of_rule(snapshot, places.text(), offset).or_else(|| {
        let is_policy = is_policy(&snapshot.document);
        spot::at(places.text(), offset, |tree, spot| {
            let text = if is_policy {
                policy_schema::describe(&spot.steps())
            } else {
                of_spot(snapshot, tree, spot)
            };
            Some((text?, spot.span))
        })
    })?;
    let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value: text });
    Some(Hover { contents, range: Some(places.range(span)) })
}

fn of_spot(snapshot: &Snapshot, tree: &Tree<'_>, spot: &Spot) -> Option<String> {
    let kind = spot.kind(tree)?;
    let steps = spot.steps();
    let field = fields::describe(&snapshot.policy.clusters, tree, spot, kind);
    if kind == Kind::CronJob && matches!(steps[..], ["spec", "schedule" | "timeZone"]) {
        let spec = tree.get(spot.object, "spec")?;
        let of = |key| tree.get(spec, key).and_then(|node| tree.str(node));
        let schedule =
            schedules::describe(of("schedule")?, of("timeZone"), snapshot.now, snapshot.zone.as_ref());
        return Some(match field {
            Some(field) => format!("{schedule}\n\n---\n\n{field}"),
            None => schedule,
        });
    }
    field
}

/// A rule whose id stands at a byte, wherever that is: in an annotation, a policy, a comment.
fn of_rule(snapshot: &Snapshot, text: &str, offset: usize) -> Option<(String, Span)> {
    let span = word(text, offset);
    let id = text.get(span.start..span.end).filter(|id| id.contains('/') && id.len() <= MAX_WORD)?;
    let rule = registry_of(snapshot.policy.clusters.first()?).get(id)?;
    Some((rule_text(rule), span))
}

/// A rule in a few words.
pub(super) fn rule_text(rule: &Rule) -> String {
    let levels = rule.spec.levels;
    let mut text = format!("**{}**: {}\n\n", rule.id(), rule_page::sentence(rule.spec.summary));
    if rule.is_own() {
        text.push_str("A rule of this policy's own.");
    } else if rule.spec.is_settable() {
        text.push_str(&format!(
            "Level: {} in `baseline`, {} in `recommended`, {} in `strict`.",
            levels.baseline, levels.recommended, levels.strict
        ));
    } else {
        text.push_str(&format!("{}: no policy sets it.", rule_page::origin(rule)));
    }
    if !rule.docs.why.is_empty() {
        text.push_str(&format!("\n\n{}", rule.docs.why));
    }
    if let Some(url) = rule.url() {
        text.push_str(&format!("\n\n[More about it]({})", plain(&url)));
    }
    text
}

/// The word around a byte, of what ids are made of.
pub(super) fn word(text: &str, offset: usize) -> Span {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'*' | b'_');
    let bytes = text.as_bytes();
    let offset = offset.min(bytes.len());
    let before = bytes[..offset].iter().rev().take(MAX_WORD).take_while(|byte| is_part(byte)).count();
    let after = bytes[offset..].iter().take(MAX_WORD).take_while(|byte| is_part(byte)).count();
    Span::new(offset - before, offset + after)
}
