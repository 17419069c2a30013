//! What holds, for people.

use std::fmt::Write as _;

use serde_json::Value;

use super::super::super::own_rule;
use super::shown::{Shown, short};
use crate::policy::trace::{Matched, Origin, OverrideTrace, RuleTrace, Step};
use crate::policy::{Exception, Level, OptionKind, OptionValue};
use jobguard_text::{duration, plain, plural};

pub(super) fn render(shown: &Shown<'_>) -> String {
    let trace = shown.trace;
    let names: Vec<String> = trace.files.iter().map(|file| plain(&short(file))).collect();
    let mut out = format!("policy {}: {}\n", trace.policy.name, names.join(", which extends "));
    if let Some(object) = &shown.object {
        let _ = writeln!(out, "for {}", plain(object));
    }
    overrides(&trace.overrides, &mut out);
    exceptions(shown, &mut out);
    let rows = |out: &mut String, title: &str, traces: &[crate::policy::trace::SettingTrace]| {
        if traces.is_empty() {
            return;
        }
        let _ = writeln!(out, "\n{title}");
        let rows: Vec<[String; 3]> = (traces.iter())
            .map(|setting| [plain(&setting.key), value(setting.value()), why(&setting.steps, &value)])
            .collect();
        table(&rows, out);
    };
    if shown.is_whole {
        rows(&mut out, "settings", &trace.general);
        rows(&mut out, "fills in", &trace.defaults);
        if trace.defaults.is_empty() {
            out.push_str("\nfills in nothing\n");
        }
    }
    for level in [Level::Deny, Level::Warn, Level::Info, Level::Off] {
        rules(shown, level, &mut out);
    }
    let notes = trace.policy.notes();
    if shown.is_whole && !notes.is_empty() {
        out.push_str("\nnotes\n");
        for note in notes {
            let _ = writeln!(out, "  {}", plain(note));
        }
    }
    out
}

/// The rules that are set to `level`. Those that no policy can set are the same everywhere.
fn rules(shown: &Shown<'_>, level: Level, out: &mut String) {
    let trace = shown.trace;
    let rules = &trace.rules;
    let of_level: Vec<&RuleTrace> =
        rules.iter().filter(|rule| rule.spec.is_settable() && rule.level() == level).collect();
    let fixed = rules.iter().filter(|rule| !rule.spec.is_settable() && rule.level() == level).count();
    if of_level.is_empty() && fixed == 0 {
        return;
    }
    let _ = writeln!(out, "\nrules: {level}");
    if fixed > 0 {
        let _ = writeln!(
            out,
            "  {} that no policy can set: api/* and jobguard's own limits",
            plural(fixed, "rule")
        );
    }
    let mut rows = Vec::new();
    for rule in of_level {
        let level = |level: &Level| level.to_string();
        rows.push([rule.spec.id.to_owned(), why(&rule.level, &level)]);
        for spec in rule.spec.options {
            let text = |value: &OptionValue| option(spec.kind, value);
            let set = rule.options.iter().find(|(name, _)| *name == spec.name);
            let (value, why) = match set.and_then(|(_, steps)| Some((steps, steps.last()?))) {
                Some((steps, last)) => (text(&last.value), why(steps, &text)),
                None if shown.is_whole => continue,
                None => (text(&default(spec.kind)), "built in".to_owned()),
            };
            rows.push([format!("  {}: {value}", spec.name), why]);
        }
        if !shown.is_whole
            && let Some(own) = trace.policy.own().declared_by(rule.spec)
        {
            let place = plain(&own_rule::place(own));
            let expression = plain(&own_rule::one_line(&own.expression));
            rows.push([format!("  expression: {expression}"), place.clone()]);
            let matching = own.matching.as_ref().map(|matching| plain(&matching.to_string()));
            rows.extend(matching.map(|matching| [format!("  match: {matching}"), place]));
        }
        for exception in shown.excepting(rule.spec.id) {
            let id = plain(&exception.id);
            rows.push([format!("  does not count: {id}"), place(exception)]);
        }
        if let Some(beside) = &rule.beside {
            let last = beside.last().map_or(Level::Off, |step| step.value);
            rows.push([format!("  {last} for the Jobs that it makes"), why(beside, &level)]);
        }
    }
    table(&rows, out);
}

fn overrides(overrides: &[OverrideTrace], out: &mut String) {
    if overrides.is_empty() {
        return;
    }
    out.push_str("\noverrides\n");
    let rows: Vec<[String; 3]> = (overrides.iter())
        .map(|item| {
            let matched = match item.matches {
                None => "",
                Some(Matched::Own) => "matches",
                Some(Matched::Template) => "matches the Jobs that it makes, and can only be stricter",
                Some(Matched::Claimed) => "matches by the owner that it claims, and can only be stricter",
                Some(Matched::Not) => "does not match",
            };
            [origin(&item.origin), plain(&item.matching.to_string()), matched.to_owned()]
        })
        .collect();
    table(&rows, out);
}

fn exceptions(shown: &Shown<'_>, out: &mut String) {
    let exceptions = &shown.trace.exceptions;
    if exceptions.is_empty() {
        return;
    }
    out.push_str("\nexceptions\n");
    let rows: Vec<[String; 5]> = (exceptions.iter())
        .map(|(exception, covers)| {
            let state = exception.state(shown.today);
            let until =
                exception.until.map_or_else(|| "without end".to_owned(), |day| format!("until {day}"));
            let applies = match covers {
                _ if !state.counts() => "has ended",
                None => "",
                Some(true) => "applies",
                Some(false) => "does not match",
            };
            let rules = plain(&exception.rules.join(", "));
            [place(exception), plain(&exception.id), rules, until, applies.to_owned()]
        })
        .collect();
    table(&rows, out);
}

fn place(exception: &Exception) -> String {
    format!("{}:{}", plain(&short(&exception.place.file)), exception.place.line)
}

/// Where the value that holds comes from, and what it takes the place of.
fn why<T: PartialEq>(steps: &[Step<T>], shown: &dyn Fn(&T) -> String) -> String {
    let Some((last, before)) = steps.split_last() else { return String::new() };
    let mut text = origin(&last.origin);
    // What says the same again takes the place of nothing.
    if let Some(other) = before.iter().rev().find(|step| step.value != last.value) {
        let _ = write!(text, ", instead of {} ({})", shown(&other.value), origin(&other.origin));
    }
    text
}

pub(super) fn origin(origin: &Origin) -> String {
    match origin {
        Origin::BuiltIn => "built in".to_owned(),
        Origin::Preset(preset) => preset.to_string(),
        Origin::File { file, line, key, of_override } => {
            let mut text = format!("{}:{line}", plain(&short(file)));
            if let Some(key) = key {
                let _ = write!(text, " {key}");
            }
            if let Some(number) = of_override {
                let _ = write!(text, " (override {number})");
            }
            text
        }
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => plain(text),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(self::value).collect();
            items.join(", ")
        }
        other => plain(&other.to_string()),
    }
}

/// The value of an option, as a policy writes it.
fn option(kind: OptionKind, value: &OptionValue) -> String {
    match (value, kind) {
        (OptionValue::Int(seconds), OptionKind::Seconds { .. }) => duration::short(*seconds),
        (OptionValue::Int(number), _) => number.to_string(),
        (OptionValue::Bool(on), _) => on.to_string(),
        (OptionValue::Strings(items), _) => plain(&format!("[{}]", items.join(", "))),
    }
}

/// The value of an option that no policy sets.
fn default(kind: OptionKind) -> OptionValue {
    match kind {
        OptionKind::Int { default, .. } | OptionKind::Seconds { default, .. } => OptionValue::Int(default),
        OptionKind::Bool { default } => OptionValue::Bool(default),
        OptionKind::Strings { default } => {
            OptionValue::Strings(default.iter().map(|&item| item.to_owned()).collect())
        }
    }
}

/// Columns, each as wide as it has to be.
fn table<const N: usize>(rows: &[[String; N]], out: &mut String) {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in rows {
        let mut line = String::from(" ");
        for (width, cell) in widths.iter().zip(row).filter(|(width, _)| **width > 0) {
            let _ = write!(line, " {cell:width$} ");
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
}
