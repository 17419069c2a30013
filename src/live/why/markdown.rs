//! An answer for a ticket or a comment.

use std::io;

use super::answer::Answer;
use super::text::{evidence_words, field_words, run_facts};
use super::words::{about, capital, time};
use crate::page::{code, markdown_text};

/// How many characters of one text are shown.
const MOST: usize = 1_200;

/// Writes an answer as Markdown that GitHub and GitLab show.
///
/// # Errors
///
/// Those of the writer.
pub fn write(answer: &Answer, out: &mut dyn io::Write) -> io::Result<()> {
    let text = |words: &str| markdown_text(words, MOST);
    writeln!(out, "## {}\n", text(&capital(&answer.summary)))?;
    let known = if answer.now_is_newest_known { ", the newest time that the objects tell of" } else { "" };
    writeln!(
        out,
        "{} {} in namespace {}, as of {}{known}.\n",
        answer.kind,
        code(&answer.name, 253),
        code(&answer.namespace, 253),
        time(answer.now)
    )?;
    for (number, reason) in answer.reasons.iter().enumerate() {
        writeln!(
            out,
            "{}. **{}**: {} (`{}`)",
            number + 1,
            reason.certainty.as_str(),
            text(&reason.text),
            reason.id
        )?;
        for evidence in &reason.evidence {
            writeln!(out, "   - {}", text(&evidence_words(evidence, answer)))?;
        }
        if let Some(change) = &reason.change {
            writeln!(out, "   - **To change:** {}", text(change))?;
            if let Some(field) = &reason.field {
                writeln!(out, "   - **At:** {}", text(&field_words(field)))?;
            }
        }
        for rule in &reason.rules {
            writeln!(
                out,
                "   - **Rule** `{}`: {} ({})",
                rule.rule,
                text(&rule.message),
                code(&rule.path, 253)
            )?;
        }
    }
    writeln!(out)?;
    if !answer.cannot_tell.is_empty() {
        writeln!(out, "### What is not known\n")?;
        for line in &answer.cannot_tell {
            writeln!(out, "- {}", text(line))?;
        }
        writeln!(out)?;
    }
    if let Some(next) = &answer.next_run {
        let left = next.utc.as_second().saturating_sub(answer.now.as_second());
        let but = next.but.as_deref().map(|but| format!("; but {but}")).unwrap_or_default();
        writeln!(out, "Next run: {} (in {}){}\n", time(next.utc), about(left), text(&but))?;
    }
    if !answer.runs.is_empty() {
        writeln!(out, "| Run | Pods |\n| --- | --- |")?;
        for run in &answer.runs {
            let pods: Vec<String> =
                run.tries.iter().map(|one| format!("{} {}", code(&one.pod, 253), text(&one.words))).collect();
            writeln!(
                out,
                "| {} | {} |",
                text(&format!("{}: {}", run_facts(run), run.words)),
                pods.join(", ")
            )?;
        }
    }
    Ok(())
}
