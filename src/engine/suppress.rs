//! The one way to suppress a rule: an annotation on the object. A comment in the YAML would never reach a webhook.
//!
//! The annotation belongs to the author of the object, and may be as large as the API server lets it be. How much of
//! it is read is bounded ([`Annotation`]), and what is done with it takes time in proportion to findings and to names
//! multiplied by rules, both of which are bounded.

mod annotation;
mod in_force;
mod names;
mod report;
mod wording;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::policy::{ExceptionState, Policy, Settings, lasts_longer};

use super::{Finding, Rule, Suppressed};
pub use annotation::{
    ANNOTATION, Annotation, AnnotationExcess, AnnotationFault, Entry, MAX_ANNOTATION_BYTES, MAX_NAMES, Term,
};
pub use names::Suppressions;
use names::{Named, Target, suppressed};
use report::Report;
pub(super) use wording::SuppressionRules;
pub use wording::{NotAllowed, SuppressionCheck, SuppressionEnd, UnknownNames, Wording};

impl Suppressions<'_> {
    /// Takes out of `findings` what is ignored on a day, adds what there is to report about the annotation itself, and
    /// returns what was taken out. What exceptions of the policy have taken out before (`excepted`) is no use of the
    /// annotation less. Only a rule that `is_judged` is called unused.
    pub(super) fn apply(
        &self,
        (findings, excepted): (&mut Vec<Finding>, &[Finding]),
        policy: &Policy,
        settings: &Settings,
        today: Date,
        is_judged: impl Fn(&Rule) -> bool,
    ) -> Vec<Finding> {
        let can_be = |position: usize| self.can_be(position, policy, settings);
        // By the rule's position. What a rule's own name allows, its category's does not take back.
        let mut named: Vec<Option<Named>> = vec![None; self.registry.rules().len()];
        for (index, (term, target)) in self.names.iter().enumerate() {
            let by_category = matches!(target, Target::Category(_));
            let is_in_force = ExceptionState::of(term.until, today).counts();
            for position in target.positions(self.registry) {
                let named = named[position].get_or_insert_default();
                if can_be(position) && (!by_category || policy.suppressions.categories) {
                    named.is_allowed = true;
                    let lasts_longest =
                        named.by.is_none_or(|other| lasts_longer(term.until, self.names[other].0.until));
                    if is_in_force && lasts_longest {
                        named.by = Some(index);
                    }
                }
            }
        }
        let mut taken = Vec::new();
        if !self.names.is_empty() {
            let position_of = |finding: &Finding| self.registry.position_of(finding.rule);
            for finding in excepted {
                if let Some(named) = position_of(finding).and_then(|position| named[position].as_mut()) {
                    named.count += 1;
                }
            }
            let mut whys: BTreeMap<usize, Arc<Suppressed>> = BTreeMap::new();
            for mut finding in std::mem::take(findings) {
                let of = position_of(&finding).and_then(|position| named[position].as_mut());
                let by = of.and_then(|named| {
                    (named.count, named.open) = (named.count + 1, named.open + 1);
                    named.by
                });
                match by {
                    Some(index) => {
                        let why = whys.entry(index).or_insert_with(|| suppressed(&self.names[index].0));
                        finding.suppressed = Some(Arc::clone(why));
                        taken.push(finding);
                    }
                    None => findings.push(finding),
                }
            }
        }
        let report = Report { of: self, policy, settings, today, named: &named, can_be: &can_be, findings };
        report.write(is_judged);
        taken
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
            annotation.apply((&mut findings, &[]), &policy, policy.base(), Date::MIN, |_| true);
            findings.len()
        };
        assert!(reported(registry()) > 2);
        assert_eq!(reported(&Registry::new(&[])), 0);
    }
}
