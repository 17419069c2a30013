//! `jobguard rules`

use std::fmt::Write as _;

use anyhow::{Result, bail};
use serde::Serialize;

use super::ExitStatus;
use super::args::{RulesArgs, RulesFormat};
use super::output::Terminal;
use super::policy_source::Origin;
use crate::docs::rule_page;
use crate::engine::{Registry, Rule};
use crate::rules::{registry, registry_of};

pub(crate) fn run(args: RulesArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let registry = known(&args)?;
    let rules = match &args.id {
        Some(id) => match registry.get(id) {
            Some(rule) => vec![rule],
            None => match registry.similar(id) {
                Some(near) => bail!("there is no rule {id:?}; did you mean {near}?"),
                None => bail!("there is no rule {id:?}; `jobguard rules` lists them all"),
            },
        },
        None => registry.rules().to_vec(),
    };
    let text = match (args.format, args.id.is_some()) {
        (RulesFormat::Json, _) => {
            let documents: Vec<_> = rules.iter().map(|rule| Document::of(rule)).collect();
            format!("{}\n", serde_json::to_string_pretty(&documents)?)
        }
        (RulesFormat::Markdown, true) => rules.iter().map(|rule| rule_page::page(rule)).collect(),
        (RulesFormat::Markdown, false) => rule_page::index(),
        (RulesFormat::Text, true) => rules.iter().map(|rule| explain(rule)).collect(),
        (RulesFormat::Text, false) => list(&rules),
    };
    terminal.print(&text)?;
    Ok(ExitStatus::Success)
}

/// The rules that there are: with those of its own that the policy has which is named; where one is asked for that is not built
/// in, those of the policy that holds here.
fn known(args: &RulesArgs) -> Result<&'static Registry> {
    let named = args.policy.as_deref();
    let is_built_in = args.id.as_ref().is_none_or(|id| registry().get(id).is_some());
    if named.is_none() && is_built_in {
        return Ok(registry());
    }
    Ok(registry_of(&Origin::of(named)?.load()?))
}

fn list(rules: &[&Rule]) -> String {
    let width = rules.iter().map(|rule| rule.id().len()).max().unwrap_or_default();
    let mut text = format!("{:width$}  baseline  recommended  strict  finds\n", "rule");
    for rule in rules {
        let levels = rule.spec.levels;
        let _ = writeln!(
            text,
            "{:width$}  {:8}  {:11}  {:6}  {}",
            rule.id(),
            levels.baseline.as_str(),
            levels.recommended.as_str(),
            levels.strict.as_str(),
            rule.spec.summary
        );
    }
    text.push_str("\n`jobguard rules ID` explains a rule. What api/* rules find, the API server refuses.\n");
    text
}

fn explain(rule: &Rule) -> String {
    let levels = rule.spec.levels;
    let mut text = format!("{}: {}\n", rule.id(), rule.spec.summary);
    if rule.spec.is_settable() {
        let _ = writeln!(
            text,
            "baseline: {}, recommended: {}, strict: {}",
            levels.baseline, levels.recommended, levels.strict
        );
    } else {
        let _ =
            writeln!(text, "{}: no policy changes it, and it cannot be suppressed.", rule_page::origin(rule));
    }
    let parts = [("What it finds", rule.docs.what), ("Why it matters", rule.docs.why)];
    for (title, paragraphs) in parts.into_iter().filter(|(_, paragraphs)| !paragraphs.is_empty()) {
        let _ = write!(text, "\n{title}\n{}", wrap(paragraphs));
    }
    if !rule.spec.options.is_empty() {
        text.push_str("\nOptions\n");
        for option in rule.spec.options {
            let _ = writeln!(text, "  {} ({}): {}", option.name, rule_page::describe(option), option.summary);
        }
    }
    for example in rule.docs.examples {
        let word = if example.bad { "Bad" } else { "Good" };
        let _ = writeln!(text, "\n{word}: {}\n", example.title);
        for line in example.manifest.lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
    if !rule.docs.sources.is_empty() {
        text.push_str("\nSources\n");
        for source in rule.docs.sources {
            let _ = writeln!(text, "  {source}");
        }
    }
    text
}

/// Paragraphs at most 88 characters wide, indented by two.
fn wrap(paragraphs: &str) -> String {
    let mut text = String::new();
    for (position, paragraph) in paragraphs.split("\n\n").enumerate() {
        if position > 0 {
            text.push('\n');
        }
        let mut line = String::from(" ");
        for word in paragraph.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > 90 {
                let _ = writeln!(text, "{line}");
                line = String::from(" ");
            }
            line.push(' ');
            line.push_str(word);
        }
        let _ = writeln!(text, "{line}");
    }
    text
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    id: &'static str,
    summary: &'static str,
    levels: Levels,
    what: &'static str,
    why: &'static str,
    options: Vec<OptionDocument>,
    examples: Vec<ExampleDocument>,
    sources: &'static [&'static str],
}

#[derive(Serialize)]
struct Levels {
    baseline: &'static str,
    recommended: &'static str,
    strict: &'static str,
}

#[derive(Serialize)]
struct OptionDocument {
    name: &'static str,
    summary: &'static str,
    kind: String,
}

#[derive(Serialize)]
struct ExampleDocument {
    title: &'static str,
    bad: bool,
    manifest: &'static str,
}

impl Document {
    fn of(rule: &Rule) -> Self {
        let levels = rule.spec.levels;
        Self {
            id: rule.id(),
            summary: rule.spec.summary,
            levels: Levels {
                baseline: levels.baseline.as_str(),
                recommended: levels.recommended.as_str(),
                strict: levels.strict.as_str(),
            },
            what: rule.docs.what,
            why: rule.docs.why,
            options: rule
                .spec
                .options
                .iter()
                .map(|option| OptionDocument {
                    name: option.name,
                    summary: option.summary,
                    kind: rule_page::describe(option),
                })
                .collect(),
            examples: rule
                .docs
                .examples
                .iter()
                .map(|example| ExampleDocument {
                    title: example.title,
                    bad: example.bad,
                    manifest: example.manifest,
                })
                .collect(),
            sources: rule.docs.sources,
        }
    }
}
