//! One cause, one finding: what only follows from another finding is folded into it.
//!
//! The API server lists every field that a mistake touches. An author needs the mistake. What follows from what is in the
//! findings themselves (their cause, how they are related to other fields) and in what their rules declare
//! ([`Precedence`]).

use std::collections::{HashMap, HashSet};

use jobguard_apiserver::{Cause, Relation};
use jobguard_manifest::{FieldPath, Segment};

use super::{Finding, Precedence, Rule, Severity};

/// Takes out of `findings` what follows from another of them, and returns it. Besides what rules declare:
///
/// * What the server makes from a field, where that alone is bad (the name is too long for a label), is reported once, of
///   the field.
/// * A required field is missing because it stands in the wrong place, or under a wrong name, with what it is in
///   perhaps, and nowhere else: once it is put right the field is there. That another field has the same name is no reason.
/// * Two empty values are no duplicates: each is missing.
/// * An object is empty because what is in it was left out, or is unknown there: by its version, or its name.
pub fn fold(findings: &mut Vec<Finding>) -> Vec<Finding> {
    let mut folded = merge(findings);
    let mut causes = Causes::of(findings);
    folded.extend(findings.extract_if(.., |finding| causes.explain(finding)));
    for finding in findings.iter_mut() {
        if let Some(source) = derived_from(finding) {
            finding.at = Some(source.clone());
        }
    }
    folded
}

fn precedence(finding: &Finding) -> impl Iterator<Item = Precedence> + use<> {
    finding.rule.precedence.iter().copied()
}

/// Lets each rule that merges findings do so, once.
fn merge(findings: &mut Vec<Finding>) -> Vec<Finding> {
    let mut rules: Vec<&'static Rule> = findings
        .iter()
        .filter(|finding| precedence(finding).any(|one| matches!(one, Precedence::Merges(_))))
        .map(|finding| finding.rule)
        .collect();
    rules.dedup();
    let mut merged = Vec::new();
    for one in rules.iter().flat_map(|rule| rule.precedence) {
        if let Precedence::Merges(merge) = one {
            merged.append(&mut merge(findings));
        }
    }
    merged
}

/// What may explain a finding, gathered from all of them.
#[derive(Default)]
struct Causes {
    /// Required fields that stand elsewhere.
    supplied: HashSet<FieldPath>,
    missing: HashSet<FieldPath>,
    /// Gathered only where something stands behind it, since many fields may be refused.
    refused: HashSet<FieldPath>,
    /// Fields whose value is known to be none that the API server could take.
    explained: HashSet<FieldPath>,
    /// Fields that have a finding of their own, so that what is made from them needs none.
    sources: HashSet<FieldPath>,
    /// Objects that something was left out of, and how heavy the finding of that is.
    emptied: HashMap<FieldPath, Severity>,
    /// Fields that stand for what is within them too, for the findings of some rules.
    around: HashMap<FieldPath, (&'static [&'static Rule], Severity)>,
    /// Rules whose findings are a part of others, and how heavy those are.
    covered: Vec<(&'static Rule, Severity)>,
}

impl Causes {
    fn of(findings: &[Finding]) -> Self {
        let mut causes = Self::default();
        let stands_behind =
            |finding: &Finding| precedence(finding).any(|one| matches!(one, Precedence::BehindRefusals));
        let gathers_refused = findings.iter().any(stands_behind);
        for finding in findings {
            let supplied: Option<(&FieldPath, &[FieldPath])> = match &finding.relation {
                Some(Relation::Supplies(path)) => Some((path, &[])),
                Some(Relation::SuppliesObject(path, fields)) => Some((path, fields)),
                _ => None,
            };
            if let Some((path, fields)) = supplied {
                causes.supplied.extend(fields.iter().chain([path]).cloned());
                causes.empty(path, finding.severity);
            }
            if finding.cause == Some(Cause::Required) {
                causes.missing.insert(finding.path.clone());
            }
            if gathers_refused && finding.cause.is_some() && !stands_behind(finding) {
                causes.refused.insert(finding.path.clone());
            }
            for one in precedence(finding) {
                match one {
                    Precedence::OverRules(rules) => {
                        causes.covered.extend(rules.iter().map(|rule| (*rule, finding.severity)));
                    }
                    Precedence::OverEmptied => {
                        causes.empty(&finding.path, finding.severity);
                    }
                    Precedence::OverWithin(rules) => {
                        causes.around.insert(finding.path.clone(), (rules, finding.severity));
                    }
                    Precedence::OverDerived => {
                        causes.sources.insert(source(&finding.path));
                    }
                    Precedence::OverObjections if finding.severity == Severity::Error => {
                        let related = finding.related.iter().map(|related| &related.path);
                        causes.explained.extend(related.chain([finding.place()]).cloned());
                    }
                    _ => {}
                }
            }
        }
        causes
    }

    /// Notes that a field was left out of what it is in.
    fn empty(&mut self, field: &FieldPath, severity: Severity) {
        if let Some(parent) = field.parent() {
            let heaviest = self.emptied.entry(parent).or_insert(severity);
            *heaviest = severity.max(*heaviest);
        }
    }

    /// Whether a finding is about something within a field that has one.
    fn is_within(&self, finding: &Finding) -> bool {
        if self.around.is_empty() {
            return false;
        }
        let mut above = finding.path.parent();
        while let Some(path) = above {
            if let Some((rules, severity)) = self.around.get(&path)
                && rules.contains(&finding.rule)
                && *severity >= finding.severity
            {
                return true;
            }
            above = path.parent();
        }
        false
    }

    /// Whether a finding only follows from others.
    fn explain(&mut self, finding: &Finding) -> bool {
        if let Some(from) = derived_from(finding) {
            return !self.sources.insert(from.clone());
        }
        if finding.cause.is_some() && self.explained.contains(finding.place()) {
            return true;
        }
        if self.covered.iter().any(|(rule, severity)| *rule == finding.rule && *severity >= finding.severity)
        {
            return true;
        }
        if let Some(Relation::Empty(object)) = &finding.relation
            && self.emptied.get(object).is_some_and(|severity| *severity >= finding.severity)
        {
            return true;
        }
        if self.is_within(finding) {
            return true;
        }
        let declared = precedence(finding).any(|one| match one {
            Precedence::BehindRefusals => self.refused.contains(&finding.path),
            Precedence::BehindMissing => self.missing.contains(&finding.path),
            _ => false,
        });
        declared
            || match finding.cause {
                Some(Cause::Required) => self.supplied.contains(&finding.path),
                Some(Cause::Duplicate) => self.missing.contains(&finding.path),
                _ => false,
            }
    }
}

/// The field from whose value the server has made the one that the finding is about.
fn derived_from(finding: &Finding) -> Option<&FieldPath> {
    match &finding.relation {
        Some(Relation::MadeFrom(path)) => Some(path),
        _ => None,
    }
}

/// What values are made from: the name, where it is generated too.
fn source(path: &FieldPath) -> FieldPath {
    match path.segments() {
        [Segment::Field(metadata), Segment::Field(name)]
            if metadata == "metadata" && name == "generateName" =>
        {
            FieldPath::root().field("metadata").field("name")
        }
        _ => path.clone(),
    }
}
