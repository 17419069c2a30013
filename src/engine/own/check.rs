//! Judging an object by an own rule.

use jobguard_cel::{Budget, EvalError, Program, Value};
use jobguard_manifest::{FieldPath, Segment};
use jobguard_text::plain_within;

use crate::engine::{Object, RuleContext, Severity, Sink};
use crate::policy::own::FilledIn;
use crate::policy::own::vocabulary::{NAMESPACE_OBJECT, REQUEST};
use crate::policy::{OnError, OwnRule};

use super::facts::{Asked, OwnFacts};
use super::limits::{MAX_STEPS, MAX_STEPS_OF_ALL};

/// The longest message, in characters.
const MAX_MESSAGE: usize = 500;

/// Evaluates the rule of this context.
pub(super) fn judge(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(rule) = context.own_rule() else { return };
    if !rule.is_about(&context.subject(object)) {
        return;
    }
    let facts = OwnFacts {
        object,
        looked_at: context.own_looked_at(),
        old: context.old(),
        request: context.request(),
        namespace_labels: context.namespace_labels(),
        asked: Asked::default(),
    };
    let evaluate = |program: &Program| {
        let spent = context.own_steps();
        let cancelled = || context.is_cancelled();
        let steps = MAX_STEPS.min(MAX_STEPS_OF_ALL.saturating_sub(spent.get()));
        let mut budget = Budget::new(steps).or_until(&cancelled);
        let value = program.evaluate(&facts, &mut budget);
        spent.set(spent.get().saturating_add(budget.spent()));
        value
    };
    let value = evaluate(&rule.compiled.expression);
    // The whole verdict is given up.
    if matches!(value, Err(EvalError::Cancelled)) {
        return;
    }
    // The result could be different on the API server.
    if let Some(field) = facts.filled_in(&rule.compiled.filled_in) {
        let why = match field {
            FilledIn::Set(field) => format!("the API server sets `{field}`"),
            FilledIn::Namespace => "the object names no namespace".to_owned(),
            FilledIn::Name => "the API server makes `metadata.name` of generateName".to_owned(),
            FilledIn::Selector => "the API server makes `spec.selector`".to_owned(),
        };
        return report(object, rule, sink, format!("not checked: {why}"), Some(Severity::Info));
    }
    let error = match value {
        Ok(Value::Bool(true)) => return,
        Ok(Value::Bool(false)) => {
            let words = rule.compiled.message.as_ref().and_then(|program| message(evaluate(program)));
            return report(object, rule, sink, words.unwrap_or_else(|| fallback(rule)), None);
        }
        Ok(_) => "the expression is neither true nor false".to_owned(),
        // What others have left was less than one evaluation may take.
        Err(EvalError::TooExpensive(steps)) if steps < MAX_STEPS => format!(
            "all own rules together have used up the {} steps that an object has",
            grouped(MAX_STEPS_OF_ALL)
        ),
        Err(EvalError::TooExpensive(steps)) => format!("it takes more than {} steps", grouped(steps)),
        Err(error) => match (facts.namespace_labels, rule.compiled.expression.variables()) {
            (None, uses) if uses.contains(&NAMESPACE_OBJECT) && facts.request.is_some() => {
                "`namespaceObject` is known only where the server watches namespaces: --watch-namespaces (chart: watch.namespaces)".to_owned()
            }
            _ => error.to_string(),
        },
    };
    let (most, words) = match (unknown(rule, &facts), rule.on_error) {
        // Offline there is no request, and so nothing to be at fault.
        (Some(name), _) => (Severity::Info, format!("not checked: `{name}` is known to the webhook alone")),
        (None, OnError::Warn) => (Severity::Warning, format!("the rule cannot be evaluated: {error}")),
        (None, OnError::Deny) => (Severity::Error, format!("the rule cannot be evaluated: {error}")),
    };
    report(object, rule, sink, words, Some(most));
}

/// A number with commas.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What the expression makes use of that is not known offline, where that is so.
fn unknown(rule: &OwnRule, facts: &OwnFacts<'_>) -> Option<&'static str> {
    if facts.request.is_some() {
        return None;
    }
    let uses = rule.compiled.expression.variables();
    match (uses.contains(&REQUEST), uses.contains(&NAMESPACE_OBJECT) && facts.namespace_labels.is_none()) {
        (true, _) => Some("request"),
        (_, true) => Some("namespaceObject"),
        _ => None,
    }
}

/// What a `messageExpression` says: a text in one line that is not empty.
fn message(value: Result<Value, EvalError>) -> Option<String> {
    match value {
        Ok(Value::String(text)) if !text.trim().is_empty() && !text.contains(['\n', '\r']) => {
            Some(text.trim().to_owned())
        }
        _ => None,
    }
}

fn fallback(rule: &OwnRule) -> String {
    match &rule.message {
        Some(message) => message.split_whitespace().collect::<Vec<_>>().join(" "),
        None => {
            format!("failed expression: {}", rule.expression.split_whitespace().collect::<Vec<_>>().join(" "))
        }
    }
}

/// Reports at the rule's path; of an expression that has no value, at a severity of at most `error`. What is said may be made of
/// the object's texts.
fn report(object: &Object, rule: &OwnRule, sink: &mut Sink, words: String, error: Option<Severity>) {
    let path = rule.path.as_deref().map(|path| place(object, path));
    let is_of_whole = path.is_none();
    let path = path.unwrap_or_else(|| FieldPath::root().fields("metadata.name"));
    let mut reported = sink.report(path, plain_within(&words, MAX_MESSAGE));
    if let Some(help) = &rule.help {
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        reported = reported.help(plain_within(&help, MAX_MESSAGE));
    }
    if let Some(most) = error {
        reported = reported.about("evaluation").at_most(most);
    }
    if is_of_whole {
        reported.of_whole();
    }
}

/// A path of the rule in this object: `job.` stands for the Job, also in a CronJob.
fn place(object: &Object, path: &str) -> FieldPath {
    let path = FieldPath::parse(path);
    let of_cron_job = object.job().is_some_and(|job| job.of_cron_job);
    match path.segments() {
        [Segment::Field(job), rest @ ..] if job == "job" => {
            let start =
                if of_cron_job { FieldPath::root().fields("spec.jobTemplate") } else { FieldPath::root() };
            rest.iter().fold(start, |mut path, segment| {
                path.push(segment.clone());
                path
            })
        }
        _ => path,
    }
}
