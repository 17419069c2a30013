//! What a rule declares about the findings of others.

use super::{Finding, Rule};

/// What a rule declares about findings that have the same cause as its own.
#[derive(Debug, Clone, Copy)]
pub enum Precedence {
    /// A finding of one of these rules, where it is no heavier, is a part of what this rule's says.
    OverRules(&'static [&'static Rule]),
    /// What the API server makes from a field is bad because the field is.
    OverDerived,
    /// What the API server objects to at a field is explained by an error of the rule that names the field.
    OverObjections,
    /// A finding says nothing new of a field that the API server refuses.
    BehindRefusals,
    /// A finding says nothing new of a field that is missing.
    BehindMissing,
    /// A finding of one of these rules is about something within what this rule's is about, and no heavier.
    OverWithin(&'static [&'static Rule]),
    /// What the rule's field is in has nothing left without it; what the API server says of that, and no more loudly,
    /// follows from it.
    OverEmptied,
    /// Several findings of one object amount to another: puts that in their place and returns them. Asked of objects of
    /// which the rule has a finding.
    Merges(fn(&mut Vec<Finding>) -> Vec<Finding>),
}
