//! What the exceptions of a policy make of findings.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::{Context, Finding, Suppressed, SuppressedBy};
use crate::policy::{Exception, Subject, date, lasts_longer};

/// What the exceptions say of one rule.
#[derive(Clone, Default)]
struct OfRule<'p> {
    /// The one in force, of several the one that lasts longest.
    counts: Option<(&'p Exception, Arc<Suppressed>)>,
    /// The last day of those that have ended.
    ended: Option<Date>,
}

/// Takes out of `findings` those that exceptions of the policy are about, and returns them. Where an exception has ended, the
/// finding stays, and says so. Only exceptions whose rules have findings are compared with the object, each once.
pub(super) fn take(
    findings: &mut Vec<Finding>,
    subject: &Subject<'_>,
    context: &Context<'_>,
) -> Vec<Finding> {
    let exceptions = context.policy.exceptions();
    if exceptions.is_empty() || findings.is_empty() {
        return Vec::new();
    }
    let today = date::of(context.now);
    let mut covers: Vec<Option<bool>> = vec![None; exceptions.len()];
    let mut of_rules: HashMap<&'static str, OfRule<'_>> = HashMap::new();
    let mut taken = Vec::new();
    for mut finding in std::mem::take(findings) {
        let id = finding.rule.id();
        let of_rule = of_rules.entry(id).or_insert_with(|| {
            let mut of_rule = OfRule::default();
            for (exception, covers) in exceptions.iter().zip(&mut covers) {
                if exception.names(id) && *covers.get_or_insert_with(|| exception.covers(subject)) {
                    of_rule.add(exception, today);
                }
            }
            of_rule
        });
        if let Some((_, suppressed)) = &of_rule.counts {
            finding.suppressed = Some(Arc::clone(suppressed));
            taken.push(finding);
            continue;
        }
        if let Some(day) = of_rule.ended {
            let remark = format!("an exception of the policy ended on {day}");
            finding.help = Some(match finding.help.take() {
                Some(help) => format!("{help}; {remark}"),
                None => remark,
            });
        }
        findings.push(finding);
    }
    taken
}

impl<'p> OfRule<'p> {
    fn add(&mut self, exception: &'p Exception, today: Date) {
        if !exception.state(today).counts() {
            self.ended = self.ended.max(exception.until);
            return;
        }
        let is_longest =
            self.counts.as_ref().is_none_or(|(other, _)| lasts_longer(exception.until, other.until));
        if is_longest {
            let by = SuppressedBy::Exception { id: exception.id.clone(), place: exception.place.clone() };
            let reason = Some(Arc::clone(&exception.reason));
            self.counts = Some((exception, Arc::new(Suppressed { by, reason, until: exception.until })));
        }
    }
}
