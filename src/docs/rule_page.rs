//! What a rule's declaration says, as Markdown: the pages below `docs/rules`, and the help that SARIF has.

use std::fmt::Write as _;

use crate::engine::{Check, Rule};
use crate::policy::{OptionKind, OptionSpec};
use crate::rules::registry;

/// A rule's page.
pub fn page(rule: &Rule) -> String {
    let mut text = format!("# {}\n\n{}\n\n", rule.id(), sentence(rule.spec.summary));
    if rule.is_own() {
        let _ = writeln!(text, "A rule of the policy's own, by default `{}`.", rule.spec.levels.recommended);
    } else if rule.spec.is_settable() {
        let levels = rule.spec.levels;
        text.push_str("| baseline | recommended | strict |\n| --- | --- | --- |\n");
        let _ = writeln!(text, "| {} | {} | {} |", levels.baseline, levels.recommended, levels.strict);
    } else {
        let _ = writeln!(text, "{}: it applies in every policy and cannot be suppressed.", origin(rule));
    }
    let help = help(rule);
    // Without `help`, that of an own rule may begin with its sources.
    let help = help.trim_start_matches('\n');
    if !help.is_empty() {
        let _ = write!(text, "\n{help}");
    }
    if rule.spec.is_settable() && rule.spec.category() != "suppression" {
        let id = rule.id();
        let _ = write!(text, "\n## Switching it off\n\nIn a policy: `rules: {{{id}: off}}`.");
        text.push_str(&match rule.check {
            // What is found there is no object that could have an annotation.
            Check::Text => "\n".to_owned(),
            _ => format!(
                " For one object: the annotation `jobguard.dev/ignore: {id}`, if the policy allows it.\n"
            ),
        });
    }
    text
}

/// Whose verdict that of a rule is which no policy can set.
pub fn origin(rule: &Rule) -> &'static str {
    match rule.spec.category() {
        // The server would store it.
        "manifest" => "A limit of jobguard itself (`limits.maxElements`)",
        _ => "The API server's own verdict",
    }
}

/// What a rule finds, why that matters, its options and examples.
pub fn help(rule: &Rule) -> String {
    let docs = &rule.docs;
    let title = if rule.is_own() { "What to do" } else { "What it finds" };
    let mut text = match has_more(rule) {
        true => format!("## {title}\n\n{}\n", docs.what),
        false => String::new(),
    };
    // A rule of a policy's own does not say.
    if !docs.why.is_empty() {
        let _ = write!(text, "\n## Why it matters\n\n{}\n", docs.why);
    }
    if !rule.spec.options.is_empty() {
        text.push_str("\n## Options\n\n| option | value | what it does |\n| --- | --- | --- |\n");
        for option in rule.spec.options {
            let (kind, summary) = (cell(&describe(option)), cell(option.summary));
            let _ = writeln!(text, "| `{}` | {kind} | {summary} |", option.name);
        }
    }
    for (title, bad) in [("Bad", true), ("Good", false)] {
        for example in docs.examples.iter().filter(|example| example.bad == bad) {
            let manifest = example.manifest.trim_end();
            let fence = fence(manifest);
            let _ = write!(text, "\n## {title}: {}\n\n{fence}yaml\n{manifest}\n{fence}\n", example.title);
        }
    }
    if !docs.sources.is_empty() {
        text.push_str("\n## Sources\n\n");
        for source in docs.sources {
            let _ = writeln!(text, "- <{source}>");
        }
    }
    text
}

/// Whether a rule has more text than its summary: `help` of own rules is optional.
pub(crate) fn has_more(rule: &Rule) -> bool {
    !rule.is_own() || rule.docs.what != rule.spec.summary
}

/// The table of all rules, a section a category.
pub fn index() -> String {
    let mut text = String::from(
        "# Rules\n\nGenerated from the declarations in `src/rules`; `jobguard rules` shows the same. Levels are \
         those of the \
         built-in policies: `deny` refuses the object and is an error in the linter, `warn` warns, `info` \
         informs.\n",
    );
    let mut category = "";
    for rule in registry().rules() {
        let (id, levels) = (rule.id(), rule.spec.levels);
        if rule.spec.category() != category {
            category = rule.spec.category();
            let _ = write!(text, "\n## {category}\n\n{}", about_category(category));
            text.push_str("| rule | finds | baseline | recommended | strict |\n");
            text.push_str("| --- | --- | --- | --- | --- |\n");
        }
        let summary = cell(rule.spec.summary);
        let [baseline, recommended, strict] = [levels.baseline, levels.recommended, levels.strict];
        let _ = writeln!(text, "| [{id}]({id}.md) | {summary} | {baseline} | {recommended} | {strict} |");
    }
    text
}

/// What sets a category apart from the others.
fn about_category(category: &str) -> &'static str {
    match category {
        "api" => {
            "What the API server itself refuses or warns about. No policy sets these and no annotation silences them. \
             `api/field-dropped` is only a warning if no Kubernetes version is named.\n\n"
        }
        "deploy" => {
            "How Helm, Argo CD, Flux and other deployment tools treat an object, by its annotations and labels.\n\n"
        }
        "suppression" => "About the annotation `jobguard.dev/ignore` itself.\n\n",
        _ => "",
    }
}

/// Type, bounds and default of an option, in words.
pub(crate) fn describe(option: &OptionSpec) -> String {
    match option.kind {
        OptionKind::Int { default, min, max } => {
            format!("whole number from {min} to {max}, by default {default}")
        }
        OptionKind::Bool { default } => format!("true or false, by default {default}"),
        OptionKind::Seconds { default, .. } => format!("duration such as 90s or 5m, by default {default}s"),
        OptionKind::Strings { default: [] } => "list of strings, by default empty".to_owned(),
        OptionKind::Strings { default } => format!("list of strings, by default {default:?}"),
    }
}

/// `summary` as a sentence.
pub fn sentence(summary: &str) -> String {
    let mut chars = summary.chars();
    // A summary that starts with a field's name keeps its spelling.
    let first_word = summary.split(' ').next().unwrap_or_default();
    let field = first_word.chars().skip(1).any(|c| c.is_uppercase() || c == '.');
    match chars.next() {
        Some(first) if !field => format!("{}{}.", first.to_uppercase(), chars.as_str()),
        _ => format!("{summary}."),
    }
}

/// Text in a cell of a table.
pub(crate) fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A fence that nothing in `text` ends.
pub(crate) fn fence(text: &str) -> &'static str {
    if text.contains("```") { "~~~~" } else { "```" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences() {
        assert_eq!(sentence("the schedule names a date"), "The schedule names a date.");
        assert_eq!(sentence("restartPolicy is missing"), "restartPolicy is missing.");
    }
}
