//! `jobguard review`: the webhook's answer to one AdmissionReview, without a server.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use jiff::Timestamp;

use crate::report::write_document;
use crate::server::{Admission, Endpoint, MAX_BODY};

use super::exit::ExitStatus;
use super::output::Terminal;
use super::policy_source;
use super::time::parse_time;

const EXAMPLES: &str = "\
Examples:
  jobguard review --validate review.json           would it be admitted, by the policy that holds here?
  jobguard review --mutate review.json -p strict   what would be filled in, by the strict policy
  jobguard review --validate < review.json          standard input";

/// Arguments of `jobguard review`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("endpoint").required(true), after_help = EXAMPLES)]
pub(crate) struct ReviewArgs {
    /// Answer as POST /validate does
    #[arg(long, group = "endpoint")]
    validate: bool,

    /// Answer as POST /mutate does
    #[arg(long, group = "endpoint")]
    mutate: bool,

    /// A policy file, or baseline, recommended or strict
    /// [default: jobguard.yaml in this folder or above it, within the git repository, else recommended]
    #[arg(long, short, value_name = "FILE|NAME", env = "JOBGUARD_POLICY", hide_env_values = true)]
    policy: Option<String>,

    /// The time of the review, such as 2027-03-28T00:00:00Z, or a date, from 0:00 UTC [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<Timestamp>,

    /// AdmissionReview in JSON; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
}

/// Prints the answer as the server would send it, laid out for reading. A denial is an answer
/// too, and no failure of this command.
pub(crate) fn run(args: ReviewArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let admission = Admission::new(policy_source::find(args.policy.as_deref())?);
    let endpoint = if args.mutate { Endpoint::Mutate } else { Endpoint::Validate };
    let (name, body) = if args.file == Path::new("-") {
        ("standard input".to_owned(), read(io::stdin().lock()))
    } else {
        (args.file.display().to_string(), File::open(&args.file).and_then(read))
    };
    let body = body.with_context(|| format!("cannot read {name}"))?;
    if body.len() > MAX_BODY {
        bail!("{name} is larger than {MAX_BODY} bytes, which no AdmissionReview is");
    }
    let answer = admission.answer(endpoint, &body, args.now.unwrap_or_else(Timestamp::now)).context(name)?;
    // Text of the review itself, such as its uid, is foreign.
    let mut text = Vec::new();
    write_document(&answer, &mut text)?;
    terminal.print(&String::from_utf8_lossy(&text))?;
    Ok(ExitStatus::Success)
}

fn read(from: impl Read) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    from.take(MAX_BODY as u64 + 1).read_to_end(&mut body)?;
    Ok(body)
}
