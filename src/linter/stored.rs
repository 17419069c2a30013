//! Linting the objects of a cluster, one at a time: what is beside them is known already, and nothing of an object is kept
//! but its findings and what rules about all objects need.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::settings::Linter;
use super::text::{AboutInput, lint_text};
use crate::diagnostic::{Diagnostic, ObjectId, Region, SuppressedDiagnostic};
use crate::engine::{Author, Context, Finding, Input, InputObject, Neighbours, evaluate_input};
use crate::rules;
use crate::sources::Source;

/// An object as it is stored.
#[derive(Debug, Clone)]
pub struct StoredText {
    /// How reports name it: it stands in no file.
    pub name: Arc<str>,
    /// It, as JSON, with its `apiVersion` and `kind`.
    pub text: String,
}

/// What is known beside the objects.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// The objects of other kinds.
    pub neighbours: &'a Neighbours,
    /// The labels of the object's namespace, where they are known.
    pub namespace_labels: Option<&'a BTreeMap<String, String>>,
    /// The labels of the object's controller, where they are known.
    pub owner_labels: Option<&'a BTreeMap<String, String>>,
}

/// What an object came to.
#[derive(Debug, Default)]
pub struct LintedObject {
    /// The findings. None has a place in a text.
    pub diagnostics: Vec<Diagnostic>,
    /// Those that do not count.
    pub suppressed: Vec<SuppressedDiagnostic>,
    /// What it is; none where it is none that is judged.
    pub id: Option<Arc<ObjectId>>,
    /// What rules about all objects keep of it.
    pub kept: Option<InputObject>,
    /// Whether it must be linted again once all have been seen.
    pub again: bool,
    /// What was too much to be judged or shown.
    pub left_out: Option<String>,
}

impl Linter<'_> {
    /// Lints a stored object. Of `about_all`, nothing is known before all objects have been seen; then it is what the rules
    /// about all of them found about this one.
    pub fn lint_stored(
        &self,
        object: &StoredText,
        beside: Beside<'_>,
        about_all: Option<Vec<Finding>>,
    ) -> LintedObject {
        let Beside { neighbours, namespace_labels, owner_labels } = beside;
        let context = Context {
            registry: rules::registry_of(self.policy),
            policy: self.policy,
            neighbours,
            file: None,
            input: if about_all.is_some() { Input::Judged(&[]) } else { Input::Gathering },
            now: self.now,
            namespace_labels,
            cancellation: None,
            author: Author { owner_labels, ..Author::default() },
        };
        let about = about_all
            .map(|findings| AboutInput { findings: [(0, findings)].into(), promised: BTreeSet::new() });
        // What is stored is no text that could be fixed, and no text that is shown. Which object it is, is asked of each.
        let linter = Self {
            with_fixes: false,
            with_changes: false,
            with_info_lines: false,
            with_objects: true,
            ..*self
        };
        let source = Source::Text { name: object.name.to_string(), bytes: Vec::new() };
        let text = (&source, object.text.as_bytes());
        let linted = lint_text(&linter, linter.options(None), text, &context, about.as_ref());
        let placeless = |diagnostic| self::placeless(diagnostic, &object.name);
        LintedObject {
            diagnostics: linted.diagnostics.into_iter().map(placeless).collect(),
            suppressed: linted
                .suppressed
                .into_iter()
                .map(|one| SuppressedDiagnostic { diagnostic: placeless(one.diagnostic), why: one.why })
                .collect(),
            id: linted.listed.into_iter().next().map(|listed| listed.id),
            kept: linted.kept.into_iter().next().map(|(_, kept)| kept),
            again: linted.incomplete,
            left_out: linted.left_out.message(),
        }
    }
}

/// The finding without a place: lines and columns are those of a text that nobody sees.
fn placeless(diagnostic: Diagnostic, name: &Arc<str>) -> Diagnostic {
    Diagnostic {
        file: Arc::clone(name),
        region: Region::NONE,
        excerpt: None,
        related: Vec::new(),
        fix: None,
        change: None,
        template: None,
        ..diagnostic
    }
}

/// What the rules about all objects find in what was kept of them: by the position of the object.
pub fn judge_kept(objects: &[&InputObject]) -> BTreeMap<usize, Vec<Finding>> {
    let mut found: BTreeMap<usize, Vec<Finding>> = BTreeMap::new();
    for (object, finding) in evaluate_input(objects, rules::registry()).findings {
        found.entry(object).or_default().push(finding);
    }
    found
}
