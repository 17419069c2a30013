//! Linting many texts: in parallel, and those that need the whole input a second time.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::input::{InputFacts, collect_complete, collect_neighbours};
use super::input_fix::Known;
use super::linted::Linted;
use super::outcome::Outcome;
use super::settings::Linter;
use super::text::{AboutInput, lint_text};
use crate::diagnostic::FileError;
use crate::engine::{Author, Context, Input, Neighbours, Severity};
use crate::lint::{CompleteObjects, Places};
use crate::rules;
use crate::sources::{Source, Unrendered};
use jobguard_manifest::{FieldPath, Span};

impl Linter<'_> {
    /// Lints all `sources`. One that cannot be read is reported beside the findings of the others.
    pub fn lint(&self, sources: &[Source]) -> Outcome {
        self.lint_watched(sources, &|| {})
    }

    /// As [`lint`](Self::lint), and calls `done` after each source, from any thread.
    pub fn lint_watched(&self, sources: &[Source], done: &(dyn Fn() + Sync)) -> Outcome {
        let first = sources.iter().map(|source| (source, None));
        let mut all = self.pass(first, &Neighbours::pending(), None, done);
        let (neighbours, answers) = collect_neighbours(&mut all, sources);
        let complete = collect_complete(&mut all, sources);
        for (linted, source) in all.iter_mut().zip(sources) {
            linted.iter_mut().for_each(|linted| linted.leave_patches(complete.seen_from(source.name())));
        }
        let facts = InputFacts::take(&mut all);
        let judged = facts.judge();
        let promised = self.promised(
            sources,
            Known { neighbours: &neighbours, complete: &complete },
            &all,
            facts,
            &judged,
        );
        let mut about_input: BTreeMap<usize, AboutInput> = judged
            .findings
            .into_iter()
            .map(|(position, findings)| (position, AboutInput { findings, promised: BTreeSet::new() }))
            .collect();
        for ((position, number), rule) in promised {
            about_input.entry(position).or_default().promised.insert((number, rule));
        }
        for (position, linted) in all.iter().enumerate() {
            if linted.as_ref().is_ok_and(|linted| linted.incomplete || linted.questions.matter(&answers)) {
                about_input.entry(position).or_default();
            }
        }
        let second = about_input.iter().map(|(position, about)| (&sources[*position], Some(about)));
        let second = self.pass(second, &neighbours, Some(&complete), &|| {});
        for (position, linted) in about_input.into_keys().zip(second) {
            all[position] = linted;
        }
        let mut outcome = Outcome::default();
        // Reserved at once: a list that grows takes up to three times its size.
        let count = |of: fn(&Linted) -> usize| all.iter().flatten().map(of).sum();
        outcome.report.listed.reserve_exact(count(|linted| linted.listed.len()));
        outcome.report.diagnostics.reserve_exact(count(|linted| linted.diagnostics.len()));
        for (linted, source) in all.into_iter().zip(sources) {
            match linted {
                Ok(linted) => {
                    let left_out = linted.left_out.message();
                    let left_out =
                        left_out.map(|message| FileError { name: source.name().to_owned(), message });
                    outcome.errors.extend(left_out);
                    outcome.report.files += usize::from(!matches!(source, Source::Unrendered(_)));
                    outcome.report.objects += linted.objects;
                    outcome.report.listed.extend(linted.listed);
                    outcome.report.diagnostics.extend(linted.diagnostics);
                    outcome.report.suppressed.extend(linted.suppressed);
                }
                Err(error) => outcome.errors.push(error),
            }
        }
        outcome.report.sort();
        outcome
    }

    /// What has to be known of all `sources` to judge one of them: the objects beside Jobs, and the objects that lack no required
    /// field. And what rules about the whole input keep.
    pub(super) fn gather(&self, sources: &[Source]) -> (Neighbours, CompleteObjects, InputFacts) {
        let linter = Linter {
            with_fixes: false,
            with_changes: false,
            with_info_lines: false,
            with_objects: false,
            ..*self
        };
        let sources_alone = sources.iter().map(|source| (source, None));
        let mut all = linter.pass(sources_alone, &Neighbours::pending(), None, &|| {});
        let (neighbours, _) = collect_neighbours(&mut all, sources);
        let complete = collect_complete(&mut all, sources);
        for (linted, source) in all.iter_mut().zip(sources) {
            linted.iter_mut().for_each(|linted| linted.leave_patches(complete.seen_from(source.name())));
        }
        let facts = InputFacts::take(&mut all);
        (neighbours, complete, facts)
    }

    /// Lints some texts, each with what the rules about the whole input found in it, once that is known.
    pub(super) fn pass<'s>(
        &self,
        texts: impl Iterator<Item = (&'s Source, Option<&'s AboutInput>)>,
        neighbours: &Neighbours,
        complete: Option<&CompleteObjects>,
        done: &(dyn Fn() + Sync),
    ) -> Vec<Result<Linted, FileError>> {
        let texts: Vec<_> = texts.collect();
        texts
            .into_par_iter()
            .map(|(source, about_input)| {
                let input = if about_input.is_some() { Input::Judged(&[]) } else { Input::Gathering };
                let context = Context {
                    registry: rules::registry_of(self.policy),
                    policy: self.policy,
                    neighbours,
                    file: Some(source.name()),
                    input,
                    now: self.now,
                    namespace_labels: None,
                    cancellation: self.cancellation,
                    author: Author::default(),
                };
                let mut linted = self.lint_source(source, &context, complete, about_input);
                if let Ok(linted) = &mut linted {
                    linted.shrink();
                }
                done();
                linted
            })
            .collect()
    }

    fn lint_source(
        &self,
        source: &Source,
        context: &Context<'_>,
        complete: Option<&CompleteObjects>,
        about_input: Option<&AboutInput>,
    ) -> Result<Linted, FileError> {
        if let Source::Unrendered(unrendered) = source {
            return Ok(lint_unrendered(unrendered, context));
        }
        let bytes = source.bytes()?;
        let options = self.options(complete.map(|complete| complete.seen_from(source.name())));
        Ok(lint_text(self, options, (source, &bytes), context, about_input))
    }
}

/// The remark about files that are not judged, at the level that the policy has for it.
fn lint_unrendered(unrendered: &Unrendered, context: &Context<'_>) -> Linted {
    let mut linted = Linted::default();
    let rule = &rules::manifest_not_judged::RULE;
    let setting = context.registry.setting(rule, context.policy.base());
    if let Some(severity) = setting.and_then(|setting| Severity::of(setting.level)) {
        let finding = rule.finding(severity, FieldPath::root(), unrendered.message().to_owned());
        linted.diagnostics.push(Places::new(unrendered.name(), "").at(finding, Span::default(), None));
    }
    linted
}
