//! `jobguard policy show`: a built-in policy to read, or what holds under a policy, and where each setting comes from.

mod json;
mod object;
mod shown;
mod text;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::super::output::Terminal;
use super::super::policy_source::{Origin as Source, PolicyArg};
use super::super::time::parse_time;
use crate::policy::trace::RuleTrace;
use crate::policy::{Preset, date};
use crate::report::write_document;
use jobguard_apiserver::Kind;
use jobguard_text::nearest;
use object::Asked;
use shown::Shown;

const EXAMPLES: &str = "\
Examples:
  jobguard policy show strict                               a built-in policy, to read or to start from
  jobguard policy show jobguard.yaml                        what holds, and where it comes from
  jobguard policy show --for CronJob/batch/nightly          what holds for one object, by its name
  jobguard policy show --for nightly.yaml                   and by all that its manifest says
  jobguard policy show --for nightly.yaml --rule cron/overlap   why a rule has its level there
  jobguard policy show --for Job/ci/build --user system:serviceaccount:ci:runner";

/// Arguments of `jobguard policy show`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    policy: PolicyArg,
    #[command(flatten)]
    asked: Asked,
    /// Only this rule, or those of a category (cron/*), with all options; repeatable
    #[arg(long, value_name = "ID")]
    rule: Vec<String>,
    /// How to write it
    #[arg(long, short, value_enum)]
    format: Option<ShowFormat>,
    /// The time at which exceptions are looked at, such as 2027-03-28T00:00:00Z, or a date, from 0:00 UTC [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<Timestamp>,
}

/// How to write what holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowFormat {
    /// For people
    Text,
    /// For programs: one JSON document
    Json,
}

impl ShowArgs {
    /// Whether nothing is asked for but the file of a policy.
    fn wants_text(&self) -> bool {
        !self.asked.is_about_an_object() && self.format.is_none() && self.rule.is_empty()
    }
}

pub(super) fn run(args: &ShowArgs, terminal: &Terminal) -> Result<()> {
    let source = args.policy.origin()?;
    let preset = match &source {
        Source::Preset(preset) => Some(*preset),
        Source::Neither => Some(Preset::Recommended),
        Source::Named(_) | Source::Found(_) => None,
    };
    if let Some(preset) = preset.filter(|_| args.wants_text()) {
        return terminal.print(preset.text());
    }
    // The object may be decoded as the policy's Kubernetes version does.
    let object = args.asked.object(|| Ok(source.load()?.server))?;
    let subject = object.as_ref().map(object::Object::subject);
    let mut trace = source.trace(subject.as_ref())?;
    if subject.as_ref().is_some_and(|subject| subject.kind == Kind::CronJob) {
        // Rules about runs look at the CronJob alone.
        for rule in trace.rules.iter_mut().filter(|rule| rule.spec.category() == "cron") {
            rule.beside = None;
        }
    }
    choose(&args.rule, &mut trace.rules)?;
    let is_whole = args.rule.is_empty();
    let today = date::of(args.now.unwrap_or_else(Timestamp::now));
    let shown = Shown { trace: &trace, is_whole, today, object: object.as_ref().map(object::Object::name) };
    match args.format.unwrap_or(ShowFormat::Text) {
        ShowFormat::Text => terminal.print(&text::render(&shown)),
        ShowFormat::Json => {
            let mut out = Vec::new();
            write_document(&json::document(&shown), &mut out)?;
            terminal.print(&String::from_utf8_lossy(&out))
        }
    }
}

/// Keeps the rules that are named; without a name, all of them.
fn choose(names: &[String], rules: &mut Vec<RuleTrace>) -> Result<()> {
    for name in names {
        let is_it = |rule: &RuleTrace| is_named(rule, name);
        if !rules.iter().any(is_it) {
            let known = rules.iter().map(|rule| rule.spec.id);
            match nearest(name, known) {
                Some(near) => bail!("there is no rule {name:?}; did you mean {near}?"),
                None => bail!("there is no rule {name:?}; `jobguard rules` lists them all"),
            }
        }
    }
    rules.retain(|rule| names.is_empty() || names.iter().any(|name| is_named(rule, name)));
    Ok(())
}

/// Whether a rule is called this, or is of a category that is.
fn is_named(rule: &RuleTrace, name: &str) -> bool {
    rule.spec.is_called(name) || name.strip_suffix("/*") == Some(rule.spec.category())
}
