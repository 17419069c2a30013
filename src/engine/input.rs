//! Rules about the input as a whole: what one object alone cannot show.
//!
//! Each object leaves a small fact behind, and is let go. When all have been seen, the rule judges the facts in the
//! order of the input, and each finding is about one of the objects: at the level that the policy has for that
//! object, and suppressed by that object's annotation. What would resolve it may be spread over several objects, each
//! with its own fix. The webhook sees one object at a time and skips these rules.

use std::any::Any;
use std::sync::Arc;

use jobguard_manifest::FieldPath;

use super::rule::Reported;
use super::{Check, Finding, Fix, Object, Registry, Rule, RuleContext, Severity};

/// How a rule judges the input as a whole.
#[derive(Clone, Copy)]
pub struct InputCheck {
    /// What to keep of an object; nothing of an object that does not matter. Asked whatever the rule's level for
    /// the object, since others may be judged by it, unless the rule is off for all of them.
    pub keep: fn(&Object, &RuleContext<'_>) -> Option<Fact>,
    /// Judges what was kept, in the order of the input.
    pub judge: fn(&[Seen<'_>], &mut InputSink<'_>),
}

/// What a rule keeps of an object, in a type of its own.
pub type Fact = Box<dyn Any + Send>;

/// What is known of the input as a whole.
#[derive(Debug, Clone, Copy, Default)]
pub enum Input<'a> {
    /// Nothing, now or later: the object came alone.
    #[default]
    Alone,
    /// Not yet: facts are being kept.
    Gathering,
    /// What was found about this object.
    Judged(&'a [Finding]),
}

/// A fact, the rule it is for and how that rule is set for the object.
#[derive(Debug)]
pub struct Kept {
    pub(super) rule: &'static Rule,
    pub(super) severity: Option<Severity>,
    pub(super) fact: Fact,
}

/// An object of the input, reduced to its place and to what rules kept of it.
#[derive(Debug)]
pub struct InputObject {
    /// The file, as reports name it.
    pub file: Arc<str>,
    /// The line to name when another object's finding refers to this one.
    pub line: usize,
    /// What was kept.
    pub kept: Vec<Kept>,
}

/// What a rule sees of an object when it judges the input.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    object: usize,
    place: &'a InputObject,
    severity: Option<Severity>,
    fact: &'a (dyn Any + Send),
}

impl<'a> Seen<'a> {
    /// What the rule kept; none if that is of another type.
    pub fn fact<T: 'static>(&self) -> Option<&'a T> {
        self.fact.downcast_ref()
    }

    /// The file, as reports name it.
    pub fn file(&self) -> &'a str {
        &self.place.file
    }

    /// The line.
    pub fn line(&self) -> usize {
        self.place.line
    }

    /// Whether the policy has the rule on for the object.
    pub fn is_on(&self) -> bool {
        self.severity.is_some()
    }
}

/// What the rules about the input as a whole found. Objects are named by their positions in the input.
#[derive(Debug, Default)]
pub struct InputJudgment {
    /// The findings, each with its object.
    pub findings: Vec<(usize, Finding)>,
    /// What would resolve some of them.
    pub fixes: Vec<InputFix>,
}

/// What would resolve a finding, as far as one object is concerned.
#[derive(Debug)]
pub struct InputFix {
    /// The object to be changed, which need not be the one that the finding is about.
    pub object: usize,
    /// The position of the finding in [`InputJudgment::findings`].
    pub finding: usize,
    /// The change, as the fix of a finding about that object: what suppresses the rule there keeps it from being made.
    pub change: Finding,
}

/// Where a rule puts what it finds in the input.
#[derive(Debug)]
pub struct InputSink<'f> {
    rule: &'static Rule,
    judgment: &'f mut InputJudgment,
}

impl InputSink<'_> {
    /// Reports a finding about an object that was seen, as a sink does; nothing where the rule is off for
    /// the object.
    pub fn report(
        &mut self,
        seen: &Seen<'_>,
        path: FieldPath,
        message: impl Into<String>,
    ) -> Option<Reported<'_>> {
        let finding = self.rule.finding(seen.severity?, path, message);
        self.judgment.findings.push((seen.object, finding));
        self.judgment.findings.last_mut().map(|(_, finding)| Reported::of(finding))
    }

    /// Offers a part of what would resolve the finding that was reported last: what is to be done at `path` in an object
    /// that was seen. Nothing where the rule is off for the object.
    pub fn fix(&mut self, seen: &Seen<'_>, path: FieldPath, fix: Fix) {
        let (Some(severity), Some(finding)) = (seen.severity, self.judgment.findings.len().checked_sub(1))
        else {
            return;
        };
        let mut change = self.rule.finding(severity, path, fix.title.clone());
        change.fix = Some(fix);
        self.judgment.fixes.push(InputFix { object: seen.object, finding, change });
    }
}

/// Evaluates the rules about the input as a whole, on what was kept of its objects.
pub fn evaluate_input(objects: &[&InputObject], registry: &Registry) -> InputJudgment {
    let mut judgment = InputJudgment::default();
    for &rule in registry.rules() {
        let Check::Input(check) = rule.check else { continue };
        let seen: Vec<Seen<'_>> = objects
            .iter()
            .enumerate()
            .flat_map(|(object, place)| place.kept.iter().map(move |kept| (object, place, kept)))
            .filter(|(_, _, kept)| std::ptr::eq(kept.rule, rule))
            .map(|(object, place, kept)| Seen { object, place, severity: kept.severity, fact: &*kept.fact })
            .collect();
        (check.judge)(&seen, &mut InputSink { rule, judgment: &mut judgment });
    }
    judgment
}
