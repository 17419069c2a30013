//! An answer as one HTML file that needs no other.

use std::io;

use maud::{Markup, html};

use super::answer::{Answer, Certainty, Outcome, Reason, Run, State};
use super::text::{evidence_words, field_words, run_facts};
use super::words::{about, capital, time};
use crate::page::{Document, Kind, Span, Timeline};

const STYLE: &str = include_str!("why.css");

/// The shortest wait that is drawn, in seconds.
const SOON: i64 = 10;

/// How wide the picture is.
const WIDTH: f64 = 1_100.0;

/// Writes the page.
///
/// # Errors
///
/// Those of the writer.
pub fn write(answer: &Answer, out: &mut dyn io::Write) -> io::Result<()> {
    let body = html! {
        (header(answer))
        main {
            (reasons(answer))
            @if !answer.cannot_tell.is_empty() {
                section class="card" aria-labelledby="untold" {
                    h2 id="untold" { "What is not known" }
                    ul { @for line in &answer.cannot_tell { li { (line) } } }
                }
            }
            (runs(answer))
        }
        footer { "Written by jobguard why. Nothing in this file is loaded from elsewhere." }
    };
    let title = capital(&answer.summary);
    let page = Document { title: &title, style: STYLE, script: "", body };
    out.write_all(page.render().as_bytes())
}

fn header(answer: &Answer) -> Markup {
    let known = if answer.now_is_newest_known { ", the newest time that the objects tell of" } else { "" };
    let state = match answer.state {
        State::Fine => ("is-good", "as it should be"),
        State::Running => ("", "running"),
        State::NotRunning => ("is-bad", "not running"),
        State::Failed => ("is-bad", "failed"),
    };
    html! {
        header class="top" {
            h1 { (capital(&answer.summary)) }
            p class="quiet" {
                span class={ "state " (state.0) } { (state.1) } " "
                (answer.kind) " " code { (answer.name) }
                @if !answer.namespace.is_empty() { " in namespace " code { (answer.namespace) } }
                ", as of " (time(answer.now)) (known)
            }
            @if let Some(next) = &answer.next_run {
                p {
                    strong { "Next run: " }
                    (time(next.utc)) " (in " (about(next.utc.as_second().saturating_sub(answer.now.as_second()))) ")"
                    @if let Some(zone) = next.zone.as_deref().filter(|_| !next.local.ends_with("+00:00")) { ", " (next.local) " in " (zone) }
                    @if let Some(but) = &next.but { "; but " (but) }
                }
            }
        }
    }
}

fn reasons(answer: &Answer) -> Markup {
    html! {
        section aria-label="Reasons" {
            @for reason in &answer.reasons { (reason_card(reason, answer)) }
        }
    }
}

fn reason_card(reason: &Reason, answer: &Answer) -> Markup {
    let class = match (reason.change.is_some(), reason.certainty) {
        (false, _) => "card reason",
        (true, Certainty::Certain) => "card reason notice",
        (true, _) => "card reason maybe",
    };
    html! {
        article class=(class) {
            p class="words" { span class="badge" { (reason.certainty.as_str()) } " " (capital(&reason.text)) }
            ul class="evidence small" {
                @for evidence in &reason.evidence { li { (evidence_words(evidence, answer)) } }
            }
            @if let Some(change) = &reason.change {
                p { strong { "To change: " } (change) }
                @if let Some(field) = &reason.field { p class="small" { "At " code { (field_words(field)) } } }
            }
            @for rule in &reason.rules {
                p class="small" { "Rule " code { (rule.rule) } ": " (rule.message) " (" code { (rule.path) } ")" }
            }
            p class="quiet small id" { (reason.id) }
        }
    }
}

/// The last runs: a picture of those that have a Job, and all of them in a table.
fn runs(answer: &Answer) -> Markup {
    if answer.runs.is_empty() {
        return html! {};
    }
    let spans: Vec<Span> = answer.runs.iter().flat_map(|run| spans(run, answer)).collect();
    html! {
        section class="card" aria-labelledby="runs" {
            h2 id="runs" { @if answer.kind == "CronJob" { "Last runs" } @else { "Its run" } }
            @if !spans.is_empty() {
                p class="quiet small" {
                    "Each run from when it was due: dashed is a wait, ✓ a Pod that succeeded, ✕ one \
                     that failed, ? one that still runs."
                }
                div class="scroll" { (picture(&spans)) }
            }
            div class="scroll" {
                table {
                    thead { tr { th scope="col" { "Run" } th scope="col" { "Outcome" } th scope="col" { "Pods" } } }
                    tbody {
                        @for run in &answer.runs {
                            tr {
                                td { (run_facts(run)) }
                                td { span class={ "state " (outcome(run.outcome)) } { (run.words) } }
                                td {
                                    @for one in &run.tries { div { code { (one.pod) } " " (one.words) } }
                                    @if run.more_tries > 0 { div { "and " (run.more_tries) " earlier Pods" } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "is-good",
        Outcome::Failed | Outcome::NoJob => "is-bad",
        Outcome::Running | Outcome::Waiting | Outcome::Unknown => "",
    }
}

/// What one run did, in seconds since it was due.
fn spans(run: &Run, answer: &Answer) -> Vec<Span> {
    let Some(due) = run.due.or(run.created).or(run.started) else { return Vec::new() };
    let lane = due.strftime("%a %m-%d %H:%M").to_string();
    let since = |time: jiff::Timestamp| time.as_second().saturating_sub(due.as_second()).max(0);
    let mut spans = Vec::new();
    let mut add = |from: i64, until: Option<i64>, kind: Kind, label: String| {
        if until.is_none_or(|until| until > from) {
            spans.push(Span { lane: lane.clone(), from, until, kind, label });
        }
    };
    let first = run.tries.first().and_then(|one| one.started).or(run.started).or(run.created);
    if let Some(first) = first {
        // A few seconds are not worth a bar.
        let first = Some(since(first)).filter(|wait| *wait >= SOON);
        add(0, first.or(Some(0)), Kind::Wait, "waits".to_owned());
    }
    for one in &run.tries {
        let Some(started) = one.started else { continue };
        let until = one.ended.map(since);
        let (kind, until) = match one.outcome {
            Outcome::Succeeded => (Kind::Success, until),
            Outcome::Failed => (Kind::Failure, until.or(Some(since(started) + 1))),
            Outcome::Waiting => (Kind::Wait, Some(since(answer.now))),
            Outcome::Running | Outcome::NoJob | Outcome::Unknown => (Kind::Hang, None),
        };
        // Less than a second is drawn as one.
        let until = until.map(|until| until.max(since(started) + 1));
        add(since(started), until, kind, one.words.clone());
    }
    if run.tries.is_empty()
        && let (Some(started), Some(ended)) = (run.started.or(run.created), run.ended)
    {
        let kind = if run.outcome == Outcome::Succeeded { Kind::Success } else { Kind::Failure };
        add(since(started), Some(since(ended).max(since(started) + 1)), kind, run.words.clone());
    }
    spans
}

fn picture(spans: &[Span]) -> Markup {
    let timeline = Timeline {
        title: "The last runs",
        description: "For each run, bars for its waits and its Pods, from when it was due",
        spans,
        end: None,
        width: WIDTH,
    };
    timeline.draw().inline("picture")
}
