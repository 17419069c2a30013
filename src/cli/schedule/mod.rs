//! `jobguard schedule`: when a schedule runs, in words and in times.

mod facts;
mod json;
mod layout;
mod text;
mod verdict;

use anyhow::{Result, anyhow};
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::ExitStatus;
use super::output::Terminal;
use super::time::parse_time;
use crate::report::write_document;
use facts::{Facts, Question, Zone};
use jobguard_cron::load_zone;

const EXAMPLES: &str = "\
Examples:
  jobguard schedule '30 2 * * 1-5'                        when, in words, and the next ten runs
  jobguard schedule '30 2 * * *' --zone Europe/Berlin     by that clock, with its changes in the coming year
  jobguard schedule '0 0 12 ? * 2'                        what other programs mean by it, and how to write that
  jobguard schedule @hourly --next 3 --format json        for programs

Exit status: 0 Kubernetes accepts the schedule, 1 it does not, 2 could not do what was asked.";

/// How many fields a schedule has at most, in any program.
const MOST_WORDS: usize = 7;

/// Arguments of `jobguard schedule`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ScheduleArgs {
    /// The schedule; its fields may be arguments of their own
    #[arg(value_name = "EXPRESSION", required = true)]
    expression: Vec<String>,

    /// The schedule's time zone, as spec.timeZone names it
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    zone: String,

    /// How many runs to show
    #[arg(long, short, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    next: u16,

    /// From when on, such as 2027-03-28T00:00:00Z, or a date, from 0:00 UTC [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    from: Option<Timestamp>,

    /// Show the times in this zone too, such as your own
    #[arg(long, value_name = "ZONE")]
    reader: Option<String>,

    /// How to write it
    #[arg(long, short, value_enum, default_value_t)]
    format: ScheduleFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ScheduleFormat {
    /// For people
    #[default]
    Text,
    /// For programs: one JSON object
    Json,
}

pub(crate) fn run(args: ScheduleArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let from = args.from.unwrap_or_else(Timestamp::now);
    let question = Question {
        expression: args.expression.join(" "),
        zone: zone("--zone", args.zone)?,
        reader: args.reader.map(|name| zone("--reader", name)).transpose()?,
        from,
        count: usize::from(args.next),
    };
    let facts = Facts::of(&question)?;
    match args.format {
        ScheduleFormat::Text => terminal.print(&text::text(&question, &facts))?,
        ScheduleFormat::Json => {
            let mut out = Vec::new();
            write_document(&json::document(&question, &facts), &mut out)?;
            terminal.print(&String::from_utf8_lossy(&out))?;
        }
    }
    // A shell puts the names of files where a star stands alone; no program's schedule has so many words.
    if facts.schedule.is_err() && args.expression.len() > MOST_WORDS {
        terminal.note("note: put the expression in quotation marks, or the shell replaces each * with the names of files");
    }
    Ok(if facts.schedule.is_ok() { ExitStatus::Success } else { ExitStatus::Findings })
}

/// A time zone, or what `api/time-zone` says of its name.
fn zone(option: &str, name: String) -> Result<Zone> {
    match load_zone(&name) {
        Ok(zone) => Ok(Zone { name, zone }),
        Err(error) => Err(anyhow!("{option}: {error}")),
    }
}
