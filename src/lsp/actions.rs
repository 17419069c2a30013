//! What can be done about findings: the fixes that `--fix` would apply, all of them at once, or to ignore one.

use lsp_types::{
    CodeAction, CodeActionContext, CodeActionKind, CodeActionOrCommand, CodeActionParams,
    Diagnostic as Shown, NumberOrString, Range,
};

use super::edits;
use super::fix_all::{self, FIX_ALL};
use super::ignore;
use super::position::Places;
use super::publish::{SOURCE, diagnostic};
use super::shared::{Shared, Snapshot};
use crate::diagnostic::Diagnostic;
use crate::engine::Safety;
use jobguard_text::plain;

/// For how many findings of one range actions are offered.
const MAX_FINDINGS: usize = 20;
/// How many of them are offered to be ignored: to prove that it works, the text is linted for each.
const MAX_IGNORED: usize = 5;

/// What can be done about the findings of a range.
pub(super) fn actions(
    shared: &Shared,
    snapshot: &Snapshot,
    params: &CodeActionParams,
) -> Vec<CodeActionOrCommand> {
    let mut actions = Vec::new();
    let wants = |kind: &CodeActionKind| wants(&params.context, kind);
    if wants(&CodeActionKind::QUICKFIX) {
        let analysis = shared.with_changes(snapshot);
        let places = Places::new(&snapshot.document.text, snapshot.client.encoding);
        let mut here: Vec<(&Diagnostic, Shown)> = Vec::new();
        for finding in &analysis.findings {
            if here.len() < MAX_FINDINGS && meets(places.of_region(finding.region), params.range) {
                here.push((finding, diagnostic(finding, &places, &snapshot.document.uri, &snapshot.client)));
            }
        }
        for (finding, shown) in &here {
            actions.extend(
                quick_fix(snapshot, &places, finding).map(|action| with_diagnostic(action, shown, params)),
            );
        }
        let may_be = here.iter().filter(|(finding, _)| ignore::can_be_ignored(snapshot, finding));
        for (finding, shown) in may_be.take(MAX_IGNORED) {
            let ignored = ignore::action(snapshot, &places, finding, &analysis);
            actions.extend(ignored.map(|action| with_diagnostic(action, shown, params)));
        }
    }
    if wants(&FIX_ALL) {
        actions.extend(fix_all::action(shared, snapshot));
    }
    actions.into_iter().map(CodeActionOrCommand::CodeAction).collect()
}

/// Whether an action of this kind is asked for: by its kind or one above it, or because none is named.
fn wants(context: &CodeActionContext, kind: &CodeActionKind) -> bool {
    context.only.as_ref().is_none_or(|only| {
        only.iter().any(|asked| {
            let rest = kind.as_str().strip_prefix(asked.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || asked.as_str().is_empty())
        })
    })
}

fn meets(one: Range, other: Range) -> bool {
    one.start <= other.end && other.start <= one.end
}

fn quick_fix(snapshot: &Snapshot, places: &Places<'_>, finding: &Diagnostic) -> Option<CodeAction> {
    let change = finding.change.as_ref()?;
    let safety = finding.offered_fix()?;
    let title = capitalized(&plain(&change.title));
    Some(CodeAction {
        title: match safety {
            Safety::Safe => title,
            _ => format!("{title} (unsafe fix: review it)"),
        },
        kind: Some(CodeActionKind::QUICKFIX),
        edit: Some(edits::edit(snapshot, edits::of_change(places, change))),
        is_preferred: (safety == Safety::Safe).then_some(true),
        ..CodeAction::default()
    })
}

/// Names the diagnostic that an action is about: the editor's own one, where it sent it along.
fn with_diagnostic(action: CodeAction, shown: &Shown, params: &CodeActionParams) -> CodeAction {
    let is_it = |sent: &&Shown| {
        sent.source.as_deref() == Some(SOURCE) && sent.range == shown.range && code(sent) == code(shown)
    };
    let sent = params.context.diagnostics.iter().find(is_it).unwrap_or(shown);
    CodeAction { diagnostics: Some(vec![sent.clone()]), ..action }
}

fn code(shown: &Shown) -> Option<&str> {
    match &shown.code {
        Some(NumberOrString::String(code)) => Some(code),
        _ => None,
    }
}

fn capitalized(title: &str) -> String {
    let mut chars = title.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_that_are_asked_for() {
        let asked = |only: Option<&[&'static str]>, kind: &CodeActionKind| {
            let only = only.map(|only| only.iter().map(|one| CodeActionKind::from(*one)).collect());
            wants(&CodeActionContext { only, ..CodeActionContext::default() }, kind)
        };
        for only in [
            None,
            Some(&["source"][..]),
            Some(&["source.fixAll"]),
            Some(&["source.fixAll.jobguard"]),
            Some(&[""]),
        ] {
            assert!(asked(only, &FIX_ALL), "{only:?}");
        }
        for only in
            [&["quickfix"][..], &["source.fix"], &["source.fixAll.eslint"], &["source.organizeImports"], &[]]
        {
            assert!(!asked(Some(only), &FIX_ALL), "{only:?}");
        }
        assert!(asked(Some(&["refactor", "quickfix"]), &CodeActionKind::QUICKFIX));
    }
}
