//! The one way to suppress a rule: an annotation on the object. A comment in the YAML would never reach a webhook.
//!
//! The annotation belongs to the author of the object, and may be as large as the API server lets it be. How much of
//! it is read is bounded ([`Annotation`]), and what is done with it takes time in proportion to findings and to names
//! multiplied by rules, both of which are bounded.

mod annotation;
mod names;
mod report;
mod wording;

use crate::policy::{Policy, Settings};

use super::{Finding, Rule};
pub use annotation::{
    ANNOTATION, Annotation, AnnotationExcess, AnnotationFault, Entry, MAX_ANNOTATION_BYTES, MAX_NAMES,
};
pub use names::Suppressions;
use names::{Named, Target, is_about_suppression, is_about_text};
use report::Report;
pub(super) use wording::SuppressionRules;
pub use wording::{NotAllowed, SuppressionCheck, UnknownNames, Wording};

impl Suppressions<'_> {
    /// Takes out of `findings` what is ignored, adds what there is to report about the annotation itself, and returns
    /// what was taken out. Only a rule that `is_judged` is called unused.
    pub(super) fn apply(
        &self,
        findings: &mut Vec<Finding>,
        policy: &Policy,
        settings: &Settings,
        is_judged: impl Fn(&Rule) -> bool,
    ) -> Vec<Finding> {
        let can_be = |position: usize| {
            let rule = self.rule(position);
            rule.spec.is_settable()
                && !is_about_suppression(rule)
                && !is_about_text(rule)
                && settings
                    .rules
                    .get(position)
                    .is_some_and(|setting| policy.suppressions.cover(setting.level))
        };
        // By the rule's position. What a rule's own name allows, its category's does not take back.
        let mut named: Vec<Option<Named>> = vec![None; self.registry.rules().len()];
        for (_, target) in &self.names {
            let by_category = matches!(target, Target::Category(_));
            for position in target.positions(self.registry) {
                let is_allowed = can_be(position) && (!by_category || policy.suppressions.categories);
                let before = named[position].is_some_and(|named| named.is_allowed);
                named[position] = Some(Named { is_allowed: is_allowed || before, count: 0 });
            }
        }
        let mut suppressed = Vec::new();
        if !self.names.is_empty() {
            for finding in std::mem::take(findings) {
                let position = self.registry.position_of(finding.rule);
                let of = position.and_then(|position| named[position].as_mut());
                let is_allowed = of.is_some_and(|named| {
                    named.count += 1;
                    named.is_allowed
                });
                if is_allowed { suppressed.push(finding) } else { findings.push(finding) }
            }
        }
        let report = Report { of: self, policy, settings, named: &named, can_be: &can_be, findings };
        report.write(is_judged);
        suppressed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Registry;
    use crate::policy::{Preset, load};
    use crate::rules::registry;

    #[test]
    fn what_no_rule_words_is_not_reported() {
        let policy = load::preset(Preset::Strict, registry().catalog()).unwrap();
        let reported = |registry: &Registry| {
            let mut findings = Vec::new();
            let annotation = Suppressions::parse("job/none, *; job/no-deadline because (x", registry);
            annotation.apply(&mut findings, &policy, policy.base(), |_| true);
            findings.len()
        };
        assert!(reported(registry()) > 2);
        assert_eq!(reported(&Registry::new(&[])), 0);
    }
}
