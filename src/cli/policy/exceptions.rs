//! `jobguard policy exceptions`

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::super::ExitStatus;
use super::super::inputs::{self, InputArgs, Inputs};
use super::super::output::Terminal;
use super::super::policy_source::Origin;
use super::super::time::parse_time;
use super::unused::unused;
use crate::diagnostic::{FileError, ObjectId, Report};
use crate::engine::SuppressedBy;
use crate::lint::WrittenSuppression;
use crate::linter::written_suppressions;
use crate::policy::{Exception, ExceptionState, Match, NOTICE_DAYS};
use crate::report::write_document;
use jobguard_text::{break_commands, plain, plural};

/// How wide the text is, in characters.
const WIDTH: usize = 80;
/// Where the third column begins.
const INDENT: usize = 26;

pub(crate) const EXAMPLES: &str = "\
Examples:
  jobguard policy exceptions                     of the policy, and of the manifests in this folder
  jobguard policy exceptions jobs/ --policy jobguard.yaml
  jobguard policy exceptions --now 2027-01-31    as they will be on that day
  jobguard policy exceptions --fail-on-ended     in CI: status 1 if one has ended";

/// What to list.
#[derive(Debug, Args)]
pub(crate) struct ExceptionsArgs {
    #[command(flatten)]
    inputs: InputArgs,
    /// A policy file, or baseline, recommended or strict
    /// [default: jobguard.yaml in this folder or above it, within the git repository, else recommended]
    #[arg(long, short, value_name = "FILE|NAME", env = "JOBGUARD_POLICY", hide_env_values = true)]
    policy: Option<String>,
    /// How to write them
    #[arg(long, short, value_enum, default_value_t)]
    format: ExceptionsFormat,
    /// The time at which they are looked at, such as 2027-03-28T00:00:00Z, or a date, from 0:00 UTC [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<Timestamp>,
    /// Exit with status 1 if one has ended
    #[arg(long)]
    fail_on_ended: bool,
}

/// The format of exceptions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ExceptionsFormat {
    /// For people
    #[default]
    Text,
    /// For programs: one JSON document
    Json,
}

/// An exception, wherever it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    state: &'static str,
    #[serde(serialize_with = "as_text")]
    until: Option<Date>,
    /// `policy` or `annotation`.
    from: &'static str,
    exception: Option<&'a str>,
    rules: &'a [String],
    #[serde(rename = "match")]
    matching: Option<Conditions<'a>>,
    object: Option<&'a ObjectId>,
    reason: Option<&'a str>,
    file: &'a str,
    line: usize,
    column: usize,
    /// Of an exception of the policy: whether nothing in what was read is excepted by it; null where that is not known.
    unused: Option<bool>,
    #[serde(skip)]
    of: ExceptionState,
}

/// The conditions of an exception, as a policy writes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Conditions<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    kinds: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespaces: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<BTreeMap<&'a str, &'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace_labels: Option<BTreeMap<&'a str, &'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_kinds: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<&'a [String]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u32,
    policy: &'a str,
    day: String,
    exceptions: &'a [Listed<'a>],
    /// Files that could not be read.
    errors: &'a [FileError],
}

pub(crate) fn run(args: &ExceptionsArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let origin = Origin::of(args.policy.as_deref())?;
    let policy = origin.load()?;
    let Inputs { found, .. } = inputs::read(&args.inputs, (&origin, &policy), terminal)?;
    let (written, unread) = written_suppressions(&found.sources, &policy);
    let errors: Vec<FileError> = found.errors.into_iter().chain(unread).collect();
    let today = TimeZone::UTC.to_datetime(args.now.unwrap_or_else(Timestamp::now)).date();
    let unused = unused(&found.sources, &policy, args.now.unwrap_or_else(Timestamp::now));
    let of_policy = policy.exceptions().iter().zip(unused);
    let of_policy = of_policy.map(|(exception, unused)| of_policy_file(exception, unused, today));
    let mut all: Vec<Listed<'_>> =
        of_policy.chain(written.iter().map(|written| of_annotation(written, today))).collect();
    // Stable: of the same day, the policy's come first, each in the order of its file.
    all.sort_by_key(|one| (one.until.is_none(), one.until));
    for error in &errors {
        terminal.note(&format!("error: {}", plain(&error.to_string())));
    }
    match args.format {
        ExceptionsFormat::Text => terminal.print(&text(&all, today))?,
        ExceptionsFormat::Json => {
            let mut out = Vec::new();
            let document = Document {
                schema_version: 1,
                policy: &policy.name,
                day: today.to_string(),
                exceptions: &all,
                errors: &errors,
            };
            write_document(&document, &mut out)?;
            terminal.print(&String::from_utf8_lossy(&out))?;
        }
    }
    Ok(if !errors.is_empty() {
        ExitStatus::Failure
    } else if args.fail_on_ended && all.iter().any(|one| one.of == ExceptionState::Ended) {
        ExitStatus::Findings
    } else {
        ExitStatus::Success
    })
}

/// What is said of exceptions of the policy that findings of a run do not count by, and that are about to end.
pub(in crate::cli) fn ending(report: &Report, now: Timestamp) -> Option<String> {
    let today = TimeZone::UTC.to_datetime(now).date();
    let mut used: BTreeMap<(Option<Date>, &str), ()> = BTreeMap::new();
    for one in &report.suppressed {
        if let SuppressedBy::Exception { id, .. } = &one.why.by
            && ExceptionState::of(one.why.until, today) == ExceptionState::Ending
        {
            used.insert((one.why.until, id), ());
        }
    }
    let (until, id) = used.keys().next()?;
    let first = format!("{id} on {}", until.map(|day| day.to_string()).unwrap_or_default());
    let all = "`jobguard policy exceptions` lists all";
    Some(match used.len() {
        1 => format!("an exception of the policy that is used here ends soon: {first}; {all}"),
        count => {
            format!("{count} exceptions of the policy that are used here end soon, first {first}; {all}")
        }
    })
}

fn of_policy_file(exception: &Exception, unused: Option<bool>, today: Date) -> Listed<'_> {
    let of = exception.state(today);
    Listed {
        state: of.as_str(),
        until: exception.until,
        from: "policy",
        exception: Some(&exception.id),
        rules: &exception.rules,
        matching: Some(conditions(&exception.matching)),
        object: None,
        reason: Some(&exception.reason),
        file: &exception.place.file,
        line: exception.place.line,
        column: exception.place.column,
        unused,
        of,
    }
}

fn of_annotation(written: &WrittenSuppression, today: Date) -> Listed<'_> {
    let of = ExceptionState::of(written.until, today);
    Listed {
        state: of.as_str(),
        until: written.until,
        from: "annotation",
        exception: None,
        rules: &written.names,
        matching: None,
        object: Some(&written.object),
        reason: written.reason.as_deref(),
        file: &written.file,
        line: written.line,
        column: written.column,
        unused: None,
        of,
    }
}

fn conditions(matching: &Match) -> Conditions<'_> {
    fn pairs(labels: &[(String, String)]) -> BTreeMap<&str, &str> {
        labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
    }
    let Match { kinds, namespaces, names, labels, namespace_labels, owner_kinds, users } = matching;
    Conditions {
        kinds: kinds.as_ref().map(|kinds| kinds.iter().map(|kind| kind.as_str()).collect()),
        namespaces: namespaces.as_deref(),
        names: names.as_deref(),
        labels: labels.as_deref().map(pairs),
        namespace_labels: namespace_labels.as_deref().map(pairs),
        owner_kinds: owner_kinds.as_deref(),
        users: users.as_deref(),
    }
}

#[expect(clippy::ref_option, reason = "serde asks for it")]
fn as_text<S: serde::Serializer>(until: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
    until.map(|until| until.to_string()).serialize(serializer)
}

impl Conditions<'_> {
    /// In one line: `namespaces etl-*; labels tier=*`.
    fn text(&self) -> String {
        let mut parts = Vec::new();
        let mut list = |name: &str, words: Option<&[String]>| {
            parts.extend(words.map(|words| format!("{name} {}", words.join(", "))));
        };
        list("namespaces", self.namespaces);
        list("names", self.names);
        list("ownerKinds", self.owner_kinds);
        list("users", self.users);
        for (name, labels) in [("labels", &self.labels), ("namespaceLabels", &self.namespace_labels)] {
            let pairs = labels.iter().flatten().map(|(key, value)| format!("{key}={value}"));
            parts.extend(labels.as_ref().map(|_| format!("{name} {}", pairs.collect::<Vec<_>>().join(", "))));
        }
        parts.extend(self.kinds.as_ref().map(|kinds| format!("kinds {}", kinds.join(", "))));
        parts.join("; ")
    }
}

/// All of them for people, and how many there are.
fn text(all: &[Listed<'_>], today: Date) -> String {
    let mut text = String::new();
    for one in all {
        let when = format!("{:10}  {}", day(one.until), distance(one, today));
        let about = match (&one.matching, one.object) {
            (Some(matching), _) => matching.text(),
            (None, Some(object)) => object.to_string(),
            (None, None) => String::new(),
        };
        let place = match one.exception {
            Some(id) => format!("{id}, {}:{}", one.file, one.line),
            None => format!("{}:{}", one.file, one.line),
        };
        let unused = (one.unused == Some(true)).then(|| "matches nothing that was read".to_owned());
        let lines =
            [Some(one.rules.join(", ")), Some(about), one.reason.map(str::to_owned), Some(place), unused];
        let mut first = Some(when);
        for line in lines.into_iter().flatten().flat_map(|line| wrapped(&plain(&line), WIDTH - INDENT)) {
            // A day far away takes more than its column.
            let _ = writeln!(text, "{:1$} {line}", first.take().unwrap_or_default(), INDENT - 1);
        }
        text.push('\n');
    }
    break_commands(text + &summary(all))
}

fn day(until: Option<Date>) -> String {
    until.map_or_else(|| "no end".to_owned(), |until| until.to_string())
}

/// How far away its last day is.
fn distance(one: &Listed<'_>, today: Date) -> String {
    let days = |until: Date| until.since(today).map_or(0, |span| span.get_days());
    match (one.of, one.until.map(days)) {
        (ExceptionState::Ended, _) => "ended".to_owned(),
        (_, None) => String::new(),
        (_, Some(0)) => "today".to_owned(),
        (_, Some(1)) => "tomorrow".to_owned(),
        (_, Some(days)) => format!("in {days} days"),
    }
}

fn summary(all: &[Listed<'_>]) -> String {
    let parts = ExceptionState::ALL.into_iter().filter_map(|state| {
        let count = all.iter().filter(|one| one.of == state).count();
        let what = match state {
            ExceptionState::Ended => "ended".to_owned(),
            ExceptionState::Ending => format!("within {NOTICE_DAYS} days"),
            ExceptionState::Active => "later".to_owned(),
            ExceptionState::Permanent => "without end".to_owned(),
        };
        (count > 0).then(|| format!("{count} {what}"))
    });
    let unused = all.iter().filter(|one| one.unused == Some(true)).count();
    let unused = (unused > 0).then(|| format!("{unused} matching nothing"));
    match parts.chain(unused).collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "No exceptions\n".to_owned(),
        parts => format!("{}: {parts}\n", plural(all.len(), "exception")),
    }
}

/// Lines of at most `width` characters. A word that is longer stays whole: it may be a path to copy.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut().filter(|line| line.chars().count() + 1 + word.chars().count() <= width) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}
