//! `jobguard rules`

use std::fmt::Write as _;

use anyhow::{Result, bail};
use serde::Serialize;

use super::ExitStatus;
use super::args::{RulesArgs, RulesFormat};
use super::output::Terminal;
use super::own_rule::{self, OwnRuleDocument};
use super::policy_source::Origin;
use crate::docs::rule_page;
use crate::engine::{Registry, Rule};
use crate::policy::{Level, OwnRule, Policy};
use crate::rules::{registry, registry_of};
use jobguard_text::{plain, plain_lines};

pub(crate) fn run(args: RulesArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let (registry, policy) = known(&args)?;
    let policy = policy.as_ref();
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
            let documents: Vec<_> = rules.iter().map(|rule| Document::of(rule, policy)).collect();
            format!("{}\n", serde_json::to_string_pretty(&documents)?)
        }
        (RulesFormat::Markdown, true) => rules.iter().map(|rule| markdown(rule, policy)).collect(),
        (RulesFormat::Markdown, false) => rule_page::index() + &own_index(&rules, policy),
        (RulesFormat::Text, true) => rules.iter().map(|rule| explain(rule, policy)).collect(),
        (RulesFormat::Text, false) => list(&rules, policy),
    };
    terminal.print(&text)?;
    Ok(ExitStatus::Success)
}

/// The rules that there are: with those of its own that the policy has which is named; where one is asked for that is not built
/// in, those of the policy that holds here.
fn known(args: &RulesArgs) -> Result<(&'static Registry, Option<Policy>)> {
    let named = args.policy.as_deref();
    let is_built_in = args.id.as_ref().is_none_or(|id| registry().get(id).is_some());
    if named.is_none() && is_built_in {
        return Ok((registry(), None));
    }
    let policy = Origin::of(named)?.load()?;
    Ok((registry_of(&policy), Some(policy)))
}

/// A rule of the policy's own, and the level that the policy gives it without overrides.
fn own<'p>(rule: &Rule, policy: Option<&'p Policy>) -> Option<(&'p OwnRule, Level)> {
    let policy = policy.filter(|_| rule.is_own())?;
    let position = registry_of(policy).position(rule.id())?;
    Some((policy.own().declared_by(&rule.spec)?, policy.base().rules.get(position)?.level))
}

fn list(rules: &[&Rule], policy: Option<&Policy>) -> String {
    let width = rules.iter().map(|rule| rule.id().len()).max().unwrap_or_default();
    let mut text = format!("{:width$}  baseline  recommended  strict  finds\n", "rule");
    for rule in rules.iter().filter(|rule| !rule.is_own()) {
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
    let own: Vec<_> = rules.iter().filter_map(|rule| Some((rule, own(rule, policy)?))).collect();
    if let (Some(policy), false) = (policy, own.is_empty()) {
        let _ = writeln!(text, "\n{:width$}  level  finds", format!("rules of policy {}", policy.name));
        for (rule, (own, level)) in own {
            let _ = writeln!(text, "{:width$}  {:5}  {}", rule.id(), level.as_str(), rule.spec.summary);
            let (place, expression) = (own_rule::place(own), own_rule::one_line(&own.expression));
            let _ = writeln!(text, "{:width$}         {}: {}", "", plain(&place), plain(&expression));
        }
    }
    text.push_str("\n`jobguard rules ID` explains a rule. What api/* rules find, the API server refuses.\n");
    text
}

/// The page of a rule; for an own rule with its expression and place.
fn markdown(rule: &Rule, policy: Option<&Policy>) -> String {
    let mut text = rule_page::page(rule);
    if let Some((own, level)) = own(rule, policy) {
        let (place, expression) = (plain(&own_rule::place(own)), plain_lines(own.expression.trim_end()));
        let fence = rule_page::fence(&expression);
        let _ =
            write!(text, "\n## Expression\n\n`{level}`, `{place}`:\n\n{fence}cel\n{expression}\n{fence}\n");
    }
    text
}

/// The table of the policy's own rules, after that of the built-in ones.
fn own_index(rules: &[&Rule], policy: Option<&Policy>) -> String {
    let own: Vec<_> = rules.iter().filter_map(|rule| Some((rule, own(rule, policy)?))).collect();
    let (Some(policy), false) = (policy, own.is_empty()) else { return String::new() };
    let mut text = format!("\n## Rules of policy {}\n\n| rule | finds | level | defined in |\n", policy.name);
    text.push_str("| --- | --- | --- | --- |\n");
    for (rule, (own, level)) in own {
        let summary = rule_page::cell(rule.spec.summary);
        let place = rule_page::cell(&plain(&own_rule::place(own)));
        let _ = writeln!(text, "| {} | {summary} | {level} | {place} |", rule.id());
    }
    text
}

fn explain(rule: &Rule, policy: Option<&Policy>) -> String {
    let levels = rule.spec.levels;
    let mut text = format!("{}: {}\n", rule.id(), rule.spec.summary);
    if let Some((own, level)) = own(rule, policy) {
        let _ = writeln!(text, "{level}, a rule of the policy's own: {}", plain(&own_rule::place(own)));
        let shown = [
            ("Expression", Some(own.expression.trim_end())),
            ("Message expression", own.message_expression.as_deref()),
        ];
        for (title, expression) in shown.into_iter().filter_map(|(title, text)| Some((title, text?))) {
            let _ = writeln!(text, "\n{title}");
            for line in plain_lines(expression).lines() {
                let _ = writeln!(text, "  {line}");
            }
        }
        let conditions = own.matching.as_ref().map(ToString::to_string);
        let more = [
            ("For", conditions.as_deref()),
            ("Points at", own.path.as_deref()),
            ("On errors", Some(own.on_error.as_str())),
        ];
        text.push('\n');
        for (title, value) in more.into_iter().filter_map(|(title, value)| Some((title, value?))) {
            let _ = writeln!(text, "{title}: {}", plain(value));
        }
    } else if rule.spec.is_settable() {
        let _ = writeln!(
            text,
            "baseline: {}, recommended: {}, strict: {}",
            levels.baseline, levels.recommended, levels.strict
        );
    } else {
        let _ =
            writeln!(text, "{}: no policy changes it, and it cannot be suppressed.", rule_page::origin(rule));
    }
    let what = if rule.is_own() { "What to do" } else { "What it finds" };
    let about = if rule_page::has_more(rule) { rule.docs.what } else { "" };
    let parts = [(what, about), ("Why it matters", rule.docs.why)];
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
struct Document<'a> {
    id: &'static str,
    summary: &'static str,
    /// Of a rule that is built in: its level in each built-in policy.
    levels: Option<Levels>,
    /// Of a rule of the policy's own: its level there, without overrides.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_rule: Option<OwnRuleDocument<'a>>,
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

impl<'a> Document<'a> {
    fn of(rule: &Rule, policy: Option<&'a Policy>) -> Self {
        let levels = rule.spec.levels;
        let own = own(rule, policy);
        Self {
            id: rule.id(),
            summary: rule.spec.summary,
            levels: own.is_none().then(|| Levels {
                baseline: levels.baseline.as_str(),
                recommended: levels.recommended.as_str(),
                strict: levels.strict.as_str(),
            }),
            level: own.map(|(_, level)| level.as_str()),
            custom_rule: own.map(|(rule, _)| OwnRuleDocument::of(rule)),
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
