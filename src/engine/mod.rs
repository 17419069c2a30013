//! The rule engine: objects in, findings out.
//!
//! [`check()`] is the one place where a verdict is made. The webhook and the linter both call it, so they cannot
//! differ. Rules are pure and synchronous; what they cannot compute themselves they find in a [`Context`], and so does
//! the engine the rules: it is handed a [`Registry`], and knows none by name.

mod cancel;
mod cel;
mod check;
mod containers;
mod context;
pub(crate) mod corrected;
mod demand;
mod dropped;
mod except;
mod exit_codes;
mod finding;
mod fix;
mod fold;
mod input;
mod job_part;
mod made;
mod neighbours;
mod object;
mod own;
mod precedence;
mod ratchet;
mod references;
mod registry;
mod rule;
mod suppress;
mod suppressed;
mod symptom;
mod texts;
mod timetable;
mod views;
mod written;

pub use cancel::Cancellation;
pub use cel::Cel;
pub use check::{Verdict, check, check_stored, check_update, server_findings};
pub use containers::{ContainerPart, DEFAULT_BACKOFF_LIMIT, Endless, LONGEST_LIMIT};
pub use context::{Author, Context};
pub use demand::{Amounts, Demand, amount_text, written};
pub use exit_codes::ExitCodes;
pub use finding::{Anchor, Finding, Related, Severity, Weight};
pub use fix::{Fix, Safety};
pub use fold::fold;
pub use input::{
    Fact, Input, InputCheck, InputFix, InputJudgment, InputObject, InputSink, Kept, Seen, evaluate_input,
};
pub use job_part::JobPart;
pub use made::{MadeOptions, MadeVerdict, check_made, made_objects};
pub use neighbours::{
    Answers, BudgetFacts, Entries, Expression, Facts, Known, LimitFacts, Listing, Nearness, Neighbour,
    NeighbourIndex, NeighbourKind, NeighbourKinds, NeighbourSource, Neighbours, Operator, Origin, Question,
    Questions, QuotaFacts, ScopeFacts, Selector, ServiceFacts,
};
pub use object::{Object, Remark, TextFacts, controller_of, subject, subject_by};
pub use own::{MAX_STEPS, MAX_STEPS_OF_ALL, RequestFacts, registry};
pub use precedence::Precedence;
pub use references::Reference;
pub use registry::Registry;
pub use rule::{Check, Docs, Example, Reported, Rule, RuleContext, ServerCheck, Sink};
pub use suppress::{
    ANNOTATION, Annotation, AnnotationExcess, AnnotationFault, Entry, MAX_ANNOTATION_BYTES, MAX_NAMES,
    NotAllowed, SuppressionCheck, SuppressionEnd, Suppressions, Term, UnknownNames, Wording,
};
pub use suppressed::{Suppressed, SuppressedBy};
pub use symptom::Symptom;
pub use texts::any_text;
pub use timetable::{CronPart, Timetable};
pub use written::{RemarkSink, Written, remarks};
